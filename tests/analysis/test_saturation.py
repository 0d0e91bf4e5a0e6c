"""Saturation, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmviz.analysis.saturation import gate_saturation, tanh_saturation


def test_a_gate_that_is_always_open_or_closed_is_fully_saturated() -> None:
    gate = np.array([[0.0, 1.0, 0.5], [0.05, 0.95, 0.1], [0.09, 0.91, 0.9], [0.3, 0.2, 0.5]], np.float32)
    saturation = gate_saturation(gate)
    np.testing.assert_array_equal(saturation.low, [0.75, 0, 0])
    np.testing.assert_array_equal(saturation.high, [0, 0.75, 0])
    np.testing.assert_array_equal(saturation.either, [0.75, 0.75, 0])


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=st.floats(-1, 1)))
def test_the_fractions_are_those_of_a_count(signal: np.ndarray) -> None:
    gates, signed = gate_saturation(np.abs(signal)), tanh_saturation(signal)
    steps = len(signal)
    for unit, column in enumerate(signal.T.tolist()):
        assert gates.low[unit] == sum(abs(v) < 0.1 for v in column) / steps
        assert gates.high[unit] == sum(abs(v) > 0.9 for v in column) / steps
        assert signed.low[unit] == sum(v < -0.9 for v in column) / steps
        assert signed.high[unit] == sum(v > 0.9 for v in column) / steps
        assert signed.either[unit] == pytest.approx(sum(abs(v) > 0.9 for v in column) / steps, rel=1e-15)
