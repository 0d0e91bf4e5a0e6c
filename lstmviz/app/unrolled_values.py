"""What the unrolled net shows of a trace: its topology, the vectors of each step, and what is read and said there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstmviz.app import reading
from lstmviz.app.frame_values import GATE, Scale
from lstmviz.app.numbers import limit, number
from lstmviz.app.symbol_row import visible
from lstmviz.language import tr
from lstmviz.traces.trace import Trace

Array = npt.NDArray[np.floating]
Topology = Literal["seq2seq", "seq2vec", "vec2seq", "enc2dec"]
_INSIDE = {"lstm": ("f", "i", "o", "g"), "gru": ("r", "f", "g"), "rnn": ("z", "h")}
_STATES = {"lstm": ("c", "h"), "gru": ("h",), "rnn": ("h",)}
_GATES = ("f", "i", "o", "r")
_STRETCH = 4096
"""Steps looked at together."""


def topology_of(trace: Trace) -> Topology:
    """The topology that a trace shows: where its encoder ends, what it reads and at which steps it is asked."""
    if trace.handover:
        return "enc2dec"
    if len(trace) > 1 and trace.targets is not None and _asked_last(trace.targets):
        return "seq2vec"
    if len(trace) > 1 and trace.sequence.kind != "symbols" and _all_alike(trace.inputs):
        return "vec2seq"
    return "seq2seq"


def _asked_last(targets: Array) -> bool:
    """Whether nothing is asked but at the last step; most are found out by a few of the steps."""
    if not np.isfinite(targets[-1]).any():
        return False
    steps = len(targets) - 1
    return not any(np.isfinite(targets[max(0, end - _STRETCH) : end]).any() for end in range(steps, 0, -_STRETCH))


def _all_alike(inputs: Array) -> bool:
    first = inputs[0]
    return all((inputs[start : start + _STRETCH] == first).all() for start in range(0, len(inputs), _STRETCH))


def topology_words(trace: Trace, topology: Topology) -> str:
    """The topology in a sentence."""
    if topology == "enc2dec":
        return tr(
            "encoder → decoder: the encoder reads, its state is handed over at step {t}, the decoder answers",
            t=trace.handover,
        )
    if topology == "seq2vec":
        return tr("sequence → vector: every x is read, only the last y is asked")
    if topology == "vec2seq":
        return tr("vector → sequence: the same x is read at every step, and a y is asked at each")
    if trace.outputs is None:
        return tr("sequence → sequence: an x is read at every step, and h is the output")
    return tr("sequence → sequence: an x is read and a y is asked at every step")


@dataclass(frozen=True, eq=False)
class LaneVectors:
    """The signals of one layer in one direction, and the scales of their colours over the whole trace.

    inside: what is drawn inside a cell, from the top down. between: the states that flow from step to step.
    """

    cell: str
    inside: tuple[str, ...]
    between: tuple[str, ...]
    signals: Mapping[str, Array]
    before: Mapping[str, Array]
    scales: Mapping[str, Scale]
    reverse: bool

    def states(self, name: str, first: int, count: int) -> Array:
        """The state in every gap around ``count`` steps, (count + 1, H): what leaves one cell and enters the next."""
        rows, steps = self.signals[name], len(self.signals[name])
        places = np.arange(first - 1, first + count) + (1 if self.reverse else 0)
        found = rows[places.clip(0, steps - 1)]
        outside = (places < 0) | (places >= steps)
        return np.where(outside[:, None], self.before[name], found)


def lane_vectors(trace: Trace, layer: int, direction: str) -> LaneVectors:
    """What is drawn of a lane."""
    lane, cell = trace.lanes[layer, direction], trace.layers[layer].cell
    inside = tuple(name for name in _INSIDE[cell] if name in trace.names(layer))
    signals = {name: trace.signal(name, layer, direction) for name in (*inside, *_STATES[cell])}
    before = {"h": lane.h0, "c": np.zeros(trace.layers[layer].units) if lane.c0 is None else lane.c0}
    scales = {
        name: GATE if name in _GATES else Scale(*reading.limits(trace, name, layer, direction)) for name in signals
    }
    return LaneVectors(cell, inside, _STATES[cell], signals, before, scales, direction == "reverse")


def scale_words(lane: LaneVectors, inputs: Scale | None) -> str:
    """The limits of a lane's colours, signals of one range together; inputs: those of x, where it is drawn."""
    ranges: dict[tuple[float, float], list[str]] = {}
    for name in dict.fromkeys((*lane.inside, *lane.between)):
        sign = "y" if (lane.cell, name) == ("rnn", "h") else name
        ranges.setdefault((lane.scales[name].low, lane.scales[name].high), []).append(sign)
    if inputs is not None:
        ranges.setdefault((inputs.low, inputs.high), []).append("x")
    return " · ".join(
        f"{' '.join(names)} 0…{limit(high)}" if low == 0 else f"{' '.join(names)} ±{limit(high)}"
        for (low, high), names in ranges.items()
    )


@dataclass(frozen=True)
class Said:
    """What the net says at a step: the words, those of what it should say, whether it was asked, and whether right."""

    words: str = ""
    wanted: str = ""
    asked: bool = False
    right: bool | None = None


def asked_at(trace: Trace, t: int) -> bool:
    """Whether anything is asked at a step; everywhere in a trace without targets, but before a decoder."""
    if trace.outputs is not None and not np.isfinite(trace.outputs[t]).any():
        return False
    return trace.targets is None or bool(np.isfinite(trace.targets[t]).any())


def said_at(trace: Trace, t: int) -> Said:
    """What the net says at a step, nothing before its decoder and for layers without a read-out."""
    if trace.outputs is None or not np.isfinite(trace.outputs[t]).any():
        return Said()
    asked = asked_at(trace, t)
    row = trace.outputs[t]
    target = trace.targets[t] if trace.targets is not None and asked else None
    if trace.output_kind == "probability":
        likely = int(row.argmax())
        words = f"{_name(trace, likely)} {number(float(row[likely]))}"
        if target is None or not np.isfinite(target[0]):
            return Said(words, "", asked)
        return Said(words, _name(trace, int(target[0])), asked, likely == int(target[0]))
    wanted = "" if target is None or not np.isfinite(target[0]) else number(float(target[0]))
    more = " …" if len(row) > 1 else ""
    return Said(number(float(row[0])) + more, wanted + (more if wanted else ""), asked)


def _name(trace: Trace, place: int) -> str:
    return visible(trace.output_names[place]) if place < len(trace.output_names) else str(place)


def read_at(trace: Trace, t: int) -> str:
    """What is read at a step in words, "" where it is a vector that no words tell."""
    sequence = trace.sequence
    if sequence.vocabulary:
        symbol = visible(sequence.symbol(t))
        return f"“{symbol}”" if len(symbol) == 1 else symbol
    if sequence.features <= 2:
        return "  ".join(number(float(value)) for value in sequence.values[t])
    return ""
