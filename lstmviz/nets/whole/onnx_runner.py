"""A whole ONNX model, run by onnxruntime on the CPU, with its recurrent nodes tapped."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.onnx_file import parsed
from lstmviz.nets.foreign.onnx_graph import Graph
from lstmviz.nets.foreign.onnx_tensors import Tensors
from lstmviz.nets.whole.onnx_taps import Tapped, attributes_of, recurrent_nodes, tap
from lstmviz.nets.whole.ports import Call, Port, Ran, Values
from lstmviz.traces.trace import Array

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

_TYPES = {
    "float": "float32",
    "double": "float64",
    "float16": "float16",
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "int64": "int64",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "uint64": "uint64",
    "bool": "bool",
}
_FATAL_ALONE = 4
"""What fails is told by an error; ways that are tried and do not fit must not be told on the terminal."""
_DAMAGED = (ValueError, LookupError, TypeError, AttributeError, RuntimeError)
"""What Python, numpy and onnx raise of a model that is not what it should be."""


class OnnxRunner:
    """A session of onnxruntime.

    ``nodes`` are the paths of the layer's nodes, first to last, none for the model's only one. Weights outside of the
    file are read by lstmviz, from the model's own folder alone; libraries of operators are never loaded.
    """

    def __init__(self, path: Path, nodes: tuple[str, ...], dtype: np.dtype[Any]) -> None:
        _check_installed(str(path))
        self.file, self.dtype = str(path), dtype
        try:
            model = _whole(path)
            self._tapped = _tapped(model, path, nodes, dtype)
        except _DAMAGED as error:
            raise _failed(self.file, error) from error
        self._session = _session(model, self.file)
        self.inputs = tuple(_port(entry) for entry in self._session.get_inputs())
        self._outputs = [entry.name for entry in self._session.get_outputs()]

    def begin(self) -> None:
        """A session keeps nothing between runs."""

    def run(self, feed: Mapping[str, Any]) -> Ran:
        """Run the model once; raises ModelError with onnxruntime's own reason."""
        try:
            found = dict(zip(self._outputs, self._session.run(None, dict(feed)), strict=True))
        except Exception as error:  # onnxruntime's own errors have no common type but this
            raise _failed(self.file, error) from error
        parts = [
            _calls_of(each, {what: found.pop(name) for what, name in each.outputs.items()}) for each in self._tapped
        ]
        outputs = {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
        return Ran(outputs, tuple(_stacked(turn) for turn in zip(*parts, strict=False)))


def _check_installed(file: str) -> None:
    if importlib.util.find_spec("onnxruntime") is None:
        raise ModelError(
            "“{file}” is run by the library {library}, which is not installed: pip install 'lstmviz[{extra}]'.",
            file=file,
            library="onnxruntime",
            extra="onnx",
        )


def _whole(path: Path) -> ModelProto:
    """The model with its functions put in place and with the weights that lie beside it inside."""
    model = parsed(path)
    if model.functions:
        from onnx import inliner

        model = inliner.inline_local_functions(model)
    tensors = Tensors(path, path.stat().st_size)
    for tensor in _outside(model.graph):
        entries = {entry.key: entry.value for entry in tensor.external_data}
        length = int(entries["length"]) if entries.get("length") else -1
        raw = tensors.beside(entries.get("location", ""), int(entries.get("offset") or 0), length)
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
        tensor.raw_data = raw
    return model


def _outside(graph: GraphProto) -> Iterator[TensorProto]:
    """Every tensor of a graph, and of those within it, whose numbers lie in another file."""
    from onnx import TensorProto

    tensors = [*graph.initializer]
    for node in graph.node:
        for attribute in node.attribute:
            tensors += [attribute.t] if attribute.HasField("t") else []
            tensors += attribute.tensors
            for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield from _outside(inner)
    yield from (tensor for tensor in tensors if tensor.data_location == TensorProto.EXTERNAL)


def _tapped(model: ModelProto, path: Path, nodes: tuple[str, ...], dtype: np.dtype[Any]) -> list[Tapped]:
    """The nodes of the layer, tapped, in the order of ``nodes``."""
    from onnx import helper

    # their paths are those of the file, before its functions were put in place
    names = [each.path for each in Graph(parsed(path), Tensors(path, path.stat().st_size)).recurrent()]
    places = dict(zip(names, recurrent_nodes(model), strict=True))
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    return [tap(model, *places[name], kind, str(path)) for name in nodes or names[:1]]


def _session(model: ModelProto, file: str) -> Any:
    # it would else tell its makers of each start, and keep a number of this computer in the user's cache
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ALONE
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the window needs the processor, too
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,  # it would print that it tries the same processor again
        )
    except Exception as error:  # as above; protobuf has its own for what is beyond 2 GiB
        raise _failed(file, error) from error


def _failed(file: str, error: Exception) -> ModelError:
    reason = str(error).strip().partition("\n")[0]
    return ModelError(
        "“{file}” cannot be run by {library}: {reason}. Give the layer's own input as a sequence, or say what the other"
        " inputs of the model are.",
        file=file,
        library="onnxruntime",
        reason=(reason[:300] or type(error).__name__).rstrip("."),
    )


def _port(entry: Any) -> Port:
    name = entry.type.removeprefix("tensor(").removesuffix(")")
    dtype = np.dtype(_TYPES[name]) if name in _TYPES else None
    kind = "" if dtype is None else "i" if dtype.kind in "iu" else dtype.kind
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in entry.shape or ())
    return Port(entry.name, kind, dtype, shape)


def _calls_of(tapped: Tapped, found: Mapping[str, Values]) -> list[Call]:
    """One call for each turn of the Loops around a node; none where its branch was not taken."""
    x = found["x"]
    turns = x.reshape(-1, *x.shape[x.ndim - 3 :]) if x.size and x.ndim >= 3 else x[:0]
    return [
        _call(tapped, {what: _turn(value, place, tapped.turns) for what, value in found.items()})
        for place in range(len(turns))
    ]


def _turn(value: Values, place: int, turns: int) -> Values:
    return value.reshape(-1, *value.shape[turns:])[place] if turns else value


def _call(tapped: Tapped, found: Mapping[str, Values]) -> Call:
    """What a node read and gave: X is (T, B, F), or (B, T, F), and Y (T, D, B, H), or (B, T, D, H)."""
    attributes = attributes_of(tapped.node)
    x, y = found["x"], found["y"]
    first = {name: found[name] for name in ("h0", "c0") if name in found}
    if attributes.get("layout", 0):
        x, y = x.swapaxes(0, 1), y.transpose(1, 2, 0, 3)
        first = {name: state.swapaxes(0, 1) for name, state in first.items()}
    y = y.transpose(0, 2, 1, 3).reshape(len(y), y.shape[2], -1)
    if "n" in found and found["n"].size == 1:
        x, y = x[: int(found["n"].flat[0])], y[: int(found["n"].flat[0])]
    return Call(x, y, first.get("h0"), first.get("c0"))


def _stacked(turn: tuple[Call, ...]) -> Call:
    """The nodes of a stack as the layers of one."""

    def joined(states: list[Array | None]) -> Array | None:
        known = next((state for state in states if state is not None), None)
        if known is None:
            return None
        return np.concatenate([np.zeros_like(known) if state is None else state for state in states])

    return Call(turn[0].x, turn[-1].y, joined([call.h0 for call in turn]), joined([call.c0 for call in turn]))
