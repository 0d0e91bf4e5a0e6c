"""No mouse: from the welcome page to an exported trace, and every control has a name that can be read out."""

from __future__ import annotations

import csv

import pytest
from desk import CONTROL, NONE, SHIFT, wait
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)

from lstmviz.app.dialogs.export import ExportDialog
from lstmviz.app.dialogs.new_run import NewRunDialog
from lstmviz.app.dialogs.record import RecordDialog
from lstmviz.app.views.welcome import Card
from lstmviz.session.commands import COMMANDS
from lstmviz.session.run_view import FACES

CONTROLS = (
    QAbstractButton, QComboBox, QLineEdit, QAbstractSlider, QAbstractItemView, QAbstractSpinBox, QTextEdit,
)  # fmt: skip


def nameless(window: QWidget) -> list[str]:
    """The controls of a window that a screen reader could not name."""
    found = []
    for control in window.findChildren(QWidget):
        inside = isinstance(control.parent(), QComboBox | QLineEdit | QAbstractSpinBox) or isinstance(
            control.parent().parent(), QComboBox
        )
        if (
            isinstance(control, CONTROLS)
            and not isinstance(control, QScrollBar | QHeaderView)
            and not inside
            and not control.objectName().startswith("qt_")
            and not QAccessible.queryAccessibleInterface(control).text(QAccessible.Text.Name)
        ):
            found.append(f"{type(control).__name__} “{control.objectName()}” in {type(control.parent()).__name__}")
    return found


def test_from_the_welcome_page_to_an_exported_trace_without_a_mouse(desk, tmp_path):
    desk.press(Qt.Key.Key_W, CONTROL)
    welcome = desk.window.views["welcome"]
    assert welcome.isVisible()
    card = next(card for card in welcome.cards if card.sample.id == "sunspots")
    desk.tab_to(card)
    desk.press(Qt.Key.Key_Return)
    desk.settled()
    assert "Sunspots" in desk.window.windowTitle()
    unit = desk.session.place.unit + 1
    desk.press(Qt.Key.Key_Right, times=3)
    desk.press(Qt.Key.Key_Down, CONTROL)
    assert (desk.session.place.t, desk.session.place.unit) == (3, unit)

    desk.press(Qt.Key.Key_E, CONTROL)
    dialog = desk.dialog(ExportDialog)
    assert dialog._path.hasFocus()
    desk.type(str(tmp_path / "spots.csv"))
    desk.tab_to(dialog._units)
    desk.type(str(unit))
    desk.tab_to(dialog._steps)
    desk.type("3")
    wait(dialog._ok.isEnabled, "the preview")
    desk.press(Qt.Key.Key_Return)
    desk.settled()
    with (tmp_path / "spots.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["t"] for row in rows} == {"3"}
    assert {row["signal"] for row in rows} == set(desk.session.signals) & set(desk.session.trace.names(0))
    wanted = desk.session.trace.lanes[0, "forward"].signals["c"][3, unit]
    assert float(next(row["value"] for row in rows if row["signal"] == "c")) == pytest.approx(wanted, abs=1e-6)


def test_a_net_is_trained_held_and_stopped_without_a_mouse(desk):
    desk.press(Qt.Key.Key_N, CONTROL)
    form = desk.dialog(NewRunDialog)
    assert form.data.list.hasFocus(), "the first question is on what"
    for name, value in (("hidden", "4"), ("examples", "40"), ("epochs", "1000"), ("batch", "4")):
        desk.tab_to(form.fields[name].control)
        desk.type(value)
    desk.press(Qt.Key.Key_Return)
    desk.until("training")
    assert (desk.run.config.hidden, desk.run.config.epochs) == (4, 1000)
    assert desk.window.views["training"].isVisible()
    assert nameless(desk.window) == []
    wait(lambda: desk.session.trace.name == desk.run.title, "the probe")
    t = desk.session.place.t
    desk.press(Qt.Key.Key_Right)
    assert desk.session.place.t == t + 1, "the arrows step through the probe while it trains"
    desk.press(Qt.Key.Key_Space, CONTROL)
    desk.until("paused")
    rate = desk.window.views["training"].adjustments.rate
    desk.tab_to(rate)
    desk.type("0.003")
    desk.press(Qt.Key.Key_Return)
    wait(lambda: desk.run.learning_rate == 0.003, "the new rate")
    before = desk.run.update
    desk.press(Qt.Key.Key_F7)
    wait(lambda: desk.run.state == "paused" and desk.run.update == before + 1, "a mini-batch")
    for number, face in enumerate(FACES, 1):
        desk.press(Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.AltModifier)
        assert desk.session.face == face
        assert nameless(desk.window) == []
    desk.run_by_name("stop the training")
    desk.until("ended")


@pytest.mark.parametrize(
    ("words", "happened"),
    [
        ("last step", lambda s: s.place.t == s.steps - 1),
        ("light and dark", lambda s: s.theme == "dark"),
        ("inside the step", lambda s: s.inside),
        ("next unit", lambda s: s.place.unit == 1),
        ("loop", lambda s: s.loop),
        ("come nearer", lambda s: s.place.stop - s.place.start < s.steps),
        ("squashed", lambda s: "tanh_c" in s.signals),
        ("focus only", lambda s: s.focus),
        ("close the trace", lambda s: s.trace is None),
    ],
)
def test_the_palette_finds_and_runs_commands(desk, words, happened):
    assert not happened(desk.session)
    desk.run_by_name(words)
    assert happened(desk.session)
    if desk.session.focus:
        desk.press(Qt.Key.Key_F11)


def test_the_palette_closes_by_escape_and_does_nothing(desk):
    before = desk.program.dispatcher.snapshot
    desk.press(Qt.Key.Key_K, CONTROL)
    palette = desk.dialog(type(desk.program.commands._palette))
    desk.type("close the trace")
    desk.press(Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert desk.program.dispatcher.snapshot == before


def test_a_step_and_a_unit_are_gone_to_by_number(desk):
    for key, number, read in (
        (Qt.Key.Key_G, "123", lambda: desk.session.place.t),
        (Qt.Key.Key_U, "7", lambda: desk.session.place.unit),
    ):
        desk.press(key, CONTROL)
        dialog = desk.dialog(QInputDialog)
        assert nameless(dialog) == []
        desk.press(Qt.Key.Key_A, CONTROL)
        desk.type(number)
        desk.press(Qt.Key.Key_Return)
        assert read() == int(number)


def test_a_sample_is_found_in_the_library_by_a_few_letters(desk):
    desk.press(Qt.Key.Key_F, CONTROL)
    assert desk.window.views["library"].search.hasFocus()
    desk.type("sunsp")
    desk.press(Qt.Key.Key_Return)
    desk.settled()
    assert "Sunspots" in desk.session.trace.name
    desk.press(Qt.Key.Key_Right)
    assert desk.session.place.t == 1, "after opening, the arrows step"
    desk.window.views["library"].search.clear()


def test_a_menu_is_walked_by_keys(desk):
    desk.press(Qt.Key.Key_S, Qt.KeyboardModifier.AltModifier)
    wait(QApplication.activePopupWidget, "the menu")
    titles = [action.text() for action in QApplication.activePopupWidget().actions()]
    assert "Step forward" in titles
    place = [action.text() for action in QApplication.activePopupWidget().actions() if not action.isSeparator()].index(
        "Step forward"
    )
    desk.press(Qt.Key.Key_Down, times=place)
    desk.press(Qt.Key.Key_Return)
    wait(lambda: QApplication.activePopupWidget() is None, "the menu to close")
    assert desk.session.place.t == 1


DIALOGS = (
    ("open", Qt.Key.Key_O, CONTROL),
    ("save", Qt.Key.Key_S, CONTROL),
    ("export", Qt.Key.Key_E, CONTROL),
    ("animation", Qt.Key.Key_E, CONTROL | SHIFT),
    ("settings", Qt.Key.Key_Comma, CONTROL),
    ("palette", Qt.Key.Key_K, CONTROL),
    ("shortcuts", Qt.Key.Key_Slash, CONTROL),
    ("guide", Qt.Key.Key_F1, NONE),
    ("record", Qt.Key.Key_R, CONTROL),
    ("train", Qt.Key.Key_N, CONTROL),
)


@pytest.mark.parametrize(("name", "key", "modifier"), DIALOGS)
def test_every_dialog_opens_by_a_key_names_its_controls_holds_the_focus_and_closes_by_escape(desk, name, key, modifier):
    desk.press(key, modifier)
    desk.settled()
    dialog = desk.dialog(QDialog)
    assert dialog.windowTitle()
    if not isinstance(dialog, QFileDialog):  # Qt's own
        assert nameless(dialog) == []
    assert dialog.isAncestorOf(QApplication.focusWidget()), "the keys go to the dialog"
    if isinstance(dialog, RecordDialog):
        assert dialog.models.count() > 3
    desk.press(Qt.Key.Key_Escape)
    wait(lambda: not desk._dialogs(QDialog), "the dialog to close")
    desk.press(Qt.Key.Key_Right)
    assert desk.session.place.t == 1, "afterwards the window has the keys again"


def test_every_control_of_the_window_has_a_name(desk):
    assert nameless(desk.window) == []
    desk.press(Qt.Key.Key_W, CONTROL)
    assert nameless(desk.window) == []
    assert all(card.accessibleName() for card in desk.window.findChildren(Card))


def test_every_command_that_needs_no_arguments_is_in_the_palette_and_has_a_place_in_a_menu(desk):
    desk.press(Qt.Key.Key_K, CONTROL)
    palette = desk.dialog(type(desk.program.commands._palette))
    offered = {palette.list.topLevelItem(n).data(0, 0x0100) for n in range(palette.list.topLevelItemCount())}
    desk.press(Qt.Key.Key_Escape)
    assert offered == {command.id for command in COMMANDS.values() if not command.parameters}
    assert offered == set(desk.window.menus.actions)


def test_tab_goes_all_the_way_round(desk):
    seen: list[QWidget] = []
    for _ in range(120):
        desk.press(Qt.Key.Key_Tab)
        widget = QApplication.focusWidget()
        if seen and widget is seen[0]:
            break
        seen.append(widget)
    assert QApplication.focusWidget() is seen[0], "Tab is caught somewhere"
    names = {type(widget).__module__ for widget in seen}
    assert {"lstmviz.app.time_canvas", "lstmviz.app.views.cell", "lstmviz.app.signal_chips"} <= names
