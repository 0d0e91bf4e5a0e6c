"""The gradient flow as rows over time: which lane's curve, band and heat map stand where, and what they show. No Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstmviz.analysis.backward import PATHS
from lstmviz.analysis.gradient_flow import Verdict, norms, verdict
from lstmviz.app.numbers import number
from lstmviz.language import tr
from lstmviz.session.run_view import FlowView
from lstmviz.traces.trace import Trace

Array = npt.NDArray[np.floating]
HEADER, BAND, GAP = 20, 14, 4
_LOWEST_CURVE, _LOWEST_MAP = 54, 32
_HIGHEST = 300
DECADES_OF_CURVES, DECADES_OF_MAPS = 15, 6
"""How far below the largest value curves and colours reach."""


@dataclass(frozen=True, eq=False)
class FlowLane:
    """One layer in one direction.

    state: the sign of what carries the memory, c or h. curves: the norms by sign, (T,). shares: of the state's
    gradient by the way it came, the norms as parts of their sum, (K, T). map: log10 |∂L/∂state|, (T, H). top: the
    decade of the largest norm and of the largest value; bottom: those at which curves and colours end.
    """

    layer: int
    direction: str
    state: str
    curves: Mapping[str, Array]
    ways: tuple[str, ...]
    shares: Array
    map: Array
    top: tuple[float, float]
    bottom: tuple[float, float]
    verdict: Verdict

    def value(self, t: int, unit: int) -> float:
        """|∂L/∂state| of a unit, as the map shows it."""
        return float(10.0 ** float(self.map[t, unit]))


@dataclass(frozen=True)
class Place:
    """Where a lane stands: the pixels at which its header, curve, band and heat map begin, and the heights of two."""

    header: int
    curve: int
    curve_height: int
    band: int
    map: int
    map_height: int

    @property
    def bottom(self) -> int:
        """The first pixel below."""
        return self.map + self.map_height


def lanes_of(trace: Trace, flow: FlowView) -> tuple[FlowLane, ...]:
    """Every lane of the flow, the layer nearest the loss first; none where the arrays are of another trace."""
    arrays = norms(flow.arrays)
    found = []
    for info in reversed(trace.layers):
        for side in info.directions:
            lane = f"{info.index}/{side}"
            if len(arrays.get(f"{lane}/norm/dh", ())) != len(trace):
                return ()
            found.append(_lane(arrays, lane, PATHS[info.cell], flow.step))
    return tuple(found)


def _lane(arrays: Mapping[str, Array], lane: str, ways: tuple[str, ...], step: int) -> FlowLane:
    state = "c" if f"{lane}/dc" in arrays else "h"
    curves = {sign: arrays[f"{lane}/norm/d{sign}"] for sign in dict.fromkeys(("h", state))}
    parts = np.stack([arrays[f"{lane}/norm/d{state}_through_{way}"] for way in ways])
    total = parts.sum(axis=0)
    sound = np.isfinite(total) & (total > 0)
    shares = np.where(sound, parts / np.where(sound, total, 1.0), 0.0)
    values = _logs(arrays[f"{lane}/d{state}"])
    high, low = _decades([_logs(curve) for curve in curves.values()], DECADES_OF_CURVES)
    top, bottom = _decades([values], DECADES_OF_MAPS)
    values = np.where(np.isnan(values), bottom, values).clip(bottom, top)
    found = verdict(arrays, lane, step)
    layer, _, side = lane.partition("/")
    return FlowLane(int(layer), side, state, curves, ways, shares, values, (high, top), (low, bottom), found)


def _logs(values: Array) -> Array:
    """log10 of the magnitudes, NaN for zero and for what is no number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.abs(values).astype(np.float64))
    return np.where(np.isfinite(logs), logs, np.nan)


def logs(curve: Array, lane: FlowLane) -> Array:
    """A norm's log10 as it is drawn: it ends at the lower limit."""
    drawn = _logs(curve)
    return np.where(drawn < lane.bottom[0], np.nan, drawn)


def _decades(arrays: list[Array], most: int) -> tuple[float, float]:
    """The decades that hold all the logarithms, at most so many down from the largest."""
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if not finite.size:
        return 0.0, -1.0
    top = math.ceil(float(finite.max()) + 1e-9)
    bottom = math.floor(float(finite.min()))
    return float(top), float(max(min(bottom, top - 1), top - most))


def places_of(count: int, room: int) -> tuple[tuple[Place, ...], int]:
    """Where so many lanes stand in ``room`` pixels, and the pixels that they need where that is more."""
    fixed = HEADER + BAND + 4 * GAP
    free = max(room // max(1, count) - fixed, _LOWEST_CURVE + _LOWEST_MAP)
    free = min(free, 2 * _HIGHEST)
    curve = max(_LOWEST_CURVE, round(0.58 * free))
    places, y = [], 0
    for _ in range(count):
        top = y + HEADER
        band = top + curve + GAP
        places.append(Place(y, top, curve, band, band + BAND + GAP, free - curve))
        y = places[-1].bottom + 2 * GAP
    return tuple(places), y


def verdict_words(found: Verdict) -> str:
    """A verdict as a person says it."""
    if found.kind == "silent":
        return tr("no gradient reaches another step")
    if found.kind == "steady":
        return tr("steady: ×{factor} a step over {steps} steps", factor=_factor(found), steps=found.steps)
    if found.kind == "vanishing":
        if not found.factor:
            return tr("vanishing: nothing is left one step away")
        return tr("vanishing: ×{factor} a step, half after {steps} steps", factor=_factor(found), steps=_life(found))
    if math.isinf(found.factor):
        return tr("exploding: beyond all numbers one step away")
    return tr("exploding: ×{factor} a step, double after {steps} steps", factor=_factor(found), steps=_life(found))


def _factor(found: Verdict) -> str:
    close = abs(found.factor - 1) < 0.0995
    return number(found.factor, 3 if close else 2)


def _life(found: Verdict) -> str:
    return number(found.half_life, 1 if found.half_life < 99.5 else 0)


def magnitude(value: float) -> str:
    """A number of any size in few letters: 0.042, 3.1e−7, 0."""
    if value == 0 or not math.isfinite(value) or 0.001 <= abs(value) < 1000:
        return number(value, 3) if value and abs(value) < 10 else number(value, 0 if value == 0 else 1)
    mantissa, _, power = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(power)}".replace("-", "−")


def decade(power: float) -> str:
    """A limit of a logarithmic axis: 1, 10, 1e−6."""
    return {0: "1", 1: "10", -1: "0.1", 2: "100", -2: "0.01"}.get(int(power), f"1e{int(power)}".replace("-", "−"))


def way_words(way: str, state: str) -> str:
    """A way by which the gradient came, in words."""
    if way == state:
        return tr("through {state} itself, from the step after", state=state)
    if way == "out":
        return tr("through h(t) straight to what reads it")
    if way == "z":
        return tr("through h(t) and the step after")
    return tr("through h(t) and {gate} of the step after", gate=way)
