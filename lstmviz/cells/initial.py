"""Weights to begin with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstmviz.cells.weights import PEEPHOLES, Activation, Array, GruWeights, LayerNorm, LstmWeights, RnnWeights


def new_lstm(
    rng: np.random.Generator,
    inputs: int,
    units: int,
    dtype: npt.DTypeLike = np.float32,
    forget_bias: float = 1.0,
    peepholes: bool = False,
    norm: bool = False,
) -> LstmWeights:
    """Random weights of one LSTM layer whose forget gate starts open.

        W, b ~ U(−1/√H, 1/√H)          bf = forget_bias

    wx (F, 4H), wh (H, 4H), b (4H,). The forget bias is the whole of it, not added to anything: frameworks keep two
    bias vectors, and a 1 in each makes 2. Peepholes (3, H) are drawn like the rest; the gains of a layer norm start at
    1 and its bias at 0. Source: Gers, Schmidhuber and Cummins (2000); Jozefowicz et al. (2015) for the value 1.
    """
    bound = units**-0.5
    wx, wh, b = (
        _uniform(rng, bound, shape, dtype) for shape in ((inputs, 4 * units), (units, 4 * units), (4 * units,))
    )
    peephole = _uniform(rng, bound, (len(PEEPHOLES), units), dtype) if peepholes else None
    weights = LstmWeights(wx, wh, b, peephole=peephole, norm=_new_norm(units, dtype) if norm else None)
    b[weights.block("f")] = forget_bias
    return weights


def new_gru(rng: np.random.Generator, inputs: int, units: int, dtype: npt.DTypeLike = np.float32) -> GruWeights:
    """Random weights of one GRU layer, W, b ~ U(−1/√H, 1/√H): wx (F, 3H), wh (H, 3H), bx and bh (3H,)."""
    bound = units**-0.5
    wx, wh, bx, bh = (
        _uniform(rng, bound, shape, dtype)
        for shape in ((inputs, 3 * units), (units, 3 * units), (3 * units,), (3 * units,))
    )
    return GruWeights(wx, wh, bx, bh)


def new_rnn(
    rng: np.random.Generator,
    inputs: int,
    units: int,
    dtype: npt.DTypeLike = np.float32,
    activation: Activation = "tanh",
) -> RnnWeights:
    """Random weights of one recurrent layer, W, b ~ U(−1/√H, 1/√H): wx (F, H), wh (H, H), b (H,)."""
    bound = units**-0.5
    wx, wh, b = (_uniform(rng, bound, shape, dtype) for shape in ((inputs, units), (units, units), (units,)))
    return RnnWeights(wx, wh, b, activation)


def _new_norm(units: int, dtype: npt.DTypeLike) -> LayerNorm:
    return LayerNorm(
        np.ones(4 * units, dtype), np.ones(4 * units, dtype), np.ones(units, dtype), np.zeros(units, dtype)
    )


def _uniform(rng: np.random.Generator, bound: float, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    drawn: Array = rng.uniform(-bound, bound, shape).astype(dtype)
    return drawn
