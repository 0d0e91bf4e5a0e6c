"""Places: where the files of a trace store lie, read by name and by range. Here a folder; others follow the protocol.

A name is a path inside the store, with "/" between its parts; none of ours ever leaves it, and links are not followed.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Protocol

from lstmviz.errors import TraceError


class Place(Protocol):
    """The files of one store."""

    @property
    def name(self) -> str:
        """What a person calls the place: a path or an address."""

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes | None:
        """``size`` bytes from ``start`` (to the end), fewer where the file ends; None while they are on their way.

        Raises FileNotFoundError where there is no such file, OSError where it cannot be read.
        """

    def size(self, file: str) -> int | None:
        """The length in bytes, None while it is on its way; raises FileNotFoundError and OSError."""


class FolderPlace:
    """A folder on this computer. Only ordinary files are read, with no link on the way to them."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._plain: set[str] = set()

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.folder)

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes:
        """See Place.read."""
        length = self.size(file)
        with (self.folder / file).open("rb", buffering=0) as stream:
            if start:
                stream.seek(start)
            return stream.read(max(0, length - start) if size is None else size)

    def size(self, file: str) -> int:
        """See Place.size."""
        self._check_way(file)
        return stat_size(self.folder / file)

    def _check_way(self, file: str) -> None:
        """No folder on the way to a file is a link; each is looked at once."""
        way = file
        while "/" in way:
            way = way.rpartition("/")[0]
            if way in self._plain:
                return
            if (self.folder / way).is_symlink():
                raise FileNotFoundError(file)
            if (self.folder / way).is_dir():
                self._plain.add(way)


def place_at(path: str | Path) -> Place:
    """The place of a store; raises TraceError where there is none."""
    folder = Path(path)
    if not folder.exists():
        raise TraceError("“{path}” does not exist. Check the name, or record a trace first.", path=str(path))
    return FolderPlace(folder)


def stat_size(file: Path) -> int:
    """The length of an ordinary file; FileNotFoundError for anything else, a link too."""
    try:
        facts = file.lstat()
    except NotADirectoryError as error:
        raise FileNotFoundError(str(file)) from error
    if not stat.S_ISREG(facts.st_mode):
        raise FileNotFoundError(str(file))
    return facts.st_size
