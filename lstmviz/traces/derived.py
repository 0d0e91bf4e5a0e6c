"""Derived signals of a trace, for some of its steps: at once in memory, of one on the disk when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lstmviz.cells import gru, lstm, rnn
from lstmviz.cells.weights import GruWeights, LstmWeights, Weights
from lstmviz.traces.lazy import LazyArray, as_array

if TYPE_CHECKING:
    from lstmviz.traces.trace import Trace

Array = npt.NDArray[Any]
Steps = slice | npt.NDArray[np.intp]
"""Consecutive steps with both ends given, or some in ascending order."""


class Computed(LazyArray):
    """A signal whose rows are computed when they are asked for, and no others."""

    def __init__(self, steps: int, rows: Callable[[Steps], Array]) -> None:
        none = rows(slice(0, 0))
        super().__init__((steps, none.shape[1]), none.dtype)
        self._rows = rows

    def block(self, start: int, stop: int) -> Array:
        """Consecutive rows, (stop − start, H)."""
        return self._rows(slice(start, stop))

    def scattered(self, steps: npt.NDArray[np.intp]) -> Array:
        """Some rows, (n, H), in ascending order."""
        return self._rows(steps)


def is_lazy(trace: Trace) -> bool:
    """Whether the signals of a trace are on the disk."""
    return any(isinstance(array, LazyArray) for lane in trace.lanes.values() for array in lane.signals.values())


def derived(trace: Trace, name: str, layer: int, direction: str) -> Array:
    """A derived signal, (T, H): computed here, or Computed where the trace is lazy."""
    return _given(trace, partial(_derived, trace, name, layer, direction))


def previous(trace: Trace, name: str, layer: int, direction: str) -> Array:
    """A signal of the step before, (T, H): shifted by one against the direction, h0 or c0 at the edge."""
    return _given(trace, partial(_previous, trace, name, layer, direction))


def _given(trace: Trace, rows: Callable[[Steps], Array]) -> Array:
    if is_lazy(trace):
        return as_array(Computed(len(trace), rows))
    return rows(slice(0, len(trace)))


def _derived(trace: Trace, name: str, layer: int, direction: str, at: Steps) -> Array:
    from lstmviz.traces.trace import STATE

    lane = trace.lanes[layer, direction]
    signals = lane.signals
    if name == "x":
        return _layer_input(trace, layer, at)
    if name == "i":
        return 1 - signals["f"][at]
    if name == "kept":
        return signals["f"][at] * _previous(trace, STATE[trace.layers[layer].cell], layer, direction, at)
    if name == "written":
        i = signals["i"][at] if "i" in signals else 1 - signals["f"][at]
        return i * signals["g"][at]
    if name == "tanh_c":
        parts = [squashed(weights, signals["c"][part]) for part, weights in _stretches(trace, layer, direction, at)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    return _pre_activation(trace, name[1:], layer, direction, at)


def _pre_activation(trace: Trace, gate: str, layer: int, direction: str, at: Steps) -> Array:
    """z… of a gate, "" for that of a recurrent layer, each stretch of steps with its own weights."""
    signals, rows = trace.lanes[layer, direction].signals, []
    for part, weights in _stretches(trace, layer, direction, at):
        assert weights is not None  # names() offers z… only with weights
        x, h_prev = _layer_input(trace, layer, part), _previous(trace, "h", layer, direction, part)
        if isinstance(weights, LstmWeights):
            c_prev = _previous(trace, "c", layer, direction, part)
            rows.append(lstm.pre_activation(weights, gate, x, h_prev, c_prev, signals["c"][part]))
        elif isinstance(weights, GruWeights):
            rows.append(gru.pre_activation(weights, gate, x, h_prev, signals["r"][part]))
        else:
            rows.append(rnn.pre_activation(weights, x, h_prev))
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


def _previous(trace: Trace, name: str, layer: int, direction: str, at: Steps) -> Array:
    lane = trace.lanes[layer, direction]
    now = lane.signals[name]
    edge = lane.h0 if name == "h" else lane.c0
    if edge is None:
        edge = np.zeros(now.shape[1], now.dtype)
    last = len(now) - 1
    if not isinstance(at, slice):
        before = at + 1 if direction == "reverse" else at - 1
        rows: Array = now[np.clip(before, 0, last)]
        rows[(before < 0) | (before > last)] = edge
        return rows
    if direction == "reverse":
        inside = now[at.start + 1 : at.stop + 1]
        return inside if len(inside) == at.stop - at.start else np.concatenate([inside, edge[None]])
    if at.start or not at.stop:
        return now[max(0, at.start - 1) : max(0, at.stop - 1)]
    return np.concatenate([edge[None], now[: at.stop - 1]])


def _layer_input(trace: Trace, layer: int, at: Steps) -> Array:
    """What entered a layer: the inputs, or the h of the layer below, both directions joined."""
    if layer == 0:
        return trace.inputs[at]
    below = trace.layers[layer - 1]
    rows = [trace.lanes[layer - 1, side].signals["h"][at] for side in below.directions]
    return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)


def _stretches(trace: Trace, layer: int, direction: str, at: Steps) -> Iterator[tuple[Steps, Weights | None]]:
    """The steps that were computed with the same weights, and those weights."""
    lane, handover = trace.lanes[layer, direction], trace.handover
    first, last = (at.start, at.stop) if isinstance(at, slice) else (at[0], at[-1] + 1) if len(at) else (0, 0)
    if not handover or last <= handover:
        yield at, lane.weights
    elif first >= handover:
        yield at, lane.decoder
    elif isinstance(at, slice):
        yield slice(first, handover), lane.weights
        yield slice(handover, last), lane.decoder
    else:
        cut = int(np.searchsorted(at, handover))
        yield at[:cut], lane.weights
        yield at[cut:], lane.decoder


def squashed(weights: Weights | None, c: Array) -> Array:
    """tanh(c), which a layer norm scales before."""
    return lstm.squashed(weights if isinstance(weights, LstmWeights) else None, c)
