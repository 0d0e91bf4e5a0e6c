"""One unit's signal in a few numbers, for the sentence that a view says about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class UnitSummary:
    """A signal of one unit over time: its least and largest value, where each is first reached, mean, value at t."""

    least: float
    least_at: int
    largest: float
    largest_at: int
    mean: float
    now: float


def unit_summary(signal: Array, t: int) -> UnitSummary:
    """The numbers of one unit's signal (T,) with the cursor at step t; the mean is taken in float64.

    Raises IndexError where t is outside the signal.
    """
    if not 0 <= t < len(signal):
        raise IndexError(f"step {t} is outside 0 to {len(signal) - 1}")
    least_at, largest_at = int(signal.argmin()), int(signal.argmax())
    return UnitSummary(
        least=float(signal[least_at]),
        least_at=least_at,
        largest=float(signal[largest_at]),
        largest_at=largest_at,
        mean=float(signal.mean(dtype=np.float64)),
        now=float(signal[t]),
    )
