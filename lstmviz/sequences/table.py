"""Tables as sequences: CSV, TSV and columns of blanks, a row a step."""

from __future__ import annotations

from collections.abc import Sequence as List
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.sequences import entries
from lstmviz.sequences.columns import Place, Table, few
from lstmviz.sequences.delimited import Row, decode, rows
from lstmviz.sequences.missing import Missing, settle, way_of
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.timecolumn import find_times, times_of


def read(
    path: Path,
    *,
    columns: List[Place] | Place | None = None,
    time: List[Place] | Place | bool | None = None,
    labels: Place | bool | None = None,
    missing: Missing = None,
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    comment: str = "#",
    skip: int = 0,
    encoding: str | None = None,
) -> Sequence:
    """Read a table, a row a step and a column a feature; what is None is found out.

    columns: the features, by name or number from 1; None takes all that are not time or labels. time: the column of
    times (ISO 8601 dates or numbers), several for year, month, day, hour; False for none. labels: the column of words,
    one a step; None takes one headed ``label``. missing: see ``missing.settle``. header: whether the first row is
    names. delimiter: ``,`` ``;`` tab (always in a ``.tsv``), or a blank for any blanks and tabs. decimal: ``.`` or
    ``,``. comment: what begins a line to leave out. skip: lines at the top to leave out. encoding: where it is neither
    UTF-8 nor UTF-16 with a mark. Raises SequenceError with the line and the column.
    """
    _check_options(path, delimiter, decimal, skip)
    way_of(missing, path)
    if delimiter is None and path.suffix.lower() == ".tsv":
        delimiter = "\t"
    text = decode(path.read_bytes(), path, encoding)
    found = rows(text, path, delimiter=delimiter, decimal=decimal, comment=comment, skip=skip)
    table = _table(path, found, header, decimal)
    word_column = _label_column(table, labels)
    time_columns = find_times(table, time, exclude=word_column)
    chosen = _chosen(table, columns, {*time_columns, word_column})
    raw = np.column_stack([_numbers(table, place, refuse=missing is None) for place in chosen])
    names = tuple(table.names[place] for place in chosen)
    values, kept, note = settle(raw, names, missing, path)
    steps = np.flatnonzero(kept)
    table = Table(path, table.names, [table.rows[step] for step in steps], table.decimal)
    return Sequence(
        values,
        names=names,
        name=path.stem,
        labels=tuple(table.column(word_column)) if word_column is not None else None,
        times=times_of(table, time_columns),
        source=f"{path.name} ({note})" if note else path.name,
    )


def _check_options(path: Path, delimiter: str | None, decimal: str | None, skip: int) -> None:
    for option, value, allowed in (("delimiter", delimiter, (",", ";", "\t", " ")), ("decimal", decimal, (".", ","))):
        if value is not None and value not in allowed:
            raise SequenceError(
                "“{file}”: {option}={value} is not known; expected one of {allowed}.",
                file=path.name,
                option=option,
                value=repr(value),
                allowed=" ".join(map(repr, allowed)),
            )
    if decimal == "," and delimiter == ",":
        raise SequenceError(
            "“{file}”: the comma cannot be both delimiter and decimal mark; name another delimiter.", file=path.name
        )
    if not isinstance(skip, int) or skip < 0:
        raise SequenceError("“{file}”: skip={skip}; expected a number of lines.", file=path.name, skip=skip)


def _table(path: Path, found: list[Row], header: bool | None, decimal: str | None) -> Table:
    first, body = found[0], found[1:]
    has_header = _has_header(first) if header is None else header
    if has_header and not body:
        raise SequenceError(
            "“{file}” has a header in line {line} and no rows below it; expected at least one, or header=False.",
            file=path.name,
            line=first.line,
        )
    names = _names(first.entries if has_header else [""] * len(first.entries))
    return Table(path, names, body if has_header else found, decimal or _decimal_of(found))


def _decimal_of(found: list[Row]) -> str:
    """A comma if more numbers need it than have a point."""
    commas = [
        entry for row in found for entry in row.entries if "," in entry and entries.number(entry, ",") is not None
    ]
    if not commas:
        return "."
    points = sum("." in entry and entries.number(entry, ".") is not None for row in found for entry in row.entries)
    return "," if len(commas) > points else "."


def _has_header(first: Row) -> bool:
    """The first row is names if there are words in it and neither a number, with either mark, nor a date."""
    words = [entry for entry in first.entries if not entries.is_missing(entry)]
    return bool(words) and not any(entries.is_plain(word) for word in words)


def _names(header: List[str]) -> tuple[str, ...]:
    """The names of the columns: ``column 3`` where there is none, a number behind one that comes again."""
    names: list[str] = []
    for place, text in enumerate(header, start=1):
        name = stem = text.strip() or f"column {place}"
        again = 2
        while name in names:
            name = f"{stem} ({again})"
            again += 1
        names.append(name)
    return tuple(names)


def _label_column(table: Table, labels: Place | bool | None) -> int | None:
    if labels is False:
        return None
    if labels is None or labels is True:
        heads = [place for place, name in enumerate(table.names) if name.lower() in ("label", "labels")]
        return heads[0] if heads else None
    return table.find(labels)


def _chosen(table: Table, columns: List[Place] | Place | None, taken: set[int | None]) -> list[int]:
    if columns is not None:
        wanted: List[Place] = [columns] if isinstance(columns, str | int) else columns
        chosen = [table.find(place) for place in wanted]
    else:
        chosen = [place for place in range(len(table.names)) if place not in taken]
    if not chosen:
        raise SequenceError(
            "“{file}” has no column left for the values; its columns are {names}. Use columns=…, or time=False to keep "
            "the times as values.",
            file=table.path.name,
            names=few(table.names),
        )
    return chosen


def _numbers(table: Table, place: int, *, refuse: bool) -> npt.NDArray[np.float64]:
    """The column as numbers, NaN where one is missing; raises SequenceError at the first entry that is neither."""
    values = np.empty(len(table.rows))
    for step, row in enumerate(table.rows):
        entry = row.entries[place]
        value = entries.number(entry, table.decimal)
        if value is None and entries.is_missing(entry):
            if refuse:
                _raise_missing(table, row, place)
            value = np.nan
        if value is None:
            _raise_text(table, row, place)
        values[step] = value
    return values


def _raise_missing(table: Table, row: Row, place: int) -> NoReturn:
    raise SequenceError(
        "“{file}” line {line}, column {place} “{column}”: the value is missing (“{entry}”); expected a number. Fill it "
        "with missing='fill', 'interpolate' or a number, or leave such rows out with missing='drop'.",
        file=table.path.name,
        line=row.line,
        place=place + 1,
        column=table.names[place],
        entry=row.entries[place],
    )


def _raise_text(table: Table, row: Row, place: int) -> NoReturn:
    raise SequenceError(
        "“{file}” line {line}, column {place} “{column}”: “{entry}” is not a number; expected a number with decimal "
        "mark “{decimal}” (another one: decimal=…). Choose other columns with columns=…, or take this one as words "
        "with labels={place}.",
        file=table.path.name,
        line=row.line,
        place=place + 1,
        column=table.names[place],
        entry=row.entries[place][:60],
        decimal=table.decimal,
    )
