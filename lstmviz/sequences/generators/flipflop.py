"""Flip-flops: bits that remember the sign of their last pulse."""

from __future__ import annotations

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded
from lstmviz.sequences.sequence import Sequence

_SOURCE = "Sussillo and Barak 2013, Opening the black box"


def flip_flop(seed: int = 0, steps: int = 300, bits: int = 3, rate: float = 0.1) -> Generated:
    """Pulses of +1 (set) and −1 (reset) on independent bits; each output holds the sign of the bit's last pulse.

    values: (T, B), 0 between pulses; a pulse comes with probability ``rate``, and at step 0 on every bit, so that the
    memory is defined throughout. targets: (T, B), the memory, −1 or 1. labels: the memory, ``+−+``.
    """
    require("steps", steps, 1, 1_000_000)
    require("bits", bits, 1, 64)
    require("rate", rate, 0, 1)
    rng = seeded(seed)
    pulses = rng.random((steps, bits)) < rate
    pulses[0] = True
    signs = rng.choice([-1.0, 1.0], (steps, bits))
    latest = np.maximum.accumulate(np.where(pulses, np.arange(steps)[:, None], 0), axis=0)
    memory = np.take_along_axis(signs, latest, axis=0)
    sequence = Sequence(
        np.where(pulses, signs, 0.0).astype(np.float32),
        names=tuple(f"pulse {bit}" for bit in range(bits)),
        name="flip-flop",
        labels=tuple(np.where(memory > 0, "+", "−").view(f"<U{bits}")[:, 0].tolist()),
        targets=memory.astype(np.float32),
        target_names=tuple(f"bit {bit}" for bit in range(bits)),
        source=_SOURCE,
    )
    return Generated(sequence, _truth(steps, rate), np.zeros(steps))


def _truth(steps: int, rate: float) -> Truth:
    return Truth(
        optimal_loss=0.0,
        unit="mean squared error",
        explanation=mark(
            "Each output is the sign of the last pulse of its bit, so a perfect model makes no error. One without "
            "memory can say only 0 between pulses, an error of 1 wherever no pulse is."
        ),
        source=_SOURCE,
        baselines={mark("predicts the mean"): 1.0, mark("has no memory"): (steps - 1) / steps * (1 - rate)},
    )
