"""ONNX: the LSTM, RNN and GRU nodes of a model as nets. The model is parsed, never run."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.language import mark
from lstmviz.nets.foreign.found import Found
from lstmviz.nets.foreign.onnx_graph import Graph, RecurrentNode
from lstmviz.nets.foreign.onnx_layers import OnnxLayer, layer_of
from lstmviz.nets.foreign.onnx_parts import too_many_parts
from lstmviz.nets.foreign.onnx_stacks import chains
from lstmviz.nets.foreign.onnx_tensors import Tensors
from lstmviz.nets.foreign.torch_names import inputs_named
from lstmviz.nets.spec import Look, NetSpec, check_spec, initial_shapes

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

OTHERS = mark("This model has recurrent layers, too, that lstmviz has no cell for.")
BESIDE = mark("The weights are inputs of this model; they were read from the folder test_data_set_0 beside it.")
_LARGEST = 2 << 30
"""Bytes of a protobuf message; what is larger has its weights outside."""
_CELLS: Mapping[str, Literal["lstm", "gru", "rnn"]] = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}


def read(path: Path) -> tuple[Found, ...]:
    """Every recurrent node of a model, and before its parts each stack that several of them are.

    Weights that the graph puts together of constants are put together here. Raises ModelError where there is no such
    node, where none can be computed by a cell of lstmviz, and where the file is damaged.
    """
    model = parsed(path)
    tensors = Tensors(path, path.stat().st_size)
    given = _given_beside(model, tensors)
    graph = Graph(model, tensors, given)
    nodes = list(graph.recurrent())
    layers, refused = _layers(nodes, graph, str(path))
    if not layers:
        raise refused[0] if refused else _none(graph, str(path))
    notes = (*([OTHERS] if refused else []), *([BESIDE] if given else []))
    result: list[Found] = []
    for chain in chains(layers, graph):
        if len(chain) > 1:
            result.append(_found(chain, str(path), notes))
        result.extend(_found([layer], str(path), notes) for layer in chain)
    return tuple(result)


def parsed(path: Path) -> ModelProto:
    """The model of a file, as it was written; raises ModelError for what is no ONNX model."""
    if importlib.util.find_spec("onnx") is None:
        raise ModelError(
            "“{file}” needs the library {library}, which is not installed: pip install 'lstmviz[{extra}]'.",
            file=str(path),
            library="onnx",
            extra="onnx",
        )
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    size = path.stat().st_size
    if size > _LARGEST:
        raise ModelError("“{file}” is larger than 2 GiB; expected an ONNX model.", file=str(path))
    model, data = ModelProto(), path.read_bytes()
    if too_many_parts(data):
        raise ModelError("“{file}” has more than a million parts; lstmviz does not read that.", file=str(path))
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise ModelError(
            "“{file}” is not an ONNX model, or it is damaged or was cut short: {reason}.",
            file=str(path),
            reason=str(error),
        ) from error
    if not model.HasField("graph"):
        raise ModelError("“{file}” holds no graph; expected an ONNX model.", file=str(path))
    return model


def _given_beside(model: ModelProto, tensors: Tensors) -> dict[str, TensorProto]:
    """Weights that are inputs of the model, as in ONNX's own tests, from the numbers that lie beside those."""
    from google.protobuf.message import DecodeError
    from onnx import TensorProto

    inside = {tensor.name for tensor in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type in _CELLS]
    wanted = {name for node in nodes for name in [*node.input[1:4], *node.input[5:]]}
    given: dict[str, TensorProto] = {}
    for place, entry in enumerate(model.graph.input):
        location = f"test_data_set_0/input_{place}.pb"
        if entry.name in wanted - inside and (tensors.path.parent / location).is_file():
            tensor = TensorProto()
            try:
                tensor.ParseFromString(tensors.beside(location))
            except DecodeError as error:
                raise ModelError(
                    "“{file}” is no tensor of ONNX, or it is damaged: {reason}.",
                    file=str(tensors.path.parent / location),
                    reason=str(error),
                ) from error
            given[entry.name] = tensor
    return given


def _layers(nodes: Sequence[RecurrentNode], graph: Graph, file: str) -> tuple[list[OnnxLayer], list[ModelError]]:
    """What can be read, and why what cannot."""
    layers: list[OnnxLayer] = []
    refused: list[ModelError] = []
    for node in nodes:
        try:
            layers.append(layer_of(node, graph, file))
        except ModelError as error:
            refused.append(error)
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:  # numpy's, of what does not fit
            refused.append(
                ModelError(
                    "“{file}”: “{node}” cannot be read: {reason}. The file is damaged, or its weights are made in a way"
                    " that lstmviz does not follow.",
                    file=file,
                    node=node.path,
                    reason=str(error) or type(error).__name__,
                )
            )
    return layers, refused


def _none(graph: Graph, file: str) -> ModelError:
    if graph.others:
        return ModelError(
            "“{file}” holds no LSTM, RNN or GRU node, but {kinds}, which lstmviz does not read; open the model as it"
            " was before it was optimised or quantised.",
            file=file,
            kinds=", ".join(sorted(graph.others)),
        )
    return ModelError(
        "“{file}” holds no LSTM, RNN or GRU node: it has no recurrent layer, or one that was exported as single"
        " operators. Export it so that its LSTM stays one node, or open the file that it was made from.",
        file=file,
    )


def _found(chain: Sequence[OnnxLayer], file: str, notes: tuple[str, ...]) -> Found:
    first = chain[0]
    path = "+".join(layer.node.path for layer in chain)
    functions: dict[str, Any] = {"activation": first.functions.candidate}
    if first.kind != "RNN":
        functions = {"gate_activation": first.functions.gate, "candidate_activation": first.functions.candidate}
    if first.kind == "LSTM":
        functions |= {"output_activation": first.functions.output, "peepholes": "peephole" in first.sides[0]}
    spec = NetSpec(
        name=path,
        cell=_CELLS[first.kind],
        input=inputs_named(first.inputs),
        hidden=first.hidden,
        layers=len(chain),
        bidirectional=len(first.sides) == 2,
        reverse=first.backwards,
        look=Look(direction="reverse" if first.backwards else "forward"),
        reset_before=first.reset_before,
        clip=first.functions.clip,
        initial_state=any(layer.first for layer in chain),
        **functions,
    )
    tensors = {
        f"recurrent.{name}_l{depth}{ending}": array
        for depth, layer in enumerate(chain)
        for side, ending in zip(layer.sides, ("_reverse",) if layer.backwards else ("", "_reverse"), strict=False)
        for name, array in side.items()
    }
    if spec.initial_state:
        kind = first.sides[0]["weight_ih"].dtype
        for name, (lanes, width) in initial_shapes(spec).items():
            zero = np.zeros((lanes // len(chain), width), kind)
            tensors[name] = np.concatenate([layer.first.get(name[-1], zero) for layer in chain]).astype(kind)
    said = dict.fromkeys(note for layer in chain for note in layer.notes)
    return Found(path, f"ONNX {first.kind}", check_spec(spec, file), tensors, (*said, *notes))
