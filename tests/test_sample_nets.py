"""The sample nets: each sample opens with its own, and what the notes say is measured here again, in other ways."""

from __future__ import annotations

import re
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from fresh_topologies import fresh_of, last_move, place_in_date, score_read, still_to_say
from PIL import Image
from shipped_nets import FRESH, Numbers, looked_at, net_of, numbers_in, owed, shown, symbols

import lstmviz
from lstmviz import paths
from lstmviz.sequences.generators import Generated
from lstmviz.sequences.generators.adding import adding
from lstmviz.sequences.generators.brackets import nested_brackets
from lstmviz.sequences.generators.counting import anbn
from lstmviz.sequences.generators.flipflop import flip_flop
from lstmviz.sequences.generators.order import temporal_order
from lstmviz.sequences.generators.reber import embedded_reber
from lstmviz.sequences.samples import Sample, samples
from lstmviz.traces.trace import Trace


@cache
def judged(name: str) -> list[Trace]:
    make = {"adding": adding, "temporal-order": temporal_order}[name]
    return lstmviz.record(net_of(name), [make(seed).sequence for seed in FRESH])


def table(file: str, column: int) -> Numbers:
    return np.genfromtxt(paths.samples() / "sequences" / file, delimiter=",", skip_header=1)[:, column]


def spaces(trace: Trace) -> Numbers:
    stories = [(paths.samples() / "sequences" / f"text-{name}.txt").read_text("utf-8") for name in ("en", "pt")]
    (text,) = (story for story in stories if story == symbols(trace.sequence))
    return np.array([character in " \n" for character in text], float)


def depth(trace: Trace) -> Numbers:
    steps = {**dict.fromkeys("([{", 1.0), **dict.fromkeys(")]}", -1.0)}
    return np.cumsum([steps.get(symbol, 0.0) for symbol in symbols(trace.sequence)])


def outer_letters(trace: Trace) -> Numbers:
    truth: list[float] = []
    for string in re.findall(r"B[TP]B[^E]*E[TP]E", symbols(trace.sequence)):
        sign = 1.0 if string[1] == "T" else -1.0
        # once the letter is repeated nothing is left to remember
        truth += [np.nan, *[sign] * (len(string) - 3), np.nan, np.nan]
    return np.array(truth)


def sums(trace: Trace) -> Numbers:
    x, marker = trace.sequence.values.astype(np.float64).T
    return np.array([x[: t + 1][marker[: t + 1] == 1].sum() for t in range(len(x))])


def first_of_x_and_y(trace: Trace) -> Numbers:
    text = symbols(trace.sequence)
    place = min(text.find(letter) for letter in "XY" if letter in text)
    return np.array([np.nan] * place + [1.0 if text[place] == "X" else -1.0] * (len(text) - place))


def bit_1(trace: Trace) -> Numbers:
    held, memory = 0.0, []
    for pulse in trace.sequence.values[:, 1]:
        held = float(pulse) or held
        memory.append(held)
    return np.array(memory)


def loudness(trace: Trace) -> Numbers:
    with wave.open(str(paths.samples() / "sequences" / "tones.wav")) as file:
        power = (np.frombuffer(file.readframes(file.getnframes()), "<i2") / 2**15) ** 2
    return np.sqrt([power[max(0, t - 39) : t + 1].sum() / 40 for t in range(len(trace))])


def ink(trace: Trace) -> Numbers:
    return np.asarray(Image.open(paths.samples() / "sequences" / "five.png")).sum(axis=1) / 255


BY_HAND = "anbn-exact"


"""The net that was not trained: what its note says holds without exception."""


@dataclass(frozen=True)
class Claim:
    """That a unit follows the truth of the traces of some samples, with a correlation at least that large by size."""

    traces: Callable[[], list[Trace]]
    truth: Callable[[Trace], Numbers]
    least: float


CLAIMS = {
    "sunspots": Claim(lambda: [shown("sunspots")], lambda trace: table("sunspots.csv", 1), 0.95),
    "macro": Claim(lambda: [shown("macro")], lambda trace: table("macro.csv", 10), 0.88),
    "text": Claim(lambda: [shown("text-en"), shown("text-pt")], spaces, 0.7),
    "brackets": Claim(lambda: [shown("brackets")], depth, 0.88),
    "reber": Claim(lambda: [shown("reber")], outer_letters, 0.85),
    "adding": Claim(lambda: judged("adding"), sums, 0.92),
    "temporal-order": Claim(lambda: judged("temporal-order"), first_of_x_and_y, 0.92),
    "anbn": Claim(lambda: [shown("anbn")], owed, 0.97),
    "two-layer": Claim(lambda: [shown("flip-flop")], bit_1, 0.97),
    "tones": Claim(lambda: [shown("tones")], loudness, 0.9),
    "five": Claim(lambda: [shown("five")], ink, 0.95),
    "prices": Claim(lambda: fresh_of("prices", steps=200), last_move, 0.9),
    "reviews": Claim(lambda: fresh_of("reviews"), score_read, 0.75),
    "digit-names": Claim(lambda: fresh_of("digit-names"), still_to_say, 0.8),
    "dates": Claim(lambda: fresh_of("dates"), place_in_date, 0.85),
}


def correlation(name: str, traces: list[Trace], truth: Callable[[Trace], Numbers]) -> float:
    followed = np.concatenate([truth(trace) for trace in traces])
    known = np.isfinite(followed)
    return float(np.corrcoef(looked_at(name, traces)[known], followed[known])[0, 1])


@pytest.mark.parametrize("one", samples(), ids=[one.id for one in samples()])
def test_every_sample_opens_with_its_net_into_a_checked_trace_that_knows_what_was_asked(one: Sample) -> None:
    trace = shown(one.id)
    assert trace.model.name == one.net
    assert trace.check is not None
    assert trace.check.passed
    assert len(trace) == len(one.load())
    assert trace.outputs is not None
    assert np.isfinite(trace.outputs[trace.handover :]).all()
    assert trace.targets is not None
    assert np.isfinite(trace.targets).any()


def test_every_net_is_of_a_sample_has_a_claim_and_stays_small() -> None:
    files = {path.name: path.stat().st_size for path in (paths.samples() / "nets").iterdir()}
    names = {one.net for one in samples()}
    assert set(files) == {f"{name}.{ending}" for name in names for ending in ("json", "safetensors")}
    assert max(files.values()) < 300_000
    assert {*CLAIMS, BY_HAND} == names


@pytest.mark.parametrize("name", CLAIMS)
def test_the_note_names_the_unit_to_look_at_and_its_correlation_in_both_languages(name: str) -> None:
    spec, claim = net_of(name).spec, CLAIMS[name]
    r = correlation(name, claim.traces(), claim.truth)
    assert abs(r) >= claim.least
    assert set(spec.note) == {"en", "pt_BR"}
    for language, number in (("en", r"−?\d\.\d+"), ("pt_BR", r"−?\d,\d+")):
        note = spec.note[language]
        assert re.search(rf"(unit|unidade) {spec.look.unit}\b", note)
        assert ("layer 1" in note or "camada 1" in note) == (spec.look.layer == 1)
        said = re.search(rf"r = ({number})", note)
        assert said is not None
        digits = len(said[1].replace(",", ".").split(".")[1])
        assert float(said[1].replace("−", "-").replace(",", ".")) == pytest.approx(r, abs=0.5 * 10**-digits + 1e-3)
        assert not re.search(r"-\d", note)
    assert numbers_in(spec.note["en"], "en") == numbers_in(spec.note["pt_BR"], "pt_BR")


FRESH_FROM_GENERATORS: dict[str, tuple[Callable[[], Generated], Callable[[Trace], Numbers], float]] = {
    "brackets": (lambda: nested_brackets(4321, steps=4_000), depth, 0.88),
    "reber": (lambda: embedded_reber(4321, strings=600), outer_letters, 0.85),
    "anbn": (lambda: anbn(4321, strings=400), owed, 0.97),
    "two-layer": (lambda: flip_flop(4321, steps=2_000), bit_1, 0.97),
}


@cache
def fresh(name: str) -> tuple[Generated, Trace]:
    generated = FRESH_FROM_GENERATORS[name][0]()
    return generated, lstmviz.record(net_of(name), generated.sequence)


@pytest.mark.parametrize("name", FRESH_FROM_GENERATORS)
def test_the_unit_does_on_fresh_sequences_what_it_does_on_the_sample(name: str) -> None:
    _, truth, least = FRESH_FROM_GENERATORS[name]
    assert abs(correlation(name, [fresh(name)[1]], truth)) >= least


def test_the_counters_move_one_way_at_each_opening_and_the_other_way_at_each_closing() -> None:
    for name, opening, closing in (("brackets", "([{", ")]}"), ("anbn", "a", "b")):
        trace = shown(name)
        text = np.array(list(symbols(trace.sequence)))
        moves = np.diff(looked_at(name, [trace]), prepend=0)
        rises = "rises" in net_of(name).spec.note["en"]
        assert ((moves[np.isin(text, list(opening))] > 0) == rises).all()
        assert ((moves[np.isin(text, list(closing))] < 0) == rises).all()


def nats(trace: Trace) -> Numbers:
    """What the net paid at each step where a symbol was asked."""
    assert trace.outputs is not None
    assert trace.targets is not None
    asked = np.isfinite(trace.targets[:, 0])
    right = trace.targets[asked, 0].astype(int)
    return -np.log(trace.outputs[asked, right].astype(np.float64))


@pytest.mark.parametrize(
    ("name", "optimum", "short"), [("reber", 7 * np.log(2) / 11, 0.03), ("anbn", np.log(10) / 12, 0.02)]
)
def test_the_nets_of_grammars_pay_hardly_more_than_a_perfect_one(name: str, optimum: float, short: float) -> None:
    assert optimum - 0.02 < nats(fresh(name)[1]).mean() < optimum + short


def test_the_net_of_the_brackets_knows_which_bracket_is_open() -> None:
    truth = fresh("brackets")[0].truth
    paid = nats(fresh("brackets")[1]).mean()
    assert paid < truth.optimal_loss + 0.06 < truth.baselines["forgets which bracket is open"]


def test_the_net_of_the_stories_knows_more_than_how_often_each_character_comes() -> None:
    for id in ("text-en", "text-pt"):
        _, counts = np.unique(list(symbols(shown(id).sequence)), return_counts=True)
        shares = counts / counts.sum()
        assert nats(shown(id)).mean() < 0.78 * -(shares * np.log(shares)).sum()


def test_the_net_of_the_stories_lets_go_at_spaces_and_hardly_elsewhere_as_its_note_says() -> None:
    traces = [shown("text-en"), shown("text-pt")]
    space, gate = np.concatenate([spaces(trace) for trace in traces]) == 1, looked_at("text", traces)
    for note in net_of("text").spec.note.values():
        at_spaces, elsewhere = (int(share) for share in re.findall(r"(\d+) %", note))
        assert 100 * (gate[space] < 0.2).mean() == pytest.approx(at_spaces, abs=0.6)
        assert 100 * (gate[~space] < 0.2).mean() == pytest.approx(elsewhere, abs=0.6)
        assert at_spaces > 90 > 10 > elsewhere


def test_the_unit_of_the_reber_net_has_the_sign_that_its_note_says_at_as_many_steps() -> None:
    trace = shown("reber")
    letter, state = outer_letters(trace), looked_at("reber", [trace])
    known = np.isfinite(letter)
    for language, above in (("en", "above zero after an outer T"), ("pt_BR", "acima de zero depois de um T")):
        note = net_of("reber").spec.note[language]
        (share,) = (int(number) for number in re.findall(r"(\d+) %", note))
        sign = 1 if above in note else -1
        assert 100 * (np.sign(state[known]) == sign * letter[known]).mean() == pytest.approx(share, abs=0.6)
        assert share > 90


def test_the_adding_net_errs_as_little_as_its_note_says_and_moves_at_the_marks() -> None:
    traces = judged("adding")
    error, _, guess, _ = numbers_in(net_of("adding").spec.note["en"], "en")
    asked = np.array([0.5 + sums(trace)[-1] / 4 for trace in traces])
    said = np.array([trace.outputs[-1, 0] for trace in traces if trace.outputs is not None])
    assert np.abs(said - asked).mean() == pytest.approx(error, abs=6e-4)
    assert np.abs(0.5 - asked).mean() == pytest.approx(guess, abs=6e-4)
    marker = np.concatenate([trace.sequence.values[:, 1] for trace in traces])
    moves = np.concatenate([np.abs(np.diff(looked_at("adding", [trace]), prepend=0)) for trace in traces])
    times = re.search(r"moves it (\d+) times", net_of("adding").spec.note["en"])
    assert times is not None
    assert moves[marker == 1].mean() / moves[marker == 0].mean() == pytest.approx(int(times[1]), abs=0.55)


def test_the_net_of_temporal_order_names_as_many_classes_as_its_note_says_and_its_unit_stays_till_the_end() -> None:
    right, high_after_x = 0, []
    for trace in judged("temporal-order"):
        word = re.sub("[^XY]", "", symbols(trace.sequence))
        assert trace.outputs is not None
        right += trace.output_names[int(trace.outputs[-1].argmax())] == word
        high_after_x.append((word[0] == "X", looked_at("temporal-order", [trace])[-1]))
    note = net_of("temporal-order").spec.note["en"]
    assert f"of 200 fresh sequences of 100 to 110 steps it names {right} right" in note
    after_x, after_y = ([h for x, h in high_after_x if x is first] for first in (True, False))
    high = "stays high after an X" in note
    assert min(after_x if high else after_y) > max(after_y if high else after_x)


def test_the_unit_of_the_two_layer_net_turns_over_at_pulses_of_its_bit_alone() -> None:
    trace, note = shown("flip-flop"), net_of("two-layer").spec.note["en"]
    h, bit = looked_at("two-layer", [trace]), bit_1(trace)
    sign = 1 if "above zero while bit 1 is +" in note else -1
    assert (np.sign(h) == sign * bit).all()
    moves, pulses = np.abs(np.diff(h)), trace.sequence.values[1:] != 0
    assert moves[(pulses[:, [0, 2]].any(axis=1)) & ~pulses[:, 1]].max() < 0.15
    assert moves[np.diff(bit) != 0].min() > 0.5
    generated, again = fresh("two-layer")
    assert again.outputs is not None
    assert (np.sign(again.outputs) == generated.sequence.targets).mean() > 0.995


@pytest.mark.parametrize("id", ["sunspots", "macro", "tones", "five"])
def test_the_forecasters_do_better_than_saying_that_nothing_changes(id: str) -> None:
    trace = shown(id)
    values, said = trace.sequence.values, trace.outputs
    assert said is not None
    # the years after 1949 were not learnt
    start = 250 if id == "sunspots" else 0
    # pixels are of one kind and some never change; figures are of many sizes
    scale = 1.0 if id == "five" else values.std(axis=0)
    error = (said[start:-1] - values[start + 1 :]) / scale
    change = (values[start:-1] - values[start + 1 :]) / scale
    assert (error**2).mean() < 0.6 * (change**2).mean()


def test_the_gate_of_the_economy_is_most_closed_from_1973_to_1981() -> None:
    trace = shown("macro")
    assert trace.sequence.times is not None
    years = trace.sequence.times.astype("datetime64[Y]").astype(int) + 1970
    gate = looked_at("macro", [trace])
    nine = {first: gate[(years >= first) & (years < first + 9)].mean() for first in range(1959, 2001)}
    assert min(nine, key=lambda first: nine[first]) == 1973


def test_the_unit_of_the_sound_is_on_average_where_its_note_says_in_sound_and_in_silence() -> None:
    trace = shown("tones")
    sound, silence, _ = numbers_in(net_of("tones").spec.note["en"], "en")
    state, loud = looked_at("tones", [trace]), loudness(trace)
    assert state[loud > 0].mean() == pytest.approx(sound, abs=0.006)
    assert state[loud == 0].mean() == pytest.approx(silence, abs=0.006)
    assert abs(sound - silence) > 1


def test_the_gate_of_the_picture_is_as_open_over_empty_rows_as_its_note_says() -> None:
    trace = shown("five")
    gate = looked_at("five", [trace])
    _, empty = numbers_in(net_of("five").spec.note["en"], "en")
    assert gate[ink(trace) == 0].mean() == pytest.approx(empty, abs=0.006)
    assert gate[ink(trace) == 0].min() > gate[ink(trace) > 1.5].max()
