"""Temporal order: name the class from the order of rare X and Y among many distractors."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded, symbol_sequence

VOCABULARY = ("E", "B", "a", "b", "c", "d", "X", "Y")
_DISTRACTORS = ("a", "b", "c", "d")
_PLACES = {2: (0.1, 0.5), 3: (0.1, 0.33, 0.66)}
_SOURCE = "Hochreiter and Schmidhuber 1997, experiments 6a and 6b"


def temporal_order(seed: int = 0, length: int = 100, relevant: int = 2) -> Generated:
    """One sequence E … X or Y … X or Y … B whose class is the word of its X and Y, asked at the last step.

    T lies between ``length`` and 1.1 ``length``. With ``relevant`` 2 (experiment 6a) the X or Y stand somewhere in
    10–20 % and 50–60 % of ``length`` and there are 4 classes; with 3 (6b) in 10–20 %, 33–43 %, 66–76 % and 8 classes.
    values: (T, 1), places in VOCABULARY. labels: what has been seen so far (``XY``). targets: (T, 1), the class as
    a binary number (X is 0, Y is 1, the first one the highest), NaN before the last step; target_names: the classes.
    """
    require("length", length, 20, 100_000)
    require("relevant", relevant, 2, 3)
    rng = seeded(seed)
    steps = length + int(rng.integers(0, length // 10 + 1))
    symbols = ["E", *(str(letter) for letter in rng.choice(_DISTRACTORS, steps - 2)), "B"]
    number = 0
    for share in _PLACES[relevant]:
        place = int(rng.integers(int(share * length), int((share + 0.1) * length) + 1))
        bit = int(rng.integers(2))
        symbols[place] = "XY"[bit]
        number = 2 * number + bit
    seen, labels = "", []
    for symbol in symbols:
        seen += symbol if symbol in "XY" else ""
        labels.append(seen)
    targets = np.full(steps, np.nan)
    targets[-1] = number
    sequence = symbol_sequence(
        symbols,
        VOCABULARY,
        name="temporal order",
        labels=tuple(labels),
        targets=targets,
        target_names=tuple("".join(word) for word in product("XY", repeat=relevant)),
        source=_SOURCE,
    )
    return Generated(sequence, _truth(relevant), np.where(np.isnan(targets), np.nan, 0.0))


def _truth(relevant: int) -> Truth:
    return Truth(
        optimal_loss=0.0,
        unit="nats per class",
        explanation=mark(
            "The class follows from the order of X and Y, so a perfect model pays nothing. One that guesses pays ln 4 "
            "with two of them and ln 8 with three; one that keeps only the last pays ln 2 for each that it forgot."
        ),
        source=_SOURCE,
        baselines={
            mark("guesses"): relevant * math.log(2),
            mark("keeps only the last of X and Y"): (relevant - 1) * math.log(2),
        },
        guessable=1.0,
    )
