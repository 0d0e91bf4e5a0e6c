"""Every recording is checked: a sample of it is computed again, by the reference and by the framework."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lstmviz.cells.gru import gru_step
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.weights import Array, GruWeights, RnnWeights
from lstmviz.engine.fused import LaneRun
from lstmviz.engine.weights import LaneWeights, Stack
from lstmviz.traces.trace import Check

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
_MAGNIFIED = 10
"""A layer norm divides by a spread that may be as small as √eps, a 316th: so much more it magnifies rounding."""
AGAINST: tuple[str, ...] = ("cells float64", "torch")
_STEPS = 32
"""How many steps of a recording are sampled; at least 4 of every sequence of a batch."""

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sample:
    """Which steps t of which sequences b are looked at; the steps before them and themselves; which t are the first."""

    t: Places
    b: Places
    before_and_at: Places
    first: Places


@lru_cache(maxsize=64)
def _sample(lengths: tuple[int, ...]) -> Sample:
    each = max(4, _STEPS // len(lengths))
    pairs = [(t, b) for b, n in enumerate(lengths) for t in _spread(n, each)]
    t, b = np.array(pairs).T
    return Sample(t, b, np.concatenate([np.maximum(t - 1, 0), t]), np.flatnonzero(t == 0))


class Checker:
    """Collects the largest error over the lanes of one recording of B sequences of given lengths.

    Each sampled step starts from the recorded h(t−1) and c(t−1), so that an error is that of the step itself; a wrong
    c(t−1) shows in h(t), which comes from the framework. Errors are relative to max(1, |value|), as c has no bound.
    """

    def __init__(self, lengths: list[int], stack: Stack) -> None:
        self._sample = _sample(tuple(lengths))
        normed = any(getattr(lane.cells, "norm", None) is not None for lane in stack.lanes.values())
        self.tolerance = TOLERANCE[stack.dtype] * (_MAGNIFIED if normed else 1)
        # the framework has no layer of its own that could be held against the loop
        self._against = AGAINST[:1] if any(lane.loop is not None for lane in stack.lanes.values()) else AGAINST
        self._errors: list[float] = []

    def error(self, w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, run: LaneRun) -> float:
        """The largest error of one lane, in the order in which it read; NaN where a NaN was met."""
        sample = self._sample
        x_t = _pick(x, sample.t, sample.b)
        h_before, h_t = self._pairs(run.h, h0)
        if isinstance(w.sampled, RnnWeights):
            return _largest([h_t], [rnn_step(w.sampled, _wide(x_t), _wide(h_before)).y])
        assert run.gates is not None
        if isinstance(w.sampled, GruWeights):
            reset = gru_step(w.sampled, _wide(x_t), _wide(h_before))
            found = [_pick(run.gates, sample.t, sample.b), h_t]
            return _largest(found, [getattr(reset, name) for name in (*run.blocks, "h")])
        assert run.c is not None
        assert c0 is not None
        units, n = w.units_sampled, len(sample.t)
        c_before, c_t = self._pairs(run.c, c0)
        step = lstm_step(w.sampled, _wide(x_t), _wide(h_before), _wide(c_before[:, units]))
        gates = _pick(run.gates, sample.t, sample.b).reshape(n, 4, -1)[:, :, units].reshape(n, -1)
        right = [getattr(step, name) for name in run.blocks]
        h_seen = h_t if w.whr is not None else h_t[:, units]
        error = _largest([gates, c_t[:, units], h_seen], [*right, step.c, step.h])
        if run.last_c is None:
            return error
        return float(np.maximum(error, _largest([run.c[-1].numpy()], [run.last_c.cpu().numpy()])))

    def note(self, error: float) -> None:
        """Take the error of one lane into the result."""
        self._errors.append(error)

    def result(self) -> Check:
        """The check of the whole recording."""
        worst = math.nan if any(map(math.isnan, self._errors)) else max(self._errors)
        return Check(worst, self.tolerance, len(self._sample.t), self._against)

    def _pairs(self, signal: Tensor, edge: Tensor) -> tuple[Array, Array]:
        """The signal before and at the sampled steps; before the first step stands the edge."""
        sample = self._sample
        rows = _pick(signal, sample.before_and_at, np.concatenate([sample.b, sample.b]))
        rows[sample.first] = edge.cpu().numpy()[sample.b[sample.first]]
        return rows[: len(sample.t)], rows[len(sample.t) :]


def _largest(found: list[Array], expected: list[Array]) -> float:
    right = np.concatenate(expected, axis=1)
    wrong = np.abs(np.concatenate(found, axis=1) - right)
    return float((wrong / np.maximum(1, np.abs(right))).max())


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


def _wide(array: Array) -> Array:
    return array.astype(np.float64)
