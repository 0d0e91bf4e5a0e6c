"""HDF5 of strangers: nothing outside the file is opened, and no memory is taken before its size is known.

A mutated file can crash the C library of HDF5, or keep it busy, whatever is checked here. So `hdf5_apart` has files
read in a process of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.hdf5_heaps import check_heaps

if TYPE_CHECKING:
    import h5py

MAX_OBJECTS = 100_000
MAX_CHUNKS = 1_000_000
MAX_TEXT = 64 << 20
FREE = 256 << 20
"""Bytes that any file may declare; beyond them no more than a hundred times its own size."""
FILTERS = range(1, 7)
LZF = 32000
"""Filters that come with HDF5 and h5py: deflate, shuffle, fletcher32, szip, nbit, scale-offset; and LZF."""
TROUBLE = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)
"""What h5py raises for damaged files."""


class SafeHdf5:
    """An HDF5 file, walked through and found to stay within itself.

    datasets, groups: by their path, ``a/b/c``, in the order of the file; the root group is ``""``.
    """

    def __init__(self, file: h5py.File, name: str, size: int) -> None:
        self.name = name
        self.groups: dict[str, h5py.Group] = {}
        self.datasets: dict[str, h5py.Dataset] = {}
        self._left = max(FREE, 100 * size)
        self._walk(file)

    def array(self, path: str) -> npt.NDArray[Any]:
        """A dataset of numbers, in this machine's byte order, float16 as float32; checked before it is read."""
        dataset = self.datasets[path]
        if dataset.dtype.kind not in "fiu" or dataset.shape is None:
            raise ModelError(
                "“{file}”: “{path}” holds {found}; expected numbers.",
                file=self.name,
                path=path,
                found=str(dataset.dtype),
            )
        self._check_storage(path, dataset)
        values = np.asarray(dataset[()])
        kind = np.dtype(np.float32) if values.dtype == np.float16 else values.dtype.newbyteorder("=")
        return values.astype(kind, copy=False)

    def texts(self, path: str, attribute: str) -> tuple[str, ...] | None:
        """The strings of an attribute of a group; None where there is none. Keras cuts long ones: NAME0, NAME1, …"""
        attributes = self.groups[path].attrs
        if attribute in attributes:
            return self._texts(attributes, attribute)
        parts: list[str] = []
        while f"{attribute}{(place := len(parts))}" in attributes:
            parts.append(f"{attribute}{place}")
        return tuple(text for part in parts for text in self._texts(attributes, part)) if parts else None

    def text(self, path: str, attribute: str) -> str | None:
        """The one string of an attribute of a group; None where there is none."""
        found = self.texts(path, attribute)
        return found[0] if found and len(found) == 1 else None

    def _texts(self, attributes: h5py.AttributeManager, name: str) -> tuple[str, ...]:
        import h5py

        handle = attributes.get_id(name)
        count = math.prod(handle.shape)
        if not count:
            return ()
        if count > MAX_OBJECTS or handle.get_storage_size() > MAX_TEXT:
            raise ModelError("“{file}”: the attribute “{name}” is too large for a text.", file=self.name, name=name)
        if h5py.check_string_dtype(handle.dtype) is None:
            raise ModelError(
                "“{file}”: the attribute “{name}” holds {found}; expected text.",
                file=self.name,
                name=name,
                found=str(handle.dtype),
            )
        values = np.asarray(attributes[name], dtype=object).ravel().tolist()
        return tuple(value.decode() if isinstance(value, bytes) else str(value) for value in values)

    def _walk(self, root: h5py.File) -> None:
        """Every object by hard links, each once; then what soft links name, since they can name nothing outside now."""
        import h5py

        seen: set[int] = set()
        soft: list[str] = []
        pending: list[tuple[str, h5py.Group]] = [("", root["/"])]
        while pending:
            path, group = pending.pop()
            place = int(h5py.h5o.get_info(group.id).addr)
            if place in seen:
                continue
            seen.add(place)
            self.groups[path] = group
            for key in group:
                below = f"{path}/{key}" if path else key
                link = group.get(key, getlink=True)
                if isinstance(link, h5py.SoftLink):
                    soft.append(below)
                elif isinstance(link, h5py.HardLink):
                    item = group[key]
                    if isinstance(item, h5py.Group):
                        pending.append((below, item))
                    elif isinstance(item, h5py.Dataset):
                        self.datasets[below] = item
                else:
                    raise ModelError(
                        "“{file}”: “{path}” is a link to another file, and lstmviz opens none that a model names.",
                        file=self.name,
                        path=below,
                    )
                self._check_count(len(self.groups) + len(self.datasets) + len(pending) + len(soft))
        for path in soft:
            if isinstance(item := root.get(path), h5py.Dataset):
                self.datasets[path] = item

    def _check_count(self, count: int) -> None:
        if count > MAX_OBJECTS:
            raise ModelError(
                "“{file}” holds more than {most} objects; expected the weights of a model.",
                file=self.name,
                most=MAX_OBJECTS,
            )

    def _check_storage(self, path: str, dataset: h5py.Dataset) -> None:
        """A ModelError unless all of a dataset lies in this file, is there, and is no larger than it may be."""
        plan = dataset.id.get_create_plist()
        if dataset.is_virtual or plan.get_external_count():
            raise ModelError(
                "“{file}”: “{path}” lies in another file, and lstmviz opens none that a model names.",
                file=self.name,
                path=path,
            )
        filters = [plan.get_filter(n)[0] for n in range(plan.get_nfilters())]
        if any(code not in FILTERS and code != LZF for code in filters):
            raise ModelError(
                "“{file}”: “{path}” is packed in a way that needs a plug-in of HDF5 (filter {found}).",
                file=self.name,
                path=path,
                found=filters,
            )
        asked = dataset.size * dataset.dtype.itemsize
        chunk = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
        self._left -= asked
        if self._left < 0 or chunk > max(FREE, 2 * asked):
            raise ModelError(
                "“{file}”: “{path}” declares {found} bytes; that is too much for a file of this size.",
                file=self.name,
                path=path,
                found=max(asked, chunk),
            )
        self._check_there(path, dataset, asked)

    def _check_there(self, path: str, dataset: h5py.Dataset, asked: int) -> None:
        """HDF5 fills what was never written with zeros, without a word."""
        if dataset.chunks:
            pairs = zip(dataset.shape, dataset.chunks, strict=True)
            expected = math.prod(-(-length // chunk) for length, chunk in pairs)
            found = dataset.id.get_num_chunks() if expected <= MAX_CHUNKS else -1
        else:
            expected, found = asked, dataset.id.get_storage_size()
        if found != expected:
            raise ModelError(
                "“{file}”: “{path}” is not all there; the file was cut short or never finished.",
                file=self.name,
                path=path,
            )


@contextmanager
def open_hdf5(source: Path | BinaryIO, name: str) -> Iterator[SafeHdf5]:
    """The file, open as long as the block lasts; ModelError for whatever h5py finds wrong, within the block too."""
    try:
        import h5py
    except ImportError as error:
        raise ModelError(
            '“{file}” is HDF5, and reading it needs h5py: pip install "lstmviz[hdf5]".', file=name
        ) from error
    try:
        size = source.stat().st_size if isinstance(source, Path) else source.seek(0, 2)
        check_heaps(source, name)
        with h5py.File(source, "r") as file:
            yield SafeHdf5(file, name, size)
    except TROUBLE as error:
        raise ModelError(
            "“{file}” cannot be read as HDF5: {reason}. It was cut short or damaged.",
            file=name,
            reason=_first_line(error),
        ) from error


def _first_line(error: BaseException) -> str:
    text = str(error.args[0]) if error.args else ""
    return (text.splitlines() or [type(error).__name__])[0][:200]
