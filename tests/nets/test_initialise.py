"""Where weights begin: torch's own draw, Xavier's bound, orthogonal blocks, and the forget bias that was asked for."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from lstmviz.nets.build import build_net
from lstmviz.nets.fingerprint import fingerprint
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput
from lstmviz.sequences.topology import START, STOP

SYMBOLS = ("a", "b", "c", START, STOP)


def a_spec(**fields) -> NetSpec:
    return NetSpec(
        name="n", input=OneHotInput(SYMBOLS), output=ProbabilityOutput(("a", "b", "c", STOP)), hidden=6, **fields
    )


KINDS = [
    {"layers": 2, "bidirectional": True},
    {"cell": "gru"},
    {"cell": "rnn", "activation": "relu"},
    {"projection": 4},
    {"peepholes": True, "layer_norm": True},
    {"topology": "enc2dec"},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["uniform", "xavier", "orthogonal"])
def test_the_same_seed_draws_the_same_net_and_touches_no_other_random_number(kind, how):
    before = torch.get_rng_state()
    first, second, third = (build_net(a_spec(**kind), seed, how) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert fingerprint(first) == fingerprint(second) != fingerprint(third)


def test_uniform_is_what_torch_draws():
    net = build_net(a_spec(cell="gru"), seed=4)
    torch.manual_seed(4)
    gru, readout = nn.GRU(5, 6), nn.Linear(6, 4)
    for name, value in gru.state_dict().items():
        assert torch.equal(net.recurrent.state_dict()[name], value)
    assert torch.equal(net.readout.weight, readout.weight)


@pytest.mark.parametrize("kind", KINDS)
def test_the_recurrent_weights_of_each_gate_are_orthogonal(kind):
    net = build_net(a_spec(**kind), 0, "orthogonal")
    blocks = {"lstm": 4, "gru": 3, "rnn": 1}[net.spec.cell]
    seen = 0
    for name, parameter in net.named_parameters():
        if "weight_hh" in name:
            for block in parameter.detach().chunk(blocks):
                product = block.T @ block  # (H, R): its columns, also of a projection
                torch.testing.assert_close(product, torch.eye(len(product)), rtol=0, atol=1e-5)
                seen += 1
    parts = 2 if net.decoder is not None else 1
    assert seen == blocks * net.spec.layers * len(net.spec.directions) * parts


@pytest.mark.parametrize("kind", KINDS)
def test_xavier_fills_its_range_gate_by_gate_and_leaves_biases_at_zero(kind):
    net = build_net(a_spec(**kind), 0, "xavier", forget_bias=0.0)
    for name, parameter in net.named_parameters():
        values = parameter.detach()
        if ".bias" in name:
            assert not values.any(), name
        elif "weight_ih" in name or "weight_hh" in name:
            bound = math.sqrt(6 / (6 + values.shape[1]))
            assert values.abs().max() <= bound, name
            assert values.abs().max() > 0.8 * bound, name


@pytest.mark.parametrize("how", ["uniform", "xavier", "orthogonal"])
@pytest.mark.parametrize("wish", [-2.0, 0.0, 5.0])
@pytest.mark.parametrize("kind", [{}, {"peepholes": True}, {"topology": "enc2dec"}])
def test_the_forget_bias_is_the_wish_in_total(how, wish, kind):
    net = build_net(a_spec(**kind), 3, how, wish)
    for layers in (net.recurrent, net.decoder):
        if layers is not None:
            total = layers.bias_ih_l0 + layers.bias_hh_l0
            torch.testing.assert_close(total[6:12].detach(), torch.full((6,), wish), rtol=0, atol=0)


def test_a_forget_bias_of_a_hundred_is_no_forget_gate():
    net = build_net(a_spec(), 0, forget_bias=100.0)
    x = torch.randn(2, 30, 5) * 10
    net(x).square().sum().backward()
    f = torch.sigmoid(x @ net.recurrent.weight_ih_l0[6:12].T + net.recurrent.bias_ih_l0[6:12])
    assert (f == 1).all()
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"):
        gradient = net.recurrent.get_parameter(name).grad
        assert not gradient[6:12].any()
        assert gradient[:6].any()


def test_peepholes_begin_at_zero_so_the_net_begins_as_the_plain_one():
    plain, peeping = build_net(a_spec(), 5), build_net(a_spec(peepholes=True), 5)
    x = torch.randn(2, 9, 5)
    torch.testing.assert_close(peeping(x), plain(x), rtol=0, atol=1e-6)
