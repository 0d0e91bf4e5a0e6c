"""The equations of one unit at one step, in numbers: which pieces of text, each piece with its signal. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from lstmviz.app.functions import functions_of, sign
from lstmviz.app.numbers import number
from lstmviz.cells import rnn
from lstmviz.cells.lstm import squashed
from lstmviz.cells.weights import LstmWeights, RnnWeights
from lstmviz.traces.trace import Trace

DIGITS = 3
"""Decimals shown; every number is the trace's own, rounded once."""


@dataclass(frozen=True)
class Piece:
    """A part of a line; ``signal`` names whose value it is, "" for signs between."""

    text: str
    signal: str = ""


Lines = tuple[tuple[Piece, ...], ...]


def equation(trace: Trace, t: int, layer: int, direction: str, unit: int) -> Lines:
    """c and h of one unit at step t with its numbers put in; h alone for a GRU and a recurrent layer."""
    if trace.layers[layer].cell == "rnn":
        return _recurrent(trace, t, layer, direction, unit)
    if trace.layers[layer].cell == "gru":
        return _gru(trace, t, layer, direction, unit)
    signals = trace.lanes[layer, direction].signals
    f, i, o, g, c = (float(signals[name][t, unit]) for name in "fiogc")
    before = float(trace.previous_at(t, "c", layer, direction)[unit])
    weights = trace.weights_at(t, layer, direction)
    lstm = weights if isinstance(weights, LstmWeights) else None
    passed = float(squashed(lstm, signals["c"][t])[unit])
    function = f"·{sign(functions_of(lstm).output)}(" + ("LN(" if lstm is not None and lstm.norm is not None else "")
    end = ")" * (function.count("("))
    projected = projects(trace, layer, direction)
    h = o * passed if projected else float(signals["h"][t, unit])
    left = Piece("m" if projected else "h", "h")
    return (
        (Piece("c", "c"), _is, Piece("f", "f"), _dot, Piece("c₋₁", "c"), _plus, Piece("i", "i"), _dot, Piece("g", "g")),
        (_is, _value(f, "f"), _dot, _value(before, "c"), _plus, _value(i, "i"), _dot, _value(g, "g")),
        (_is, _result(f * before, "f"), _plus, _value(i * g, "i"), _is, _result(c, "c")),
        (left, _is, Piece("o", "o"), Piece(function), Piece("c", "c"), Piece(end)),
        (_is, _value(o, "o"), Piece(function), _result(c, "c"), Piece(end)),
        (_is, _value(o, "o"), _dot, _value(passed, "c"), _is, _result(h, "h")),
    )


def _gru(trace: Trace, t: int, layer: int, direction: str, unit: int) -> Lines:
    signals = trace.lanes[layer, direction].signals
    f, g, h = (float(signals[name][t, unit]) for name in "fgh")
    before, i = float(trace.previous_at(t, "h", layer, direction)[unit]), 1 - f
    return (
        (Piece("i", "i"), Piece(" = 1 − "), Piece("f", "f"), Piece(" = 1 − "), _result(f, "f"), _is, _result(i, "i")),
        (Piece("h", "h"), _is, Piece("f", "f"), _dot, Piece("h₋₁", "h"), _plus, Piece("i", "i"), _dot, Piece("g", "g")),
        (_is, _value(f, "f"), _dot, _value(before, "h"), _plus, _value(i, "i"), _dot, _value(g, "g")),
        (_is, _result(f * before, "f"), _plus, _value(i * g, "i"), _is, _result(h, "h")),
    )


def projects(trace: Trace, layer: int, direction: str) -> bool:
    """Whether h mixes the units of c by a projection, so that no h belongs to one unit."""
    weights = trace.weights_at(0, layer, direction)
    mixed = isinstance(weights, LstmWeights) and weights.whr is not None
    return mixed or trace.layers[layer].outputs != trace.layers[layer].units


def plain(lines: Lines) -> str:
    """The lines as text, for a screen reader."""
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def _recurrent(trace: Trace, t: int, layer: int, direction: str, unit: int) -> Lines:
    lane = trace.lanes[layer, direction]
    h = float(lane.signals["h"][t, unit])
    w = trace.weights_at(t, layer, direction)
    if not isinstance(w, RnnWeights):
        return ((Piece("h", "h"), _is, _result(h, "h")),)
    phi = sign(w.activation)
    before = trace.previous_at(t, "h", layer, direction)
    z = float(rnn.pre_activation(w, trace.input_at(t, layer), before)[unit])
    return (
        (
            Piece("h", "h"),
            _is,
            Piece(f"{phi}(Wx·"),
            Piece("x", "x"),
            Piece(" + Wh·"),
            Piece("h₋₁", "h"),
            Piece(" + b)"),
        ),
        (_is, Piece(f"{phi}("), _result(z, "z"), Piece(")"), _is, _result(h, "h")),
    )


_is, _dot, _plus = Piece(" = "), Piece("·"), Piece(" + ")


def _result(value: float, signal: str) -> Piece:
    return Piece(number(value, DIGITS), signal)


def _value(value: float, signal: str) -> Piece:
    """A number after a sign: a negative one stands in brackets."""
    piece = _result(value, signal)
    return Piece(f"({piece.text})", signal) if piece.text.startswith("−") else piece
