"""One step of the GRU, with the names that the LSTM's signals have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmviz.cells.activations import activate
from lstmviz.cells.weights import Array, GruWeights


@dataclass(frozen=True, eq=False)
class GruStep:
    """Everything that one step computed. Shapes (H,) for one sequence, (B, H) for a mini-batch; x is (…, F)."""

    x: Array
    h_prev: Array
    r: Array
    f: Array
    i: Array
    g: Array
    kept: Array
    written: Array
    h: Array
    zr: Array
    zf: Array
    zg: Array


def gru_step(w: GruWeights, x: Array, h: Array | None = None) -> GruStep:
    """One step of the GRU of Cho et al. (2014), in the form that cuDNN and torch compute.

        zr, zf = Wxᵀ x(t) + bx + Whᵀ h(t−1) + bh          r, f = σ(zr), σ(zf)
        zg = Wxᵀ x(t) + bx + r ⊗ (Whᵀ h(t−1) + bh)        g = tanh(zg)
        h = f ⊗ h(t−1) + i ⊗ g                            i = 1 − f

    f is what torch calls z and the paper the update gate: the share of h(t−1) that is kept. Here the reset gate r acts
    after the recurrent weights; with ``reset_before`` it acts before them, as in the paper (equation 8), in Keras 1
    and where ONNX has linear_before_reset = 0:

        zg = Wxᵀ x(t) + bx + Whᵀ (r ⊗ h(t−1)) + bh

    Other ``functions`` stand for σ and tanh where the weights have them; z is told before it is clipped.

    x: (F,) or (B, F); h: (H,) or (B, H), zero unless given. Any float type, which the result keeps. Raises ValueError
    where x has another width than the weights.
    """
    if x.shape[-1] != w.inputs:
        raise ValueError(f"x has {x.shape[-1]} features; the weights take {w.inputs}")
    h = np.zeros((*x.shape[:-1], w.units), x.dtype) if h is None else h
    zr, zf = pre_activation(w, "r", x, h), pre_activation(w, "f", x, h)
    functions = w.functions
    r, f = (activate(functions.gate, z, functions.clip) for z in (zr, zf))
    zg = pre_activation(w, "g", x, h, r)
    i, g = 1 - f, activate(functions.candidate, zg, functions.clip)
    kept, written = f * h, i * g
    return GruStep(x, h, r, f, i, g, kept, written, kept + written, zr, zf, zg)


def pre_activation(w: GruWeights, gate: str, x: Array, h_prev: Array, r: Array | None = None) -> Array:
    """zr, zf or zg, (…, H), of x (…, F) and h(t−1) (…, H); zg takes the reset gate r (…, H) as well.

    Raises ValueError for a gate that is not one of r f g, and for g without r.
    """
    columns = w.block(gate)
    entered: Array = x @ w.wx[:, columns] + w.bx[columns]
    if gate == "g" and r is None:
        raise ValueError("zg of a GRU needs r, its reset gate")
    if gate != "g" or r is None:
        z: Array = entered + (h_prev @ w.wh[:, columns] + w.bh[columns])
    elif w.reset_before:
        z = entered + ((r * h_prev) @ w.wh[:, columns] + w.bh[columns])
    else:
        z = entered + r * (h_prev @ w.wh[:, columns] + w.bh[columns])
    return z
