"""Weights to begin with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstmviz.cells.weights import Activation, Array, LstmWeights, RnnWeights


def new_lstm(
    rng: np.random.Generator,
    inputs: int,
    units: int,
    dtype: npt.DTypeLike = np.float32,
    forget_bias: float = 1.0,
) -> LstmWeights:
    """Random weights of one LSTM layer whose forget gate starts open.

        W, b ~ U(−1/√H, 1/√H)          bf = forget_bias

    wx (F, 4H), wh (H, 4H), b (4H,). The forget bias is the whole of it, not added to anything: frameworks keep two
    bias vectors, and a 1 in each makes 2. Source: Gers, Schmidhuber and Cummins (2000); Jozefowicz et al.
    (2015) for the value 1.
    """
    bound = units**-0.5
    wx, wh, b = (
        _uniform(rng, bound, shape, dtype) for shape in ((inputs, 4 * units), (units, 4 * units), (4 * units,))
    )
    weights = LstmWeights(wx, wh, b)
    b[weights.block("f")] = forget_bias
    return weights


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


def _uniform(rng: np.random.Generator, bound: float, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    drawn: Array = rng.uniform(-bound, bound, shape).astype(dtype)
    return drawn
