"""What every test stands on: an isolated home, no screen, and traces made by the reference equations alone."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it writes into the home

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from by_hand import lstm_weights, record_by_hand, weights_of_kind

from lstmviz import language
from lstmviz.cells.weights import Weights
from lstmviz.traces.trace import Trace

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"


@pytest.fixture(scope="session", autouse=True)
def isolated_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the user's own folders is written, by what a whole file shares or by Qt's dialogs either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSTMVIZ_HOME", str(tmp_path_factory.mktemp("session-home")))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


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
