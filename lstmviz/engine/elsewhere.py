"""What an engine does for a window on another computer: keep its files, show a folder, hand over bytes.

Nothing here runs anything, and bytes are handed over only of stores that were opened and of what was written into the
scratch.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmviz import paths
from lstmviz.engine.elsewhere_cache import Uploads
from lstmviz.errors import EngineError, TraceError
from lstmviz.nets.foreign.containers import is_mapped
from lstmviz.nets.foreign.formats import MODEL_ENDINGS, UNREAD
from lstmviz.runs.folder import is_run
from lstmviz.traces.checksum import is_sound
from lstmviz.traces.places import Place, place_at
from lstmviz.wire.elsewhere_messages import (
    MOST_ENTRIES,
    RUNS,
    BytesRead,
    DropScratch,
    ElsewherePayload,
    EntryData,
    EntryKind,
    FolderListed,
    HaveFiles,
    ListFolder,
    ListScratch,
    MakeScratch,
    OpenStore,
    PutFile,
    ReadBytes,
    ScratchMade,
    TreeListed,
    is_below,
)
from lstmviz.wire.store_messages import StoreOpened

if TYPE_CHECKING:
    from lstmviz.engine.handlers import Workshop

Pieces = Generator[Any, None, None]
MOST_AT_ONCE = 8 << 20
"""Bytes that one answer holds at most."""
SEQUENCE_ENDINGS = (".csv", ".tsv", ".npy", ".npz", ".txt", ".wav", ".png")
_STORE = ("zarr.json", ".zgroup")
_CHUNK = re.compile(r"/c\.\d+(\.0)*$")
MOST_CHUNK = 256 << 20


class Elsewhere:
    """The files between a window and this engine: what it brought, what it may read, and the scratch.

    active: whether the window is on another computer.
    """

    def __init__(self) -> None:
        self.active = False
        self.uploads = Uploads(paths.uploads(), Path.home() / RUNS / ".data")
        self._scratch: Path | None = None
        self._made = 0
        self._stores: dict[str, Place] = {}
        self._sound: set[tuple[str, str]] = set()

    def with_heads(self, pieces: Pieces) -> Pieces:
        """Pieces of an answer; a store that is opened is followed by what opening it reads, and may be read from then.

        An engine on the window's own computer need not: there the window opens the store itself.
        """
        with contextlib.closing(pieces):
            for piece in pieces:
                yield piece
                if self.active and isinstance(piece, StoreOpened):
                    yield from self._open(piece.path)

    def _open(self, path: str) -> Iterator[BytesRead]:
        from lstmviz.traces.store import open_trace

        self._stores[path] = place_at(path)
        place = Watched(self._stores[path])
        open_trace(place, lazy=True)
        yield from place.seen

    def make_scratch(self, name: str) -> str:
        """A place for something of this name, alone in its folder; raises EngineError for no plain name."""
        if not is_below(name) or "/" in name:
            raise EngineError("“{name}” cannot be the name of a file that is fetched.", name=name)
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="lstmviz-scratch-"))
        self._made += 1
        folder = self._scratch / str(self._made)
        folder.mkdir()
        return str(folder / name)

    def in_scratch(self, path: str) -> Path:
        """A place in the scratch; raises EngineError for any other."""
        place = Path(path)
        if self._scratch is None or place.parent.parent != self._scratch or place.name in ("", ".", ".."):
            raise EngineError("“{path}” was not made to be fetched.", path=path)
        return place

    def read(self, asked: ReadBytes) -> BytesRead:
        """Bytes of a store that was opened or of the scratch; raises EngineError for anything else."""
        if asked.start < 0 or asked.size < -1:
            raise EngineError(
                "{size} bytes of a file from byte {start} on were asked for; expected no negative numbers.",
                size=asked.size,
                start=asked.start,
            )
        if asked.file and not is_below(asked.file):
            raise EngineError("“{path}” was not made to be fetched.", path=asked.file)
        store = self._stores.get(asked.path)
        if store is not None:
            self._check(store, asked)
            return _from_store(store, asked)
        return _from_file(self.in_scratch(asked.path) / asked.file, asked)

    def _check(self, store: Place, asked: ReadBytes) -> None:
        """Look once at the checksum of a chunk of which a part is asked for: the window never sees it whole."""
        key = asked.path, asked.file
        if key in self._sound or asked.size < 0 or not _CHUNK.search(asked.file) or asked.file.startswith("lstmviz/"):
            return
        with contextlib.suppress(FileNotFoundError):  # which the answer tells
            whole = store.read(asked.file, 0, MOST_CHUNK)
            if whole is not None and len(whole) < MOST_CHUNK and not is_sound(whole):
                raise TraceError("“{part}” is damaged", part=asked.file)
        self._sound.add(key)

    def close(self) -> None:
        """Remove the scratch."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _length(asked: ReadBytes, size: int) -> int:
    rest = max(size - asked.start, 0)
    return min(rest if asked.size < 0 else min(rest, asked.size), MOST_AT_ONCE)


def _from_store(store: Place, asked: ReadBytes) -> BytesRead:
    try:
        size = store.size(asked.file)
        if size is None:  # of a store that is itself read from afar
            raise EngineError("“{path}” is still being fetched. Ask again.", path=asked.path)
        data = store.read(asked.file, asked.start, _length(asked, size)) if size > asked.start else b""
    except FileNotFoundError:
        return BytesRead(asked.file, asked.start, b"", -1)
    return BytesRead(asked.file, asked.start, data or b"", size)


def _from_file(file: Path, asked: ReadBytes) -> BytesRead:
    with file.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        stream.seek(asked.start)
        return BytesRead(asked.file, asked.start, stream.read(_length(asked, size)), size)


def list_folder(path: str) -> FolderListed:
    """What lies in a folder, folders first, without what is hidden; raises EngineError where it cannot be read."""
    folder = Path(path).expanduser() if path else Path.home()
    folder = folder.absolute()
    entries: list[EntryData] = []
    left_out = 0
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith("."):
                    continue
                if len(entries) == MOST_ENTRIES:
                    left_out += 1
                    continue
                entries.append(_entry(entry))
    except OSError as error:
        raise EngineError(
            "“{folder}” cannot be listed: {reason}. Choose another folder.",
            folder=str(folder),
            reason=error.strerror or str(error),
        ) from error
    entries.sort(key=lambda one: (one.kind != "folder", one.name.casefold()))
    return FolderListed(str(folder), "" if folder.parent == folder else str(folder.parent), tuple(entries), left_out)


def _entry(entry: os.DirEntry[str]) -> EntryData:
    with contextlib.suppress(OSError):
        if entry.is_dir():
            return EntryData(entry.name, _kind_of_folder(Path(entry.path)))
        return EntryData(entry.name, _kind_of_file(Path(entry.path)), entry.stat().st_size)
    return EntryData(entry.name, "file")


def _kind_of_folder(folder: Path) -> EntryKind:
    if is_run(folder):
        return "run"
    if folder.suffix.lower() == ".zarr" or any((folder / name).is_file() for name in _STORE):
        return "trace"
    return "folder"


def _kind_of_file(file: Path) -> EntryKind:
    ending = file.suffix.lower()
    if file.name.lower().endswith((".zarr.zip", ".zip")):
        return "trace"
    if ending in (*MODEL_ENDINGS, *UNREAD) or is_mapped(file):
        return "model"
    return "sequence" if ending in SEQUENCE_ENDINGS else "file"


class Watched:
    """A place that remembers what was read of it: whoever opens the same store elsewhere needs that, and no more."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.seen: list[BytesRead] = []

    @property
    def name(self) -> str:
        """See Place.name."""
        return self._place.name

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes | None:
        """See Place.read."""
        length = self.size(file)
        data = self._place.read(file, start, size)
        if data is not None and length is not None:
            for first in range(0, max(len(data), 1), MOST_AT_ONCE):
                self.seen.append(BytesRead(file, start + first, data[first : first + MOST_AT_ONCE], length))
        return data

    def size(self, file: str) -> int | None:
        """See Place.size."""
        try:
            size = self._place.size(file)
        except FileNotFoundError:
            self.seen.append(BytesRead(file, 0, b"", -1))
            raise
        if size is not None:
            self.seen.append(BytesRead(file, 0, b"", size))
        return size


def open_store(path: str) -> StoreOpened:
    """A trace store that is going to be read where it lies; raises TraceError."""
    from lstmviz.traces.store import open_trace

    trace = open_trace(path, lazy=True)
    folder = Path(path)
    files: Iterator[Path] = folder.rglob("*") if folder.is_dir() else iter((folder,))
    try:
        size = sum(file.stat().st_size for file in files if file.is_file())
    except OSError as error:
        raise TraceError("“{path}” changed while it was opened. Open it again.", path=path) from error
    return StoreOpened(path, size, len(trace))


def _have_files(workshop: Workshop, request: HaveFiles, _report: object) -> Pieces:
    yield workshop.elsewhere.uploads.have(request)


def _put_file(workshop: Workshop, request: PutFile, _report: object) -> Pieces:
    workshop.elsewhere.uploads.put(request)
    yield from ()


def _list_folder(_workshop: Workshop, request: ListFolder, _report: object) -> Pieces:
    yield list_folder(request.path)


def _make_scratch(workshop: Workshop, request: MakeScratch, _report: object) -> Pieces:
    yield ScratchMade(workshop.elsewhere.make_scratch(request.name))


def _list_scratch(workshop: Workshop, request: ListScratch, _report: object) -> Pieces:
    place = workshop.elsewhere.in_scratch(request.path)
    if place.is_dir():
        files = [file for file in sorted(place.rglob("*")) if file.is_file()]
        yield TreeListed(tuple((file.relative_to(place).as_posix(), file.stat().st_size) for file in files))
    else:
        yield TreeListed((("", place.stat().st_size),))


def _drop_scratch(workshop: Workshop, request: DropScratch, _report: object) -> Pieces:
    shutil.rmtree(workshop.elsewhere.in_scratch(request.path).parent, ignore_errors=True)
    yield from ()


def _open_store(_workshop: Workshop, request: OpenStore, _report: object) -> Pieces:
    yield open_store(request.path)


def _read_bytes(workshop: Workshop, request: ReadBytes, _report: object) -> Pieces:
    answer: ElsewherePayload = workshop.elsewhere.read(request)
    yield answer


HANDLERS: dict[type, Callable[[Workshop, Any, Any], Pieces]] = {
    HaveFiles: _have_files,
    PutFile: _put_file,
    ListFolder: _list_folder,
    MakeScratch: _make_scratch,
    ListScratch: _list_scratch,
    DropScratch: _drop_scratch,
    OpenStore: _open_store,
    ReadBytes: _read_bytes,
}
