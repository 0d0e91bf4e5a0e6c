"""The cells of `lstmviz.cells` for torch, step by step: what no fused kernel computes. Gradients go through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from lstmviz.cells.activations import PLAIN, SELU, Functions, parsed

LoopCell = Literal["lstm", "gru", "rnn"]


@dataclass(frozen=True, eq=False)
class LoopWeights:
    """One layer in one direction, rows in torch's order i f g o: w_ih (4H, F), w_hh (4H, R), b (4H,).

    Of a GRU 3H rows, r z n, of which b is the bias with x and b_h that with h(t−1); of a recurrent layer H. w_hr:
    (P, H), a recurrent projection. peephole: (3, H), rows i f o. norm_x, norm_h: (4H,), gains of x Wx and h(t−1) Wh;
    norm_c: (2, H), gain and bias of c. None for what the layer does not have. functions: σ and tanh, or others; φ of a
    recurrent layer is their candidate. reset_before: of a GRU, see `lstmviz.cells.gru`.
    """

    w_ih: Tensor
    w_hh: Tensor
    b: Tensor
    w_hr: Tensor | None = None
    peephole: Tensor | None = None
    norm_x: Tensor | None = None
    norm_h: Tensor | None = None
    norm_c: Tensor | None = None
    functions: Functions = PLAIN
    cell: LoopCell = "lstm"
    b_h: Tensor | None = None
    reset_before: bool = False


@dataclass(frozen=True, eq=False)
class LoopRun:
    """What the loop computed, in the order of reading: h (T, B, R), of an LSTM c (T, B, H), and the gates if asked.

    gates: i f o g (T, B, 4H), of a GRU r f g (T, B, 3H); a recurrent layer has none.
    """

    h: Tensor
    c: Tensor | None = None
    gates: Tensor | None = None


Activate = Callable[[Tensor], Tensor]
_FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": lambda z, a, b: (a * z + b).clamp(0, 1),
    "hard_sigmoid_keras3": functional.hardsigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softsign": functional.softsign,
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),  # functional.softplus is a line beyond 20
    "exponential": torch.exp,
    "linear": lambda z: z,
    "affine": lambda z, a, b: a * z + b,
    "scaled_tanh": lambda z, a, b: a * torch.tanh(b * z),
    "leaky_relu": lambda z, a: functional.leaky_relu(z, a),
    "thresholded_relu": lambda z, a: functional.threshold(z, a, 0.0),
    "elu": lambda z, a: functional.elu(z, a),
    "selu": lambda z: SELU[0] * functional.elu(z, SELU[1]),
}


def activations(functions: Functions) -> tuple[Activate, Activate, Activate]:
    """The functions of gates, candidate and output for torch, the first two with the clip before them."""
    gate, candidate, output = map(_function, (functions.gate, functions.candidate, functions.output))
    if functions.clip:
        return _clipped(gate, functions.clip), _clipped(candidate, functions.clip), output
    return gate, candidate, output


def _function(name: str) -> Activate:
    kind, numbers = parsed(name)
    function = _FUNCTIONS[kind]
    return (lambda z: function(z, *numbers)) if numbers else function


def _clipped(function: Activate, clip: float) -> Activate:
    return lambda z: function(z.clamp(-clip, clip))


def run_loop(w: LoopWeights, x: Tensor, h: Tensor, c: Tensor | None, *, signals: bool = False) -> LoopRun:
    """Any of the cells: x (T, B, F), h (B, R) and, of an LSTM, c (B, H) before the first step."""
    if w.cell == "gru":
        return gru_loop(w, x, h, signals=signals)
    if w.cell == "rnn":
        return rnn_loop(w, x, h)
    assert c is not None
    return lstm_loop(w, x, h, c, signals=signals)


def lstm_loop(w: LoopWeights, x: Tensor, h: Tensor, c: Tensor, *, signals: bool = False) -> LoopRun:
    """`lstmviz.cells.lstm_step` for torch: x (T, B, F), h (B, R) and c (B, H) before the first step.

    What depends on x alone is one product over all steps. Gradients go through everything that requires them.
    Sources: Graves (2013), equations 7 to 11; Ba, Kiros and Hinton (2016), equations 20 to 22; Sak et al. (2014).
    """
    units, w_hh = c.shape[-1], w.w_hh.t()
    gate, candidate, output = activations(w.functions)
    entered = functional.linear(x, w.w_ih)
    if w.norm_x is not None:
        entered = functional.layer_norm(entered, w.norm_x.shape, w.norm_x)
    hs, cs, gates = [], [], []
    for z_x in (entered + w.b).unbind(0):
        if w.norm_h is None:
            z = torch.addmm(z_x, h, w_hh)
        else:
            z = z_x + functional.layer_norm(h @ w_hh, w.norm_h.shape, w.norm_h)
        z_if, zg, zo = z.split_with_sizes([2 * units, units, units], dim=-1)
        z_if = z_if.view(-1, 2, units)
        if w.peephole is not None:
            z_if = torch.addcmul(z_if, w.peephole[:2], c[:, None])
        i, f = gate(z_if).unbind(1)
        g = candidate(zg)
        c = torch.addcmul(f * c, i, g)
        if w.functions.cell_clip:
            c = c.clamp(-w.functions.cell_clip, w.functions.cell_clip)
        if w.peephole is not None:
            zo = torch.addcmul(zo, w.peephole[2], c)
        o = gate(zo)
        seen = c if w.norm_c is None else functional.layer_norm(c, c.shape[-1:], w.norm_c[0], w.norm_c[1])
        h = o * output(seen)
        if w.w_hr is not None:
            h = functional.linear(h, w.w_hr)
        hs.append(h)
        cs.append(c)
        if signals:
            gates.append(torch.cat([i, f, o, g], dim=-1))
    return LoopRun(torch.stack(hs), torch.stack(cs), torch.stack(gates) if signals else None)


def gru_loop(w: LoopWeights, x: Tensor, h: Tensor, *, signals: bool = False) -> LoopRun:
    """`lstmviz.cells.gru_step` for torch: x (T, B, F), h (B, H) before the first step. Source: Cho et al. (2014)."""
    assert w.b_h is not None
    units = h.shape[-1]
    gate, candidate, _ = activations(w.functions)
    w_gates, w_candidate = w.w_hh[: 2 * units].t(), w.w_hh[2 * units :].t()
    b_gates, b_candidate = w.b_h[: 2 * units], w.b_h[2 * units :]
    hs, gates = [], []
    for z_x in functional.linear(x, w.w_ih, w.b).unbind(0):
        z_rf, z_g = z_x.split_with_sizes([2 * units, units], dim=-1)
        r, f = gate(z_rf + torch.addmm(b_gates, h, w_gates)).chunk(2, dim=-1)
        if w.reset_before:
            zg = z_g + torch.addmm(b_candidate, r * h, w_candidate)
        else:
            zg = torch.addcmul(z_g, r, torch.addmm(b_candidate, h, w_candidate))
        g = candidate(zg)
        h = f * h + (1 - f) * g
        hs.append(h)
        if signals:
            gates.append(torch.cat([r, f, g], dim=-1))
    return LoopRun(torch.stack(hs), None, torch.stack(gates) if signals else None)


def rnn_loop(w: LoopWeights, x: Tensor, h: Tensor) -> LoopRun:
    """`lstmviz.cells.rnn_step` for torch: x (T, B, F), h (B, H) before the first step. Source: Elman (1990)."""
    w_hh = w.w_hh.t()
    _, phi, _ = activations(w.functions)
    hs = []
    for z_x in functional.linear(x, w.w_ih, w.b).unbind(0):
        h = phi(torch.addmm(z_x, h, w_hh))
        hs.append(h)
    return LoopRun(torch.stack(hs))
