"""The LSTM's equations against torch and against the same equations written out one number at a time."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.cells.activations import sigmoid
from lstmviz.cells.initial import new_lstm
from lstmviz.cells.lstm import LstmStep, lstm_step
from lstmviz.cells.run import LSTM_SIGNALS, run_lstm
from lstmviz.cells.weights import LstmWeights

TOLERANCE = {np.float32: 1e-6, np.float64: 1e-13}
TORCH_ORDER = "ifgo"


def projected(w: LstmWeights, outputs: int, rng: np.random.Generator) -> LstmWeights:
    """The same cell with a random recurrent projection to ``outputs`` numbers."""
    dtype = w.b.dtype.type
    wh = rng.uniform(-0.5, 0.5, (outputs, 4 * w.units)).astype(dtype)
    return LstmWeights(w.wx, wh, w.b, rng.uniform(-0.5, 0.5, (w.units, outputs)).astype(dtype))


def give_to_torch(w: LstmWeights, module: torch.nn.Module, suffix: str) -> None:
    """Copy weights into a torch module, whose gates stand in the order i f g o and whose bias is in two parts."""
    columns = np.concatenate([np.arange(4 * w.units)[w.block(gate)] for gate in TORCH_ORDER])
    with torch.no_grad():
        getattr(module, f"weight_ih{suffix}").copy_(torch.from_numpy(w.wx[:, columns].T.copy()))
        getattr(module, f"weight_hh{suffix}").copy_(torch.from_numpy(w.wh[:, columns].T.copy()))
        getattr(module, f"bias_ih{suffix}").copy_(torch.from_numpy(w.b[columns] * 0.25))
        getattr(module, f"bias_hh{suffix}").copy_(torch.from_numpy(w.b[columns] * 0.75))
        if w.whr is not None:
            getattr(module, f"weight_hr{suffix}").copy_(torch.from_numpy(w.whr.T.copy()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=25, deadline=None)
@given(
    inputs=st.integers(1, 9),
    units=st.integers(1, 17),
    batch=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.1, 1.0, 10.0]),
)
def test_a_step_is_that_of_torch_lstm_cell(
    dtype: type, inputs: int, units: int, batch: int, seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    w = new_lstm(rng, inputs, units, dtype)
    x, h, c = (rng.normal(size=(batch, n), scale=scale).astype(dtype) for n in (inputs, units, units))
    cell = torch.nn.LSTMCell(inputs, units, dtype=torch.from_numpy(x).dtype)
    give_to_torch(w, cell, "")
    with torch.no_grad():
        expected_h, expected_c = cell(torch.from_numpy(x), (torch.from_numpy(h), torch.from_numpy(c)))
    step = lstm_step(w, x, h, c)
    tolerance = TOLERANCE[dtype] * (1 + scale * inputs)
    np.testing.assert_allclose(step.h, expected_h.numpy(), rtol=0, atol=tolerance)
    np.testing.assert_allclose(step.c, expected_c.numpy(), rtol=0, atol=tolerance)


# torch says that its fast kernel has no projection, which is of no matter here
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("projection", [0, 3])
def test_a_run_is_that_of_torch_lstm_with_and_without_projection(dtype: type, projection: int) -> None:
    rng = np.random.default_rng(7)
    w = new_lstm(rng, 4, 6, dtype)
    if projection:
        w = projected(w, projection, rng)
    x = rng.normal(size=(40, 4)).astype(dtype)
    h0, c0 = rng.normal(size=w.outputs).astype(dtype), rng.normal(size=w.units).astype(dtype)
    layer = torch.nn.LSTM(4, 6, proj_size=projection, dtype=torch.from_numpy(x).dtype)
    give_to_torch(w, layer, "_l0")
    with torch.no_grad():
        expected, (_, last_c) = layer(torch.from_numpy(x), (torch.from_numpy(h0)[None], torch.from_numpy(c0)[None]))
    signals = run_lstm(w, x, h0, c0)
    np.testing.assert_allclose(signals["h"], expected.numpy(), rtol=0, atol=10 * TOLERANCE[dtype])
    np.testing.assert_allclose(signals["c"][-1], last_c[0].numpy(), rtol=0, atol=10 * TOLERANCE[dtype])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), inputs=st.integers(1, 3), units=st.integers(1, 3))
def test_every_intermediate_is_what_the_equations_give_one_number_at_a_time(seed: int, inputs: int, units: int) -> None:
    rng = np.random.default_rng(seed)
    w = new_lstm(rng, inputs, units, np.float64)
    x, h, c = (rng.normal(size=n) for n in (inputs, units, units))
    step = lstm_step(w, x, h, c)
    for u in range(units):
        z = {}
        for place, gate in enumerate("ifog"):
            column = place * units + u
            z[gate] = float(w.b[column])
            z[gate] += sum(float(x[k]) * float(w.wx[k, column]) for k in range(inputs))
            z[gate] += sum(float(h[k]) * float(w.wh[k, column]) for k in range(units))
        i, f, o = (1 / (1 + math.exp(-z[gate])) for gate in "ifo")
        g = math.tanh(z["g"])
        c_next = f * float(c[u]) + i * g
        expected = {
            **{f"z{gate}": z[gate] for gate in "ifog"},
            "i": i,
            "f": f,
            "o": o,
            "g": g,
            "c": c_next,
            "kept": f * float(c[u]),
            "written": i * g,
            "tanh_c": math.tanh(c_next),
            "h": o * math.tanh(c_next),
        }
        assert set(expected) == set(LSTM_SIGNALS)
        for name, value in expected.items():
            assert getattr(step, name)[u] == pytest.approx(value, abs=1e-14), name


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_float_type_is_kept_in_every_field(dtype: type) -> None:
    rng = np.random.default_rng(0)
    w = new_lstm(rng, 3, 4, dtype)
    step = lstm_step(w, rng.normal(size=(2, 3)).astype(dtype))
    assert {getattr(step, field.name).dtype for field in fields(LstmStep)} == {np.dtype(dtype)}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 6), projection=st.booleans())
def test_a_mini_batch_gives_what_each_of_its_sequences_gives(seed: int, batch: int, projection: bool) -> None:
    rng = np.random.default_rng(seed)
    w = new_lstm(rng, 3, 5, np.float64)
    if projection:
        w = projected(w, 2, rng)
    x, h, c = (rng.normal(size=(batch, n)) for n in (3, w.outputs, w.units))
    together = lstm_step(w, x, h, c)
    for n in range(batch):
        alone = lstm_step(w, x[n], h[n], c[n])
        for field in fields(LstmStep):
            np.testing.assert_allclose(
                getattr(together, field.name)[n], getattr(alone, field.name), rtol=1e-13, atol=1e-14
            )


def test_the_state_is_zero_unless_given() -> None:
    rng = np.random.default_rng(3)
    w = new_lstm(rng, 2, 3, np.float64)
    x = rng.normal(size=2)
    step, given_zeros = lstm_step(w, x), lstm_step(w, x, np.zeros(3), np.zeros(3))
    assert not step.h_prev.any()
    assert not step.c_prev.any()
    np.testing.assert_array_equal(step.h, given_zeros.h)


def test_a_run_hands_each_state_to_the_next_step() -> None:
    rng = np.random.default_rng(4)
    w = new_lstm(rng, 2, 3, np.float64)
    x = rng.normal(size=(6, 2))
    whole = run_lstm(w, x)
    first = run_lstm(w, x[:4])
    rest = run_lstm(w, x[4:], first["h"][-1], first["c"][-1])
    for name in LSTM_SIGNALS:
        assert whole[name].shape == (6, 3)
        np.testing.assert_array_equal(whole[name], np.concatenate([first[name], rest[name]]))


def test_a_run_takes_a_mini_batch() -> None:
    rng = np.random.default_rng(4)
    w = new_lstm(rng, 2, 3, np.float64)
    x = rng.normal(size=(6, 4, 2))
    together = run_lstm(w, x)["h"]
    for n in range(4):
        np.testing.assert_allclose(together[:, n], run_lstm(w, x[:, n])["h"], rtol=0, atol=1e-14)


def test_the_logistic_function_survives_any_number() -> None:
    z = np.array([-1e30, -745.0, -50.0, 0.0, 50.0, 1e30])
    values = sigmoid(z)
    assert values[0] == 0
    assert values[3] == 0.5
    assert values[-1] == 1
    assert ((values >= 0) & (values <= 1)).all()


def test_a_wrong_width_or_no_step_is_refused() -> None:
    w = new_lstm(np.random.default_rng(0), 3, 2)
    with pytest.raises(ValueError, match="x has 4 features; the weights take 3"):
        lstm_step(w, np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="no steps"):
        run_lstm(w, np.zeros((0, 3), np.float32))
