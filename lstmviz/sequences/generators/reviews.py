"""Reviews: short ones in Portuguese, of which every word counts, and the score that they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.truth import Generated, Truth, seeded, symbol_sequence

ARTICLES = ("o", "a")
NOUNS = (("filme", "roteiro", "elenco", "final"), ("história", "música", "fotografia", "direção"))
VERBS = ("é", "foi")
GRADED = (
    (("bom", "boa"), ("bonito", "bonita"), ("agradável", "agradável"), ("interessante", "interessante")),
    (("ruim", "ruim"), ("fraco", "fraca"), ("chato", "chata"), ("confuso", "confusa")),
)
EXTREME = (
    (("ótimo", "ótima"), ("maravilhoso", "maravilhosa"), ("excelente", "excelente")),
    (("péssimo", "péssima"), ("horrível", "horrível"), ("terrível", "terrível")),
)
"""Adjectives, masculine and feminine, first the good ones and then the bad ones. Only graded ones take a modifier."""

VOCABULARY = (
    *ARTICLES, *(noun for nouns in NOUNS for noun in nouns), *VERBS, "não", "muito", "e", "mas", ",", ".",
    *dict.fromkeys(form for table in (GRADED, EXTREME) for side in table for forms in side for form in forms),
)  # fmt: skip

_SOURCE = "a grammar written for lstmviz; the task is that of Socher and others 2013, Recursive deep models"
_MODIFIERS = ("", "muito", "não")
_JOINTS = ("", "e", "mas")


@dataclass(frozen=True)
class Opinion:
    """What a clause says of its noun: good (0) or bad (1), with which adjective, and the modifier before it."""

    side: int
    forms: tuple[str, str]
    modifier: str = ""
    extreme: bool = False

    @property
    def score(self) -> float:
        """0.6 for a graded adjective, 0.9 with ``muito``, 1 for an extreme one; below 0 where bad; ``não`` flips."""
        size = 1.0 if self.extreme else 0.9 if self.modifier == "muito" else 0.6
        return -size if (self.side == 1) != (self.modifier == "não") else size


OPINIONS = (
    *(Opinion(side, forms, modifier) for modifier in _MODIFIERS for side in (0, 1) for forms in GRADED[side]),
    *(Opinion(side, forms, extreme=True) for side in (0, 1) for forms in EXTREME[side]),
)
"""All opinions; each is as likely as the others, and as many are good as bad."""


def reviews(seed: int = 0) -> Generated:
    """One review of one or two clauses; at the last step, the full stop, its score in −1 … 1 is asked.

    A clause is article, noun, verb, opinion: ``o filme não é bom``. One clause, two joined by ``e`` and two joined by
    ``, mas`` are equally likely; after ``e`` the second clause is of the first one's sign, after ``mas`` of the other,
    and of another noun. The score is that of the clause, the mean of both after ``e``, and (first + 2 · second) / 3
    after ``mas``. values: (T, 1), places in VOCABULARY, a word or mark a step. labels: the score of what has been read.
    targets: (T, 1), NaN before the last step.
    """
    rng = seeded(seed)
    joint = _JOINTS[int(rng.integers(3))]
    first = OPINIONS[int(rng.integers(len(OPINIONS)))]
    noun, other = (int(place) for place in rng.choice(8, 2, replace=False))
    words, scores = _clause(first, noun, int(rng.integers(2))), [first.score]
    if joint:
        fitting = _following(first, joint)
        second = fitting[int(rng.integers(len(fitting)))]
        scores.append(second.score)
        words += [joint] if joint == "e" else [",", joint]
        words += _clause(second, other, int(rng.integers(2)))
    return _generated(words, joint, scores)


def score_of(joint: str, scores: list[float]) -> float:
    """What a review adds up to."""
    return (scores[0] + 2 * scores[-1]) / 3 if joint == "mas" else (scores[0] + scores[-1]) / 2


def _following(first: Opinion, joint: str) -> list[Opinion]:
    """The opinions that may follow the first."""
    return _OF_SIGN[(first.score > 0) == (joint == "e")]


_OF_SIGN = {good: [one for one in OPINIONS if (one.score > 0) == good] for good in (True, False)}


def _clause(opinion: Opinion, noun: int, verb: int) -> list[str]:
    gender = noun // 4
    denied = ["não"] if opinion.modifier == "não" else []
    raised = ["muito"] if opinion.modifier == "muito" else []
    return [ARTICLES[gender], NOUNS[gender][noun % 4], *denied, VERBS[verb], *raised, opinion.forms[gender]]


def _signed(score: float) -> str:
    """A score with its sign, the minus a true one, as numbers have it everywhere on the screen."""
    return f"{score:+.2f}".replace("-", "−")


def _generated(words: list[str], joint: str, scores: list[float]) -> Generated:
    text = [*words, "."]
    total = score_of(joint, scores)
    heard = words.index(joint) if joint else len(words)
    heard -= joint == "mas"  # its comma
    labels = ["" if t < heard - 1 else _signed(scores[0]) for t in range(len(text))]
    labels[-2:] = [_signed(total)] * 2
    targets = np.full(len(text), np.nan)
    targets[-1] = total
    sequence = symbol_sequence(
        text,
        VOCABULARY,
        name="reviews",
        labels=tuple(labels),
        targets=targets,
        target_names=("score",),
        kind="text",
        source=_SOURCE,
    )
    return Generated(sequence, _truth(), np.where(np.isnan(targets), np.nan, 0.0))


def _kinds() -> Iterator[tuple[float, float, dict[str, int]]]:
    """Every kind of review: its probability, its score, how often each word that matters stands in it.

    Nouns of one gender and the two verbs are drawn apart from all else, so a best linear model gives them equal
    weights, and the articles count them.
    """
    for joint, first in product(_JOINTS, OPINIONS):
        share = 1 / (len(_JOINTS) * len(OPINIONS))
        if not joint:
            for gender in (0, 1):
                yield share / 2, first.score, _counted("", (first, gender))
            continue
        fitting = _following(first, joint)
        for second, one, other in product(fitting, (0, 1), (0, 1)):
            # of the seven other nouns three are of the same gender
            nouns = (3 if one == other else 4) / 14
            score = score_of(joint, [first.score, second.score])
            yield share / len(fitting) * nouns, score, _counted(joint, (first, one), (second, other))


def _counted(joint: str, *clauses: tuple[Opinion, int]) -> dict[str, int]:
    words = [joint, *(word for opinion, gender in clauses for word in
                      (ARTICLES[gender], opinion.modifier, opinion.forms[gender]))]  # fmt: skip
    return {word: words.count(word) for word in words if word}


@cache
def best_bag_of_words() -> tuple[float, float]:
    """The mean squared errors of the best constant (0 by symmetry) and the best linear model of the words' numbers."""
    drawn, scores, bags = zip(*_kinds(), strict=True)
    shares, wanted = np.array(drawn), np.array(scores)
    place = {word: n for n, word in enumerate(VOCABULARY)}
    counts = np.zeros((len(bags), len(VOCABULARY) + 1))
    counts[:, -1] = 1
    for row, bag in enumerate(bags):
        for word, number in bag.items():
            counts[row, place[word]] = number
    weighted = counts.T * shares
    # the normal equations; words that always come together leave a choice, of which the error knows nothing
    best = np.linalg.lstsq(weighted @ counts, weighted @ wanted, rcond=1e-10)[0]
    return float(shares @ wanted**2), float(shares @ (wanted - counts @ best) ** 2)


@cache
def _truth() -> Truth:
    constant, linear = best_bag_of_words()
    return Truth(
        optimal_loss=0.0,
        unit="mean squared error",
        explanation=mark(
            "The score follows from the words and their order, so a perfect model makes no error. One that counts words"
            " cannot know what “não” flips, nor which half stands after “mas”."
        ),
        source=_SOURCE,
        baselines={mark("predicts the mean"): constant, mark("only counts the words"): linear},
    )
