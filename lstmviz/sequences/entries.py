"""What one entry of a table says: a number, a date, nothing, or text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "inf", "+inf", "-inf", "infinity"})
"""Words for a value that is not there, in lower case; the infinities count, since no net can take them."""

_POINT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?([0-9]+(,[0-9]*)?|,[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}(-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?"
)


def is_missing(entry: str) -> bool:
    """Whether the entry is empty or a word for nothing (NA, NaN, ?)."""
    return entry.strip().lower() in MISSING


def number(entry: str, decimal: str) -> float | None:
    """The number in the entry, decimal mark ``.`` or ``,``; None if it is none. No thousands marks, no underscores."""
    entry = entry.strip()
    if decimal == ",":
        return float(entry.replace(",", ".")) if _COMMA.fullmatch(entry) else None
    return float(entry) if _POINT.fullmatch(entry) else None


def date(entry: str) -> np.datetime64 | None:
    """The ISO 8601 date or time in the entry, in microseconds and in UTC where it names an offset; None if none."""
    entry = entry.strip()
    if not _DATE.fullmatch(entry):
        return None
    try:
        moment = datetime.fromisoformat(entry if len(entry) > 7 else f"{entry}-01")
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return np.datetime64(moment, "us")


def is_plain(entry: str) -> bool:
    """Whether the entry is what tables of numbers are made of: a number with either mark, a date, or missing."""
    return (
        is_missing(entry) or number(entry, ".") is not None or number(entry, ",") is not None or date(entry) is not None
    )
