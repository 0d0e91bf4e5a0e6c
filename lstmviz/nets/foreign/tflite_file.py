"""TensorFlow Lite: the fused LSTM and RNN operators of a model as nets. The file is read, never run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec

from lstmviz.errors import ModelError
from lstmviz.language import mark
from lstmviz.nets.foreign.found import Array, Found
from lstmviz.nets.foreign.tflite_graph import BOTH_LSTM, LSTM, RNN, SEQUENCE_LSTM, SEQUENCE_RNN, WHILE, Model
from lstmviz.nets.foreign.tflite_layers import TfliteLayer, layer_of
from lstmviz.nets.foreign.torch_names import inputs_named
from lstmviz.nets.spec import Look, NetSpec, check_spec

START = b"TFL3"
"""What stands from the fifth byte on."""
MOST = 2 << 30
MOST_LAYERS = 500
OTHERS = mark("This model has recurrent layers, too, that lstmviz has no cell for.")
_RECURRENT = (LSTM, SEQUENCE_LSTM, BOTH_LSTM, RNN, SEQUENCE_RNN)


def read(path: Path) -> tuple[Found, ...]:
    """Every recurrent operator of a model, and before its parts each stack or pair of directions that they are.

    Raises ModelError where there is none, where none can be computed by a cell of lstmviz, and for a damaged file.
    """
    file = str(path)
    if path.stat().st_size > MOST:
        raise ModelError("“{file}” is larger than 2 GiB; expected a model of TensorFlow Lite.", file=file)
    data = path.read_bytes()
    if data[4:8] != START:
        raise ModelError("“{file}” is not a model of TensorFlow Lite, or its beginning is damaged.", file=file)
    layers, refused, looped = _layers(Model(data), file)
    if not layers:
        if refused:
            raise refused[0]
        if looped:
            raise ModelError(
                "“{file}” has its recurrent layer as a loop of single operators (WHILE), in which the gates have no"
                " names; open the Keras file that it was made from.",
                file=file,
            )
    notes = (OTHERS,) if refused or looped else ()
    result: list[Found] = []
    for chain in _chains(layers):
        if len(chain) > 1:
            result.append(_stack(chain, file, notes))
        result.extend(_found([layer], file, notes) for layer in chain)
    return tuple(result)


def _layers(model: Model, file: str) -> tuple[list[TfliteLayer], list[ModelError], bool]:
    """What can be read, why what cannot, and whether there are loops."""
    layers: list[TfliteLayer] = []
    refused: list[ModelError] = []
    looped = False
    for number, graph in enumerate(model.graphs):
        for place, operator in enumerate(graph.operators):
            looped = looped or operator.code == WHILE
            if operator.code not in _RECURRENT or len(layers) >= MOST_LAYERS:
                continue
            try:
                layer = layer_of(operator, graph, place, file)
            except ModelError as error:
                refused.append(error)
                continue
            path = layer.path if all(other.path != layer.path for other in layers) else f"{layer.path}.{number}.{place}"
            layers.append(replace(layer, path=path, graph=number))
    return layers, refused, looped


def _chains(layers: Sequence[TfliteLayer]) -> list[list[TfliteLayer]]:
    """All layers, each in one chain: one that reads the other's whole output, or the same sequence turned round."""
    result: list[list[TfliteLayer]] = []
    for layer in layers:
        for chain in result:
            if _follows(chain, layer) or _mirrors(chain, layer):
                chain.append(layer)
                break
        else:
            result.append([layer])
    return result


def _alike(one: TfliteLayer, other: TfliteLayer) -> bool:
    shapes = [{name: array.shape for name, array in each.sides[0].items()} for each in (one, other)]
    for each in shapes:
        each.pop("weight_ih")
    plain = one.graph == other.graph and len(one.sides) == len(other.sides) == 1
    return plain and one.settings == other.settings and shapes[0] == shapes[1]


def _follows(chain: Sequence[TfliteLayer], layer: TfliteLayer) -> bool:
    last = chain[-1]
    turned = layer.backwards or any(each.backwards for each in chain)
    return not turned and layer.source == last.said and _alike(last, layer)


def _mirrors(chain: Sequence[TfliteLayer], layer: TfliteLayer) -> bool:
    """Whether the two are the directions of one layer."""
    one = chain[0]
    same = len(chain) == 1 and one.backwards != layer.backwards and one.source == layer.source and _alike(one, layer)
    return same and one.sides[0]["weight_ih"].shape == layer.sides[0]["weight_ih"].shape


def _stack(chain: Sequence[TfliteLayer], file: str, notes: tuple[str, ...]) -> Found:
    if not any(layer.backwards for layer in chain):
        return _found(chain, file, notes)
    forward, reverse = sorted(chain, key=lambda layer: layer.backwards)
    spec = msgspec.structs.replace(
        _found([forward], file, notes).spec, name=f"{forward.path}+{reverse.path}", bidirectional=True
    )
    tensors = _tensors([forward.sides[0], reverse.sides[0]], 0, ("", "_reverse"))
    said = (*dict.fromkeys((*forward.notes, *reverse.notes)), *notes)
    return Found(spec.name, f"TensorFlow Lite {forward.kind}", check_spec(spec, file), tensors, said)


def _found(chain: Sequence[TfliteLayer], file: str, notes: tuple[str, ...]) -> Found:
    first = chain[0]
    weights = first.sides[0]
    path = "+".join(layer.path for layer in chain)
    settings: dict[str, Any] = {"cell": "lstm", **first.settings}
    spec = NetSpec(
        name=path,
        input=inputs_named(weights["weight_ih"].shape[1]),
        hidden=_hidden(first),
        projection=weights["weight_hr"].shape[0] if "weight_hr" in weights else 0,
        layers=len(chain),
        bidirectional=len(first.sides) == 2,
        reverse=first.backwards and len(first.sides) == 1,
        look=Look(direction="reverse" if first.backwards and len(first.sides) == 1 else "forward"),
        peepholes="peephole" in weights,
        **settings,
    )
    endings = ("_reverse",) if spec.reverse else ("", "_reverse")
    tensors: dict[str, Array] = {}
    for depth, layer in enumerate(chain):
        tensors |= _tensors(layer.sides, depth, endings)
    said = dict.fromkeys(note for layer in chain for note in layer.notes)
    return Found(path, f"TensorFlow Lite {first.kind}", check_spec(spec, file), tensors, (*said, *notes))


def _hidden(layer: TfliteLayer) -> int:
    bias = layer.sides[0]["bias_ih"]
    return cast(int, bias.shape[0] if layer.settings.get("cell") == "rnn" else bias.shape[0] // 4)


def _tensors(sides: Sequence[Any], depth: int, endings: tuple[str, ...]) -> dict[str, Array]:
    return {
        f"recurrent.{name}_l{depth}{ending}": array
        for side, ending in zip(sides, endings, strict=False)
        for name, array in side.items()
    }
