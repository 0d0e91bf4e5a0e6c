"""Gradient flow: how much of a loss's gradient reaches each step, and by which way it came there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstmviz.analysis.backward import PATHS, Backward, Floats, backward, input_gradient, nothing
from lstmviz.cells.weights import Weights
from lstmviz.errors import TraceError
from lstmviz.traces.trace import Trace

Array = npt.NDArray[np.floating]
Arrays = dict[str, Array]
_STEADY_FACTOR, _STEADY_CHANGE = 0.1, math.log(10)
"""Steady: within 10 % a step, and within a factor of 10 over the whole reach."""


@np.errstate(over="ignore", invalid="ignore")  # a gradient may explode beyond all numbers: that is what is looked for
def gradient_flow(trace: Trace, dy: Floats) -> Arrays:
    """∂L/∂h(t) and ∂L/∂c(t) of every layer, direction and step, by back-propagation through time.

    dy: ∂L/∂ of the last layer's h, directions joined, (T, R·D). The keys, with layer and direction in front
    (``0/forward/dh``):

        dh                       ∂L/∂h(t), (T, P)
        dc                       ∂L/∂c(t), (T, H), of an LSTM
        dc_through_c             its share through c itself, f(t+1) ⊗ ∂L/∂c(t+1)
        dc_through_out           … through h(t) straight to the read-out or the layer above
        dc_through_i _f _o _g    … through h(t) and that gate of the next step, or through the gate's peephole
        dh_through_h _out _r _f _g   the same of the h of a GRU, whose state it is; h: f(t+1) ⊗ ∂L/∂h(t+1)
        dh_through_out _z        the same of the h of a recurrent layer; z: through the next step

    The shares add up to the whole. All float64, in the order of time. In an encoder→decoder each step has its own
    part's weights. Raises TraceError for a trace without weights. Source: Werbos (1990); the path through c:
    Hochreiter and Schmidhuber (1997); Gers et al. (2000).
    """
    arrays: Arrays = {}
    above = np.asarray(dy, np.float64)
    for info in reversed(trace.layers):
        below = np.zeros((len(trace), info.inputs))
        for place, side in enumerate(info.directions):
            out = above[:, place * info.outputs : (place + 1) * info.outputs]
            found, dx = _lane(trace, info.index, side, out)
            arrays.update({f"{info.index}/{side}/{name}": array for name, array in found.items()})
            below += dx
        above = below
    return arrays


def _lane(trace: Trace, layer: int, side: str, out: Floats) -> tuple[Arrays, Floats]:
    """The arrays of one layer in one direction, and ∂L/∂ of what entered it, (T, F)."""
    lane, cell = trace.lanes[layer, side], trace.layers[layer].cell
    if lane.weights is None:
        raise TraceError(
            "“{trace}” was saved without weights; the gradient needs them. Record the model again.", trace=trace.name
        )
    turn = slice(None, None, -1 if side == "reverse" else 1)
    signals = {name: array[turn].astype(np.float64) for name, array in lane.signals.items()}
    for name in ("h", "c"):
        if name in signals:
            signals[f"{name}_prev"] = trace.previous(name, layer, side)[turn].astype(np.float64)
    x = signals["x"] = trace.signal("x", layer, side)[turn].astype(np.float64)
    stretches = _stretches(trace, lane.weights, lane.decoder)
    carry, done, inputs = nothing(lane.weights), [], []
    for steps, weights in reversed(stretches):
        run = backward(weights, {name: array[steps] for name, array in signals.items()}, out[turn][steps], carry)
        carry = run.carry
        done.append(run)
        inputs.append(input_gradient(weights, x[steps], run.dz) if layer else np.zeros_like(x[steps]))
    return _named(cell, done[::-1], turn), np.concatenate(inputs[::-1])[turn]


def _stretches(trace: Trace, weights: Weights, decoder: Weights | None) -> list[tuple[slice, Weights]]:
    """The steps that share their weights: all, or those of the encoder and those of the decoder."""
    if decoder is None:
        return [(slice(0, len(trace)), weights)]
    return [(slice(0, trace.handover), weights), (slice(trace.handover, len(trace)), decoder)]


def _named(cell: str, runs: list[Backward], turn: slice) -> Arrays:
    dh, parts = np.concatenate([run.dh for run in runs]), np.concatenate([run.parts for run in runs], axis=1)
    state = "dc" if cell == "lstm" else "dh"
    arrays: Arrays = {"dh": dh[turn]}
    arrays[state] = parts.sum(axis=0)[turn]
    for way, part in zip(PATHS[cell], parts, strict=True):
        arrays[f"{state}_through_{way}"] = part[turn]
    return arrays


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def norms(arrays: Mapping[str, Array]) -> Arrays:
    """What a picture of the flow needs: dh and dc as they are, (T, ·), and the norm of everything at each step.

    dh and dc are float32, or float64 where they are too large for that.

    The norm of ``0/forward/dc`` over its units is ``0/forward/norm/dc``, (T,) float64: right also where the gradient is
    too small for float32. ``norm/passed`` is that of what came to the state (c of an LSTM, else h) from later steps,
    all but its share through the output. Given what it gave before, it gives the same.
    """
    if any("/norm/" in key for key in arrays):
        return dict(arrays)
    found: Arrays = {}
    for key, array in arrays.items():
        lane, _, name = key.rpartition("/")
        found[f"{lane}/norm/{name}"] = _norm(array)
        if name in ("dh", "dc"):
            fits = not (np.abs(array) > np.finfo(np.float32).max).any()
            found[key] = array.astype(np.float32) if fits else array
        if name.endswith("_through_out"):
            found[f"{lane}/norm/passed"] = _norm(arrays[f"{lane}/{name[:2]}"] - array)
    return found


def _norm(array: Array) -> Floats:
    """‖·‖ of each row, scaled first: the squares of tiny numbers would be 0."""
    largest = np.abs(array).max(axis=1, initial=0.0).astype(np.float64)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    norm: Floats = scale * np.sqrt(((array / scale[:, None]) ** 2).sum(axis=1))
    return norm


@dataclass(frozen=True)
class Verdict:
    """What becomes of a gradient on its way back: its name, the factor a step, and the steps that it was fitted over.

    half_life: the steps after which half of it is left, or, where it grows, twice as much is there; ∞ for a factor of
    1. ``silent``: there is nothing to judge, no gradient or no earlier step.
    """

    kind: Literal["vanishing", "steady", "exploding", "silent"]
    factor: float = 1.0
    half_life: float = math.inf
    steps: int = 0


def verdict(flow: Mapping[str, Array], lane: str, step: int) -> Verdict:
    """Whether the gradient of a lane's state vanishes on its way back; flow: as ``norms`` gives it.

    step: the step whose loss is meant. The factor a step is e to the slope of ln ‖·‖ from there back to where it ends,
    by least squares. −1 for the losses of all steps: they feed the gradient everywhere, so what is fitted is the
    product over the steps of ‖what came from the step after‖ / ‖what was there‖. Steady is a factor within 10 % of 1
    that leaves the gradient within a factor of 10 over the whole reach.
    """
    state = "dc" if f"{lane}/dc" in flow else "dh"
    turn = slice(None, None, 1 if lane.endswith("reverse") else -1)
    whole, passed = flow[f"{lane}/norm/{state}"][turn], flow[f"{lane}/norm/passed"][turn]
    begin = step if turn.step == 1 else len(whole) - 1 - step
    path = _product(whole, passed) if step < 0 else whole[begin:]
    sound = _sound(path)
    reach = len(path) if sound.all() else int(np.argmin(sound))
    if not reach or len(path) < 2:
        return Verdict("silent")
    if reach < 2:  # gone, or beyond all numbers, after one step
        gone = path[reach] == 0
        return Verdict("vanishing", 0.0, 0.0, 1) if gone else Verdict("exploding", math.inf, 0.0, 1)
    slope = float(np.polyfit(np.arange(reach), np.log(path[:reach]), 1)[0])
    half_life = math.log(2) / abs(slope) if slope else math.inf
    steady = abs(math.expm1(slope)) <= _STEADY_FACTOR and abs(slope) * (reach - 1) <= _STEADY_CHANGE
    kind: Literal["vanishing", "steady", "exploding"] = "vanishing" if slope < 0 else "exploding"
    return Verdict("steady" if steady else kind, math.exp(slope), half_life, reach - 1)


def _sound(norm: Array) -> npt.NDArray[np.bool_]:
    sound: npt.NDArray[np.bool_] = np.isfinite(norm) & (norm > 0)
    return sound


def _product(whole: Array, passed: Array) -> Array:
    """1 and the running product of what each step passes on, over the steps that have something to pass."""
    there = _sound(whole[:-1])
    ratios = passed[1:][there] / whole[:-1][there]
    product: Array = np.concatenate([[1.0], np.cumprod(ratios)]) if len(ratios) else np.zeros(0)
    return product
