"""Every command is in its menu, and choosing it does something that is not a failure."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QDialog, QMenu

from lstmviz.session.commands import COMMANDS, MENUS, TOOLBAR


class Shown(QObject):
    """Takes files that would be shown by another program."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    @Slot(QUrl)
    def show(self, url: QUrl) -> None:
        self.names.append(url.fileName())


IN_MENUS = [command for command in COMMANDS.values() if command.menu]


def test_the_menus_hold_exactly_the_commands_of_the_table(program):
    assert set(program.window.menus.actions) == {command.id for command in IN_MENUS}
    bar = [action.text() for action in program.window.menuBar().actions()]
    assert bar == list(MENUS)


def test_every_command_of_the_window_has_a_handler(program):
    own = {c.id for c in COMMANDS.values() if c.where == "window" and not c.does}
    assert own == program.dispatcher.registered


def test_mnemonics_are_unique_among_the_menus_in_both_languages(program):
    for name in ("en", "pt_BR"):
        program.dispatcher.run("language.set", language=name)
        titles = [action.text() for action in program.window.menuBar().actions()]
        letters = [title[title.index("&") + 1].casefold() for title in titles]
        assert len(set(letters)) == len(letters), titles


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
def test_each_menu_action_runs_with_a_trace_open(program, open_trace, qtbot):
    """All in one window, as a person would: no fault, no error, and the window is still there."""
    shown = Shown()
    QDesktopServices.setUrlHandler("file", shown, "show")
    for seed in (0, 1):
        open_trace(layers=2, seed=seed)
    program.dispatcher.session.engine = "ready"
    for command in IN_MENUS:
        if command.id in ("app.quit", "engine.restart", "record.open"):
            continue  # these need the engine; the journeys have it
        program.dispatcher.session.set_range(10, 30)
        program.dispatcher.announce()
        action = program.window.menus.actions[command.id]
        if action.isEnabled():
            action.trigger()
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog | QMenu) and widget.isVisible():
                widget.close()
        notice = program.dispatcher.snapshot.notice
        assert notice is None or notice.level != "error", (command.id, notice)
        if len(program.dispatcher.snapshot.open_traces) < 2:
            program.dispatcher.run("history.undo")
    QDesktopServices.unsetUrlHandler("file")
    assert len(program.dispatcher.snapshot.open_traces) == 2
    assert shown.names == ["window.log"]


def test_what_needs_a_trace_is_grey_without_one(program, open_trace):
    actions = program.window.menus.actions
    for name in ("export.open", "step.forward", "trace.close", "cursor.ask"):
        assert not actions[name].isEnabled()
    open_trace()
    for name in ("export.open", "step.forward", "trace.close", "cursor.ask"):
        assert actions[name].isEnabled()


def test_checks_follow_the_session(program, open_trace):
    open_trace()
    actions = program.window.menus.actions
    program.dispatcher.run("inside.toggle")
    program.dispatcher.run("signals.toggle", name="kept")
    assert actions["inside.toggle"].isChecked()
    assert actions["signals.kept"].isChecked()
    program.dispatcher.run("inside.toggle")
    assert not actions["inside.toggle"].isChecked()


def test_toolbar_buttons_have_icon_text_and_the_state_of_their_commands(program):
    assert tuple(program.window.toolbar.buttons) == TOOLBAR
    for command_id, button in program.window.toolbar.buttons.items():
        assert button.text()
        assert not button.icon().isNull()
        assert button.isEnabled() == COMMANDS[command_id].can_run(program.dispatcher.snapshot)


def test_every_icon_of_the_table_is_there():
    from lstmviz import paths

    for command in COMMANDS.values():
        assert not command.icon or (paths.resources() / "icons" / f"{command.icon}.svg").is_file(), command.id


def test_what_only_some_need_is_in_a_menu_while_it_can_run_and_always_in_the_palette(program):
    actions, palette = program.window.menus.actions, program.commands._palette
    assert not actions["engine.retry"].isVisible()
    assert actions["engine.choose"].isVisible()
    palette.ask(program.dispatcher.snapshot)
    palette.field.setText("Try the lost connection now")
    assert palette.list.topLevelItem(0).text(0) == "Try the lost connection now"
    palette.hide()
    program.dispatcher.session.engine = "lost"
    program.dispatcher.announce()
    assert actions["engine.retry"].isVisible()
