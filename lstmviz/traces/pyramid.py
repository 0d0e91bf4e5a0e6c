"""The pyramid of a signal: what is drawn of a million steps, made while they are written.

    lstmviz/overview/layer0/forward/f/spans16.0   per unit lowest, mean, highest of blocks of 16, 64, 256 … steps
    lstmviz/overview/layer0/forward/f/peaks1.0    of g units × 1, 4, 16 … steps the value furthest from its unit's mean

Both come in tiles along time, of SPANS and PEAKS blocks. A tile of spans has a record a unit, (3, blocks), each with
its checksum, so that the curve of one unit is read without the others; only finite values count, and NaN stands where
there are none. A tile of peaks is (blocks, groups) whole numbers with one checksum: the value's own bits in the lower
half, and in the upper half how far it is from its unit's mean so far, so that the larger number is the one to draw.
NaN has the distance 0, every other value 1 more than the bits of its distance. Groups are of g = ⌈H / 128⌉ units;
peaks begin at blocks of 1, 4 or 16, so that they take a third to a half of what the signal does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstmviz.traces.checksum import LENGTH

Array = npt.NDArray[Any]

SPANS, PEAKS = 256, 1024
"""Blocks in one tile."""
RATIO = 4
FINEST = 16
"""Steps in the shortest blocks of spans."""
GROUPS = 128
"""The most groups of units that peaks tell apart."""
FOLDER = "lstmviz/overview"
_AT_ONCE = 64
"""Rows that are ranked together: what they need fits into a processor's cache."""


@dataclass(frozen=True)
class Level:
    """One level of a pyramid: kind ``spans`` or ``peaks``, steps in a block, blocks in a tile."""

    kind: str
    block: int
    blocks: int

    @property
    def steps(self) -> int:
        """Steps in one tile."""
        return self.block * self.blocks

    def file(self, signal: str, tile: int) -> str:
        """The file of one tile of a signal."""
        return f"{FOLDER}/{signal}/{self.kind}{self.block}.{tile}"


def span_levels(steps: int) -> list[Level]:
    """The levels of spans for so many steps: until one tile holds them all."""
    return _levels("spans", FINEST, SPANS, steps)


def peak_levels(steps: int) -> list[Level]:
    """The levels of peaks for so many steps, blocks of 1 first."""
    return _levels("peaks", 1, PEAKS, steps)


def _levels(kind: str, block: int, blocks: int, steps: int) -> list[Level]:
    found = [Level(kind, block, blocks)]
    while found[-1].steps < steps:
        found.append(Level(kind, found[-1].block * RATIO, blocks))
    return found


def group_size(units: int) -> int:
    """g, the units in one group."""
    return max(1, -(-units // GROUPS))


def first_block(units: int) -> int:
    """The shortest blocks of which peaks are kept; what is drawn of shorter ones is made from the signal."""
    size = group_size(units)
    return 1 if size > 4 else RATIO if size > 1 else RATIO * RATIO


def groups(units: int) -> int:
    """G, how many groups so many units make."""
    return -(-units // group_size(units))


def tile_bytes(level: Level, units: int, dtype: npt.DTypeLike) -> int:
    """The length of a tile's file."""
    if level.kind == "spans":
        return units * record_bytes(level, dtype)
    return level.blocks * groups(units) * key_type(dtype).itemsize + LENGTH


def record_bytes(level: Level, dtype: npt.DTypeLike) -> int:
    """The length of what a tile of spans has of one unit."""
    return 3 * level.blocks * np.dtype(dtype).itemsize + LENGTH


def key_type(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """The type of a peak: 32 bits for float16, else 64; the value of a float64 is kept as float32."""
    return np.dtype(np.uint32 if np.dtype(dtype).itemsize == 2 else np.uint64)


def no_keys(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Peaks of which nothing is known: NaN."""
    half = np.float16 if np.dtype(dtype).itemsize == 2 else np.float32
    return np.full(shape, np.array(np.nan, half).view(f"u{np.dtype(half).itemsize}"), key_type(dtype))


def values_of(keys: Array) -> Array:
    """The values of peaks, of the same shape; float16 or float32."""
    half = np.dtype(np.float16 if keys.dtype.itemsize == 4 else np.float32)
    return keys.astype(f"u{half.itemsize}").view(half)


def peaks_of(rows: Array, means: Array, values: Array | None = None, size: int = 0, block: int = 1) -> Array:
    """The peaks of blocks of ``block`` steps, 1 but for groups of one unit, and groups of ``size`` or g units.

    rows (n, H) and their units' means (H,) give (n / block, G). values: the rows as they are stored, where that is in a
    shorter float type; what is given is always one of them.
    """
    values, size = rows if values is None else values, size or group_size(rows.shape[1])
    half = np.dtype(np.float16 if values.dtype.itemsize == 2 else np.float32)
    places = size * block
    parts = [_ranked(rows[at : at + _AT_ONCE], means, size, block) for at in range(0, len(rows), _AT_ONCE)]
    rank = np.concatenate(parts) if parts else np.empty((0, -(-rows.shape[1] // size)), np.uint32)
    inside = np.uint32((1 << (places - 1).bit_length()) - 1)
    if size > 1:
        unit = (rank & inside).astype(np.intp) + np.arange(rank.shape[1]) * size
        values = np.take_along_axis(values, unit, axis=1)
    elif block > 1:
        step = (rank & inside).astype(np.intp) + np.arange(len(rank))[:, None] * block
        values = np.take_along_axis(values, step, axis=0)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(values.astype(half, copy=False))
        away = (rank & ~inside).view(np.float32).astype(half, copy=False)
    return _keys(values, away)


def _keys(values: Array, away: Array) -> Array:
    """Values and their distances, both of the same float type, as one whole number each."""
    bits = f"u{values.dtype.itemsize}"
    pairs = np.empty((*values.shape, 2), bits)
    pairs[..., 0] = values.view(bits)
    np.add(away.view(bits), 1, out=pairs[..., 1])
    unknown = np.isnan(values)
    if unknown.any():
        pairs[..., 1][unknown] = 0
    found: Array = pairs.view(key_type(values.dtype))[..., 0]
    return found


def _ranked(rows: Array, means: Array, size: int, block: int) -> Array:
    """How far the furthest of each group or block is, as float32 bits, with its place in the lowest of them.

    A distance has no sign and so the same order as its bits; those of a place take the place of its last digits.
    """
    low = (size * block - 1).bit_length()
    with np.errstate(invalid="ignore", over="ignore"):
        away = np.subtract(rows, means.astype(rows.dtype, copy=False), dtype=np.promote_types(rows.dtype, np.float32))
    rank: Array = away.astype(np.float32, copy=False).view(np.uint32)
    rank &= np.uint32((0x7FFFFFFF >> low) << low)
    unknown = np.isnan(away)
    if unknown.any():
        rank = np.where(unknown, np.uint32(0), np.maximum(rank, np.uint32(1 << low)))
    if size > 1:
        return _furthest_unit(rank, size)
    if block == 1:
        return rank
    blocks = rank.reshape(-1, block, rank.shape[1])
    blocks |= np.arange(block, dtype=np.uint32)[:, None]
    found: Array = blocks.max(axis=1)
    return found


def _furthest_unit(rank: Array, size: int) -> Array:
    """The largest of each group of units, with its place in the group, (n, G)."""
    short = -rank.shape[1] % size
    if short:
        rank = np.pad(rank, ((0, 0), (0, short)))
    rank |= np.tile(np.arange(size, dtype=np.uint32), rank.shape[1] // size)
    if short:
        rank[:, -short:] = 0
    flat = rank.reshape(-1)
    found: Array = np.maximum(flat[0::size], flat[1::size])
    for place in range(2, size):
        np.maximum(found, flat[place::size], out=found)
    return found.reshape(len(rank), -1)


def merged_peaks(keys: Array, number: int) -> Array:
    """The peaks of so many blocks each: (number · n, G) give (n, G)."""
    found: Array = keys if number == 1 else keys.reshape(-1, number, keys.shape[1]).max(axis=1)
    return found


@dataclass
class Spans:
    """Lowest, sum and highest of blocks, each (blocks, H), and how many values each sum has; sums are float64."""

    low: Array
    total: Array
    count: Array
    high: Array

    @property
    def mean(self) -> Array:
        """The means, NaN where there is no value."""
        with np.errstate(invalid="ignore"):
            found: Array = self.total / self.count
        return found

    def merged(self, number: int) -> Spans:
        """The spans of so many blocks each."""
        if number == 1:
            return self

        def together(array: Array) -> Array:
            return array.reshape(-1, number, array.shape[1])

        return Spans(
            np.fmin.reduce(together(self.low), axis=1),
            together(self.total).sum(axis=1),
            together(self.count).sum(axis=1),
            np.fmax.reduce(together(self.high), axis=1),
        )

    def planes(self, dtype: npt.DTypeLike) -> Array:
        """Lowest, mean, highest as they are kept, (H, 3, blocks)."""
        return np.stack([self.low.T, self.mean.T, self.high.T], axis=1).astype(dtype, copy=False)


def spans_of(rows: Array) -> Spans:
    """The spans of blocks of 16 steps: rows (16 n, H) in float32 or float64, of which only finite values count."""
    blocks = rows.reshape(-1, FINEST, rows.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        total = blocks.sum(axis=1)
    if np.isfinite(total).all():
        count = np.full(total.shape, float(FINEST))
        return Spans(blocks.min(axis=1), total.astype(np.float64, copy=False), count, blocks.max(axis=1))
    known = np.isfinite(blocks)
    only = np.where(known, blocks, np.nan)
    return Spans(
        np.fmin.reduce(only, axis=1),
        np.where(known, blocks, 0).sum(axis=1, dtype=np.float64),
        known.sum(axis=1, dtype=np.float64),
        np.fmax.reduce(only, axis=1),
    )
