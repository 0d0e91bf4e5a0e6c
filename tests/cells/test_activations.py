"""Other functions than σ and tanh: against torch, through the numpy cell, torch's loop and the gradient."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from lstmviz.analysis.backward import backward, nothing
from lstmviz.cells.activations import PLAIN, Functions, activate, bare, is_known, named, parsed, slope
from lstmviz.cells.explain import explain
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.run import run_lstm
from lstmviz.cells.weights import LayerNorm, LstmWeights
from lstmviz.traces.weight_parts import WeightWords, parts_of, weights_of, words_of

TORCH = {
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": lambda z: torch.clip(z / 5 + 0.5, 0, 1),
    "hard_sigmoid_keras3": lambda z: functional.relu6(z + 3) / 6,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softsign": functional.softsign,
    "linear": torch.clone,
    "hard_sigmoid(0.3, 0.4)": lambda z: torch.clip(0.3 * z + 0.4, 0, 1),
    "softplus": lambda z: torch.log1p(torch.exp(z)),
    "exponential": torch.exp,
    "affine(0.5, -1.0)": lambda z: z / 2 - 1,
    "scaled_tanh(1.7, 0.66)": lambda z: 1.7 * torch.tanh(0.66 * z),
    "leaky_relu(0.2)": lambda z: torch.where(z > 0, z, 0.2 * z),
    "thresholded_relu(0.75)": lambda z: torch.where(z > 0.75, z, 0 * z),
    "elu(0.5)": lambda z: functional.elu(z, 0.5),
    "selu": torch.selu,
}
OTHERS = [
    Functions(gate="hard_sigmoid"),
    Functions(gate="hard_sigmoid_keras3", candidate="softsign", output="sigmoid"),
    Functions(candidate="relu", output="linear", clip=0.7),
    Functions(candidate="sigmoid", output="relu", clip=0.25),
    Functions(candidate="linear", output="softsign"),
    Functions("hard_sigmoid(0.3, 0.4)", "elu(0.5)", "scaled_tanh(1.7, 0.66)"),
    Functions(candidate="relu", cell_clip=1.5),
]


def weights(functions: Functions, *, norm: bool = False) -> LstmWeights:
    """An LSTM of 3 inputs and 4 units with peepholes whose gates reach their ends."""
    rng = np.random.default_rng(7)
    wx, wh, b = (rng.normal(size=shape) for shape in ((3, 16), (4, 16), (16,)))
    normed = LayerNorm(*(rng.uniform(0.5, 1.5, n) for n in (16, 16, 4)), rng.normal(size=4)) if norm else None
    return LstmWeights(2 * wx, 2 * wh, b, peephole=rng.normal(size=(3, 4)), norm=normed, functions=functions)


def in_torch(w: LstmWeights, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """h of every step and the c of each, written by hand."""
    f = w.functions
    bound = f.clip or np.inf
    wx, wh, b, peephole = (torch.from_numpy(part) for part in (w.wx, w.wh, w.b, w.peephole))
    gate, candidate, output = (
        lambda z, name=name, end=end: TORCH[name](z.clamp(-end, end))
        for name, end in ((f.gate, bound), (f.candidate, bound), (f.output, np.inf))
    )
    h, c, hs, cs = torch.zeros(4, dtype=x.dtype), torch.zeros(4, dtype=x.dtype), [], []
    for x_t in x:
        zi, zf, zo, zg = (x_t @ wx + h @ wh + b).split(4)
        c = gate(zf + peephole[1] * c) * c + gate(zi + peephole[0] * c) * candidate(zg)
        c = c.clamp(-f.cell_clip, f.cell_clip) if f.cell_clip else c
        c.retain_grad()
        h = gate(zo + peephole[2] * c) * output(c)
        hs.append(h)
        cs.append(c)
    return torch.stack(hs), cs


@pytest.mark.parametrize("name", TORCH)
def test_value_and_slope_are_those_of_torch(name):
    z = torch.linspace(-6, 6, 1001, dtype=torch.float64, requires_grad=True)
    value = TORCH[name](z)
    (derivative,) = torch.autograd.grad(value.sum(), z)
    found = activate(name, z.detach().numpy())
    np.testing.assert_allclose(found, value.detach().numpy(), atol=1e-15)
    corners = np.isin(
        np.round(np.abs(z.detach().numpy()), 9), (0, 0.75, 2.5, 3, 4 / 3, 2)
    )  # where there are two derivatives
    np.testing.assert_allclose(slope(name, found)[~corners], derivative.numpy()[~corners], atol=1e-12)


@pytest.mark.parametrize("name", TORCH)
def test_float32_stays_float32(name):
    z = np.linspace(-4, 4, 9, dtype=np.float32)
    assert activate(name, z, 2.0).dtype == slope(name, z).dtype == np.float32


@pytest.mark.parametrize("functions", OTHERS, ids=str)
def test_the_cell_computes_what_torch_does(functions):
    w, x = weights(functions), np.random.default_rng(1).normal(size=(12, 3))
    hs, cs = in_torch(w, torch.from_numpy(x).requires_grad_())
    found = run_lstm(w, x)
    np.testing.assert_allclose(found["h"], hs.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(found["c"], torch.stack(cs).detach().numpy(), atol=1e-12)
    plain = run_lstm(replace(w, functions=PLAIN), x)
    assert np.abs(found["h"] - plain["h"]).max() > 0.01


@pytest.mark.parametrize("functions", OTHERS, ids=str)
def test_the_gradient_is_that_of_torch(functions):
    w, x = weights(functions), np.random.default_rng(2).normal(size=(9, 3))
    hs, cs = in_torch(w, torch.from_numpy(x).requires_grad_())
    out = np.random.default_rng(3).normal(size=(9, 4))
    (hs * torch.from_numpy(out)).sum().backward()
    s = run_lstm(w, x)
    before = {f"{name}_prev": np.concatenate([np.zeros((1, 4)), s[name][:-1]]) for name in "hc"}
    run = backward(w, {**s, **before, "x": x}, out, nothing(w))
    np.testing.assert_allclose(run.parts.sum(axis=0), np.stack([c.grad.numpy() for c in cs]), atol=1e-10)


@pytest.mark.parametrize(("functions", "norm"), list(itertools.product(OTHERS, (False, True))))
def test_kept_as_arrays_and_words_they_come_back(functions, norm):
    w = weights(functions, norm=norm)
    words = words_of(w)
    assert isinstance(words, WeightWords)
    again = weights_of(words, parts_of(w))
    assert again.functions == functions
    assert (again.norm is None) == (not norm)


def test_the_pseudocode_names_the_function_of_the_state():
    w = weights(Functions(output="relu", clip=2.0))
    step = lstm_step(w, np.ones(3))
    assert "h(t) = y(t) = ot·relu(c(t))" in [line.text for line in explain(step, w)]
    w = weights(Functions(output="linear"))
    assert "h(t) = y(t) = ot·c(t)" in [line.text for line in explain(lstm_step(w, np.ones(3)), w)]


@pytest.mark.parametrize(
    "name", ["", "swish", "tanh(1)", "elu(", "elu(-1)", "elu(nan)", "scaled_tanh(0, 1)", "elu(1)" * 99]
)
def test_what_is_no_function_is_none(name):
    assert not is_known(name)
    with pytest.raises(ValueError, match="function"):
        Functions(candidate=name)


def test_a_name_tells_only_the_numbers_that_are_not_the_usual_ones():
    assert named("elu", 1.0) == "elu"
    assert named("hard_sigmoid", np.float32(0.2), 0.5) == "hard_sigmoid"
    assert parsed(named("hard_sigmoid", 0.3, 0.4)) == ("hard_sigmoid", (0.3, 0.4))
    assert bare("elu(0.5)") == "elu"
