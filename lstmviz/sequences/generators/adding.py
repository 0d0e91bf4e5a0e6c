"""The adding problem: remember two marked numbers among many and add them at the end."""

from __future__ import annotations

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded
from lstmviz.sequences.sequence import Sequence

_SOURCE = "Hochreiter and Schmidhuber 1997, experiment 4"


def adding(seed: int = 0, length: int = 100) -> Generated:
    """One sequence of pairs (X, marker); at the last step the answer 0.5 + (X₁ + X₂)/4 is asked.

    values: (T, 2), X uniform in [−1, 1], marker −1 at both ends, 1 at the two marked steps, else 0; T lies between
    ``length`` and 1.1 ``length``. The first mark is at one of the steps 1 to 9, the second at another one before
    ``length``/2 − 1. targets: (T, 1), NaN before the last step. labels: ``X1``, ``X2``, ``answer`` or nothing.
    Differs from the paper in one thing: step 0 is never marked, where the paper sets X₁ to 0.
    """
    require("length", length, 20, 100_000)
    rng = seeded(seed)
    steps = length + int(rng.integers(0, length // 10 + 1))
    values = np.zeros((steps, 2), dtype=np.float32)
    values[:, 0] = rng.uniform(-1, 1, steps)
    last = length // 2 - 1
    first = int(rng.integers(1, min(10, last)))
    second = int(rng.choice([step for step in range(1, last) if step != first]))
    values[[0, -1], 1] = -1
    values[[first, second], 1] = 1
    targets = np.full((steps, 1), np.nan, dtype=np.float32)
    targets[-1] = 0.5 + (values[first, 0] + values[second, 0]) / 4
    labels = [""] * steps
    labels[first], labels[second], labels[-1] = "X1", "X2", "answer"
    sequence = Sequence(
        values,
        names=("X", "marker"),
        name="adding problem",
        labels=tuple(labels),
        targets=targets,
        target_names=("0.5 + (X1 + X2)/4",),
        source=_SOURCE,
    )
    return Generated(sequence, _TRUTH, np.where(np.isnan(targets[:, 0]), np.nan, 0.0))


_TRUTH = Truth(
    optimal_loss=0.0,
    unit="mean squared error",
    explanation=mark(
        "The answer follows from the two marked numbers, so a perfect model makes no error. One that always says 0.5 "
        "makes the variance of (X1 + X2)/4, two times 1/3 over 16: 1/24."
    ),
    source=_SOURCE,
    baselines={mark("predicts the mean"): 1 / 24},
)
