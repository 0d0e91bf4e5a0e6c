"""StoredArray: a signal (T, H) on the disk, read chunk by chunk when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lstmviz.errors import TraceError
from lstmviz.traces.checksum import LENGTH, is_sound
from lstmviz.traces.layout import chunk_file
from lstmviz.traces.lazy import Array, LazyArray
from lstmviz.traces.places import Place
from lstmviz.traces.recent import Recent

CACHED = 64 << 20
"""How many bytes of chunks all stored arrays keep together."""
_FEW = 4
"""Chunks that one question may leave in the cache; a longer one would push out what is looked at again and again."""


chunks: Recent[tuple[Place, str], Array] = Recent(CACHED)


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

    def block(self, start: int, stop: int) -> Array:
        """Consecutive rows, (stop − start, H)."""
        return self.known_block(start, stop)[0]

    def known_block(self, start: int, stop: int) -> tuple[Array, bool]:
        """Consecutive rows, and whether all of them are known: none is NaN because its bytes are on their way."""
        found, known = np.empty((stop - start, self.shape[1]), self.dtype), True
        first, last = max(start, self._written[0]), min(stop, self._written[1])
        if first >= last:
            found[:] = np.nan
            return found, known
        found[: first - start] = np.nan
        found[last - start :] = np.nan
        few = (last - 1) // self._rows - first // self._rows < _FEW
        for number, low, high in _parts(first, last, self._rows):
            at = number * self._rows + low - start
            rows = self._chunk_rows(number, low, high, keep=few)
            found[at : at + high - low] = np.nan if rows is None else rows
            known &= rows is not None
        return found, known

    def scattered(self, steps: npt.NDArray[np.intp]) -> Array:
        """Some rows, (n, H), in ascending order."""
        found = np.full((len(steps), self.shape[1]), np.nan, self.dtype)
        first, last = np.searchsorted(steps, self._written)
        numbers, starts = np.unique(steps[first:last] // self._rows, return_index=True)
        for number, low, high in zip(numbers, starts + first, [*starts[1:] + first, last], strict=True):
            inside = steps[low:high] - int(number) * self._rows
            rows = self._chunk_rows(int(number), int(inside[0]), int(inside[-1]) + 1, keep=len(numbers) <= _FEW)
            if rows is not None:
                found[low:high] = rows[inside - inside[0]]
        return found

    def _chunk_rows(self, number: int, low: int, high: int, keep: bool) -> Array | None:
        """Rows ``low`` to ``high`` of one chunk, or None while they are on their way."""
        file = chunk_file(self._name, number, 2, self._checksums)
        kept = chunks.get((self._place, file))
        if kept is not None:
            return kept[low:high]
        if number in self._sound and (high - low) * 8 < self._rows:
            size = (high - low) * self._row_bytes
            part = self._bytes(file, low * self._row_bytes, size)
            return None if part is None else self._array(part[:size], file, high - low)
        length = self._rows * self._row_bytes + LENGTH * self._checksums
        whole = self._bytes(file, 0, length + 1)  # one more tells a file that is too long
        if whole is None:
            return None
        chunk = self._array(self._checked(whole, file), file, self._rows)
        self._sound.add(number)
        if keep:
            chunks.put((self._place, file), chunk, chunk.nbytes)
        return chunk[low:high]

    def _bytes(self, file: str, start: int, size: int) -> bytes | None:
        try:
            return self._place.read(file, start, size)
        except FileNotFoundError as error:
            raise self._damaged(file) from error
        except OSError as error:
            raise TraceError(
                "“{path}” could not be read: {reason}.",
                path=f"{self._place.name}/{file}",
                reason=error.strerror or str(error) or type(error).__name__,
            ) from error

    def _checked(self, whole: bytes, file: str) -> memoryview:
        """A chunk's bytes without its checksum, which they have."""
        view = memoryview(whole)
        if not self._checksums:
            return view
        if not is_sound(whole):
            raise self._damaged(file)
        return view[:-LENGTH]

    def _array(self, data: bytes | memoryview, file: str, rows: int) -> Array:
        if len(data) != rows * self._row_bytes:
            raise self._damaged(file)
        return np.frombuffer(data, self.dtype.newbyteorder("<")).astype(self.dtype, copy=False).reshape(rows, -1)

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
