"""Real models of public projects in torch's and JSON files give the h and c that their own frameworks computed."""

from __future__ import annotations

import numpy as np
import pytest

import lstmviz
from lstmviz.errors import ModelError
from lstmviz.nets.summary import summarise

pytestmark = pytest.mark.real

MODELS = {
    "noaa_nextgen_lstm": (("model_epoch009.pt", None, 0),),
    "allennlp_simple_tagger": (("best.th", None, 0),),
    "silero_vad_safetensors": (("silero_vad_16k.safetensors", None, 0),),
    "rtneural_keras_lstm": (("lstm.json", None, 0),),
    "rtneural_torch_2lstm_4layers": (("lstm_torch.json", "lstm", 0), ("lstm_torch.json", "lstm2", 1)),
}
"""By folder: file, stack, and the row of its first layer in the reference."""


@pytest.mark.parametrize("folder", MODELS)
def test_a_real_model_gives_the_reference_h_and_c(real, folder):
    reference = np.load(real / folder / "reference.npz")
    x = reference["x"][:, 0]
    for file, stack, first in MODELS[folder]:
        trace = lstmviz.record(lstmviz.load_model(real / folder / file, layer=stack), x)
        assert trace.check.passed
        for layer in range(len(trace.layers)):
            signals = trace.lanes[layer, "forward"].signals
            h, c = (reference[name][first + layer][:, 0] for name in "hc")
            assert np.abs(signals["h"] - h).max() <= 2e-5
            assert np.abs(signals["c"] - c).max() <= 2e-5 + 2e-6 * np.abs(c).max()
            for name in "ifgo":
                gates = reference[f"gate_{name}"][first + layer][:, 0]
                assert np.abs(signals[name][: len(gates)] - gates).max() <= 2e-5
        x = h  # the next stack reads what this one said


def test_modules_of_equal_shapes_are_kept_apart_and_in_order(real):
    file = real / "rtneural_torch_2lstm_4layers" / "lstm_torch.json"
    assert [(one.path, one.inputs, one.units, one.layers) for one in summarise(file).stacks] == [
        ("lstm", 1, 8, 1),
        ("lstm2", 8, 8, 3),
    ]
    with pytest.raises(ModelError, match=r"2 recurrent stacks: 0 “lstm” .*; 1 “lstm2”"):
        lstmviz.load_model(file)


def test_a_gru_is_not_called_an_lstm_whatever_its_module_is_called(real):
    file = real / "allennlp_simple_tagger" / "gru_decoy_elmo_tagger_best.th"
    stack, *embedding = summarise(file).stacks
    assert (stack.cell, stack.units, stack.layers, stack.directions) == ("gru", 25, 2, ("forward", "reverse"))
    assert {one.origin for one in embedding} == {"AllenNLP LSTM"}
    assert lstmviz.load_model(file).spec.cell == "gru"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("noaa_nextgen_lstm/optimizer_state_epoch009.pt", "state of an optimiser"),
        ("allennlp_simple_tagger/decoy_training_state_e1_b0.th", "state of an optimiser"),
        ("rtneural_keras_lstm/bad_lstm.json", "declares LSTM, 1 inputs and 16 units, but its weights have shapes"),
        ("textgenrnn_default/textgenrnn_vocab.json", "no recurrent layer"),
    ],
)
def test_what_is_no_model_or_contradicts_itself_is_said(real, file, said):
    with pytest.raises(ModelError, match=said):
        lstmviz.load_model(real / file)


def test_the_whole_rtneural_net_gives_what_its_authors_published(real):
    """Dense in front, our LSTM, dense behind: the authors' own Keras input and output."""
    import json

    folder = real / "rtneural_keras_lstm"
    layers = json.loads((folder / "lstm.json").read_bytes())["layers"]
    (front, front_b), (back, back_b) = ([np.array(w) for w in layers[n]["weights"]] for n in (0, 2))
    x, y = (np.loadtxt(folder / f"lstm_{name}_python.csv") for name in "xy")
    trace = lstmviz.record(lstmviz.load_model(folder / "lstm.json"), np.tanh(x[:, None] @ front + front_b))
    said = trace["h"] @ back + back_b
    assert np.abs(said[:, 0] - y).max() <= 1e-6
