"""One step as the lines of the lecture's pseudocode, each with the values it reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstmviz.cells.lstm import LstmStep
from lstmviz.cells.rnn import RnnStep
from lstmviz.cells.weights import Array


@dataclass(frozen=True, eq=False)
class Line:
    """One line of pseudocode.

    text: the line, in which every name of ``reads`` and ``writes`` stands as it is. phase: its place inside the step,
    one of combine f g i c o h. reads: the names on its right side. writes: the name on its left side, "" for the
    return. values: by name, the value of all of those, (…, H), or (…, F) for x and (…, P + F) for combine.
    """

    text: str
    phase: str
    reads: tuple[str, ...]
    writes: str
    values: Mapping[str, Array]


def explain(step: LstmStep | RnnStep) -> tuple[Line, ...]:
    """The step as pseudocode, in the order in which it happens.

    In the first line + joins the two vectors end to end, as the lecture has it; everywhere else · and + work element by
    element. A layer (``forget_layer`` …) is σ or tanh of its weights times ``combine`` plus its bias. With a recurrent
    projection h(t) is the projection of ot·tanh(c(t)), and its line says so.
    """
    return _explain_lstm(step) if isinstance(step, LstmStep) else _explain_rnn(step)


def _explain_lstm(step: LstmStep) -> tuple[Line, ...]:
    values = {
        "h(t−1)": step.h_prev,
        "x(t)": step.x,
        "combine": _joined(step.h_prev, step.x),
        "ft": step.f,
        "gt": step.g,
        "it": step.i,
        "c(t−1)": step.c_prev,
        "c(t)": step.c,
        "ot": step.o,
        "h(t)": step.h,
    }
    projected = step.h.shape[-1] != step.c.shape[-1]
    output = "project(ot·tanh(c(t)))" if projected else "ot·tanh(c(t))"
    lines = (
        ("combine = h(t−1) + x(t)", "combine", ("h(t−1)", "x(t)"), "combine"),
        ("ft = forget_layer(combine)", "f", ("combine",), "ft"),
        ("gt = candidate_layer(combine)", "g", ("combine",), "gt"),
        ("it = input_layer(combine)", "i", ("combine",), "it"),
        ("c(t) = c(t−1)·ft + gt·it", "c", ("c(t−1)", "ft", "gt", "it"), "c(t)"),
        ("ot = output_layer(combine)", "o", ("combine",), "ot"),
        (f"h(t) = y(t) = {output}", "h", ("ot", "c(t)"), "h(t)"),
        ("return h(t), c(t)", "h", ("h(t)", "c(t)"), ""),
    )
    return tuple(_line(values, *line) for line in lines)


def _explain_rnn(step: RnnStep) -> tuple[Line, ...]:
    values = {
        "y(t−1)": step.y_prev,
        "x(t)": step.x,
        "combine": _joined(step.y_prev, step.x),
        "z(t)": step.z,
        "y(t)": step.y,
    }
    lines = (
        ("combine = y(t−1) + x(t)", "combine", ("y(t−1)", "x(t)"), "combine"),
        ("z(t) = weigh(combine)", "h", ("combine",), "z(t)"),
        (f"y(t) = {step.activation}(z(t))", "h", ("z(t)",), "y(t)"),
        ("return y(t)", "h", ("y(t)",), ""),
    )
    return tuple(_line(values, *line) for line in lines)


def _line(values: Mapping[str, Array], text: str, phase: str, reads: tuple[str, ...], writes: str) -> Line:
    names = (*reads, writes) if writes else reads
    return Line(text, phase, reads, writes, {name: values[name] for name in names})


def _joined(state: Array, x: Array) -> Array:
    """State and input end to end, (…, P + F); a state given once for a whole batch is repeated."""
    batch = np.broadcast_shapes(state.shape[:-1], x.shape[:-1])
    parts = [np.broadcast_to(part, (*batch, part.shape[-1])) for part in (state, x)]
    return np.concatenate(parts, axis=-1)
