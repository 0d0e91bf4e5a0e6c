"""The matrix form of a layer: [X(t) Y(t−1)]·W + b with the numbers of a mini-batch. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstmviz.app import heat_map, reading
from lstmviz.app.frame_values import GATE, UNIT, Scale
from lstmviz.app.functions import sign_of
from lstmviz.app.numbers import number
from lstmviz.cells.activations import BOUNDED
from lstmviz.cells.weights import GruWeights, LstmWeights, RnnWeights, Weights
from lstmviz.language import tr
from lstmviz.traces.trace import Trace

Array = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Form:
    """One product of a layer at a step, for B sequences.

    signs: of what is read, of the state before and of the result, and the function between. x: (B, F), before: (B, P),
    w: (F + P, H), b: (H,), result: (B, H), NaN in the rows of sequences that have ended. scales: of x, before, w, b and
    result.
    """

    signs: tuple[str, str, str, str]
    x: Array
    before: Array
    w: Array
    b: Array
    result: Array
    scales: tuple[Scale, Scale, Scale, Scale, Scale]

    @property
    def read(self) -> Array:
        """[X(t) Y(t−1)], (B, F + P)."""
        return np.concatenate([self.x, self.before], axis=1)

    def terms(self, row: int, unit: int) -> Array:
        """The products of which one entry is the sum, (F + P,) float64."""
        products: Array = self.read[row].astype(np.float64) * self.w[:, unit]
        return products


@dataclass(frozen=True, eq=False)
class Ranges:
    """The scales of a layer that hold over all steps: of x, of h, of the weights and the biases."""

    x: Scale
    h: Scale
    w: Scale
    b: Scale


def why_not(trace: Trace, t: int, layer: int, direction: str) -> str:
    """Why a layer has no matrix form here, "" where it has one."""
    weights = trace.weights_at(t, layer, direction)
    if weights is None:
        return tr("This trace was saved without weights, so the product cannot be shown. Record the model again.")
    if isinstance(weights, GruWeights):
        return tr(
            "The matrix form Y(t) = φ([X(t) Y(t−1)]·W + b) is that of the recurrent layer and of each gate of an LSTM."
            " In this GRU the reset gate acts inside the product; the unrolled net and the unit inspector show it."
        )
    if isinstance(weights, LstmWeights) and (weights.norm is not None or weights.peephole is not None):
        return tr(
            "The matrix form Y(t) = φ([X(t) Y(t−1)]·W + b) is that of the recurrent layer and of each gate of a plain"
            " LSTM. This one has peepholes or layer normalisation besides; the unit inspector shows every term."
        )
    if isinstance(weights, LstmWeights) and (weights.functions.clip or weights.functions.candidate not in BOUNDED):
        return tr(
            "The matrix form shows gates and candidates between fixed ends. This LSTM clips what it weighs, or has a"
            " candidate without bounds; the unit inspector shows every term."
        )
    return ""


def rows_of(trace: Trace, batch: Sequence[Trace]) -> tuple[tuple[Trace, ...], int]:
    """The sequences of the mini-batch and the place of the active one; it stands alone where the batch is not of it."""
    same = tuple(other for other in batch if other.layers == trace.layers and other.model.sha256 == trace.model.sha256)
    for place, other in enumerate(same):
        if other is trace or (len(other) == len(trace) and np.array_equal(other.inputs, trace.inputs)):
            return (*same[:place], trace, *same[place + 1 :]), place
    return (trace, *same), 0


def ranges_of(traces: Sequence[Trace], layer: int, direction: str, weights: Weights) -> Ranges:
    """The scales, over every step of every sequence."""
    assert isinstance(weights, LstmWeights | RnnWeights)

    def widest(ends: Sequence[tuple[float, float]]) -> Scale:
        return Scale(*max(ends, key=lambda each: each[1]))

    return Ranges(
        widest([reading.limits(trace, "x", layer, direction) for trace in traces]),
        widest([reading.limits(trace, "h", layer, direction) for trace in traces]),
        widest([heat_map.limits("w", array) for array in (weights.wx, weights.wh)]),
        widest([heat_map.limits("b", weights.b)]),
    )


def form_of(
    traces: Sequence[Trace], t: int, layer: int, direction: str, weights: Weights, gate: str, ranges: Ranges
) -> Form:
    """The product at step t; gate: one of f i o g for an LSTM, of no meaning for a recurrent layer."""
    assert isinstance(weights, LstmWeights | RnnWeights)
    lstm = isinstance(weights, LstmWeights)
    name, block = (gate, weights.block(gate)) if isinstance(weights, LstmWeights) else ("h", slice(None))
    there = [t < len(trace) for trace in traces]

    def stacked(width: int, rows: Sequence[Array]) -> Array:
        matrix = np.full((len(traces), width), np.nan)
        if rows:
            matrix[there] = np.stack(rows)
        return matrix

    shown = [trace for trace, here in zip(traces, there, strict=True) if here]
    prev = "t+1" if direction == "reverse" else "t−1"
    state = "H" if lstm else "Y"
    function = sign_of(weights, gate)
    result = UNIT if gate == "g" and lstm else GATE if lstm else ranges.h
    return Form(
        ("X(t)" if not layer else "H(t)", f"{state}({prev})", f"{gate.upper() if lstm else 'Y'}(t)", function),
        stacked(weights.inputs, [trace.input_at(t, layer) for trace in shown]),
        stacked(weights.outputs, [trace.previous_at(t, "h", layer, direction) for trace in shown]),
        np.concatenate([weights.wx[:, block], weights.wh[:, block]]),
        weights.b[block],
        stacked(weights.units, [trace.lanes[layer, direction].signals[name][t] for trace in shown]),
        (ranges.x, ranges.h, ranges.w, ranges.b, result),
    )


SLIM = 0.4
"""The width of a … as a share of a number's."""


def elided(count: int, room: float, keep: int = 0, slim: float = SLIM) -> tuple[int | None, ...]:
    """As many of ``count`` places as have room, ``keep`` among them, None for the … where some are left out.

    The first and the last are kept before others, then those after the first; at least one is. slim: what a
    … takes of the room that a number takes.
    """
    if count <= room:
        return tuple(range(count))
    kept = {min(max(keep, 0), count - 1)}
    for place in (0, count - 1, *range(1, count)):
        if span(_closed(kept | {place}, count), slim) <= room:
            kept.add(place)
        elif place not in (0, count - 1):
            break
    return _closed(kept, count)


def span(places: Sequence[int | None], slim: float = SLIM) -> float:
    """How many numbers' widths the places take."""
    return sum(slim if place is None else 1.0 for place in places)


def _closed(kept: set[int], count: int) -> tuple[int | None, ...]:
    """The places in their order, with a … wherever some are left out, also before the first and after the last."""
    found: list[int | None] = []
    before = -1
    for place in sorted(kept):
        found += [None, place] if place - before > 1 else [place]
        before = place
    return (*found, None) if before < count - 1 else tuple(found)


def products(form: Form, row: int, unit: int, most: int) -> list[tuple[str, float]]:
    """The products of which one entry is the sum, as text and number: all in their order, or, where they are more than
    ``most``, the largest ones with the place of each, and none that is zero."""
    terms, read, w = form.terms(row, unit), form.read[row], form.w[:, unit]
    written = [f"{factor(value)}·{factor(weight)}" for value, weight in zip(read[:most], w[:most], strict=True)]
    if len(terms) <= most:
        return list(zip(written, terms.tolist(), strict=True))
    inputs, sign = form.x.shape[1], form.signs[1][0].lower()
    found = []
    for place in np.argsort(-np.abs(terms), kind="stable")[: min(most, np.count_nonzero(terms))].tolist():
        name = f"x{place}" if place < inputs else f"{sign}{place - inputs}"
        found.append((f"{name}: {factor(read[place])}·{factor(w[place])}", float(terms[place])))
    return found


def factor(value: float) -> str:
    """A number as it stands in a product or a sum."""
    text = number(float(value))
    return f"({text})" if text.startswith("−") else text
