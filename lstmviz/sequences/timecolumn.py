"""The times of a table: found among its columns, or put together from year, month, day and hour."""

from __future__ import annotations

from collections.abc import Sequence as List
from itertools import pairwise
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.sequences import entries
from lstmviz.sequences.columns import Place, Table
from lstmviz.sequences.delimited import Row

NAMES = frozenset(
    {"time", "times", "date", "datetime", "timestamp", "t", "year", "ano", "data", "tempo", "hora"}
    | {"index", "unnamed: 0", "step"}
)
"""Heads of a column, in lower case, that name times when its numbers grow."""

_LOOKED_AT = 100
"""How many rows tell whether a column holds dates."""
_PART_HEADS = (
    {"year", "yyyy", "yr", "ano"}, {"month", "mnth", "mon", "mo", "mês", "mes"}, {"day", "dy", "dia"},
    {"hour", "hr", "hora"}, {"minute", "min", "minuto"},
)  # fmt: skip
"""Heads of columns, in lower case, that are a date and a time together, one after the other."""
_PARTS = ("year", "month", "day", "hour", "minute")


def find_times(table: Table, time: List[Place] | Place | bool | None, exclude: int | None) -> tuple[int, ...]:
    """The columns of times: those named, those headed year, month and so on, or the first that holds dates or
    is headed as time and grows."""
    if time is False:
        return ()
    if time is None or time is True:
        if parts := _find_parts(table, exclude):
            return parts
        for place in range(len(table.names)):
            if place != exclude and _looks_like_times(table, place):
                return (place,)
        if time is True:
            raise SequenceError(
                "“{file}” has no column of times; expected one of ISO dates (2024-01-31), or growing numbers under a "
                "name such as time. Name it with time=….",
                file=table.path.name,
            )
        return ()
    wanted: List[Place] = [time] if isinstance(time, str | int) else time
    if not 1 <= len(wanted) <= len(_PARTS):
        raise SequenceError(
            "“{file}”: time names {count} columns; expected one, or two to five for {parts}.",
            file=table.path.name,
            count=len(wanted),
            parts=", ".join(_PARTS),
        )
    return tuple(table.find(place) for place in wanted)


def _find_parts(table: Table, exclude: int | None) -> tuple[int, ...]:
    """Columns headed year, month and so on beside one another, two at least; others must be left for the values."""
    heads = [name.strip().lower() for name in table.names]
    for start, head in enumerate(heads):
        if head not in _PART_HEADS[0]:
            continue
        stop = start
        for known in _PART_HEADS:
            if stop == len(heads) or heads[stop] not in known or stop == exclude:
                break
            stop += 1
        if 2 <= stop - start < len(heads):
            return tuple(range(start, stop))
    return ()


def times_of(table: Table, places: tuple[int, ...], dates: str | None = None) -> npt.NDArray[np.generic] | None:
    """The times (T,), float64 or datetime64[us]; raises SequenceError at the first entry that is none.

    dates: the order of day, month and year, one of DATE_ORDERS; None finds it out.
    """
    if not places:
        return None
    if len(places) > 1:
        return _from_parts(table, places)
    column = table.column(places[0])
    if not any(map(entries.is_date, column)):
        return np.array([_number(table, row, places[0]) for row in table.rows])
    order = dates or _order(table, places[0])
    moments = [entries.date(entry, order) for entry in column]
    for row, moment in zip(table.rows, moments, strict=True):
        if moment is None:
            _refuse(table, row, places[0])
    return np.array(moments, dtype="datetime64[us]")


def _looks_like_times(table: Table, place: int) -> bool:
    column = table.column(place)
    some = [entry for entry in column[:_LOOKED_AT] if not entries.is_missing(entry)]
    if some and 2 * sum(map(entries.is_date, some)) > len(some):  # the odd one is refused as a time, not as a number
        return True
    if table.names[place].lower() not in NAMES or len(table.names) < 2:
        return False
    numbers = [table.number(entry) for entry in column]
    values = [value for value in numbers if value is not None]
    return len(values) == len(numbers) and all(a < b for a, b in pairwise(values))


def _order(table: Table, place: int) -> str:
    """The order under which most entries are dates; raises SequenceError where day and month cannot be told apart."""
    column = table.column(place)
    counts = {order: sum(entries.date(entry, order) is not None for entry in column) for order in entries.DATE_ORDERS}
    best = max(counts, key=lambda order: counts[order])
    if best == "ymd" or counts["dmy"] != counts["mdy"]:
        return best
    if table.decimal == "," or any(entry.count(".") == 2 for entry in column):
        return "dmy"  # who writes a decimal comma, or points between day and month, writes the day first
    row = table.rows[0]
    raise SequenceError(
        "“{file}” line {line}, column {place} “{column}”: in “{entry}” and the other dates the day and the month cannot"
        " be told apart. Say dates='dmy' or dates='mdy', or leave the times out with time=False.",
        **table.where(row, place),
        remedy='{"dates": "dmy"}',
    )


def _from_parts(table: Table, places: tuple[int, ...]) -> npt.NDArray[np.generic]:
    moments = []
    for row in table.rows:
        parts = [_number(table, row, place) for place in places]
        # a month and a day that are not named are the first
        year, month, day, hour, minute = [int(part) for part in parts] + [0, 1, 1, 0, 0][len(parts) :]
        moment = entries.date(f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
        if moment is None or any(part != int(part) for part in parts):
            _refuse(table, row, places[0])
        moments.append(moment)
    return np.array(moments, dtype="datetime64[us]")


def _number(table: Table, row: Row, place: int) -> float:
    value = table.number(row.entries[place])
    if value is None or not np.isfinite(value):
        _refuse(table, row, place)
    return value


def _refuse(table: Table, row: Row, place: int) -> NoReturn:
    raise SequenceError(
        "“{file}” line {line}, column {place} “{column}”: “{entry}” is no time like those above; expected ISO dates "
        "(2024-01-31) or numbers in the whole column. Leave the times out with time=False.",
        **table.where(row, place),
    )
