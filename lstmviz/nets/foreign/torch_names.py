"""Recurrent layers among arrays that are named as torch names those of nn.LSTM, nn.GRU, nn.RNN and their cells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from lstmviz.errors import ModelError
from lstmviz.language import mark
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.torch_reworked import made_anew
from lstmviz.nets.spec import NetSpec, ValueInput, check_spec, expected_shapes

_NAME = re.compile(
    r"(?:(?P<path>.*)[./_])?(?P<what>(?:weight|bias)_(?:ih|hh|hr))(?:_l(?P<layer>\d{1,4})(?P<side>_reverse)?)?"
)
_WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""
_CELLS: dict[int, Literal["lstm", "gru", "rnn"]] = {4: "lstm", 3: "gru", 1: "rnn"}
TANH_ASSUMED = mark("The file does not say whether its RNN takes tanh or ReLU; tanh is assumed.")

Key = tuple[str, int, bool]
"""The name of an array within its group (``weight_ih``), its layer and whether it is the reverse direction's."""


@dataclass(frozen=True, eq=False)
class _Group:
    """The arrays of one module; cell: named as nn.LSTMCell names them, without a layer."""

    path: str
    cell: bool
    parts: Mapping[Key, Part]


def find_stacks(parts: Mapping[str, Part], file: str, functions: Mapping[str, str] | None = None) -> tuple[Found, ...]:
    """The recurrent modules among named arrays, in their order; only their arrays are read.

    Shapes alone tell the kind: 4H rows are an LSTM's, 3H a GRU's, H an RNN's. Raises ModelError where the arrays of a
    module contradict one another. functions: the φ of RNNs by their path, where the file tells it.
    """
    return tuple(_found(group, file, (functions or {}).get(group.path)) for group in _groups(made_anew(parts)))


def inputs_named(width: int) -> ValueInput:
    """The input of a layer whose features have no names: x0, x1, …, as they are."""
    return ValueInput(tuple(f"x{n}" for n in range(width)), (0.0,) * width, (1.0,) * width)


def _groups(parts: Mapping[str, Part]) -> list[_Group]:
    grouped: dict[tuple[str, bool], dict[Key, Part]] = defaultdict(dict)
    for name, part in parts.items():
        match = _NAME.fullmatch(name)
        if match is not None:
            layer = match["layer"]
            key = (match["what"], int(layer or 0), match["side"] is not None)
            grouped[match["path"] or "", layer is None][key] = part
    whole = (_Group(path, cell, group) for (path, cell), group in grouped.items())
    return [each for each in whole if {("weight_ih", 0, False), ("weight_hh", 0, False)} <= each.parts.keys()]


def _found(group: _Group, file: str, function: str | None) -> Found:
    spec = _spec(group, file)
    kind = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}[spec.cell] + ("Cell" if group.cell else "")
    notes = (TANH_ASSUMED,) if spec.cell == "rnn" and function is None else ()
    if spec.cell == "rnn" and function is not None:
        spec = msgspec.structs.replace(spec, activation=function)
    return Found(stripped(group.path) or spec.cell, f"nn.{kind}", spec, _tensors(group, spec, file), notes)


def stripped(path: str) -> str:
    """The path without what DataParallel and torch.compile put before it."""
    wrapped = True
    while wrapped:
        wrapped = False
        for wrapper in _WRAPPERS:
            if (path + ".").startswith(wrapper):
                path, wrapped = path[len(wrapper) :], True
    return path


def _spec(group: _Group, file: str) -> NetSpec:
    """What the shapes of the first layer say; whether all others fit is checked as they are read."""
    w_ih, w_hh = (group.parts[name, 0, False].shape for name in ("weight_ih", "weight_hh"))
    projection = group.parts.get(("weight_hr", 0, False))
    flat = len(w_ih) == 2 and len(w_hh) == 2 and 0 not in w_ih and 0 not in w_hh
    if not flat or (projection is not None and len(projection.shape) != 2):
        raise _strange(group, file)
    hidden = w_hh[1] if projection is None else projection.shape[1]
    blocks = w_hh[0] // hidden if hidden else 0
    if blocks not in _CELLS or w_hh[0] != blocks * hidden or max(hidden, w_ih[1]) > 1 << 20:
        raise _strange(group, file)
    spec = NetSpec(
        name=group.path or file,
        cell=_CELLS[blocks],
        input=inputs_named(w_ih[1]),
        hidden=hidden,
        layers=1 + max(layer for _, layer, _ in group.parts),
        bidirectional=any(reverse for _, _, reverse in group.parts),
        projection=0 if projection is None else projection.shape[0],
    )
    if spec.layers > 256:
        raise _strange(group, file)
    return check_spec(spec, file)


def _strange(group: _Group, file: str) -> ModelError:
    shapes = [group.parts[name, 0, False].shape for name in ("weight_ih", "weight_hh")]
    return ModelError(
        "“{file}”: the weights of “{path}” have shapes {w_ih} and {w_hh}; expected 4, 3 or 1 times H rows, and columns"
        " as many as inputs and as H.",
        file=file,
        path=group.path,
        w_ih=shapes[0],
        w_hh=shapes[1],
    )


def _tensors(group: _Group, spec: NetSpec, file: str) -> dict[str, Array]:
    """Every array of the module, zeros for biases that it was made without, all of one type."""
    arrays: dict[str, Array] = {}
    missing: dict[str, tuple[int, ...]] = {}
    for name, shape in expected_shapes(spec).items():
        match = _NAME.fullmatch(name)
        assert match is not None
        part = group.parts.get((match["what"], int(match["layer"]), match["side"] is not None))
        if part is None and match["what"].startswith("bias"):
            missing[name] = shape
        elif part is None or part.shape != shape:
            raise ModelError(
                "“{file}”: the weights “{name}” of “{path}” have shape {found}; the others expect {expected}.",
                file=file,
                name=name.removeprefix("recurrent."),
                path=group.path,
                found=None if part is None else part.shape,
                expected=shape,
            )
        else:
            arrays[name] = as_weights(part.read(), name, file)
    kind = np.result_type(*arrays.values())
    for name, shape in missing.items():
        arrays[name] = np.zeros(shape, kind)
    return {name: array.astype(kind, copy=False) for name, array in arrays.items()}


def as_weights(array: Array, name: str, file: str) -> Array:
    """Weights as float32, or as the float64 that they are; raises ModelError where they are no real numbers."""
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise ModelError(
            "“{file}”: the weights “{name}” are {dtype}; expected floating-point numbers.",
            file=file,
            name=name,
            dtype=str(array.dtype),
        )
    return np.ascontiguousarray(array, dtype=np.float64 if array.dtype.itemsize == 8 else np.float32)
