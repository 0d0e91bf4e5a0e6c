"""The time axis: which pixel is which step, where the ticks stand and what they say. No Qt, no state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstmviz.app.numbers import grouped

Times = npt.NDArray[np.generic]

SMALLEST_RANGE = 4
"""Zooming in ends here: fewer steps than this say nothing about time."""


@dataclass(frozen=True)
class TimeAxis:
    """The steps start ≤ t < stop over ``width`` pixels from ``left``; every step is equally wide."""

    start: int
    stop: int
    left: float
    width: float

    @property
    def steps(self) -> int:
        """How many steps are shown."""
        return max(1, self.stop - self.start)

    @property
    def per_step(self) -> float:
        """Pixels a step."""
        return self.width / self.steps

    def edge(self, t: int) -> float:
        """The pixel where step t begins."""
        return self.left + (t - self.start) * self.per_step

    def centre(self, t: int) -> float:
        """The pixel in the middle of step t."""
        return self.edge(t) + self.per_step / 2

    def step(self, x: float) -> int:
        """The step under pixel x, the nearest shown one outside."""
        t = self.start + int(np.floor((x - self.left) / max(self.per_step, 1e-9)))
        return min(max(t, self.start), self.start + self.steps - 1)

    def ticks(self, spacing: float = 80.0) -> tuple[int, ...]:
        """Round steps (1, 2 or 5 times a power of ten apart) at least ``spacing`` pixels from each other."""
        apart = round_up(spacing / max(self.per_step, 1e-9))
        first = -(-self.start // apart) * apart
        return tuple(range(first, self.start + self.steps, apart))


def round_up(smallest: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not below ``smallest``."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= smallest:
                return factor * power
        power *= 10


def zoomed(start: int, stop: int, steps: int, factor: float, around: int) -> tuple[int, int]:
    """The range ``factor`` times as long with ``around`` at the same place in it, inside 0..steps."""
    length = min(steps, max(min(SMALLEST_RANGE, steps), round((stop - start) * factor)))
    place = (around - start) / max(1, stop - start)
    begin = round(around - place * length)
    begin = min(max(begin, 0), steps - length)
    return begin, begin + length


def panned(start: int, stop: int, steps: int, by: int) -> tuple[int, int]:
    """The range moved by so many steps, stopped at the ends of the trace."""
    length = min(stop - start, steps)
    begin = min(max(start + by, 0), steps - length)
    return begin, begin + length


def tick_label(t: int, times: Times | None, span: tuple[int, int]) -> str:
    """What a tick says: the step, or the time of the step where the sequence has times, as fine as the span needs."""
    if times is None:
        return grouped(t)
    if not np.issubdtype(times.dtype, np.datetime64):
        return f"{float(times[t]):g}"
    first, last = times[span[0]], times[min(span[1], len(times)) - 1]
    length = abs((last - first) / np.timedelta64(1, "s"))
    moment = str(np.datetime_as_string(times[t], unit="s"))
    date, clock = moment.split("T")
    if length > 3 * 365 * 86400:
        return date[:7]
    if length > 3 * 86400:
        return date
    return f"{date[5:]} {clock[:5]}" if length > 3 * 3600 else clock


def time_of(t: int, times: Times | None) -> str:
    """The whole time of a step, "" where the sequence has none."""
    if times is None:
        return ""
    if not np.issubdtype(times.dtype, np.datetime64):
        return f"{float(times[t]):g}"
    moment = str(np.datetime_as_string(times[t], unit="s")).replace("T", " ")
    return moment.removesuffix(" 00:00:00")
