"""The generators give what they say, and their optima are exact: each number is found again by another road."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.errors import SequenceError
from lstmviz.sequences.generators import GENERATORS, Generated, Truth, stream
from lstmviz.sequences.generators import brackets as bracket_module
from lstmviz.sequences.generators.adding import adding
from lstmviz.sequences.generators.brackets import bracket_truth, nested_brackets
from lstmviz.sequences.generators.chain import expected_visits
from lstmviz.sequences.generators.counting import anbn, anbn_strings
from lstmviz.sequences.generators.flipflop import flip_flop
from lstmviz.sequences.generators.order import temporal_order
from lstmviz.sequences.generators.reber import (
    EMBEDDED_GRAPH,
    GRAPH,
    embedded_reber,
    embedded_reber_strings,
    legal_next,
    moments,
    reber,
    reber_strings,
    string_sequence,
)

HALF = Fraction(1, 2)


def text_of(generated: Generated) -> str:
    sequence = generated.sequence
    return "".join(sequence.symbol(t) for t in range(len(sequence)))


def enumerate_strings(embedded: bool, longest: int) -> dict[str, Fraction]:
    """Every string up to a length with its probability, grown from ``legal_next`` alone."""
    whole: dict[str, Fraction] = {}
    open_prefixes = {"": Fraction(1)}
    for _ in range(longest):
        grown: dict[str, Fraction] = {}
        for prefix, probability in open_prefixes.items():
            legal = legal_next(prefix, embedded=embedded)
            for symbol in legal:
                grown[prefix + symbol] = probability / len(legal)
        whole |= {prefix: p for prefix, p in grown.items() if not legal_next(prefix, embedded=embedded)}
        open_prefixes = {prefix: p for prefix, p in grown.items() if prefix not in whole}
    return whole


def test_a_string_of_rebers_grammar_has_eight_symbols_and_six_tosses() -> None:
    assert moments(GRAPH, "0") == (8, 6)


def test_an_embedded_string_has_twelve_symbols_and_seven_bits() -> None:
    assert moments(EMBEDDED_GRAPH, "start") == (12, 7)


def test_the_moments_of_the_inner_grammar_solve_its_equations_by_hand() -> None:
    # mean symbols from each state on: L2 = 2 + L4, L3 = 2 + L5, L4 = 3/2 + L3/2, L5 = 3/2 + L4/2
    l4 = (Fraction(3, 2) + HALF * (2 + Fraction(3, 2))) / (1 - HALF * HALF)
    l5 = Fraction(3, 2) + HALF * l4
    l2, l3 = 2 + l4, 2 + l5
    assert 1 + 1 + HALF * l2 + HALF * l3 == moments(GRAPH, "0")[0] == 8


def test_the_moments_of_the_embedded_grammar_are_those_of_its_strings_one_by_one() -> None:
    strings = enumerate_strings(embedded=True, longest=26)
    mass = sum(strings.values())
    assert 0.98 < mass < 1
    # given the mass that is in, length and bits of each string are exact; the tail only adds
    length = sum(len(string) * p for string, p in strings.items())
    bits = sum(-math.log2(p) * float(p) for p in strings.values())
    tail = float(1 - mass)
    assert float(length) + 27 * tail <= 12.0 <= float(length) + 60 * tail
    assert bits <= 7.0 <= bits + 60 * tail
    assert all((p.numerator, p.denominator & (p.denominator - 1)) == (1, 0) for p in strings.values())


def test_the_optimum_of_the_embedded_grammar_is_that_of_the_literature() -> None:
    truth = embedded_reber().truth
    assert truth.optimal_loss == pytest.approx(7 * math.log(2) / 11, abs=1e-15)
    assert round(truth.optimal_loss, 4) == 0.4411
    assert truth.guessable == 7.5 / 11
    assert round(100 * truth.guessable, 2) == 68.18
    (ignorant,) = truth.baselines.values()
    assert ignorant == pytest.approx(8 * math.log(2) / 11, abs=1e-15)
    assert round(ignorant, 4) == 0.5041


def test_each_embedded_string_repeats_its_second_letter_and_holds_a_reber_string() -> None:
    for string in islice(embedded_reber_strings(3), 300):
        assert (string[0], string[-1]) == ("B", "E")
        assert string[1] == string[-2] in "TP"
        assert not legal_next(string[2:-2], embedded=False)
        string_sequence(string)


def test_a_string_of_a_wrong_reber_graph_is_refused_by_its_place() -> None:
    assert legal_next("") == {"B"}
    assert legal_next("BT") == {"B"}
    assert legal_next("BTBTXX") == {"T", "V"}
    assert legal_next("BTBTXSE") == {"T"}
    assert legal_next("BPBTXSE") == {"P"}
    assert legal_next("BTBTXSETE") == frozenset()
    # in a graph that circulates the loop on T stands beside the loop on S at the same state
    with pytest.raises(SequenceError, match=r"symbol 4 is “T”; expected S, X"):
        string_sequence("BTST", embedded=False)
    with pytest.raises(SequenceError, match=r"symbol 9 is “P”; expected T"):
        legal_next("BTBTSXSEP")


def test_reber_streams_are_their_strings_end_to_end() -> None:
    for make, source in ((reber, reber_strings), (embedded_reber, embedded_reber_strings)):
        assert text_of(make(seed=5, strings=12)) == "".join(islice(source(5), 12))


def test_targets_ask_for_the_next_symbol_but_never_across_a_border() -> None:
    sequence = embedded_reber(seed=1, strings=6).sequence
    assert sequence.targets is not None
    assert sequence.vocabulary == ("B", "E", "P", "S", "T", "V", "X")
    ends = [t for t in range(len(sequence)) if sequence.labels and sequence.labels[t] == "end"]
    assert len(ends) == 6
    for t in range(len(sequence)):
        target = sequence.targets[t, 0]
        assert np.isnan(target) if t in ends else target == sequence.values[t + 1, 0]


@pytest.mark.parametrize("make", [reber, embedded_reber])
def test_what_a_perfect_model_pays_at_each_step_is_the_entropy_of_the_legal_symbols(make: object) -> None:
    generated = make(seed=2, strings=8)  # type: ignore[operator]
    string, place = text_of(generated), 0
    for t, symbol in enumerate(string):
        place += 1
        legal = legal_next(string[t + 1 - place : t + 1], embedded=make is embedded_reber)
        if legal:
            assert generated.optimum[t] == math.log(len(legal))
        else:
            assert np.isnan(generated.optimum[t])
            assert symbol == "E"
            place = 0


def test_expected_visits_of_a_coin_are_two() -> None:
    assert expected_visits({"toss": {"toss": HALF, "end": HALF}}, "toss") == {"toss": 2}


@given(st.integers(0, 2**32), st.integers(20, 300))
@settings(deadline=None, max_examples=30)
def test_the_adding_problem_asks_for_half_plus_a_quarter_of_the_marked_sum(seed: int, length: int) -> None:
    sequence = adding(seed, length).sequence
    x, marker = sequence.values.T
    assert length <= len(sequence) <= 1.1 * length
    assert (marker[0], marker[-1]) == (-1, -1)
    marked = np.flatnonzero(marker == 1)
    assert len(marked) == 2
    assert marked.min() < 10
    assert marked.max() < length / 2 - 1
    assert np.count_nonzero(marker) == 4
    assert np.abs(x).max() <= 1
    assert sequence.targets is not None
    assert np.isnan(sequence.targets[:-1]).all()
    assert sequence.targets[-1, 0] == np.float32(0.5 + (x[marked[0]] + x[marked[1]]) / 4)
    assert sequence.labels is not None
    assert {sequence.labels[t] for t in marked} == {"X1", "X2"}


def test_predicting_the_mean_of_the_adding_problem_costs_one_in_twenty_four() -> None:
    # E[X²] of a uniform X in [−1, 1] is the integral of x²/2: 1/3; two of them, each over 4²
    second_moment = (Fraction(1, 3) - Fraction(-1, 3)) / 2
    assert 2 * second_moment / 16 == Fraction(1, 24)
    truth = adding().truth
    assert truth.optimal_loss == 0
    assert list(truth.baselines.values()) == [1 / 24]
    answers = [float(adding(seed, 20).sequence.targets[-1, 0]) for seed in range(2000)]  # type: ignore[index]
    assert np.mean((np.array(answers) - 0.5) ** 2) == pytest.approx(1 / 24, rel=0.1)


@given(st.integers(0, 2**32), st.sampled_from([2, 3]), st.integers(20, 200))
@settings(deadline=None, max_examples=30)
def test_the_class_of_temporal_order_is_the_word_of_its_x_and_y(seed: int, relevant: int, length: int) -> None:
    generated = temporal_order(seed, length, relevant)
    text = text_of(generated)
    word = "".join(symbol for symbol in text if symbol in "XY")
    assert (text[0], text[-1], len(word)) == ("E", "B", relevant)
    assert set(text[1:-1]) <= set("abcdXY")
    assert generated.sequence.labels is not None
    assert generated.sequence.labels[-1] == word
    assert generated.sequence.targets is not None
    assert generated.sequence.targets[-1, 0] == int(word.replace("X", "0").replace("Y", "1"), 2)
    assert generated.sequence.target_names[int(generated.sequence.targets[-1, 0])] == word
    guess, last_only = generated.truth.baselines.values()
    assert guess == pytest.approx(math.log(2**relevant))
    assert last_only == pytest.approx(math.log(2 ** (relevant - 1)))


@pytest.mark.parametrize("largest", [1, 2, 3, 10, 25])
def test_the_optimum_of_anbn_is_that_of_all_its_strings(largest: int) -> None:
    nats = symbols = right = 0.0
    strings = [f"S{'a' * n}{'b' * n}T" for n in range(1, largest + 1)]
    for string in strings:
        for place in range(1, len(string)):
            follows = Counter(other[place] for other in strings if other.startswith(string[:place]))
            share = follows[string[place]] / follows.total()
            nats -= math.log(share)
            # each likeliest symbol is as good a guess as the other
            right += share if share == max(follows.values()) / follows.total() == 0.5 else share > 0.5
            symbols += 1
    truth = anbn(largest=largest).truth
    assert truth.optimal_loss == pytest.approx(nats / symbols, abs=1e-12)
    assert truth.guessable == pytest.approx(right / symbols, abs=1e-12)


def test_anbn_pays_step_by_step_what_its_strings_say() -> None:
    generated = anbn(seed=4, strings=4000, largest=5)
    assert np.nanmean(generated.optimum) == pytest.approx(generated.truth.optimal_loss, rel=0.02)
    assert text_of(generated) == "".join(islice(anbn_strings(4, 5), 4000))
    exact = anbn(seed=0, strings=1, largest=1)
    assert text_of(exact) == "SabT"
    assert np.nansum(exact.optimum) == 0
    assert exact.sequence.labels == ("owes 0", "owes 1", "owes 0", "end")


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 6))
@settings(deadline=None, max_examples=30)
def test_brackets_close_what_was_opened_last(seed: int, kinds: int, depth: int) -> None:
    generated = nested_brackets(seed, 150, kinds, depth)
    sequence, stack = generated.sequence, ""
    assert sequence.labels is not None
    for t, symbol in enumerate(text_of(generated)):
        if symbol in "([{":
            stack += symbol
        elif symbol in ")]}":
            assert stack[-1] + symbol in ("()", "[]", "{}")[:kinds]
            stack = stack[:-1]
        elif symbol == ".":
            assert stack == ""
        assert sequence.labels[t] == stack
        assert len(stack) <= depth
    assert sequence.vocabulary == tuple("()[]{}ab.")
    assert sequence.kind == "text"


@pytest.mark.parametrize(("kinds", "depth"), [(1, 1), (2, 2), (3, 4)])
def test_the_optimum_of_the_brackets_is_that_of_an_exact_walk_over_stacks(kinds: int, depth: int) -> None:
    """Another road: push the distribution over whole stacks forward until all but 1e-12 of the sentences have ended."""
    alive: dict[str, float] = {"start": 1.0}
    nats = symbols = blind = right = 0.0
    opening = "([{"[:kinds]
    while sum(alive.values()) > 1e-12:
        after: Counter[str] = Counter()
        for stack, mass in alive.items():
            here = "" if stack == "start" else stack
            moves = bracket_module.moves(bracket_module.START if stack == "start" else len(here), depth)
            shares = {"ab"[n]: float(moves["letter"]) / 2 for n in range(2)}
            if "open" in moves:
                shares |= {symbol: float(moves["open"]) / kinds for symbol in opening}
            if "close" in moves:
                shares["close"] = float(moves["close"])
                blind += mass * shares["close"] * math.log(kinds)
            if "end" in moves:
                shares["."] = float(moves["end"])
            assert sum(shares.values()) == pytest.approx(1)
            nats -= mass * sum(p * math.log(p) for p in shares.values())
            right += mass * max(shares.values())
            symbols += mass
            for symbol, p in shares.items():
                if symbol != ".":
                    grown = here + symbol if symbol in opening else here[:-1] if symbol == "close" else here
                    after[grown] += mass * p
        alive = dict(after)
    truth = bracket_truth(kinds, depth)
    assert truth.optimal_loss == pytest.approx(nats / symbols, abs=1e-9)
    assert truth.guessable == pytest.approx(right / symbols, abs=1e-9)
    assert list(truth.baselines.values()) == [pytest.approx((nats + blind) / symbols, abs=1e-9)]


def test_brackets_follow_their_grammar_in_the_long_run() -> None:
    generated = nested_brackets(seed=1, steps=30_000)
    assert np.nanmean(generated.optimum) == pytest.approx(generated.truth.optimal_loss, rel=0.01)
    text = text_of(generated)
    length = float(sum(bracket_module.sentence_visits(4).values()))
    assert len(text) / text.count(".") == pytest.approx(length, rel=0.1)


@given(st.integers(0, 2**32), st.integers(1, 5), st.floats(0, 1))
@settings(deadline=None, max_examples=30)
def test_each_flip_flop_holds_the_sign_of_its_last_pulse(seed: int, bits: int, rate: float) -> None:
    sequence = flip_flop(seed, 60, bits, rate).sequence
    memory = np.zeros(bits)
    assert sequence.targets is not None
    assert sequence.labels is not None
    for t in range(len(sequence)):
        memory = np.where(sequence.values[t] != 0, sequence.values[t], memory)
        np.testing.assert_array_equal(sequence.targets[t], memory)
        assert sequence.labels[t] == "".join("+" if bit > 0 else "−" for bit in memory)


def test_a_flip_flop_without_memory_pays_one_wherever_no_pulse_is() -> None:
    generated = flip_flop(seed=0, steps=20_000, bits=4, rate=0.2)
    echoed = ((generated.sequence.values - generated.sequence.targets) ** 2).mean()
    assert echoed == pytest.approx(generated.truth.baselines["has no memory"], rel=0.02)


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_is_seeded_named_and_complete(name: str) -> None:
    generator = GENERATORS[name]
    first, again, other = generator.make({"seed": 3}), generator.make({"seed": 3}), generator.make({"seed": 4})
    np.testing.assert_array_equal(first.sequence.values, again.sequence.values)
    np.testing.assert_array_equal(first.optimum, again.optimum)
    assert first.sequence.labels == again.sequence.labels
    assert first.sequence.values.shape != other.sequence.values.shape or (
        not np.array_equal(first.sequence.values, other.sequence.values)
    )
    assert first.sequence.labels is not None
    assert first.sequence.targets is not None
    assert first.optimum.shape == (len(first.sequence),)
    asked = ~np.isnan(first.sequence.targets).all(axis=1)
    np.testing.assert_array_equal(asked, ~np.isnan(first.optimum))
    assert isinstance(first.truth, Truth)
    assert first.truth.explanation
    assert first.truth.source
    assert generator.title
    assert generator.parameters[0].name == "seed"
    assert all(type(parameter.default) is parameter.type for parameter in generator.parameters)


def test_a_generator_refuses_what_it_does_not_have_and_what_means_nothing() -> None:
    with pytest.raises(SequenceError, match=r"adding has no parameter “size”; it has seed, length"):
        GENERATORS["adding"].make({"size": 3})
    with pytest.raises(SequenceError, match=r"length of the generator adding is “long”; expected int"):
        GENERATORS["adding"].make({"length": "long"})
    with pytest.raises(SequenceError, match=r"expected int"):
        GENERATORS["adding"].make({"length": True})
    with pytest.raises(SequenceError, match=r"seed is -1; expected 0"):
        GENERATORS["anbn"].make({"seed": -1})
    with pytest.raises(SequenceError, match=r"rate is 2; expected 0 to 1"):
        GENERATORS["flip-flop"].make({"rate": 2})
    with pytest.raises(SequenceError, match=r"relevant is 4; expected 2 to 3"):
        temporal_order(relevant=4)


def test_a_stream_refuses_parts_that_do_not_fit() -> None:
    with pytest.raises(SequenceError, match="no sequences"):
        stream([])
    with pytest.raises(SequenceError, match=r"Sequence 2 of the stream, “flip-flop”, has other features"):
        stream([adding().sequence, flip_flop().sequence])
    parts = [adding(seed, 20).sequence for seed in range(3)]
    whole = stream(parts, "three sums")
    assert len(whole) == sum(map(len, parts))
    assert whole.name == "three sums"
    np.testing.assert_array_equal(whole.values[len(parts[0]) :][: len(parts[1])], parts[1].values)
