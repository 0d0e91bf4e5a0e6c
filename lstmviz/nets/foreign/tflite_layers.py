"""Recurrent operators of TensorFlow Lite as layers in our words and torch's order.

    LSTM    [input, forget, cell, output] each a matrix of its own; peepholes, projection; without an input gate's
            weights i = 1 − f; g and h take the operator's fused function; c is cut at ±cell_clip
    RNN     one matrix with x, one with h(t−1), the fused function

Source: tensorflow/lite/kernels: unidirectional_sequence_lstm.cc, lstm.cc, bidirectional_sequence_lstm.cc, basic_rnn.cc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.language import mark
from lstmviz.nets.foreign.found import Array
from lstmviz.nets.foreign.tflite_graph import (
    BOTH_LSTM,
    LSTM,
    REVERSE,
    RNN,
    SEQUENCE_LSTM,
    SEQUENCE_RNN,
    Graph,
    Operator,
)

QUANTISED = mark("Its weights are kept as whole numbers; here they are the numbers that those stand for, as float32.")
COUPLED = mark("In its model i = 1 − f; the weights of i are those of f with the sign turned, which is the same.")
_FUSED = {0: "linear", 1: "relu", 4: "tanh"}
_NAMES = {
    LSTM: "LSTM",
    SEQUENCE_LSTM: "UNIDIRECTIONAL_SEQUENCE_LSTM",
    BOTH_LSTM: "BIDIRECTIONAL_SEQUENCE_LSTM",
    RNN: "RNN",
    SEQUENCE_RNN: "UNIDIRECTIONAL_SEQUENCE_RNN",
}


@dataclass(frozen=True, eq=False)
class TfliteLayer:
    """One operator: weights by torch's names for each direction, and what else its net is described by.

    source, said: the tensors that it reads, past a reversal, and gives. backwards: it reads reversed time alone.
    """

    path: str
    kind: str
    sides: tuple[Mapping[str, Array], ...]
    settings: Mapping[str, Any]
    source: int
    said: int
    backwards: bool = False
    notes: tuple[str, ...] = ()
    graph: int = field(default=0)


def layer_of(operator: Operator, graph: Graph, place: int, file: str) -> TfliteLayer:
    """The layer that an operator computes; ModelError, with the reason, where lstmviz has no cell that does."""
    name = graph.label(operator.outputs[0]) if operator.outputs else ""
    path = name.rpartition(";")[2].strip("/") or str(place)
    reader = _Reader(operator, graph, path, file)
    source, backwards = _source(operator, graph)
    sides: tuple[Mapping[str, Array], ...]
    settings: dict[str, Any]
    if operator.code in (RNN, SEQUENCE_RNN):
        sides, settings = (reader.rnn(),), {"cell": "rnn", "activation": reader.fused(operator.code == SEQUENCE_RNN)}
    else:
        both = operator.code == BOTH_LSTM
        reader.check(both)
        starts = ((1, 5, 9, 12, 16), (18, 22, 26, 29, 33)) if both else ((1, 5, 9, 12, 16),)
        sides = tuple(reader.lstm(*start) for start in starts)
        function = reader.fused()
        settings = {"candidate_activation": function, "output_activation": function, "cell_clip": reader.option(1)}
    said = operator.outputs[0] if operator.outputs else -1
    return TfliteLayer(path, _NAMES[operator.code], sides, settings, source, said, backwards, tuple(reader.notes))


def _source(operator: Operator, graph: Graph) -> tuple[int, bool]:
    """The tensor that an operator reads, and whether it was turned round in time before, as Keras does it."""
    read = operator.input(0)
    maker = graph.maker(read)
    if maker is None or maker.code != REVERSE:
        return read, False
    axes = graph.constant(maker.input(1))
    time = 0 if _time_major(operator) else 1
    if axes is None or axes.tolist() != [time]:
        return read, False
    return maker.input(0), True


def _time_major(operator: Operator) -> bool:
    if operator.options is None or operator.code in (LSTM, RNN):
        return False
    if operator.code == BOTH_LSTM:
        return bool(operator.options.integer(4, "b", 1))
    return bool(operator.options.integer(0 if operator.code == SEQUENCE_RNN else 3, "b"))


class _Reader:
    """The weights of one operator, their shapes checked; notes: what is to be said of them."""

    def __init__(self, operator: Operator, graph: Graph, path: str, file: str) -> None:
        self._operator, self._graph, self._path, self._file = operator, graph, path, file
        self.notes: dict[str, None] = {}

    def option(self, field: int) -> float:
        """A number of the options, 0 where there is none."""
        options = self._operator.options
        return 0.0 if options is None else float(options.number(field, "f"))

    def fused(self, second: bool = False) -> str:
        """The fused function: the first field of the options, of an RNN over sequences the second."""
        options = self._operator.options
        code = 0 if options is None else options.integer(int(second), "b")
        if code not in _FUSED:
            raise self._refused(f"fused_activation_function = {code}")
        return _FUSED[code]

    def check(self, both: bool) -> None:
        """Raise ModelError for what no cell of ours computes."""
        inputs, options = self._operator.inputs, self._operator.options
        if self._operator.code == LSTM and options is not None and options.integer(3, "b"):
            raise self._refused("kernel_type = BASIC")
        if any(place >= 0 for place in inputs[20:24]) and not both:
            raise self._refused("layer normalisation of each gate")
        if both and any(place >= 0 for place in inputs[39:48]):
            raise self._refused("an auxiliary input")
        if self._operator.code not in (LSTM, BOTH_LSTM) and options is not None and options.integer(5, "b"):
            raise self._refused("diagonal_recurrent_tensors")
        if self._operator.input(16) >= 0 and self.option(2):
            raise self._refused(f"proj_clip = {self.option(2):g}")

    def rnn(self) -> dict[str, Array]:
        """weight_ih (H, F), weight_hh (H, H) and the bias."""
        recurrent = self._needed(2)
        hidden = recurrent.shape[0]
        bias = self._optional(3, (hidden,), recurrent)
        return self._checked({"weight_ih": self._needed(1), "weight_hh": recurrent}, [bias], hidden, hidden)

    def lstm(self, into: int, back: int, peeps: int, biases: int, projection: int) -> dict[str, Array]:
        """One direction, whose first tensors of each kind stand at these places."""
        forget = self._needed(back + 1)
        hidden, outputs = forget.shape if forget.ndim == 2 else (0, 0)
        coupled = self._operator.input(into) < 0
        parts: dict[str, list[Array]] = {"weight_ih": [], "weight_hh": [], "bias": []}
        for gate in range(4):
            at = 1 if coupled and gate == 0 else gate  # i of −z is 1 − f of z
            sign = -1 if coupled and gate == 0 else 1
            parts["weight_ih"].append(sign * self._needed(into + at))
            parts["weight_hh"].append(sign * self._needed(back + at))
            parts["bias"].append(sign * self._optional(biases + at, (hidden,), forget))
        if coupled:
            self.notes[COUPLED] = None
        arrays = {name: _stacked(parts[name]) for name in ("weight_ih", "weight_hh")}
        found = self._checked(arrays, parts["bias"], hidden, outputs)
        seen = [self._optional(peeps + at, (hidden,), forget) for at in range(3)]
        if any(self._operator.input(peeps + at) >= 0 for at in range(3)):
            i = -seen[1] if coupled else seen[0]
            found["peephole"] = np.stack([i, seen[1], seen[2]]).astype(forget.dtype)
        if self._operator.input(projection) >= 0:
            found["weight_hr"] = self._needed(projection)
            if found["weight_hr"].shape != (outputs, hidden):
                raise self._unfit(found["weight_hr"].shape)
            if self._optional(projection + 1, (outputs,), forget).any():
                raise self._refused("a bias of its projection")
        elif hidden != outputs:
            raise self._unfit(forget.shape)
        return found

    def _checked(self, arrays: dict[str, Array], biases: list[Array], hidden: int, outputs: int) -> dict[str, Array]:
        rows = len(biases) * hidden
        w, r = arrays["weight_ih"], arrays["weight_hh"]
        if w.ndim != 2 or not hidden or w.shape[0] != rows or not w.shape[1] or r.shape != (rows, outputs):
            raise self._unfit(w.shape)
        bias = np.concatenate(biases).astype(r.dtype)
        return {**arrays, "bias_ih": bias, "bias_hh": np.zeros_like(bias)}

    def _needed(self, place: int) -> Array:
        tensor = self._operator.input(place)
        values = self._graph.constant(tensor)
        if values is None:
            raise ModelError(
                "“{file}”: the weights at place {place} of “{layer}” are not in the model; expected them there.",
                file=self._file,
                place=place,
                layer=self._path,
            )
        if self._graph.is_quantised(tensor):
            self.notes[QUANTISED] = None
        return values.astype(np.float32)

    def _optional(self, place: int, shape: tuple[int, ...], like: Array) -> Array:
        if self._operator.input(place) < 0:
            return np.zeros(shape, like.dtype)
        values = self._needed(place)
        if values.shape != shape:
            raise self._unfit(values.shape)
        return values

    def _refused(self, what: str) -> ModelError:
        return ModelError(
            "“{file}”: “{node}” is a recurrent layer with {what}; lstmviz has no cell that computes this.",
            file=self._file,
            node=self._path,
            what=what,
        )

    def _unfit(self, shape: tuple[int, ...]) -> ModelError:
        return ModelError(
            "“{file}”: the weights of “{layer}” do not fit one another; one of them has the shape {shape}.",
            file=self._file,
            layer=self._path,
            shape=shape[:8],
        )


def _stacked(gates: list[Array]) -> Array:
    """Rows i f g o of the gates' own matrices; what does not fit is left for the check of shapes."""
    return np.concatenate(gates) if len({array.shape for array in gates}) == 1 else np.zeros((0,), np.float32)
