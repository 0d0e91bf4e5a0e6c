"""The GRU's equations against torch and against the same equations one number at a time."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.cells.gru import GruStep, gru_step, pre_activation
from lstmviz.cells.initial import new_gru
from lstmviz.cells.run import GRU_SIGNALS, run_gru
from lstmviz.cells.weights import GruWeights


def give_to_torch(w: GruWeights, module: torch.nn.Module, suffix: str) -> None:
    """Copy weights into a torch module, whose blocks r z n stand in the order of ours."""
    with torch.no_grad():
        getattr(module, f"weight_ih{suffix}").copy_(torch.from_numpy(w.wx.T.copy()))
        getattr(module, f"weight_hh{suffix}").copy_(torch.from_numpy(w.wh.T.copy()))
        getattr(module, f"bias_ih{suffix}").copy_(torch.from_numpy(w.bx))
        getattr(module, f"bias_hh{suffix}").copy_(torch.from_numpy(w.bh))


@settings(max_examples=25, deadline=None)
@given(
    inputs=st.integers(1, 9),
    units=st.integers(1, 17),
    batch=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.1, 1.0, 10.0]),
)
def test_a_step_is_that_of_torch_gru_cell(inputs: int, units: int, batch: int, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    w = new_gru(rng, inputs, units, np.float64)
    x, h = (rng.normal(size=(batch, n), scale=scale) for n in (inputs, units))
    cell = torch.nn.GRUCell(inputs, units, dtype=torch.float64)
    give_to_torch(w, cell, "")
    with torch.no_grad():
        expected = cell(torch.from_numpy(x), torch.from_numpy(h))
    np.testing.assert_allclose(gru_step(w, x, h).h, expected.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_a_run_is_that_of_torch_gru(dtype: type, tolerance: float) -> None:
    rng = np.random.default_rng(7)
    w = new_gru(rng, 4, 6, dtype)
    x, h0 = rng.normal(size=(40, 4)).astype(dtype), rng.normal(size=6).astype(dtype)
    layer = torch.nn.GRU(4, 6, dtype=torch.from_numpy(x).dtype)
    give_to_torch(w, layer, "_l0")
    with torch.no_grad():
        expected, _ = layer(torch.from_numpy(x), torch.from_numpy(h0)[None])
    signals = run_gru(w, x, h0)
    assert tuple(signals) == GRU_SIGNALS
    np.testing.assert_allclose(signals["h"], expected.numpy(), rtol=0, atol=tolerance)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), inputs=st.integers(1, 3), units=st.integers(1, 3))
def test_every_intermediate_is_what_the_equations_give_one_number_at_a_time(seed: int, inputs: int, units: int) -> None:
    rng = np.random.default_rng(seed)
    w = new_gru(rng, inputs, units, np.float64)
    x, h = rng.normal(size=inputs), rng.normal(size=units)
    step = gru_step(w, x, h)
    for u in range(units):
        entered, recurrent = {}, {}
        for place, gate in enumerate("rfg"):
            column = place * units + u
            entered[gate] = float(w.bx[column]) + sum(float(x[k]) * float(w.wx[k, column]) for k in range(inputs))
            recurrent[gate] = float(w.bh[column]) + sum(float(h[k]) * float(w.wh[k, column]) for k in range(units))
        r, f = (1 / (1 + math.exp(-entered[gate] - recurrent[gate])) for gate in "rf")
        zg = entered["g"] + r * recurrent["g"]
        expected = {
            "r": r,
            "f": f,
            "i": 1 - f,
            "g": math.tanh(zg),
            "kept": f * float(h[u]),
            "written": (1 - f) * math.tanh(zg),
            "h": f * float(h[u]) + (1 - f) * math.tanh(zg),
            "zr": entered["r"] + recurrent["r"],
            "zf": entered["f"] + recurrent["f"],
            "zg": zg,
        }
        assert set(expected) == set(GRU_SIGNALS)
        for name, value in expected.items():
            assert getattr(step, name)[u] == pytest.approx(value, abs=1e-14), name


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_gru_keeps_the_float_type_in_every_field(dtype: type) -> None:
    rng = np.random.default_rng(0)
    step = gru_step(new_gru(rng, 3, 4, dtype), rng.normal(size=(2, 3)).astype(dtype))
    assert {getattr(step, field.name).dtype for field in fields(GruStep)} == {np.dtype(dtype)}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 6))
def test_a_mini_batch_of_a_gru_gives_what_each_of_its_sequences_gives(seed: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    w = new_gru(rng, 3, 5, np.float64)
    x, h = rng.normal(size=(batch, 3)), rng.normal(size=(batch, 5))
    together = gru_step(w, x, h)
    for n in range(batch):
        alone = gru_step(w, x[n], h[n])
        for field in fields(GruStep):
            np.testing.assert_allclose(
                getattr(together, field.name)[n], getattr(alone, field.name), rtol=1e-13, atol=1e-14
            )


def test_the_state_moves_between_what_it_was_and_the_candidate() -> None:
    """∂h/∂h(t−1) where nothing but f carries it is f: finite differences with the recurrent weights at zero."""
    rng = np.random.default_rng(5)
    drawn = new_gru(rng, 2, 4, np.float64)
    w = GruWeights(drawn.wx, np.zeros((4, 12)), drawn.bx, drawn.bh)
    x, h = rng.normal(size=2), rng.normal(size=4)
    step = gru_step(w, x, h)
    slope = (gru_step(w, x, h + 1e-6).h - gru_step(w, x, h - 1e-6).h) / 2e-6
    np.testing.assert_allclose(slope, step.f, atol=1e-9)
    assert ((step.h - h) * (step.g - h) >= 0).all()
    assert (np.abs(step.h - h) <= np.abs(step.g - h)).all()


def test_a_wrong_width_no_step_or_an_unknown_gate_of_a_gru_is_refused() -> None:
    w = new_gru(np.random.default_rng(0), 3, 2)
    with pytest.raises(ValueError, match="x has 4 features; the weights take 3"):
        gru_step(w, np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="no steps"):
        run_gru(w, np.zeros((0, 3), np.float32))
    with pytest.raises(ValueError, match="unknown gate 'o'; expected one of r f g"):
        w.block("o")
    with pytest.raises(ValueError, match="needs r"):
        pre_activation(w, "g", np.zeros(3), np.zeros(2))
