"""Who pushed the gate: the named terms and the rest are the whole pre-activation."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from by_hand import weights_of_kind
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.analysis.push import pushes
from lstmviz.cells.gru import gru_step
from lstmviz.cells.initial import new_gru, new_lstm, new_rnn
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.weights import LstmWeights


@settings(max_examples=30, deadline=None)
@given(
    inputs=st.integers(1, 8),
    units=st.integers(1, 8),
    top=st.integers(0, 20),
    gate=st.sampled_from("ifog"),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**32 - 1),
    data=st.data(),
)
def test_the_terms_add_up_to_the_pre_activation(
    inputs: int, units: int, top: int, gate: str, dtype: type, seed: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(seed)
    w = new_lstm(rng, inputs, units, dtype)
    x, h = rng.normal(size=inputs).astype(dtype), rng.normal(size=units).astype(dtype)
    unit = data.draw(st.integers(0, units - 1))
    named = pushes(w, x, h, gate, unit, top)
    column = w.block(gate).start + unit
    exact = Fraction(float(w.b[column]))
    exact += sum(Fraction(float(x[k])) * Fraction(float(w.wx[k, column])) for k in range(inputs))
    exact += sum(Fraction(float(h[k])) * Fraction(float(w.wh[k, column])) for k in range(units))
    size = sum(abs(push.term) for push in named) + 1
    assert abs(math.fsum(push.term for push in named) - float(exact)) <= 32 * np.finfo(float).eps * size
    by_the_cell = getattr(lstm_step(w, x, h), f"z{gate}")[unit]
    assert by_the_cell == pytest.approx(float(exact), abs=100 * float(np.finfo(dtype).eps) * size)
    for push in named:
        assert push.term == push.weight * push.value


def test_the_largest_terms_come_first_and_say_where_they_come_from() -> None:
    wx, wh = np.zeros((3, 8)), np.zeros((2, 8))
    w = LstmWeights(wx, wh, np.zeros(8))
    column = w.block("f").start + 1
    wx[:, column], wh[:, column], w.b[column] = [1, -4, 2], [3, 0.5], 0.25
    named = pushes(w, np.array([1.0, 1.0, 0.0]), np.array([-1.0, 1.0]), "f", 1, top=2)
    assert [(push.source, push.index, push.weight, push.value, push.term) for push in named] == [
        ("x", 1, -4, 1, -4),
        ("h", 0, 3, -1, -3),
        ("b", -1, 0.25, 1, 0.25),
        ("rest", -1, 1, 1.5, 1.5),
    ]


def test_terms_of_zero_are_not_named_and_an_empty_rest_is_left_out() -> None:
    rng = np.random.default_rng(0)
    w = new_lstm(rng, 10, 4)
    one_hot = np.zeros(10, np.float32)
    one_hot[7] = 1
    named = pushes(w, one_hot, np.zeros(4, np.float32), "g", 2)
    assert [(push.source, push.index) for push in named] == [("x", 7), ("b", -1)]


def test_a_recurrent_layer_and_a_projection_are_told_apart_from_the_weights() -> None:
    rng = np.random.default_rng(0)
    rnn = new_rnn(rng, 3, 4, np.float64)
    x, y = rng.normal(size=3), rng.normal(size=4)
    assert math.fsum(push.term for push in pushes(rnn, x, y, "z", 2)) == pytest.approx(rnn_step(rnn, x, y).z[2])
    lstm = new_lstm(rng, 3, 4, np.float64)
    projected = LstmWeights(lstm.wx, rng.normal(size=(2, 16)), lstm.b, rng.normal(size=(4, 2)))
    h = rng.normal(size=2)
    total = math.fsum(push.term for push in pushes(projected, x, h, "o", 3, top=1))
    assert total == pytest.approx(lstm_step(projected, x, h).zo[3])


def test_an_unknown_gate_or_unit_is_refused() -> None:
    w = new_lstm(np.random.default_rng(0), 3, 4)
    x, h = np.zeros(3, np.float32), np.zeros(4, np.float32)
    with pytest.raises(IndexError, match="unit 4 is outside 0 to 3"):
        pushes(w, x, h, "f", 4)
    with pytest.raises(IndexError, match="unit -1"):
        pushes(w, x, h, "f", -1)
    with pytest.raises(ValueError, match="unknown gate 'q'; expected one of i f o g"):
        pushes(w, x, h, "q", 0)


@settings(max_examples=30, deadline=None)
@given(
    inputs=st.integers(1, 6),
    units=st.integers(1, 6),
    kind=st.sampled_from(["peephole", "norm", "peephole+norm"]),
    gate=st.sampled_from("ifog"),
    seed=st.integers(0, 2**32 - 1),
    top=st.integers(0, 14),
)
def test_with_peepholes_and_norms_the_terms_add_up_too(
    inputs: int, units: int, kind: str, gate: str, seed: int, top: int
) -> None:
    rng = np.random.default_rng(seed)
    w = weights_of_kind(kind, rng, inputs, units, np.float64)
    x, h, c = (rng.normal(size=n) for n in (inputs, units, units))
    step, unit = lstm_step(w, x, h, c), int(rng.integers(units))
    named = pushes(w, x, h, gate, unit, top, state=step.c if gate == "o" else c)
    assert math.fsum(push.term for push in named) == pytest.approx(getattr(step, f"z{gate}")[unit], abs=1e-9)
    seen = [push for push in named if push.source == "c"]
    assert len(seen) == ("peephole" in kind and gate != "g")
    for push in seen:
        assert push.value == (step.c if gate == "o" else c)[unit]
        assert push.weight == w.peephole["ifo".index(gate), unit]


@settings(max_examples=20, deadline=None)
@given(gate=st.sampled_from("rfg"), seed=st.integers(0, 2**32 - 1), top=st.integers(0, 9), before=st.booleans())
def test_the_terms_of_a_gru_add_up_too(gate: str, seed: int, top: int, before: bool) -> None:
    rng = np.random.default_rng(seed)
    w = replace(new_gru(rng, 3, 4, np.float64), reset_before=before)
    x, h = rng.normal(size=3), rng.normal(size=4)
    step = gru_step(w, x, h)
    named = pushes(w, x, h, gate, 2, top, reset=step.r)
    assert math.fsum(push.term for push in named) == pytest.approx(getattr(step, f"z{gate}")[2], abs=1e-12)


def test_what_a_norm_s_terms_leave_out_is_that_the_scale_moves_with_the_input() -> None:
    """With the scale held at this step's value the weight of x[k] is the derivative of z: finite differences."""
    rng = np.random.default_rng(3)
    w = weights_of_kind("norm", rng, 3, 4, np.float64)
    x, h = rng.normal(size=3), rng.normal(size=4)
    named = {push.index: push.weight for push in pushes(w, x, h, "f", 1, top=9) if push.source == "x"}
    raw, column = x @ w.wx, w.block("f").start + 1
    scale = math.sqrt(raw.var() + w.norm.eps)
    for k in range(3):
        moved = x.copy()
        moved[k] += 1e-3
        change = (moved - x) @ w.wx
        held = w.norm.x[column] * (change[column] - change.mean()) / scale
        assert named[k] == pytest.approx(held / 1e-3)


def test_a_missing_state_or_reset_gate_is_refused() -> None:
    rng = np.random.default_rng(0)
    x, h = np.zeros(3), np.zeros(4)
    with pytest.raises(ValueError, match="the gate o has a peephole"):
        pushes(weights_of_kind("peephole", rng, 3, 4), x, h, "o", 0)
    with pytest.raises(ValueError, match="candidate of a GRU needs r"):
        pushes(new_gru(rng, 3, 4), x, h, "g", 0)
    with pytest.raises(ValueError, match="unknown gate 'o'; expected one of r f g"):
        pushes(new_gru(rng, 3, 4), x, h, "o", 0)
