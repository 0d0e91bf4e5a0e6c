"""Tiles: the pyramid of one signal as it is read; a tile that is missing or damaged is made from what lies below it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lstmviz.traces.buffers import Bytes
from lstmviz.traces.checksum import is_sound
from lstmviz.traces.places import Place, read_into
from lstmviz.traces.pyramid import (
    RATIO,
    Level,
    first_block,
    groups,
    key_type,
    merged_peaks,
    no_keys,
    peak_levels,
    peaks_of,
    record_bytes,
    span_levels,
    spans_of,
    tile_bytes,
)
from lstmviz.traces.recent import Recent
from lstmviz.traces.stored import StoredArray

Array = npt.NDArray[Any]
Found = tuple[Array, bool]
"""An array, and whether all of it is known; what is not is still on its way, and NaN."""

_MADE = 64 << 20
"""Bytes of tiles that had to be made, kept for all signals together."""
_made: Recent[tuple[Any, ...], Array] = Recent(_MADE)


class Tiles:
    """The pyramid of one signal. Every method raises TraceError where a chunk of the signal is needed and damaged."""

    def __init__(self, place: Place, signal: str, array: StoredArray, meant: int) -> None:
        self.array, self.meant = array, meant
        self._place, self._signal = place, signal
        self._steps, self._units = array.shape
        self._summary: tuple[Array, tuple[float, float]] | None = None

    @property
    def means(self) -> Array:
        """The mean of each unit, (H,) float64."""
        return self._all()[0]

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and highest finite value."""
        return self._all()[1]

    def span_record(self, level: Level, number: int, unit: int) -> Found:
        """Lowest, mean and highest of the blocks of one tile for one unit, (3, blocks)."""
        length = record_bytes(level, self.array.dtype)
        data, known = self._read(level, number, unit * length, length)
        if not known:
            return self._nothing(level, 1)[0], False
        if data is not None and len(data) == length and is_sound(data):
            return self._planes(data, level), True
        spans, known = self.spans(level, number)
        return spans[unit], known

    def spans(self, level: Level, number: int) -> Found:
        """Lowest, mean and highest of one tile for all units, (H, 3, blocks)."""
        if number * level.steps >= self._steps:
            return self._nothing(level, self._units), True
        data, known = self._whole(level, number)
        if not known:
            return self._nothing(level, self._units), False
        if data is not None:
            length = record_bytes(level, self.array.dtype)
            records = [data[at : at + length] for at in range(0, len(data), length)]
            if all(map(is_sound, records)):
                return np.stack([self._planes(record, level) for record in records]), True
        return self._made(level, number, self._make_spans)

    def peaks(self, level: Level, number: int) -> Found:
        """The peaks of one tile, (blocks, G)."""
        data = np.empty(tile_bytes(level, self._units, self.array.dtype), np.uint8)
        known = self.fill_peaks(level, number, data)
        return self.keys(level, data), known

    def keys(self, level: Level, data: Bytes, tiles: int = 1) -> Array:
        """The peaks in the bytes of some tiles side by side, (tiles · blocks, G)."""
        shape = (tiles * level.blocks, groups(self._units))
        kind = key_type(self.array.dtype).newbyteorder("<")
        return data[: shape[0] * shape[1] * kind.itemsize].view(kind).reshape(shape)

    def fill_peaks(self, level: Level, number: int, into: Bytes) -> bool:
        """Write the bytes of a tile of peaks into memory, from the disk or made; whether they are known."""
        keys, nothing = self.keys(level, into), no_keys((1, 1), self.array.dtype)
        if number * level.steps >= self._steps:
            keys[:] = nothing
            return True
        if level.block >= first_block(self._units):
            try:
                length = read_into(self._place, level.file(self._signal, number), into)
            except OSError:  # there is no such tile, or it cannot be read: the signal itself can
                length = 0
            if length is None:
                keys[:] = nothing
                return False
            if length == len(into) and is_sound(into):
                return True
        keys[:], known = self._made(level, number, self._make_peaks)
        return known

    def _all(self) -> tuple[Array, tuple[float, float]]:
        """The means and the limits, from the one tile that holds all steps."""
        if self._summary is not None:
            return self._summary
        level = span_levels(self.meant)[-1]
        spans, known = self.spans(level, 0)
        low, mean, high = (spans[:, n].astype(np.float64) for n in range(3))
        weights = np.where(np.isnan(mean), 0, self._lengths(level, 0))
        with np.errstate(invalid="ignore"):
            means = (np.nan_to_num(mean) * weights).sum(axis=1) / weights.sum(axis=1)
        some = weights.any()
        limits = (float(np.nanmin(low)), float(np.nanmax(high))) if some else (float("nan"), float("nan"))
        if known:
            self._summary = means, limits
        return means, limits

    def _lengths(self, level: Level, number: int) -> Array:
        """How many steps of the trace each block of a tile has, (blocks,)."""
        first = number * level.steps + np.arange(level.blocks) * level.block
        return np.clip(self._steps - first, 0, level.block).astype(np.float64)

    def _read(self, level: Level, number: int, start: int, size: int) -> tuple[bytes | None, bool]:
        """Bytes of a tile's file, None where there are none; and whether that is known."""
        try:
            data = self._place.read(level.file(self._signal, number), start, size)
        except OSError:  # there is no such tile, or it cannot be read: the signal itself can
            return None, True
        return data, data is not None

    def _whole(self, level: Level, number: int) -> tuple[bytes | None, bool]:
        length = tile_bytes(level, self._units, self.array.dtype)
        data, known = self._read(level, number, 0, length)
        return (data if data is not None and len(data) == length else None), known

    def _planes(self, record: bytes, level: Level) -> Array:
        kind = self.array.dtype.newbyteorder("<")
        return np.frombuffer(record, kind, 3 * level.blocks).reshape(3, level.blocks)

    def _nothing(self, level: Level, units: int) -> Array:
        return np.full((units, 3, level.blocks), np.nan, self.array.dtype)

    def _made(self, level: Level, number: int, make: Any) -> Found:
        """A tile that is not on the disk."""
        key = (self._place, self._signal, level, number)
        kept = _made.get(key)
        if kept is not None:
            return kept, True
        tile, known = make(level, number)
        if known:
            _made.put(key, tile, tile.nbytes)
        return tile, known

    def _rows(self, level: Level, number: int) -> Found:
        """The steps of a tile, filled up with NaN."""
        start = number * level.steps
        stop = min(start + level.steps, self._steps)
        found = np.full((level.steps, self._units), np.nan, np.result_type(self.array.dtype, np.float32))
        found[: stop - start], known = self.array.known_block(start, stop)
        return found, known

    def _make_spans(self, level: Level, number: int) -> Found:
        levels = span_levels(self.meant)
        at = levels.index(level)
        if not at:
            rows, known = self._rows(level, number)
            return spans_of(rows).planes(self.array.dtype), known
        parts = [self.spans(levels[at - 1], RATIO * number + n) for n in range(RATIO)]
        below = np.concatenate([part for part, _ in parts], axis=2).reshape(self._units, 3, -1, RATIO)
        lengths = np.concatenate([self._lengths(levels[at - 1], RATIO * number + n) for n in range(RATIO)])
        mean = below[:, 1].astype(np.float64)
        weights = np.where(np.isnan(mean), 0, lengths.reshape(-1, RATIO))
        with np.errstate(invalid="ignore"):
            means = (np.nan_to_num(mean) * weights).sum(axis=2) / weights.sum(axis=2)
        low, high = np.fmin.reduce(below[:, 0], axis=2), np.fmax.reduce(below[:, 2], axis=2)
        return np.stack([low, means, high], axis=1).astype(self.array.dtype), all(known for _, known in parts)

    def _make_peaks(self, level: Level, number: int) -> Found:
        levels = peak_levels(self.meant)
        at = levels.index(level)
        if not at:
            rows, known = self._rows(level, number)
            return peaks_of(rows, np.nan_to_num(self.means), rows.astype(self.array.dtype, copy=False)), known
        parts = [self.peaks(levels[at - 1], RATIO * number + n) for n in range(RATIO)]
        return merged_peaks(np.concatenate([part for part, _ in parts]), RATIO), all(known for _, known in parts)
