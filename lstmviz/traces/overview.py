"""Overview: what is drawn of a trace that nobody can hold, from its pyramid and, where that is missing, its signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstmviz.traces.cells import Cells, Edges, cells
from lstmviz.traces.checksum import LENGTH
from lstmviz.traces.places import Place
from lstmviz.traces.pyramid import Level, group_size, groups, peak_levels, peaks_of, span_levels, tile_bytes, values_of
from lstmviz.traces.recent import Recent
from lstmviz.traces.stored import StoredArray
from lstmviz.traces.tiles import Tiles

Array = npt.NDArray[Any]

_STRIPS, _COLUMNS = 96 << 20, 8 << 20
"""Bytes of peaks, and of single units, that are kept for the neighbours of what was drawn."""
_SINGLE = 8
"""Up to so many steps a column the curve of one unit is drawn from its own values, not from blocks of 16."""
_FEW = 1 << 21
"""Values of a picture with more rows than groups that are looked at one by one."""
_RUN = 1024


@dataclass(frozen=True, eq=False)
class Envelope:
    """The curve of one unit: lowest, mean and highest of blocks of ``step`` steps, the first of which is ``first``.

    Each array is (blocks,), float32 or float64, with NaN where a block has no finite value; the last block may be
    shorter. With a step of 1 the three are the values themselves.
    """

    first: int
    step: int
    low: Array
    mean: Array
    high: Array


class Overview:
    """Pictures, curves and limits of the stored signals of one trace, without reading them whole.

    Every method raises TraceError where a chunk that it needs is missing or damaged, and KeyError for a signal that
    the trace does not store. What is still on its way from another computer is NaN, and is asked for again next time.
    """

    def __init__(
        self, place: Place, signals: Mapping[tuple[int, str, str], StoredArray], steps: int, meant: int
    ) -> None:
        """signals: by (layer, direction, name). meant: the steps that the pyramid was laid out for."""
        self.place, self._steps = place, steps
        self._tiles = {
            key: Tiles(place, f"layer{key[0]}/{key[1]}/{key[2]}", array, meant) for key, array in signals.items()
        }
        self._strips: Recent[tuple[Any, ...], _Strip] = Recent(_STRIPS)
        self._columns: Recent[tuple[Any, ...], Array] = Recent(_COLUMNS)

    def picture(self, signal: str, layer: int, direction: str, start: int, stop: int, columns: int, rows: int) -> Array:
        """(rows, columns) true values: of what each pixel covers the one furthest from its unit's mean.

        ``covered`` says what that is. float16 or float32; NaN only where a pixel covers nothing else.
        """
        key = (layer, direction, signal)
        tiles = self._tiles[key]
        plan = self._plan(tiles, start, stop, columns, rows)
        if plan.level is None:
            values = tiles.array.block(start, stop)
            peaks, first = peaks_of(values, np.nan_to_num(tiles.means), size=1), start
        else:
            peaks, first = self._strip(tiles, key, plan.level, plan.blocks[0][0], plan.blocks[1][-1])
        found = _furthest(peaks, plan.blocks[0] - first, plan.blocks[1] - first)
        return values_of(_furthest(np.ascontiguousarray(found.T), *plan.groups))

    def covered(
        self, signal: str, layer: int, direction: str, start: int, stop: int, columns: int, rows: int
    ) -> tuple[Cells, Cells]:
        """The first and the end (exclusive) of the steps that each column of a picture covers, and of each row's units.

        Columns are whole blocks, so that they begin up to one column early; rows are whole groups of units.
        """
        tiles = self._tiles[layer, direction, signal]
        plan = self._plan(tiles, start, stop, columns, rows)
        block, units = 1 if plan.level is None else plan.level.block, tiles.array.shape[1]
        group = 1 if plan.level is None else group_size(units)
        first, end = plan.blocks
        top, bottom = plan.groups
        return (first * block, np.minimum(end * block, self._steps)), (top * group, np.minimum(bottom * group, units))

    def _plan(self, tiles: Tiles, start: int, stop: int, columns: int, rows: int) -> _Plan:
        units = tiles.array.shape[1]
        if rows > groups(units) < units and (stop - start) * units <= _FEW:
            first, end = cells(stop - start, columns)
            return _Plan(None, (start + first, start + end), cells(units, rows))
        level = _level(peak_levels(tiles.meant), (stop - start) / columns)
        first, end = cells(stop - start, columns)
        at = (start + first) // level.block
        last = (start + end) // level.block if stop - start > columns else at + 1
        last[-1] = -(-(start + int(end[-1])) // level.block)
        return _Plan(level, (at, last), cells(groups(units), rows))

    def envelope(
        self, signal: str, layer: int, direction: str, unit: int, start: int, stop: int, columns: int
    ) -> Envelope:
        """The curve of one unit over steps ``start`` to ``stop``, for so many columns: a block is at most two wide."""
        tiles = self._tiles[layer, direction, signal]
        width = (stop - start) / max(1, columns)
        if width < _SINGLE:
            values = self._column(tiles, (layer, direction, signal), unit, start, stop)
            return Envelope(start, 1, values, values, values)
        level = _level(span_levels(tiles.meant), width)
        first, last = start // level.block, -(-stop // level.block)
        parts = []
        for number in range(first // level.blocks, -(-last // level.blocks)):
            key = (layer, direction, signal, level.block, number, unit)
            part = self._columns.get(key)
            if part is None:
                part, known = tiles.span_record(level, number, unit)
                if known:
                    self._columns.put(key, part, part.nbytes)
            low, high = first - number * level.blocks, last - number * level.blocks
            parts.append(part[:, max(0, low) : high])
        low, mean, high = np.concatenate(parts, axis=1)
        return Envelope(first * level.block, level.block, low, mean, high)

    def limits(self, signal: str, layer: int, direction: str) -> tuple[float, float]:
        """The lowest and the highest of all finite values; (NaN, NaN) where there is none."""
        return self._tiles[layer, direction, signal].limits

    def means(self, signal: str, layer: int, direction: str) -> Array:
        """The mean of each unit over all steps, (H,) float64, of its finite values; NaN where there is none."""
        return self._tiles[layer, direction, signal].means

    def _strip(self, tiles: Tiles, key: tuple[Any, ...], level: Level, first: int, last: int) -> tuple[Array, int]:
        """Peaks of a level that reach from block ``first`` to ``last``, and the number of their first block."""
        numbers = range(first // level.blocks, -(-last // level.blocks))
        kept = self._strips.get((*key, level.block))
        if kept is not None and numbers[0] in kept.numbers and numbers[-1] in kept.numbers:
            return kept.peaks, kept.numbers[0] * level.blocks
        size, known = tile_bytes(level, tiles.array.shape[1], tiles.array.dtype) - LENGTH, True
        data = np.empty(len(numbers) * size + LENGTH, np.uint8)
        peaks = tiles.keys(level, data, len(numbers))
        for at, number in enumerate(numbers):  # in this order: a tile's checksum is where the next one begins
            if kept is not None and number in kept.numbers:
                there = (number - kept.numbers[0]) * level.blocks
                peaks[at * level.blocks : (at + 1) * level.blocks] = kept.peaks[there : there + level.blocks]
            else:
                known &= tiles.fill_peaks(level, number, data[at * size : (at + 1) * size + LENGTH])
        if known:
            self._strips.put((*key, level.block), _Strip(numbers, peaks), peaks.nbytes)
        return peaks, numbers[0] * level.blocks

    def _column(self, tiles: Tiles, key: tuple[Any, ...], unit: int, start: int, stop: int) -> Array:
        """The values of one unit, (stop − start,)."""
        parts = []
        for number in range(start // _RUN, -(-stop // _RUN)):
            part = self._columns.get((*key, 1, number, unit))
            if part is None:
                part, known = tiles.array.known_block(number * _RUN, min((number + 1) * _RUN, self._steps), unit)
                if known:
                    self._columns.put((*key, 1, number, unit), part, part.nbytes)
            parts.append(part)
        at = start // _RUN * _RUN
        return np.concatenate(parts)[start - at : stop - at] if parts else np.empty(0, tiles.array.dtype)


@dataclass(frozen=True, eq=False)
class _Strip:
    """Neighbouring tiles of peaks in one array."""

    numbers: range
    peaks: Array


@dataclass(frozen=True, eq=False)
class _Plan:
    """What a picture is made of: a level, or None for the values themselves; its blocks and groups of each pixel."""

    level: Level | None
    blocks: Cells
    groups: Cells


def _level(levels: list[Level], width: float) -> Level:
    """The longest blocks that are not longer than a column."""
    return max((level for level in levels if level.block <= width), key=lambda level: level.block, default=levels[0])


def _furthest(peaks: Array, first: Edges, end: Edges) -> Array:
    """The largest of rows ``first`` to ``end`` of some peaks, for each pair: whole rows at once."""
    found = peaks[first]
    for offset in range(1, int((end - first).max())):
        np.maximum(found, peaks[np.minimum(first + offset, end - 1)], out=found)
    return found
