"""Streams: the signals of one lane on their way to the disk, collected until a chunk is full."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lstmviz.errors import ExportError
from lstmviz.traces import journal
from lstmviz.traces.checksum import write_checked
from lstmviz.traces.layout import chunk_file
from lstmviz.traces.places import Place
from lstmviz.traces.pyramid_writer import PyramidWriter
from lstmviz.traces.stored import StoredArray
from lstmviz.traces.trace import Array

CHUNK = 2 << 20
"""The longest chunk, in bytes: what a step in the window reads of each signal when it comes to a new place."""
_SHORT = 64 << 10
"""A chunk is shorter than CHUNK where there would be fewer than _MANY of them, but not shorter than this."""
_MANY = 16
_LEAST = 64
"""Steps in the shortest chunk."""


def chunk_rows(width: int, dtype: np.dtype[Any], steps: int) -> int:
    """How many steps of so many units go into one chunk: a power of two."""
    row = max(1, width * dtype.itemsize)
    wanted = min(CHUNK // row, max(steps // _MANY, _SHORT // row))
    return 1 << max(_LEAST, wanted).bit_length() - 1


class Stream:
    """One lane, or the outputs: the steps that came last, and the chunks before them on the disk."""

    def __init__(
        self, folder: Path, group: str, widths: Mapping[str, int], dtype: np.dtype[Any], steps: int, rows: int
    ) -> None:
        self.folder, self.group = folder, group
        self._widths, self._dtype, self._steps, self._rows = widths, dtype, steps, rows
        self._reverse = group.endswith("/reverse")
        self._first, self._last = journal.empty(group, steps)
        self._written = (self._first, self._last)
        self._pyramids: dict[str, PyramidWriter] = {}
        self._chunk: dict[str, Array] = {}

    def path(self, name: str) -> str:
        """The path of a signal in the store."""
        return self.group if self.group == journal.OUTPUTS else f"{self.group}/{name}"

    def array(self, place: Place, name: str) -> StoredArray:
        """A signal as far as it is on the disk."""
        shape = (self._steps, self._widths[name])
        return StoredArray(place, self.path(name), shape, self._dtype, self._rows, written=self._written)

    def append(self, start: int, signals: Mapping[str, Array]) -> None:
        """Take the next steps, and write every chunk that they fill. Raises OSError and ExportError."""
        stop = end = self._check(start, signals)
        for name in self._widths:
            self._refuse_large(name, signals[name])
        while start < stop:
            number = (stop - 1 if self._reverse else start) // self._rows
            low, high = number * self._rows, min((number + 1) * self._rows, self._steps)
            first, last = max(start, low), min(stop, high)
            if not self._chunk:
                self._chunk = {name: self._blank(width) for name, width in self._widths.items()}
            for name, chunk in self._chunk.items():
                chunk[first - low : last - low] = signals[name][first - end : last - end or None]
            if self._reverse:
                stop = self._first = first
            else:
                start = self._last = last
            if (self._first if self._reverse else self._last) == (low if self._reverse else high):
                self._write(number)

    @property
    def complete(self) -> bool:
        """Whether every step has been taken."""
        return (self._first, self._last) == (0, self._steps)

    def flush(self) -> None:
        """Write what there is of a chunk and of tiles that are not full; nothing is taken after it. Raises OSError."""
        if self._chunk:
            self._write((self._first if self._reverse else self._last - 1) // self._rows)
        for pyramid in self._pyramids.values():
            pyramid.flush()
        self._pyramids = {}

    def _check(self, start: int, signals: Mapping[str, Array]) -> int:
        """The end of the new steps; ValueError where they do not go on from the last ones."""
        lengths = {len(signals[name]) for name in self._widths}
        stop = start + max(lengths)
        goes_on = stop == self._first if self._reverse else start == self._last
        if len(lengths) != 1 or not goes_on or not 0 <= start <= stop <= self._steps:
            raise ValueError(f"{self.group}: steps {start} to {stop} do not go on from {self._first}, {self._last}")
        return stop

    def _blank(self, width: int) -> Array:
        # numpy counts badly in float16, so that it comes last
        return np.full((self._rows, width), np.nan, np.promote_types(self._dtype, np.float32))

    def _refuse_large(self, name: str, part: Array) -> None:
        """ExportError for a number that the store's float type cannot hold."""
        most = float(np.finfo(self._dtype).max)
        if part.dtype.itemsize <= self._dtype.itemsize or not part.size:
            return
        known = part if np.isfinite(part.sum()) else part[np.isfinite(part)]
        largest = max(float(known.max()), -float(known.min())) if known.size else 0.0
        with np.errstate(over="ignore"):
            fits = np.isfinite(np.asarray(largest).astype(self._dtype))
        if not fits:
            raise ExportError(
                "“{path}”: the signal {name} reaches {value:.4g}, more than {dtype} can hold ({most:.5g}). "
                "Record in float32.",
                path=str(self.folder),
                name=self.path(name),
                value=largest,
                dtype=self._dtype.name,
                most=most,
            )

    def _write(self, number: int) -> None:
        """One chunk of every signal, and then the line of the journal that says so."""
        full, self._chunk = self._chunk, {}
        stored = {name: chunk.astype(self._dtype, copy=False) for name, chunk in full.items()}
        for name, chunk in stored.items():
            write_checked(self.folder / chunk_file(self.path(name), number, 2), chunk)
        low, high = self._written
        start, stop = (self._first, low) if self._reverse else (high, self._last)
        with (self.folder / journal.FILE).open("ab", buffering=0) as stream:
            stream.write(journal.line(self.group, start, stop))
        self._written = (self._first, self._last)
        if self.group == journal.OUTPUTS:
            return
        for name, chunk in full.items():  # after the journal: no tile may know more than the signal
            if name not in self._pyramids:
                facts = (self._widths[name], self._dtype, self._steps)
                self._pyramids[name] = PyramidWriter(self.folder, self.path(name), *facts, reverse=self._reverse)
            self._pyramids[name].add(number * self._rows, chunk, stored[name])
