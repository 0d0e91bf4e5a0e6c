"""LoopLayers: the LSTM that no fused kernel computes, held against the equations and against nn.LSTM."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lstmviz.cells.activations import Functions
from lstmviz.cells.run import run_gru, run_lstm, run_rnn
from lstmviz.cells.weights import GruWeights, LayerNorm, LstmWeights, RnnWeights
from lstmviz.nets.loop import LoopLayers, turned
from lstmviz.nets.loop_cells import lstm_loop

VARIANTS = [
    {"peepholes": True},
    {"layer_norm": True},
    {"peepholes": True, "layer_norm": True, "proj_size": 2},
    {"peepholes": True, "layer_norm": True, "proj_size": 2, "bidirectional": True, "num_layers": 2},
    {"functions": Functions("hard_sigmoid", "softsign", "sigmoid")},
    {"functions": Functions("hard_sigmoid_keras3", "linear", "relu", clip=0.8), "peepholes": True, "num_layers": 2},
    {"functions": Functions(candidate="relu", output="tanh", clip=1.5, cell_clip=0.5), "layer_norm": True},
]


def disturbed(module: LoopLayers) -> LoopLayers:
    """The module in float64 with peepholes, gains and biases that do something."""
    torch.manual_seed(7)
    module = module.double()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.startswith(("peephole", "norm")):
                parameter.add_(torch.randn_like(parameter) / 2)
    return module


def in_numpy(module: LoopLayers) -> LstmWeights:
    """The first layer's weights for `lstmviz.cells`, from its state dict alone."""
    state = {name.removesuffix("_l0"): value.numpy() for name, value in module.state_dict().items()}
    i, f, g, o = np.split(np.arange(4 * module.hidden_size), 4)
    order = np.concatenate([i, f, o, g])
    return LstmWeights(
        state["weight_ih"][order].T,
        state["weight_hh"][order].T,
        (state["bias_ih"] + state["bias_hh"])[order],
        state["weight_hr"].T if "weight_hr" in state else None,
        state.get("peephole"),
        LayerNorm(state["norm_x"][order], state["norm_h"][order], *state["norm_c"]) if "norm_c" in state else None,
        module.functions,
    )


@pytest.mark.parametrize("variant", [each for each in VARIANTS if "num_layers" not in each])
def test_every_signal_is_that_of_the_equations(variant):
    module = disturbed(LoopLayers(3, 5, **variant))
    x = np.random.default_rng(0).normal(size=(12, 4, 3))
    expected = run_lstm(in_numpy(module), x)
    h0, c0 = (torch.zeros(4, n, dtype=torch.float64) for n in (module.proj_size or 5, 5))
    with torch.no_grad():
        run = lstm_loop(module.weights(0, "forward"), torch.from_numpy(x), h0, c0, signals=True)
        h, (_, c_last) = module(torch.from_numpy(x).transpose(0, 1))
    found = dict(zip("ifog", run.gates.numpy().transpose(2, 0, 1).reshape(4, 5, 12, 4), strict=True))
    for name, values in found.items():
        np.testing.assert_allclose(values.transpose(1, 2, 0), expected[name], rtol=0, atol=1e-10)
    np.testing.assert_allclose(run.c, expected["c"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(h.transpose(0, 1), expected["h"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(c_last[0], expected["c"][-1], rtol=0, atol=1e-10)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_are_those_of_finite_differences(variant):
    module = disturbed(LoopLayers(2, 3, **variant))
    names = [name for name, _ in module.named_parameters()]
    x = torch.randn(2, 4, 2, dtype=torch.float64, requires_grad=True)

    def said(x, *values):
        h, (h_last, c_last) = torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))
        return h, h_last, c_last

    given = [parameter.detach().clone().requires_grad_() for parameter in module.parameters()]
    assert torch.autograd.gradcheck(said, (x, *given), fast_mode=True)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 3), st.booleans(), st.integers(0, 3), st.integers(0, 2**16))
def test_without_peepholes_values_and_gradients_are_those_of_torch(layers, bidirectional, projection, seed):
    torch.manual_seed(seed)
    theirs = nn.LSTM(3, 4, layers, batch_first=True, bidirectional=bidirectional, proj_size=projection).double()
    ours = LoopLayers(3, 4, layers, bidirectional=bidirectional, proj_size=projection, peepholes=True).double()
    ours.load_state_dict(theirs.state_dict(), strict=False)
    rows = layers * (2 if bidirectional else 1)
    state = (torch.randn(rows, 2, projection or 4).double(), torch.randn(rows, 2, 4).double())
    weights = torch.randn(2, 6, (projection or 4) * (2 if bidirectional else 1)).double()
    results = []
    for module in (ours, theirs):
        x = torch.linspace(-1, 1, 36, dtype=torch.float64).view(2, 6, 3).requires_grad_()
        h, (h_last, c_last) = module(x, state)
        ((h * weights).sum() + h_last.square().sum() + c_last.sum()).backward()
        results.append((h, h_last, c_last, x.grad))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(ours.get_parameter(name).grad, parameter.grad, rtol=0, atol=1e-10)


@pytest.mark.parametrize("projection", [0, 2])
def test_the_same_random_state_begins_as_the_weights_of_torch(projection):
    torch.manual_seed(3)
    theirs = nn.LSTM(3, 4, 2, bidirectional=True, proj_size=projection)
    torch.manual_seed(3)
    ours = LoopLayers(3, 4, 2, bidirectional=True, proj_size=projection, peepholes=True, layer_norm=True)
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value)
    assert not ours.peephole_l1_reverse.any()
    assert torch.equal(ours.norm_x_l0, torch.ones(16))
    assert torch.equal(ours.norm_c_l0, torch.tensor([[1.0] * 4, [0.0] * 4]))


def test_sequences_of_any_lengths_give_what_each_gives_alone():
    module = disturbed(LoopLayers(3, 4, 2, bidirectional=True, peepholes=True, layer_norm=True))
    x, lengths = torch.randn(3, 7, 3).double(), [7, 2, 5]
    with torch.no_grad():
        h, states = module(x, None, torch.tensor(lengths))
        for b, length in enumerate(lengths):
            alone, own = module(x[b : b + 1, :length])
            torch.testing.assert_close(h[b, :length], alone[0], rtol=0, atol=1e-12)
            for all_rows, rows in zip(states, own, strict=True):
                torch.testing.assert_close(all_rows[:, b], rows[:, 0], rtol=0, atol=1e-12)


def test_a_sequence_read_in_two_stretches_is_read_as_a_whole():
    module = disturbed(LoopLayers(3, 4, 2, peepholes=True))
    x = torch.randn(2, 9, 3).double()
    with torch.no_grad():
        whole, last = module(x)
        first, state = module(x[:, :4])
        second, after = module(x[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(after, last, rtol=0, atol=1e-12)


def test_what_is_padded_stays_where_it_is_when_a_sequence_is_turned():
    x = torch.arange(8).view(4, 2)
    assert turned(x, torch.tensor([4, 2])).tolist() == [[6, 3], [4, 1], [2, 5], [0, 7]]


def test_it_says_what_is_particular_to_it():
    text = repr(LoopLayers(3, 4, 2, proj_size=2, peepholes=True))
    assert text == "LoopLayers(3, 4, num_layers=2, proj_size=2, peepholes)"


OTHER_CELLS = [
    {"cell": "gru"},
    {"cell": "gru", "reset_before": True, "functions": Functions("hard_sigmoid", "softsign", clip=0.8)},
    {"cell": "rnn", "functions": Functions(candidate="elu(0.5)", clip=1.5)},
]


@pytest.mark.parametrize("variant", OTHER_CELLS)
def test_the_other_cells_are_those_of_the_equations(variant):
    module = disturbed(LoopLayers(3, 5, **variant))
    state = {name.removesuffix("_l0"): value.numpy() for name, value in module.state_dict().items()}
    wx, wh, bx, bh = (state[name].T for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    x = np.random.default_rng(0).normal(size=(12, 4, 3))
    with torch.no_grad():
        h, last = module(torch.from_numpy(x).transpose(0, 1))
    if module.cell == "gru":
        expected = run_gru(GruWeights(wx, wh, bx, bh, module.functions, module.reset_before), x)["h"]
    else:
        expected = run_rnn(RnnWeights(wx, wh, bx + bh, module.functions.candidate, module.functions.clip), x)["y"]
    np.testing.assert_allclose(h.transpose(0, 1), expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(last[0], expected[-1], rtol=0, atol=1e-10)


def test_a_plain_gru_is_that_of_torch():
    theirs = nn.GRU(3, 4, 2, batch_first=True, bidirectional=True).double()
    ours = LoopLayers(3, 4, 2, bidirectional=True, cell="gru").double()
    ours.load_state_dict(theirs.state_dict())
    x, state = torch.randn(2, 6, 3).double(), torch.randn(4, 2, 4).double()
    for found, expected in zip(ours(x, state), theirs(x, state), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", [*OTHER_CELLS, {"peepholes": True}])
def test_what_reads_backwards_alone_reads_each_sequence_from_its_own_end(variant):
    module = disturbed(LoopLayers(3, 4, 2, reverse=True, **variant))
    forward = LoopLayers(3, 4, 2, **variant).double()
    forward.load_state_dict({name.removesuffix("_reverse"): value for name, value in module.state_dict().items()})
    x, lengths = torch.randn(2, 7, 3).double(), [7, 4]
    with torch.no_grad():
        h, _ = module(x, None, torch.tensor(lengths))
        for b, length in enumerate(lengths):
            alone, _ = forward(x[b : b + 1, :length].flip(1))
            torch.testing.assert_close(h[b, :length], alone[0].flip(0), rtol=0, atol=1e-12)
