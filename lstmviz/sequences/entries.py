"""What one entry of a table says: a number, a date, nothing, or text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

import numpy as np

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "inf", "+inf", "-inf", "infinity"})
"""Words for a value that is not there, in lower case; the infinities count, since no net can take them."""

_PLAIN = {
    mark: re.compile(rf"[+-]?([0-9]+({re.escape(mark)}[0-9]*)?|{re.escape(mark)}[0-9]+)([eE][+-]?[0-9]+)?")
    for mark in (".", ",")
}

DATE_ORDERS = ("ymd", "dmy", "mdy")
"""In which order day, month and year stand; ``ymd`` is ISO 8601, with strokes too."""

_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}(-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?"
)
_LOCAL_DATE = re.compile(r"([0-9]{1,4})([/.-])([0-9]{1,2})\2([0-9]{1,4})(?:[T ]+([0-9]{1,2}(?::[0-9]{2}){1,2}))?")
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-"})
"""Blanks that do not break, which some countries put between thousands, and the minus sign of print."""


def is_missing(entry: str) -> bool:
    """Whether the entry is empty or a word for nothing (NA, NaN, ?)."""
    return entry.strip().lower() in MISSING


def number(entry: str, decimal: str, thousands: str = "") -> float | None:
    """The number in the entry; None if it is none. Marks of thousands stand before every three digits, or nowhere."""
    entry = entry.strip()
    if not entry.isascii():
        entry = entry.translate(_BLANKS)
    if thousands and _grouped_pattern(decimal, thousands).fullmatch(entry):
        entry = entry.replace(thousands, "")
    if not _PLAIN[decimal].fullmatch(entry):
        return None
    return float(entry.replace(",", ".") if decimal == "," else entry)


def thousands_of(entry: str) -> str:
    """The mark of thousands that the entry cannot be read without (1,234.5; 1.234.567; 1 234), "" for none."""
    if entry.count(",") + entry.count(".") < 2 and entry.isascii() and " " not in entry:  # nearly every entry
        return ""
    entry = entry.strip().translate(_BLANKS)
    for decimal, thousands in ((".", ","), (",", "."), (".", " "), (",", " ")):
        marks = entry.count(thousands) + (decimal in entry)
        if (marks > 1 or thousands == " ") and _grouped_pattern(decimal, thousands).fullmatch(entry):
            return thousands
    return ""


@cache
def _grouped_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    return re.compile(rf"[+-]?[1-9][0-9]{{0,2}}({re.escape(thousands)}[0-9]{{3}})+({re.escape(decimal)}[0-9]+)?")


def date(entry: str, order: str = "ymd") -> np.datetime64 | None:
    """The date or time in the entry, in microseconds and in UTC where it names an offset; None if it is none.

    order: one of DATE_ORDERS; a year has four digits, and in ``dmy`` and ``mdy`` strokes, points or hyphens around it.
    """
    entry = entry.strip()
    try:
        if order == "ymd" and _DATE.fullmatch(entry):
            moment = datetime.fromisoformat(entry if len(entry) > 7 else f"{entry}-01")
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
            return np.datetime64(moment, "us")
        if found := _LOCAL_DATE.fullmatch(entry):
            parts = dict(zip(order, (found[1], found[3], found[4]), strict=True))
            if len(parts["y"]) != 4 or len(parts["m"]) > 2 or len(parts["d"]) > 2:
                return None
            day = datetime(int(parts["y"]), int(parts["m"]), int(parts["d"]))
            hour, minute, second = [*map(int, (found[5] or "0:0").split(":")), 0][:3]
            return np.datetime64(day.replace(hour=hour, minute=minute, second=second), "us")
    except (ValueError, OverflowError):
        return None
    return None


def is_date(entry: str) -> bool:
    """Whether the entry is a date in one of the orders."""
    return any(date(entry, order) is not None for order in DATE_ORDERS)


def is_plain(entry: str) -> bool:
    """Whether the entry is what tables of numbers are made of: a number with either mark, a date, or missing."""
    return (
        is_missing(entry)
        or number(entry, ".") is not None
        or number(entry, ",") is not None
        or thousands_of(entry) != ""
        or is_date(entry)
    )
