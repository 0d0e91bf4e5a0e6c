"""What every test stands on: an isolated home, no screen, and traces made by the reference equations alone."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lstmviz import language
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.weights import LstmWeights
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Check, Lane, LayerInfo, ModelInfo, Recorded, Trace

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test reads or writes the user's own settings, and each starts in English."""
    monkeypatch.setenv("LSTMVIZ_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("LANG", "C.UTF-8")
    language.use("en")
    yield
    language.use("en")


@pytest.fixture
def real() -> Path:
    """The folder of real models and sequences of public projects."""
    if not REAL.is_dir():
        pytest.skip("../shared/real is not here")
    return REAL


def lstm_weights(rng: np.random.Generator, inputs: int, units: int, dtype: type = np.float32) -> LstmWeights:
    """Random weights as nn.LSTM draws them, forget bias 1."""
    bound = units**-0.5
    wx, wh, b = (
        rng.uniform(-bound, bound, shape).astype(dtype)
        for shape in ((inputs, 4 * units), (units, 4 * units), (4 * units,))
    )
    b[units : 2 * units] += 1
    return LstmWeights(wx, wh, b)


def record_by_hand(
    weights: list[LstmWeights], inputs: np.ndarray, *, sequence: Sequence | None = None, readout: bool = False
) -> Trace:
    """A trace of stacked forward layers, recorded step by step with `lstmviz.cells`."""
    lanes = {}
    below = inputs
    for layer, w in enumerate(weights):
        h = np.zeros(w.outputs, inputs.dtype)
        c = np.zeros(w.units, inputs.dtype)
        rows: dict[str, list[np.ndarray]] = {name: [] for name in "ifogch"}
        for x in below:
            step = lstm_step(w, x, h, c)
            h, c = step.h, step.c
            for name in rows:
                rows[name].append(getattr(step, name))
        signals = {name: np.stack(values) for name, values in rows.items()}
        lanes[layer, "forward"] = Lane(signals, np.zeros(w.outputs, inputs.dtype), np.zeros(w.units, inputs.dtype), w)
        below = signals["h"]
    sequence = sequence or Sequence(inputs.astype(np.float32), name="random walk")
    outputs = below[:, :1] * 2 if readout else None
    return Trace(
        sequence=sequence,
        inputs=inputs,
        layers=tuple(LayerInfo(n, f"lstm.{n}", "lstm", w.inputs, w.units, w.outputs) for n, w in enumerate(weights)),
        lanes=lanes,
        outputs=outputs,
        output_names=("next",) if readout else (),
        output_kind="value" if readout else "none",
        targets=np.roll(inputs[:, :1], -1, axis=0) if readout else None,
        input_names=sequence.names,
        model=ModelInfo("by hand", "0" * 64),
        check=Check(2e-7, 1e-5, 16),
        recorded=Recorded("2026-01-01T00:00:00+00:00", method="loop", versions={"lstmviz": "0.1.0"}),
    )


@pytest.fixture
def make_trace() -> Callable[..., Trace]:
    """make_trace(steps=50, inputs=3, units=8, layers=1, seed=0, readout=True) -> Trace."""

    def make(
        steps: int = 50, inputs: int = 3, units: int = 8, layers: int = 1, seed: int = 0, readout: bool = True
    ) -> Trace:
        rng = np.random.default_rng(seed)
        values = np.cumsum(rng.normal(size=(steps, inputs)), axis=0).astype(np.float32) * 0.3
        weights = [lstm_weights(rng, inputs if layer == 0 else units, units) for layer in range(layers)]
        return record_by_hand(weights, values, readout=readout)

    return make
