"""The description of a model that Keras writes beside its weights, read as data: layers, settings, wiring."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lstmviz.language import tr

MAX_DEPTH = 32
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU")
CELLS = {"LSTMCell": "LSTM", "GRUCell": "GRU", "SimpleRNNCell": "SimpleRNN"}
PASSED = ("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization")
"""Layers that give on what they get once training is over."""
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Described:
    """A recurrent layer as its model describes it.

    names: its models' names and its own. groups: the same as Keras 3 names them in HDF5. kind: one of RECURRENT, or the
    class that stands there instead. settings: of the forward direction, or the only one. backward: of the other.
    merge: how both are joined. below: the name of the layer whose whole output it reads, where there is one.
    fed: whether it is given more than a sequence: the state that it starts from.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    kind: str
    settings: Json
    backward: Json | None = None
    merge: str | None = None
    below: str | None = None
    fed: bool = False


def described_layers(model: object) -> list[Described]:
    """All layers of a model that may be recurrent, those of models within it too, in its own order."""
    return list(_layers(_mapping(model), (), (), 0))


def text_of(setting: object) -> str:
    """The name of a setting that may be a name or a serialised object: an activation, mostly."""
    if isinstance(setting, str):
        return setting
    held = _mapping(setting)
    inner = held.get("config")
    return inner if isinstance(inner, str) else str(held.get("class_name", ""))


def _layers(model: Json, names: tuple[str, ...], groups: tuple[str, ...], depth: int) -> Iterator[Described]:
    if depth > MAX_DEPTH:
        raise ValueError(tr("models within models without an end"))
    held = model.get("config")
    listed = held if isinstance(held, list) else _mapping(held).get("layers")  # Keras 1 has the bare list
    layers = [_mapping(layer) for layer in listed or () if _mapping(layer).get("class_name") != "InputLayer"]
    counts: Counter[str] = Counter()
    before: str | None = None
    sources = {_name(layer): _source(layer) for layer in layers}
    passed = {_name(layer) for layer in layers if layer.get("class_name") in PASSED}
    for layer in layers:
        kind, name, wired = str(layer.get("class_name")), _name(layer), "inbound_nodes" in layer
        group = _snake(kind)
        counts[group] += 1
        group = f"{group}_{counts[group] - 1}" if counts[group] > 1 else group
        below = _through(sources[name], sources, passed) if wired else before
        for found in _one(layer, (*names, name), (*groups, group), below, depth):
            yield replace(found, fed=found.fed or any(len(call) > 1 for call in _calls(layer)))
        before = before if kind in PASSED else name


def _one(
    layer: Json, names: tuple[str, ...], groups: tuple[str, ...], below: str | None, depth: int
) -> Iterator[Described]:
    kind, settings = str(layer.get("class_name")), _mapping(layer.get("config"))
    if "layers" in settings or isinstance(layer.get("config"), list):
        yield from _layers(layer, names, groups, depth + 1)
    elif kind == "Bidirectional":
        inner = _mapping(settings.get("layer"))
        other = _mapping(settings.get("backward_layer"))
        forward = _mapping(inner.get("config"))
        merge = str(settings.get("merge_mode", "concat"))
        back = _mapping(other.get("config")) or forward
        yield Described(names, groups, str(inner.get("class_name")), forward, back, merge, below)
    elif kind == "RNN":
        cell = _mapping(settings.get("cell"))
        cells = _mapping(cell.get("config")).get("cells") if cell.get("class_name") == "StackedRNNCells" else None
        if isinstance(cells, list):
            model = {"config": [_cell_as_layer(_mapping(each), settings) for each in cells]}
            yield from _layers(model, names, groups, depth + 1)
        else:
            yield from _one(_cell_as_layer(cell, settings), names, groups, below, depth)
    else:
        yield Described(names, groups, kind, settings, None, None, below)


def _cell_as_layer(cell: Json, settings: Json) -> Json:
    """A bare cell as the layer of Keras that has it; within a stack of cells, each hands on h of every step."""
    kind, own = str(cell.get("class_name")), _mapping(cell.get("config"))
    shared = {name: settings[name] for name in ("go_backwards",) if name in settings}
    return {"class_name": CELLS.get(kind, kind), "config": {"return_sequences": True, **shared, **own}}


def _source(layer: Json) -> str | None:
    """The one layer whose first output is all that a layer reads; None where it reads more, or is called twice."""
    calls = _calls(layer)
    if len(calls) != 1 or len(calls[0]) != 1:
        return None
    name, *place = calls[0][0]
    return str(name) if place == [0, 0] else None


def _calls(layer: Json) -> list[list[list[Any]]]:
    """What a layer reads at each of its calls: [name, call, tensor] of each input."""
    nodes = layer.get("inbound_nodes")
    return [
        # Keras 1 and 2 have [[name, call, tensor, …], …], Keras 3 the arguments with their histories
        [end[:3] for end in (node if isinstance(node, list) else _histories(node, 0)) if isinstance(end, list)]
        for node in (nodes if isinstance(nodes, list) else [])
    ]


def _histories(node: object, depth: int) -> Iterator[list[Any]]:
    if depth > MAX_DEPTH:
        raise ValueError(tr("calls within calls without an end"))
    if isinstance(node, dict):
        history = node.get("keras_history")
        if isinstance(history, list):
            yield history
        for below in node.values():
            yield from _histories(below, depth + 1)
    elif isinstance(node, list):
        for below in node:
            yield from _histories(below, depth + 1)


def _through(name: str | None, sources: Mapping[str, str | None], passed: set[str]) -> str | None:
    """The layer that a name stands for once those that give on what they get are left out."""
    for _ in range(len(sources)):
        if name not in passed:
            return name
        name = sources.get(name)
    return None


def _name(layer: Json) -> str:
    return str(_mapping(layer.get("config")).get("name") or layer.get("name") or "")


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _snake(kind: str) -> str:
    """LSTM → lstm, SimpleRNN → simple_rnn: the names of Keras 3's groups."""
    kind = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub("([a-z])([A-Z])", r"\1_\2", kind).lower()
