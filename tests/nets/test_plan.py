"""Which net a run trains, told from its settings and its data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstmviz.errors import ModelError
from lstmviz.nets.batch import encode_example
from lstmviz.nets.build import build_net
from lstmviz.nets.plan import loss_of, spec_for
from lstmviz.nets.spec import OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.runs.config import RunConfig
from lstmviz.sequences.datasets import DataSet, data_set
from lstmviz.sequences.samples import sample
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP


def fixed(*sequences: Sequence, topology="seq2seq", training=None) -> DataSet:
    """A data set of a few given sequences, the last of which judges."""
    return DataSet(
        name="given",
        title="Given",
        topology=topology,
        truth=None,
        draw=lambda n: sequences[n % len(sequences)],
        size=None if training is None else len(sequences),
        validation=sequences[-1:],
        probe=sequences[0],
        training=training,
    )


def test_every_setting_of_the_net_arrives():
    config = RunConfig(data="adding", topology="seq2vec", hidden=5, layers=2, bidirectional=True, projection=3)
    spec = spec_for(config, data_set("adding", topology="seq2vec"))
    assert (spec.cell, spec.topology, spec.hidden, spec.layers) == ("lstm", "seq2vec", 5, 2)
    assert (spec.bidirectional, spec.projection) == (True, 3)
    spec = spec_for(RunConfig(data="reber", peepholes=True, layer_norm=True), data_set("reber"))
    assert (spec.peepholes, spec.layer_norm, spec.name) == (True, True, "reber · LSTM 32")
    spec = spec_for(RunConfig(data="reber", cell="rnn", activation="relu"), data_set("reber"))
    assert (spec.cell, spec.activation, spec.name) == ("rnn", "relu", "reber · relu 32")


def test_a_series_is_foretold_in_the_units_of_its_training_part():
    years = sample("sunspots").load()
    data = data_set("sunspots", validation=0.2)
    spec = spec_for(RunConfig(data="sunspots"), data)
    training = years.values[: len(years) - round(0.2 * len(years)) - 1].astype(np.float64)
    assert isinstance(spec.input, ValueInput)
    np.testing.assert_allclose(spec.input.mean, training.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(spec.input.scale, training.std(axis=0), rtol=1e-6)
    assert spec.output == ValueOutput(("sunspots",), spec.input.mean, spec.input.scale, (0,))
    assert spec.task == "next"
    example = encode_example(build_net(spec), data.draw(3))
    wanted = example.wanted[:, 0] * spec.output.scale + spec.output.mean
    np.testing.assert_allclose(wanted, years.values[4:54, 0], rtol=0, atol=1e-4)


def test_without_standardising_values_enter_as_they_are():
    spec = spec_for(RunConfig(data="sunspots", standardise=False), data_set("sunspots"))
    assert (spec.input.mean, spec.input.scale) == ((0.0,), (1.0,))
    assert (spec.output.mean, spec.output.scale) == ((0.0,), (1.0,))


def test_a_generator_s_values_are_asked_in_the_units_of_its_truth():
    spec = spec_for(RunConfig(data="adding", topology="seq2vec"), data_set("adding", topology="seq2vec"))
    assert spec.input.scale != (1.0, 1.0)
    assert spec.output == ValueOutput(("0.5 + (X1 + X2)/4",), (0.0,), (1.0,))


def test_symbols_are_foretold_out_of_all_symbols():
    spec = spec_for(RunConfig(data="embedded-reber"), data_set("embedded-reber"))
    assert spec.input == OneHotInput(tuple("BEPSTVX"))
    assert spec.output == ProbabilityOutput(tuple("BEPSTVX"))


def test_a_class_is_one_of_the_names_of_the_targets():
    data = data_set("temporal-order", topology="seq2vec")
    spec = spec_for(RunConfig(data="temporal-order", topology="seq2vec"), data)
    assert spec.output == ProbabilityOutput(("XX", "XY", "YX", "YY"))
    assert spec.task != "next"


def test_a_review_is_asked_for_its_score():
    words = ("bom", "mau", "muito")
    reviews = [
        Sequence([[2], [place]], kind="symbols", vocabulary=words, targets=[[np.nan], [score]], target_names=("score",))
        for place, score in ((0, 1.0), (1, -1.0))
    ]
    spec = spec_for(RunConfig(data="x", topology="seq2vec"), fixed(*reviews, topology="seq2vec"))
    assert spec.input == OneHotInput(words)
    assert spec.output == ValueOutput(("score",), (0.0,), (1.0,))
    assert encode_example(build_net(spec), reviews[1]).wanted[-1] == -1


def test_a_picture_is_asked_for_a_letter_at_every_step():
    letters = ("e", "i", "n", "s", "t", STOP)
    picture = np.array([[0.0, 1.0, 1.0]] * 4)
    eins = Sequence(picture, targets=[[0], [1], [2], [3]], target_names=letters)
    spec = spec_for(RunConfig(data="x", topology="vec2seq"), fixed(eins, topology="vec2seq"))
    assert spec.input == ValueInput(("x0", "x1", "x2"), (0.0, 1.0, 1.0), (1.0, 1.0, 1.0))
    assert spec.output == ProbabilityOutput(letters)
    assert encode_example(build_net(spec), eins).wanted.tolist() == [0, 1, 2, 3]


def test_the_targets_of_a_file_are_asked_in_units_of_their_own():
    whole = Sequence(np.arange(6.0), targets=np.array([[10.0], [30.0]] * 3), target_names=("load",))
    spec = spec_for(RunConfig(data="x"), fixed(whole[:3], whole[3:], training=whole))
    assert spec.output == ValueOutput(("load",), (20.0,), (10.0,))


def dates(question: str, answer: str) -> Sequence:
    symbols = ("1", "2", "m", START, STOP)
    read = [symbols.index(symbol) for symbol in (*question, START, *answer)]
    wanted = [np.nan] * len(question) + [symbols.index(symbol) for symbol in (*answer, STOP)]
    return Sequence(np.array(read), kind="symbols", vocabulary=symbols, targets=np.array(wanted)[:, None])


def test_an_encoder_decoder_reads_start_says_stop_and_has_room_for_the_longest_answer():
    data = fixed(dates("m1", "12"), dates("m", "1" * 50), topology="enc2dec")
    spec = spec_for(RunConfig(data="x", topology="enc2dec"), data)
    assert spec.input == OneHotInput(("1", "2", "m", START, STOP))
    assert spec.output == ProbabilityOutput(("1", "2", "m", STOP))
    assert spec.said == 102
    net = build_net(spec)
    example = encode_example(net, dates("m1", "12"))
    assert example.handover == 2
    assert example.wanted.tolist() == [-100, -100, 0, 1, 3]


def test_the_least_loss_is_told_in_the_units_in_which_the_net_pays():
    prices = data_set("prices")
    spec = spec_for(RunConfig(data="prices"), prices)
    unit, least = loss_of(spec, prices.truth)
    assert unit == "mean squared error of standardised values"
    assert least == pytest.approx(prices.truth.optimal_loss / spec.output.scale[0] ** 2)
    plain = spec_for(RunConfig(data="prices", standardise=False), prices)
    assert loss_of(plain, prices.truth) == (prices.truth.unit, prices.truth.optimal_loss)
    reber = data_set("embedded-reber")
    spec = spec_for(RunConfig(data="embedded-reber"), reber)
    assert loss_of(spec, reber.truth) == (reber.truth.unit, reber.truth.optimal_loss)
    assert loss_of(spec, None) == ("nats per predicted symbol", None)


def test_outputs_of_different_scales_have_one_least_loss_only_where_it_is_zero():
    spec = spec_for(RunConfig(data="macro"), data_set("macro"))
    truth = data_set("prices").truth
    assert loss_of(spec, truth)[1] is None
    assert loss_of(spec, replace(truth, optimal_loss=0.0))[1] == 0.0


def test_a_config_that_its_data_contradicts_is_refused():
    with pytest.raises(ModelError, match="expected symbols in and probabilities out"):
        spec_for(RunConfig(data="sunspots", topology="enc2dec"), data_set("sunspots"))
