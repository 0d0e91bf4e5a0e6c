"""What the views read of a trace, in memory or beyond it: limits, pictures and curves, never a whole signal. No Qt.

A trace beyond memory has an overview, from which pictures and curves of any range are drawn; what is derived from its
signals has none, and is computed where few enough steps are shown. Single steps are read from the trace itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lstmviz.app import heat_map
from lstmviz.app.functions import functions_of
from lstmviz.app.levels import Levels
from lstmviz.app.strip_data import NEAR
from lstmviz.cells.activations import BOUNDED
from lstmviz.traces.trace import STATE, Array, Lane, Trace

if TYPE_CHECKING:
    from lstmviz.traces.overview import Envelope

Steps = npt.NDArray[np.floating]
_VALUES = 1 << 22
"""Values of a derived signal that are computed for one picture: some 20 ms."""
_PRODUCTS = 1_000_000_000
"""Products that a pre-activation may take for one picture."""
_PLACES, _IN_A_ROW = 8, 8
"""Where the limits of a pre-activation beyond memory are looked for: so many places, so many steps at each."""
_CLOSE = 1024
"""Steps of which a curve beyond memory is drawn value by value."""
_FINEST = 16
"""The shortest blocks of steps of which lowest, mean and highest are kept."""


def is_far(trace: Trace) -> bool:
    """Whether the signals of a trace are beyond memory."""
    return trace.overview is not None


def may_lack(trace: Trace) -> bool:
    """Whether steps without any value are steps that are not there, and no sign of numbers gone wrong."""
    return trace.overview is not None or bool(trace.recorded.note)


def span(trace: Trace, name: str, layer: int, direction: str) -> tuple[float, float]:
    """Two numbers between which all finite values of a signal lie, those of a derived one beyond memory with room."""
    if trace.overview is None:
        return _ends(trace.signal(name, layer, direction))
    lane, cell = trace.lanes[layer, direction], trace.layers[layer].cell
    if name in lane.signals:
        return _known(trace.overview.limits(name, layer, direction))
    if name == "kept":
        return _with_edge(_known(trace.overview.limits(STATE[cell], layer, direction)), lane, STATE[cell])
    if name == "written":
        return _known(trace.overview.limits("g", layer, direction))
    if name == "tanh_c":
        bounded = functions_of(lane.weights).output in BOUNDED
        return (-1.0, 1.0) if bounded else _known(trace.overview.limits("c", layer, direction))
    if name == "x":
        return _input_span(trace, layer)
    return _sampled(trace, name, layer, direction)


def _known(ends: tuple[float, float]) -> tuple[float, float]:
    """Limits, −1 and 1 where nothing is known of them."""
    return ends if np.isfinite(ends).all() else (-1.0, 1.0)


def limits(trace: Trace, name: str, layer: int, direction: str) -> tuple[float, float]:
    """The colour limits of a signal over the whole trace."""
    if trace.overview is None:
        return heat_map.limits(name, trace.signal(name, layer, direction))
    return heat_map.limits_of(name, *span(trace, name, layer, direction))


def is_sampled(trace: Trace, name: str) -> bool:
    """Whether the limits of a signal come from some of its steps, so that a value beyond them is clipped."""
    return is_far(trace) and name.startswith("z")


def _with_edge(ends: tuple[float, float], lane: Lane, state: str) -> tuple[float, float]:
    """The state before the first step belongs to what is kept."""
    edge = lane.h0 if state == "h" else lane.c0
    low, high = (0.0, 0.0) if edge is None else _ends(edge)
    return min(ends[0], low), max(ends[1], high)


def _input_span(trace: Trace, layer: int) -> tuple[float, float]:
    overview = trace.overview
    if layer == 0 or overview is None:
        stretches = [_ends(trace.inputs[start : start + NEAR]) for start in range(0, len(trace), NEAR)]
    else:
        stretches = [_known(overview.limits("h", layer - 1, side)) for side in trace.layers[layer - 1].directions]
    return min(low for low, _ in stretches), max(high for _, high in stretches)


def _sampled(trace: Trace, name: str, layer: int, direction: str) -> tuple[float, float]:
    begins = np.linspace(0, max(0, len(trace) - _IN_A_ROW), _PLACES).astype(np.intp)
    steps = np.unique((begins[:, None] + np.arange(_IN_A_ROW)).clip(0, len(trace) - 1))
    return _ends(trace.signal(name, layer, direction)[steps])


def _ends(values: Array) -> tuple[float, float]:
    """The lowest and the highest finite value, −1 and 1 where there is none."""
    finite = values[np.isfinite(values)] if not np.isfinite(values.sum()) else values
    return (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)


def most_steps(trace: Trace, name: str, layer: int, direction: str) -> int:
    """The longest range of which a picture of a signal can be had: the whole trace, but for what must be computed."""
    lane, info = trace.lanes[layer, direction], trace.layers[layer]
    if not is_far(trace) or name in lane.signals:
        return len(trace)
    most = _VALUES // info.units
    if name.startswith("z"):
        most = min(most, _PRODUCTS // (info.units * (info.inputs + info.outputs)))
    most = max(min(most, NEAR, len(trace)), 1)
    digit: int = 10 ** max(0, len(str(most)) - 2)
    return most // digit * digit  # a round number: the row says it


def picture(
    trace: Trace, name: str, layer: int, direction: str, steps: tuple[int, int], size: tuple[int, int]
) -> Array | None:
    """A signal over some steps as (rows, columns) true values, size: columns and rows; None where it is too much.

    Each is, of the values that share its place, the one furthest from its unit's mean.
    """
    overview = trace.overview
    if overview is not None and name in trace.lanes[layer, direction].signals:
        return overview.picture(name, layer, direction, *steps, *size)
    if steps[1] - steps[0] > most_steps(trace, name, layer, direction):
        return None
    return heat_map.reduced(trace.signal(name, layer, direction)[slice(*steps)], *size)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One unit's signal over some steps: values at times, with the lowest and highest around each where it is a mean.

    step: how many steps each value is the mean of, 1 where it is a value itself.
    """

    times: Steps
    values: Array
    band: tuple[Array, Array] | None = None
    step: int = 1


def _coarser(found: Envelope, columns: int) -> Drawn:
    """An envelope with no more blocks than columns: a mean of many pixels' steps is a line, of fewer a smear."""
    together = max(1, len(found.mean) // columns)
    first = np.arange(0, len(found.mean), together)
    low, high = np.fmin.reduceat(found.low, first), np.fmax.reduceat(found.high, first)
    known = np.isfinite(found.mean)
    total = np.add.reduceat(np.where(known, found.mean, 0).astype(np.float64), first)
    with np.errstate(invalid="ignore"):  # nothing known in all of them: NaN
        mean = total / np.add.reduceat(known.astype(np.float64), first)
    step = found.step * together
    return Drawn(found.first + (np.arange(len(mean)) + 0.5) * step, mean, (low, high), step)


@dataclass(frozen=True, eq=False)
class UnitSignal:
    """One signal of one unit, read as far as it is asked for."""

    trace: Trace
    name: str
    layer: int
    direction: str
    unit: int

    def __len__(self) -> int:
        return len(self.trace)

    def at(self, t: int) -> float:
        """The value at a step."""
        return float(self.trace.lanes[self.layer, self.direction].signals[self.name][t, self.unit])

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest finite value over all steps."""
        if self.trace.overview is None:
            return self._levels.limits()
        whole = self.trace.overview.envelope(self.name, self.layer, self.direction, self.unit, 0, len(self), 1)
        low, high = np.fmin.reduce(whole.low), np.fmax.reduce(whole.high)
        return (float(low), float(high)) if np.isfinite(low) and np.isfinite(high) else (-1.0, 1.0)

    def drawn(self, start: int, stop: int, pixels: int) -> Drawn:
        """The curve over some steps in so many pixels, a step beyond each end."""
        first, end = max(0, start - 1), min(len(self), stop + 1)
        if self.trace.overview is None:
            return Drawn(*self._levels.trail(0, start, stop, pixels))
        if end - first <= _CLOSE:
            return Drawn(np.arange(first, end) + 0.5, self._values(first, end))
        columns = max(1, min(pixels, (end - first) // _FINEST))
        where = (self.name, self.layer, self.direction, self.unit)
        found = self.trace.overview.envelope(*where, first, end, columns)
        return _coarser(found, columns)

    def measured(self, start: int, stop: int, columns: int) -> tuple[Array, int]:
        """What is known of some steps, (n, 1), at least one value, and of how many steps each is the mean: 1 in memory.

        Beyond memory there are means of at least so many blocks where the steps are many.
        """
        if self.trace.overview is None:
            return self._values(start, stop)[:, None], 1
        drawn = self.drawn(start, stop, columns)
        values = drawn.values[(drawn.times > start) & (drawn.times < stop) & np.isfinite(drawn.values), None]
        return (values if len(values) else np.full((1, 1), np.nan, np.float32)), drawn.step

    @cached_property
    def _levels(self) -> Levels:
        return Levels(self._values(0, len(self)))

    def _values(self, start: int, stop: int) -> Array:
        signal = self.trace.lanes[self.layer, self.direction].signals[self.name]
        values: Array = signal[start:stop, self.unit]
        return values
