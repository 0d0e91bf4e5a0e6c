"""Batches: side by side every sequence is read as alone, and the loss is that of what is asked."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lstmviz.errors import SequenceError
from lstmviz.nets.batch import NOTHING, Example, encode_example, loss_sum, make_batch
from lstmviz.nets.build import build_net
from lstmviz.nets.recurrent import cut
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP

SYMBOLS = ("a", "b", "c", START, STOP)
CELLS = [
    {"cell": "lstm"},
    {"cell": "gru"},
    {"cell": "rnn"},
    {"projection": 3},
    {"peepholes": True, "layer_norm": True},
]


def a_net(**kind):
    spec = NetSpec(
        name="n",
        input=OneHotInput(SYMBOLS),
        hidden=5,
        layers=2,
        output=ProbabilityOutput(("c", "b", "a", STOP)),
        **kind,
    )
    return build_net(spec, seed=2).double().eval()


def side_by_side(examples):
    """A batch in float64, where layer norms do not make rounding visible."""
    return make_batch(examples, dtype=torch.float64)


def said_of(question: str, answer: str) -> Sequence:
    """A training example of an encoder→decoder: the question, START, the answer; asked for the answer and STOP."""
    read = [*question, START, *answer]
    wanted = [np.nan] * len(question) + [SYMBOLS.index(symbol) for symbol in (*answer, STOP)]
    places = np.array([SYMBOLS.index(symbol) for symbol in read])
    return Sequence(places, kind="symbols", vocabulary=SYMBOLS, targets=np.array(wanted)[:, None])


def foretold(symbols: str) -> Sequence:
    return Sequence(np.array([SYMBOLS.index(symbol) for symbol in symbols]), kind="symbols", vocabulary=SYMBOLS)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("topology", ["seq2seq", "seq2vec"])
def test_a_batch_of_any_lengths_says_what_each_sequence_says_alone(kind, bidirectional, topology):
    net = a_net(**kind, bidirectional=bidirectional, topology=topology)
    x = [net.encode(foretold(symbols)) for symbols in ("abcab", "ba", "cab")]
    examples = [Example(each, np.zeros(len(each), np.int64)) for each in x]
    said, _ = net.read(side_by_side(examples))
    for b, example in enumerate(examples):
        alone, _ = net.read(side_by_side([example]))
        torch.testing.assert_close(said[b, : len(example.x)], alone[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", CELLS)
def test_decoders_that_begin_at_different_steps_say_what_each_says_alone(kind):
    net = a_net(**kind, topology="enc2dec")
    examples = [encode_example(net, said_of(*pair)) for pair in (("abcab", "ba"), ("c", "abcc"), ("ab", "c"))]
    batch = side_by_side(examples)
    assert batch.handover.tolist() == [5, 1, 2]
    said, state = net.read(batch)
    assert said.shape == (3, 8, 4)
    assert state is None
    for b, example in enumerate(examples):
        one = side_by_side([example])
        alone, _ = net.read(one)
        asked = slice(example.handover, len(example.x))
        torch.testing.assert_close(said[b, asked], alone[0, asked], rtol=0, atol=1e-12)
        torch.testing.assert_close(net(one.x), alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", CELLS)
def test_a_decoder_begins_in_the_state_in_which_the_encoder_ends(kind):
    net = a_net(**kind, topology="enc2dec")
    batch = side_by_side([encode_example(net, said_of("abc", "ba"))])
    said, _ = net.read(batch)
    with torch.no_grad():
        _, state = net.recurrent(batch.x[:, :3])
        h, _ = net.decoder(batch.x[:, 3:], state)
        torch.testing.assert_close(said[:, 3:], net.readout(h), rtol=0, atol=1e-12)


def test_asked_for_one_vector_the_reverse_direction_says_what_it_knows_at_its_own_end():
    net = a_net(bidirectional=True, topology="seq2vec")
    x = torch.from_numpy(net.encode(foretold("abcab")))[None].double()
    with torch.no_grad():
        _, (h_last, _) = net.recurrent(x)
        expected = net.readout(torch.cat([h_last[2], h_last[3]], dim=-1))
        torch.testing.assert_close(net(x)[:, -1], expected)
        h = net.recurrent(x)[0][0].numpy()
    np.testing.assert_allclose(net.decode(h)[-1], torch.softmax(expected[0], -1), rtol=1e-5)


@pytest.mark.parametrize("kind", CELLS)
def test_stretches_of_steps_carry_the_state_but_not_its_past(kind):
    net = a_net(**kind)
    batch = side_by_side([encode_example(net, foretold("abcabcab"))] * 2)
    whole, _ = net.read(batch)
    state, said = None, []
    for start in (0, 3, 6):
        part, state = net.read(batch, state, start, start + 3)
        state = cut(state)
        assert not any(each.requires_grad for each in (state if isinstance(state, tuple) else (state,)))
        said.append(part)
    torch.testing.assert_close(torch.cat(said, dim=1), whole, rtol=0, atol=1e-12)


def test_the_loss_of_symbols_is_the_cross_entropy_of_what_is_asked():
    net = a_net()
    batch = side_by_side([encode_example(net, foretold(symbols)) for symbols in ("abca", "cb")])
    assert batch.wanted.tolist() == [[1, 0, 2, NOTHING], [1, NOTHING, NOTHING, NOTHING]]
    said, _ = net.read(batch)
    total, count = loss_sum(net, said, batch.wanted)
    shares = torch.softmax(said, dim=-1).detach().numpy()
    right = [shares[0, 0, 1], shares[0, 1, 0], shares[0, 2, 2], shares[1, 0, 1]]
    assert int(count) == 4
    assert total.item() == pytest.approx(-sum(map(math.log, right)), rel=1e-5)


def test_the_loss_of_values_is_the_squared_error_in_units_of_the_read_out():
    spec = NetSpec(
        name="n",
        input=ValueInput(("a", "b"), (1.0, 2.0), (3.0, 4.0)),
        hidden=5,
        output=ValueOutput(("b", "a"), (2.0, 1.0), (4.0, 3.0), (1, 0)),
    )
    net = build_net(spec).double()
    values = np.arange(6.0).reshape(3, 2)
    batch = side_by_side([encode_example(net, Sequence(values)), encode_example(net, Sequence(values[:2]))])
    said, _ = net.read(batch)
    total, count = loss_sum(net, said, batch.wanted)
    expected = sum(
        float((said.detach()[b, t] - torch.tensor([(3 + 2 * t - 2) / 4, (2 + 2 * t - 1) / 3])).square().sum())
        for b, t in ((0, 0), (0, 1), (1, 0))
    )
    assert int(count) == 6
    assert total.item() == pytest.approx(expected, rel=1e-5)
    total.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in net.parameters())


def test_a_window_that_knows_what_follows_its_end_is_asked_for_it():
    spec = NetSpec(
        name="n",
        input=ValueInput(("x",), (0.0,), (1.0,)),
        hidden=3,
        output=ValueOutput(("x",), (0.0,), (1.0,), (0,)),
    )
    series = Sequence(np.arange(3.0), names=("x",), targets=np.array([[1.0], [2.0], [3.0]]), target_names=("x",))
    assert encode_example(build_net(spec), series).wanted.tolist() == [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize(
    ("kind", "sequence", "said"),
    [
        ({}, foretold("a"), "asks the net “n” nothing"),
        ({"topology": "seq2vec"}, foretold("abc"), "asks the net “n” nothing"),
        ({"topology": "enc2dec"}, foretold("abc"), "asks the net “n” nothing"),
        ({"topology": "enc2dec"}, said_of("", "ab"), f"expected symbols, {START}, and the right answer"),
    ],
)
def test_a_sequence_that_is_no_example_is_refused_in_a_sentence(kind, sequence, said):
    with pytest.raises(SequenceError) as error:
        encode_example(a_net(**kind), sequence)
    assert said in str(error.value)


@pytest.mark.parametrize("kind", [*CELLS, {"cell": "gru", "topology": "enc2dec"}, {"layers": 1, "bidirectional": True}])
def test_the_gradient_of_the_loss_is_that_of_finite_differences(kind):
    net = a_net(**{key: value for key, value in kind.items() if key != "layers"})
    sequences = [said_of("ab", "ca"), said_of("c", "b")]
    batch = side_by_side([encode_example(net, sequence) for sequence in sequences])
    names = [name for name, _ in net.named_parameters()]

    class Loss(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self):
            total, count = loss_sum(self.net, self.net.read(batch)[0], batch.wanted)
            return total / count

    def loss(*values):
        named = {f"net.{name}": value for name, value in zip(names, values, strict=True)}
        return torch.func.functional_call(Loss(), named, ())

    given = [parameter.detach().clone().requires_grad_() for parameter in net.parameters()]
    assert torch.autograd.gradcheck(loss, given, fast_mode=True)
