"""Peepholes and layer normalisation against the papers' equations, written out here one number at a time."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from by_hand import weights_of_kind
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.cells.initial import new_lstm
from lstmviz.cells.lstm import LstmStep, lstm_step, normalised, pre_activation, pre_activations
from lstmviz.cells.run import LSTM_SIGNALS, run_lstm
from lstmviz.cells.weights import LstmWeights

KINDS = ("peephole", "norm", "peephole+norm")


def logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def dot(vector: list[float], matrix: np.ndarray, column: int) -> float:
    return sum(value * float(matrix[k, column]) for k, value in enumerate(vector))


def norm(values: list[float], gain: np.ndarray, bias: np.ndarray | None, eps: float) -> list[float]:
    """Ba et al. (2016), equation 4: μ and σ over one vector's elements, then gain and bias of each."""
    mean = sum(values) / len(values)
    sigma = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values) + eps)
    return [
        float(gain[n]) * (value - mean) / sigma + (0.0 if bias is None else float(bias[n]))
        for n, value in enumerate(values)
    ]


def by_the_papers(w: LstmWeights, x: list[float], h: list[float], c: list[float]) -> dict[str, list[float]]:
    """One step: Graves (2013), equations 7 to 11; Ba et al. (2016), equations 20 to 22; Sak et al. (2014)."""
    units = range(w.units)
    entered = [dot(x, w.wx, n) for n in range(4 * w.units)]
    recurrent = [dot(h, w.wh, n) for n in range(4 * w.units)]
    if w.norm is not None:
        entered = norm(entered, w.norm.x, None, w.norm.eps)
        recurrent = norm(recurrent, w.norm.h, None, w.norm.eps)
    z = [a + b + float(bias) for a, b, bias in zip(entered, recurrent, w.b, strict=True)]
    peep = np.zeros((3, w.units)) if w.peephole is None else w.peephole
    zi = [z[u] + float(peep[0, u]) * c[u] for u in units]
    zf = [z[w.units + u] + float(peep[1, u]) * c[u] for u in units]
    zg = z[3 * w.units :]
    new = [logistic(zf[u]) * c[u] + logistic(zi[u]) * math.tanh(zg[u]) for u in units]
    zo = [z[2 * w.units + u] + float(peep[2, u]) * new[u] for u in units]
    through = new if w.norm is None else norm(new, w.norm.c, w.norm.b, w.norm.eps)
    out = [logistic(zo[u]) * math.tanh(through[u]) for u in units]
    if w.whr is not None:
        out = [dot(out, w.whr, p) for p in range(w.whr.shape[1])]
    return {"zi": zi, "zf": zf, "zo": zo, "zg": zg, "c": new, "h": out}


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    projected=st.booleans(),
    inputs=st.integers(1, 4),
    units=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_run_of_a_variant_is_the_papers_loop(kind: str, projected: bool, inputs: int, units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w = weights_of_kind(kind, rng, inputs, units, np.float64)
    if projected:
        w = replace(w, wh=rng.normal(size=(2, 4 * units)), whr=rng.normal(size=(units, 2)))
    x, h, c = rng.normal(size=(4, inputs)), rng.normal(size=w.outputs), rng.normal(size=units)
    signals = run_lstm(w, x, h, c)
    h_t, c_t = h.tolist(), c.tolist()
    for t in range(4):
        expected = by_the_papers(w, x[t].tolist(), h_t, c_t)
        for name, values in expected.items():
            # where a norm meets a vector of nearly equal numbers, what it divides by is nearly √eps
            np.testing.assert_allclose(signals[name][t], values, atol=1e-10, err_msg=name)
        h_t, c_t = expected["h"], expected["c"]


def test_the_norm_is_torch_s_layer_norm() -> None:
    values = np.random.default_rng(0).normal(size=(5, 12), scale=3)
    expected = torch.nn.functional.layer_norm(torch.from_numpy(values), (12,), eps=1e-3)
    np.testing.assert_allclose(normalised(values, 1e-3), expected.numpy(), atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_variant_keeps_the_float_type_in_every_field(kind: str, dtype: type) -> None:
    rng = np.random.default_rng(0)
    w = weights_of_kind(kind, rng, 3, 4, dtype)
    step = lstm_step(w, rng.normal(size=(2, 3)).astype(dtype))
    assert {getattr(step, field.name).dtype for field in fields(LstmStep)} == {np.dtype(dtype)}


@settings(max_examples=15, deadline=None)
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 5))
def test_a_mini_batch_of_a_variant_gives_what_each_of_its_sequences_gives(kind: str, seed: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    w = weights_of_kind(kind, rng, 3, 5, np.float64)
    x, h, c = (rng.normal(size=(batch, n)) for n in (3, 5, 5))
    together = lstm_step(w, x, h, c)
    for n in range(batch):
        alone = lstm_step(w, x[n], h[n], c[n])
        for name in LSTM_SIGNALS:
            np.testing.assert_allclose(getattr(together, name)[n], getattr(alone, name), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("gate", "ifo")
def test_the_slope_of_a_gate_s_pre_activation_by_its_state_is_its_peephole(gate: str) -> None:
    rng = np.random.default_rng(1)
    w = weights_of_kind("peephole", rng, 3, 4, np.float64)
    x, h, c_prev, c = (rng.normal(size=n) for n in (3, 4, 4, 4))
    for seen in ("c_prev", "c"):
        states = {"c_prev": c_prev, "c": c}
        more, less = ({**states, seen: states[seen] + sign * 1e-5} for sign in (1, -1))
        slope = (pre_activation(w, gate, x, h, **more) - pre_activation(w, gate, x, h, **less)) / 2e-5
        sees = seen == ("c" if gate == "o" else "c_prev")
        np.testing.assert_allclose(slope, w.peephole["ifo".index(gate)] * sees, atol=1e-9)


def test_a_normalised_cell_does_not_hear_how_loud_its_input_is() -> None:
    """What layer normalisation is for: scaling x or all weights from it changes nothing."""
    rng = np.random.default_rng(2)
    w = weights_of_kind("norm", rng, 3, 6, np.float64)
    w = replace(w, norm=replace(w.norm, eps=0.0))
    x, h, c = (rng.normal(size=n) for n in (3, 6, 6))
    loud = lstm_step(w, 1000 * x, h, c)
    np.testing.assert_allclose(loud.h, lstm_step(w, x, h, c).h, atol=1e-12)
    np.testing.assert_allclose(loud.h, lstm_step(replace(w, wx=7 * w.wx), x, h, c).h, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_each_pre_activation_alone_is_that_of_the_step(kind: str) -> None:
    rng = np.random.default_rng(4)
    w = weights_of_kind(kind, rng, 3, 5, np.float64)
    x, h, c = (rng.normal(size=(2, n)) for n in (3, 5, 5))
    step = lstm_step(w, x, h, c)
    for gate, z in zip("ifog", pre_activations(w, x, h, c, step.c), strict=True):
        np.testing.assert_allclose(z, getattr(step, f"z{gate}"), atol=1e-13)
        np.testing.assert_allclose(pre_activation(w, gate, x, h, c, step.c), getattr(step, f"z{gate}"), atol=1e-13)


def test_new_variants_begin_as_the_plain_cell_but_for_what_they_add() -> None:
    w = new_lstm(np.random.default_rng(0), 3, 16, np.float64, peepholes=True, norm=True)
    assert w.peephole is not None
    assert w.norm is not None
    assert w.peephole.shape == (3, 16)
    assert 0.1 < np.abs(w.peephole).max() <= 0.25
    assert (w.norm.x == 1).all()
    assert (w.norm.h == 1).all()
    assert (w.norm.c == 1).all()
    assert (w.norm.b == 0).all()
    np.testing.assert_array_equal(w.b[w.block("f")], 1)
    np.testing.assert_array_equal(w.wx, new_lstm(np.random.default_rng(0), 3, 16, np.float64).wx)
