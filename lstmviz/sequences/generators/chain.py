"""Markov chains: how often each state is visited, before the end or in so many steps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import TypeVar

import numpy as np

State = TypeVar("State", bound=Hashable)


def expected_visits(moves: Mapping[State, Mapping[State, Fraction]], start: State) -> dict[State, Fraction]:
    """The mean number of visits to each state of ``moves`` before the chain leaves them.

    n = e_start (I − Q)⁻¹, Q the moves between the states given; a state that is not a key absorbs.
    Source: Kemeny and Snell 1960, Finite Markov Chains, theorem 3.2.4.
    """
    states = list(moves)
    size = len(states)
    rows = [
        [Fraction(row == column) - moves[states[column]].get(states[row], Fraction(0)) for column in range(size)]
        + [Fraction(states[row] == start)]
        for row in range(size)
    ]
    for pivot in range(size):
        best = next(row for row in range(pivot, size) if rows[row][pivot])
        rows[pivot], rows[best] = rows[best], rows[pivot]
        scale = rows[pivot][pivot]
        rows[pivot] = [value / scale for value in rows[pivot]]
        for row in range(size):
            factor = rows[row][pivot]
            if row != pivot and factor:
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[pivot], strict=True)]
    return {state: rows[place][size] for place, state in enumerate(states)}


def visits_in(moves: Mapping[State, Mapping[State, Fraction]], start: State, steps: int) -> dict[State, float]:
    """The mean number of visits to each state in the first ``steps`` steps of a chain without end.

    n = Σ_k e_start Q^k, k = 1 … steps; from where the powers no longer change on they are one multiplied.
    """
    states = list(moves)
    after = np.array([[float(moves[state].get(other, 0)) for other in states] for state in states])
    here = np.array([float(state == start) for state in states])
    counts = np.zeros(len(states))
    for step in range(steps):
        before, here = here, here @ after
        counts += here
        if np.abs(here - before).max() < 1e-15:
            counts += (steps - step - 1) * here
            break
    return dict(zip(states, counts.tolist(), strict=True))
