"""How far two recordings of the same signal lie apart, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Difference:
    """Δ = a − b of two signals (T, H).

    largest: max |Δ|, found at step ``t`` in unit ``unit``; NaN where either signal has one, at the first of them.
    rms: √mean Δ² over everything. by_unit: the same over time, (H,). over_time: the same over units, (T,).
    """

    largest: float
    t: int
    unit: int
    rms: float
    by_unit: Floats
    over_time: Floats


def compare(a: Array, b: Array) -> Difference:
    """The difference of two signals (T, H), computed in float64.

    Raises ValueError where their shapes differ or where there is nothing to compare.
    """
    if a.shape != b.shape or a.ndim != 2 or a.size == 0:
        raise ValueError(f"shapes {a.shape} and {b.shape}; expected two equal shapes (T, H)")
    delta = a.astype(np.float64) - b.astype(np.float64)
    size = np.abs(delta)
    t, unit = divmod(int(size.argmax()), size.shape[1])
    square = delta**2
    return Difference(
        largest=float(size[t, unit]),
        t=t,
        unit=unit,
        rms=float(np.sqrt(square.mean())),
        by_unit=np.sqrt(square.mean(axis=0)),
        over_time=np.sqrt(square.mean(axis=1)),
    )
