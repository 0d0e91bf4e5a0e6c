"""Weights in JSON: RTNeural's form of Keras layers, captures of Neural Amp Modeler, state dicts as nested lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.gate_order import KERAS_ORDER, Cell, in_torch_order
from lstmviz.nets.foreign.nam_file import read_capture
from lstmviz.nets.foreign.torch_names import find_stacks, inputs_named
from lstmviz.nets.spec import GATE_BLOCKS, NetSpec, check_spec

MOST = 256 << 20
MOST_DEEP = 8
_CELLS: dict[str, Cell] = {"lstm": "lstm", "gru": "gru"}


def read(path: Path) -> tuple[Found, ...]:
    """The recurrent layers of a JSON file; raises ModelError where it is neither of the two forms."""
    content = read_json(path)
    if isinstance(content, dict) and isinstance(content.get("layers"), list):
        return tuple(_keras_layers(content, str(path)))
    if isinstance(content, dict) and isinstance(content.get("architecture"), str) and "weights" in content:
        return read_capture(content, str(path))
    return find_stacks(parts_of(content), str(path))


def read_parts(path: Path) -> dict[str, Part]:
    """The arrays of a JSON file by name."""
    return parts_of(read_json(path))


def read_json(path: Path) -> Any:
    """The content of a JSON file of bounded size; raises ModelError where it is damaged."""
    file = str(path)
    if path.stat().st_size > MOST:
        raise ModelError("“{file}” is larger than 256 MiB; expected weights as JSON below that.", file=file)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ModelError(
            "“{file}” is damaged: it is not JSON ({reason}). Copy or export it again.",
            file=file,
            reason=str(error)[:200],
        ) from error


def parts_of(content: Any) -> dict[str, Part]:
    """The arrays in nested objects, by name; what lies in several objects, by the object's name and its own."""
    found = list(_objects(content, "", 0))
    several = sum(any("weight_hh" in name for name in arrays) for _, arrays in found) > 1
    parts = {}
    for path, arrays in found:
        for name, array in arrays.items():
            parts[f"{path}.{name}" if path and several else name] = Part(
                array.shape, partial(_same, array), str(array.dtype)
            )
    return parts


def _same(array: Array) -> Array:
    return array


def _objects(content: Any, path: str, depth: int) -> Iterator[tuple[str, dict[str, Array]]]:
    if not isinstance(content, dict) or depth > MOST_DEEP:
        return
    arrays = {name: numbers(value) for name, value in content.items() if isinstance(value, list)}
    yield path, {name: array for name, array in arrays.items() if array is not None}
    for name, value in content.items():
        yield from _objects(value, f"{path}.{name}" if path else name, depth + 1)


def numbers(value: Any) -> Array | None:
    """A nested list of numbers as an array, float32 as these files are meant; None where it is none."""
    try:
        array = np.asarray(value)
    except (ValueError, RecursionError):  # rows of different lengths
        return None
    if array.dtype.kind not in "if" or array.ndim == 0:
        return None
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _keras_layers(content: dict[str, Any], file: str) -> Iterator[Found]:
    """The LSTM and GRU layers among RTNeural's layers: weights [kernel, recurrent kernel, bias], columns in blocks."""
    inputs = _last(content.get("in_shape"))
    for place, layer in enumerate(content["layers"]):
        if not isinstance(layer, dict):
            raise ModelError("“{file}”: layer {place} is no object; expected one.", file=file, place=place)
        kind = str(layer.get("type", "")).lower()
        units = _last(layer.get("shape"))
        if kind in _CELLS:
            yield _keras_layer(layer, _CELLS[kind], inputs, units, place, file)
        inputs = units if units is not None else inputs


def _last(shape: Any) -> int | None:
    """The last of a shape as Keras writes it, [null, null, 8]."""
    return shape[-1] if isinstance(shape, list) and shape and isinstance(shape[-1], int) else None


def _keras_layer(
    layer: dict[str, Any], cell: Cell, inputs: int | None, units: int | None, place: int, file: str
) -> Found:
    weights = layer.get("weights")
    arrays = [numbers(each) for each in weights] if isinstance(weights, list) else []
    if units is None or units < 1 or len(arrays) != 3 or any(array is None for array in arrays):
        raise ModelError(
            "“{file}”: the {kind} of layer {place} lacks its shape or its weights; expected kernel, recurrent kernel"
            " and bias.",
            file=file,
            kind=cell.upper(),
            place=place,
        )
    kernel, recurrent, bias = (array for array in arrays if array is not None)
    rows = GATE_BLOCKS[cell] * units
    width = kernel.shape[0] if inputs is None else inputs
    expected = ((width, rows), (units, rows), (2, rows) if cell == "gru" else (rows,))
    found = (kernel.shape, recurrent.shape, bias.shape)
    if found != expected:
        raise ModelError(
            "“{file}”: layer {place} declares {kind}, {inputs} inputs and {units} units, but its weights have"
            " shapes {found}; expected {expected}. The file contradicts itself.",
            file=file,
            place=place,
            kind=cell.upper(),
            inputs=width,
            units=units,
            found=", ".join(map(str, found)),
            expected=", ".join(map(str, expected)),
        )
    _check_activations(layer, place, file)
    spec = NetSpec(name=f"layers.{place}", cell=cell, input=inputs_named(width), hidden=units)
    tensors = _tensors(cell, kernel, recurrent, bias)
    return Found(f"layers.{place}", f"RTNeural {cell.upper()}", check_spec(spec, file), tensors)


def _tensors(cell: Cell, kernel: Array, recurrent: Array, bias: Array) -> dict[str, Array]:
    b_ih, b_hh = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    named = {"weight_ih": kernel.T, "weight_hh": recurrent.T, "bias_ih": b_ih, "bias_hh": b_hh}
    return {
        f"recurrent.{name}_l0": np.ascontiguousarray(in_torch_order(rows, cell, KERAS_ORDER[cell]))
        for name, rows in named.items()
    }


def _check_activations(layer: dict[str, Any], place: int, file: str) -> None:
    """RTNeural itself knows no other: an LSTM of hard sigmoids would be another net."""
    found = [str(layer.get(name) or "") for name in ("activation", "recurrent_activation")]
    if found[0] not in ("", "tanh") or found[1] not in ("", "sigmoid"):
        raise ModelError(
            "“{file}”: layer {place} has the activations {found}; expected tanh, and sigmoid for the gates.",
            file=file,
            place=place,
            found=" ".join(found),
        )
