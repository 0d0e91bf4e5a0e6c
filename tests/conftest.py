"""What every test stands on: an isolated home, no screen, and traces made by the reference equations alone."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Sequences
from pathlib import Path

import numpy as np
import pytest

from lstmviz import language
from lstmviz.cells.initial import new_gru, new_lstm, new_rnn
from lstmviz.cells.run import run_gru, run_lstm, run_rnn
from lstmviz.cells.weights import GruWeights, LstmWeights, RnnWeights, Weights
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import STORED, Check, Lane, LayerInfo, ModelInfo, Recorded, Trace

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


KINDS = ("lstm", "peephole", "norm", "peephole+norm", "projected", "rnn", "gru")
"""The kinds of weights that ``weights_of_kind`` knows."""


def weights_of_kind(kind: str, rng: np.random.Generator, inputs: int, units: int, dtype: type = np.float32) -> Weights:
    """Random weights of a cell or of a variant of the LSTM; those of a layer norm are not its first ones."""
    if kind in ("rnn", "gru"):
        return (new_rnn if kind == "rnn" else new_gru)(rng, inputs, units, dtype)
    w = new_lstm(rng, inputs, units, dtype, peepholes="peephole" in kind, norm="norm" in kind)
    if w.norm is not None:
        for array in (w.norm.x, w.norm.h, w.norm.c, w.norm.b):
            array += rng.normal(size=array.shape, scale=0.3).astype(dtype)
    if kind == "projected":
        outputs = max(1, units // 2)
        wh, whr = (rng.normal(size=shape).astype(dtype) for shape in ((outputs, 4 * units), (units, outputs)))
        w = LstmWeights(w.wx, wh, w.b, whr)
    return w


def run_of(w: Weights, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> dict[str, np.ndarray]:
    """Every signal of a layer on a sequence, from the reference; a recurrent layer's y as h."""
    if isinstance(w, LstmWeights):
        return run_lstm(w, x, h0, c0)
    return run_gru(w, x, h0) if isinstance(w, GruWeights) else {"h": run_rnn(w, x, h0)["y"]}


def record_by_hand(
    weights: Sequences[Weights],
    inputs: np.ndarray,
    *,
    sequence: Sequence | None = None,
    readout: bool = False,
    decoder: Sequences[Weights] = (),
    handover: int = 0,
) -> Trace:
    """A trace of stacked layers, recorded with `lstmviz.cells`, from the handover on with a decoder's weights."""
    lanes, layers = {}, []
    below = inputs
    for layer, w in enumerate(weights):
        cell = {LstmWeights: "lstm", RnnWeights: "rnn", GruWeights: "gru"}[type(w)]
        h0, c0 = np.zeros(w.outputs, inputs.dtype), np.zeros(w.units, inputs.dtype)
        found = run_of(w, below[: handover or None], h0, c0)
        if handover:
            rest = run_of(decoder[layer], below[handover:], found["h"][-1], found["c"][-1] if "c" in found else c0)
            found = {name: np.concatenate([found[name], rest[name]]) for name in found}
        signals = {name: found[name] for name in STORED[cell]}
        lanes[layer, "forward"] = Lane(
            signals, h0, c0 if cell == "lstm" else None, w, decoder[layer] if handover else None
        )
        layers.append(LayerInfo(layer, f"{cell}.{layer}", cell, w.inputs, w.units, w.outputs))
        below = signals["h"]
    sequence = sequence or Sequence(inputs.astype(np.float32), name="random walk")
    outputs = below[:, :1] * 2 if readout else None
    if outputs is not None:
        outputs[:handover] = np.nan
    return Trace(
        sequence=sequence,
        inputs=inputs,
        layers=tuple(layers),
        lanes=lanes,
        outputs=outputs,
        output_names=("next",) if readout else (),
        output_kind="value" if readout else "none",
        targets=np.roll(inputs[:, :1], -1, axis=0) if readout else None,
        input_names=sequence.names,
        model=ModelInfo("by hand", "0" * 64),
        check=Check(2e-7, 1e-5, 16),
        recorded=Recorded("2026-01-01T00:00:00+00:00", method="loop", versions={"lstmviz": "0.1.0"}),
        handover=handover,
    )


@pytest.fixture
def make_trace() -> Callable[..., Trace]:
    """make_trace(steps=50, inputs=3, units=8, layers=1, seed=0, readout=True, kind="lstm", handover=0) -> Trace."""

    def make(
        steps: int = 50,
        inputs: int = 3,
        units: int = 8,
        layers: int = 1,
        seed: int = 0,
        readout: bool = True,
        kind: str = "lstm",
        handover: int = 0,
    ) -> Trace:
        rng = np.random.default_rng(seed)
        values = np.cumsum(rng.normal(size=(steps, inputs)), axis=0).astype(np.float32) * 0.3
        if kind == "lstm" and not handover:
            weights = [lstm_weights(rng, inputs if layer == 0 else units, units) for layer in range(layers)]
            return record_by_hand(weights, values, readout=readout)
        stacks: list[list[Weights]] = [[], []]
        for stack in stacks:
            for _ in range(layers):
                stack.append(weights_of_kind(kind, rng, stack[-1].outputs if stack else inputs, units))
        return record_by_hand(stacks[0], values, readout=readout, decoder=stacks[1], handover=handover)

    return make
