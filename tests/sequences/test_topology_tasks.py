"""The four tasks of the four topologies: what they ask is right, and what a perfect model scores is found again."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.errors import SequenceError
from lstmviz.sequences.generators import Generated
from lstmviz.sequences.generators.dates import FIRST, LAST, VOCABULARY, dates, pair, written
from lstmviz.sequences.generators.digits import NOISE, templates
from lstmviz.sequences.generators.naming import LETTERS, NAMES, digit_names
from lstmviz.sequences.generators.prices import coefficients, moments, prices
from lstmviz.sequences.generators.reviews import VOCABULARY as WORDS
from lstmviz.sequences.generators.reviews import reviews
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP

# prices


@pytest.mark.parametrize("period", [4, 7, 20, 50])
def test_the_variance_and_correlation_of_prices_are_those_of_their_infinite_moving_average(period: int) -> None:
    first, second = coefficients(period)
    weights = [1.0, first]
    while len(weights) < 2000:
        weights.append(first * weights[-1] + second * weights[-2])
    psi = np.array(weights)
    spread, likeness = moments(period)
    assert spread == pytest.approx(psi @ psi, rel=1e-9)
    assert likeness == pytest.approx(psi[1:] @ psi[:-1] / (psi @ psi), rel=1e-9)
    assert np.abs(np.roots([1, -first, -second])) == pytest.approx(0.95)


def test_the_best_forecast_of_prices_errs_by_the_shocks_and_saying_the_last_again_by_what_is_told() -> None:
    generated = prices(seed=1, steps=100_000, period=20, noise=2.0)
    sequence, truth = generated.sequence, generated.truth
    assert sequence.targets is not None
    p, following = sequence.values[:, 0].astype(np.float64), sequence.targets[:, 0].astype(np.float64)
    np.testing.assert_array_equal(p[1:], following[:-1])
    seen = np.column_stack([p[1:], p[:-1], np.ones(len(p) - 1)])
    best, *_ = np.linalg.lstsq(seen, following[1:], rcond=None)
    np.testing.assert_allclose(best[:2], coefficients(20), atol=0.01)
    assert np.mean((seen @ best - following[1:]) ** 2) == pytest.approx(4.0, rel=0.02)
    first, second = coefficients(20)
    errors = following[1:] - 100 - first * (p[1:] - 100) - second * (p[:-1] - 100)
    assert generated.paid is not None
    np.testing.assert_allclose(generated.paid[1:], errors**2, atol=1e-3)
    assert truth.optimal_loss == pytest.approx(generated.optimum.mean(), rel=1e-12)
    assert np.mean((following - p) ** 2) == pytest.approx(truth.baselines["says the last value again"], rel=0.05)
    assert np.var(following) == pytest.approx(truth.baselines["predicts the mean"], rel=0.05)


def test_the_first_price_is_of_the_stationary_law_and_tells_as_much_as_the_optimum_says() -> None:
    drawn = [prices(seed, steps=2).sequence for seed in range(6000)]
    first = np.array([one.values[0, 0] for one in drawn], np.float64) - 100
    second = np.array([one.values[1, 0] for one in drawn], np.float64) - 100
    spread, likeness = moments(20)
    assert np.var(first) == pytest.approx(spread, rel=0.06)
    optimum = prices(steps=2).optimum
    assert optimum[1] == 1.0
    assert optimum[0] == pytest.approx(spread * (1 - likeness**2), rel=1e-9)
    assert np.mean((second - likeness * first) ** 2) == pytest.approx(optimum[0], rel=0.06)
    paid = prices(seed=3, steps=2).paid
    assert paid is not None
    assert paid[0] == pytest.approx((second[3] - likeness * first[3]) ** 2, rel=1e-4)
    with pytest.raises(SequenceError, match="period is 3; expected 4"):
        prices(period=3)


# reviews

GOOD = ["bom", "boa", "bonito", "bonita", "agradável", "interessante"]
GOOD += ["ótimo", "ótima", "maravilhoso", "maravilhosa", "excelente"]
EXTREME = ["ótimo", "ótima", "maravilhoso", "maravilhosa", "excelente", "péssimo", "péssima", "horrível", "terrível"]
MASCULINE = "o (filme|roteiro|elenco|final)"
FEMININE = "a (história|música|fotografia|direção)"
CLAUSE = rf"(({MASCULINE}|{FEMININE}) (não )?(é|foi) (muito )?\w+)"


def text_of(sequence: Sequence) -> str:
    return re.sub(" ([,.])", r"\1", " ".join(sequence.symbol(t) for t in range(len(sequence))))


def heard(clause: str) -> float:
    """The score of a clause, read off its text."""
    adjective = clause.split()[-1]
    size = 1.0 if adjective in EXTREME else 0.9 if " muito " in clause else 0.6
    return size * (1 if adjective in GOOD else -1) * (-1 if " não " in clause else 1)


def judged(text: str) -> float:
    if ", mas " in text:
        first, second = text.rstrip(".").split(", mas ")
        assert heard(first) * heard(second) < 0
        return (heard(first) + 2 * heard(second)) / 3
    clauses = text.rstrip(".").split(" e ")
    assert all(heard(clause) * heard(clauses[0]) > 0 for clause in clauses)
    return float(np.mean([heard(clause) for clause in clauses]))


@given(st.integers(0, 2**40))
@settings(max_examples=30, deadline=None)
def test_the_score_of_a_review_is_what_its_text_says(seed: int) -> None:
    sequence = reviews(seed).sequence
    text = text_of(sequence)
    assert re.fullmatch(rf"{CLAUSE}((, mas| e) {CLAUSE})?\.", text), text
    assert sequence.targets is not None
    assert sequence.targets[-1, 0] == pytest.approx(judged(text), abs=1e-6)
    assert -1 <= sequence.targets[-1, 0] <= 1
    assert sequence.labels is not None
    assert not any("-" in label for label in sequence.labels), "a minus sign is no hyphen"
    labels = [label.replace("−", "-") for label in sequence.labels]
    assert float(labels[-1]) == pytest.approx(judged(text), abs=0.0051)
    first = re.split(", mas | e ", text.rstrip("."))[0]
    told = [label for label in labels if label]
    assert float(told[0]) == pytest.approx(heard(first) if first != text.rstrip(".") else judged(text), abs=1e-6)
    assert sequence.labels[len(first.split()) - 2] == ""


def test_articles_and_adjectives_agree_with_their_nouns_and_every_word_comes_up() -> None:
    seen: set[str] = set()
    for seed in range(600):
        text = text_of(reviews(seed).sequence)
        seen |= set(re.findall(r"\w+|[,.]", text))
        nouns = re.findall(f"{MASCULINE}|{FEMININE}", text)
        assert len(nouns) == len(set(nouns))
        for clause in re.split(r", mas | e |\.", text):
            adjective = clause.split()[-1] if clause else ""
            if adjective.endswith(("o", "om")):
                assert clause.startswith("o ")
            if adjective.endswith("a"):
                assert clause.startswith("a ")
            assert not (" muito " in clause and adjective in EXTREME)
            assert not (" não " in clause and adjective in EXTREME)
    assert seen == set(WORDS)


def test_counting_words_cannot_score_reviews_better_than_the_baseline_says() -> None:
    def counted(seeds: range) -> tuple[np.ndarray, np.ndarray]:
        drawn = [reviews(seed).sequence for seed in seeds]
        bags = np.array([np.bincount(one.values[:, 0].astype(int), minlength=len(WORDS)) for one in drawn])
        return np.column_stack([bags, np.ones(len(bags))]), np.array([one.targets[-1, 0] for one in drawn])  # type: ignore[index]

    bags, scores = counted(range(10_000))
    weights = np.linalg.lstsq(bags, scores, rcond=None)[0]
    constant, linear = reviews().truth.baselines.values()
    assert np.mean(scores**2) == pytest.approx(constant, rel=0.04)
    assert np.mean((scores - bags @ weights) ** 2) == pytest.approx(linear, rel=0.04)
    assert constant == pytest.approx(0.42729, abs=1e-5)
    assert linear == pytest.approx(0.26409, abs=1e-5)


# digit names


def test_no_noise_makes_one_digit_look_like_another() -> None:
    pictures = templates().astype(np.float64)
    assert pictures.shape == (10, 18, 64)
    assert pictures.min() == 0
    assert pictures.max() == 1
    for one, other in product(range(10), repeat=2):
        if one < other:
            furthest = np.abs(pictures[one][:, None] - pictures[other][None]).max(axis=-1)
            # each is moved by at most NOISE, so in that pixel the two can never meet
            assert furthest.min() > 2 * NOISE + 0.05
    assert len(np.unique(pictures.reshape(180, 64), axis=0)) == 180


def test_the_nearest_drawing_names_every_digit_and_the_noise_stays_within_its_bound() -> None:
    pictures = templates().reshape(180, 64).astype(np.float64)
    for seed in range(1000):
        sequence = digit_names(seed).sequence
        away = np.abs(pictures - sequence.values[0])
        nearest = int(np.square(away).sum(axis=1).argmin())
        assert sequence.labels == (*NAMES[nearest // 18], STOP)
        assert away[nearest].max() <= NOISE + 1e-6
        assert ((sequence.values >= 0) & (sequence.values <= 1)).all()


def test_a_digit_is_shown_at_every_step_and_spelt_to_its_end() -> None:
    seen = set()
    for seed in range(100):
        sequence = digit_names(seed).sequence
        assert (sequence.values == sequence.values[0]).all()
        assert sequence.targets is not None
        assert sequence.target_names == LETTERS
        said = [LETTERS[int(place)] for place in sequence.targets[:, 0]]
        assert tuple(said) == sequence.labels
        seen.add("".join(said[:-1]))
    assert seen == {"zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove"}


def test_who_does_not_look_at_the_picture_pays_what_the_letters_leave_open() -> None:
    spelt = [(*name, STOP) for name in NAMES]
    nats = asked = 0.0
    for word in spelt:
        for place, letter in enumerate(word):
            alive = [other for other in spelt if len(other) > place]
            nats -= math.log(sum(other[place] == letter for other in alive) / len(alive))
            asked += 1
    assert list(digit_names().truth.baselines.values()) == [pytest.approx(nats / asked, rel=1e-12)]


# dates

MONTHS = ["janeiro", "fevereiro", "março", "abril", "maio", "junho"]
MONTHS += ["julho", "agosto", "setembro", "outubro", "novembro", "dezembro"]
SHORT = ["jan.", "fev.", "mar.", "abr.", "maio", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."]
WEEK = ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"]


def understood(text: str) -> date:
    """The date of a text, by other means than those that wrote it; a weekday must be right."""
    weekday, text = text.split(", ") if ", " in text else ("", text)
    if "/" in text:
        day, month, year = (int(part) for part in text.split("/"))
    else:
        parts = text.replace(" de ", " ").split()
        assert (parts[0] == "1º") == (parts[0].rstrip("º") == "1")
        day, year = int(parts[0].rstrip("º")), int(parts[2])
        month = 1 + (MONTHS.index(parts[1]) if len(parts[2]) == 4 else SHORT.index(parts[1]))
    if year < 100:
        year += 1900 if year >= 50 else 2000
    told = date(year, month, day)
    assert not weekday or WEEK.index(weekday) == told.weekday()
    return told


def halves(generated: Generated) -> tuple[str, list[str]]:
    sequence = generated.sequence
    symbols = [sequence.symbol(t) for t in range(len(sequence))]
    start = symbols.index(START)
    assert sequence.targets is not None
    assert np.isnan(sequence.targets[:start]).all()
    said = [sequence.target_names[int(place)] for place in sequence.targets[start:, 0]]
    assert symbols[start + 1 :] == said[:-1]
    assert said[-1] == STOP
    return "".join(symbols[:start]), said[:-1]


@given(st.integers(0, 2**40), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_a_date_is_asked_in_iso_as_its_text_says(seed: int, ways: int) -> None:
    generated = dates(seed, ways)
    text, said = halves(generated)
    assert "".join(said) == understood(text).isoformat()
    sequence = generated.sequence
    assert sequence.labels is not None
    assert sequence.vocabulary == VOCABULARY
    for part, at in (("year", slice(0, 4)), ("month", slice(5, 7)), ("day", slice(8, 10))):
        assert set(sequence.labels[len(text) :][at]) == {part}
    day = "".join(text[t] for t in range(len(text)) if sequence.labels[t] == "day")
    assert int(day.rstrip("º")) == understood(text).day


def test_no_text_can_mean_two_days_and_every_symbol_of_every_text_is_known() -> None:
    meant: dict[str, date] = {}
    days = (LAST - FIRST).days + 1
    assert days == 36_525
    # days of all months, of the first week of every year and of the turn of every century that is there
    for number in (n for n in range(days) if n % 5 == 0 or (FIRST + timedelta(n)).day <= 2):
        day = FIRST + timedelta(number)
        for way in range(5):
            text = "".join(piece for piece, _ in written(day, way))
            assert meant.setdefault(text, day) == day
    assert set("".join(meant)) == set(VOCABULARY) - {START, STOP}


def test_each_way_of_writing_a_date_is_the_one_that_is_told() -> None:
    third, first = date(1998, 3, 3), date(2007, 5, 1)
    assert [halves(pair(third, way))[0] for way in range(5)] == [
        "03/03/1998", "3 de março de 1998", "3 mar. 98", "3/3/98", "terça-feira, 3 de março de 1998"
    ]  # fmt: skip
    assert [halves(pair(first, way))[0] for way in range(5)] == [
        "01/05/2007", "1º de maio de 2007", "1º maio 07", "1/5/07", "terça-feira, 1º de maio de 2007"
    ]  # fmt: skip
    with pytest.raises(SequenceError, match="ways is 6; expected 1 to 5"):
        dates(ways=6)
    assert all("/" in halves(dates(seed, ways=1))[0] for seed in range(20))


def test_who_has_not_read_the_date_pays_the_logarithm_of_the_days_over_its_symbols() -> None:
    """Another road: the entropy of each symbol given those before it, over the ISO forms of all days."""
    forms = [(FIRST + timedelta(number)).isoformat() + "." for number in range((LAST - FIRST).days + 1)]
    nats = 0.0
    for place in range(11):
        counts: dict[tuple[str, str], int] = {}
        before: dict[str, int] = {}
        for form in forms:
            counts[form[:place], form[place]] = counts.get((form[:place], form[place]), 0) + 1
            before[form[:place]] = before.get(form[:place], 0) + 1
        nats -= sum(n * math.log(n / before[prefix]) for (prefix, _), n in counts.items()) / len(forms)
    assert list(dates().truth.baselines.values()) == [pytest.approx(nats / 11, rel=1e-9)]
