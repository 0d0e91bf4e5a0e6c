"""Streams that are cut after so many steps: their optima are those of these very steps, and what is paid is right."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from lstmviz.sequences.generators import Generated
from lstmviz.sequences.generators import brackets as bracket_module
from lstmviz.sequences.generators.brackets import nested_brackets
from lstmviz.sequences.generators.chain import visits_in
from lstmviz.sequences.generators.counting import anbn
from lstmviz.sequences.generators.reber import continual_reber, embedded_reber_strings, legal_next


def text_of(generated: Generated) -> str:
    sequence = generated.sequence
    return "".join(sequence.symbol(t) for t in range(len(sequence)))


def test_the_continual_stream_is_the_strings_without_borders_and_certain_of_each_beginning() -> None:
    generated = continual_reber(seed=5, steps=400)
    text = text_of(generated)
    whole = "".join(islice(embedded_reber_strings(5), 60))
    assert text == whole[:400]
    sequence = generated.sequence
    assert sequence.targets is not None
    assert "".join(sequence.vocabulary[int(place)] for place in sequence.targets[:, 0]) == whole[1:401]
    start = 0
    assert sequence.labels is not None
    for t, label in enumerate(sequence.labels):
        legal = legal_next(whole[start : t + 1])
        assert generated.optimum[t] == math.log(len(legal) or 1)
        if label.endswith("close"):
            assert whole[t + 1] == label[0] == whole[start + 1]
        if not legal:
            start = t + 1
    long = continual_reber(seed=0, steps=60_000)
    truth = long.truth
    assert long.optimum.mean() == pytest.approx(truth.optimal_loss, rel=0.01)
    assert truth.optimal_loss == pytest.approx(7 * math.log(2) / 12, rel=1e-4)
    assert truth.guessable == pytest.approx(np.mean(1 / np.exp(long.optimum)), rel=0.01)
    outer = sum(str(label).endswith("close") for label in long.sequence.labels or ()) / 60_000
    (ignorant,) = truth.baselines.values()
    assert ignorant == pytest.approx(truth.optimal_loss + outer * math.log(2), rel=0.01)


def test_the_optimum_of_a_short_continual_stream_is_that_of_all_its_prefixes() -> None:
    prefixes, nats, blind = {("", ""): 1.0}, 0.0, 0.0
    for _ in range(14):
        grown: dict[tuple[str, str], float] = {}
        for (before, string), share in prefixes.items():
            legal = legal_next(string)
            for symbol in legal:
                grown[before, string + symbol] = share / len(legal)
            if not legal:
                grown[before + string, "B"] = share
        prefixes = grown
        for (_, string), share in prefixes.items():
            legal = legal_next(string)
            nats += share * math.log(len(legal) or 1)
            blind += share * math.log(2) * (legal <= {"T", "P"} and len(legal) == 1 and string[-1] == "E")
    truth = continual_reber(steps=14).truth
    assert truth.optimal_loss == pytest.approx(nats / 14, abs=1e-12)
    assert list(truth.baselines.values()) == [pytest.approx((nats + blind) / 14, abs=1e-12)]


@pytest.mark.parametrize(("steps", "kinds", "depth"), [(2, 3, 4), (9, 2, 2), (40, 1, 3)])
def test_the_optimum_of_a_short_text_of_brackets_is_that_of_its_own_steps(steps: int, kinds: int, depth: int) -> None:
    here, nats = {bracket_module.START: 1.0}, 0.0
    for _ in range(steps - 1):
        after: Counter[int] = Counter()
        for state, share in here.items():
            for kind, likely in bracket_module.moves(state, depth).items():
                by = {"open": 1, "close": -1, "letter": 0}.get(kind)
                after[bracket_module.START if by is None else max(state, 0) + by] += share * float(likely)
        here = dict(after)
        for state, share in here.items():
            for kind, likely in bracket_module.moves(state, depth).items():
                ways = {"open": kinds, "letter": 2}.get(kind, 1)
                nats -= share * float(likely) * math.log(float(likely) / ways)
    truth = nested_brackets(steps=steps, kinds=kinds, depth=depth).truth
    assert truth.optimal_loss == pytest.approx(nats / (steps - 1), abs=1e-12)


def test_what_is_paid_is_the_surprise_of_what_came_and_its_mean_is_the_optimum() -> None:
    for generated in (anbn(seed=2, strings=3000, largest=4), nested_brackets(seed=2, steps=40_000)):
        assert generated.paid is not None
        np.testing.assert_array_equal(np.isnan(generated.paid), np.isnan(generated.optimum))
        bill, answers = generated.bill
        assert bill / answers == pytest.approx(generated.truth.optimal_loss, rel=0.02)
        # at any one step no more than the rarest symbol costs
        assert np.nanmin(generated.paid) >= 0
    one = anbn(seed=2, strings=1, largest=7).paid
    assert one is not None
    assert np.nansum(one) == pytest.approx(math.log(7))
    text = nested_brackets(seed=3, steps=200, kinds=2, depth=2)
    assert text.paid is not None
    assert text.sequence.labels is not None
    symbols = text_of(text)
    for t, label in enumerate(text.sequence.labels[:-1]):
        state = bracket_module.START if symbols[t] == "." else len(label)
        shares = bracket_module.moves(state, 2)
        following = symbols[t + 1]
        share = (
            float(shares["open"]) / 2 if following in "(["
            else float(shares["close"]) if following in ")]"
            else float(shares["end"]) if following == "." else float(shares["letter"]) / 2
        )  # fmt: skip
        assert text.paid[t] == pytest.approx(-math.log(share))


def test_visits_in_many_steps_are_those_of_every_step_added() -> None:
    moves = {
        "rain": {"rain": Fraction(2, 3), "sun": Fraction(1, 3)},
        "sun": {"rain": Fraction(1, 2), "sun": Fraction(1, 2)},
    }
    here, counts = {"rain": 0.0, "sun": 1.0}, Counter({"rain": 0.0, "sun": 0.0})
    for _ in range(300):
        here = {day: sum(share * float(moves[before][day]) for before, share in here.items()) for day in moves}
        counts.update(here)
    assert visits_in(moves, "sun", 300) == pytest.approx(dict(counts))
    assert visits_in(moves, "sun", 0) == {"rain": 0, "sun": 0}
