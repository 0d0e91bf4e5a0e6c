"""Where updates and values stand on the charts of a training, and thousands of them on a few pixels. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lstmviz.app.time_axis import round_up

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
FEWEST_UPDATES = 10
"""A run that has just begun is drawn as if it had so many updates: its first points do not fly about."""


@dataclass(frozen=True)
class UpdateAxis:
    """The updates 0..last over ``width`` pixels from ``left``."""

    last: float
    left: int
    width: int

    @classmethod
    def over(cls, updates: float, left: int, width: int) -> UpdateAxis:
        """The axis that holds so many updates."""
        return cls(max(updates, FEWEST_UPDATES), left, max(width, 1))

    def x(self, update: float) -> float:
        """The pixel of an update."""
        return self.left + update * self.width / self.last

    def xs(self, updates: Floats) -> Floats:
        """The pixels of updates, (N,)."""
        return self.left + updates * (self.width / self.last)

    def update(self, x: float) -> float:
        """The update under a pixel, the nearest one outside."""
        return min(max((x - self.left) * self.last / self.width, 0.0), self.last)

    def ticks(self, spacing: float = 90.0) -> tuple[int, ...]:
        """Round updates at least ``spacing`` pixels from each other."""
        apart = round_up(spacing * self.last / self.width)
        return tuple(range(0, int(self.last) + 1, apart))


@dataclass(frozen=True)
class ValueAxis:
    """The values low..high over ``height`` pixels, high at ``top``; low > 0 where it is logarithmic."""

    low: float
    high: float
    logarithmic: bool
    top: int
    height: int

    @classmethod
    def around(cls, values: Floats, logarithmic: bool, top: int, height: int) -> ValueAxis:
        """The axis that holds all finite values, (N,), with a little air; a logarithmic one passes over those ≤ 0."""
        good = values[np.isfinite(values) & (values > 0)] if logarithmic else values[np.isfinite(values)]
        if not good.size:
            return cls(0.1 if logarithmic else 0.0, 1.0, logarithmic, top, height)
        low, high = float(good.min()), float(good.max())
        if high - low <= 1e-9 * abs(high):  # one value, of which no scale is known: some room around it
            low, high = (low / 3, high * 3) if logarithmic else (low - abs(low) / 2, high + abs(high) / 2)
        if logarithmic:
            air = max((high / low) ** 0.06, 1.05)
            return cls(low / air, high * air, True, top, height)
        low = min(low, 0.0) if low < 0.3 * high else low  # a scale that is nearly at zero begins there
        air = (high - low or abs(high) or 1.0) * 0.06
        return cls(low if low == 0 else low - air, high + air, False, top, height)

    @cached_property
    def _ends(self) -> tuple[float, float]:
        return (math.log(self.low), math.log(self.high)) if self.logarithmic else (self.low, self.high)

    def ys(self, values: Floats) -> Floats:
        """The pixels of values, (N,); those that are not positive are NaN on a logarithmic axis."""
        low, high = self._ends
        if self.logarithmic:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(values)
        return self.top + (high - values) * (self.height / (high - low))

    def y(self, value: float) -> float:
        """The pixel of one value."""
        return float(self.ys(np.array([value]))[0])

    def ticks(self) -> tuple[float, ...]:
        """Round values: five or so on a linear axis; 1, 2 and 5, or powers of ten, on a logarithmic one."""
        most = max(3, self.height // 24)
        if not self.logarithmic:
            return _round_values(self.low, self.high, most)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for factors in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
            found = [
                value
                for power in range(first, last + 1)
                for factor in factors
                if self.low <= (value := factor * 10.0**power) <= self.high
            ]
            if len(found) <= most:
                break
        else:
            found = found[:: -(-len(found) // most)]
        return tuple(found) if len(found) > 1 else _round_values(self.low, self.high, most)


def _round_values(low: float, high: float, most: int) -> tuple[float, ...]:
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    apart = next((factor * power for factor in (1, 2, 5, 10) if factor * power >= rough), 10 * power)
    first = math.ceil(low / apart - 1e-9)
    return tuple(n * apart for n in range(first, math.floor(high / apart + 1e-9) + 1))


def window_of(updates: int) -> int:
    """How many updates the smoothed curve takes the mean of: a fortieth of them, rounded."""
    return round_up(updates / 40) if updates > 40 else 1


def means_at(values: Floats, window: int, places: Places) -> Floats:
    """The mean of the ``window`` values around each place, of fewer at either end; (N,), (K,) → (K,).

    Around it, not before it: else a fall of the loss would seem to come later than it does.
    """
    if window < 2:
        return values[places]
    sums = np.concatenate([[0.0], np.cumsum(values)])
    begins = np.maximum(places - (window - 1) // 2, 0)
    ends = np.minimum(places + window // 2 + 1, len(values))
    return np.asarray((sums[ends] - sums[begins]) / (ends - begins))


@dataclass(frozen=True, eq=False)
class Thinned:
    """Values over the updates, thinned to the pixels: x, low, high (K,) of all, mean_x and mean (M,) of the smoothed.

    thick: whether a place stands for several updates, and low and high differ. window: of the mean.
    """

    x: Floats
    low: Floats
    high: Floats
    mean_x: Floats
    mean: Floats
    thick: bool
    window: int


def thinned(updates: Floats, values: Floats, axis: UpdateAxis, *, positive: bool) -> Thinned:
    """What is drawn of values (N,) at rising updates (N,): those that are finite, or finite and positive.

    No more than one place a pixel: the lowest and highest of the updates that share it; and a place of the mean each
    second pixel.
    """
    good = np.isfinite(values) & (values > 0) if positive else np.isfinite(values)
    if not good.all():
        updates, values = updates[good], values[good]
    window = window_of(len(values))
    if len(values) <= axis.width:
        places = np.arange(len(values))
        x = axis.xs(updates)
        return Thinned(x, values, values, x, means_at(values, window, places), False, window)
    edges = np.arange(axis.width) * (axis.last / axis.width)
    first = np.unique(np.searchsorted(updates, edges))
    first = first[first < len(values)]
    last = np.append(first[1:], len(values)) - 1
    x = np.floor(axis.xs(updates[first])) + 0.5
    low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    shown = np.union1d(last[::2], last[-1:])
    return Thinned(x, low, high, axis.xs(updates[shown]), means_at(values, window, shown), True, window)
