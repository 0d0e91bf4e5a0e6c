"""The difference of two signals, against sums written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.analysis.compare import compare


@settings(max_examples=30, deadline=None)
@given(steps=st.integers(1, 8), units=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_the_numbers_are_those_of_sums_written_out(steps: int, units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=(steps, units)).astype(np.float32) for _ in range(2))
    delta = [[float(p) - float(q) for p, q in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]
    found = compare(a, b)
    assert found.largest == max(abs(d) for row in delta for d in row)
    assert abs(delta[found.t][found.unit]) == found.largest
    assert found.rms == pytest.approx(math.sqrt(sum(d * d for row in delta for d in row) / (steps * units)))
    for t, row in enumerate(delta):
        assert found.over_time[t] == pytest.approx(math.sqrt(sum(d * d for d in row) / units))
    for unit in range(units):
        assert found.by_unit[unit] == pytest.approx(math.sqrt(sum(row[unit] ** 2 for row in delta) / steps))


def test_equal_signals_do_not_differ() -> None:
    a = np.random.default_rng(0).normal(size=(5, 3))
    found = compare(a, a.copy())
    assert (found.largest, found.rms, found.t, found.unit) == (0, 0, 0, 0)
    assert not found.by_unit.any()
    assert not found.over_time.any()


def test_the_place_of_the_largest_difference_is_told() -> None:
    a = np.zeros((6, 4))
    b = a.copy()
    b[4, 2] = -3
    b[1, 3] = 2
    found = compare(a, b)
    assert (found.largest, found.t, found.unit) == (3, 4, 2)


def test_a_nan_is_never_hidden() -> None:
    a = np.zeros((3, 2))
    b = a.copy()
    b[1, 1] = np.nan
    b[2, 0] = 100
    found = compare(a, b)
    assert math.isnan(found.largest)
    assert math.isnan(found.rms)
    assert (found.t, found.unit) == (1, 1)


@pytest.mark.parametrize("shape", [(3, 4), (0, 3), (3,)])
def test_what_cannot_be_compared_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected two equal shapes"):
        compare(np.zeros(shape), np.zeros(shape if 4 not in shape else (3, 5)))
