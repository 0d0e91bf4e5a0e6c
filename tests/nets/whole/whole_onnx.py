"""Whole ONNX models made here around an LSTM node, whose true input is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
UNITS, WIDTH = 4, 5
_RNG = np.random.default_rng(11)


def drawn(*shape: int) -> np.ndarray:
    return (_RNG.normal(size=shape) / 2).astype(np.float32)


W, R, B = drawn(1, 4 * UNITS, WIDTH), drawn(1, 4 * UNITS, UNITS), drawn(1, 8 * UNITS)
DENSE = drawn(3, WIDTH)
WEIGHTS = {"W": W, "R": R, "B": B}


def constants(**arrays: np.ndarray) -> list[Any]:
    return [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()]


def value(name: str, kind: int = FLOAT, shape: tuple[Any, ...] | None = None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    def names(text: str) -> list[str]:
        return ["" if name == "-" else name for name in text.split()]

    return helper.make_node(kind, names(inputs), names(outputs), **attributes)


def lstm(x: str = "x", y: str = "Y", states: str = "", name: str = "cell", **more: Any) -> Any:
    return node("LSTM", f"{x} W R B {states and '- ' + states}", y, hidden_size=UNITS, name=name, **more)


def saved(folder: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], kept: list[Any], **more: Any) -> Path:
    graph = helper.make_graph(nodes, "whole", inputs, outputs, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), *more.pop("opsets", ())], **more)
    model.ir_version = 8
    path = folder / "model.onnx"
    onnx.save(model, path)
    return path


def dense_then_lstm(folder: Path, **more: Any) -> Path:
    """(batch, time, 3) → tanh of a dense layer → transposed → LSTM."""
    nodes = [
        node("MatMul", "audio D", "wide"),
        node("Tanh", "wide", "round"),
        node("Transpose", "round", "x", perm=[1, 0, 2]),
        lstm(),
    ]
    inputs = [value("audio", FLOAT, ("batch", "time", 3))]
    return saved(folder, nodes, inputs, [value("Y", FLOAT)], constants(D=DENSE, **WEIGHTS), **more)


def true_x(values: np.ndarray) -> np.ndarray:
    return np.tanh(values @ DENSE)


def in_branch(folder: Path) -> Path:
    """The LSTM stands in one branch of an If, in the other branch of which nothing is recurrent."""
    then = helper.make_graph([lstm(y="Y1"), node("Identity", "Y1", "said")], "then", [], [value("said")])
    other = helper.make_graph([node("Identity", "R", "kept")], "other", [], [value("kept")])
    nodes = [
        node("MatMul", "audio D", "wide"),
        node("Tanh", "wide", "round"),
        node("Transpose", "round", "x", perm=[1, 0, 2]),
        node("Equal", "sr rate", "fast"),
        helper.make_node("If", ["fast"], ["out"], name="choice", then_branch=then, else_branch=other),
    ]
    inputs = [value("audio", FLOAT, (None, None, 3)), value("sr", INT, ())]
    return saved(folder, nodes, inputs, [value("out")], constants(D=DENSE, rate=np.array(16000), **WEIGHTS))


def in_loop(folder: Path, *, carried: bool = True) -> Path:
    """A Loop takes one step of the input a turn, and hands h and c on where ``carried``."""
    states = "h c" if carried else "zero zero"
    body = helper.make_graph(
        [
            node("Gather", "x turn", "row", axis=0),
            node("Unsqueeze", "row first", "step"),
            lstm("step", "- hn cn", states),
            node("Identity", "go", "again"),
        ],
        "body",
        [value("turn", INT, ()), value("go", BOOL, ()), value("h"), value("c")],
        [value("again", BOOL, ()), value("hn"), value("cn")],
    )
    nodes = [
        node("MatMul", "audio D", "wide"),
        node("Tanh", "wide", "round"),
        node("Transpose", "round", "x", perm=[1, 0, 2]),
        node("Shape", "x", "sizes"),
        node("Gather", "sizes nought", "turns", axis=0),
        helper.make_node("Loop", ["turns", "yes", "zero", "zero"], ["h_last"], body=body, name="loop"),
    ]
    kept = constants(
        D=DENSE,
        first=np.array([0]),
        nought=np.array(0),
        yes=np.array(True),
        zero=np.zeros((1, 1, UNITS), np.float32),
        **WEIGHTS,
    )
    return saved(folder, nodes, [value("audio", FLOAT, (1, None, 3))], [value("h_last")], kept)


def in_scan(folder: Path) -> Path:
    """A Scan over time whose body is an LSTM of one step."""
    body = helper.make_graph(
        [
            node("Unsqueeze", "row first", "step"),
            lstm("step", "y hn cn", "h c"),
            node("Identity", "y", "said"),
        ],
        "body",
        [value("h", FLOAT, (1, 1, UNITS)), value("c", FLOAT, (1, 1, UNITS)), value("row", FLOAT, (1, WIDTH))],
        [value("hn"), value("cn"), value("said")],
    )
    nodes = [
        node("MatMul", "audio D", "wide"),
        node("Tanh", "wide", "round"),
        node("Transpose", "round", "x", perm=[1, 0, 2]),
        helper.make_node(
            "Scan",
            ["zero", "zero", "x"],
            ["h_last", "c_last", "all"],
            body=body,
            num_scan_inputs=1,
            scan_output_axes=[0],
            name="scan",
        ),
    ]
    kept = constants(D=DENSE, first=np.array([0]), zero=np.zeros((1, 1, UNITS), np.float32), **WEIGHTS)
    return saved(folder, nodes, [value("audio", FLOAT, (1, None, 3))], [value("all")], kept)


def streaming(folder: Path) -> Path:
    """One frame of 3 a call; the output comes before both states, and looks like them."""
    nodes = [
        node("MatMul", "frame D", "wide"),
        node("Tanh", "wide", "x"),
        lstm("x", "y h_out c_out", "h_in c_in"),
        node("Squeeze", "y second", "said"),
    ]
    shape = (1, 1, UNITS)
    return saved(
        folder,
        nodes,
        [value("h_in", FLOAT, shape), value("c_in", FLOAT, shape), value("frame", FLOAT, (1, 1, 3))],
        [value("said", FLOAT, shape), value("h_out", FLOAT, shape), value("c_out", FLOAT, shape)],
        constants(D=DENSE, second=np.array([1]), **WEIGHTS),
    )


def embedded(folder: Path, table: np.ndarray) -> Path:
    """Token ids (batch, time) → an embedding → two stacked bidirectional LSTMs."""
    lower = {"W": drawn(2, 4 * UNITS, table.shape[1]), "R": drawn(2, 4 * UNITS, UNITS), "B": drawn(2, 8 * UNITS)}
    upper = {"W2": drawn(2, 4 * UNITS, 2 * UNITS), "R2": drawn(2, 4 * UNITS, UNITS), "B2": drawn(2, 8 * UNITS)}
    both: dict[str, Any] = {"hidden_size": UNITS, "direction": "bidirectional"}
    nodes = [
        node("Gather", "table ids", "rows"),
        node("Transpose", "rows", "x", perm=[1, 0, 2]),
        node("LSTM", "x W R B", "Y", name="lower", **both),
        node("Transpose", "Y", "turned", perm=[0, 2, 1, 3]),
        node("Reshape", "turned shape", "x2"),
        node("LSTM", "x2 W2 R2 B2", "Y2", name="upper", **both),
    ]
    kept = constants(table=table, shape=np.array([0, 0, -1]), **lower, **upper)
    inputs = [value("ids", INT, ("batch", "time")), value("lengths", INT, ("batch",))]
    used = node("Identity", "lengths", "seen")
    return saved(folder, [*nodes, used], inputs, [value("Y2"), value("seen", INT)], kept)


def own_outputs(path: Path, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What onnxruntime says of the file as it is."""
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feed)
