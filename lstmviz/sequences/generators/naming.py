"""Digit names: one picture in, the same at every step, and the digit's Portuguese name out, letter by letter."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from itertools import zip_longest

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.digits import NOISE, SIDE, templates
from lstmviz.sequences.generators.truth import Generated, Truth, seeded
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import STOP

NAMES = ("zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove")
LETTERS = (*sorted(set("".join(NAMES))), STOP)
PIXELS = tuple(f"{row}:{column}" for row in range(SIDE) for column in range(SIDE))

_SOURCE = "written for lstmviz; the topology is that of picture captions, as in Vinyals and others 2015"


def digit_names(seed: int = 0) -> Generated:
    """One picture of a digit, in one of two pens, at one of nine places and under noise, and the digit's name.

    Digits, pens and places are equally likely; each pixel is moved by up to ``digits.NOISE``, uniformly, within 0 … 1.
    values: (T, 64), the picture's greys row by row, the same at every step; names: ``row:column``. T is the number of
    letters and one. targets: (T, 1), the place of the letter in target_names; the last is STOP. labels: the letters.
    """
    rng = seeded(seed)
    digit, drawing = int(rng.integers(10)), int(rng.integers(templates().shape[1]))
    return _generated(digit, templates()[digit, drawing] + rng.uniform(-NOISE, NOISE, len(PIXELS)))


def _generated(digit: int, picture: np.ndarray[tuple[int], np.dtype[np.floating]]) -> Generated:
    said = (*NAMES[digit], STOP)
    sequence = Sequence(
        np.tile(np.clip(picture, 0, 1), (len(said), 1)),
        names=PIXELS,
        kind="image",
        name="digit names",
        labels=said,
        targets=np.array([[LETTERS.index(letter)] for letter in said], dtype=np.float32),
        target_names=LETTERS,
        source=_SOURCE,
    )
    return Generated(sequence, _truth(), np.zeros(len(said)))


@cache
def _truth() -> Truth:
    """The optimum; and the entropy of the letters at each place among the names that reach it."""
    columns = [[letter for letter in column if letter] for column in zip_longest(*((*name, STOP) for name in NAMES))]
    nats = -sum(count * math.log(count / len(column)) for column in columns for count in Counter(column).values())
    return Truth(
        optimal_loss=0.0,
        unit="nats per predicted symbol",
        explanation=mark(
            "The noise never makes one digit look like another, so a perfect model knows every letter. One that does "
            "not look at the picture, and only counts the letters, pays what the letters at each place leave open."
        ),
        source=_SOURCE,
        baselines={mark("does not look at the picture"): nats / sum(map(len, columns))},
        guessable=1.0,
    )
