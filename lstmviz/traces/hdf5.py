"""A selection as HDF5: one dataset a signal, grouped as in the trace store, written stretch by stretch."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmviz.traces.selection import Selection
from lstmviz.traces.tables import Form, Tick, about, plain, time_texts

if TYPE_CHECKING:
    from typing_extensions import Buffer


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write /t (S,), /time and /label where there are any, and /layer0/forward/f (S, U) with its units as attribute.

    Dates are ISO 8601 text, since HDF5 has none. Where the trace comes from stands in the attributes of the file. Long
    and wide mean the same here.
    """
    import h5py

    with Sink(path) as sink:
        try:
            with h5py.File(sink, "w") as file:
                _fill(file, selection, tick, sink)
        finally:
            sink.check()  # what the disk said comes before what the library makes of it


def _fill(file: Any, selection: Selection, tick: Tick, sink: Sink) -> None:
    file.attrs.update(about(selection.trace))
    file["t"] = selection.steps.astype(np.int64)
    times, labels = selection.times(), selection.labels()
    if times is not None:
        file["time"] = time_texts(times) if times.dtype.kind == "M" else times
    if labels is not None:
        file["label"] = [plain(label) for label in labels]
    for block in selection.blocks:
        source = selection.source(block)
        dataset = file.create_dataset(block.key, source.shape, source.dtype)
        dataset.attrs["units"] = block.units.astype(np.int64)
        for stretch in selection.stretches(source.row_bytes):
            values = source.read(stretch)
            dataset[stretch] = values
            sink.check()
            tick(values.size)


class Sink(io.RawIOBase):
    """A file that never fails while HDF5 writes it: the first error is kept, and nothing is written after it.

    WORKAROUND (HDF5 1.14 and 2.0, h5py 3.16): where a write fails, on a full disk or beyond a quota, the C library
    fails again when it closes the file, and the process may die with it. So it is told that all is well, ``check``
    raises what the system said, and the file is thrown away. https://github.com/h5py/h5py/issues/914
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("r+b", buffering=0)
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise what the system said to the first write that failed."""
        if self._error is not None:
            raise self._error

    def readable(self) -> bool:
        """HDF5 reads back what it wrote."""
        return True

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place, also beyond the end."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()

    def readinto(self, buffer: Buffer) -> int:
        """Read all that is asked for; zeros where the file has nothing, since its end may not have been written."""
        view = memoryview(buffer).cast("B")
        found = self._file.readinto(view) or 0
        view[found:] = bytes(len(view) - found)
        return len(view)

    def write(self, data: Buffer) -> int:
        """Write all of it, or keep the error."""
        view = memoryview(data).cast("B")
        size = len(view)
        try:
            while self._error is None and len(view):
                view = view[self._file.write(view) :]
        except OSError as error:
            self._error = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Make the file as long as it is to be, or keep the error."""
        try:
            if self._error is None:
                return self._file.truncate(size)
        except OSError as error:
            self._error = error
        return size or 0

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()
