"""Writing the pyramid of a signal, chunk by chunk, beside the signal itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lstmviz.traces.checksum import write_checked, write_records
from lstmviz.traces.pyramid import (
    FOLDER,
    Level,
    Spans,
    first_block,
    group_size,
    groups,
    merged_peaks,
    no_keys,
    peak_levels,
    peaks_of,
    span_levels,
    spans_of,
)

Array = npt.NDArray[Any]


class PyramidWriter:
    """The tiles of one signal that are being filled. Chunks come in the order of time, or against it.

    A chunk has a power of two of rows, 64 at least, and so has a tile: one holds the other whole.
    """

    def __init__(
        self, folder: Path, signal: str, units: int, dtype: np.dtype[Any], steps: int, *, reverse: bool
    ) -> None:
        self._total, self._count = np.zeros(units), np.zeros(units)
        self._block = first_block(units) if group_size(units) == 1 else 1
        (folder / FOLDER / signal).mkdir(parents=True, exist_ok=True)
        facts = (folder, signal, units, dtype, steps, reverse)
        self._spans = [_SpanTiles(level, *facts) for level in span_levels(steps)]
        self._peaks = [_PeakTiles(level, *facts) for level in peak_levels(steps) if level.block >= first_block(units)]

    def add(self, start: int, rows: Array, stored: Array) -> None:
        """Take a chunk, (rows, H), filled up with NaN, and write every tile that it completes. Raises OSError.

        stored: the same in the store's float type, which may be float16; rows are not, for numpy counts badly in it.
        """
        spans = spans_of(rows)
        self._total += spans.total.sum(axis=0)
        self._count += spans.count.sum(axis=0)
        for span_tiles in self._spans:
            spans = spans.merged(blocks_in(len(spans.low), len(rows), span_tiles.level))
            span_tiles.add(start, len(rows), spans)
        peaks = peaks_of(rows, self._means(), stored, block=self._block)
        for peak_tiles in self._peaks:
            peaks = merged_peaks(peaks, blocks_in(len(peaks), len(rows), peak_tiles.level))
            peak_tiles.add(start, len(rows), peaks)

    def flush(self) -> None:
        """Write the tiles that are not complete. Raises OSError."""
        for tiles in (*self._spans, *self._peaks):
            tiles.flush()

    def _means(self) -> Array:
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(self._total / self._count)


def blocks_in(found: int, rows: int, level: Level) -> int:
    """How many of ``found`` blocks of so many rows make one of a level."""
    return found // max(1, rows // level.block)


class _Tiles:
    """One level: the tile that is being filled, and how it is written."""

    def __init__(
        self, level: Level, folder: Path, signal: str, units: int, dtype: np.dtype[Any], steps: int, reverse: bool
    ) -> None:
        self.level = level
        self._folder, self._signal, self._units, self._dtype = folder, signal, units, dtype
        self._steps, self._reverse = steps, reverse
        self._number = -1
        self._tile: Array | None = None

    def add(self, start: int, rows: int, blocks: Any) -> None:
        """Take the blocks of a chunk that begins at step ``start``."""
        inside = self.level.steps
        for first in range(start, min(start + rows, self._steps), inside):
            at = (first - start) // self.level.block
            self._fill(first, blocks, slice(at, at + self.level.blocks))
            tile = self._number * inside
            stop = min(start + rows, tile + inside)
            if start <= tile if self._reverse else stop >= min(tile + inside, self._steps):
                self.flush()

    def flush(self) -> None:
        """Write the tile, however much of it there is."""
        if self._tile is not None:
            self._write(self._folder / self.level.file(self._signal, self._number), self._tile)
        self._tile = None

    def _fill(self, first: int, blocks: Any, part: slice) -> None:
        """Put blocks where step ``first`` belongs."""
        number, offset = divmod(first, self.level.steps)
        if self._tile is None:
            self._number, self._tile = number, self._blank()
        self._put(self._tile, offset // self.level.block, blocks, part)

    def _blank(self) -> Array:
        raise NotImplementedError

    def _put(self, tile: Array, at: int, blocks: Any, part: slice) -> None:
        raise NotImplementedError

    def _write(self, file: Path, tile: Array) -> None:
        raise NotImplementedError


class _SpanTiles(_Tiles):
    """A level of spans. A block longer than a chunk is gathered from several."""

    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self._sum: tuple[tuple[int, int], Array, Array] | None = None

    def _blank(self) -> Array:
        return np.full((self._units, 3, self.level.blocks), np.nan, self._dtype)

    def _put(self, tile: Array, at: int, blocks: Spans, part: slice) -> None:
        spans = Spans(blocks.low[part], blocks.total[part], blocks.count[part], blocks.high[part])
        if len(spans.low) == 1:
            place = (self._number, at)
            if self._sum is not None and self._sum[0] == place:
                low, high = tile[:, 0, at], tile[:, 2, at]
                spans = Spans(
                    np.fmin(spans.low, low), spans.total + self._sum[1], spans.count + self._sum[2],
                    np.fmax(spans.high, high),
                )  # fmt: skip
            self._sum = place, spans.total, spans.count
        tile[:, :, at : at + len(spans.low)] = spans.planes(self._dtype)

    def _write(self, file: Path, tile: Array) -> None:
        write_records(file, tile)


class _PeakTiles(_Tiles):
    """A level of peaks."""

    def _blank(self) -> Array:
        return no_keys((self.level.blocks, groups(self._units)), self._dtype)

    def _put(self, tile: Array, at: int, blocks: Array, part: slice) -> None:
        new = blocks[part]
        np.maximum(tile[at : at + len(new)], new, out=tile[at : at + len(new)])

    def _write(self, file: Path, tile: Array) -> None:
        write_checked(file, tile)
