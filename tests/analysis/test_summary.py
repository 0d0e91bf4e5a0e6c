"""One unit in numbers, against Python's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmviz.analysis.summary import unit_summary


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, st.integers(1, 30), elements=st.floats(-1, 1, width=32)), st.data())
def test_the_numbers_are_python_s_own(signal: np.ndarray, data: st.DataObject) -> None:
    values = signal.tolist()
    t = data.draw(st.integers(0, len(values) - 1))
    summary = unit_summary(signal, t)
    assert (summary.least, summary.least_at) == (min(values), values.index(min(values)))
    assert (summary.largest, summary.largest_at) == (max(values), values.index(max(values)))
    assert summary.mean == pytest.approx(math.fsum(values) / len(values), abs=1e-12)
    assert summary.now == values[t]


@pytest.mark.parametrize("t", [-1, 3])
def test_a_step_outside_the_signal_is_refused(t: int) -> None:
    with pytest.raises(IndexError, match=f"step {t} is outside 0 to 2"):
        unit_summary(np.zeros(3), t)
