"""Menus, toolbar and shortcuts, made from the table of commands."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar

from lstmviz.app import icons
from lstmviz.app.controls import CommandButton, plain, tooltip
from lstmviz.app.theme import THEMES
from lstmviz.language import tr
from lstmviz.session.commands import COMMANDS, TOOLBAR, Command
from lstmviz.session.snapshot import Snapshot

_LIVELY = frozenset({"t", "phase", "start", "stop", "unit", "task", "runs", "replay", "flow", "batch"})
"""Fields that change with every step or report of a training; of these only some matter to a few commands."""


def _standing(snapshot: Snapshot) -> tuple[object, ...]:
    """What commands ask of range, runs and replay: how they stand, not how far they are."""
    replay = snapshot.replay
    return (
        snapshot.stop - snapshot.start < snapshot.steps,
        tuple((run.id, run.state, run.update < run.updates) for run in snapshot.runs),
        None if replay is None else (replay.live, replay.playing, len(replay.updates) > 1),
    )


class CommandAction(QAction):
    """A command in a menu, with its shortcut."""

    asked = Signal(str, dict)

    def __init__(self, command: Command, parent: QObject) -> None:
        super().__init__(parent)
        self.command = command
        self.setObjectName(command.id)
        self.setCheckable(command.checked is not None)
        if command.shortcut:
            self.setShortcut(QKeySequence(command.shortcut, QKeySequence.SequenceFormat.PortableText))
        if command.id == "app.quit":
            self.setMenuRole(QAction.MenuRole.QuitRole)
        self.triggered.connect(self._on_triggered)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self.setText(tr(self.command.title))
        self.setToolTip(tooltip(self.command.id))
        self.setStatusTip(tr(self.command.hint))

    def show_state(self, snapshot: Snapshot) -> None:
        """Enable and check as the snapshot has it."""
        possible = self.command.can_run(snapshot)
        self.setEnabled(possible)
        self.setVisible(possible or not self.command.occasional)
        if self.command.checked is not None:
            self.setChecked(self.command.checked(snapshot))

    def _on_triggered(self) -> None:
        self.asked.emit(self.command.id, {})


class Menus(QObject):
    """The menu bar and its actions; ``asked`` carries what was chosen."""

    asked = Signal(str, dict)

    def __init__(self, bar: QMenuBar, parent: QObject) -> None:
        super().__init__(parent)
        self._menus: dict[tuple[str, ...], QMenu] = {}
        self._stood: tuple[object, ...] = ()
        self.actions: Mapping[str, CommandAction] = {
            command.id: self._action(command, bar) for command in COMMANDS.values() if command.menu
        }

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Translate, colour, enable and check; a step that changes no state of a command costs nothing."""
        if "language" in changed:
            for path, menu in self._menus.items():
                menu.setTitle(tr(path[-1]))
            for action in self.actions.values():
                action.retranslate()
        if "theme" in changed:
            for action in self.actions.values():
                if action.command.icon:
                    action.setIcon(icons.icon(action.command.icon, THEMES[snapshot.theme]))
        before, self._stood = self._stood, _standing(snapshot)
        if changed - _LIVELY or "task" in changed or before != self._stood:
            for action in self.actions.values():
                action.show_state(snapshot)

    def _action(self, command: Command, bar: QMenuBar) -> CommandAction:
        action = CommandAction(command, self)
        action.asked.connect(self.asked)
        menu = self._menu(command.menu, bar)
        if command.apart:
            menu.addSeparator()
        menu.addAction(action)
        return action

    def _menu(self, path: tuple[str, ...], bar: QMenuBar) -> QMenu:
        if path not in self._menus:
            above = bar if len(path) == 1 else self._menu(path[:-1], bar)
            self._menus[path] = above.addMenu(path[-1])
            self._menus[path].setToolTipsVisible(True)
        return self._menus[path]


class ToolBar(QToolBar):
    """The few commands with which everything begins, as icons with text."""

    asked = Signal(str, dict)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.buttons = {name: CommandButton(name, self) for name in TOOLBAR}
        for button in self.buttons.values():
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.asked.connect(self.asked)
            self.addWidget(button)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Translate, colour and enable."""
        for button in self.buttons.values():
            if "language" in changed:
                button.retranslate()
            if "theme" in changed:
                button.show_icon(THEMES[snapshot.theme])
            if changed - _LIVELY:
                button.setEnabled(button.command.can_run(snapshot))
        if "language" in changed:
            self.setWindowTitle(tr("Toolbar"))
            self.setAccessibleName(tr("Toolbar"))


def menu_path(command: Command) -> str:
    """Where a command is found, as “View › Signals”."""
    return " › ".join(plain(part) for part in command.menu)
