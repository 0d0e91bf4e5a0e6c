"""In the window a sequence that is not a layer's own input goes to the whole model around the layer."""

from __future__ import annotations

import os

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PySide6.QtWidgets import QDialogButtonBox
from torch import nn

from lstmviz.app.dialogs.columns import ColumnsDialog
from lstmviz.app.dialogs.run_whole import RunWholeDialog

WAIT = 60_000


class Wide(nn.Module):
    """Two features, five of a dense layer, an LSTM of four units."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(2, 5)
        self.lstm = nn.LSTM(5, 4, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(torch.tanh(self.dense(x)))[0]


@pytest.fixture
def program(engaged):
    return engaged


@pytest.fixture
def values(tmp_path):
    values = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
    np.savetxt(tmp_path / "s.csv", values, delimiter=",", header="a,b", comments="")
    return values


@pytest.fixture
def scripted(tmp_path):
    torch.manual_seed(0)
    module = Wide().eval()
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.script(module).save(str(tmp_path / "wide.pt"))
    return module, tmp_path / "wide.pt"


def write_onnx(path, dense):
    """The LSTM of 5 features after a dense layer, or alone where there is none."""
    rng = np.random.default_rng(1)
    kept = {"W": rng.normal(size=(1, 16, 5)), "R": rng.normal(size=(1, 16, 4))}
    nodes = [helper.make_node("LSTM", ["x", "W", "R"], ["Y"], hidden_size=4)]
    given, width = "x", 5
    if dense:
        kept["D"], given, width = rng.normal(size=(2, 5)), "values", 2
        nodes.insert(0, helper.make_node("MatMul", ["values", "D"], ["x"]))
    graph = helper.make_graph(
        nodes,
        "whole",
        [helper.make_tensor_value_info(given, TensorProto.FLOAT, ["time", 1, width])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in kept.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return kept


def shown(program, kind):
    return [one for one in program.window.findChildren(kind) if one.isVisible()]


def press(dialog, which):
    dialog.findChild(QDialogButtonBox).button(which).click()


def test_an_onnx_model_is_run_whole_at_once(program, qtbot, tmp_path, values):
    dense = write_onnx(tmp_path / "m.onnx", dense=True)["D"]
    program.dispatcher.run("file.open_paths", paths=(str(tmp_path / "m.onnx"), str(tmp_path / "s.csv")))
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.trace is not None, timeout=WAIT)
    trace = program.dispatcher.snapshot.trace
    np.testing.assert_allclose(trace.inputs, values @ dense, rtol=0, atol=1e-5)
    assert trace.check.against[-1] == "onnxruntime"
    assert trace.name == "m · s through m.onnx"
    # another sequence goes the same way
    np.savetxt(tmp_path / "more.csv", values[:7], delimiter=",", header="a,b", comments="")
    program.dispatcher.run("file.open_path", path=str(tmp_path / "more.csv"))
    qtbot.waitUntil(lambda: len(program.dispatcher.snapshot.open_traces) == 2, timeout=WAIT)
    assert len(program.dispatcher.snapshot.trace) == 7


def test_a_script_runs_once_the_user_agrees_and_is_not_asked_for_again(program, qtbot, tmp_path, values, scripted):
    module, path = scripted
    paths = (str(path), str(tmp_path / "s.csv"))
    program.dispatcher.run("file.open_paths", paths=paths)
    qtbot.waitUntil(lambda: bool(shown(program, RunWholeDialog)), timeout=WAIT)
    press(shown(program, RunWholeDialog)[0], QDialogButtonBox.StandardButton.Cancel)
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.notice is not None, timeout=WAIT)
    assert "has 2 features a step; the net “wide” takes 5" in program.dispatcher.snapshot.notice.text
    program.dispatcher.run("file.open_paths", paths=paths)
    qtbot.waitUntil(lambda: bool(shown(program, RunWholeDialog)), timeout=WAIT)
    press(shown(program, RunWholeDialog)[0], QDialogButtonBox.StandardButton.Ok)
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.trace is not None, timeout=WAIT)
    with torch.no_grad():
        x = torch.tanh(module.dense(torch.from_numpy(values))).numpy()
    np.testing.assert_allclose(program.dispatcher.snapshot.trace.inputs, x, rtol=0, atol=1e-5)
    program.dispatcher.run("file.open_paths", paths=paths)
    qtbot.waitUntil(lambda: len(program.dispatcher.snapshot.open_traces) == 2, timeout=WAIT)
    os.utime(path, (0, 0))
    program.dispatcher.run("file.open_paths", paths=paths)
    qtbot.waitUntil(lambda: bool(shown(program, RunWholeDialog)), timeout=WAIT)  # it may be another file now
    press(shown(program, RunWholeDialog)[0], QDialogButtonBox.StandardButton.Cancel)


def test_a_layer_without_a_model_around_it_offers_the_features_of_a_wider_sequence(program, qtbot, tmp_path):
    write_onnx(tmp_path / "alone.onnx", dense=False)
    rows = np.random.default_rng(0).normal(size=(9, 6))
    np.savetxt(tmp_path / "six.csv", rows, delimiter=",", header="a,b,c,d,e,f", comments="")
    program.dispatcher.run("file.open_paths", paths=(str(tmp_path / "alone.onnx"), str(tmp_path / "six.csv")))
    qtbot.waitUntil(lambda: bool(shown(program, ColumnsDialog)), timeout=WAIT)


def test_the_dialog_says_what_runs(qtbot):
    dialog = RunWholeDialog("wide", 5)
    qtbot.addWidget(dialog)
    assert "reads 5 features a step" in dialog.text.text()
    assert "code that is in it runs" in dialog.text.text()
    assert dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel).isDefault()
