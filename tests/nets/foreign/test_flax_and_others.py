"""Flax' parameters against its documented equations, and a way onward from the formats that are not read."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from flax_forms import dense, lstm_cell, to_bytes

import lstmviz
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.formats import is_model, read_found
from lstmviz.nets.reader import load_model

X = np.random.default_rng(9).normal(size=(8, 3))


def after(layer, x):
    return x @ layer["kernel"].astype("f8") + layer.get("bias", 0)


def sigma(z):
    return 1 / (1 + np.exp(-z))


def heard(path, layer=None):
    return lstmviz.record(load_model(path, layer=layer).double(), X)


def test_an_lstm_cell_is_read_by_the_names_of_its_gates(tmp_path):
    cell = lstm_cell()
    tree = {"params": {"encoder": {"OptimizedLSTMCell_0": cell}, "head": dense(4, 2, True)}}
    (tmp_path / "m.msgpack").write_bytes(to_bytes(tree))
    trace = heard(tmp_path / "m.msgpack")
    h = c = np.zeros(4)
    for t, x in enumerate(X.astype("f4").astype("f8")):
        i, f, g, o = (after(cell["i" + gate], x) + after(cell["h" + gate], h) for gate in "ifgo")
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        np.testing.assert_allclose(trace.signal("c")[t], c, atol=1e-10)
        np.testing.assert_allclose(trace.signal("h")[t], h, atol=1e-10)
    (found,) = read_found(tmp_path / "m.msgpack")
    assert found.path == "encoder/OptimizedLSTMCell_0"
    assert "its own choice" in found.notes[0]


def test_a_gru_cell_and_a_simple_cell_stay_apart(tmp_path):
    gru = {
        name: dense(3, bias=True) if name[0] == "i" else dense(4, bias=name == "hn")
        for name in ("hn", "hr", "hz", "in", "ir", "iz")
    }
    simple = {"h": dense(4), "i": dense(3, bias=True)}
    (tmp_path / "anything.bin").write_bytes(to_bytes({"params": {"g": {"cell": gru}, "s": simple}}))
    by_gru, by_simple = heard(tmp_path / "anything.bin", "g/cell"), heard(tmp_path / "anything.bin", "s")
    h = s = np.zeros(4)
    for t, x in enumerate(X.astype("f4").astype("f8")):
        r, z = (sigma(after(gru["i" + gate], x) + after(gru["h" + gate], h)) for gate in "rz")
        n = np.tanh(after(gru["in"], x) + r * after(gru["hn"], h))
        h = (1 - z) * n + z * h
        s = np.tanh(after(simple["i"], x) + after(simple["h"], s))
        np.testing.assert_allclose(by_gru.signal("h")[t], h, atol=1e-10)
        np.testing.assert_allclose(by_simple.signal("h")[t], s, atol=1e-10)


def test_bfloat16_is_read_as_the_same_numbers(tmp_path):
    cell = {name: {key: np.round(array) for key, array in each.items()} for name, each in lstm_cell().items()}
    (tmp_path / "m.msgpack").write_bytes(to_bytes({"params": cell}, "bfloat16"))
    (found,) = read_found(tmp_path / "m.msgpack")
    wanted = np.concatenate([cell["i" + gate]["kernel"].T for gate in "ifgo"])
    assert found.tensors["recurrent.weight_ih_l0"].tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x81\xa6params\xc1", "not a tree of parameters that Flax wrote"),
        (to_bytes({"params": {"a": dense(3)}}), "holds no recurrent layer that lstmviz knows"),
        (to_bytes({"params": {**lstm_cell(), "hf": dense(4, 5)}}), "differ in size; expected 4 units"),
        (to_bytes({"params": {**lstm_cell(), "ii": {"kernel": 3}}}), "are no matrices of numbers"),
        (
            msgspec.msgpack.encode(
                {"params": msgspec.msgpack.Ext(1, msgspec.msgpack.encode(((1 << 40,), "float32", b"")))}
            ),
            "an array",
        ),
    ],
)
def test_what_is_no_cell_of_flax_is_said(tmp_path, content, sentence):
    (tmp_path / "m.msgpack").write_bytes(content)
    with pytest.raises(ModelError, match=sentence):
        load_model(tmp_path / "m.msgpack")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("m.pb", b"\n\x20", "graph of TensorFlow"),
        ("frozen", b"\n\x1d\n\x05input\x12\x0bPlaceholder", "graph of TensorFlow"),
        ("m.ckpt.index", b"\0\0", "checkpoint of TensorFlow"),
        ("m.ckpt.data-00000-of-00001", b"\0\0", "checkpoint of TensorFlow"),
        ("folder/saved_model.pb", b"\x08\x01", "SavedModel"),
        ("folder/_METADATA", b"{}", "checkpoint of orbax"),
        ("m.pkl", b"\x80\x04.", "state_dict"),
        ("m.pdparams", b"\x80\x02.", "numpy.savez"),
    ],
)
def test_formats_that_are_not_read_show_a_way(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"in a format that lstmviz does not read. .*{sentence}"):
        load_model(path.parent if "/" in name else path)


def test_the_moments_of_an_optimiser_are_no_layers(tmp_path):
    tree = {"encoder": lstm_cell()}
    state = {"step": 3, "params": tree, "opt_state": {"0": {"mu": tree, "nu": tree}}}
    (tmp_path / "m.msgpack").write_bytes(to_bytes(state))
    assert [each.path for each in read_found(tmp_path / "m.msgpack")] == ["encoder"]


def test_a_model_is_known_by_its_content_where_its_ending_tells_nothing(tmp_path):
    torch.save(torch.nn.LSTM(2, 3).state_dict(), tmp_path / "latest_weights.pyt")
    (tmp_path / "params").write_bytes(to_bytes({"params": {"encoder": lstm_cell()}}))
    np.savez(tmp_path / "weights.npz", **{"lstm.weight_hh_l0": np.zeros((4, 1))})
    np.savez(tmp_path / "series.npz", x=np.zeros((4, 1)))
    (tmp_path / "a.csv").write_text("PK\n1\n")
    (tmp_path / "empty.csv").touch()
    known = {file.name for file in tmp_path.iterdir() if is_model(file)}
    assert known == {"latest_weights.pyt", "params", "weights.npz"}
    assert not is_model(tmp_path / "not there")
