"""Dropout falls on the connections between layers and to the read-out; x and the recurrence stay whole."""

from __future__ import annotations

import pytest
import torch

from lstmviz.nets.build import build_net
from lstmviz.nets.net import Net
from lstmviz.nets.recurrent import read_layers
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.topology import START, STOP

KINDS = [
    {"cell": "lstm"},
    {"cell": "gru"},
    {"cell": "rnn"},
    {"peepholes": True, "layer_norm": True},
    {"projection": 3},
]


def a_net(layers: int, **kind) -> Net:
    spec = NetSpec(
        name="n",
        input=ValueInput(("a", "b"), (0.0, 0.0), (1.0, 1.0)),
        hidden=6,
        layers=layers,
        output=ValueOutput(("a",), (0.0,), (1.0,), (0,)),
        **kind,
    )
    return build_net(spec, seed=1).double()


def first_of(state):
    """The last h of the first layer and of the second."""
    h = state[0] if isinstance(state, tuple) else state
    return h[0], h[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_layer_reads_x_and_its_own_past_whole(kind):
    net, x = a_net(2, **kind), torch.randn(3, 20, 2).double()
    _, whole = read_layers(net.eval().recurrent, x)
    net.set_dropout(0.9)
    _, dropped = read_layers(net.train().recurrent, x)
    assert torch.allclose(first_of(dropped)[0], first_of(whole)[0], atol=1e-12)
    assert not torch.allclose(first_of(dropped)[1], first_of(whole)[1], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_that_gets_nothing_from_below_still_remembers(kind):
    """All that goes up is dropped: the second layer must do what it does on zeros, its own recurrence whole."""
    net, x = a_net(2, **kind), torch.randn(3, 20, 2).double()
    net.set_dropout(1.0)
    h, _ = read_layers(net.train().recurrent, x)
    above = a_net(1, **kind)
    names = dict(net.recurrent.named_parameters())
    with torch.no_grad():
        for name, parameter in above.recurrent.named_parameters():
            other = names[name.replace("_l0", "_l1")]
            parameter.copy_(other[:, : parameter.shape[1]] if name.startswith("weight_ih") else other)
    alone, _ = read_layers(above.eval().recurrent, torch.zeros_like(x))
    assert torch.allclose(h, alone, atol=1e-12)
    assert alone[:, -1].abs().max() > 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_the_read_out_gets_a_part_of_h_scaled_up(kind):
    net, x = a_net(1, **kind), torch.randn(3, 20, 2).double()
    net.set_dropout(0.5)
    h, _ = read_layers(net.train().recurrent, x)
    seen = []
    net.readout.register_forward_hook(lambda module, given, said: seen.append(given[0]))
    net(x)
    kept = seen[0] != 0
    assert 0.3 < kept.float().mean() < 0.7
    assert torch.allclose(seen[0][kept], 2 * h[kept], atol=1e-12)


def test_in_evaluation_nothing_is_dropped():
    net, x = a_net(2), torch.randn(3, 20, 2).double()
    whole = net.eval()(x)
    net.set_dropout(0.9)
    assert torch.equal(net(x), whole)


def test_encoder_and_decoder_are_both_dropped_between_their_layers():
    symbols = ("a", "b", START, STOP)
    spec = NetSpec(
        name="n",
        topology="enc2dec",
        input=OneHotInput(symbols),
        hidden=4,
        layers=2,
        output=ProbabilityOutput(("a", "b", STOP)),
    )
    net = build_net(spec)
    net.set_dropout(0.25)
    assert (net.recurrent.dropout, net.decoder.dropout, net.dropout.p) == (0.25, 0.25, 0.25)
