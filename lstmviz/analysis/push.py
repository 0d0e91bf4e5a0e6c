"""Who pushed the gate: the largest terms of one unit's pre-activation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstmviz.cells.weights import LstmWeights, Weights

Array = npt.NDArray[np.floating]
Source = Literal["x", "h", "b", "rest"]


@dataclass(frozen=True)
class Push:
    """One term of a pre-activation, term = weight · value.

    source: ``x`` or ``h`` (of the step before), whose coordinate ``index`` is; ``b``, the bias, with value 1; ``rest``,
    the terms that were not named one by one, with weight 1. index is −1 for the last two.
    """

    source: Source
    index: int
    weight: float
    value: float
    term: float


def pushes(weights: Weights, x: Array, h_prev: Array, gate: str, unit: int, top: int = 5) -> tuple[Push, ...]:
    """The terms of one unit's pre-activation, in float64: the ``top`` largest by size, then the bias, then the rest.

        z = Σ_k Wx[k] x[k] + Σ_j Wh[j] h(t−1)[j] + b

    x: (F,); h_prev: (P,), for a recurrent layer y(t−1). gate: one of i f o g, of no meaning for a recurrent layer. The
    terms add up to z but for the rounding of the sum: float32 products are exact here. Zero terms are never named; the
    rest is left out where nothing is in it. Raises ValueError for an unknown gate, IndexError for an unknown unit.
    """
    if not 0 <= unit < weights.units:
        raise IndexError(f"unit {unit} is outside 0 to {weights.units - 1}")
    column = unit
    if isinstance(weights, LstmWeights):
        column += weights.block(gate).start
    factors = np.concatenate([weights.wx[:, column], weights.wh[:, column]], dtype=np.float64)
    values = np.concatenate([x, h_prev], dtype=np.float64)
    terms = factors * values
    # stable, so that of two equal terms the first stays first from frame to frame
    order = np.argsort(-np.abs(terms), kind="stable")
    order = order[terms[order] != 0]
    named = [
        Push(*_place(int(k), weights.inputs), float(factors[k]), float(values[k]), float(terms[k])) for k in order[:top]
    ]
    bias = float(weights.b[column])
    named.append(Push("b", -1, bias, 1.0, bias))
    if len(order) > top:
        rest = math.fsum(terms[order[top:]])
        named.append(Push("rest", -1, 1.0, rest, rest))
    return tuple(named)


def _place(k: int, inputs: int) -> tuple[Source, int]:
    return ("x", k) if k < inputs else ("h", k - inputs)
