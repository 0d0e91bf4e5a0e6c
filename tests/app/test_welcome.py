"""The welcome page shows the samples as cards that open them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from lstmviz import language
from lstmviz.app.views.welcome import WelcomeView
from lstmviz.sequences.samples import samples
from lstmviz.session.snapshot import Snapshot, changes


@pytest.fixture
def welcome(qtbot):
    view = WelcomeView(samples())
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    view.present(Snapshot(), changes(None, Snapshot()))
    return view


def test_there_is_a_card_for_each_sample_with_title_kind_and_note(welcome):
    assert [card.accessibleName() for card in welcome.cards] == [sample.title for sample in samples()]
    for card, sample in zip(welcome.cards, samples(), strict=True):
        texts = [label.text() for label in card.findChildren(QLabel)]
        assert sample.title in texts
        assert sample.note in texts


def test_click_enter_and_space_open_the_sample(welcome, qtbot):
    card = welcome.cards[2]
    for act in (
        lambda: qtbot.mouseClick(card, Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(card, Qt.Key.Key_Return),
        lambda: qtbot.keyClick(card, Qt.Key.Key_Space),
    ):
        with qtbot.waitSignal(welcome.asked) as asked:
            act()
        assert asked.args == ["sample.open", {"id": samples()[2].id}]


def test_no_text_is_clipped_at_any_width_in_both_languages(welcome, qtbot):
    for name in ("en", "pt_BR"):
        language.use(name)
        welcome.present(Snapshot(language=name), frozenset({"language"}))
        for width in (500, 760, 1100, 1600):
            welcome.resize(width, 700)
            qtbot.waitUntil(lambda: not clipped(welcome))  # layouts within layouts settle when they can


def clipped(welcome):
    """The texts that have less room than they need."""
    labels = [label for card in welcome.cards for label in card.findChildren(QLabel)]
    return [label.text() for label in labels if label.height() < _needed(label)]


def _needed(label):
    return label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()


def test_buttons_ask_for_a_file_and_the_guide(welcome, qtbot):
    for button, command in ((welcome.open_button, "file.open"), (welcome.guide_button, "guide.open")):
        with qtbot.waitSignal(welcome.asked) as asked:
            button.click()
        assert asked.args == [command, {}]
    assert str(len(samples())) in welcome.sentence()
