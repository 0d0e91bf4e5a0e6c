"""Tables as sequences: CSV, TSV and columns of blanks, a row a step."""

from __future__ import annotations

from collections.abc import Sequence as List
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.sequences import entries
from lstmviz.sequences.columns import Place, Table, few
from lstmviz.sequences.delimited import Row, check_skip, decode_table, rows
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
    thousands: str | None = None,
    dates: str | None = None,
    comment: str = "#",
    skip: int = 0,
    encoding: str | None = None,
) -> Sequence:
    """Read a table, a row a step and a column a feature; what is None is found out.

    columns: the features, by name or number from 1; None takes all that are not time or labels. time: the column of
    times (dates or numbers), several for year, month, day, hour; False for none. labels: the column of words, one a
    step; None takes one headed ``label``. missing: see ``missing.settle``. header: whether the first row is names.
    delimiter: ``,`` ``;`` tab (always in a ``.tsv``), or a blank for any blanks and tabs. decimal: ``.`` or ``,``.
    thousands: the mark between thousands, ``,`` ``.`` ``'`` or a blank. dates: ``ymd``, ``dmy`` or ``mdy``, the order
    of day, month and year. comment: what begins a line to leave out. skip: lines at the top to leave out. encoding:
    where it is neither UTF-8, UTF-16 with a mark nor Windows-1252. Raises SequenceError with the line and the column.
    """
    _check_options(path, delimiter, decimal, thousands, dates)
    check_skip(skip, path)
    way_of(missing, path)
    if delimiter is None and path.suffix.lower() == ".tsv":
        delimiter = "\t"
    text, read_as = decode_table(path.read_bytes(), path, encoding)
    found, parted_by = rows(text, path, delimiter=delimiter, decimal=decimal, comment=comment, skip=skip)
    table = _table(path, found, header, decimal, thousands)
    if parted_by == "," and decimal is None and thousands is None:
        _check_commas(table, found)
    word_column = _label_column(table, labels)
    time_columns = find_times(table, time, exclude=word_column)
    chosen = _chosen(table, columns, {*time_columns, word_column})
    raw = np.column_stack([_numbers(table, place, refuse=missing is None) for place in chosen])
    names = tuple(table.names[place] for place in chosen)
    values, kept, note = settle(raw, names, missing, path)
    steps = np.flatnonzero(kept)
    table = replace(table, rows=[table.rows[step] for step in steps])
    notes = ", ".join(each for each in (read_as, note) if each)
    return Sequence(
        values,
        names=names,
        name=path.stem,
        labels=tuple(table.column(word_column)) if word_column is not None else None,
        times=times_of(table, time_columns, dates),
        source=f"{path.name} ({notes})" if notes else path.name,
    )


def _check_options(
    path: Path, delimiter: str | None, decimal: str | None, thousands: str | None, dates: str | None
) -> None:
    for option, value, allowed in (
        ("delimiter", delimiter, (",", ";", "\t", " ")),
        ("decimal", decimal, (".", ",")),
        ("thousands", thousands, (",", ".", "'", " ")),
        ("dates", dates, entries.DATE_ORDERS),
    ):
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
    if decimal is not None and decimal == thousands:
        raise SequenceError(
            "“{file}”: “{mark}” cannot be both decimal mark and mark of thousands; name another one.",
            file=path.name,
            mark=decimal,
        )


def _table(path: Path, found: list[Row], header: bool | None, decimal: str | None, thousands: str | None) -> Table:
    first, body = found[0], found[1:]
    has_header = _has_header(first) if header is None else header
    if has_header and not body:
        raise SequenceError(
            "“{file}” has a header in line {line} and no rows below it; expected at least one, or header=False.",
            file=path.name,
            line=first.line,
        )
    names = _names(first.entries if has_header else [""] * len(first.entries))
    return Table(path, names, body if has_header else found, *_marks(found, decimal, thousands))


def _marks(found: list[Row], decimal: str | None, thousands: str | None) -> tuple[str, str]:
    """The decimal mark and that of thousands, "" for none.

    A mark of thousands is found where an entry cannot be read without one; then a comma or a point is known for what
    it is in every entry. Otherwise the decimal mark is a comma if more numbers need it than have a point.
    """
    if thousands is None:
        seen = {entries.thousands_of(entry) for row in found for entry in row.entries} - {"", decimal}
        thousands = seen.pop() if len(seen) == 1 else ""
    if decimal is None and thousands in (",", "."):
        decimal = "." if thousands == "," else ","
    return decimal or _decimal_of(found, thousands), thousands


def _decimal_of(found: list[Row], thousands: str) -> str:
    """A comma if more numbers need it than have a point."""
    written = [entry for row in found for entry in row.entries]
    commas = [entry for entry in written if "," in entry and entries.number(entry, ",", thousands) is not None]
    if not commas:
        return "."
    points = sum("." in entry and entries.number(entry, ".", thousands) is not None for entry in written)
    return "," if len(commas) > points else "."


def _check_commas(table: Table, found: list[Row]) -> None:
    """Between commas “1,234” in quotes is 1234 to half of the world and 1.234 to the other: refused, not guessed."""
    inside = [(row, entry) for row in found for entry in row.entries if "," in entry and entries.number(entry, ",")]
    if table.thousands or not inside or any(entries.number(entry, ".", ",") is None for _, entry in inside):
        return
    row, entry = inside[0]
    raise SequenceError(
        "“{file}” line {line}: “{entry}” may have a mark of thousands or a decimal comma. Say thousands=',' for the"
        " first; for the other save the file with decimal points.",
        file=table.path.name,
        line=row.line,
        entry=entry,
        remedy='{"thousands": ","}',
    )


def _has_header(first: Row) -> bool:
    """The first row is names if there are words in it and neither a number, with either mark, nor a date."""
    words = [entry for entry in first.entries if not entries.is_missing(entry)]
    return bool(words) and not any(entries.is_plain(word) for word in words)


def _names(header: List[str]) -> tuple[str, ...]:
    """The names of the columns: ``column 3`` where there is none, a number behind one that comes again."""
    if not header[0].strip() and any(text.strip() for text in header):
        header = ["index", *header[1:]]  # as pandas writes the index of a table
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
        value = table.number(entry)
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
        **table.where(row, place),
        remedy='{"missing": "interpolate"}',
    )


def _raise_text(table: Table, row: Row, place: int) -> NoReturn:
    raise SequenceError(
        "“{file}” line {line}, column {place} “{column}”: “{entry}” is not a number; expected a number with decimal "
        "mark “{decimal}” (another one: decimal=…). Choose other columns with columns=…, or take this one as words "
        "with labels={place}.",
        **table.where(row, place),
        decimal=table.decimal,
        remedy=_without_words(table),
    )


def _without_words(table: Table) -> str:
    """What reads the other columns alone, those of numbers that are no times; "" where there is none."""
    times = find_times(table, None, None)
    numeric = [
        place + 1
        for place in range(len(table.names))
        if place not in times
        and all(entries.is_missing(entry) or table.number(entry) is not None for entry in table.column(place))
    ]
    return f'{{"columns": {numeric}}}' if numeric else ""
