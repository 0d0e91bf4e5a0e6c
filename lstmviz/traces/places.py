"""Places: where the files of a trace store lie, read by name and by range: a folder, a zip, an address on the network.

A name is a path inside the store, with "/" between its parts; none of ours ever leaves it, and links are not followed.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Protocol

import numpy as np

from lstmviz.errors import TraceError
from lstmviz.traces.buffers import Bytes


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
        """The length in bytes, None while it is on its way or not told; raises FileNotFoundError and OSError."""


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
        length = max(0, self.size(file) - start)
        with (self.folder / file).open("rb", buffering=0) as stream:
            if start:
                stream.seek(start)
            return stream.read(length if size is None else min(size, length))

    def read_into(self, file: str, into: Bytes) -> int:
        """Fill memory from the start of a file; how many bytes there were. Raises as ``read`` does."""
        self.size(file)
        with (self.folder / file).open("rb", buffering=0) as stream:
            return stream.readinto(into.data) or 0

    def size(self, file: str) -> int:
        """See Place.size."""
        self._check_way(file)
        try:
            facts = (self.folder / file).lstat()
        except NotADirectoryError as error:
            raise FileNotFoundError(file) from error
        if not stat.S_ISREG(facts.st_mode):
            raise FileNotFoundError(file)
        return facts.st_size

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


class ZipPlace:
    """A store in a zip whose files are not compressed, so that parts of them are read where they are."""

    def __init__(self, name: str, opened: Callable[[], IO[bytes]], part: Callable[[int, int], bytes]) -> None:
        """opened: gives the zip as a stream; part: gives (start, size) of its bytes. Raises TraceError on damage."""
        self._name, self._part = name, part
        self._starts: dict[str, int] = {}
        try:
            with opened() as stream, zipfile.ZipFile(stream) as archive:
                entries, self._length = archive.infolist(), stream.seek(0, 2)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise TraceError("“{path}” is no zip, or a damaged one. Use a copy.", path=name) from error
        roots = [entry.filename for entry in entries if entry.filename.count("/") < 2]
        top = min((root for root in roots if root.endswith("zarr.json")), key=len, default="zarr.json")
        start = len(top.removesuffix("zarr.json"))
        self._entries = {entry.filename[start:]: entry for entry in entries if entry.filename[:start] == top[:start]}

    @property
    def name(self) -> str:
        """The path or address of the zip."""
        return self._name

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes:
        """See Place.read."""
        entry = self._entry(file)
        length = max(0, entry.file_size - start)
        if file not in self._starts:
            # the name and more stand before the bytes, and their lengths only there
            header = self._part(entry.header_offset, 30)
            if len(header) < 30 or header[:4] != b"PK\x03\x04":
                raise FileNotFoundError(file)
            before = 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            self._starts[file] = entry.header_offset + before
        return self._part(self._starts[file] + start, length if size is None else min(size, length))

    def size(self, file: str) -> int:
        """See Place.size."""
        return self._entry(file).file_size

    def _entry(self, file: str) -> zipfile.ZipInfo:
        entry = self._entries.get(file)
        if entry is None:
            raise FileNotFoundError(file)
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 or entry.compress_size != entry.file_size:
            raise TraceError(
                "“{path}” is compressed or encrypted, and a trace store in a zip is neither. Unpack it, and open the "
                "folder.",
                path=self._name,
            )
        if not 0 <= entry.header_offset <= self._length - entry.file_size:
            raise FileNotFoundError(file)
        return entry


def read_into(place: Place, file: str, into: Bytes) -> int | None:
    """Fill memory from the start of a file, without new memory where it lies in a folder; how many bytes there were.

    None while they are on their way. Raises as ``Place.read`` does.
    """
    if type(place) is FolderPlace:  # and no place that reads in a way of its own
        return place.read_into(file, into)
    data = place.read(file, 0, len(into))
    if data is None:
        return None
    into[: len(data)] = np.frombuffer(data, np.uint8)
    return len(data)


def place_at(path: str | Path) -> Place:
    """The place of a store: a folder, a file .zip, or an address that fsspec reads. Raises TraceError."""
    if "://" in str(path):
        from lstmviz.traces.url_place import place_at_url

        return place_at_url(str(path))
    folder = Path(path)
    try:
        exists, is_file = folder.exists(), folder.is_file()
    except (OSError, ValueError) as error:  # a name that no system takes
        raise TraceError(
            "“{path}” is not the name of a store; expected a folder NAME.zarr, a file NAME.zarr.zip or an address.",
            path=repr(str(path))[:200],
        ) from error
    if not exists:
        raise TraceError("“{path}” does not exist. Check the name, or record a trace first.", path=str(path))
    if is_file and folder.suffix.lower() == ".zip":
        return ZipPlace(str(path), lambda: folder.open("rb"), partial(_part, folder))
    return FolderPlace(folder)


def _part(file: Path, start: int, size: int) -> bytes:
    with file.open("rb", buffering=0) as stream:
        stream.seek(start)
        return stream.read(size)
