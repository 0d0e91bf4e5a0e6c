"""Scratch: rows that wait on the disk for the layer above, in the model's own numbers."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from lstmviz.traces.safe_write import sentence
from lstmviz.traces.trace import Array


class Scratch:
    """(T, width) on the disk beside a store, read by slices of its rows and gone when it is closed.

    A store may keep its signals in fewer bits than the layer above has to read. Not mapped into memory, where every
    page that was touched would count.
    """

    def __init__(self, beside: Path, width: int, dtype: np.dtype[Any]) -> None:
        self._width, self._dtype, self._beside = width, dtype, beside
        self._file = tempfile.TemporaryFile(dir=beside.parent, prefix=".lstmviz-scratch-", buffering=0)  # noqa: SIM115

    def write(self, start: int, rows: Array) -> None:
        """Put rows (n, width) at ``start``; raises ExportError where the disk is full."""
        try:
            self._file.seek(start * self._width * self._dtype.itemsize)
            rest = np.ascontiguousarray(rows, self._dtype).data.cast("B")
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise sentence(error, self._beside) from error

    def __getitem__(self, steps: slice) -> Array:
        """Rows that were written, (n, width); raises ExportError where the disk does not give them back."""
        rows = np.empty((steps.stop - steps.start, self._width), self._dtype)
        rest = rows.data.cast("B")
        try:
            self._file.seek(steps.start * self._width * self._dtype.itemsize)
            while rest:
                read = self._file.readinto(rest)
                if not read:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                rest = rest[read:]
        except OSError as error:
            raise sentence(error, self._beside) from error
        return rows

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()
