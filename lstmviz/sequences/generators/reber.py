"""Reber's grammar and its embedding: strings whose last letters depend on the second one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import numpy as np

from lstmviz.errors import SequenceError
from lstmviz.language import mark
from lstmviz.sequences.generators.chain import expected_visits, visits_in
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded, stream, symbol_sequence
from lstmviz.sequences.sequence import Sequence

VOCABULARY = ("B", "E", "P", "S", "T", "V", "X")

Graph = dict[str, dict[str, str]]
"""state → symbol → next state; every symbol of a state is as likely as the others."""

GRAPH: Graph = {
    "0": {"B": "1"},
    "1": {"T": "2", "P": "3"},
    "2": {"S": "2", "X": "4"},
    "3": {"T": "3", "V": "5"},
    "4": {"X": "3", "S": "6"},
    "5": {"P": "4", "V": "6"},
    "6": {"E": "end"},
}


def _embedded() -> Graph:
    graph: Graph = {"start": {"B": "outer"}, "outer": {"T": "T 0", "P": "P 0"}}
    for letter in "TP":
        for state, arrows in GRAPH.items():
            graph[f"{letter} {state}"] = {
                symbol: f"{letter} {after if after != 'end' else 'close'}" for symbol, after in arrows.items()
            }
        graph[f"{letter} close"] = {letter: "last"}
    graph["last"] = {"E": "end"}
    return graph


EMBEDDED_GRAPH = _embedded()

_SOURCE = "Reber 1967; Cleeremans, Servan-Schreiber and McClelland 1989"
_EMBEDDED_SOURCE = "Fahlman 1991; Hochreiter and Schmidhuber 1997, experiment 1"
_CONTINUAL_SOURCE = "Gers, Schmidhuber and Cummins 2000, Learning to forget"


def reber(seed: int = 0, strings: int = 20) -> Generated:
    """A stream of strings of Reber's grammar, the coin of every branch fair.

    values: (T, 1), places in VOCABULARY. labels: the state of the grammar after the symbol, 1 to 6 and ``end``.
    targets: (T, 1), the next symbol; NaN at each string's E.
    """
    return _generate(GRAPH, "0", "Reber", _SOURCE, _reber_truth(), seed, strings)


def embedded_reber(seed: int = 0, strings: int = 20) -> Generated:
    """A stream of strings of the embedded grammar B (T inner T | P inner P) E, inner a string of Reber's grammar.

    labels: the outer letter and the inner state after the symbol, ``T 3``. Else as ``reber``.
    """
    return _generate(EMBEDDED_GRAPH, "start", "embedded Reber", _EMBEDDED_SOURCE, _embedded_truth(), seed, strings)


def continual_reber(seed: int = 0, steps: int = 200) -> Generated:
    """A stream of embedded Reber strings without borders: every step is asked for the next symbol, after an E too.

    The stream begins with a string and is cut after ``steps`` symbols. values, labels: as ``embedded_reber``; where a
    label ends in ``close`` the outer letter is asked. targets: (T, 1), also at the last step.
    """
    require("steps", steps, 2, 1_000_000)
    symbols, states = "", []
    for string in _strings(EMBEDDED_GRAPH, "start", seed):
        symbols += string
        states += _walk(string, embedded=True)[1:]
        if len(symbols) > steps:
            break
    places = {symbol: place for place, symbol in enumerate(VOCABULARY)}
    sequence = symbol_sequence(
        symbols[:steps],
        VOCABULARY,
        name="continual Reber",
        labels=tuple(states[:steps]),
        targets=np.array([places[symbol] for symbol in symbols[1 : steps + 1]]),
        source=_CONTINUAL_SOURCE,
    )
    optimum = np.array([math.log(len(EMBEDDED_GRAPH.get(state, "B"))) for state in states[:steps]])
    return Generated(sequence, _continual_truth(steps), optimum)


def reber_strings(seed: int = 0) -> Iterator[str]:
    """Strings of Reber's grammar without end."""
    return _strings(GRAPH, "0", seed)


def embedded_reber_strings(seed: int = 0) -> Iterator[str]:
    """Strings of the embedded grammar without end, for training; the same seed gives what ``embedded_reber`` reads."""
    return _strings(EMBEDDED_GRAPH, "start", seed)


def legal_next(prefix: str, *, embedded: bool = True) -> frozenset[str]:
    """The symbols that may follow ``prefix``; none after a whole string.

    Raises SequenceError where the prefix itself is not of the grammar, naming the first wrong symbol.
    """
    state = _walk(prefix, embedded)[-1]
    return frozenset(_graph(embedded)[state]) if state != "end" else frozenset()


def string_sequence(string: str, *, embedded: bool = True) -> Sequence:
    """One string as a Sequence with labels and targets; raises SequenceError if it is not of the grammar."""
    states = _walk(string, embedded)[1:]
    return symbol_sequence(
        string,
        VOCABULARY,
        name="embedded Reber" if embedded else "Reber",
        labels=tuple(states),
        source=_EMBEDDED_SOURCE if embedded else _SOURCE,
    )


def _graph(embedded: bool) -> Graph:
    return EMBEDDED_GRAPH if embedded else GRAPH


def _walk(string: str, embedded: bool) -> list[str]:
    graph, state = (EMBEDDED_GRAPH, "start") if embedded else (GRAPH, "0")
    states = [state]
    for place, symbol in enumerate(string):
        arrows = graph.get(state, {})
        if symbol not in arrows:
            raise SequenceError(
                "“{string}” is no prefix of a Reber string: symbol {place} is “{symbol}”; expected {expected}.",
                string=string,
                place=place + 1,
                symbol=symbol,
                expected=", ".join(sorted(arrows)) or "—",
            )
        state = arrows[symbol]
        states.append(state)
    return states


def _strings(graph: Graph, start: str, seed: int) -> Iterator[str]:
    rng = seeded(seed)
    while True:
        state, symbols = start, ""
        while state != "end":
            choices = tuple(graph[state])
            symbol = choices[int(rng.integers(len(choices)))]
            symbols += symbol
            state = graph[state][symbol]
        yield symbols


def _generate(graph: Graph, start: str, name: str, source: str, truth: Truth, seed: int, strings: int) -> Generated:
    require("strings", strings, 1, 100_000)
    embedded = graph is EMBEDDED_GRAPH
    source_of_strings = _strings(graph, start, seed)
    drawn = [next(source_of_strings) for _ in range(strings)]
    sequence = stream((string_sequence(string, embedded=embedded) for string in drawn), name)
    optimum = [
        math.nan if state == "end" else math.log(len(graph[state]))
        for string in drawn
        for state in _walk(string, embedded)[1:]
    ]
    return Generated(sequence, truth, np.array(optimum))


def moments(graph: Graph, start: str) -> tuple[Fraction, Fraction]:
    """The mean length of a string and its mean number of fair coin tosses (bits), exactly."""
    moves = {state: _shares(list(arrows.values())) for state, arrows in graph.items()}
    visits = expected_visits(moves, start)
    tosses = sum((count for state, count in visits.items() if len(graph[state]) == 2), Fraction(0))
    return sum(visits.values(), Fraction(0)), tosses


def _shares(states: list[str]) -> dict[str, Fraction]:
    shares: dict[str, Fraction] = {}
    for state in states:
        shares[state] = shares.get(state, Fraction(0)) + Fraction(1, len(states))
    return shares


@cache
def _reber_truth() -> Truth:
    length, tosses = moments(GRAPH, "0")
    predicted = length - 1
    return Truth(
        optimal_loss=float(tosses / predicted) * math.log(2),
        unit="nats per predicted symbol",
        explanation=mark(
            "Each branch of the grammar is a fair coin. A string has 8 symbols on average and 6 coin tosses, so a "
            "perfect model pays 6 ln 2 / 7 nats for each symbol after the first."
        ),
        source=_SOURCE,
        guessable=float((predicted - tosses / 2) / predicted),
    )


@cache
def _embedded_truth() -> Truth:
    length, tosses = moments(EMBEDDED_GRAPH, "start")
    predicted = length - 1
    return Truth(
        optimal_loss=float(tosses / predicted) * math.log(2),
        unit="nats per predicted symbol",
        explanation=mark(
            "Each branch is a fair coin. A string has 12 symbols on average and 7 coin tosses, so a perfect model pays "
            "7 ln 2 / 11 nats for each symbol after the first; one that forgets the outer letter tosses once more."
        ),
        source=_EMBEDDED_SOURCE,
        baselines={mark("ignores the outer letter"): float((tosses + 1) / predicted) * math.log(2)},
        guessable=float((predicted - tosses / 2) / predicted),
    )


@cache
def _continual_truth(steps: int) -> Truth:
    moves = {state: _shares(list(arrows.values())) for state, arrows in EMBEDDED_GRAPH.items()}
    visits = visits_in({**moves, "end": moves["start"]}, "start", steps)
    tosses = sum(count for state, count in visits.items() if len(EMBEDDED_GRAPH.get(state, "")) == 2) / steps
    outer = sum(count for state, count in visits.items() if state.endswith("close")) / steps
    return Truth(
        optimal_loss=tosses * math.log(2),
        unit="nats per predicted symbol",
        explanation=mark(
            "As in the embedded grammar a string has 12 symbols on average and 7 coin tosses; here its first symbol is "
            "foretold as well, and is certain: in the long run 7 ln 2 / 12 nats a symbol. One that forgets the outer "
            "letter tosses once more a string."
        ),
        source=_CONTINUAL_SOURCE,
        baselines={mark("ignores the outer letter"): (tosses + outer) * math.log(2)},
        guessable=1 - tosses / 2,
    )
