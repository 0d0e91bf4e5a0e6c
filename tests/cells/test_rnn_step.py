"""The recurrent layer's equation against torch and against the same equation one number at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.cells.initial import new_rnn
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.run import RNN_SIGNALS, run_rnn

TOLERANCE = {np.float32: 2e-6, np.float64: 1e-13}


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=15, deadline=None)
@given(inputs=st.integers(1, 7), units=st.integers(1, 12), batch=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_a_run_is_that_of_torch_rnn(
    activation: str, dtype: type, inputs: int, units: int, batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    w = new_rnn(rng, inputs, units, dtype, activation)
    x = rng.normal(size=(12, batch, inputs)).astype(dtype)
    y0 = rng.normal(size=(batch, units)).astype(dtype)
    layer = torch.nn.RNN(inputs, units, nonlinearity=activation, dtype=torch.from_numpy(x).dtype)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(w.wx.T.copy()))
        layer.weight_hh_l0.copy_(torch.from_numpy(w.wh.T.copy()))
        layer.bias_ih_l0.copy_(torch.from_numpy(w.b))
        layer.bias_hh_l0.zero_()
        expected, _ = layer(torch.from_numpy(x), torch.from_numpy(y0)[None])
    np.testing.assert_allclose(run_rnn(w, x, y0)["y"], expected.numpy(), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 6))
def test_the_recurrent_neuron_is_its_equation_one_number_at_a_time(seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    w = new_rnn(rng, 2, 1, np.float64)
    x = rng.normal(size=(steps, 2))
    signals = run_rnn(w, x)
    y = 0.0
    for t in range(steps):
        z = float(w.wx[0, 0]) * float(x[t, 0]) + float(w.wx[1, 0]) * float(x[t, 1]) + float(w.wh[0, 0]) * y
        z += float(w.b[0])
        y = math.tanh(z)
        assert signals["z"][t, 0] == pytest.approx(z, abs=1e-14)
        assert signals["y"][t, 0] == pytest.approx(y, abs=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_float_type_is_kept(dtype: type, activation: str) -> None:
    rng = np.random.default_rng(0)
    step = rnn_step(new_rnn(rng, 3, 4, dtype, activation), rng.normal(size=(2, 3)).astype(dtype))
    assert {array.dtype for array in (step.x, step.y_prev, step.z, step.y)} == {np.dtype(dtype)}


def test_a_mini_batch_gives_what_each_of_its_sequences_gives_alone() -> None:
    rng = np.random.default_rng(1)
    w = new_rnn(rng, 3, 5, np.float64)
    x, y_prev = rng.normal(size=(4, 3)), rng.normal(size=(4, 5))
    together = rnn_step(w, x, y_prev)
    for n in range(4):
        np.testing.assert_allclose(together.y[n], rnn_step(w, x[n], y_prev[n]).y, rtol=0, atol=1e-14)


def test_relu_closes_at_zero_and_the_state_begins_at_zero() -> None:
    rng = np.random.default_rng(2)
    w = new_rnn(rng, 3, 20, np.float64, "relu")
    step = rnn_step(w, rng.normal(size=3))
    assert not step.y_prev.any()
    np.testing.assert_array_equal(step.y, np.where(step.z > 0, step.z, 0))
    assert (step.z < 0).any()


def test_a_wrong_width_or_no_step_is_refused_by_the_recurrent_layer() -> None:
    w = new_rnn(np.random.default_rng(0), 3, 2)
    with pytest.raises(ValueError, match="x has 1 features; the weights take 3"):
        rnn_step(w, np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="no steps"):
        run_rnn(w, np.zeros((0, 3), np.float32))


def test_a_run_names_its_signals() -> None:
    w = new_rnn(np.random.default_rng(0), 3, 2)
    assert tuple(run_rnn(w, np.zeros((1, 3), np.float32))) == RNN_SIGNALS
