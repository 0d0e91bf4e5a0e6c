"""One command: what can be asked for, where it stands, and whether it makes sense now; and the menus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lstmviz.language import mark
from lstmviz.session.snapshot import Snapshot

Test = Callable[[Snapshot], bool]

FILE, EDIT, VIEW, STEP, SELECT, TRAIN, HELP = (
    mark("&File"),
    mark("&Edit"),
    mark("&View"),
    mark("&Step"),
    mark("Se&lect"),
    mark("&Train"),
    mark("&Help"),
)
MENUS = (FILE, EDIT, VIEW, STEP, SELECT, TRAIN, HELP)
SIGNALS_MENU, LANGUAGE_MENU, PICTURE_MENU = mark("Signals"), mark("Language"), mark("Save a picture")


@dataclass(frozen=True)
class Command:
    """One thing that can be asked for.

    title, hint: English, translated where shown. menu: its path of menus, () for none. shortcut: portable text.
    where: who handles it. does, preset: another command that is run with these arguments, "" for itself.
    parameters: arguments that the asker must give; such a command is in no menu. apart: a line above it in its menu.
    occasional: its menu shows it only while it can run; the command palette always does.
    """

    id: str
    title: str
    menu: tuple[str, ...] = ()
    shortcut: str = ""
    where: Literal["session", "window"] = "session"
    enabled: Test | None = None
    checked: Test | None = None
    icon: str = ""
    hint: str = ""
    does: str = ""
    preset: Mapping[str, object] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    undoable: bool = False
    apart: bool = False
    occasional: bool = False

    def can_run(self, snapshot: Snapshot) -> bool:
        """Whether asking for it now makes sense."""
        return self.enabled is None or self.enabled(snapshot)
