"""The window holds the views, the docks and what is kept of them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from lstmviz.app.main import Program
from lstmviz.session.settings import Settings
from lstmviz.session.snapshot import Task

CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QAbstractSlider, QAbstractItemView, QAbstractSpinBox)


def test_without_a_trace_the_welcome_page_is_shown_and_no_empty_dock(program, open_trace):
    window = program.window
    assert window.views["welcome"].isVisible()
    assert window.docks["library"].isVisible()
    assert not window.docks["unit"].isVisible()
    open_trace()
    assert not window.views["welcome"].isVisible()
    assert all(dock.isVisible() for dock in window.docks.values())
    assert window.views["cell"].isVisible()
    program.dispatcher.run("trace.close")
    assert window.views["welcome"].isVisible()


def test_the_layout_is_as_the_design_draws_it(program, open_trace):
    open_trace()
    window = program.window

    def at(name):
        view = window.views[name]
        return view.mapTo(window, QPoint(0, 0)), view.size()

    (library, _), (cell, cell_size), (timeline, _) = at("library"), at("cell"), at("timeline")
    (unit, unit_size), (step, _), (transport, _) = at("unit"), at("step"), at("transport")
    assert library.x() < cell.x() < unit.x()
    assert cell.x() == timeline.x()
    assert timeline.y() > cell.y() + cell_size.height() - 1
    assert step.y() > unit.y() + unit_size.height() - 1
    assert transport.y() > timeline.y()


def test_every_view_says_its_state_in_a_sentence_in_both_languages(program, open_trace):
    for open_first in (False, True):
        if open_first:
            open_trace(layers=2)
        for name in ("en", "pt_BR"):
            program.dispatcher.run("language.set", language=name)
            for view in program.window.views.values():
                assert len(view.sentence().split()) > 2


def test_a_screen_reader_is_given_the_sentence_of_every_view_in_sight(program, open_trace):
    QAccessible.setActive(True)
    try:
        open_trace(steps=20)
        program.dispatcher.run("dock.unit")
        program.dispatcher.run("cursor.set", t=7)
        program.dispatcher.run("dock.unit")
        for name in ("cell", "timeline", "unit", "step", "library", "transport"):
            view = program.window.views[name]
            assert view.accessibleDescription() == view.sentence() != ""
        assert "7" in program.window.views["unit"].accessibleDescription()
    finally:
        QAccessible.setActive(False)


def test_every_control_has_an_accessible_name_or_text(program, open_trace, qtbot):
    program.window.views["welcome"].present(program.dispatcher.snapshot, frozenset({"language", "theme"}))
    open_trace(layers=2)
    qtbot.wait(20)
    nameless = [
        f"{type(control).__name__} {control.objectName()} in {type(control.parent()).__name__}"
        for control in program.window.findChildren(QWidget)
        if isinstance(control, CONTROLS)
        and not control.accessibleName()
        and not (isinstance(control, QAbstractButton) and control.text())
        and not isinstance(control, QScrollBar | QHeaderView)
        and not control.objectName().startswith("qt_")
        and not isinstance(control.parent(), QComboBox | QLineEdit | QAbstractSpinBox)
        and not isinstance(control.parent().parent(), QComboBox)  # the list that drops down
    ]
    assert nameless == []


def visible_texts(window):
    texts = [action.text() for action in window.menus.actions.values()]
    texts += [button.text() for button in window.toolbar.buttons.values()]
    texts += [button.toolTip() for button in window.views["transport"].buttons.values()]
    texts += [dock.windowTitle() for dock in window.docks.values()]
    texts += [menu.title() for menu in window.menus._menus.values()]
    texts += [view.sentence() for view in window.views.values()]
    return texts


def test_switching_the_language_changes_every_text_and_back(program, open_trace):
    open_trace()
    english = visible_texts(program.window)
    program.dispatcher.run("language.pt_BR")
    portuguese = visible_texts(program.window)
    same = {one for one, other in zip(english, portuguese, strict=True) if one == other}
    allowed = {"English", "Português (Brasil)", "Loop"}
    assert same <= allowed
    program.dispatcher.run("language.en")
    assert visible_texts(program.window) == english


def test_qts_own_buttons_speak_the_language(program):
    from PySide6.QtWidgets import QDialogButtonBox

    program.dispatcher.run("language.pt_BR")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, program.window)
    assert box.buttons()[0].text() == "Cancelar"
    program.dispatcher.run("language.en")


def test_switching_the_theme_reaches_palette_and_pictures(program, open_trace):
    open_trace()
    before = program.window.grab().toImage().pixelColor(5, 5).lightness()
    program.dispatcher.run("theme.toggle")
    after = program.window.grab().toImage().pixelColor(5, 5).lightness()
    assert before > 150
    assert after < 100
    program.dispatcher.run("theme.toggle")


def test_a_closed_dock_is_told_what_it_missed_when_it_opens_again(program, open_trace):
    open_trace()
    unit = program.window.views["unit"]
    program.dispatcher.run("dock.unit")
    assert not program.window.docks["unit"].isVisible()
    missed = unit.sentence()
    program.dispatcher.run("unit.select", unit=5)
    assert unit.sentence() == missed
    program.dispatcher.run("dock.unit")
    assert unit.sentence() != missed


def test_closing_a_dock_by_its_own_button_is_seen_in_the_menu(program, open_trace):
    open_trace()
    program.window.docks["step"].close()
    assert program.dispatcher.snapshot.docks == ("library", "unit")
    assert not program.window.menus.actions["dock.step"].isChecked()


def test_focus_hides_every_dock_and_brings_back_those_that_were_open(program, open_trace):
    open_trace()
    program.dispatcher.run("dock.library")
    program.dispatcher.run("view.focus")
    assert not any(dock.isVisible() for dock in program.window.docks.values())
    program.dispatcher.run("view.focus")
    assert [name for name, dock in program.window.docks.items() if dock.isVisible()] == ["unit", "step"]


def test_docks_come_back_as_large_as_they_were(program, open_trace):
    open_trace()
    window, docks = program.window, program.window.docks
    window.resize(1600, 900)
    window.show()
    window.resizeDocks([docks["library"], docks["unit"]], [260, 420], Qt.Orientation.Horizontal)
    QApplication.processEvents()
    before = {name: dock.size() for name, dock in docks.items()}
    program.dispatcher.run("view.focus")
    QApplication.processEvents()
    program.dispatcher.run("view.focus")
    QApplication.processEvents()
    assert {name: dock.size() for name, dock in docks.items()} == before


def test_a_first_window_is_no_larger_than_its_screen(qtbot):
    window = Program(Settings()).window
    qtbot.addWidget(window)
    wanted = QSize(1400, 900).boundedTo(window.screen().availableSize()).expandedTo(window.minimumSize())
    assert window.size() == wanted


def test_reset_puts_moved_docks_back(program, open_trace):
    open_trace()
    window = program.window
    window.docks["unit"].setFloating(True)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.docks["step"])
    program.dispatcher.run("dock.library")
    program.dispatcher.run("view.reset")
    assert not window.docks["unit"].isFloating()
    assert window.dockWidgetArea(window.docks["step"]) == Qt.DockWidgetArea.RightDockWidgetArea
    assert all(dock.isVisible() for dock in window.docks.values())


def test_the_layout_is_kept_from_one_start_to_the_next(program, qtbot):
    program.dispatcher.run("dock.step")
    program.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, program.window.docks["library"])
    geometry, state = program.window.layout_text()
    again = Program(Settings(window_geometry=geometry, window_state=state))
    qtbot.addWidget(again.window)
    assert again.dispatcher.session.docks == ("library", "unit")
    assert again.window.dockWidgetArea(again.window.docks["library"]) == Qt.DockWidgetArea.RightDockWidgetArea


@pytest.mark.parametrize("text", ["", "AAAA", "not base64 at all"])
def test_a_layout_that_means_nothing_is_passed_over(qtbot, text):
    made = Program(Settings(window_geometry=text, window_state=text))
    qtbot.addWidget(made.window)
    assert made.dispatcher.session.docks == ("library", "unit", "step")


def test_a_dock_that_floats_on_a_screen_that_is_gone_is_docked_again(program, open_trace):
    open_trace()
    dock = program.window.docks["unit"]
    dock.setFloating(True)
    dock.move(90_000, 90_000)
    program.window.bring_back_docks()
    assert not dock.isFloating()


def test_a_dropped_file_is_opened(program, tmp_path):
    asked = []
    program.dispatcher.register("file.open_paths", lambda paths: asked.extend(paths))
    file = tmp_path / "a b.csv"
    file.write_text("1\n2\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)), QUrl("https://example.org/c.csv")])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(600, 400), Qt.DropAction.CopyAction, data, buttons, keys)
    program.window.dragEnterEvent(enter)
    assert enter.isAccepted()
    program.window.dropEvent(QDropEvent(QPointF(600, 400), Qt.DropAction.CopyAction, data, buttons, keys))
    assert asked == [str(file)]


def test_a_missing_file_is_one_sentence_and_changes_nothing(program, open_trace, tmp_path):
    open_trace()
    trace = program.dispatcher.snapshot.trace
    program.dispatcher.run("file.open_path", path=str(tmp_path / "gone.csv"))
    assert "gone.csv” does not exist" in program.window.notices.sentence()
    assert program.dispatcher.snapshot.trace is trace


def test_a_notice_closes_and_the_same_one_comes_again(program):
    for _ in range(2):
        program.dispatcher.session.notify("The disk is full.", "error")
        program.dispatcher.announce()
        assert program.window.notices.sentence() == "The disk is full."
        program.window.notices._close.click()
        assert program.window.notices.sentence() == ""


def test_a_long_task_shows_its_progress_and_can_be_cancelled(program, qtbot):
    program.dispatcher.session.task = Task("Recording", 3, 10, 7.0)
    program.dispatcher.announce()
    qtbot.waitUntil(program.window.tasks.isVisible)
    program.window.tasks._cancel.click()
    assert program.dispatcher.snapshot.task is None
    assert not program.window.tasks.isVisible()


def test_a_fault_of_ours_becomes_a_notice_with_the_place_of_the_log(program):
    program.fault(ZeroDivisionError("by zero"))
    assert "ZeroDivisionError: by zero" in program.window.notices.sentence()
    assert "window.log" in program.window.notices.sentence()


def test_the_badge_says_device_check_and_engine(program, open_trace):
    open_trace()
    assert program.window.badge.sentence() == "device: CPU · checked 2e-7; engine stopped"


def test_a_journey_with_the_keyboard_alone(program, open_trace, qtbot):
    open_trace(units=8, layers=2)
    window, session = program.window, program.dispatcher.session
    window.activateWindow()
    window.setFocus()

    def press(key, modifier=Qt.KeyboardModifier.NoModifier):
        qtbot.keyClick(window.focusWidget() or window, key, modifier)

    press(Qt.Key.Key_Right)
    press(Qt.Key.Key_Right)
    assert session.place.t == 2
    press(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert session.place.t == 12
    press(Qt.Key.Key_Left)
    assert session.place.t == 11
    press(Qt.Key.Key_End)
    assert session.place.t == 49
    press(Qt.Key.Key_Home)
    assert session.place.t == 0
    press(Qt.Key.Key_I)
    press(Qt.Key.Key_Right)
    assert (session.place.t, session.place.phase) == (0, 1)
    press(Qt.Key.Key_I)
    press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert session.place.unit == 1
    press(Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert session.place.layer == 1
    press(Qt.Key.Key_Space)
    assert session.playing
    qtbot.waitUntil(lambda: session.place.t >= 2)
    press(Qt.Key.Key_Space)
    assert not session.playing
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.place.layer == 0
    press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = program.commands._palette
    qtbot.keyClicks(palette.field, "close the trace")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert session.trace is None


def test_space_plays_as_soon_as_a_trace_is_opened(program, open_trace, qtbot):
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow)
    for _ in range(2):
        open_trace()
        qtbot.keyClick(program.window.focusWidget(), Qt.Key.Key_Space)
        assert program.dispatcher.snapshot.playing
        program.dispatcher.run("trace.close")


def test_tab_reaches_the_controls_of_the_transport(program, open_trace):
    open_trace()
    transport = program.window.views["transport"]
    reachable, widget = set(), program.window.toolbar.buttons["file.open"]
    for _ in range(400):
        widget = widget.nextInFocusChain()
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            reachable.add(widget)
    assert {*transport.buttons.values(), transport.slider, transport.speed} <= reachable
