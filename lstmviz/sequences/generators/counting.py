"""aⁿbⁿ: count the a, then count down with the b."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded, stream, symbol_sequence
from lstmviz.sequences.sequence import Sequence

VOCABULARY = ("S", "a", "b", "T")
_SOURCE = "Gers and Schmidhuber 2001, LSTM recurrent networks learn simple context-free languages"


def anbn(seed: int = 0, strings: int = 10, largest: int = 10) -> Generated:
    """A stream of strings S aⁿ bⁿ T, n uniform in 1 … ``largest``.

    values: (T, 1), places in VOCABULARY. labels: how many b are still owed (``owes 3``), ``end`` at T.
    targets: (T, 1), the next symbol; NaN at each T.
    """
    require("strings", strings, 1, 100_000)
    require("largest", largest, 1, 1000)
    counts = _counts(seed, largest)
    drawn = [next(counts) for _ in range(strings)]
    sequence = stream((anbn_string(n) for n in drawn), "aⁿbⁿ")
    optimum = np.concatenate([_entropies(n, largest) for n in drawn])
    paid = np.concatenate([_surprises(n, largest) for n in drawn])
    return Generated(sequence, _truth(largest), optimum, paid)


def anbn_strings(seed: int = 0, largest: int = 10) -> Iterator[str]:
    """Strings S aⁿ bⁿ T without end; the same seed gives what ``anbn`` reads."""
    return (f"S{'a' * n}{'b' * n}T" for n in _counts(seed, largest))


def _counts(seed: int, largest: int) -> Iterator[int]:
    rng = seeded(seed)
    while True:
        yield int(rng.integers(1, largest + 1))


@lru_cache(maxsize=2048)  # what judges a net draws them thousands of times
def anbn_string(n: int) -> Sequence:
    """The one string S aⁿ bⁿ T as a Sequence with labels and targets."""
    owed = [0, *range(1, n + 1), *range(n - 1, -1, -1)]
    return symbol_sequence(
        f"S{'a' * n}{'b' * n}T",
        VOCABULARY,
        name="aⁿbⁿ",
        labels=(*(f"owes {count}" for count in owed), "end"),
        source=_SOURCE,
    )


@lru_cache(maxsize=2048)  # as above
def _entropies(n: int, largest: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Entropy of the next symbol at each step: after k a, another a has probability (N − k)/(N − k + 1)."""
    after_a = [_coin(1 / (largest - k + 1)) for k in range(1, n + 1)]
    return np.array([0.0, *after_a, *([0.0] * n), math.nan])


@lru_cache(maxsize=2048)  # as above
def _surprises(n: int, largest: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """−ln p of the next symbol at each step: another a, and after the n-th the first b."""
    after_a = [-math.log((largest - k) / (largest - k + 1)) for k in range(1, n)]
    return np.array([0.0, *after_a, math.log(largest - n + 1), *([0.0] * n), math.nan])


@lru_cache(maxsize=4096)
def _coin(p: float) -> float:
    return sum(-q * math.log(q) for q in (p, 1 - p) if q > 0)


def _truth(largest: int) -> Truth:
    predicted = largest + 2
    return Truth(
        optimal_loss=math.log(largest) / predicted,
        unit="nats per predicted symbol",
        explanation=mark(
            "Only n is unknown, and it is uniform in 1 … N: ln N nats a string, over the N + 2 symbols that follow the "
            "first on average. After the first b everything is certain."
        ),
        source=_SOURCE,
        # guessing "another a" while one may come is wrong once in each string but the longest
        guessable=1 - (largest - 1) / (largest * predicted),
    )
