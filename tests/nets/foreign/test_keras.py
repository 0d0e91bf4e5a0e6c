"""Keras' layers in every form of file, against Keras' documented equations and against numbers that Keras computed."""

from __future__ import annotations

import json
import zipfile

import h5py
import keras_forms
import numpy as np
import pytest
from keras_forms import Layer, keras_1, keras_2, keras_3, keras_3_h5, packed, tf_keras

import lstmviz
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.keras_file import read
from lstmviz.nets.reader import load_model

X = np.random.default_rng(5).normal(size=(9, 3)).astype("f4")

FORMS = {
    "keras_1.h5": (keras_1, {}),
    "keras_1_whole.h5": (keras_1, {"whole": True}),
    "keras_2.hdf5": (keras_2, {"version": "2.3.1"}),
    "keras_2_whole.h5": (keras_2, {"whole": True}),
    "tf_keras.h5": (tf_keras, {}),
    "tf_keras_whole.h5": (tf_keras, {"whole": True}),
    "keras_3_whole.h5": (keras_3_h5, {"whole": True}),
    "keras_3.weights.h5": (keras_3, {}),
    "keras_3_unnamed.weights.h5": (keras_3, {"named": False}),
    "keras_3.keras": (keras_3, {"whole": True}),
    "keras_3_unnamed.keras": (keras_3, {"whole": True, "named": False}),
}


@pytest.fixture(autouse=True)
def read_here(monkeypatch):
    """The files here are whole: no process for each of them."""
    monkeypatch.setenv("LSTMVIZ_HDF5", "here")


def heard(net, x=X):
    """h, and c of an LSTM, of every layer, directions side by side, in float64."""
    trace = lstmviz.record(net.double(), x)
    sides = ("forward", "reverse") if net.spec.bidirectional else ("forward",)
    names = "hc" if net.spec.cell == "lstm" else "h"
    return [
        [np.concatenate([trace.signal(name, layer, side) for side in sides], axis=1) for name in names]
        for layer in range(net.spec.layers)
    ]


def close(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_two_layers_of_every_form_compute_what_keras_documents(tmp_path, form, both):
    write, options = FORMS[form]
    layers = [Layer("one", both=both), Layer("two", inputs=4 * (1 + both), both=both, seed=1)]
    write(tmp_path / form, layers, **options)
    gate = "hard_sigmoid" if form == "keras_1.h5" else "sigmoid"
    net = load_model(tmp_path / form)
    assert (net.spec.layers, net.spec.hidden, net.spec.bidirectional) == (2, 4, both)
    assert net.spec.gate_activation == gate
    first = layers[0].states(X, gate)
    for found, expected in zip(heard(net), [first, layers[1].states(first[0], gate)], strict=True):
        close(found, expected)
    assert bool(net.warning) == ("whole" not in form and not form.endswith(".keras")), "weights alone leave much open"


@pytest.mark.parametrize(
    ("version", "name", "expected"),
    [
        ("2.2.4", "hard_sigmoid", "hard_sigmoid"),
        ("2.9.0", "hard_sigmoid", "hard_sigmoid"),
        ("3.5.0", "hard_sigmoid", "hard_sigmoid_keras3"),
        ("2.2.4", "sigmoid", "sigmoid"),
    ],
)
def test_hard_sigmoid_is_that_of_the_keras_that_wrote_the_file(tmp_path, version, name, expected):
    layer = Layer("a", options={"recurrent_activation": name})
    keras_2(tmp_path / "m.h5", [layer], whole=True, version=version)
    net = load_model(tmp_path / "m.h5")
    assert net.spec.gate_activation == expected
    close(heard(net)[0], layer.states(X, expected))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2.2", "hard_sigmoid"),
        ("2.2.4", "hard_sigmoid"),
        ("2.3.0", "sigmoid"),
        ("2.10.0", "sigmoid"),
        ("2.1.6-tf", "hard_sigmoid"),
        ("2.2.4-tf", "sigmoid"),
        ("3.0.0", "sigmoid"),
    ],
)
def test_weights_alone_take_the_gates_that_their_keras_chose_by_itself(tmp_path, version, expected):
    keras_2(tmp_path / "m.h5", [Layer("a")], version=version)
    (found,) = read(tmp_path / "m.h5")
    assert found.spec.gate_activation == expected
    assert any(expected in note for note in found.notes)


def test_one_function_serves_the_candidate_and_the_output(tmp_path):
    layer = Layer("a", options={"activation": "relu"})
    keras_3(tmp_path / "m.keras", [layer], whole=True)
    close(heard(load_model(tmp_path / "m.keras"))[0], layer.states(X, state="relu"))


def test_what_an_optimiser_keeps_is_no_layer(tmp_path):
    layer = Layer("a")
    keras_2(tmp_path / "m.h5", [layer], whole=True)
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        file.copy("model_weights/a/a", file.create_group("optimizer_weights/Adam/m"), "a")
    close(heard(load_model(tmp_path / "m.h5"))[0], layer.states(X))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("both", [False, True])
def test_every_kind_with_and_without_bias(tmp_path, kind, bias, both):
    layer = Layer("a", kind, both=both, bias=bias)
    keras_2(tmp_path / "m.h5", [layer], whole=True)
    found = heard(load_model(tmp_path / "m.h5"))[0]
    np.testing.assert_allclose(found[0], layer.states(X)[0], atol=1e-10)


@pytest.mark.parametrize(("kind", "blocks"), [("LSTM", 4), ("GRU", 3)])
@pytest.mark.parametrize("units", [3, 4])
def test_cudnn_weights_are_told_by_their_bias_and_turned_back(tmp_path, kind, blocks, units):
    layer = Layer("a", kind, units=units)
    wanted = layer.states(X)[0]
    kernel, recurrent, bias = layer.sides[0]
    turned = packed([kernel, recurrent, bias if kind == "LSTM" else bias[0]], blocks)
    if kind == "GRU":
        turned[2] = bias.reshape(-1)
    layer.sides = [turned]
    keras_2(tmp_path / "m.h5", [layer])
    (found,) = read(tmp_path / "m.h5")
    assert found.origin == f"Keras CuDNN{kind}"
    assert found.spec.gate_activation == "sigmoid"
    assert not found.notes, "cuDNN leaves nothing open"
    np.testing.assert_allclose(heard(load_model(tmp_path / "m.h5"))[0][0], wanted, atol=1e-7)


def test_a_layer_of_a_stack_opens_alone_by_its_name(tmp_path):
    layers = [Layer("one"), Layer("two", inputs=4)]
    keras_3(tmp_path / "m.keras", layers, whole=True)
    (stack,) = read(tmp_path / "m.keras")
    assert stack.path == "one+two"
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("f4")
    close(heard(load_model(tmp_path / "m.keras", layer="two"), x)[0], layers[1].states(x))


def test_layers_that_do_not_read_one_another_stay_apart(tmp_path):
    layers = [Layer("one"), Layer("two", inputs=4), Layer("three", inputs=4, units=5), Layer("four", inputs=5, units=5)]
    layers[0].options["return_sequences"] = False  # one, RepeatVector, two: an encoder and its decoder
    layers[2].options["go_backwards"] = True
    keras_2(tmp_path / "m.h5", layers, whole=True)
    found = {each.path: each for each in read(tmp_path / "m.h5")}
    assert list(found) == ["one", "two", "three", "four"]
    assert found["three"].spec.directions == ("reverse",)
    with pytest.raises(ModelError, match="4 recurrent stacks: 0 “one”"):
        load_model(tmp_path / "m.h5")


@pytest.mark.parametrize("age", [2, 3])
def test_the_wiring_of_a_functional_model_is_followed(tmp_path, age):
    layers = [Layer(name, inputs=4) for name in "abcd"]
    keras_2(tmp_path / "m.h5", layers, whole=True, version=f"{age}.4.0")
    wires = {"a": ["input"], "b": ["input"], "dropout_1": ["a"], "c": ["dropout_1"], "d": ["b", "c"]}
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        model = json.loads(file.attrs["model_config"])
        for layer in model["config"]["layers"]:
            ends = [[name, 0, 0] for name in wires.get(layer["config"]["name"], [])]
            args = [{"config": {"keras_history": end}} for end in ends]
            layer["inbound_nodes"] = [[[*end, {}] for end in ends]] if age == 2 else [{"args": args, "kwargs": {}}]
        file.attrs["model_config"] = json.dumps({**model, "class_name": "Functional"})
    found = {each.path: each for each in read(tmp_path / "m.h5")}
    assert list(found) == ["a+c", "b", "d"]
    assert "starts from a state" in found["d"].notes[0]


def test_a_model_within_a_model_gives_its_layers(tmp_path):
    inner, outer = Layer("lstm"), Layer("lstm", inputs=4, seed=3)
    model = keras_forms.sequential([outer])
    model["config"]["layers"].insert(0, {**keras_forms.sequential([inner]), "class_name": "Functional"})
    model["config"]["layers"][0]["config"]["name"] = "inner"
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"], file.attrs["keras_version"] = json.dumps(model), "2.9.0"
        for place, layer in (("inner/lstm/lstm_cell", inner), ("lstm/lstm/lstm_cell", outer)):
            for part, array in zip(keras_forms.NAMES, layer.sides[0], strict=True):
                file[f"model_weights/{place}/{part}:0"] = array
    close(heard(load_model(tmp_path / "m.h5", layer="inner/lstm"))[0], inner.states(X))
    x = np.ones((4, 4), "f4")
    close(heard(load_model(tmp_path / "m.h5", layer="lstm"), x)[0], outer.states(x))


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (Layer("a", options={"activation": "gelu"}), "computes with sigmoid and “gelu”"),
        (Layer("a", options={"recurrent_activation": "relu"}), "computes with relu and tanh"),
        (Layer("a", options={"recurrent_activation": {"class_name": "Mine", "config": {}}}), "computes with “Mine”"),
        (Layer("a", options={"units": 5}), "declares 5 units, and its weights are .3, 16. and .4, 16."),
    ],
)
def test_what_has_no_cell_here_is_said_in_a_sentence(tmp_path, layer, sentence):
    keras_2(tmp_path / "m.h5", [layer], whole=True)
    with pytest.raises(ModelError, match=sentence):
        read(tmp_path / "m.h5")


def test_one_layer_that_cannot_be_read_does_not_hide_another(tmp_path):
    keras_2(tmp_path / "m.h5", [Layer("a", options={"activation": "gelu"}), Layer("b", inputs=4)], whole=True)
    (found,) = read(tmp_path / "m.h5")
    assert found.path == "b"
    assert "lstmviz has no cell for" in found.notes[0]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("both", [True, False])
def test_a_gru_that_resets_before_its_weights_computes_what_keras_documents(tmp_path, bias, both):
    layer = Layer("a", "GRU", both=both, bias=bias, options={"reset_after": False})
    keras_2(tmp_path / "m.h5", [layer], whole=True)
    net = load_model(tmp_path / "m.h5")
    assert net.spec.reset_before
    np.testing.assert_allclose(heard(net)[0][0], layer.states(X)[0], atol=1e-10)


def test_a_layer_that_goes_backwards_is_recorded_backwards_in_the_order_of_time(tmp_path):
    layer = Layer("a", options={"go_backwards": True})
    keras_2(tmp_path / "m.h5", [layer], whole=True)
    trace = lstmviz.record(load_model(tmp_path / "m.h5").double(), X)
    expected = layer.states(X[::-1])
    for name, wanted in zip("hc", expected, strict=True):
        np.testing.assert_allclose(trace.signal(name, 0, "reverse"), wanted[::-1], atol=1e-10)


@pytest.mark.parametrize("name", ["selu", "elu", "softplus", "softsign"])
def test_the_other_functions_of_keras_are_computed(tmp_path, name):
    layer = Layer("a", options={"activation": name})
    layer.sides = [[array / 4 for array in side] for side in layer.sides]
    keras_2(tmp_path / "m.h5", [layer], whole=True)
    close(heard(load_model(tmp_path / "m.h5"))[0], layer.states(X, state=name))


def test_a_gru_without_bias_does_not_tell_its_kind(tmp_path):
    keras_2(tmp_path / "m.h5", [Layer("a", "GRU", bias=False)])
    with pytest.raises(ModelError, match="which alone would tell"):
        read(tmp_path / "m.h5")


def test_nothing_recurrent_is_said(tmp_path):
    keras_2(tmp_path / "m.h5", [])
    assert read(tmp_path / "m.h5") == ()
    with pytest.raises(ModelError, match="holds no recurrent layer that lstmviz knows"):
        load_model(tmp_path / "m.h5")
    keras_2(tmp_path / "m.h5", [Layer("a")], whole=True)
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        del file["model_weights/a"]
    with pytest.raises(ModelError, match="describes recurrent layers but holds no weights"):
        read(tmp_path / "m.h5")
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelError, match=r"without model\.weights\.h5"):
        read(tmp_path / "m.keras")


@pytest.mark.real
def test_textgenrnn_gives_the_states_that_keras_computed(real):
    folder = real / "textgenrnn_default"
    net = load_model(folder / "textgenrnn_weights.hdf5")
    assert (net.spec.input.width, net.spec.hidden, net.spec.layers) == (100, 128, 2)
    compare(net, np.load(folder / "reference.npz"))


@pytest.mark.real
def test_dtln_in_keras_gives_the_states_of_its_onnx_sister(real):
    folder = real / "dtln_noise_suppression"
    with pytest.raises(ModelError, match=r"0 “lstm\+lstm_1”.*1 “lstm_2\+lstm_3”"):
        load_model(folder / "model.h5")
    compare(load_model(folder / "model.h5", layer="lstm+lstm_1"), np.load(folder / "reference.npz"))


def compare(net, reference):
    """The tolerance of ../shared/real/README.txt, in the file's own float32."""
    trace = lstmviz.record(net, reference["x"][:, 0])
    for layer in range(net.spec.layers):
        c = reference["c"][layer, :, 0]
        np.testing.assert_allclose(trace.signal("h", layer), reference["h"][layer, :, 0], atol=2e-5, rtol=0)
        np.testing.assert_allclose(trace.signal("c", layer), c, atol=2e-5 + 2e-6 * np.abs(c).max(), rtol=0)
        for signal in "ifgo":
            gate = reference[f"gate_{signal}"][layer, :, 0]
            part = slice(-len(gate), None) if "next_char_prob" in reference else slice(len(gate))
            np.testing.assert_allclose(trace.signal(signal, layer)[part], gate, atol=2e-5, rtol=0)


def test_an_archive_is_never_unpacked_to_the_disk(tmp_path):
    (tmp_path / "inner").mkdir()
    keras_3(tmp_path / "inner/m.keras", [Layer("a")], whole=True)
    with zipfile.ZipFile(tmp_path / "inner/m.keras", "a") as archive:
        archive.writestr("../evil.txt", "out")
        archive.writestr(str(tmp_path / "evil.txt"), "out")
    assert load_model(tmp_path / "inner/m.keras").spec.hidden == 4
    assert {path.name for path in tmp_path.rglob("*")} == {"inner", "m.keras"}


def test_an_archive_with_two_weights_or_a_bomb_is_refused(tmp_path):
    keras_3(tmp_path / "m.keras", [Layer("a")], whole=True)
    with zipfile.ZipFile(tmp_path / "m.keras", "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("model.weights.h5", b"other")
    with pytest.raises(ModelError, match="two files of one name"):
        load_model(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        with archive.open("model.weights.h5", "w", force_zip64=True) as stream:
            for _ in range(300):
                stream.write(bytes(1 << 20))
    with pytest.raises(ModelError, match=r"promises 3145\d+ when unpacked"):
        load_model(tmp_path / "bomb.keras")


def test_a_checksum_that_does_not_fit_is_told(tmp_path):
    keras_3(tmp_path / "m.keras", [Layer("a")], whole=True)
    data = bytearray((tmp_path / "m.keras").read_bytes())
    place = data.index(b"\x89HDF") + 2100
    data[place] ^= 1
    (tmp_path / "m.keras").write_bytes(data)
    with pytest.raises(ModelError, match="damaged zip archive: Bad CRC-32"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("named", [True, False])
def test_layers_that_are_called_after_others_places_are_told_apart(tmp_path, named):
    """The second and third LSTM that a session makes: lstm_1 is the first of its model, and lstm_2 the second."""
    layers = [Layer("lstm_1", seed=1), Layer("lstm_2", inputs=4, seed=5)]
    keras_3(tmp_path / "m.keras", layers, whole=True, named=named)
    (found,) = read(tmp_path / "m.keras")
    assert found.path == "lstm_1+lstm_2"
    for place, layer in enumerate(layers):
        np.testing.assert_array_equal(found.tensors[f"recurrent.weight_ih_l{place}"], layer.sides[0][0].T)


def test_a_model_whose_layers_are_made_in_its_own_code_is_read_by_its_weights(tmp_path):
    layer = Layer("lstm")
    keras_3(tmp_path / "m.keras", [layer], whole=True)
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = json.dumps({"class_name": "Mine", "config": {"trainable": True}}).encode()
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    (found,) = read(tmp_path / "m.keras")
    np.testing.assert_array_equal(found.tensors["recurrent.weight_ih_l0"], layer.sides[0][0].T)
