"""Language and theme change while a trace is open: every word and colour, and nothing else."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable
from dataclasses import replace

import msgspec
import pytest
from desk import CONTROL, Desk, wait
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from lstmviz import paths
from lstmviz.app.dialogs.about import AboutDialog
from lstmviz.app.dialogs.export import ExportDialog
from lstmviz.app.dialogs.guide import GuideDialog
from lstmviz.app.dialogs.new_run import NewRunDialog
from lstmviz.app.dialogs.settings import SettingsDialog
from lstmviz.app.dialogs.shortcuts import ShortcutsDialog
from lstmviz.app.view import View
from lstmviz.runs.config import RunConfig
from lstmviz.session.run_view import FACES


def _rows(item: QTreeWidgetItem, columns: int) -> Iterable[str]:
    for column in range(columns):
        yield item.text(column)
    for n in range(item.childCount()):
        yield from _rows(item.child(n), columns)


def _own_texts(widget: QWidget) -> Iterable[str]:
    yield widget.accessibleName()
    yield widget.toolTip()
    if isinstance(widget, QAbstractButton | QLabel):
        yield widget.text()
    elif isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    elif isinstance(widget, QMenu):
        yield widget.title()
    elif isinstance(widget, QDockWidget | QDialog):
        yield widget.windowTitle()
    elif isinstance(widget, QComboBox):
        yield from (widget.itemText(n) for n in range(widget.count()))
    elif isinstance(widget, QListWidget):
        yield from (widget.item(n).text() for n in range(widget.count()))
    elif isinstance(widget, QTreeWidget):
        yield from _rows(widget.invisibleRootItem(), widget.columnCount())
    if isinstance(widget, View):
        yield widget.sentence()


def texts(window: QWidget) -> list[tuple[str, str]]:
    """Every text of a window's widgets, menus and actions, with the class that says it."""
    shown = [one for one in window.findChildren(QWidget) if one.isVisible() or isinstance(one, QMenu)]
    found = [(type(widget).__name__, text) for widget in (window, *shown) for text in _own_texts(widget)]
    for action in window.findChildren(QAction):
        if action.associatedObjects():  # pyqtgraph makes one a scene, which nothing shows
            found += [("QAction", text) for text in (action.text(), action.toolTip())]
    return [(kind, text) for kind, text in found if any(letter.isalpha() for letter in text)]


def english_left(window: QWidget) -> list[tuple[str, str]]:
    """Sentences of the catalogue that are shown as they stand in the code though their translation differs."""
    catalogue = gettext.translation("lstmviz", paths.resources() / "translations", languages=["pt_BR"])
    differ = {
        source
        for source, target in catalogue._catalog.items()
        if isinstance(source, str) and source and source != target
    }
    differ |= {source.replace("&", "").rstrip("…").rstrip() for source in differ if len(source) > 4}
    portuguese = {*catalogue._catalog.values(), *(path.stem for path in (paths.samples() / "nets").iterdir())}
    return [
        (kind, text)
        for kind, text in texts(window)
        for line in text.splitlines()
        if line in differ and line not in portuguese
    ]


def test_the_welcome_page_speaks_the_language_that_was_chosen_while_a_trace_was_open(desk):
    desk.program.dispatcher.run("language.set", language="pt_BR")
    desk.press(Qt.Key.Key_W, CONTROL)
    assert desk.window.views["welcome"].isVisible()
    assert english_left(desk.window) == []


def seen(desk: Desk) -> object:
    """What one has come to, theme and language left out, and the net's note, which speaks the language."""
    desk.program.dispatcher.announce()
    snapshot = desk.program.dispatcher.snapshot
    return replace(snapshot, theme="light", theme_choice="light", language="en", language_choice="en", note="")


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """A window in the middle of something: inside a step, zoomed, a unit chosen."""
    desk.press(Qt.Key.Key_Right, times=6)
    desk.press(Qt.Key.Key_Plus, CONTROL)
    desk.press(Qt.Key.Key_Down, CONTROL, times=3)
    desk.press(Qt.Key.Key_I)
    desk.press(Qt.Key.Key_Right, times=2)
    return desk


def test_every_text_becomes_portuguese_and_english_again_and_nothing_else_changes(busy):
    desk, before, english = busy, seen(busy), texts(busy.window)
    desk.run_by_name("português")
    assert english_left(desk.window) == []
    assert english_left(desk.window) == []
    portuguese = texts(desk.window)
    assert seen(desk) == before
    desk.run_by_name("english")
    assert texts(desk.window) == english
    assert seen(desk) == before
    same = {text for (_, text), (_, other) in zip(english, portuguese, strict=False) if text == other}
    assert len(same) < len(english) / 3


OPEN = {
    "export": (ExportDialog, Qt.Key.Key_E, CONTROL),
    "settings": (SettingsDialog, Qt.Key.Key_Comma, CONTROL),
    "guide": (GuideDialog, Qt.Key.Key_F1, Qt.KeyboardModifier.NoModifier),
    "shortcuts": (ShortcutsDialog, Qt.Key.Key_Slash, CONTROL),
    "train": (NewRunDialog, Qt.Key.Key_N, CONTROL),
}


@pytest.mark.parametrize("name", OPEN)
def test_every_dialog_speaks_portuguese(busy, name):
    kind, key, modifier = OPEN[name]
    busy.program.dispatcher.run("language.set", language="pt_BR")
    busy.press(key, modifier)
    dialog = busy.dialog(kind)
    assert english_left(dialog) == []
    assert dialog.windowTitle()
    busy.press(Qt.Key.Key_Escape)


def test_the_about_page_speaks_portuguese(busy):
    busy.program.dispatcher.run("language.set", language="pt_BR")
    busy.run_by_name("sobre o lstmviz")
    dialog = busy.dialog(AboutDialog)
    assert english_left(dialog) == []
    busy.press(Qt.Key.Key_Escape)


def test_the_language_chosen_in_the_settings_changes_the_dialog_that_is_open(busy):
    busy.press(Qt.Key.Key_Comma, CONTROL)
    dialog = busy.dialog(SettingsDialog)
    busy.tab_to(dialog.language)
    busy.press(Qt.Key.Key_End)
    assert busy.session.language == "pt_BR"
    assert english_left(dialog) == []
    assert english_left(busy.window) == []
    busy.press(Qt.Key.Key_Escape)


def test_a_switch_of_the_theme_changes_every_colour_and_nothing_else(busy):
    busy.press(Qt.Key.Key_T, CONTROL, times=2)  # Fusion measures a combo box anew, 4 pixels wider, at the first switch
    before, words = seen(busy), texts(busy.window)
    light = {name: view.grab().toImage() for name, view in busy.window.views.items() if view.isVisible()}
    busy.press(Qt.Key.Key_T, CONTROL)
    assert seen(busy) == before
    assert texts(busy.window) == words
    for name, image in light.items():
        dark = busy.window.views[name].grab().toImage()
        corner = (dark.width() - 3, dark.height() - 3)
        assert dark.pixelColor(*corner).lightness() < 80 < 150 < image.pixelColor(*corner).lightness(), name
    busy.press(Qt.Key.Key_T, CONTROL)
    assert {
        name: view.grab().toImage() == light[name] for name, view in busy.window.views.items() if name in light
    } == (dict.fromkeys(light, True))


@pytest.fixture
def twins(desk: Desk) -> Desk:
    """Two trainings that are held before their first update, side by side."""
    one = RunConfig(data="reber", hidden=4, examples=20, batch=4, epochs=1000)
    configs = (one, msgspec.structs.replace(one, cell="gru"))
    desk.program.dispatcher.run("run.start", configs=configs, title="Twins", paused=True)
    wait(lambda: desk.program.dispatcher.snapshot.compared is not None, "both probes")
    desk.until("paused")
    desk.settled()
    return desk


def test_every_face_and_the_twins_speak_both_languages_and_wear_both_themes(twins):
    desk, window = twins, twins.window

    def on_each(look: Callable[[str], object]) -> list[object]:
        found = []
        for number, face in enumerate(FACES, 1):
            desk.press(Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.AltModifier)
            found.append(look(face))
        return found

    def corner(face: str) -> int:
        image = window.views[face].grab().toImage()
        return image.pixelColor(image.width() - 3, image.height() - 3).lightness()

    on_each(corner)  # each is made when it is first shown
    english = on_each(lambda _face: texts(window))
    assert min(on_each(corner)) > 150
    desk.run_by_name("português")
    assert on_each(lambda _face: english_left(window)) == [[]] * len(FACES)
    desk.press(Qt.Key.Key_T, CONTROL)
    assert max(on_each(corner)) < 80
    desk.press(Qt.Key.Key_T, CONTROL)
    desk.run_by_name("english")
    assert on_each(lambda _face: texts(window)) == english


def test_the_palette_finds_commands_in_the_language_of_the_moment(busy):
    busy.program.dispatcher.run("language.set", language="pt_BR")
    busy.press(Qt.Key.Key_K, CONTROL)
    palette = busy.dialog(type(busy.program.commands._palette))
    assert english_left(palette) == []
    busy.press(Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert QApplication.activeModalWidget() is None


def test_the_smallest_window_holds_everything_in_the_longer_language(busy):
    busy.program.dispatcher.run("language.set", language="pt_BR")
    window, before = busy.window, busy.window.size()
    window.resize(window.minimumSize())
    QTest.qWait(20)
    hint = window.minimumSizeHint()
    assert hint.width() <= window.width()
    assert hint.height() <= window.height()
    for view in window.views.values():
        if view.isVisible():
            assert window.rect().contains(QRect(view.mapTo(window, QPoint(0, 0)), view.size()))
    window.resize(before)
