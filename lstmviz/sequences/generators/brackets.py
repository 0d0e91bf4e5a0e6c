"""Nested brackets: text whose every closing bracket must match the last one still open."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import accumulate

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.chain import expected_visits, visits_in
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded, symbol_sequence

PAIRS = ("()", "[]", "{}")
LETTERS = ("a", "b")
END = "."
VOCABULARY = (*"".join(PAIRS), *LETTERS, END)

START = -1
"""The state before a sentence's first symbol; the other states are the depths 0, 1, …"""

_OPEN, _CLOSE, _LETTER, _END = "open", "close", "letter", "end"
_SOURCE = (
    "a probabilistic context-free grammar written for lstmviz; the task is that of Karpathy, Johnson and Fei-Fei 2016"
)


def nested_brackets(seed: int = 0, steps: int = 400, kinds: int = 3, depth: int = 4) -> Generated:
    """Text of brackets of several ``kinds`` nested up to ``depth``, letters between them, sentences ended by a dot.

    Grammar: sentence → item⁺ ``.``; item → a | b | open item* close of the same kind. At depth 0 the next symbol opens
    with probability 1/2, is a letter with 1/4, a dot with 1/4 (never the first: 2/3 and 1/3); inside it opens with
    1/4, closes with 3/8, is a letter with 3/8; at the greatest depth it closes or is a letter, 1/2 each. Kinds and
    letters are equally likely. values: (T, 1), places in VOCABULARY ``()[]{}ab.``, which never changes.
    labels: the brackets open after the symbol (``([``). targets: (T, 1), the next symbol; NaN at the last.
    """
    require("steps", steps, 2, 1_000_000)
    require("kinds", kinds, 1, len(PAIRS))
    require("depth", depth, 1, 64)
    symbols, stacks, states = [], [], []
    for symbol, stack in _symbols(seed, kinds, depth):
        symbols.append(symbol)
        stacks.append(stack)
        states.append(START if symbol == END else len(stack))
        if len(symbols) == steps:
            break
    sequence = symbol_sequence(
        symbols, VOCABULARY, name="nested brackets", labels=tuple(stacks), kind="text", source=_SOURCE
    )
    optimum = np.array([_nats(state, kinds, depth) for state in states])
    optimum[-1] = math.nan
    surprises = _surprises(kinds, depth)
    paid = [surprises[state][symbol] for state, symbol in zip(states[:-1], symbols[1:], strict=True)]
    return Generated(sequence, bracket_truth(kinds, depth, steps), optimum, np.array([*paid, math.nan]))


def moves(state: int, depth: int) -> dict[str, Fraction]:
    """What may come next at ``state`` (START or a depth) and how likely it is."""
    if state == START:
        return {_OPEN: Fraction(2, 3), _LETTER: Fraction(1, 3)}
    if state == 0:
        return {_OPEN: Fraction(1, 2), _LETTER: Fraction(1, 4), _END: Fraction(1, 4)}
    if state < depth:
        return {_OPEN: Fraction(1, 4), _CLOSE: Fraction(3, 8), _LETTER: Fraction(3, 8)}
    return {_CLOSE: Fraction(1, 2), _LETTER: Fraction(1, 2)}


def sentence_visits(depth: int) -> dict[int, Fraction]:
    """How often a sentence stands at each state on average; their sum is its mean length, since each emits a symbol."""
    return expected_visits(_chain(depth, endless=False), START)


def _chain(depth: int, *, endless: bool) -> dict[int, dict[int, Fraction]]:
    """From each state to the next; after a dot comes another sentence where the text is endless."""
    chain: dict[int, dict[int, Fraction]] = {}
    for state in range(START, depth + 1):
        here = max(state, 0)
        after = {_OPEN: here + 1, _CLOSE: here - 1, _LETTER: here, _END: START}
        shares = moves(state, depth).items()
        chain[state] = {after[kind]: share for kind, share in shares if endless or kind != _END}
    return chain


@cache
def bracket_truth(kinds: int, depth: int, steps: int | None = None) -> Truth:
    """The optimum of ``nested_brackets`` in so many steps, of which the last is not asked; None for text without end.

    Without end it is the entropy rate, nats a sentence / symbols a sentence, both exact sums.
    """
    visits: Mapping[int, Fraction | float] = (
        sentence_visits(depth) if steps is None else visits_in(_chain(depth, endless=True), START, steps - 1)
    )
    length = float(sum(visits.values()))
    nats = sum(float(count) * _nats(state, kinds, depth) for state, count in visits.items())
    right = sum(float(count) * max(_symbol_shares(state, kinds, depth)) for state, count in visits.items())
    closings = sum(float(count * moves(state, depth).get(_CLOSE, 0)) for state, count in visits.items())
    return Truth(
        optimal_loss=nats / length,
        unit="nats per predicted symbol",
        explanation=mark(
            "A perfect model knows the whole stack of open brackets, so it pays only for what the grammar tosses: "
            "whether to open, close, go on or end, and which kind or letter. One that knows the depth but forgets the "
            "kind also pays ln (kinds) at each closing bracket."
        ),
        source=_SOURCE,
        baselines={mark("forgets which bracket is open"): (nats + closings * math.log(kinds)) / length},
        guessable=right / length,
    )


def _symbol_shares(state: int, kinds: int, depth: int) -> list[float]:
    """The probability of each symbol that may follow, given the stack."""
    sizes = {_OPEN: kinds, _LETTER: len(LETTERS), _CLOSE: 1, _END: 1}
    return [float(share) / sizes[kind] for kind, share in moves(state, depth).items() for _ in range(sizes[kind])]


@cache
def _surprises(kinds: int, depth: int) -> dict[int, dict[str, float]]:
    """−ln p of each symbol at each state; of the closing ones only that of the open bracket comes up."""
    kind_of = {
        **dict.fromkeys("([{", _OPEN),
        **dict.fromkeys(")]}", _CLOSE),
        **dict.fromkeys(LETTERS, _LETTER),
        END: _END,
    }
    ways = {_OPEN: kinds, _LETTER: len(LETTERS), _CLOSE: 1, _END: 1}
    return {
        state: {
            symbol: -math.log(float(moves(state, depth)[kind]) / ways[kind])
            for symbol, kind in kind_of.items()
            if kind in moves(state, depth)
        }
        for state in range(START, depth + 1)
    }


@cache
def _nats(state: int, kinds: int, depth: int) -> float:
    return -sum(p * math.log(p) for p in _symbol_shares(state, kinds, depth))


def _tossed(state: int, depth: int) -> tuple[list[str], list[float]]:
    """The moves at a state, and up to which number in 0 … 1 each of them is drawn."""
    choices = moves(state, depth)
    return list(choices), list(accumulate(float(share) for share in choices.values()))


def _symbols(seed: int, kinds: int, depth: int) -> Iterator[tuple[str, str]]:
    """Symbols without end, each with the brackets open after it."""
    rng = seeded(seed)
    tosses = {state: _tossed(state, depth) for state in range(START, depth + 1)}
    closing = {pair[0]: pair[1] for pair in PAIRS}
    stack, state = "", START
    while True:
        kinds_of_move, bounds = tosses[state]
        kind = kinds_of_move[bisect_right(bounds, rng.random())]
        if kind == _OPEN:
            symbol = PAIRS[int(rng.integers(kinds))][0]
            stack += symbol
        elif kind == _CLOSE:
            symbol = closing[stack[-1]]
            stack = stack[:-1]
        else:
            symbol = LETTERS[int(rng.integers(len(LETTERS)))] if kind == _LETTER else END
        state = START if kind == _END else len(stack)
        yield symbol, stack
