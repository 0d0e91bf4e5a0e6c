"""The vectors of one frame, and the scales on which a trace's vectors are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lstmviz.app.functions import functions_of
from lstmviz.app.numbers import rounded_up
from lstmviz.app.reading import is_far, span
from lstmviz.cells import gru, lstm, rnn
from lstmviz.cells.activations import BOUNDED
from lstmviz.cells.gru import GruStep
from lstmviz.cells.lstm import LstmStep
from lstmviz.cells.rnn import RnnStep
from lstmviz.cells.weights import GruWeights, LstmWeights, RnnWeights, Weights
from lstmviz.session.snapshot import PHASES
from lstmviz.traces.trace import STATE, Trace

Array = npt.NDArray[np.floating]

COMPUTED_IN = {
    "c_prev": "",
    "h_prev": "combine",
    "x": "combine",
    "combine": "combine",
    "r": "f",
    "f": "f",
    "g": "g",
    "i": "i",
    "kept": "c",
    "written": "c",
    "c": "c",
    "o": "o",
    "tanh_c": "h",
    "z": "h",
    "h": "h",
}
"""The phase of the step in which each vector comes to be; "" for what was there before."""

_MOST_VALUES = 2_000_000
"""Values looked at for one limit: a few milliseconds. Longer traces are looked at in evenly spaced steps."""


@dataclass(frozen=True)
class Scale:
    """The limits of a colour map. ``sampled``: they come from some of the steps, so a value beyond them is clipped."""

    low: float
    high: float
    sampled: bool = False

    @property
    def signed(self) -> bool:
        """Whether zero is in the middle (the diverging map) and not at the closed end (the gates' map)."""
        return self.low < 0


GATE = Scale(0.0, 1.0)
UNIT = Scale(-1.0, 1.0)


def when(key: str, phase: int | None) -> int:
    """Where a vector stands inside the step: −1 computed before this phase, 0 in it, 1 later. No phase: all −1."""
    if phase is None or not COMPUTED_IN[key]:
        return -1
    own = PHASES.index(COMPUTED_IN[key])
    return (own > phase) - (own < phase)


def frame_values(trace: Trace, t: int, layer: int = 0, direction: str = "forward") -> dict[str, Array]:
    """Every vector of one layer's step t by name, (H,) each; x is (F,) and h, h_prev are (P,).

    LSTM: c_prev h_prev x f g i o kept written c tanh_c h. GRU: h_prev x r f g i kept written h. RNN: h_prev x h, and z
    where the lane has its weights.
    """
    lane, cell = trace.lanes[layer, direction], trace.layers[layer].cell
    weights = trace.weights_at(t, layer, direction)
    values = {name: array[t] for name, array in lane.signals.items()}
    values["h_prev"] = trace.previous_at(t, "h", layer, direction)
    values["x"] = trace.input_at(t, layer)
    if cell == "lstm":
        values["c_prev"] = trace.previous_at(t, "c", layer, direction)
        values["tanh_c"] = lstm.squashed(weights if isinstance(weights, LstmWeights) else None, values["c"])
    if cell == "gru":
        values["i"] = 1 - values["f"]
    if cell != "rnn":
        values["kept"] = values["f"] * values[f"{STATE[cell]}_prev"]
        values["written"] = values["i"] * values["g"]
    elif isinstance(weights, RnnWeights):
        values["z"] = rnn.pre_activation(weights, values["x"], values["h_prev"])
    return values


def step_at(trace: Trace, t: int, layer: int = 0, direction: str = "forward") -> LstmStep | GruStep | RnnStep:
    """Step t of a layer as `lstmviz.cells` writes it, from the trace's own signals.

    The pre-activations come from the weights where the lane has them; else they are the activation's inverse of the
    recorded signal: ln(f/(1 − f)) for a gate, artanh for the rest.
    """
    values, weights = frame_values(trace, t, layer, direction), trace.weights_at(t, layer, direction)
    cell, x, h_prev = trace.layers[layer].cell, values["x"], values["h_prev"]
    with np.errstate(divide="ignore", invalid="ignore"):
        if cell == "rnn":
            activation = weights.activation if isinstance(weights, RnnWeights) else "tanh"
            z = values["z"] if weights is not None else np.arctanh(values["h"])
            return RnnStep(x, h_prev, z, values["h"], activation)
        before = _pre_activations(weights, values, "ifog" if cell == "lstm" else "rfg")
    if cell == "gru":
        names: tuple[str, ...] = ("r", "f", "i", "g", "kept", "written", "h")
        return GruStep(x=x, h_prev=h_prev, **before, **{name: values[name] for name in names})
    names = ("c_prev", "i", "f", "o", "g", "kept", "written", "c", "tanh_c", "h")
    return LstmStep(x=x, h_prev=h_prev, **before, **{name: values[name] for name in names})


def _pre_activations(weights: Weights | None, values: Mapping[str, Array], gates: str) -> dict[str, Array]:
    """z… of every gate, by its name."""
    x, h_prev = values["x"], values["h_prev"]
    if isinstance(weights, LstmWeights):
        all_of_them = lstm.pre_activations(weights, x, h_prev, values["c_prev"], values["c"])
        return {f"z{gate}": z for gate, z in zip(gates, all_of_them, strict=True)}
    if isinstance(weights, GruWeights):
        return {f"z{gate}": gru.pre_activation(weights, gate, x, h_prev, values["r"]) for gate in gates}
    inverse = {f"z{gate}": np.log(values[gate] / (1 - values[gate])) for gate in gates if gate != "g"}
    return {**inverse, "zg": np.arctanh(values["g"])}


def scales(trace: Trace, layer: int = 0, direction: str = "forward") -> Mapping[str, Scale]:
    """The scale of every vector of a layer, fixed over the whole trace so that colours never jump between frames.

    Gates 0..1; g, written and tanh(c) −1..1, where they live, or as far as other functions let them; the state, c or in
    a GRU h, the state before and kept share ±max of it over the trace, h and h(t−1) share theirs, x has its own.
    """
    lane, cell = trace.lanes[layer, direction], trace.layers[layer].cell
    if is_far(trace):
        return _far_scales(trace, layer, direction)
    h = _limit(lane.signals["h"], lane.h0)
    x = _limit(*_inputs(trace, layer))
    if cell == "rnn":
        return {"h": h, "h_prev": h, "x": x, "z": _z_limit(trace, layer, direction)}
    if cell == "gru":
        bounded = functions_of(lane.weights).candidate in BOUNDED
        candidate = UNIT if bounded else _limit(lane.signals["g"])
        own = {**dict.fromkeys("rfi", GATE), **dict.fromkeys(("g", "written"), candidate)}
        return {**own, **dict.fromkeys(("h", "h_prev", "kept"), h), "x": x}
    c = _limit(lane.signals["c"], lane.c0)
    functions = functions_of(lane.weights)
    return {
        **dict.fromkeys("fio", GATE),
        **dict.fromkeys(("g", "written"), UNIT if functions.candidate in BOUNDED else _limit(lane.signals["g"])),
        "tanh_c": UNIT if functions.output in BOUNDED else c,
        **dict.fromkeys(("c", "c_prev", "kept"), c),
        **dict.fromkeys(("h", "h_prev"), h),
        "x": x,
    }


def _far_scales(trace: Trace, layer: int, direction: str) -> Mapping[str, Scale]:
    """The same of a trace beyond memory, from the limits that its overview knows."""
    lane, cell = trace.lanes[layer, direction], trace.layers[layer].cell

    def limit(name: str, *edges: Array | None) -> Scale:
        ends = [np.array(span(trace, name, layer, direction)), *(edge for edge in edges if edge is not None)]
        return Scale(*_ends(*ends))

    h, x = limit("h", lane.h0), limit("x")
    if cell == "rnn":
        z = replace(limit("z"), sampled=True) if "z" in trace.names(layer) else UNIT
        return {"h": h, "h_prev": h, "x": x, "z": z}
    functions = functions_of(lane.weights)
    own = {**dict.fromkeys("rfio", GATE), "h": h, "h_prev": h, "x": x}
    own |= dict.fromkeys(("g", "written"), UNIT if functions.candidate in BOUNDED else limit("g"))
    if cell == "gru":
        return own | {"kept": h}
    c = limit("c", lane.c0)
    return own | {"tanh_c": UNIT if functions.output in BOUNDED else c, **dict.fromkeys(("c", "c_prev", "kept"), c)}


def _inputs(trace: Trace, layer: int) -> tuple[Array, ...]:
    if layer == 0:
        return (trace.inputs,)
    return tuple(trace.lanes[layer - 1, side].signals["h"] for side in trace.layers[layer - 1].directions)


def _z_limit(trace: Trace, layer: int, direction: str) -> Scale:
    if "z" not in trace.names(layer):
        return UNIT
    steps = range(0, len(trace), max(1, len(trace) * trace.layers[layer].units // 50_000))
    rows = [frame_values(trace, t, layer, direction)["z"] for t in steps]
    return Scale(*_ends(np.stack(rows)), sampled=len(rows) < len(trace))


def _every(array: Array) -> int:
    return max(1, math.ceil(array.size / _MOST_VALUES))


def _limit(*arrays: Array | None) -> Scale:
    """A symmetric scale that holds all the arrays, or every so many of their steps where they are long."""
    looked_at = [array[:: _every(array)] for array in arrays if array is not None]
    sampled = any(array is not None and _every(array) > 1 for array in arrays)
    return Scale(*_ends(*looked_at), sampled=sampled)


def _ends(*arrays: Array) -> tuple[float, float]:
    """−m, m with m the largest magnitude, NaN and infinities aside, rounded up as in the heat maps; ±1 for all zero."""
    peak = 0.0
    for array in arrays:
        high, low = float(np.fmax.reduce(array, axis=None)), float(np.fmin.reduce(array, axis=None))
        peak = max(peak, high if math.isfinite(high) else 0.0, -low if math.isfinite(low) else 0.0)
    peak = (rounded_up(peak) if peak > 1e-300 else 0.0) or 1.0
    return -peak, peak
