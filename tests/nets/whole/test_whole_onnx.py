"""A whole ONNX model is run, and its layer recorded on what it read there."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import helper
from whole_onnx import (
    INT,
    WEIGHTS,
    constants,
    dense_then_lstm,
    embedded,
    in_branch,
    in_loop,
    in_scan,
    lstm,
    node,
    own_outputs,
    saved,
    streaming,
    true_x,
    value,
)

import lstmviz
from lstmviz.engine.whole import record_whole

CLOSE = {"rtol": 0, "atol": 2e-6}


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(9, 3)).astype(np.float32)


def h_of(values: np.ndarray, folder) -> np.ndarray:
    """h (T, H) of the plain LSTM node on its true input, by onnxruntime."""
    folder.mkdir()
    path = saved(folder, [lstm()], [value("x", shape=(None, 1, 5))], [value("Y")], constants(**WEIGHTS))
    return own_outputs(path, {"x": true_x(values)[:, None]})[0][:, 0, 0]


def check(trace: lstmviz.Trace, values: np.ndarray, h: np.ndarray) -> None:
    np.testing.assert_allclose(trace.inputs, true_x(values), **CLOSE)
    np.testing.assert_allclose(trace["h"], h, **CLOSE)
    assert trace.check.passed
    assert "onnxruntime" in trace.check.against


@pytest.mark.parametrize("make", [dense_then_lstm, in_loop, in_scan, streaming])
def test_x_is_what_the_layer_read_wherever_it_stands(tmp_path, values, make):
    trace = record_whole(make(tmp_path), values)
    check(trace, values, h_of(values, tmp_path / "plain"))


def test_a_layer_in_a_branch_is_recorded_where_the_branch_is_taken(tmp_path, values):
    path = in_branch(tmp_path)
    check(record_whole(path, values, inputs={"sr": 16000}), values, h_of(values, tmp_path / "plain"))
    with pytest.raises(lstmviz.LstmvizError, match="lead past it"):
        record_whole(path, values, inputs={"sr": 8000})


def test_a_sample_rate_is_that_of_the_sequence(tmp_path, values):
    sequence = lstmviz.Sequence(values, times=np.arange(9) / 16000)
    check(record_whole(in_branch(tmp_path), sequence), values, h_of(values, tmp_path / "plain"))


def test_an_input_that_nobody_knows_is_asked_for_by_its_name(tmp_path, values):
    with pytest.raises(lstmviz.LstmvizError, match=r"“sr \(1\)” gets is not known; say it with inputs=\{“sr”: …\}"):
        record_whole(in_branch(tmp_path), values)
    with pytest.raises(lstmviz.LstmvizError, match=r"no input “rate”; expected one of: audio \(\? × \? × 3\), sr"):
        record_whole(in_branch(tmp_path), values, inputs={"rate": 1})


def test_states_are_fed_back_by_their_names_and_said(tmp_path, values):
    trace = record_whole(streaming(tmp_path), values)
    assert "step by step. Fed back: h_out → h_in, c_out → c_in." in trace.model.note
    assert "zero unless you give one" not in trace.model.note


def test_a_first_state_that_is_given_is_the_layers_own(tmp_path, values):
    h, c = np.full((1, 1, 4), 0.5, np.float32), np.full((1, 1, 4), -2, np.float32)
    trace = record_whole(streaming(tmp_path), values, inputs={"h_in": h, "c_in": c})
    np.testing.assert_array_equal(trace.lanes[0, "forward"].h0, h[0, 0])
    np.testing.assert_array_equal(trace.lanes[0, "forward"].c0, c[0, 0])
    assert trace.check.passed


def test_a_layer_that_forgets_between_the_turns_of_a_loop_is_refused(tmp_path, values):
    with pytest.raises(lstmviz.LstmvizError, match="begins anew after 1 steps"):
        record_whole(in_loop(tmp_path, carried=False), values)


@pytest.mark.parametrize("layer", ["lower+upper", "lower", "upper"])
def test_symbols_enter_an_embedding_by_their_places(tmp_path, layer):
    table = np.random.default_rng(4).normal(size=(6, 5)).astype(np.float32)
    path = embedded(tmp_path, table)
    ids = np.array([3, 0, 5, 5, 1, 2, 4])
    sequence = lstmviz.Sequence(ids, vocabulary=tuple("abcdef"), name="word")
    trace = record_whole(path, sequence, layer)
    assert trace.check.passed
    if layer != "upper":
        np.testing.assert_array_equal(trace.inputs, table[ids])
    if layer != "lower":
        said = own_outputs(path, {"ids": ids[None], "lengths": np.array([7])})[0]  # (T, D, B, H)
        top = len(trace.layers) - 1
        for place, side in enumerate(("forward", "reverse")):
            np.testing.assert_allclose(trace.signal("h", top, side), said[:, place, 0], **CLOSE)
    assert trace.sequence.labels == tuple("daffbce")


def test_whole_numbers_in_a_column_are_token_ids_too(tmp_path):
    table = np.random.default_rng(4).normal(size=(6, 5)).astype(np.float32)
    ids = np.array([3, 0, 5, 5, 1, 2, 4])
    np.testing.assert_array_equal(record_whole(embedded(tmp_path, table), ids[:, None]).inputs, table[ids])


def test_raw_samples_are_cut_into_the_frames_of_an_input(tmp_path):
    samples = np.random.default_rng(1).normal(size=(20, 1)).astype(np.float32)
    nodes = [
        node("Unsqueeze", "samples first", "x"),
        lstm("x", "- h_new c_new", "h_old c_old"),
    ]
    shape = (1, 1, 4)
    path = saved(
        tmp_path,
        nodes,
        [value("samples", shape=(1, 5)), value("h_old", shape=shape), value("c_old", shape=shape)],
        [value("h_new", shape=shape), value("c_new", shape=shape)],
        constants(first=np.array([0]), **WEIGHTS),
    )
    trace = record_whole(path, samples)
    np.testing.assert_array_equal(trace.inputs, samples.reshape(4, 5))
    assert trace.check.passed
    with_context = record_whole(path, samples, frame=3, context=2)
    np.testing.assert_array_equal(with_context.inputs[0], [0, 0, *samples[:3, 0]])
    np.testing.assert_array_equal(with_context.inputs[1], samples[1:6, 0])


@pytest.mark.parametrize(("rate", "frame", "context"), [(16000, 512, 64), (8000, 256, 32)])
def test_a_model_with_the_inputs_of_silero_vad_gets_its_frames(tmp_path, rate, frame, context):
    units, samples = 128, np.random.default_rng(1).normal(size=(frame * 3 + 7, 1)).astype(np.float32)
    rng = np.random.default_rng(3)
    kept = {
        "W": rng.normal(size=(1, 4 * units, 32)).astype(np.float32) / 8,
        "R": rng.normal(size=(1, 4 * units, units)).astype(np.float32) / 16,
        "rows": np.array([1, -1, 32]),
        "half": np.array([1, 1]),
        "one": np.array([1]),
        "none": np.array([0]),
    }
    branch = helper.make_graph(
        [
            node("Reshape", "input rows", "cut"),
            node("ReduceMean", "cut", "x", axes=[1], keepdims=1),
            node("Split", "state half", "h c", axis=0),
            node("LSTM", "x W R - - h c", "y hn cn", hidden_size=units, name="rnn"),
            node("Concat", "hn cn", "states", axis=0),
        ],
        "then",
        [],
        [value("y"), value("states")],
    )
    other = helper.make_graph(
        [node("Identity", "state", "same"), node("Identity", "state", "too")], "else", [], [value("same"), value("too")]
    )
    nodes = [
        node("Greater", "sr least", "known"),
        helper.make_node("If", ["known"], ["output", "stateN"], then_branch=branch, else_branch=other),
    ]
    path = saved(
        tmp_path,
        nodes,
        [value("input", shape=(None, None)), value("state", shape=(2, None, units)), value("sr", INT, ())],
        [value("output"), value("stateN")],
        constants(least=np.array(7999), **kept),
    )
    sequence = lstmviz.Sequence(samples, kind="audio", times=np.arange(len(samples)) / rate)
    trace = record_whole(path, sequence)
    padded = np.concatenate([np.zeros(context, np.float32), samples[:, 0]])
    frames = [padded[frame * n : frame * (n + 1) + context] for n in range(3)]
    x = np.stack([each.reshape(-1, 32).mean(0) for each in frames])
    np.testing.assert_allclose(trace.inputs, x, **CLOSE)
    state, sr = np.zeros((2, 1, units), np.float32), np.array(rate)
    for t, each in enumerate(frames):
        said, state = own_outputs(path, {"input": each[None], "state": state, "sr": sr})
        np.testing.assert_allclose(trace["h"][t], said[0, 0, 0], **CLOSE)
    np.testing.assert_allclose(trace["c"][-1], state[1, 0], **CLOSE)
    assert f"Frames of {frame} samples, each with {context} from before it." in trace.model.note
    assert f"sr = {rate}. Fed back: stateN → state." in trace.model.note
    assert trace.check.passed


def test_a_layer_that_reads_backwards_keeps_the_order_of_time(tmp_path, values):
    whole = onnx.load(dense_then_lstm(tmp_path))
    whole.graph.node.pop()
    whole.graph.node.append(lstm(direction="reverse"))
    onnx.save(whole, tmp_path / "model.onnx")
    trace = record_whole(tmp_path / "model.onnx", values)
    np.testing.assert_allclose(trace.inputs, true_x(values), **CLOSE)
    np.testing.assert_allclose(trace.signal("h", 0, "reverse"), h_of(values[::-1], tmp_path / "plain")[::-1], **CLOSE)
    assert trace.check.passed


def test_a_layer_in_a_function_of_the_model_is_found(tmp_path, values):
    whole = onnx.load(dense_then_lstm(tmp_path))
    function = helper.make_function("own", "Read", ["x", "W", "R", "B"], ["Y"], [lstm()], [helper.make_opsetid("", 17)])
    whole.graph.node.pop()
    whole.graph.node.append(helper.make_node("Read", ["x", "W", "R", "B"], ["Y"], domain="own", name="read"))
    whole.functions.append(function)
    whole.opset_import.append(helper.make_opsetid("own", 1))
    onnx.save(whole, tmp_path / "model.onnx")
    check(record_whole(tmp_path / "model.onnx", values), values, h_of(values, tmp_path / "plain"))


def test_weights_beside_the_model_are_read_and_those_elsewhere_are_not(tmp_path, values):
    whole = onnx.load(dense_then_lstm(tmp_path))
    path = tmp_path / "apart.onnx"
    onnx.save(whole, path, save_as_external_data=True, location="apart.bin", size_threshold=0)
    check(record_whole(path, values), values, h_of(values, tmp_path / "plain"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "apart.bin").rename(tmp_path / "elsewhere" / "apart.bin")
    (tmp_path / "apart.bin").symlink_to(tmp_path / "elsewhere" / "apart.bin")
    with pytest.raises(lstmviz.LstmvizError, match="link"):
        record_whole(path, values)


def test_an_operator_that_onnxruntime_does_not_know_is_a_sentence(tmp_path, values):
    nodes = [helper.make_node("Magic", ["audio"], ["x"], domain="com.example"), lstm()]
    path = saved(
        tmp_path,
        nodes,
        [value("audio", shape=(None, 1, 5))],
        [value("Y")],
        constants(**WEIGHTS),
        opsets=[helper.make_opsetid("com.example", 1)],
    )
    with pytest.raises(lstmviz.LstmvizError, match="cannot be run by onnxruntime"):
        record_whole(path, np.zeros((4, 5)))


def test_a_sequence_that_no_input_can_read_is_told_the_inputs(tmp_path):
    with pytest.raises(lstmviz.LstmvizError, match=r"4 steps of 7 features; its inputs are: audio \(\? × \? × 3\)"):
        record_whole(dense_then_lstm(tmp_path), np.zeros((4, 7)))


@pytest.mark.real
def test_dtln_gives_the_reference_frame_by_frame(real):
    folder = real / "dtln_noise_suppression"
    reference = np.load(folder / "reference.npz")
    trace = record_whole(folder / "model_1.onnx", reference["x"][:, 0])
    for layer in (0, 1):
        for name in ("h", "c"):
            right = reference[name][layer, :, 0]
            tolerance = 2e-5 + (2e-6 * np.abs(right).max() if name == "c" else 0)
            np.testing.assert_allclose(trace.signal(name, layer), right, rtol=0, atol=tolerance)
    upper = record_whole(folder / "model_1.onnx", reference["x"][:, 0], layer="lstm_5")
    np.testing.assert_allclose(upper.inputs, reference["h"][0, :, 0], rtol=0, atol=2e-5)
    assert trace.check.passed
    assert upper.check.passed


def test_onnxruntime_tells_nobody_of_it(tmp_path, values):
    """Its makers count who starts it, and for that it keeps a number of the computer in the user's cache."""
    program = "import sys, numpy as np, lstmviz; lstmviz.record_whole(sys.argv[1], np.load(sys.argv[2]))"
    np.save(tmp_path / "values.npy", values)
    (tmp_path / "user").mkdir()
    words = [sys.executable, "-c", program, str(dense_then_lstm(tmp_path)), str(tmp_path / "values.npy")]
    environment = {name: word for name, word in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    subprocess.run(words, check=True, timeout=100, env={**environment, "HOME": str(tmp_path / "user")})
    assert not [file for file in (tmp_path / "user").rglob("*") if file.is_file()]
