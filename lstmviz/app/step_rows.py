"""The pseudocode of one step with the numbers of one unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstmviz.app.cell_labels import number
from lstmviz.app.frame_values import step_at
from lstmviz.app.functions import functions_of, sign
from lstmviz.cells.activations import Functions
from lstmviz.cells.explain import Line, explain
from lstmviz.cells.gru import GruStep
from lstmviz.cells.lstm import LstmStep
from lstmviz.cells.rnn import RnnStep
from lstmviz.cells.weights import Array, LstmWeights
from lstmviz.language import tr
from lstmviz.session.snapshot import PHASES
from lstmviz.traces.trace import Trace

_SIGNALS = {
    "combine": "x",
    "rt": "r",
    "ft": "f",
    "gt": "g",
    "it": "i",
    "ot": "o",
    "c(t)": "c",
    "h(t)": "h",
    "z(t)": "h",
    "y(t)": "h",
}


@dataclass(frozen=True)
class StepRow:
    """One line: its code, the unit's numbers, the shape of what it writes, its phase and the signal it is about."""

    code: str
    numbers: str
    shape: str
    phase: int
    signal: str


def step_rows(trace: Trace, t: int, layer: int, direction: str, unit: int) -> tuple[StepRow, ...]:
    """The lines of ``explain`` for step t, each with this frame's numbers of one unit."""
    step = step_at(trace, t, layer, direction)
    weights = trace.weights_at(t, layer, direction)
    numbers: _Numbers
    if isinstance(step, LstmStep):
        normed = isinstance(weights, LstmWeights) and weights.norm is not None
        numbers = _LstmNumbers(step, unit, weights is not None, normed, functions_of(weights))
    elif isinstance(step, GruStep):
        numbers = _GruNumbers(step, unit, weights is not None, functions_of(weights))
    else:
        numbers = _RnnNumbers(step, unit, weights is not None)
    return tuple(_row(line, numbers, direction) for line in explain(step, weights))


def _row(line: Line, numbers: _Numbers, direction: str) -> StepRow:
    code = line.text.replace("t−1", "t+1") if direction == "reverse" else line.text
    shape = f"({line.values[line.writes].shape[-1]})" if line.writes else ""
    return StepRow(code, numbers.of(line.writes), shape, PHASES.index(line.phase), _SIGNALS.get(line.writes, "y"))


class _LstmNumbers:
    """The numbers of one unit of an LSTM's step, by the name that a line writes."""

    def __init__(self, step: LstmStep, unit: int, weighed: bool, normed: bool, functions: Functions) -> None:
        self._step, self._unit, self._weighed, self._normed, self._functions = step, unit, weighed, normed, functions
        self._table: dict[str, Callable[[], str]] = {
            "combine": self._combine,
            "c(t)": self._state,
            "h(t)": self._output,
        }

    def of(self, writes: str) -> str:
        if writes in self._table:
            return self._table[writes]()
        return self._gate(writes[0]) if writes else self._returned()

    def _at(self, name: str) -> str:
        return number(float(getattr(self._step, name)[self._unit]), 3)

    @property
    def _projected(self) -> bool:
        return len(self._step.h) != len(self._step.c)

    def _combine(self) -> str:
        return _sizes(self._step.h_prev, self._step.x)

    def _gate(self, gate: str) -> str:
        z, value, unit = self._at(f"z{gate}"), self._at(gate), self._unit
        function = sign(self._functions.of(gate))
        z = f"clip({z})" if self._functions.clip and self._weighed else z
        return _activated(gate, unit, function, z, value, self._weighed)

    def _state(self) -> str:
        c_prev, f, g, i, c = (self._at(name) for name in ("c_prev", "f", "g", "i", "c"))
        sum_of = f"{c_prev}·{f} + {_bracketed(g)}·{i}"
        return f"c[{self._unit}] = " + (f"clip({sum_of}) = {c}" if self._functions.cell_clip else f"{sum_of} = {c}")

    def _output(self) -> str:
        c = f"norm({self._at('c')})" if self._normed else self._at("c")
        product = f"{self._at('o')}·{sign(self._functions.output)}({c})"
        if self._projected:
            value = number(float((self._step.o * self._step.tanh_c)[self._unit]), 3)
            return tr("{product} = {value}, then projected", product=product, value=value)
        return f"h[{self._unit}] = {product} = {self._at('h')}"

    def _returned(self) -> str:
        state = f"c[{self._unit}] = {self._at('c')}"
        if self._projected:
            return f"h ({len(self._step.h)}), {state}"
        return f"h[{self._unit}] = {self._at('h')}, {state}"


class _GruNumbers:
    """The numbers of one unit of a GRU's step, by the name that a line writes."""

    def __init__(self, step: GruStep, unit: int, weighed: bool, functions: Functions) -> None:
        self._step, self._unit, self._weighed, self._functions = step, unit, weighed, functions

    def of(self, writes: str) -> str:
        if writes == "combine":
            return _sizes(self._step.h_prev, self._step.x)
        h_prev, f, g, i, h = (self._at(name) for name in ("h_prev", "f", "g", "i", "h"))
        if writes == "it":
            return f"i[{self._unit}] = 1 − {f} = {i}"
        if writes == "h(t)":
            return f"h[{self._unit}] = {h_prev}·{f} + {_bracketed(g)}·{i} = {h}"
        if not writes:
            return f"h[{self._unit}] = {h}"
        gate = writes[0]
        z, value = self._at(f"z{gate}"), self._at(gate)
        z = f"clip({z})" if self._functions.clip and self._weighed else z
        return _activated(gate, self._unit, sign(self._functions.of(gate)), z, value, self._weighed)

    def _at(self, name: str) -> str:
        return number(float(getattr(self._step, name)[self._unit]), 3)


class _RnnNumbers:
    """The numbers of one unit of a recurrent layer's step, by the name that a line writes."""

    def __init__(self, step: RnnStep, unit: int, weighed: bool) -> None:
        self._step, self._unit, self._weighed = step, unit, weighed

    def of(self, writes: str) -> str:
        z, y = (number(float(values[self._unit]), 3) for values in (self._step.z, self._step.y))
        if writes == "combine":
            return _sizes(self._step.y_prev, self._step.x)
        if writes == "z(t)":
            name = "z" if self._weighed else tr("z (from y)")
            return f"{name}[{self._unit}] = {z}"
        if writes == "y(t)":
            return _activated("y", self._unit, sign(self._step.activation), z, y, self._weighed)
        return f"y[{self._unit}] = {y}"


_Numbers = _LstmNumbers | _GruNumbers | _RnnNumbers


def _bracketed(text: str) -> str:
    """A number after a sign: a negative one stands in brackets."""
    return f"({text})" if text.startswith("−") else text


def _sizes(state: Array, x: Array) -> str:
    return tr("{state} + {inputs} = {total} values", state=len(state), inputs=len(x), total=len(state) + len(x))


def _activated(name: str, unit: int, function: str, z: str, value: str, weighed: bool) -> str:
    """f[17] = σ(2.51) = 0.925; without weights the argument is named for what it is, worked back from the value."""
    if weighed:
        return f"{name}[{unit}] = {function}({z}) = {value}"
    inverse = "logit" if function == "σ" else "artanh"
    return f"{name}[{unit}] = {value}, {inverse} {z}"
