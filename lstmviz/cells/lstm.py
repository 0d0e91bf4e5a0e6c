"""One step of the LSTM, exactly as the design writes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmviz.cells.weights import Array, LstmWeights


@dataclass(frozen=True, eq=False)
class LstmStep:
    """Everything that one step computed. Shapes (H,) for one sequence, (B, H) for a mini-batch; x is (…, F)."""

    x: Array
    h_prev: Array
    c_prev: Array
    zi: Array
    zf: Array
    zo: Array
    zg: Array
    i: Array
    f: Array
    o: Array
    g: Array
    kept: Array
    written: Array
    c: Array
    tanh_c: Array
    h: Array


def sigmoid(z: Array) -> Array:
    """The logistic function 1/(1 + e⁻ᶻ), through tanh so that no z overflows; dtype kept."""
    return 0.5 * (1 + np.tanh(0.5 * z))  # type: ignore[no-any-return]


def lstm_step(w: LstmWeights, x: Array, h: Array | None = None, c: Array | None = None) -> LstmStep:
    """One step of the LSTM of Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000).

        [zi zf zo zg] = [x h(t−1)] W + b
        i, f, o = σ(zi), σ(zf), σ(zo)        g = tanh(zg)
        c = f ⊗ c(t−1) + i ⊗ g               h = o ⊗ tanh(c)

    x: (F,) or (B, F); h: (R,) or (B, R); c: (H,) or (B, H); h(0) and c(0) are zero unless given. Any float type,
    which the result keeps. Raises ValueError where x has another width than the weights.
    """
    if x.shape[-1] != w.inputs:
        raise ValueError(f"x has {x.shape[-1]} features; the weights take {w.inputs}")
    batch = x.shape[:-1]
    h = np.zeros((*batch, w.outputs), x.dtype) if h is None else h
    c = np.zeros((*batch, w.units), x.dtype) if c is None else c
    z = x @ w.wx + h @ w.wh + w.b
    zi, zf, zo, zg = (z[..., w.block(gate)] for gate in "ifog")
    i, f, o, g = sigmoid(zi), sigmoid(zf), sigmoid(zo), np.tanh(zg)
    kept, written = f * c, i * g
    c_next = kept + written
    tanh_c = np.tanh(c_next)
    h_next = o * tanh_c
    if w.whr is not None:
        h_next = h_next @ w.whr
    return LstmStep(x, h, c, zi, zf, zo, zg, i, f, o, g, kept, written, c_next, tanh_c, h_next)
