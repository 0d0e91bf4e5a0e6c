"""One step of the LSTM, exactly as the design writes it, and of its published variants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmviz.cells.activations import activate
from lstmviz.cells.weights import PEEPHOLES, Array, LstmWeights


@dataclass(frozen=True, eq=False)
class LstmStep:
    """Everything that one step computed. Shapes (H,) for one sequence, (B, H) for a mini-batch; x is (…, F).

    tanh_c is what the output gate lets through: tanh(c), under layer normalisation tanh(LN(c)), or another function.
    """

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


def lstm_step(w: LstmWeights, x: Array, h: Array | None = None, c: Array | None = None) -> LstmStep:
    """One step of the LSTM of Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000).

        [zi zf zo zg] = [x h(t−1)] W + b
        i, f, o = σ(zi), σ(zf), σ(zo)        g = tanh(zg)
        c = f ⊗ c(t−1) + i ⊗ g               h = o ⊗ tanh(c)

    Peepholes (Gers, Schraudolph and Schmidhuber 2002; Graves 2013) let the gates see the state:

        zi += p_i ⊗ c(t−1)        zf += p_f ⊗ c(t−1)        zo += p_o ⊗ c

    Layer normalisation (Ba, Kiros and Hinton 2016, equations 20 to 22): LN takes a vector to mean 0 and variance 1
    and scales it by its gain; those of x and h run over all 4H columns:

        [zi zf zo zg] = LN(x Wx) + LN(h(t−1) Wh) + b        h = o ⊗ tanh(LN(c) + its bias)

    Other ``functions`` stand for σ and for each tanh where the weights have them; z is told before it is clipped.
    Where they clip c(t), it is so before o sees it and before it goes on (TensorFlow Lite's cell_clip).

    A recurrent projection (Sak et al. 2014) makes h(t) of this (H → P).

    x: (F,) or (B, F); h: (P,) or (B, P); c: (H,) or (B, H); h(0) and c(0) are zero unless given. Any float type,
    which the result keeps. Raises ValueError where x has another width than the weights.
    """
    if x.shape[-1] != w.inputs:
        raise ValueError(f"x has {x.shape[-1]} features; the weights take {w.inputs}")
    batch = x.shape[:-1]
    h = np.zeros((*batch, w.outputs), x.dtype) if h is None else h
    c = np.zeros((*batch, w.units), x.dtype) if c is None else c
    z = weighed(w, x, h)
    zi, zf, zo, zg = (z[..., w.block(gate)] for gate in "ifog")
    if w.peephole is not None:
        zi, zf = zi + w.peephole[0] * c, zf + w.peephole[1] * c
    functions = w.functions
    i, f = (activate(functions.gate, each, functions.clip) for each in (zi, zf))
    g = activate(functions.candidate, zg, functions.clip)
    kept, written = f * c, i * g
    c_next = kept + written
    if functions.cell_clip:
        c_next = np.clip(c_next, -functions.cell_clip, functions.cell_clip)
    if w.peephole is not None:
        zo = zo + w.peephole[2] * c_next
    o, tanh_c = activate(functions.gate, zo, functions.clip), squashed(w, c_next)
    h_next = o * tanh_c
    if w.whr is not None:
        h_next = h_next @ w.whr
    return LstmStep(x, h, c, zi, zf, zo, zg, i, f, o, g, kept, written, c_next, tanh_c, h_next)


def weighed(w: LstmWeights, x: Array, h_prev: Array) -> Array:
    """[zi zf zo zg] but for the peepholes, (…, 4H), of x (…, F) and h(t−1) (…, P)."""
    entered, recurrent = x @ w.wx, h_prev @ w.wh
    if w.norm is not None:
        entered = normalised(entered, w.norm.eps) * w.norm.x
        recurrent = normalised(recurrent, w.norm.eps) * w.norm.h
    z: Array = entered + recurrent + w.b
    return z


def pre_activations(
    w: LstmWeights, x: Array, h_prev: Array, c_prev: Array, c: Array
) -> tuple[Array, Array, Array, Array]:
    """zi, zf, zo and zg, (…, H) each, as ``pre_activation`` gives them one by one: all of one product."""
    z = weighed(w, x, h_prev)
    zi, zf, zo, zg = (z[..., w.block(gate)] for gate in "ifog")
    if w.peephole is not None:
        zi, zf, zo = zi + w.peephole[0] * c_prev, zf + w.peephole[1] * c_prev, zo + w.peephole[2] * c
    return zi, zf, zo, zg


def pre_activation(w: LstmWeights, gate: str, x: Array, h_prev: Array, c_prev: Array, c: Array) -> Array:
    """zi, zf, zo or zg, (…, H), of x (…, F), h(t−1) (…, P), c(t−1) and c(t) (…, H), peepholes and norms included.

    Raises ValueError for a gate that is not one of i f o g.
    """
    columns = w.block(gate)
    if w.norm is None:
        z: Array = x @ w.wx[:, columns] + h_prev @ w.wh[:, columns] + w.b[columns]
    else:
        z = weighed(w, x, h_prev)[..., columns]
    if w.peephole is not None and gate in PEEPHOLES:
        z = z + w.peephole[PEEPHOLES.index(gate)] * (c if gate == "o" else c_prev)
    return z


def squashed(w: LstmWeights | None, c: Array) -> Array:
    """tanh(c) or another function of it, under layer normalisation of LN(c), (…, H): what the output gate scales."""
    if w is None:
        return np.tanh(c)
    if w.norm is not None:
        c = normalised(c, w.norm.eps) * w.norm.c + w.norm.b
    return activate(w.functions.output, c)


def normalised(values: Array, eps: float) -> Array:
    """Each vector of (…, n) brought to mean 0 and variance 1: (v − v̄) / √(mean (v − v̄)² + eps); dtype kept."""
    unit: Array = (values - values.mean(axis=-1, keepdims=True)) / norm_scale(values, eps)[..., None]
    return unit


def norm_scale(values: Array, eps: float) -> Array:
    """√(mean (v − v̄)² + eps) of each vector of (…, n), what ``normalised`` divides by: (…)."""
    scale: Array = np.sqrt(values.var(axis=-1) + eps)
    return scale
