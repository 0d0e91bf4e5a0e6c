"""A model of TensorFlow Lite as data: its operators, tensors and the constants among them.

Source: tensorflow/lite/schema/schema.fbs; the numbers of fields stand in its order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstmviz.language import tr
from lstmviz.nets.foreign.flatbuffer import Buffer, Table
from lstmviz.nets.foreign.found import Array

DEQUANTIZE, REVERSE, WHILE = 6, 105, 119
LSTM, SEQUENCE_LSTM, BOTH_LSTM = 16, 44, 52
RNN, SEQUENCE_RNN = 24, 35
_KINDS = {0: "f4", 1: "f2", 2: "i4", 3: "u1", 4: "i8", 7: "i2", 9: "i1", 10: "f8"}
"""numpy's names of the types of numbers that are read."""


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator of a subgraph: its number in the schema, tensors by their place (−1 for none) and options."""

    code: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None

    def input(self, place: int) -> int:
        """The tensor at a place, −1 where there is none."""
        return self.inputs[place] if place < len(self.inputs) else -1


class Graph:
    """One subgraph: tensors are told by their place in it."""

    def __init__(self, model: Model, table: Table) -> None:
        self._model = model
        self._tensors = list(table.tables(0))
        self.name = table.text(4)
        self.operators = [model.operator(each) for each in table.tables(3)]
        self._made = {tensor: each for each in reversed(self.operators) for tensor in each.outputs}

    def maker(self, tensor: int) -> Operator | None:
        """The operator that gives a tensor; None for a constant and for what the graph is given."""
        return self._made.get(tensor)

    def label(self, tensor: int) -> str:
        """The name of a tensor."""
        return self._tensor(tensor).text(3)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The sizes of a tensor."""
        return self._tensor(tensor).integers(0)

    def is_quantised(self, tensor: int) -> bool:
        """Whether its numbers are whole ones that stand for others."""
        return _KINDS.get(self._tensor(tensor).integer(1, "b"), "")[:1] in ("i", "u")

    def constant(self, tensor: int) -> Array | None:
        """The numbers of a tensor as floats; None where they are not in the file. Raises ValueError where damaged."""
        if tensor < 0:
            return None
        maker = self.maker(tensor)
        if maker is not None:
            return self.constant(maker.input(0)) if maker.code == DEQUANTIZE and maker.input(0) != tensor else None
        table = self._tensor(tensor)
        kind, shape = _KINDS.get(table.integer(1, "b")), self.shape(tensor)
        raw = self._model.bytes_of(table.integer(2, "I"))
        if kind is None or not raw or table.table(6) is not None:
            return None
        if min(shape, default=1) < 0 or math.prod(shape) * np.dtype(kind).itemsize != len(raw):
            raise ValueError(tr("a shape of {shape}", shape=shape[:8]))
        values = np.frombuffer(raw, "<" + kind).reshape(shape)
        if values.dtype.kind in "iu":
            return _dequantised(values, table.table(4))
        return values.astype(np.float64 if kind == "f8" else np.float32)

    def _tensor(self, place: int) -> Table:
        if not 0 <= place < len(self._tensors):
            raise ValueError(tr("a tensor that is not there"))
        return self._tensors[place]


class Model:
    """A file: what its operators are called, where the numbers lie, and its subgraphs."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._root = Buffer(data).root()
        self._codes = [max(each.integer(0, "b"), each.integer(3, "i")) for each in self._root.tables(1)]
        self._buffers = list(self._root.tables(4))

    @cached_property
    def graphs(self) -> list[Graph]:
        """The subgraphs."""
        return [Graph(self, each) for each in self._root.tables(2)]

    def operator(self, table: Table) -> Operator:
        """An operator as its table tells it."""
        code = table.integer(0, "I")
        if code >= len(self._codes):
            raise ValueError(tr("an operator that is not there"))
        return Operator(self._codes[code], table.integers(1), table.integers(2), table.table(4))

    def bytes_of(self, place: int) -> bytes:
        """The bytes of a buffer, in the tables or after them; none for the first, which stands for no numbers."""
        if not 0 < place < len(self._buffers):
            return b""
        table = self._buffers[place]
        start, size = table.bytes_at(0)
        if not size:
            start, size = table.integer(1, "Q"), table.integer(2, "Q")
        if start + size > len(self._data):
            raise ValueError(tr("an offset outside of the file"))
        return self._data[start : start + size]


def _dequantised(values: Array, words: Table | None) -> Array:
    """(q − zero point) · scale, with one of each for the whole or for each place along an axis."""
    scales = () if words is None else words.numbers(2, "f")
    if words is None or not scales:
        return values.astype(np.float32)
    zeros = words.integers(3, "q") or (0,) * len(scales)
    scale, zero = np.array(scales, np.float64), np.array(zeros, np.float64)
    axis = words.integer(6, "i")
    if len(scales) > 1:
        if not 0 <= axis < values.ndim or len(scales) != values.shape[axis] or len(zeros) != len(scales):
            raise ValueError(tr("a shape of {shape}", shape=values.shape))
        sizes = [1] * values.ndim
        sizes[axis] = -1
        scale, zero = scale.reshape(sizes), zero.reshape(sizes)
    return ((values.astype(np.float64) - zero) * scale).astype(np.float32)
