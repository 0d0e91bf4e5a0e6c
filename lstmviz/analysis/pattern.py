"""Where a unit behaves as asked, and which units follow something that is known of every step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Indices = npt.NDArray[np.intp]


def rises(signal: Array, threshold: float) -> Indices:
    """The steps at which a signal (T,) comes to lie above the threshold: above it now, not above it a step before."""
    above = signal > threshold
    return np.flatnonzero(above[1:] & ~above[:-1]) + 1


def falls(signal: Array, threshold: float) -> Indices:
    """The steps at which a signal (T,) comes to lie below the threshold: below it now, not below it a step before."""
    below = signal < threshold
    return np.flatnonzero(below[1:] & ~below[:-1]) + 1


def correlated(signal: Array, labels: Array, top: int | None = None) -> tuple[tuple[int, float], ...]:
    """The units that go with a number known of every step, as (unit, r), the largest |r| first, equals by unit.

        r = Σ (s − s̄)(l − l̄) / √(Σ (s − s̄)² Σ (l − l̄)²)          Pearson's correlation over the steps

    signal: (T, H); labels: (T,), NaN where a step has none, which leaves the step out. A unit or labels that never
    change have r = 0. top: how many units, all unless given. Raises ValueError where the lengths differ.
    """
    if len(signal) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(signal)} steps; expected one a step")
    known = ~np.isnan(labels)
    if not known.any():
        return tuple((unit, 0.0) for unit in range(signal.shape[1]))[:top]
    deviation, change = _centred(signal[known]), _centred(labels[known])
    product = change @ deviation
    size = np.sqrt((deviation**2).sum(axis=0) * (change**2).sum())
    r = np.divide(product, size, out=np.zeros_like(product), where=size > 0).clip(-1, 1)
    order = np.argsort(-np.abs(r), kind="stable")[:top]
    return tuple((int(unit), float(r[unit])) for unit in order)


def _centred(values: Array) -> npt.NDArray[np.float64]:
    """Values less their mean over steps, scaled to at most 1 so that no square vanishes; 0 where they never change."""
    values = values.astype(np.float64)
    constant = (values == values[:1]).all(axis=0)
    # a mean of equal numbers is not always that number: without this, rounding would correlate with rounding
    deviation = np.where(constant, 0.0, values - values.mean(axis=0))
    largest = np.abs(deviation).max(axis=0)
    centred: npt.NDArray[np.float64] = deviation / np.where(largest > 0, largest, 1.0)
    return centred
