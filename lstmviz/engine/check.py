"""Every recording is checked: a sample of it is computed again, by the reference and by the framework."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.weights import Array, LstmWeights, RnnWeights, Weights
from lstmviz.engine.fused import LaneRun, framework_run
from lstmviz.engine.weights import LaneWeights
from lstmviz.traces.trace import Check

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
AGAINST = ("cells float64", "torch")
_STEPS, _UNITS = 32, 32
"""How many steps and units are sampled; all weights of a wide layer in float64 would cost 7 % of its recording."""

Places = npt.NDArray[np.intp]


class Checker:
    """Collects the largest error over the lanes of one recording of B sequences of given lengths.

    Each sampled step starts from the recorded h(t−1) and c(t−1), so that an error is that of the step itself; a wrong
    c(t−1) shows in h(t), which comes from the framework. Errors are relative to max(1, |value|), as c has no bound.
    """

    def __init__(self, lengths: list[int], dtype: torch.dtype) -> None:
        each = max(4, _STEPS // len(lengths))
        pairs = [(t, b) for b, n in enumerate(lengths) for t in _spread(n, each)]
        self._t, self._b = np.array(pairs).T
        self._tolerance = TOLERANCE[dtype]
        self._errors: list[float] = []

    def add(self, w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, run: LaneRun) -> None:
        """Check one lane, in the order in which it read; a NaN counts as an error."""
        x_t, h_t = self._rows(x), self._rows(run.h)
        h_before = self._before(run.h, h0)
        if run.gates is None or run.c is None or c0 is None:
            self._note(h_t, _wide(rnn_step(_wide_rnn(w.cells), _wide(x_t), _wide(h_before)).y))
            return
        c_t, c_before = self._rows(run.c), self._before(run.c, c0)
        weights, units = _sampled(w.cells)
        step = lstm_step(weights, _wide(x_t), _wide(h_before), _wide(c_before[:, units]))
        gates = self._rows(run.gates).reshape(len(x_t), 4, -1)[:, :, units]
        self._note(gates, np.stack([step.i, step.f, step.o, step.g], axis=1))
        self._note(c_t[:, units], step.c)
        self._note(h_t if weights.whr is not None else h_t[:, units], step.h)
        if run.last_c is not None:
            self._note(run.c[-1].cpu().numpy(), run.last_c.cpu().numpy())
        elif run.method == "loop":
            rows = (torch.from_numpy(array).to(x.device) for array in (x_t[None], h_before, c_before))
            h, c = framework_run(w, *rows)
            self._note(h_t, h[0].cpu().numpy())
            if c is not None:
                self._note(c_t, c.cpu().numpy())

    def result(self) -> Check:
        """The check of the whole recording."""
        return Check(float(np.max(self._errors)), self._tolerance, len(self._t), AGAINST)

    def _note(self, found: Array, expected: Array) -> None:
        self._errors.append(float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max()))

    def _rows(self, signal: Tensor) -> Array:
        return _pick(signal, self._t, self._b)

    def _before(self, signal: Tensor, edge: Tensor) -> Array:
        rows = _pick(signal, np.maximum(self._t - 1, 0), self._b)
        first = np.flatnonzero(self._t == 0)
        rows[first] = edge.cpu().numpy()[self._b[first]]
        return rows


def _pick(signal: Tensor, t: Places, b: Places) -> Array:
    """Rows of (T, B, …) as a numpy copy: numpy gathers a few rows in a tenth of torch's time."""
    if signal.device.type == "cpu":
        rows: Array = signal.numpy()[t, b]
        return rows
    return cast(Array, signal[torch.from_numpy(t), torch.from_numpy(b)].cpu().numpy())


def _spread(count: int, most: int) -> list[int]:
    """Up to ``most`` different places of so many, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(n * (count - 1) / (most - 1)) for n in range(most)]


def _sampled(w: Weights) -> tuple[LstmWeights, Places]:
    """Weights in float64 that compute some of the units, and which; all of them where a projection mixes them."""
    assert isinstance(w, LstmWeights)
    if w.whr is not None or w.units <= _UNITS:
        whr = None if w.whr is None else _wide(w.whr)
        return LstmWeights(_wide(w.wx), _wide(w.wh), _wide(w.b), whr), np.arange(w.units)
    units = np.array(_spread(w.units, _UNITS))
    columns = (np.arange(4)[:, None] * w.units + units).ravel()
    return LstmWeights(_wide(w.wx.T[columns].T), _wide(w.wh.T[columns].T), _wide(w.b[columns])), units


def _wide_rnn(w: Weights) -> RnnWeights:
    assert isinstance(w, RnnWeights)
    return RnnWeights(_wide(w.wx), _wide(w.wh), _wide(w.b), w.activation)


def _wide(array: Array) -> Array:
    return array.astype(np.float64)
