"""A trace on the disk as a recording leaves it, opened lazily, and arrays that count what is asked of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from by_hand import lstm_weights

from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.lazy import LazyArray
from lstmviz.traces.store import open_trace
from lstmviz.traces.trace import Check, Lane, LayerInfo, ModelInfo, Recorded, Trace
from lstmviz.traces.writer import begin_store

STEPS, UNITS = 24_000, 8
SPIKE = (13_337, 5)
"""The step and unit at which f, 0.5 to 0.75 elsewhere, is 0 once."""


def signals_of(steps: int, units: int = UNITS) -> dict[str, np.ndarray]:
    """Made-up signals, (T, H) each; what a view shows of them does not depend on the equations."""
    rng = np.random.default_rng(1)
    gates = {name: rng.uniform(0.5, 0.75, (steps, units)).astype(np.float32) for name in "ifo"}
    states = {name: rng.uniform(-0.5, 0.5, (steps, units)).astype(np.float32) for name in "gch"}
    if steps > SPIKE[0]:
        gates["f"][SPIKE] = 0.0
    return gates | states


def write_store(path: Path, steps: int = STEPS, written: int | None = None, dtype: str = "float32") -> Path:
    """A store of so many steps of one layer; cut short where fewer are ``written``."""
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(size=(steps, 2)), axis=0).astype(np.float32)
    labels = tuple("day" if t // 50 % 2 else "" for t in range(steps))
    sequence = Sequence(values, name="walk", labels=labels)
    made, zeros = signals_of(steps), np.zeros(UNITS, np.float32)
    outputs, targets = values[:, :1] * 0.9, np.roll(values[:, :1], -1, axis=0)
    head = Trace(
        sequence=sequence[:1],
        inputs=values[:1],
        layers=(LayerInfo(0, "lstm", "lstm", 2, UNITS, UNITS),),
        lanes={(0, "forward"): Lane({name: array[:1] for name, array in made.items()}, zeros, zeros, _weights())},
        outputs=outputs[:1],
        output_names=("next",),
        output_kind="value",
        model=ModelInfo("far"),
    )
    last = steps if written is None else written
    with begin_store(path, head, sequence, values, targets, steps, dtype=dtype) as writer:
        writer.append((0, "forward"), 0, {name: array[:last] for name, array in made.items()})
        writer.say(0, outputs[:last])
        if written is None:
            writer.finish(Check(0.0, 1e-5, 1), Recorded())
    return path


def _weights():
    return lstm_weights(np.random.default_rng(2), 2, UNITS)


class Counting(LazyArray):
    """A stored array that counts the rows that it was asked for."""

    def __init__(self, array: LazyArray) -> None:
        super().__init__(array.shape, array.dtype)
        self._array = array
        self.rows = 0

    def block(self, start: int, stop: int) -> np.ndarray:
        self.rows += stop - start
        return self._array.block(start, stop)

    def scattered(self, steps: np.ndarray) -> np.ndarray:
        self.rows += len(steps)
        return self._array.scattered(steps)


def counted(path: Path) -> tuple[Trace, dict[str, Counting]]:
    """A trace opened lazily, and its signals by name, which count."""
    trace = open_trace(path, lazy=True)
    lane = trace.lanes[0, "forward"]
    arrays = {name: Counting(array) for name, array in lane.signals.items()}
    return replace(trace, lanes={(0, "forward"): replace(lane, signals=arrays)}), arrays
