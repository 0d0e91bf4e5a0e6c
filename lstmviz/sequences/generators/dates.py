"""Dates: written in Portuguese in several ways, to be said as ISO 8601 does."""

from __future__ import annotations

import math
from datetime import date, timedelta
from functools import cache

import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.generators.truth import Generated, Truth, require, seeded, symbol_sequence
from lstmviz.sequences.topology import START, STOP

FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)
"""A hundred years, so that two digits of a year tell the century."""

MONTHS = ("janeiro", "fevereiro", "março", "abril", "maio", "junho",
          "julho", "agosto", "setembro", "outubro", "novembro", "dezembro")  # fmt: skip
WEEKDAYS = ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo")

_DIGITS, _LETTERS = "0123456789", "".join(sorted(set("".join((*MONTHS, *WEEKDAYS)).replace("-", ""))))
SOURCE_SYMBOLS = (*_DIGITS, *_LETTERS, "º", " ", "/", ".", ",", "-")
TARGET_SYMBOLS = (*_DIGITS, "-")
VOCABULARY = (*SOURCE_SYMBOLS, START, STOP)
"""Digits and the hyphen stand in both; an encoder and a decoder have weights of their own."""

SAID = (*TARGET_SYMBOLS, STOP)

_SOURCE = "written for lstmviz; the topology is that of Sutskever, Vinyals and Le 2014"

Part = tuple[str, str]
"""A piece of a date as it is written, and what it tells: day, month, year, weekday or nothing."""


def dates(seed: int = 0, ways: int = 5) -> Generated:
    """One date as one of the first so many ``ways`` writes it, then START and the same date as ISO 8601, then STOP.

    Days from 1950 to 2049 and ways are equally likely: ``03/03/1998``, ``3 de março de 1998``, ``3 mar. 98``,
    ``3/3/98``, ``terça-feira, 3 de março de 1998``. values: (T, 1), places in VOCABULARY. targets: (T, 1), places in
    target_names, NaN while the date is read; from START on the symbol to say next. labels: ``day``, ``month``,
    ``year`` or ``weekday`` where a symbol tells it, or is to be said.
    """
    require("ways", ways, 1, len(_WAYS))
    rng = seeded(seed)
    day = FIRST + timedelta(days=int(rng.integers(_days())))
    return pair(day, int(rng.integers(ways)))


def pair(day: date, way: int) -> Generated:
    """A date as the way of that number writes it, and its ISO form."""
    parts = written(day, way)
    source = "".join(text for text, _ in parts)
    answer = (*day.isoformat(), STOP)
    targets = np.full(len(source) + len(answer), np.nan)
    targets[len(source) :] = [SAID.index(symbol) for symbol in answer]
    told = [what for text, what in parts for _ in text]
    sequence = symbol_sequence(
        (*source, START, *answer[:-1]),
        VOCABULARY,
        name="dates",
        labels=(*told, *["year"] * 4, "", *["month"] * 2, "", *["day"] * 2, ""),
        targets=targets,
        target_names=SAID,
        source=_SOURCE,
    )
    return Generated(sequence, _truth(), np.where(np.isnan(targets), np.nan, 0.0))


def written(day: date, way: int) -> tuple[Part, ...]:
    """The pieces of a date as the way of that number writes it."""
    return _WAYS[way](day)


def _in_words(day: date) -> tuple[Part, ...]:
    return (
        (_number(day), "day"),
        (" de ", ""),
        (MONTHS[day.month - 1], "month"),
        (" de ", ""),
        (str(day.year), "year"),
    )


def _number(day: date) -> str:
    return "1º" if day.day == 1 else str(day.day)  # the first of a month is no cardinal in Portuguese


def _with_weekday(day: date) -> tuple[Part, ...]:
    return ((WEEKDAYS[day.weekday()], "weekday"), (", ", ""), *_in_words(day))


def _in_numbers(day: date) -> tuple[Part, ...]:
    return ((f"{day.day:02}", "day"), ("/", ""), (f"{day.month:02}", "month"), ("/", ""), (str(day.year), "year"))


def _in_short_numbers(day: date) -> tuple[Part, ...]:
    return ((str(day.day), "day"), ("/", ""), (str(day.month), "month"), ("/", ""), (f"{day.year % 100:02}", "year"))


def _abbreviated(day: date) -> tuple[Part, ...]:
    month = "maio" if day.month == 5 else f"{MONTHS[day.month - 1][:3]}."  # four letters are not shortened
    return ((_number(day), "day"), (" ", ""), (month, "month"), (" ", ""), (f"{day.year % 100:02}", "year"))


_WAYS = (_in_numbers, _in_words, _abbreviated, _in_short_numbers, _with_weekday)


def _days() -> int:
    return (LAST - FIRST).days + 1


@cache
def _truth() -> Truth:
    return Truth(
        optimal_loss=0.0,
        unit="nats per predicted symbol",
        explanation=mark(
            "Each way of writing tells the date, since two digits of a year mean 1950 to 2049, so a perfect model pays "
            "nothing. One that has not read it pays ln 36,525, the number of days, over the 11 symbols of the answer."
        ),
        source=_SOURCE,
        baselines={mark("has not read the date"): math.log(_days()) / len("1998-03-03.")},
        guessable=1.0,
    )
