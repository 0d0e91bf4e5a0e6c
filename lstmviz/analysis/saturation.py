"""How often a unit sits at the ends of a signal's range, where it hardly listens to anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Fractions = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Saturation:
    """The fraction of steps that each unit spends at the low end and at the high end of the range, (H,) each."""

    low: Fractions
    high: Fractions


def gate_saturation(gate: Array, closed: float = 0.1, opened: float = 0.9) -> Saturation:
    """Per unit, the fraction of steps in which a gate is closed (< 0.1) and in which it is open (> 0.9).

    gate: (T, H) in [0, 1]. Source: Karpathy, Johnson and Fei-Fei (2015): right- and left-saturated gates.
    """
    return Saturation((gate < closed).mean(axis=0), (gate > opened).mean(axis=0))
