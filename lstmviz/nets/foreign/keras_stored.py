"""Weights as Keras lays them out in HDF5, in each of its four ages, gathered layer by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Array
from lstmviz.nets.foreign.hdf5_safe import SafeHdf5

NAMED = {"kernel": "kernel", "recurrent_kernel": "recurrent", "bias": "bias"}
KERAS_1 = re.compile(r"(?P<layer>.+)_(?P<part>[WUb])(?:_(?P<gate>[ifcozrh]))?$")
"""lstm_1_W_i, or lstm_1_W for all gates at once."""
KERAS_1_PARTS = {"W": "kernel", "U": "recurrent", "b": "bias"}
KERAS_1_GATES = ("ifco", "zrh")
CELL = re.compile(r"(?:lstm|gru|simple_rnn)_cell(?:_\d+)?$")
STACK = "stacked_rnn_cells"
SIDE = re.compile(r"(?P<side>forward|backward)_(?P<rest>.+)$")
SCAFFOLD = ("layers", "_layer_checkpoint_dependencies", "vars", "cell", "cells")


@dataclass(frozen=True, eq=False)
class Stored:
    """A cell's weights as the file has them: kernel (F, nH), recurrent (H, nH), bias of any shape or None.

    extra: what else the cell has, by name; then it is none that Keras documents.
    """

    kernel: Array
    recurrent: Array
    bias: Array | None
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StoredLayer:
    """A recurrent layer in one direction or both. names: its models' names and its own, as far as the file tells.

    groups: the same as Keras 3 numbers them by class, ``lstm_1``; equal to names elsewhere. numbered: whether the file
    has no names but those numbers, so that ``lstm_1`` is the second of its class, whatever it was called.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    forward: Stored
    backward: Stored | None = None
    numbered: bool = False


def stored_layers(file: SafeHdf5) -> list[StoredLayer]:
    """All recurrent layers of a file, in the order of its names with numbers counted, lstm_2 before lstm_10."""
    found: dict[tuple[str, ...], StoredLayer] = {}
    numbered = list(_numbered(file))
    unnamed = {id(cell) for parts, groups, cell in numbered if parts == groups}
    for parts, groups, cell in (*_named(file), *numbered):
        if cell.kernel.ndim != 2 or cell.recurrent.ndim != 2:
            raise ModelError(
                "“{file}”: the weights of “{layer}” are no matrices; expected those of a recurrent layer.",
                file=file.name,
                layer="/".join(parts),
            )
        if parts in found:
            raise ModelError("“{file}” has the layer “{layer}” twice.", file=file.name, layer="/".join(parts))
        found[parts] = StoredLayer(_short(parts), _short(groups), cell, numbered=id(cell) in unnamed)
    return sorted(_paired(found), key=lambda layer: [_natural(name) for name in layer.groups])


def is_keras_1(file: SafeHdf5) -> bool:
    """Whether the names of the weights are those of Keras 1."""
    return any((old := KERAS_1.match(path.split(":")[0])) and old["part"] == "U" for path in _weights(file))


def _weights(file: SafeHdf5) -> Iterator[str]:
    """The paths of all weights; those of a whole model without its optimiser's, which go by the same names."""
    above = "model_weights/" if "model_weights" in file.groups else ""
    return (path for path in file.datasets if path.startswith(above))


def _named(file: SafeHdf5) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Stored]]:
    """Keras 2 and tf.keras: …/kernel:0, …/recurrent_kernel:0, …/bias:0. Keras 1: …/lstm_1_W_i and so on."""
    groups: dict[str, dict[str, str]] = {}
    for path in _weights(file):
        above, _, last = path.removeprefix("model_weights/").rpartition("/")
        name = last.split(":")[0]
        old = KERAS_1.match(name)
        if name not in NAMED and old:
            above, name = f"{above}/{old['layer']}", "_".join(filter(None, (old["part"], old["gate"])))
        groups.setdefault(above, {})[name] = path
    for above, members in groups.items():
        parts = tuple(part for part in above.split("/") if part)
        if {"kernel", "recurrent_kernel"} <= members.keys() and _is_flat(file, members["kernel"]):
            arrays = {NAMED[name]: file.array(path) for name, path in members.items() if name in NAMED}
            extra = tuple(name for name in members if name not in NAMED)
            named = _without_cell(parts)
            yield named, named, _stored(arrays, extra)
        elif any(name[:1] == "U" and name[1:2] in ("", "_") for name in members):
            arrays = _keras_1(file, members)
            if arrays:
                yield parts, parts, _stored(arrays)


def _without_cell(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The path of a layer; tf.keras names the cell below it, which only tells the cells of a stack apart."""
    if len(parts) < 2 or not CELL.match(parts[-1]) or parts[-1] == parts[0] or parts[-2].startswith(STACK):
        return parts
    return parts[:-1]


def _is_flat(file: SafeHdf5, path: str) -> bool:
    """Whether a kernel is a matrix; those of ConvLSTM layers are not."""
    return len(file.datasets[path].shape or ()) == 2


def _keras_1(file: SafeHdf5, members: Mapping[str, str]) -> dict[str, Array]:
    """W, U and b with their gates side by side in the order i f c o, or z r h; none where some are missing."""
    for gates in ("", *KERAS_1_GATES):
        wanted = [[f"{part}_{gate}" for gate in gates] or [part] for part in KERAS_1_PARTS]
        if all(name in members for names in wanted for name in names):
            blocks = ([file.array(members[name]) for name in names] for names in wanted)
            return dict(zip(KERAS_1_PARTS.values(), (np.concatenate(each, axis=-1) for each in blocks), strict=True))
    return {}


def _numbered(file: SafeHdf5) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Stored]]:
    """Keras 3: …/cell/vars/0, 1 and 2, with the layers' own names as attributes from 3.4 on."""
    for path in file.groups:
        above, _, last = path.rpartition("/")
        if last != "vars" or "cell" not in above.rpartition("/")[2]:
            continue
        members = {key: f"{path}/{key}" for key in ("0", "1", "2", "3") if f"{path}/{key}" in file.datasets}
        if not {"0", "1"} <= members.keys() or not all(_is_flat(file, members[key]) for key in "01"):
            continue
        arrays = {
            part: file.array(members[key]) for key, part in zip("012", NAMED.values(), strict=True) if key in members
        }
        names, groups = _names_above(file, above)
        yield names, groups, _stored(arrays, tuple(key for key in members if key == "3"))


def _names_above(file: SafeHdf5, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names, and the groups, of the layers that lead to a cell; a direction as forward_… or backward_…"""
    names, groups, place = [], [], ""
    for part in path.replace("\\", "/").split("/"):
        place = f"{place}/{part}" if place else part
        if part in SCAFFOLD:
            continue
        if part in ("forward_layer", "backward_layer"):
            names.append(part)
            groups.append(part)
            continue
        marked = f"{place}/vars"
        names.append((file.text(marked, "name") if marked in file.groups else None) or part)
        groups.append(part)
    return tuple(names), tuple(groups)


def _stored(arrays: Mapping[str, Array], extra: tuple[str, ...] = ()) -> Stored:
    return Stored(arrays["kernel"], arrays["recurrent"], arrays.get("bias"), extra)


def _paired(found: Mapping[tuple[str, ...], StoredLayer]) -> Iterator[StoredLayer]:
    """The same layers, those named forward_x and backward_x in one place as one layer in both directions."""
    taken: set[tuple[str, ...]] = set()
    for parts, layer in found.items():
        side = SIDE.match(parts[-1]) if parts else None
        if side and side["side"] == "forward":
            other = (*parts[:-1], f"backward_{side['rest']}")
            if other in found:
                taken |= {parts, other}
                above = parts[:-1] or (side["rest"],)
                groups = layer.groups[:-1] if len(layer.groups) > 1 else above
                yield StoredLayer(_short(above), groups, layer.forward, found[other].forward, layer.numbered)
    for parts, layer in found.items():
        if parts not in taken:
            yield replace(layer, names=layer.names or ("",), groups=layer.groups or ("",))


def _short(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Outer model and layer: Keras 2 writes the outer name twice, and Keras 3 the whole model's between them."""
    return parts if len(set(parts)) == len(parts) else (*dict.fromkeys((parts[0], parts[-1])),)


def _natural(name: str) -> list[tuple[int, int, str]]:
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)]
