"""What a process that reads an HDF5 file says to the one that asked: stacks or arrays, or why there are none.

Plain MessagePack of fixed shapes: a library that a hostile file has taken over can say nothing that is run here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from lstmviz.errors import ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.spec import NetSpec, check_spec, expected_shapes

KINDS = ("float16", "float32", "float64")


class ArrayData(msgspec.Struct, frozen=True):
    """An array: numpy's name of its type, shape, and numbers, None where they were not asked for."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes | None = None


class FoundData(msgspec.Struct, frozen=True):
    """A `Found`."""

    path: str
    origin: str
    spec: NetSpec
    tensors: dict[str, ArrayData]
    notes: tuple[str, ...] = ()
    parts: tuple[FoundData, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """One answer; error: the template of a sentence and its values, empty where all went well."""

    found: tuple[FoundData, ...] = ()
    arrays: dict[str, ArrayData] = {}
    error: str = ""
    values: dict[str, str | int | float] = {}


def to_data(found: Found) -> FoundData:
    """A stack as it is sent."""
    tensors = {name: array_data(array) for name, array in found.tensors.items()}
    return FoundData(found.path, found.origin, found.spec, tensors, found.notes, tuple(map(to_data, found.parts)))


def array_data(array: Array) -> ArrayData:
    """An array as it is sent."""
    return ArrayData(array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes())


def error_data(error: ModelError) -> Answer:
    """A sentence as it is sent."""
    values = {name: v if isinstance(v, str | int | float) else str(v) for name, v in error.values.items()}
    return Answer(error=error.template, values=values)


def from_data(data: FoundData, file: str) -> Found:
    """The stack again, its arrays checked against its description; raises ValueError or ModelError."""
    tensors = {name: array_of(each) for name, each in data.tensors.items()}
    shapes = {name: array.shape for name, array in tensors.items()}
    if shapes != expected_shapes(check_spec(data.spec, file)):
        raise ValueError(tr("an answer that contradicts itself"))
    parts = tuple(from_data(part, file) for part in data.parts)
    return Found(data.path, data.origin, data.spec, tensors, data.notes, parts)


def array_of(data: ArrayData) -> Array:
    """The array again; raises ValueError where its numbers do not fill its shape."""
    kind = np.dtype(data.dtype if data.dtype in KINDS else "float32")
    numbers = data.data or b""
    if min(data.shape, default=0) < 0 or math.prod(data.shape) * kind.itemsize != len(numbers):
        raise ValueError(tr("an answer that contradicts itself"))
    return np.frombuffer(bytearray(numbers), kind).reshape(data.shape)


def parts_from(arrays: Mapping[str, ArrayData], ask: Callable[[str], Array]) -> dict[str, Part]:
    """Arrays by name, each read when it is asked for where its numbers were not sent."""

    def part(name: str, data: ArrayData) -> Part:
        read = (lambda: ask(name)) if data.data is None else (lambda: array_of(data))
        return Part(data.shape, read, data.dtype)

    return {name: part(name, data) for name, data in arrays.items()}
