"""The way of every change: a command is run, the session changes, and what differs is announced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lstmviz.errors import LstmvizError
from lstmviz.session.commands import COMMANDS, Command
from lstmviz.session.handlers import HANDLERS, Desk
from lstmviz.session.history import History, Move
from lstmviz.session.resolve import resolve
from lstmviz.session.snapshot import Snapshot, changes
from lstmviz.session.state import Session

Listener = Callable[[Snapshot, frozenset[str]], None]


class Dispatcher:
    """Runs commands by id, and tells its listeners the new snapshot and which of its fields differ."""

    def __init__(self, session: Session | None = None, history: History | None = None) -> None:
        self.session = session or Session()
        self.desk = Desk(self.session, history)
        self._window: dict[str, Callable[..., Any]] = {}
        self._listeners: list[Listener] = []
        self._announcing = self._stale = False
        self.snapshot = resolve(self.session, self.desk.history)

    def listen(self, listener: Listener) -> None:
        """Call ``listener(snapshot, changed)`` after every change; changes only, never an empty set."""
        self._listeners.append(listener)

    def register(self, command_id: str, handler: Callable[..., Any]) -> None:
        """Let the window handle one of its commands; a command of the session cannot be taken over."""
        if COMMANDS[command_id].where != "window":
            raise ValueError(f"{command_id} is a command of the session")
        self._window[command_id] = handler

    @property
    def registered(self) -> frozenset[str]:
        """The window's commands that have a handler."""
        return frozenset(self._window)

    def run(self, command_id: str, **args: object) -> None:
        """Run a command; one that cannot run now does nothing, and a failure becomes a notice.

        A command of the window cannot run before its handler is registered, shortly after the first paint.
        """
        command = COMMANDS[command_id]
        target = COMMANDS[command.does] if command.does else command
        if not command.can_run(self.snapshot) or (target.where == "window" and target.id not in self._window):
            return
        try:
            if target.where == "window":
                self._window[target.id](**command.preset, **args)
            else:
                self._run_in_session(target, {**command.preset, **args})
        except LstmvizError as error:
            self.session.notify(str(error), "error")
        self.announce()

    def tick(self, seconds: float) -> None:
        """Let time pass for the player."""
        if self.desk.player.tick(seconds):
            self.announce()

    def announce(self) -> None:
        """Resolve the session and tell the listeners what differs: after any change made outside of a command.

        What a listener changes is told when every listener knows of the change before it.
        """
        self._stale = True
        if self._announcing:
            return
        self._announcing = True
        try:
            while self._stale:
                self._stale = False
                self._tell()
        finally:
            self._announcing = False

    def _tell(self) -> None:
        before = self.snapshot
        self.snapshot = resolve(self.session, self.desk.history)
        changed = changes(before, self.snapshot)
        if changed:
            for listener in self._listeners:
                listener(self.snapshot, changed)

    def _run_in_session(self, command: Command, args: dict[str, object]) -> None:
        place, opened = self.session.place, self.session.opened.copy()
        HANDLERS[command.id](self.desk, **args)
        if not command.undoable:
            return
        closed = [(n, entry) for n, entry in enumerate(opened.values()) if entry.id not in self.session.opened]
        if closed:
            position, entry = closed[0]
            self.desk.history.note(Move(command.id, place, entry, position))
        elif place != self.session.place:
            self.desk.history.note(Move(command.id, place))
