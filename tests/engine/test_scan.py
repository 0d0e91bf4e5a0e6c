"""The blocked scan against the plain recurrence."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.engine.scan import scan


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 400),
    st.integers(1, 6),
    st.sampled_from(["float32", "float64"]),
    st.floats(0, 1),
    st.integers(0, 999),
)
def test_the_scan_gives_what_the_loop_gives(steps, width, dtype, openness, seed):
    rng = np.random.default_rng(seed)
    wide = rng.random((steps, 2 * width))
    f = (wide[:, ::2] ** (1 - openness) * openness).astype(dtype)  # from shut to open for ever
    u = rng.normal(size=(steps, width)).astype(dtype)
    c = rng.normal(size=width).astype(dtype)
    before, expected = c.astype(np.float64), []
    for f_t, u_t in zip(f, u, strict=True):
        before = f_t.astype(np.float64) * before + u_t
        expected.append(before)
    kept = u.copy()
    found = scan(f, u, c)
    assert found.dtype == dtype
    np.testing.assert_array_equal(u, kept)
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(found, np.array(expected), rtol=tolerance, atol=tolerance * np.abs(expected).max())


def test_gates_that_are_shut_neither_divide_by_zero_nor_leave_a_trace_of_the_past():
    f = np.full((1000, 3), 1e-30, np.float32)
    f[:, 1] = 0
    u = np.ones((1000, 3), np.float32)
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(scan(f, u, np.full(3, 5, np.float32)), u)
