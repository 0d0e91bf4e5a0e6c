"""Real models of public projects, recorded as torch modules, against gates from an independent float64 numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import lstmviz

pytestmark = pytest.mark.real

MODELS = {
    "noaa_nextgen_lstm": ("model_epoch009.pt", "lstm."),
    "allennlp_simple_tagger": ("best.th", "encoder._module."),
    "silero_vad_safetensors": ("silero_vad_16k.safetensors", "lstm_cell."),
}


def load(folder: Path, file: str, prefix: str) -> nn.LSTM | nn.LSTMCell:
    """The recurrent layer of a checkpoint, as a user would load it with torch alone."""
    if file.endswith(".safetensors"):
        from safetensors.torch import load_file

        everything = load_file(folder / file)
    else:
        everything = torch.load(folder / file, weights_only=True, map_location="cpu")
    state = {name.removeprefix(prefix): value for name, value in everything.items() if name.startswith(prefix)}
    by_cell = "weight_ih" in state
    rows, inputs = state["weight_ih" if by_cell else "weight_ih_l0"].shape
    module = nn.LSTMCell(inputs, rows // 4) if by_cell else nn.LSTM(inputs, rows // 4)
    module.load_state_dict(state)
    return module


@pytest.mark.parametrize("name", MODELS)
def test_every_gate_of_a_real_model_is_that_of_its_reference(name: str, real: Path) -> None:
    folder = real / name
    module = load(folder, *MODELS[name])
    reference = np.load(folder / "reference.npz")
    trace = lstmviz.record(module, reference["x"][:, 0])
    c_tolerance = 2e-5 + 2e-6 * np.abs(reference["c"]).max()
    np.testing.assert_allclose(trace["h"], reference["h"][0, :, 0], rtol=0, atol=2e-5)
    np.testing.assert_allclose(trace["c"], reference["c"][0, :, 0], rtol=0, atol=c_tolerance)
    for gate in "ifog":
        expected = reference[f"gate_{gate}"][0, :, 0]
        np.testing.assert_allclose(trace[gate][: len(expected)], expected, rtol=0, atol=2e-5)
    assert trace.check is not None
    assert trace.check.passed
