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

NAMES = frozenset({"time", "times", "date", "datetime", "timestamp", "t", "year", "ano", "data", "tempo", "hora"})
"""Heads of a column, in lower case, that name times when its numbers grow."""

_PARTS = ("year", "month", "day", "hour", "minute")


def find_times(table: Table, time: List[Place] | Place | bool | None, exclude: int | None) -> tuple[int, ...]:
    """The columns of times: those named, or the first one that holds dates or is headed as time and grows."""
    if time is False:
        return ()
    if time is None or time is True:
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


def times_of(table: Table, places: tuple[int, ...]) -> npt.NDArray[np.generic] | None:
    """The times (T,), float64 or datetime64[us]; raises SequenceError at the first entry that is none."""
    if not places:
        return None
    if len(places) > 1:
        return _from_parts(table, places)
    column = table.column(places[0])
    if entries.date(column[0]) is None:
        return np.array([_number(table, row, places[0]) for row in table.rows])
    moments = [entries.date(entry) for entry in column]
    for row, moment in zip(table.rows, moments, strict=True):
        if moment is None:
            _refuse(table, row, places[0])
    return np.array(moments, dtype="datetime64[us]")


def _looks_like_times(table: Table, place: int) -> bool:
    column = table.column(place)
    if all(entries.date(entry) is not None for entry in column):
        return True
    if table.names[place].lower() not in NAMES or len(table.names) < 2:
        return False
    numbers = [entries.number(entry, table.decimal) for entry in column]
    values = [value for value in numbers if value is not None]
    return len(values) == len(numbers) and all(a < b for a, b in pairwise(values))


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
    value = entries.number(row.entries[place], table.decimal)
    if value is None or not np.isfinite(value):
        _refuse(table, row, place)
    return value


def _refuse(table: Table, row: Row, place: int) -> NoReturn:
    raise SequenceError(
        "“{file}” line {line}, column {place} “{column}”: “{entry}” is no time like those above; expected ISO dates "
        "(2024-01-31) or numbers in the whole column. Leave the times out with time=False.",
        file=table.path.name,
        line=row.line,
        place=place + 1,
        column=table.names[place],
        entry=row.entries[place][:60],
    )
