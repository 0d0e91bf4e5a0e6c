"""The messages that only an engine on another computer needs: heartbeats, and files that lie on the other side."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

import msgspec

MOST_ENTRIES = 2000
"""Entries of a folder that are listed."""

PART_BYTES = 1 << 20
"""Bytes of a file that travel in one message."""

RUNS = "lstmviz-runs"
"""The folder in the home over there where runs lie that a window began from elsewhere."""

EntryKind = Literal["folder", "trace", "run", "model", "sequence", "file"]


class FileSaid(msgspec.Struct, frozen=True):
    """A file that the window has: its name (with folders below the bundle's, by ``/``), size, SHA-256 in hex."""

    name: str
    size: int
    sha256: str


class EntryData(msgspec.Struct, frozen=True):
    """One entry of a folder over there; size is that of a file, 0 of anything else."""

    name: str
    kind: EntryKind
    size: int = 0


class FilesHeld(msgspec.Struct, frozen=True, tag=True):
    """Where a bundle of files lies over there, "" while something is missing, and how much of each file is there."""

    folder: str
    held: tuple[int, ...]


class FolderListed(msgspec.Struct, frozen=True, tag=True):
    """A folder over there: its path, its parent's ("" at the top), what is in it, and how much was left out."""

    path: str
    parent: str
    entries: tuple[EntryData, ...]
    left_out: int = 0


class ScratchMade(msgspec.Struct, frozen=True, tag=True):
    """A place over there where something may be written that is fetched afterwards."""

    path: str


class TreeListed(msgspec.Struct, frozen=True, tag=True):
    """The files below a place in the scratch, with their sizes; one named "" where the place is itself a file."""

    files: tuple[tuple[str, int], ...]


class BytesRead(msgspec.Struct, frozen=True, tag=True):
    """Bytes of a file from ``start`` on, fewer than were asked for where the file ends or they would be too many.

    size: of the whole file, −1 where there is no such file.
    """

    file: str
    start: int
    data: bytes
    size: int


ElsewherePayload = FilesHeld | FolderListed | ScratchMade | TreeListed | BytesRead


class Ping(msgspec.Struct, frozen=True, tag=True):
    """Answered by Done at once, whatever the engine is at; an engine with a heartbeat ends where none comes."""

    id: int


class HaveFiles(msgspec.Struct, frozen=True, tag=True):
    """What is there of these files, which belong together? Answered by FilesHeld.

    lasting: they are what a run is trained on, and stay as long as the runs do; others are kept while there is room.
    """

    id: int
    files: tuple[FileSaid, ...]
    lasting: bool = False


class PutFile(msgspec.Struct, frozen=True, tag=True):
    """Bytes of one of the files that HaveFiles named, by its place among them, from ``start`` on; answered by Done.

    lasting: as HaveFiles had it.
    """

    id: int
    bundle: str
    place: int
    start: int
    data: bytes
    lasting: bool = False


class ListFolder(msgspec.Struct, frozen=True, tag=True):
    """What lies in a folder over there, "" for the home? Answered by FolderListed."""

    id: int
    path: str = ""


class MakeScratch(msgspec.Struct, frozen=True, tag=True):
    """A place over there for a file or folder of this name, until the engine ends; answered by ScratchMade."""

    id: int
    name: str


class ListScratch(msgspec.Struct, frozen=True, tag=True):
    """The files at a place in the scratch; answered by TreeListed."""

    id: int
    path: str


class DropScratch(msgspec.Struct, frozen=True, tag=True):
    """What lies at a place in the scratch was fetched, or is wanted no more; answered by Done."""

    id: int
    path: str


class OpenStore(msgspec.Struct, frozen=True, tag=True):
    """Let the window read a store where it lies; answered by StoreOpened and, as BytesRead, what opening reads."""

    id: int
    path: str


class ReadBytes(msgspec.Struct, frozen=True, tag=True):
    """Bytes of a file in a store that was opened, or at a place in the scratch; answered by BytesRead.

    file: below the place, "" where that is itself a file. size: how many, −1 for all.
    """

    id: int
    path: str
    file: str
    start: int = 0
    size: int = -1


ElsewhereRequest = (
    Ping | HaveFiles | PutFile | ListFolder | MakeScratch | ListScratch | DropScratch | OpenStore | ReadBytes
)


def bundle_of(files: tuple[FileSaid, ...]) -> str:
    """The name of files that belong together, by what they hold and are called."""
    import hashlib  # the window paints before it needs this

    return hashlib.sha256(msgspec.msgpack.encode(files)).hexdigest()[:32]


def is_below(name: str) -> bool:
    """Whether a name with ``/`` in it leads nowhere but below the folder that it stands in, on any system."""
    parts = PurePosixPath(name).parts
    odd = not name or "\0" in name or "\\" in name or ":" in name
    return not odd and not name.startswith("/") and ".." not in parts and "/".join(parts) == name
