"""Weights to begin with: their range, and a forget bias that is 1 once."""

from __future__ import annotations

import numpy as np
import pytest

from lstmviz.cells.initial import new_lstm, new_rnn
from lstmviz.cells.lstm import lstm_step


def test_the_forget_bias_is_one_in_total() -> None:
    w = new_lstm(np.random.default_rng(0), 5, 8)
    np.testing.assert_array_equal(w.b[w.block("f")], np.ones(8))
    step = lstm_step(w, np.zeros(5, np.float32))
    np.testing.assert_array_equal(step.zf, np.ones(8))
    np.testing.assert_allclose(step.f, 1 / (1 + np.exp(-1.0)), rtol=1e-6)


def test_another_forget_bias_is_taken_as_it_is() -> None:
    w = new_lstm(np.random.default_rng(0), 5, 8, forget_bias=-2.5)
    np.testing.assert_array_equal(w.b[w.block("f")], np.full(8, -2.5))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_all_else_is_drawn_evenly_between_plus_and_minus_one_over_root_h(dtype: type) -> None:
    units = 16
    lstm, rnn = (
        new_lstm(np.random.default_rng(0), 50, units, dtype),
        new_rnn(np.random.default_rng(0), 50, units, dtype),
    )
    others = np.concatenate([lstm.b[lstm.block(gate)] for gate in "iog"])
    for array in (lstm.wx, lstm.wh, others, rnn.wx, rnn.wh, rnn.b):
        assert array.dtype == dtype
        assert np.abs(array).max() <= 0.25 * 1.001
    drawn = lstm.wx.astype(np.float64)
    assert abs(drawn.mean()) < 0.01
    # the variance of U(−a, a) is a²/3
    assert drawn.var() == pytest.approx(0.25**2 / 3, rel=0.05)


def test_the_same_seed_gives_the_same_weights_and_the_shapes_are_the_design_s() -> None:
    first, second = (new_lstm(np.random.default_rng(9), 3, 4) for _ in range(2))
    np.testing.assert_array_equal(first.wx, second.wx)
    assert (first.wx.shape, first.wh.shape, first.b.shape) == ((3, 16), (4, 16), (16,))
    rnn = new_rnn(np.random.default_rng(9), 3, 4, activation="relu")
    assert (rnn.wx.shape, rnn.wh.shape, rnn.b.shape, rnn.activation) == ((3, 4), (4, 4), (4,), "relu")
    assert (first.inputs, first.units, first.outputs) == (rnn.inputs, rnn.units, rnn.outputs) == (3, 4, 4)
