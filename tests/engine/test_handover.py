"""An encoder and its decoder are one trace: the equations run through both, one state from end to start."""

from __future__ import annotations

import copy

import msgspec
import numpy as np
import pytest
import torch

import lstmviz
from lstmviz.cells.gru import gru_step
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.weights import GruWeights, RnnWeights
from lstmviz.engine.weights import read_stack
from lstmviz.errors import SequenceError
from lstmviz.nets.answering import answers
from lstmviz.nets.batch import encode_example, make_batch
from lstmviz.nets.build import build_net
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP

SYMBOLS = ("a", "b", "c", START, STOP)
SPEC = NetSpec(
    name="n",
    topology="enc2dec",
    input=OneHotInput(SYMBOLS),
    hidden=5,
    layers=2,
    output=ProbabilityOutput(("c", "b", "a", STOP)),
    said=12,
)
KINDS = [
    {},
    {"cell": "gru"},
    {"cell": "rnn", "activation": "relu"},
    {"projection": 3},
    {"peepholes": True, "layer_norm": True, "projection": 3},
]


def a_net(seed=1, **kind):
    return build_net(msgspec.structs.replace(SPEC, **kind), seed, "orthogonal")


def said_of(question: str, answer: str) -> Sequence:
    read = [*question, START, *answer]
    wanted = [np.nan] * len(question) + [SYMBOLS.index(symbol) for symbol in (*answer, STOP)]
    places = np.array([SYMBOLS.index(symbol) for symbol in read])
    return Sequence(places, kind="symbols", vocabulary=SYMBOLS, targets=np.array(wanted)[:, None])


def one_step(weights, x, h, c):
    if isinstance(weights, RnnWeights):
        return {"h": rnn_step(weights, x, h).y}
    step = gru_step(weights, x, h) if isinstance(weights, GruWeights) else lstm_step(weights, x, h, c)
    return {name: getattr(step, name) for name in ("rfgh" if isinstance(weights, GruWeights) else "ifogch")}


def by_hand(net, sequence: Sequence, handover: int):
    """Every signal of every layer in float64, step after step, the decoder's weights from the handover on."""
    parts = [read_stack(copy.deepcopy(part).double()) for part in (net.recurrent, net.decoder)]
    below, found = net.encode(sequence).astype(np.float64), []
    for layer in range(net.spec.layers):
        h, c, rows = None, None, []
        for t, x in enumerate(below):
            rows.append(one_step(parts[t >= handover].lanes[layer, "forward"].cells, x, h, c))
            h, c = rows[-1]["h"], rows[-1].get("c")
        found.append({name: np.stack([row[name] for row in rows]) for name in rows[0]})
        below = found[-1]["h"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_signal_is_that_of_the_equations_through_both_parts(kind):
    net, sequence = a_net(**kind).double(), said_of("abcab", "ba")
    trace = lstmviz.record(net, sequence)
    assert (trace.handover, len(trace)) == (5, 8)
    for layer, signals in enumerate(by_hand(net, sequence, 5)):
        lane = trace.lanes[layer, "forward"]
        assert set(lane.signals) == set(signals)
        for name, values in signals.items():
            np.testing.assert_allclose(lane.signals[name], values, rtol=0, atol=1e-10, err_msg=f"{layer} {name}")
        np.testing.assert_array_equal(trace.weights_at(4, layer).wx, lane.weights.wx)
        np.testing.assert_array_equal(trace.weights_at(5, layer).wx, lane.decoder.wx)
        assert not np.array_equal(lane.weights.wh, lane.decoder.wh)
    assert trace.check.passed
    assert trace.check.steps == 8


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_those_of_the_net_and_nothing_is_said_before_the_decoder(kind):
    net, sequence = a_net(**kind).double(), said_of("abc", "cb")
    trace = lstmviz.record(net, sequence)
    with torch.no_grad():
        batch = make_batch([encode_example(net, sequence)], dtype=torch.float64)
        said = torch.softmax(net.read(batch)[0][0], dim=-1).numpy()
    assert np.isnan(trace.outputs[:3]).all()
    np.testing.assert_allclose(trace.outputs[3:], said[3:], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(trace.targets[:, 0], [np.nan, np.nan, np.nan, 0, 1, 3])


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_with_handovers_at_different_steps_gives_what_each_gives_alone(kind):
    net = a_net(**kind).double()
    sequences = [said_of("abcab", "ba"), said_of("c", "abcab"), said_of("ab", "")]
    for trace, sequence in zip(lstmviz.record(net, sequences), sequences, strict=True):
        alone = lstmviz.record(net, sequence)
        assert trace.handover == alone.handover
        assert trace.check.passed
        for key, lane in alone.lanes.items():
            for name, values in lane.signals.items():
                np.testing.assert_allclose(trace.lanes[key].signals[name], values, rtol=0, atol=1e-12)
        np.testing.assert_allclose(trace.outputs, alone.outputs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_a_question_is_answered_and_the_trace_holds_what_was_read(kind, seed):
    net = a_net(seed, **kind)
    question = said_of("abca", "")[:4]
    trace = lstmviz.record(net, question)
    (said,) = answers(net, [question])
    likeliest = [net.output_names[place] for place in trace.outputs[4:].argmax(axis=1)]
    assert likeliest[: len(said)] == list(said)
    assert likeliest[len(said) :] in ([], [STOP])
    read = [trace.sequence.symbol(t) for t in range(len(trace))]
    assert read == [*"abca", START, *said[: net.spec.said - 1]]
    assert trace.targets is None


def test_progress_goes_over_both_parts():
    seen = []
    lstmviz.record(a_net(), said_of("abcab", "ba"), progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [5, 10, 13, 16]
    assert {total for _, total in seen} == {16}


def test_a_start_with_nothing_before_it_is_refused():
    with pytest.raises(SequenceError, match="expected symbols, ⟨start⟩"):
        lstmviz.record(a_net(), said_of("", "ab"))


def test_a_trace_of_both_comes_back_from_its_store(tmp_path):
    trace = lstmviz.record(a_net(cell="gru"), said_of("abc", "cb"))
    trace.save(tmp_path / "both.zarr")
    again = lstmviz.open_trace(tmp_path / "both.zarr")
    assert again.handover == 3
    np.testing.assert_array_equal(again.outputs, trace.outputs)
    for key, lane in trace.lanes.items():
        np.testing.assert_array_equal(again.lanes[key].decoder.wh, lane.decoder.wh)


VALUES = NetSpec(
    name="v",
    input=ValueInput(("a", "b"), (0.0, 0.0), (1.0, 1.0)),
    hidden=6,
    layers=2,
    output=ValueOutput(("a",), (0.0,), (1.0,), (0,)),
)


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        VALUES,
        msgspec.structs.replace(VALUES, cell="gru", bidirectional=True, topology="seq2vec"),
        msgspec.structs.replace(VALUES, peepholes=True, layer_norm=True, bidirectional=True),
    ],
)
def test_recording_a_net_in_the_middle_of_its_training_changes_nothing_of_it(spec):
    net = build_net(spec, 2).double()
    net.set_dropout(0.5)
    net.train()
    words = spec.topology == "enc2dec"
    sequence = said_of("abc", "cb") if words else Sequence(np.random.default_rng(0).normal(size=(9, 2)))
    x = torch.from_numpy(net.encode(sequence))[None].double()
    net(x).sum().backward()
    before = copy.deepcopy([(p, p.grad, p.requires_grad) for p in net.parameters()])
    random = torch.get_rng_state()
    trace = lstmviz.record(net, sequence)
    if words:
        lstmviz.record(net, sequence[:3])
    assert torch.equal(torch.get_rng_state(), random)
    assert all(module.training for module in net.modules())
    assert (net.dropout.p, net.recurrent.dropout) == (0.5, 0.5)
    for parameter, (value, gradient, wanted) in zip(net.parameters(), before, strict=True):
        assert torch.equal(parameter, value)
        assert torch.equal(parameter.grad, gradient)
        assert parameter.requires_grad is wanted
    with torch.no_grad():
        quiet = net.eval()(x)[0].numpy()
    said = trace.outputs[trace.handover :]
    expected = quiet[trace.handover :]
    expected = torch.softmax(torch.from_numpy(expected), -1).numpy() if words else expected
    np.testing.assert_allclose(said, expected, rtol=0, atol=1e-12)
    assert trace.check.passed


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_vector_of_a_whole_sequence_is_recorded_as_the_net_says_it(cell):
    spec = msgspec.structs.replace(VALUES, cell=cell, topology="seq2vec", bidirectional=True)
    net = build_net(spec, 3).eval()
    sequences = [Sequence(np.random.default_rng(n).normal(size=(steps, 2))) for n, steps in enumerate((9, 4))]
    for trace, sequence in zip(lstmviz.record(net, sequences), sequences, strict=True):
        with torch.no_grad():
            said = net(torch.from_numpy(net.encode(sequence))[None])[0].numpy()
        np.testing.assert_allclose(trace.outputs, said, rtol=0, atol=1e-6)
