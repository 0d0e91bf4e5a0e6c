"""Who pushed the gate: the largest terms of one unit's pre-activation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstmviz.cells.lstm import norm_scale
from lstmviz.cells.weights import PEEPHOLES, GruWeights, LstmWeights, RnnWeights, Weights

Array = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]
Source = Literal["x", "h", "c", "b", "rest"]


@dataclass(frozen=True)
class Push:
    """One term of a pre-activation, term = weight · value.

    source: ``x`` or ``h`` (of the step before), whose coordinate ``index`` is; ``c``, the unit's own state through a
    peephole; ``b``, the bias, with value 1; ``rest``, the terms that were not named one by one, with weight 1. index is
    −1 for the last two.
    """

    source: Source
    index: int
    weight: float
    value: float
    term: float


def pushes(
    weights: Weights,
    x: Array,
    h_prev: Array,
    gate: str,
    unit: int,
    top: int = 5,
    *,
    state: Array | None = None,
    reset: Array | None = None,
) -> tuple[Push, ...]:
    """The terms of one unit's pre-activation, in float64: the ``top`` largest by size, then c, the bias and the rest.

        z = Σ_k Wx[k] x[k] + Σ_j Wh[j] h(t−1)[j] + p c + b

    x: (F,); h_prev: (P,), for a recurrent layer y(t−1). gate: one of i f o g, of a GRU r f g, of no meaning for a
    recurrent layer. state: (H,), what a peephole sees, c(t−1) for i and f, c(t) for o. reset: (H,), r of a GRU, of
    which its candidate's weight is r Wh[j] and its bias bx + r bh; with the reset before the weights r[j] Wh[j] and
    bx + bh. Under layer normalisation the weight of x[k] is
    gain · (Wx[k] − the mean of row k over all 4H columns) / s, with s the norm's scale at this step, as if that did
    not depend on x; likewise for h. So the terms still add up to z; but a change of x changes s too.

    The terms add up to z but for the rounding of the sum: float32 products are exact here. Zero terms are never named;
    the rest is left out where nothing is in it. Raises ValueError for an unknown gate and where state or reset is
    needed and missing, IndexError for an unknown unit.
    """
    if not 0 <= unit < weights.units:
        raise IndexError(f"unit {unit} is outside 0 to {weights.units - 1}")
    factors, bias = _factors(weights, np.asarray(x), np.asarray(h_prev), gate, unit, reset)
    values = np.concatenate([x, h_prev], dtype=np.float64)
    terms = factors * values
    # stable, so that of two equal terms the first stays first from frame to frame
    order = np.argsort(-np.abs(terms), kind="stable")
    order = order[terms[order] != 0]
    named = [
        Push(*_place(int(k), weights.inputs), float(factors[k]), float(values[k]), float(terms[k])) for k in order[:top]
    ]
    named += _peephole(weights, gate, unit, state)
    named.append(Push("b", -1, bias, 1.0, bias))
    if len(order) > top:
        rest = math.fsum(terms[order[top:]])
        named.append(Push("rest", -1, 1.0, rest, rest))
    return tuple(named)


def _factors(
    weights: Weights, x: Array, h_prev: Array, gate: str, unit: int, reset: Array | None
) -> tuple[Floats, float]:
    """What each coordinate of x and h(t−1) is multiplied by, (F + P,), and the bias."""
    if isinstance(weights, RnnWeights):
        return _joined(weights.wx[:, unit], weights.wh[:, unit]), float(weights.b[unit])
    column = weights.block(gate).start + unit
    into, back = weights.wx[:, column], weights.wh[:, column]
    if isinstance(weights, LstmWeights):
        if weights.norm is None:
            return _joined(into, back), float(weights.b[column])
        eps = weights.norm.eps
        into = _normed(weights.wx, x, column, weights.norm.x, eps)
        back = _normed(weights.wh, h_prev, column, weights.norm.h, eps)
        return _joined(into, back), float(weights.b[column])
    if isinstance(weights, GruWeights) and weights.reset_before and gate == "g":
        shares = np.asarray(_needed(reset), np.float64)
        return _joined(into, back.astype(np.float64) * shares), float(weights.bx[column]) + float(weights.bh[column])
    share = _share(gate, unit, reset)
    return _joined(into, back.astype(np.float64) * share), float(weights.bx[column]) + share * float(weights.bh[column])


def _share(gate: str, unit: int, reset: Array | None) -> float:
    """The factor of what a GRU makes of h(t−1): r for its candidate, else 1."""
    if gate != "g":
        return 1.0
    return float(_needed(reset)[unit])


def _needed(reset: Array | None) -> Array:
    if reset is None:
        raise ValueError("the candidate of a GRU needs r, its reset gate")
    return reset


def _normed(matrix: Array, vector: Array, column: int, gain: Array, eps: float) -> Floats:
    """The column of a matrix as the norm of vector·matrix scales it at this vector."""
    scale = float(norm_scale((vector @ matrix).astype(np.float64), eps))
    own, mean = matrix[:, column].astype(np.float64), matrix.mean(axis=1, dtype=np.float64)
    factors: Floats = (own - mean) * (float(gain[column]) / scale)
    return factors


def _peephole(weights: Weights, gate: str, unit: int, state: Array | None) -> list[Push]:
    if not isinstance(weights, LstmWeights) or weights.peephole is None or gate not in PEEPHOLES:
        return []
    if state is None:
        raise ValueError(f"the gate {gate} has a peephole and needs the state that it sees")
    weight, value = float(weights.peephole[PEEPHOLES.index(gate), unit]), float(state[unit])
    return [Push("c", unit, weight, value, weight * value)]


def _joined(into: Array, back: Array) -> Floats:
    return np.concatenate([into, back], dtype=np.float64)


def _place(k: int, inputs: int) -> tuple[Source, int]:
    return ("x", k) if k < inputs else ("h", k - inputs)
