"""What a recording within a whole model tells, on the wire, in a store and on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstmviz
from lstmviz import cli
from lstmviz.engine.handlers import Workshop, answer
from lstmviz.nets.summary import summarise
from lstmviz.wire.builder import TraceBuilder
from lstmviz.wire.codec import sequence_to_wire
from lstmviz.wire.messages import RecordTrace, StoreOpened


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """(1, time, 2) doubled into 4 features, then a GRU of 3 units; a gain is a second input."""
    rng = np.random.default_rng(1)
    kept = {"D": np.eye(2, 4), "W": rng.normal(size=(1, 9, 4)), "R": rng.normal(size=(1, 9, 3))}
    nodes = [
        helper.make_node("Cast", ["gain"], ["loud"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["values", "D"], ["wide"]),
        helper.make_node("Mul", ["wide", "loud"], ["louder"]),
        helper.make_node("Transpose", ["louder"], ["x"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["x", "W", "R"], ["Y"], hidden_size=3, name="gru", linear_before_reset=1),
    ]
    graph = helper.make_graph(
        nodes,
        "whole",
        [
            helper.make_tensor_value_info("values", TensorProto.FLOAT, [1, "time", 2]),
            helper.make_tensor_value_info("gain", TensorProto.INT64, []),
        ],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in kept.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "whole.onnx"
    onnx.save(made, path)
    return path


@pytest.fixture
def sequence() -> lstmviz.Sequence:
    values = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    return lstmviz.Sequence(
        values, names=("a", "b"), name="walk", labels=tuple("uvwxyz"), times=np.arange(6) / 2, source="a file"
    )


def test_the_trace_names_the_sequence_the_model_and_the_way(model, sequence):
    trace = lstmviz.record_whole(model, sequence, inputs={"gain": 3})
    wide = np.concatenate([3 * sequence.values, np.zeros((6, 2))], axis=1)
    np.testing.assert_allclose(trace.inputs, wide, rtol=0, atol=1e-6)
    assert trace.sequence.name == "walk through whole.onnx"
    assert trace.sequence.source.endswith(
        "recorded from the whole model. The sequence is its input “values”. gain = 3. a file"
    )
    assert trace.sequence.labels == sequence.labels
    np.testing.assert_array_equal(trace.sequence.times, sequence.times)
    assert trace.check.against[-1] == "onnxruntime"


def test_a_net_that_was_loaded_and_an_array_are_enough(model):
    values = np.random.default_rng(0).normal(size=(6, 2))
    net = lstmviz.load_model(model)
    one, other = (lstmviz.record_whole(what, values, inputs={"gain": 1}) for what in (net, model))
    np.testing.assert_array_equal(one["h"], other["h"])


def test_it_goes_into_a_store_as_any_recording_does(model, sequence, tmp_path):
    here = lstmviz.record_whole(model, sequence, inputs={"gain": 2})
    there = lstmviz.record_whole(model, sequence, inputs={"gain": 2}, out=tmp_path / "t.zarr", dtype="float16")
    assert there.check.passed
    stored = lstmviz.open_trace(tmp_path / "t.zarr")
    np.testing.assert_allclose(np.asarray(stored["h"]), here["h"], rtol=0, atol=1e-3)
    assert stored.sequence.name == "walk through whole.onnx"


def test_a_summary_says_what_can_run_the_whole(model, tmp_path):
    import torch

    assert summarise(model).whole == "onnx"
    torch.save(torch.nn.LSTM(2, 3).state_dict(), tmp_path / "weights.pt")
    assert summarise(tmp_path / "weights.pt").whole == ""


def test_inspect_says_that_the_whole_can_be_run(model, capsys):
    assert cli.main(["inspect", str(model)]) == 0
    assert "can be run by onnxruntime: record --whole" in capsys.readouterr().out


def test_what_onnxruntime_refuses_is_one_sentence_and_nothing_is_printed(model, sequence, capfd):
    whole = onnx.load(model)
    whole.graph.node[2].op_type = "Conv"
    onnx.save(whole, model)
    with pytest.raises(lstmviz.LstmvizError, match="cannot be run by onnxruntime"):
        lstmviz.record_whole(model, sequence, inputs={"gain": 1})
    assert capfd.readouterr() == ("", "")


def test_the_engine_runs_the_whole_where_it_is_asked_to(model, sequence, tmp_path):
    def asked(**more: object) -> list:
        request = RecordTrace(1, str(model), sequence_to_wire(sequence), whole=True, **more)
        return list(answer(Workshop(), request, lambda done, total: None))

    with pytest.raises(lstmviz.LstmvizError, match="the input “gain"):
        asked()
    fixed = onnx.load(model)
    fixed.graph.initializer.append(numpy_helper.from_array(np.array(1), "gain"))
    onnx.save(fixed, model)
    builder = TraceBuilder()
    for piece in asked():
        builder.add(piece)
    np.testing.assert_allclose(builder.build().inputs[:, :2], sequence.values, rtol=0, atol=1e-6)
    (told,) = asked(out=str(tmp_path / "t.zarr"))
    assert isinstance(told, StoreOpened)
    assert told.frames == 6


def test_the_command_line_runs_the_whole(model, sequence, tmp_path, capsys):
    file, out = tmp_path / "s.csv", tmp_path / "t.zarr"
    np.savetxt(file, sequence.values, delimiter=",", header="a,b", comments="")
    words = ["record", "--model", str(model), "--sequence", str(file), "--out", str(out)]
    assert cli.main([*words, "--input", "gain=3"]) == 2
    assert "add --whole" in capsys.readouterr().err
    assert cli.main([*words, "--whole", "--input", "gain=3"]) == 0
    assert "6 steps" in capsys.readouterr().out
    wide = np.concatenate([3 * sequence.values, np.zeros((6, 2))], axis=1)
    np.testing.assert_allclose(lstmviz.open_trace(out).inputs, wide, rtol=0, atol=1e-6)


def test_frames_that_cannot_be_cut_are_a_sentence(model, sequence):
    with pytest.raises(lstmviz.LstmvizError, match="cannot be cut into frames of 4"):
        lstmviz.record_whole(model, sequence, frame=4)
