"""One step of each cell backwards: from the gradient that leaves a stretch of steps to the one that enters it.

Everything here stands in the order in which the cell worked, in float64. A ``Carry`` is what step t+1 hands to step t.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstmviz.cells.activations import slope
from lstmviz.cells.gru import pre_activation as gru_z
from lstmviz.cells.lstm import norm_scale, normalised, pre_activations, squashed
from lstmviz.cells.rnn import pre_activation as rnn_z
from lstmviz.cells.weights import GATES, GRU_GATES, GruWeights, LayerNorm, LstmWeights, RnnWeights, Weights

Floats = npt.NDArray[np.float64]
Signals = Mapping[str, Floats]

PATHS = {"lstm": ("c", "out", *GATES), "gru": ("h", "out", *GRU_GATES), "rnn": ("out", "z")}
"""The ways by which a state's gradient comes: through the state itself, through the output h(t) straight to what reads
it, and through each part of the next step that h(t) enters."""


@dataclass(frozen=True, eq=False)
class Carry:
    """What a step hands to the one before it.

    h: ∂L/∂h(t−1) by the parts of the cell that h(t−1) entered, (K, P). c: ∂L/∂c(t−1) through c itself, (H,).
    peeps: ∂L/∂c(t−1) through the peepholes of i and f, (2, H).
    """

    h: Floats
    c: Floats
    peeps: Floats


@dataclass(frozen=True, eq=False)
class Backward:
    """The gradients over a stretch of T steps.

    dh: ∂L/∂h(t), (T, P). parts: those of the state, c of an LSTM, else h, by the way they came, (K, T, H), in the order
    of PATHS. dz: ∂L/∂ of what the input is weighed into, (T, n·H), from which ``input_gradient`` follows.
    """

    dh: Floats
    parts: Floats
    dz: Floats
    carry: Carry


def nothing(weights: Weights) -> Carry:
    """What enters the last step."""
    ways = 1 if isinstance(weights, RnnWeights) else 4
    return Carry(np.zeros((ways, weights.outputs)), np.zeros(weights.units), np.zeros((2, weights.units)))


def backward(weights: Weights, signals: Signals, out: Floats, carry: Carry) -> Backward:
    """Back through a stretch of steps of one cell.

    signals: the trace's, (T, H) each, with ``x``, ``h_prev`` and ``c_prev``. out: ∂L/∂h(t) by the read-out or the layer
    above, (T, P). carry: from the step after the stretch.
    """
    if isinstance(weights, LstmWeights):
        return _lstm(weights, signals, out, carry)
    if isinstance(weights, GruWeights):
        return _gru(weights, signals, out, carry)
    return _rnn(weights, signals, out, carry)


def input_gradient(weights: Weights, x: Floats, dz: Floats) -> Floats:
    """∂L/∂x(t), (T, F), of dz; x: (T, F), which layer normalisation needs."""
    wx = weights.wx.astype(np.float64)
    if isinstance(weights, LstmWeights) and weights.norm is not None:
        entered = x @ wx
        dz = _norm_backward(dz * weights.norm.x, entered, weights.norm.eps)
    result: Floats = dz @ wx.T
    return result


def _lstm(w: LstmWeights, s: Signals, out: Floats, carry: Carry) -> Backward:
    """The LSTM backwards (Hochreiter and Schmidhuber 1997; with forget gate and peepholes Gers et al. 2000, 2002).

        ∂L/∂c(t) = o ⊗ tanh′(c) ⊗ ∂L/∂h(t) + f(t+1) ⊗ ∂L/∂c(t+1)
        ∂L/∂z = (∂c ⊗ g ⊗ i′, ∂c ⊗ c(t−1) ⊗ f′, ∂h ⊗ tanh c ⊗ o′, ∂c ⊗ i ⊗ g′)        ∂L/∂h(t−1) = Wh ∂L/∂z

    A projection, peepholes, layer normalisation and other functions stand where the cell has them.
    """
    i, f, o, g, c = (s[name] for name in "ifogc")
    let_through = squashed(w, c)
    slopes = _gate_slopes(w, s) * np.stack([g, s["c_prev"], let_through, i])
    opened = o * slope(w.functions.output, let_through)
    whr = None if w.whr is None else w.whr.T.astype(np.float64)
    peephole = np.zeros((3, w.units)) if w.peephole is None else w.peephole.astype(np.float64)
    gates = _Gates(w, s["h_prev"])
    end = w.functions.cell_clip
    free = np.abs(c) < end if end else np.ones_like(c)
    steps = len(c)
    dh, parts, dz = np.empty_like(out), np.empty((6, steps, w.units)), np.empty((steps, 4, w.units))
    for t in reversed(range(steps)):
        ways = np.concatenate([out[t : t + 1], carry.h])
        dh[t] = ways.sum(axis=0)
        ways = ways if whr is None else ways @ whr
        at_o = ways.sum(axis=0) * slopes[2, t]
        parts[0, t], parts[1:, t] = carry.c, _state_slope(w.norm, ways * opened[t], c[t])
        parts[2:5, t] += *carry.peeps, peephole[2] * at_o
        dc = parts[:, t].sum(axis=0) * free[t]
        dz[t] = dc * slopes[:, t]
        dz[t, 2] = at_o
        carry = Carry(gates.back(dz[t], t), f[t] * dc, peephole[:2] * dz[t, :2])
    return Backward(dh, parts, dz.reshape(steps, -1), carry)


def _gate_slopes(w: LstmWeights, s: Signals) -> Floats:
    """∂gate/∂z of i f o g, (4, T, H)."""
    slopes: Floats = np.stack([slope(w.functions.of(gate), s[gate]) for gate in GATES]).astype(np.float64)
    if w.functions.clip:
        z = pre_activations(w, s["x"], s["h_prev"], s["c_prev"], s["c"])
        slopes *= np.abs(np.stack(z)) <= w.functions.clip
    return slopes


def _state_slope(norm: LayerNorm | None, ways: Floats, c: Floats) -> Floats:
    """Past the normalisation of c(t), where there is one."""
    return ways if norm is None else _norm_backward(ways * norm.c, np.broadcast_to(c, ways.shape), norm.eps)


class _Gates:
    """The four gates' weights of h(t−1), turned round once."""

    def __init__(self, w: LstmWeights, h_prev: Floats) -> None:
        self._wh = w.wh.astype(np.float64)
        self._blocks = np.ascontiguousarray(self._wh.reshape(w.outputs, 4, w.units).transpose(1, 2, 0))
        self._norm = w.norm
        self._weighed = None if w.norm is None else h_prev @ self._wh

    def back(self, dz: Floats, t: int) -> Floats:
        """∂L/∂h(t−1) by gate, (4, P), of ∂L/∂z at step t by gate, (4, H)."""
        if self._norm is None or self._weighed is None:
            result: Floats = np.matmul(dz[:, None], self._blocks)[:, 0]
            return result
        apart = np.zeros((4, *dz.shape))
        apart[range(4), range(4)] = dz
        scaled: Floats = apart.reshape(4, -1) * self._norm.h
        within = _norm_backward(scaled, np.broadcast_to(self._weighed[t], scaled.shape), self._norm.eps)
        return within @ self._wh.T


def _norm_backward(d: Floats, values: Floats, eps: float) -> Floats:
    """Past v ↦ (v − v̄)/√(var v + eps), over the last axis (Ba, Kiros and Hinton 2016): linear in d, (…, n)."""
    unit = normalised(values, eps)
    mean, along = d.mean(axis=-1, keepdims=True), (d * unit).mean(axis=-1, keepdims=True)
    result: Floats = (d - mean - unit * along) / norm_scale(values, eps)[..., None]
    return result


def _gru(w: GruWeights, s: Signals, out: Floats, carry: Carry) -> Backward:
    """The GRU backwards, in the form that cuDNN and torch compute, and with the reset before the weights.

    ∂L/∂h(t−1) = f ⊗ ∂h + Whr ∂zr + Whf ∂zf + Whg (r ⊗ ∂zg)
    ∂zg = ∂h ⊗ i ⊗ g′        ∂zf = ∂h ⊗ (h(t−1) − g) ⊗ f′        ∂zr = ∂zg ⊗ (Whgᵀ h(t−1) + bhg) ⊗ r′

    Before the weights: r ⊗ (Whg ∂zg) in the first line, and ∂zr = Whg ∂zg ⊗ h(t−1) ⊗ r′.
    """
    r, f, g, h_prev = s["r"], s["f"], s["g"], s["h_prev"]
    blocks = [w.wh[:, w.block(gate)].astype(np.float64) for gate in GRU_GATES]
    turned = np.ascontiguousarray(np.stack([block.T for block in blocks]))
    r_slope, f_slope, g_slope = _gru_slopes(w, s)
    at_r = r_slope * (h_prev if w.reset_before else h_prev @ blocks[2] + w.bh[w.block("g")])
    at_f, at_g = (h_prev - g) * f_slope, (1 - f) * g_slope
    steps = len(f)
    dh, parts, dz = np.empty_like(out), np.empty((5, steps, w.units)), np.empty((steps, 3, w.units))
    for t in reversed(range(steps)):
        parts[0, t], parts[1, t], parts[2:, t] = carry.h[0], out[t], carry.h[1:]
        dh[t] = parts[:, t].sum(axis=0)
        dz[t, 2] = dh[t] * at_g[t]
        dz[t, 1] = dh[t] * at_f[t]
        if w.reset_before:
            closed = dz[t, 2] @ turned[2]
            dz[t, 0] = closed * at_r[t]
            through = np.matmul(dz[t, :2][:, None], turned[:2])[:, 0]
            gates = np.concatenate([through, (closed * r[t])[None]])
        else:
            dz[t, 0] = dz[t, 2] * at_r[t]
            recurrent = np.stack([dz[t, 0], dz[t, 1], dz[t, 2] * r[t]])
            gates = np.matmul(recurrent[:, None], turned)[:, 0]
        carry = Carry(np.concatenate([(f[t] * dh[t])[None], gates]), carry.c, carry.peeps)
    return Backward(dh, parts, dz.reshape(steps, -1), carry)


def _gru_slopes(w: GruWeights, s: Signals) -> Floats:
    """∂gate/∂z of r f g, (3, T, H)."""
    slopes: Floats = np.stack([slope(w.functions.of(gate), s[gate]) for gate in GRU_GATES]).astype(np.float64)
    if w.functions.clip:
        z = [gru_z(w, gate, s["x"], s["h_prev"], s["r"]) for gate in GRU_GATES]
        slopes *= np.abs(np.stack(z)) <= w.functions.clip
    return slopes


def _rnn(w: RnnWeights, s: Signals, out: Floats, carry: Carry) -> Backward:
    """The recurrent layer backwards (Werbos 1990): ∂L/∂h(t−1) = Wh (φ′(z) ⊗ ∂L/∂h(t))."""
    h = s["h"]
    at_z = slope(w.activation, h).astype(np.float64)
    if w.clip:
        at_z *= np.abs(rnn_z(w, s["x"], s["h_prev"])) <= w.clip
    turned = np.ascontiguousarray(w.wh.T.astype(np.float64))
    dh, parts, dz = np.empty_like(out), np.empty((2, *h.shape)), np.empty_like(h)
    for t in reversed(range(len(h))):
        parts[0, t], parts[1, t] = out[t], carry.h[0]
        dh[t] = parts[:, t].sum(axis=0)
        dz[t] = dh[t] * at_z[t]
        carry = Carry((dz[t] @ turned)[None], carry.c, carry.peeps)
    return Backward(dh, parts, dz, carry)
