"""Prices: one that swings about its level in cycles, and of which nobody can know more than the law."""

from __future__ import annotations

import math

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded
from lstmviz.sequences.sequence import Sequence

LEVEL = 100.0
DAMPING = 0.95
"""How much of a swing is left after a day."""

_SOURCE = "Yule 1927, On a method of investigating periodicities; the law and its moments as in Box and Jenkins 1970"


def prices(seed: int = 0, steps: int = 50, period: int = 20, noise: float = 1.0) -> Generated:
    """The price of each of ``steps`` days; each is asked for that of the next.

    p(t) − L = φ₁ (p(t−1) − L) + φ₂ (p(t−2) − L) + ε(t), L = 100, φ₁ = 2r cos(2π/period), φ₂ = −r², r = 0.95,
    ε normal with standard deviation ``noise``: cycles of about ``period`` days that fade and are stirred again. The
    first two prices come from the stationary law. values: (T, 1). targets: (T, 1), the price of the next day, also
    at the last step. labels: ``rising``, ``falling``, and nothing at the first step.
    """
    require("steps", steps, 2, 1_000_000)
    require("period", period, 4, 10_000)
    require("noise", noise, 1e-6, 10.0)
    shocks = seeded(seed).standard_normal(steps + 1)
    first, second = coefficients(period)
    spread, likeness = moments(period)
    path = [math.sqrt(spread) * float(shocks[0])]
    path.append(likeness * path[0] + math.sqrt(spread * (1 - likeness**2)) * float(shocks[1]))
    for shock in shocks[2:].tolist():
        path.append(first * path[-1] + second * path[-2] + shock)
    drawn = (LEVEL + noise * np.array(path)).astype(np.float32)[:, None]
    moves = np.diff(drawn[:-1, 0]).tolist()
    sequence = Sequence(
        drawn[:-1],
        names=("price",),
        name="prices",
        labels=("", *("rising" if move > 0 else "falling" for move in moves)),
        targets=drawn[1:],
        target_names=("price",),
        source=_SOURCE,
    )
    optimum = np.full(steps, noise**2)
    optimum[0] *= spread * (1 - likeness**2)
    paid = (noise * shocks[1:]) ** 2
    paid[0] *= spread * (1 - likeness**2)
    return Generated(sequence, _truth(steps, period, noise), optimum, paid)


def coefficients(period: int) -> tuple[float, float]:
    """φ₁ and φ₂: the roots of z² = φ₁ z + φ₂ are r exp(±2πi/period)."""
    return 2 * DAMPING * math.cos(2 * math.pi / period), -(DAMPING**2)


def moments(period: int) -> tuple[float, float]:
    """The variance γ₀ of the price for noise of variance 1, and its correlation ρ₁ with the price of the day before.

    ρ₁ = φ₁ / (1 − φ₂), γ₀ = (1 − φ₂) / ((1 + φ₂) ((1 − φ₂)² − φ₁²)). Source: the Yule-Walker equations, Box and
    Jenkins 1970, section 3.2.4.
    """
    first, second = coefficients(period)
    return (1 - second) / ((1 + second) * ((1 - second) ** 2 - first**2)), first / (1 - second)


def _truth(steps: int, period: int, noise: float) -> Truth:
    spread, likeness = moments(period)
    return Truth(
        optimal_loss=noise**2 * (steps - 1 + spread * (1 - likeness**2)) / steps,
        unit="mean squared error",
        explanation=mark(
            "The next price is a fixed sum of the last two and a shock that nobody can foresee, so a perfect model errs"
            " by the shock's variance, and at the first step, where it has seen one price only, by more."
        ),
        source=_SOURCE,
        baselines={
            mark("says the last value again"): 2 * noise**2 * spread * (1 - likeness),
            mark("predicts the mean"): noise**2 * spread,
        },
    )
