"""ONNX models of one recurrent node made here, and what the node computes, written from ONNX's own specification."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

import lstmviz
from lstmviz.nets.foreign.found import Found
from lstmviz.nets.net import Net

BLOCKS = {"LSTM": 4, "GRU": 3, "RNN": 1}


def drawn(
    kind: str, inputs: int = 3, units: int = 4, sides: int = 1, *, bias: bool = True, peephole: bool = False
) -> dict[str, np.ndarray]:
    """Random W, R, B and P of a node, no two numbers alike."""
    rng, rows = np.random.default_rng(5), BLOCKS[kind] * units
    found = {"W": rng.normal(size=(sides, rows, inputs)), "R": rng.normal(size=(sides, rows, units)) / 2}
    if bias:
        found["B"] = rng.normal(size=(sides, 2 * rows))
    if peephole:
        found["P"] = rng.normal(size=(sides, 3 * units))
    return {name: values.astype(np.float32) for name, values in found.items()}


def recurrent_node(kind: str, parts: Mapping[str, np.ndarray], name: str = "cell", **attributes: Any) -> Any:
    """The node, of which every input that is not there is left out."""
    places = ("X", "W", "R", "B", "", "initial_h", "initial_c", "P")
    inputs = [place if place == "X" or place in parts else "" for place in places]
    while not inputs[-1]:
        inputs.pop()
    outputs = ["Y", "Y_h", "Y_c"] if kind == "LSTM" else ["Y", "Y_h"]
    return helper.make_node(kind, inputs, outputs, name=name, hidden_size=parts["R"].shape[2], **attributes)


def model_of(nodes: list[Any], constants: Mapping[str, np.ndarray], inputs: tuple[str, ...] = ("X",)) -> Any:
    """A model whose first output is Y, with these constants as initializers."""
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inputs]
    said = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in nodes[-1].output if name]
    kept = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "made", given, said, kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def write(model: Any, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


FUNCTIONS = {
    "Sigmoid": sigmoid,
    "Tanh": np.tanh,
    "Relu": lambda z: np.maximum(z, 0),
    "Softsign": lambda z: z / (1 + np.abs(z)),
    "HardSigmoid": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
    "HardSigmoid6": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "Affine": lambda z: z,
}


def specified(
    kind: str,
    parts: Mapping[str, np.ndarray],
    x: np.ndarray,
    functions: tuple[str, ...] = (),
    clip: float = np.inf,
    input_forget: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """h and c (T, D, H) of one sequence x (T, F), in the original order of time."""
    functions = functions or {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}[kind]
    # onnxruntime and OpenVINO clip what is weighed, not c, though c is an activation's input, too
    act = [lambda z, name=name: FUNCTIONS[name](np.clip(z, -clip, clip)) for name in functions[:2]]
    act += [FUNCTIONS[name] for name in functions[2:]]
    wide = {name: values.astype(np.float64) for name, values in parts.items()}
    sides, rows, _ = wide["W"].shape
    units = wide["R"].shape[2]
    hs, cs = np.zeros((len(x), sides, units)), np.zeros((len(x), sides, units))
    for side in range(sides):
        w, r = (np.split(wide[name][side], BLOCKS[kind]) for name in "WR")
        b = np.split(wide["B"][side] if "B" in wide else np.zeros(2 * rows), 2 * BLOCKS[kind])
        wb, rb = b[: len(w)], b[len(w) :]
        p_i, p_o, p_f = np.split(wide["P"][side] if "P" in wide else np.zeros(3 * units), 3)
        h, c = (wide[name][side, 0] if name in wide else np.zeros(units) for name in ("initial_h", "initial_c"))
        for t in range(len(x)) if not side else reversed(range(len(x))):
            z = [w[k] @ x[t] + r[k] @ h + wb[k] + rb[k] for k in range(len(w))]
            if kind == "LSTM":  # i o f c
                i = act[0](z[0] + p_i * c)
                f = 1 - i if input_forget else act[0](z[2] + p_f * c)
                c = f * c + i * act[1](z[3])
                h = act[0](z[1] + p_o * c) * act[2](c)
            elif kind == "GRU":  # z r h, linear_before_reset
                update, reset = act[0](z[0]), act[0](z[1])
                h = (1 - update) * act[1](w[2] @ x[t] + reset * (r[2] @ h + rb[2]) + wb[2]) + update * h
            else:
                h = act[0](z[0])
            hs[t, side], cs[t, side] = h, c
    return hs, cs


def recorded(found: Found, x: np.ndarray) -> lstmviz.Trace:
    """What lstmviz records of a stack that was found."""
    net = Net(found.spec)
    net.load_state_dict({name: torch.tensor(values) for name, values in found.tensors.items()})
    trace = lstmviz.record(net, lstmviz.Sequence(x.astype(np.float32), tuple(f"x{n}" for n in range(x.shape[1]))))
    assert trace.check.passed
    return trace
