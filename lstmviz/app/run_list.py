"""The runs of a folder as the library lists them: read without torch, and each run.json but once. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lstmviz.errors import RunError
from lstmviz.runs.folder import checkpoints, read_run_file, runs_in

MOST = 100
"""So many runs are listed, the newest; the others are opened by their folder."""


@dataclass(frozen=True)
class RunEntry:
    """A run in the list: its folder, title, when it began (local time), the newest checkpoint and planned updates."""

    folder: str
    title: str
    begun: datetime
    update: int
    updates: int

    @property
    def done(self) -> bool:
        """Whether it was trained to its end."""
        return 0 < self.updates <= self.update


class RunList:
    """The newest runs of a folder; what their run.json says is kept, since it never changes.

    total: how many there are. reads: how often the folder was looked through.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[str, datetime, int] | None] = {}
        self.total = self.reads = 0

    def read(self, parent: Path) -> list[RunEntry]:
        """The runs, the one written to last first; folders whose run.json cannot be read are passed over."""
        found = runs_in(parent)
        self.total = len(found)
        self.reads += 1
        entries = []
        for folder in found[:MOST]:
            if folder not in self._known:
                self._known[folder] = _told(folder)
            known = self._known[folder]
            if known is not None:
                title, begun, updates = known
                entries.append(RunEntry(str(folder), title, begun, max(checkpoints(folder), default=0), updates))
        return entries


def _told(folder: Path) -> tuple[str, datetime, int] | None:
    try:
        file = read_run_file(folder)
        begun = datetime.fromisoformat(file.begun)
    except (RunError, ValueError):  # the list is no place to complain; opening the run says what is wrong
        return None
    return file.title, (begun if begun.tzinfo else begun.replace(tzinfo=UTC)).astimezone(), file.updates
