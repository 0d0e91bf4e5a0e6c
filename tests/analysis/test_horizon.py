"""The horizon against the fading that it foretells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.analysis.horizon import horizon, unit_horizon


@settings(max_examples=30, deadline=None)
@given(st.floats(0.001, 0.9999))
def test_after_the_horizon_what_was_kept_has_faded_to_one_over_e(f: float) -> None:
    assert f ** float(horizon(np.array([f]))[0]) == pytest.approx(1 / math.e, rel=1e-9)


def test_known_values() -> None:
    f = np.array([[math.exp(-1), math.exp(-0.01)]])
    np.testing.assert_allclose(horizon(f), [[1, 100]], rtol=1e-12)


def test_an_open_gate_never_forgets_and_a_closed_one_forgets_at_once() -> None:
    f = np.array([[1.0, 0.0], [1.0, 0.5]], np.float32)
    np.testing.assert_array_equal(horizon(f)[0], [np.inf, 0])
    np.testing.assert_array_equal(unit_horizon(f), [np.inf, 0])


def test_a_unit_s_horizon_is_that_of_the_geometric_mean_of_its_gate() -> None:
    f = np.random.default_rng(0).uniform(0.05, 0.99, (50, 3))
    for unit, column in enumerate(f.T.tolist()):
        mean = math.prod(v ** (1 / 50) for v in column)
        assert unit_horizon(f)[unit] == pytest.approx(-1 / math.log(mean), rel=1e-9)


def test_the_result_is_float64_in_the_same_shape() -> None:
    f = np.full((4, 2), 0.999, np.float32)
    assert horizon(f).shape == (4, 2)
    assert horizon(f).dtype == unit_horizon(f).dtype == np.float64
    # computed in float64: float32's own logarithm would be off in the fourth digit
    assert horizon(f)[0, 0] == pytest.approx(-1 / math.log(float(np.float32(0.999))), rel=1e-12)
