"""A decoder by itself: it reads what it said, until it says STOP, whatever mode the net is in."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from lstmviz.errors import SequenceError
from lstmviz.nets.answering import answered, answers, evaluating
from lstmviz.nets.batch import encode_example, loss_sum, make_batch
from lstmviz.nets.build import build_net
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP

SYMBOLS = ("a", "b", "c", START, STOP)
SPEC = NetSpec(
    name="mirror",
    topology="enc2dec",
    input=OneHotInput(SYMBOLS),
    hidden=12,
    output=ProbabilityOutput(("c", "b", STOP, "a")),
    said=9,
)
KINDS = [{}, {"cell": "gru"}, {"cell": "rnn", "layers": 2}, {"projection": 5}, {"peepholes": True, "layer_norm": True}]


def symbols_of(*read: str, targets=None) -> Sequence:
    places = np.array([SYMBOLS.index(symbol) for symbol in read])
    return Sequence(places, kind="symbols", vocabulary=SYMBOLS, targets=targets)


QUESTIONS = [symbols_of(*word) for word in ("abc", "c", "bbacb")]


def by_hand(net, question: Sequence) -> tuple[str, ...]:
    """The greedy run with torch's own modules, one symbol after another."""
    said: list[str] = []
    with torch.no_grad():
        _, state = net.recurrent(torch.from_numpy(net.encode(question))[None].double())
        read = START
        while len(said) < net.spec.said:
            h, state = net.decoder(torch.eye(5).double()[SYMBOLS.index(read)][None, None], state)
            read = net.output_names[int(net.readout(h)[0, 0].argmax())]
            if read == STOP:
                break
            said.append(read)
    return tuple(said)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_answers_are_those_of_a_greedy_run_by_hand(kind, seed):
    net = build_net(msgspec.structs.replace(SPEC, **kind), seed).double().eval()
    expected = [by_hand(net, question) for question in QUESTIONS]
    assert answers(net, QUESTIONS) == expected
    assert [answers(net, [question])[0] for question in QUESTIONS] == expected


def test_a_decoder_that_says_stop_ends_and_one_that_never_does_is_cut():
    net = build_net(SPEC).eval()
    with torch.no_grad():
        net.readout.weight.zero_()
        net.readout.bias.copy_(torch.tensor([0.0, 0.0, 5.0, 0.0]))
    assert answers(net, QUESTIONS) == [(), (), ()]
    assert len(answered(net, QUESTIONS[0])) == 4
    with torch.no_grad():
        net.readout.bias.copy_(torch.tensor([0.0, 5.0, 0.0, 0.0]))
    assert answers(net, QUESTIONS[:1]) == [("b",) * 9]
    read = answered(net, QUESTIONS[0])
    assert [read.symbol(t) for t in range(len(read))] == ["a", "b", "c", START, *"bbbbbbbb"]  # the ninth is only said


def test_what_follows_start_in_a_question_is_left_out():
    net = build_net(SPEC, 1).eval()
    whole = symbols_of("a", "b", START, "c", "c")
    assert answers(net, [whole]) == answers(net, [symbols_of("a", "b")])


def test_answering_changes_nothing_of_a_net_that_trains():
    net = build_net(msgspec.structs.replace(SPEC, layers=2), 1)
    quiet = answers(net.eval(), QUESTIONS)
    net.train()
    net.set_dropout(0.9)
    net.dropout.eval()
    state = torch.get_rng_state()
    assert answers(net, QUESTIONS) == quiet
    assert torch.equal(torch.get_rng_state(), state)
    modes = {name: module.training for name, module in net.named_modules()}
    assert modes == {"": True, "recurrent": True, "decoder": True, "dropout": False, "readout": True}
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())


def fails_inside(net) -> None:
    with evaluating(net):
        assert not net.decoder.training
        raise ZeroDivisionError


def test_the_mode_comes_back_after_an_error():
    net = build_net(SPEC).train()
    with pytest.raises(ZeroDivisionError):
        fails_inside(net)
    assert net.decoder.training


def test_a_symbol_that_the_net_does_not_know_is_refused():
    question = Sequence(np.array([[0]]), kind="symbols", vocabulary=("ç",))
    with pytest.raises(SequenceError, match="unknown to the net “mirror”"):
        answers(build_net(SPEC), [question])


def test_no_questions_have_no_answers():
    assert answers(build_net(SPEC), []) == []


def test_a_decoder_learns_to_say_a_word_backwards():
    net = build_net(SPEC, 0)
    words = ["ab", "ba", "abc", "cba", "bc", "cca"]
    sequences = [
        symbols_of(
            *word,
            START,
            *word[::-1],
            targets=np.array([np.nan] * len(word) + [SYMBOLS.index(s) for s in (*word[::-1], STOP)])[:, None],
        )
        for word in words
    ]
    batch = make_batch([encode_example(net, sequence) for sequence in sequences])
    optimiser = torch.optim.Adam(net.parameters(), 0.03)
    for _ in range(150):
        said, _ = net.read(batch)
        total, count = loss_sum(net, said, batch.wanted)
        optimiser.zero_grad()
        (total / count).backward()
        optimiser.step()
    assert answers(net, [symbols_of(*word) for word in words]) == [tuple(word[::-1]) for word in words]
