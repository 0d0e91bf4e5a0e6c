"""StoredArray: a signal (T, H) on the disk, read chunk by chunk when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from lstmviz.errors import TraceError
from lstmviz.traces.buffers import Buffers, Bytes
from lstmviz.traces.checksum import LENGTH, is_sound
from lstmviz.traces.layout import chunk_file
from lstmviz.traces.lazy import Array, LazyArray
from lstmviz.traces.places import Place, read_into

CACHED = 64 << 20
"""How many bytes of chunks all stored arrays keep together."""
_ALL = slice(None)
_FEW = 4
"""Chunks that one question may leave in the cache; a longer one would push out what is looked at again and again."""


chunks: Buffers[tuple[Place, str]] = Buffers(CACHED)


class StoredArray(LazyArray):
    """A signal in a trace store; see LazyArray for what can be asked.

    A chunk's checksum is checked when it is first touched. Rows that were never written, and those whose bytes are
    still on their way, are NaN; the latter are not remembered. Raises TraceError, which names the chunk, where one that
    should be there is missing or damaged; other rows can still be read.
    """

    def __init__(
        self,
        place: Place,
        name: str,
        shape: tuple[int, int],
        dtype: npt.DTypeLike,
        rows: int,
        *,
        checksums: bool = True,
        written: tuple[int, int] | None = None,
    ) -> None:
        """rows: steps in a chunk; written: the steps that are on the disk, all unless told."""
        super().__init__(shape, dtype)
        self._place, self._name, self._rows, self._checksums = place, name, rows, checksums
        self._written = (0, shape[0]) if written is None else written
        self._row_bytes = max(1, shape[1]) * self.dtype.itemsize
        self._sound: set[int] = set()
        self._checked_there = bool(getattr(place, "checked", False))  # by an engine elsewhere, before it sends a part

    def block(self, start: int, stop: int) -> Array:
        """Consecutive rows, (stop − start, H)."""
        return self.known_block(start, stop)[0]

    def part(self, start: int, stop: int, units: Any) -> Array:
        """Some units of consecutive rows."""
        return self.known_block(start, stop, units)[0]

    def known_block(self, start: int, stop: int, units: Any = _ALL) -> tuple[Array, bool]:
        """Consecutive rows, of all units or some, and whether all of them are known: none is NaN on its way."""
        sample = np.empty((1, self.shape[1]), self.dtype)[:, units]
        found, known = np.empty((stop - start, *sample.shape[1:]), self.dtype), True
        first, last = max(start, self._written[0]), min(stop, self._written[1])
        if first >= last:
            found[:] = np.nan
            return found, known
        found[: first - start] = np.nan
        found[last - start :] = np.nan
        few = (last - 1) // self._rows - first // self._rows < _FEW
        for number, low, high in _parts(first, last, self._rows):
            at = number * self._rows + low - start
            with self._chunk_rows(number, low, high, keep=few) as rows:
                found[at : at + high - low] = np.nan if rows is None else rows[:, units]
                known &= rows is not None
        return found, known

    def scattered(self, steps: npt.NDArray[np.intp]) -> Array:
        """Some rows, (n, H), in ascending order."""
        found = np.full((len(steps), self.shape[1]), np.nan, self.dtype)
        first, last = np.searchsorted(steps, self._written)
        numbers, starts = np.unique(steps[first:last] // self._rows, return_index=True)
        for number, low, high in zip(numbers, starts + first, [*starts[1:] + first, last], strict=True):
            inside = steps[low:high] - int(number) * self._rows
            keep = len(numbers) <= _FEW
            with self._chunk_rows(int(number), int(inside[0]), int(inside[-1]) + 1, keep=keep) as rows:
                if rows is not None:
                    found[low:high] = rows[inside - inside[0]]
        return found

    @contextmanager
    def _chunk_rows(self, number: int, low: int, high: int, keep: bool) -> Iterator[Array | None]:
        """Rows ``low`` to ``high`` of one chunk, not to be looked at later, or None while they are on their way."""
        file = chunk_file(self._name, number, 2, self._checksums)
        key = (self._place, file)
        few = (high - low) * (1 if self._checked_there else 8) < self._rows  # else the whole is soon read anyway
        if few and (number in self._sound or self._checked_there) and not chunks.has(key):
            size = (high - low) * self._row_bytes
            part = self._bytes(file, low * self._row_bytes, size)
            yield None if part is None else self._array(np.frombuffer(part, np.uint8), file, high - low)
            return
        length = self._rows * self._row_bytes + LENGTH * self._checksums
        with chunks.held(key, length + 1, partial(self._fill, number, file), keep=keep) as (data, known):
            yield self._array(data[: self._rows * self._row_bytes], file, self._rows)[low:high] if known else None

    def _fill(self, number: int, file: str, into: Bytes) -> bool:
        """Read and check a whole chunk; False while it is on its way. One byte more tells a file that is too long."""
        with self._reading(file):
            length = read_into(self._place, file, into)
        if length is None:
            return False
        if length != len(into) - 1 or (self._checksums and not is_sound(into[:length])):
            raise self._damaged(file)
        self._sound.add(number)
        return True

    def _bytes(self, file: str, start: int, size: int) -> bytes | None:
        with self._reading(file):
            return self._place.read(file, start, size)

    @contextmanager
    def _reading(self, file: str) -> Iterator[None]:
        """What a place raises, as a sentence."""
        try:
            yield
        except FileNotFoundError as error:
            raise self._damaged(file) from error
        except OSError as error:
            raise TraceError(
                "“{path}” could not be read: {reason}.",
                path=f"{self._place.name}/{file}",
                reason=error.strerror or str(error) or type(error).__name__,
            ) from error

    def _array(self, data: Bytes, file: str, rows: int) -> Array:
        if len(data) != rows * self._row_bytes:
            raise self._damaged(file)
        return data.view(self.dtype.newbyteorder("<")).astype(self.dtype, copy=False).reshape(rows, -1)

    def _damaged(self, file: str) -> TraceError:
        return TraceError(
            "The trace store “{path}” is damaged: “{part}” is missing or is not what was written. "
            "Other steps can still be read. Use a copy, or record the trace again.",
            path=self._place.name,
            part=file,
        )


def _parts(start: int, stop: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """The chunks that hold some steps: number, first and end inside it."""
    for number in range(start // rows, -(-stop // rows)):
        yield number, max(start - number * rows, 0), min(stop - number * rows, rows)
