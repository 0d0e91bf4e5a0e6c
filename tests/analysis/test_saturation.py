"""Saturation, counted by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmviz.analysis.saturation import gate_saturation


def test_a_gate_that_is_always_open_or_closed_is_fully_saturated() -> None:
    gate = np.array([[0.0, 1.0, 0.5], [0.05, 0.95, 0.1], [0.09, 0.91, 0.9], [0.3, 0.2, 0.5]], np.float32)
    saturation = gate_saturation(gate)
    np.testing.assert_array_equal(saturation.low, [0.75, 0, 0])
    np.testing.assert_array_equal(saturation.high, [0, 0.75, 0])


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=st.floats(0, 1)))
def test_the_fractions_are_those_of_a_count(gate: np.ndarray) -> None:
    saturation, steps = gate_saturation(gate), len(gate)
    for unit, column in enumerate(gate.T.tolist()):
        assert saturation.low[unit] == sum(v < 0.1 for v in column) / steps
        assert saturation.high[unit] == sum(v > 0.9 for v in column) / steps
