"""Every combination of what a recurrent node may ask for, drawn at random, against what onnxruntime computes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from onnx_by_hand import drawn, model_of, recorded, recurrent_node  # noqa: E402

from lstmviz.errors import ModelError  # noqa: E402
from lstmviz.nets.foreign.onnx_file import read  # noqa: E402

FUNCTIONS = {
    "Relu": (),
    "Tanh": (),
    "Sigmoid": (),
    "Softsign": (),
    "Softplus": (),
    "Affine": (0.7, 0.2),
    "LeakyRelu": (0.3,),
    "ThresholdedRelu": (0.2,),
    "ScaledTanh": (1.3, 0.6),
    "HardSigmoid": (0.3, 0.4),
    "Elu": (0.6,),
}
"""All of ONNX's specification, with the numbers that are asked for."""
EACH = {"LSTM": 3, "GRU": 2, "RNN": 1}
X = np.random.default_rng(8).normal(size=(6, 3)).astype(np.float32) * 2


@st.composite
def nodes(draw: st.DrawFn) -> tuple[str, dict[str, np.ndarray], dict[str, Any]]:
    """The kind, the weights and the attributes of a node."""
    kind = draw(st.sampled_from(list(EACH)))
    direction = draw(st.sampled_from(["forward", "reverse", "bidirectional"]))
    sides = 1 + (direction == "bidirectional")
    peephole = kind == "LSTM" and draw(st.booleans())
    parts = drawn(kind, sides=sides, bias=draw(st.booleans()), peephole=peephole)
    parts = {name: values / 3 for name, values in parts.items()}  # so that what is not bounded stays small
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    for name in ("initial_h", "initial_c") if kind == "LSTM" else ("initial_h",):
        if draw(st.booleans()):
            parts[name] = rng.normal(size=(sides, 1, 4)).astype(np.float32)
    attributes: dict[str, Any] = {"direction": direction}
    if draw(st.booleans()):
        attributes["clip"] = draw(st.sampled_from([0.3, 1.5]))
    if kind == "GRU":
        attributes["linear_before_reset"] = draw(st.integers(0, 1))
    if kind == "LSTM" and draw(st.integers(0, 3)) == 0:
        attributes["input_forget"] = 1
    elif draw(st.booleans()):
        attributes |= chosen(draw(st.lists(st.sampled_from(list(FUNCTIONS)), min_size=EACH[kind], max_size=EACH[kind])))
    if sides == 2:
        for name in ("activations", "activation_alpha", "activation_beta"):
            attributes |= {name: attributes[name] * 2} if name in attributes else {}
    return kind, parts, attributes


def chosen(names: list[str]) -> dict[str, Any]:
    """The functions of one direction with their numbers, in the order in which ONNX reads them."""
    alphas = [FUNCTIONS[name][0] for name in names if FUNCTIONS[name]]
    betas = [FUNCTIONS[name][1] for name in names if len(FUNCTIONS[name]) > 1]
    found: dict[str, Any] = {"activations": names}
    return found | ({"activation_alpha": alphas} if alphas else {}) | ({"activation_beta": betas} if betas else {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("nodes")


@settings(max_examples=30, deadline=None)
@given(made=nodes())
def test_what_is_recorded_is_what_onnxruntime_computes(folder, made):
    kind, parts, attributes = made
    model = model_of([recurrent_node(kind, parts, **attributes)], parts)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    session = runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    wanted = session.run(None, {"X": X[:, None]})
    (found,) = read(path)
    trace = recorded(found, X)
    close = 2e-5 * max(1, np.abs(wanted[0]).max())
    for place, side in enumerate(trace.layers[0].directions):
        np.testing.assert_allclose(trace.signal("h", 0, side), wanted[0][:, place, 0], atol=close)
        if kind == "LSTM":
            last = -1 if side == "forward" else 0
            close_c = 2e-5 * max(1, np.abs(wanted[2]).max())
            np.testing.assert_allclose(trace.signal("c", 0, side)[last], wanted[2][place, 0], atol=close_c)


@pytest.mark.parametrize("kind", EACH)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_the_specification_is_known_in_every_cell(tmp_path, kind, name):
    parts = {part: values / 4 for part, values in drawn(kind).items()}
    attributes = chosen([name] * EACH[kind])
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of([recurrent_node(kind, parts, **attributes)], parts).SerializeToString())
    (found,) = read(path)
    assert len({found.spec.activation, found.spec.candidate_activation} - {"tanh"}) == (name != "Tanh")
    h = runtime.InferenceSession(path.read_bytes()).run(["Y"], {"X": X[:, None]})[0][:, 0, 0]
    np.testing.assert_allclose(recorded(found, X)["h"], h, atol=2e-5 * max(1, np.abs(h).max()))


def test_directions_with_functions_of_their_own_are_refused(tmp_path):
    parts = drawn("RNN", sides=2)
    node = recurrent_node("RNN", parts, direction="bidirectional", activations=["Tanh", "Relu"])
    (tmp_path / "model.onnx").write_bytes(model_of([node], parts).SerializeToString())
    with pytest.raises(ModelError, match="activations = tanh relu"):
        read(tmp_path / "model.onnx")
