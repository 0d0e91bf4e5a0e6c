"""One step of the recurrent neuron and of a layer of them, exactly as the lecture writes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmviz.cells.activations import activate
from lstmviz.cells.weights import Activation, Array, RnnWeights


@dataclass(frozen=True, eq=False)
class RnnStep:
    """Everything that one step computed. Shapes (H,) for one sequence, (B, H) for a mini-batch; x is (…, F)."""

    x: Array
    y_prev: Array
    z: Array
    y: Array
    activation: Activation = "tanh"


def rnn_step(w: RnnWeights, x: Array, y_prev: Array | None = None) -> RnnStep:
    """One step of the recurrent layer of Elman (1990); with H = 1 it is the recurrent neuron.

        y(t) = φ(Wxᵀ x(t) + Wyᵀ y(t−1) + b)          φ is tanh or relu, or another function of `cells.activations`

    x: (F,) or (B, F); y_prev: (H,) or (B, H), zero unless given. Any float type, which the result keeps. Raises
    ValueError where x has another width than the weights.
    """
    if x.shape[-1] != w.inputs:
        raise ValueError(f"x has {x.shape[-1]} features; the weights take {w.inputs}")
    y_prev = np.zeros((*x.shape[:-1], w.units), x.dtype) if y_prev is None else y_prev
    z = pre_activation(w, x, y_prev)
    return RnnStep(x, y_prev, z, activate(w.activation, z, w.clip), w.activation)


def pre_activation(w: RnnWeights, x: Array, y_prev: Array) -> Array:
    """z, (…, H), of x (…, F) and y(t−1) (…, H)."""
    z: Array = x @ w.wx + y_prev @ w.wh + w.b
    return z
