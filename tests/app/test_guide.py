"""The guide: the same pages in every language, links that lead somewhere, true keys, and colours of the palette."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lstmviz import language, paths
from lstmviz.app import theme
from lstmviz.app.dialogs.guide import PAGES, GuideDialog
from lstmviz.cells.explain import explain
from lstmviz.cells.initial import new_lstm
from lstmviz.cells.lstm import lstm_step
from lstmviz.session.commands import COMMANDS

LINK = re.compile(r"\]\(([^)]+)\)")
ROW_OF_KEYS = re.compile(r"^\| ((?:`[^`]+` ?)+) \|", re.MULTILINE)
NAMES = {"→": "Right", "←": "Left", "↑": "Up", "↓": "Down", "Espaço": "Space"}


def text_of(page: str, spoken: str) -> str:
    return (paths.resources() / "guide" / spoken / f"{page}.md").read_text(encoding="utf-8")


@pytest.fixture
def palette(qapp: QApplication) -> Iterator[QPalette]:
    """The application's palette, given back as it was."""
    before = QPalette(qapp.palette())
    yield before
    qapp.setPalette(before)


@pytest.fixture
def guide(qtbot: QtBot) -> GuideDialog:
    dialog = GuideDialog()
    qtbot.addWidget(dialog)
    return dialog


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_each_language_has_the_same_pages(spoken: str) -> None:
    files = {file.stem for file in (paths.resources() / "guide" / spoken).glob("*.md")}
    assert files == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_of_two_languages_have_the_same_build(page: str) -> None:
    builds = [
        (
            re.findall(r"^#+ ", text, re.MULTILINE),
            len(re.findall(r"^[-\d].? ", text, re.MULTILINE)),
            len(re.findall(r"^\|", text, re.MULTILINE)),
            LINK.findall(text),
        )
        for text in (text_of(page, spoken) for spoken in language.LANGUAGES)
    ]
    assert builds[0] == builds[1]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_every_link_leads_to_a_page(page: str, spoken: str) -> None:
    links = LINK.findall(text_of(page, spoken))
    assert links
    for link in links:
        assert link.removesuffix(".md") in PAGES


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_every_page_is_drawn_with_its_title_first_and_nothing_lost(guide: GuideDialog, spoken: str) -> None:
    language.use(spoken)
    guide.retranslate()
    for row, page in enumerate(PAGES):
        guide.show_page(page)
        source = text_of(page, spoken)
        drawn = guide.text.document().toPlainText()
        title = source.partition("\n")[0].removeprefix("# ")
        assert drawn.strip().startswith(title)
        assert guide.pages.item(row).text() == title
        words = set(re.findall(r"[^\W\d_]{4,}", LINK.sub("]", source)))
        assert words <= set(re.findall(r"[^\W\d_]{4,}", drawn))


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_every_key_in_the_guide_is_the_key_of_a_command(spoken: str) -> None:
    keys = [key for row in ROW_OF_KEYS.findall(text_of("keys", spoken)) for key in re.findall(r"`([^`]+)`", row)]
    assert len(keys) > 20
    shortcuts = {command.shortcut for command in COMMANDS.values()}
    for key in keys:
        for sign, name in NAMES.items():
            key = key.replace(sign, name)
        assert key in shortcuts


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_the_pseudocode_is_that_of_the_cell(spoken: str) -> None:
    step = lstm_step(new_lstm(np.random.default_rng(0), 2, 3), np.zeros(2, np.float32))
    program = "\n".join(line.text for line in explain(step))
    assert f"```\n{program}\n```" in text_of("cell", spoken)


def test_a_link_turns_the_page(guide: GuideDialog) -> None:
    guide.text.anchorClicked.emit(QUrl("gates.md"))
    assert guide.page == "gates"
    guide.text.anchorClicked.emit(QUrl("https://example.org/"))
    assert guide.page == "gates"


def test_the_list_turns_the_page_from_the_keyboard(guide: GuideDialog, qtbot: QtBot) -> None:
    guide.show()
    guide.pages.setFocus()
    qtbot.keyClick(guide.pages, Qt.Key.Key_Down)
    assert guide.page == PAGES[1]
    qtbot.keyClick(guide.pages, Qt.Key.Key_End)
    assert guide.page == PAGES[-1]
    qtbot.keyClick(guide, Qt.Key.Key_Escape)
    assert not guide.isVisible()


def test_the_language_changes_while_the_page_stays(guide: GuideDialog) -> None:
    guide.show_page("gates")
    english = guide.text.document().toPlainText()
    language.use("pt_BR")
    guide.retranslate()
    assert guide.page == "gates"
    assert guide.text.document().toPlainText() != english
    assert guide.pages.item(2).text() == "Como ler as portas"


def test_a_closed_guide_opens_again_in_the_language_of_the_moment(guide: GuideDialog) -> None:
    guide.show()
    guide.close()
    language.use("pt_BR")
    guide.show()
    assert guide.pages.item(0).text() == "O que você vê"


def test_the_guide_does_not_hold_up_the_window_and_its_parts_have_names(guide: GuideDialog) -> None:
    assert not guide.isModal()
    assert guide.pages.accessibleName()
    assert guide.text.accessibleName()


@pytest.mark.usefixtures("palette")
def test_every_colour_of_a_page_follows_the_theme(guide: GuideDialog, qapp: QApplication) -> None:
    guide.show_page("cell")
    for scheme in (theme.DARK, theme.LIGHT):
        theme.apply(qapp, scheme)
        qapp.processEvents()
        found = set(re.findall(r"#[0-9a-f]{6}", guide.text.document().toHtml()))
        assert found
        assert found <= {
            colour.lower()
            for colour in (scheme.text, scheme.raised, scheme.line, scheme.grid, scheme.accent, scheme.base)
        }


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_no_title_is_cut_off(guide: GuideDialog, spoken: str) -> None:
    language.use(spoken)
    guide.retranslate()
    guide.show()
    for row in range(len(PAGES)):
        item = guide.pages.item(row)
        needed = guide.pages.fontMetrics().horizontalAdvance(item.text())
        assert guide.pages.visualItemRect(item).width() >= needed


def test_it_opens_at_the_top_of_its_page(qtbot: QtBot) -> None:
    guide = GuideDialog()
    qtbot.addWidget(guide)
    guide.show()
    qtbot.waitExposed(guide)
    guide.resize(700, 400)
    QApplication.processEvents()
    bar = guide.text.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == 0
