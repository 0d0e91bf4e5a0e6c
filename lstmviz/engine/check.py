"""Every recording is checked: a sample of its steps is computed again, by the reference and by the framework."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
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
_SAMPLE = 32


class Checker:
    """Collects the largest error over the lanes of one recording of B sequences of given lengths.

    Each sampled step starts from the recorded h(t−1) and c(t−1), so that an error is that of the step itself; a wrong
    c(t−1) shows in h(t), which comes from the framework. Errors are relative to max(1, |value|), as c has no bound.
    """

    def __init__(self, lengths: list[int], dtype: torch.dtype) -> None:
        each = max(4, _SAMPLE // len(lengths))
        pairs = [(t, b) for b, n in enumerate(lengths) for t in _spread(n, each)]
        self._t, self._b = np.array(pairs).T
        self._tolerance = TOLERANCE[dtype]
        self._errors: list[float] = [0.0]

    def add(self, w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, run: LaneRun) -> float:
        """Check one lane, in the order in which it read; returns its largest error, NaN where a value is NaN."""
        at = (torch.from_numpy(self._t), torch.from_numpy(self._b))
        x_t, h_t = x[at], run.h[at]
        h_before = self._before(run.h, h0)
        found = {"h": h_t}
        c_before = None
        if run.gates is not None and run.c is not None and c0 is not None:
            gates = run.gates[at]
            found |= dict(zip("ifog", gates.split(w.units, dim=1), strict=True))
            found["c"] = run.c[at]
            c_before = self._before(run.c, c0)
        expected = _reference(w.cells, *(_double(t) for t in (x_t, h_before, c_before)))
        errors = [_error(_double(value), expected[name]) for name, value in found.items()]
        if run.c is not None and run.last_c is not None:
            errors.append(_error(_double(run.c[-1]), _double(run.last_c)))
        elif run.method == "loop":
            h, c = framework_run(w, x_t[None], h_before, c_before)
            errors.append(_error(_double(h_t), _double(h[0])))
            errors.append(_error(_double(found["c"]), _double(c)))
        worst = float(np.max(errors))
        self._errors.append(worst)
        return worst

    def result(self) -> Check:
        """The check of the whole recording."""
        return Check(float(np.max(self._errors)), self._tolerance, len(self._t), AGAINST)

    def _before(self, signal: Tensor, edge: Tensor) -> Tensor:
        t = torch.from_numpy(self._t)
        b = torch.from_numpy(self._b)
        rows = signal[(t - 1).clamp(min=0), b]
        first = t == 0
        rows[first] = edge[b[first]]
        return rows


def _spread(steps: int, count: int) -> list[int]:
    """Up to ``count`` different steps of so many, the first and the last among them."""
    if steps <= count:
        return list(range(steps))
    return [round(n * (steps - 1) / (count - 1)) for n in range(count)]


def _reference(w: Weights, x: Array, h: Array, c: Array | None) -> dict[str, Array]:
    if isinstance(w, RnnWeights):
        wide = replace(w, wx=_wide(w.wx), wh=_wide(w.wh), b=_wide(w.b))
        return {"h": rnn_step(wide, x, h).y}
    step = lstm_step(
        LstmWeights(_wide(w.wx), _wide(w.wh), _wide(w.b), None if w.whr is None else _wide(w.whr)), x, h, c
    )
    return {name: getattr(step, name) for name in "ifogch"}


def _wide(array: Array) -> Array:
    return array.astype(np.float64)


def _double(tensor: Tensor | None) -> Array | None:
    return None if tensor is None else tensor.cpu().double().numpy()


def _error(found: Array, expected: Array) -> float:
    return float((np.abs(found - expected) / np.maximum(1, np.abs(expected))).max())
