"""A whole sequence, one step after another: the plain loop that every faster way is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from lstmviz.cells.gru import GruStep, gru_step
from lstmviz.cells.lstm import LstmStep, lstm_step
from lstmviz.cells.rnn import RnnStep, rnn_step
from lstmviz.cells.weights import Array, GruWeights, LstmWeights, RnnWeights

LSTM_SIGNALS = tuple(field.name for field in fields(LstmStep) if field.name not in ("x", "h_prev", "c_prev"))
"""What ``run_lstm`` gives: the pre-activations zi zf zo zg, i f o g, kept, written, c, tanh_c and h."""
GRU_SIGNALS = tuple(field.name for field in fields(GruStep) if field.name not in ("x", "h_prev"))
"""What ``run_gru`` gives: r f i g, kept, written, h and the pre-activations zr zf zg."""
RNN_SIGNALS = ("z", "y")
"""What ``run_rnn`` gives."""


def run_lstm(w: LstmWeights, x: Array, h0: Array | None = None, c0: Array | None = None) -> dict[str, Array]:
    """Every signal of an LSTM layer on a sequence, by name in LSTM_SIGNALS; its weights say which variant it is.

    x: (T, F), or (T, B, F) for a mini-batch; h0: (P,) and c0: (H,), zero unless given. Each signal is (T, H), h (T, P),
    in the float type of x and the weights. Raises ValueError for a sequence without steps.
    """
    _require_steps(x)
    steps: list[LstmStep] = []
    h, c = h0, c0
    for x_t in x:
        steps.append(lstm_step(w, x_t, h, c))
        h, c = steps[-1].h, steps[-1].c
    return _stacked(steps, LSTM_SIGNALS)


def run_gru(w: GruWeights, x: Array, h0: Array | None = None) -> dict[str, Array]:
    """Every signal of a GRU layer on a sequence, by name in GRU_SIGNALS, each (T, H).

    x: (T, F), or (T, B, F) for a mini-batch; h0: (H,), zero unless given. Raises ValueError for a sequence without
    steps.
    """
    _require_steps(x)
    steps: list[GruStep] = []
    h = h0
    for x_t in x:
        steps.append(gru_step(w, x_t, h))
        h = steps[-1].h
    return _stacked(steps, GRU_SIGNALS)


def run_rnn(w: RnnWeights, x: Array, y0: Array | None = None) -> dict[str, Array]:
    """z and y of a recurrent layer on a sequence, each (T, H).

    x: (T, F), or (T, B, F) for a mini-batch; y0: (H,), zero unless given. Raises ValueError for a sequence without
    steps.
    """
    _require_steps(x)
    steps: list[RnnStep] = []
    y = y0
    for x_t in x:
        steps.append(rnn_step(w, x_t, y))
        y = steps[-1].y
    return _stacked(steps, RNN_SIGNALS)


def _require_steps(x: Array) -> None:
    if len(x) == 0:
        raise ValueError("x has no steps; expected at least one")


def _stacked(steps: Sequence[LstmStep | GruStep | RnnStep], names: tuple[str, ...]) -> dict[str, Array]:
    return {name: np.stack([getattr(step, name) for step in steps]) for name in names}
