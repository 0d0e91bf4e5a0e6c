"""One step as the lines of the lecture's pseudocode, each with the values it reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstmviz.cells.activations import PLAIN, Functions, bare
from lstmviz.cells.gru import GruStep
from lstmviz.cells.lstm import LstmStep
from lstmviz.cells.rnn import RnnStep
from lstmviz.cells.weights import Array, GruWeights, LstmWeights, Weights


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


def explain(step: LstmStep | GruStep | RnnStep, weights: Weights | None = None) -> tuple[Line, ...]:
    """The step as pseudocode, in the order in which it happens.

    In the first line + joins the two vectors end to end, as the lecture has it; everywhere else · and + work element by
    element. A layer (``forget_layer`` …) is σ or tanh of its weights times ``combine`` plus its bias. With a recurrent
    projection h(t) is the projection of ot·tanh(c(t)), and its line says so.

    weights: those of the step, which tell of peepholes, where a gate's layer takes the state as well, and of layer
    normalisation, where each layer normalises what it weighs (``norm_forget_layer`` …) and c(t) is normalised on its
    way out; and of other functions than σ and tanh. The candidate layer of a GRU takes rt, which scales what it makes
    of h(t−1); where the reset comes before the weights, it takes rt·h(t−1) and x(t) instead.
    """
    if isinstance(step, LstmStep):
        return _explain_lstm(step, weights if isinstance(weights, LstmWeights) else None)
    if isinstance(step, GruStep):
        return _explain_gru(step, isinstance(weights, GruWeights) and weights.reset_before)
    return _explain_rnn(step)


def _explain_lstm(step: LstmStep, weights: LstmWeights | None) -> tuple[Line, ...]:
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
    peeks = weights is not None and weights.peephole is not None
    normed = weights is not None and weights.norm is not None
    before, after = (("combine", "c(t−1)"), ("combine", "c(t)")) if peeks else (("combine",), ("combine",))
    layer = "norm_{}_layer" if normed else "{}_layer"
    output = f"ot·{_let_through(PLAIN if weights is None else weights.functions, 'norm(c(t))' if normed else 'c(t)')}"
    clips = weights is not None and weights.functions.cell_clip
    state = "c(t) = clip(c(t−1)·ft + gt·it)" if clips else "c(t) = c(t−1)·ft + gt·it"
    if step.h.shape[-1] != step.c.shape[-1]:
        output = f"project({output})"
    lines = (
        ("combine = h(t−1) + x(t)", "combine", ("h(t−1)", "x(t)"), "combine"),
        (f"ft = {layer.format('forget')}({', '.join(before)})", "f", before, "ft"),
        (f"gt = {layer.format('candidate')}(combine)", "g", ("combine",), "gt"),
        (f"it = {layer.format('input')}({', '.join(before)})", "i", before, "it"),
        (state, "c", ("c(t−1)", "ft", "gt", "it"), "c(t)"),
        (f"ot = {layer.format('output')}({', '.join(after)})", "o", after, "ot"),
        (f"h(t) = y(t) = {output}", "h", ("ot", "c(t)"), "h(t)"),
        ("return h(t), c(t)", "h", ("h(t)", "c(t)"), ""),
    )
    return tuple(_line(values, *line) for line in lines)


def _let_through(functions: Functions, state: str) -> str:
    """What the output gate multiplies."""
    return state if functions.output == "linear" else f"{bare(functions.output)}({state})"


def _explain_gru(step: GruStep, reset_before: bool) -> tuple[Line, ...]:
    values = {
        "h(t−1)": step.h_prev,
        "x(t)": step.x,
        "combine": _joined(step.h_prev, step.x),
        "rt": step.r,
        "ft": step.f,
        "gt": step.g,
        "it": step.i,
        "h(t)": step.h,
    }
    read: tuple[str, ...] = ("combine", "rt")
    candidate = "gt = candidate_layer(combine, rt)"
    if reset_before:
        read, candidate = ("rt", "h(t−1)", "x(t)"), "gt = candidate_layer(rt·h(t−1), x(t))"
    lines = (
        ("combine = h(t−1) + x(t)", "combine", ("h(t−1)", "x(t)"), "combine"),
        ("rt = reset_layer(combine)", "f", ("combine",), "rt"),
        ("ft = forget_layer(combine)", "f", ("combine",), "ft"),
        (candidate, "g", read, "gt"),
        ("it = 1 − ft", "i", ("ft",), "it"),
        ("h(t) = y(t) = h(t−1)·ft + gt·it", "h", ("h(t−1)", "ft", "gt", "it"), "h(t)"),
        ("return h(t)", "h", ("h(t)",), ""),
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
        (f"y(t) = {bare(step.activation)}(z(t))", "h", ("z(t)",), "y(t)"),
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
