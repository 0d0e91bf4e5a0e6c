"""Levels of detail of what is in memory: a million steps drawn as fast as a thousand. No Qt.

For every array over time the lowest and highest values of blocks of 16, 64, 256 … steps are kept, so that a picture
looks at a few blocks for each of its columns. A value beyond all others is in a block, and so is never hidden.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]
_Words = npt.NDArray[np.uint64]

BLOCK, RATIO = 16, 4
"""The shortest blocks, and how many make one of the next level."""
_FEWEST_BLOCKS = 64
_PARTS = 4
"""A column is put together from at least so many blocks: an edge is then off by a quarter of a pixel at most."""
BITS = 64


def edges_of(start: int, stop: int, columns: int) -> Places:
    """The first step of each of so many columns over start ≤ t < stop, and the stop, (columns + 1,)."""
    return start + np.arange(columns + 1, dtype=np.intp) * (stop - start) // columns


def _level_of(width: float, levels: int) -> tuple[int, int]:
    """The coarsest of so many levels that serves columns of so many steps, and the steps in its blocks."""
    level, block = 0, 1
    while level + 1 < levels and (block * RATIO if level else BLOCK) * _PARTS <= width:
        level, block = level + 1, block * RATIO if level else BLOCK
    return level, block


def _blockwise(values: Array, end: np.ufunc, size: int) -> Array:
    """The lowest or highest of each block of rows; whole rows at once, four times as fast as reduceat."""
    whole = len(values) // size * size
    found = values[:whole:size].copy()
    for offset in range(1, size):
        end(found, values[offset:whole:size], out=found)
    if whole == len(values):
        return found
    return np.concatenate([found, end.reduce(values[whole:], axis=0, keepdims=True)])


class Levels:
    """The highest and lowest values of (T, K) over any columns of steps; NaN only where all values are."""

    def __init__(self, values: Array) -> None:
        self.values = values if values.ndim == 2 else values[:, None]

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def _levels(self) -> list[tuple[Array, Array]]:
        """(low, high) of every step, of every 16, of every 64 …"""
        low = high = self.values
        levels = [(low, high)]
        while len(low) > _FEWEST_BLOCKS * BLOCK:
            size = RATIO if len(levels) > 1 else BLOCK
            low, high = _blockwise(low, np.fmin, size), _blockwise(high, np.fmax, size)
            levels.append((low, high))
        return levels

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The lowest and the highest finite value of each column of values, (K,) each; NaN where there is none."""
        low, high = self._levels[-1]
        if not (np.isinf(low).any() or np.isinf(high).any()):
            return np.fmin.reduce(low, axis=0), np.fmax.reduce(high, axis=0)
        finite = np.where(np.isfinite(self.values), self.values, np.nan)
        return np.fmin.reduce(finite, axis=0), np.fmax.reduce(finite, axis=0)

    @cached_property
    def means(self) -> Array:
        """The mean of the finite values of each column of values, (K,), 0 where there is none."""
        known = np.isfinite(self.values)
        total = np.sum(self.values, axis=0, where=known, dtype=np.float64)
        means: Array = (total / np.maximum(known.sum(axis=0), 1)).astype(np.float32)
        return means

    def limits(self) -> tuple[float, float]:
        """The smallest range that holds all finite values, (0, 1) where there is none."""
        low, high = self.ends
        if np.isnan(low).all():
            return 0.0, 1.0
        return float(np.fmin.reduce(low)), float(np.fmax.reduce(high))

    def extremes(self, start: int, stop: int, columns: int) -> tuple[Array, Array]:
        """The lowest and the highest values of each of at most stop − start columns of steps, (columns, K) each."""
        edges = edges_of(start, stop, columns)
        level, block = _level_of((stop - start) / columns, len(self._levels))
        first, end = edges[:-1] // block, -(-stop // block)
        low, high = self._levels[level]
        return np.fmin.reduceat(low[:end], first, axis=0), np.fmax.reduceat(high[:end], first, axis=0)

    def rows(self, start: int, stop: int) -> Array:
        """The values themselves, (stop − start, K)."""
        return self.values[start:stop]

    def trail(self, column: int, start: int, stop: int, pixels: int) -> tuple[Array, Array]:
        """A curve over the shown steps as places in time and values: all of them, or for each pixel the two ends."""
        if stop - start <= 4 * pixels:
            first, end = max(start - 1, 0), min(stop + 1, len(self))
            return np.arange(first, end) + 0.5, self.values[first:end, column]
        low, high = self.extremes(start, stop, pixels)
        edges = edges_of(start, stop, pixels)
        times = np.repeat((edges[:-1] + edges[1:]) / 2, 2)
        return times, np.stack([low[:, column], high[:, column]], axis=1).ravel()


@dataclass(frozen=True, eq=False)
class Marks:
    """Which of ``count`` symbols occur in any columns of steps, 64 of them told apart; −1 is no symbol."""

    symbols: Places
    count: int

    @property
    def told_apart(self) -> int:
        """How many heights there are: one a symbol, or 64 for more of them."""
        return min(self.count, BITS)

    @cached_property
    def _levels(self) -> list[_Words]:
        known = self.symbols >= 0
        height = np.where(known, self.symbols, 0) * self.told_apart // max(1, self.count)
        words = np.where(known, np.left_shift(np.uint64(1), height.astype(np.uint64)), np.uint64(0))
        levels = [words]
        while len(words) > _FEWEST_BLOCKS * BLOCK:
            size = RATIO if len(levels) > 1 else BLOCK
            words = np.bitwise_or.reduceat(words, np.arange(0, len(words), size))
            levels.append(words)
        return levels

    def occur(self, start: int, stop: int, columns: int) -> npt.NDArray[np.bool_]:
        """Which heights have a symbol in each of at most stop − start columns, (told_apart, columns)."""
        level, block = _level_of((stop - start) / columns, len(self._levels))
        first, end = edges_of(start, stop, columns)[:-1] // block, -(-stop // block)
        words = np.bitwise_or.reduceat(self._levels[level][:end], first)
        bits = np.arange(self.told_apart, dtype=np.uint64)
        occur: npt.NDArray[np.bool_] = (words >> bits[:, None]) & np.uint64(1) > 0
        return occur


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of equal labels: starts[n] is the first step of run n, (R,), names[n] its label; ``stop`` ends the last."""

    starts: Places
    names: tuple[str, ...]
    stop: int

    @classmethod
    def of(cls, labels: Many[str], first: int = 0) -> Runs:
        """The runs of labels that belong to the steps from ``first`` on."""
        words = np.array(labels, dtype=object)
        begins = np.concatenate([[0], np.flatnonzero(words[1:] != words[:-1]) + 1]) if len(words) else np.zeros(0, int)
        return cls(begins.astype(np.intp) + first, tuple(words[begins].tolist()), first + len(words))

    def seen(self, start: int, stop: int, pixels: int) -> list[tuple[int, int, int]]:
        """(n, begin, end) of the runs within the shown steps; of those narrower than a pixel one for each pixel."""
        first = max(0, int(np.searchsorted(self.starts, start, "right")) - 1)
        last = int(np.searchsorted(self.starts, stop, "left"))
        if last - first > pixels:
            edges = edges_of(start, stop, pixels)
            middles = (edges[:-1] + edges[1:]) // 2
            shown = np.unique(np.searchsorted(self.starts, middles, "right") - 1)
            begins = np.maximum(self.starts[shown], start)
            return list(zip(shown.tolist(), begins.tolist(), [*begins[1:].tolist(), stop], strict=True))
        begins = np.append(self.starts[first:last], self.starts[last] if last < len(self.starts) else self.stop)
        begins = begins.clip(start, stop).tolist()
        return list(zip(range(first, last), begins[:-1], begins[1:], strict=True))
