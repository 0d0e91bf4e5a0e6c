"""Text to rows of entries: encoding, comments, quotes, and which delimiter it is."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lstmviz.errors import SequenceError
from lstmviz.sequences.entries import is_plain

CANDIDATES = (";", "\t", ",", " ")
"""Delimiters tried, the likeliest first; a blank means any run of blanks and tabs."""

_WORD = re.compile(r'"([^"]*)"|(\S+)')
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""A first line by which Excel is told the delimiter."""
_SAMPLE_LINES = 60


@dataclass(frozen=True)
class Row:
    """One row of a table: the line of the file on which it begins, counted from 1, and its entries."""

    line: int
    entries: list[str]


def check_skip(skip: int, path: Path) -> None:
    """Raise a SequenceError where ``skip`` is no number of lines to leave out."""
    if not isinstance(skip, int) or skip < 0:
        raise SequenceError("“{file}”: skip={skip}; expected a number of lines.", file=path.name, skip=skip)


def decode_table(data: bytes, path: Path, encoding: str | None) -> tuple[str, str]:
    """The text of a table, and a note of how it was read: what is not UTF-8 is taken for what Excel writes.

    Excel's “CSV” is in Windows-1252; the numbers are the same in both, only letters of names and words could be wrong.
    Raises SequenceError for a file with zero bytes, which no text has: a workbook under a wrong ending.
    """
    wide = encoding is not None or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in data and not wide:
        raise SequenceError(
            "“{file}” is not a text: it holds zero bytes; expected lines of numbers. Save a workbook as CSV first.",
            file=path.name,
        )
    try:
        return decode(data, path, encoding), ""
    except SequenceError:
        if wide:
            raise
        try:
            return data.decode("cp1252"), "Windows-1252"
        except UnicodeError:  # then it is neither, and the first sentence is the better one
            pass
        raise


def decode(data: bytes, path: Path, encoding: str | None) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, UTF-16 with one, or the encoding given."""
    if encoding is None:
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if wide else "utf-8-sig"
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise SequenceError(
            "There is no encoding “{encoding}”; expected a name such as utf-8 or latin-1.", encoding=encoding
        ) from error
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        raise SequenceError(
            "“{file}” line {line}: the byte {byte} at {place} is not {encoding}; save it as UTF-8, or name its "
            "encoding with encoding='latin-1' or another.",
            file=path.name,
            line=data.count(b"\n", 0, start) + 1,
            byte=f"0x{data[start]:02x}",
            place=start,
            encoding=encoding.removesuffix("-sig").upper(),
        ) from error


def rows(
    text: str, path: Path, *, delimiter: str | None, decimal: str | None, comment: str, skip: int
) -> tuple[list[Row], str]:
    """The rows of a table, all of one width, and their delimiter; blank lines and comments are left out.

    Raises SequenceError for no rows, broken quotes and the first row of another width than most.
    """
    lines = [
        (number, line)
        for number, line in enumerate(_lines(text), start=1)
        if number > skip and line.strip() and not (comment and line.lstrip().startswith(comment))
    ]
    if not lines:
        raise SequenceError("“{file}” has no rows; expected lines of numbers.", file=path.name)
    if hint := _EXCEL_HINT.fullmatch(lines[0][1]):
        delimiter, lines = delimiter or hint[1], lines[1:] or lines
    chosen = delimiter or guess(tuple(line for _, line in lines[:_SAMPLE_LINES]), decimal)
    try:
        found = list(_split(lines, chosen))
    except csv.Error as error:
        raise SequenceError(
            "“{file}” is broken as a table: {reason}; expected every quote to be closed and doubled inside quotes.",
            file=path.name,
            reason=str(error),
        ) from error
    _check_widths(found, path)
    return _without_empty_end(found), chosen


def _lines(text: str) -> list[str]:
    # not splitlines: it also splits at form feeds and Unicode separators, and the line numbers would be nobody's
    return [f"{line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def guess(lines: tuple[str, ...], decimal: str | None) -> str:
    """The delimiter under which most lines have one width, above one, and most entries are plain: numbers or dates."""
    best, best_score = ";" if decimal == "," else ",", (0.0, 0.0)
    for candidate in CANDIDATES:
        if candidate == decimal:
            continue
        try:
            entries = [row.entries for row in _split(list(enumerate(lines)), candidate)]
        except csv.Error:
            continue
        width, count = Counter(map(len, entries)).most_common(1)[0] if entries else (1, 0)
        if width < 2:
            continue
        plain = [is_plain(entry) for row in entries for entry in row]
        score = (round(count / len(lines), 1), round(sum(plain) / len(plain), 2))
        if score > best_score:
            best, best_score = candidate, score
    return best


def _split(lines: list[tuple[int, str]], delimiter: str) -> Iterator[Row]:
    if delimiter == " ":
        for number, line in lines:
            if '"' in line:
                yield Row(number, [match[1] if match[2] is None else match[2] for match in _WORD.finditer(line)])
            else:
                yield Row(number, line.split())
        return
    feed = iter(lines)
    started = [0]

    def physical() -> Iterator[str]:
        for number, line in feed:
            started.append(number)
            yield line

    reader = csv.reader(physical(), delimiter=delimiter, skipinitialspace=True, strict=True)
    for entries in reader:
        # a quoted entry may span lines: the row began on the first line read since the row before
        yield Row(started[1], [entry.strip() for entry in entries])
        del started[1:]


def _check_widths(found: list[Row], path: Path) -> None:
    widths = Counter(len(row.entries) for row in found)
    usual = widths.most_common(1)[0][0]
    odd = [row for row in found if len(row.entries) != usual]
    if not odd:
        return
    if all(row is other for row, other in zip(odd, found, strict=False)):
        # only the first lines differ: a preamble
        raise SequenceError(
            "“{file}” line {line}: columns found {found}, expected {usual} as in most lines. If the table begins "
            "below, leave the first lines out with skip={skip}.",
            file=path.name,
            line=odd[0].line,
            found=len(odd[0].entries),
            usual=usual,
            skip=odd[-1].line,
            remedy=f'{{"skip": {odd[-1].line}}}',
        )
    raise SequenceError(
        "“{file}” line {line}: columns found {found}, expected {usual} as in most lines. Mend the line, or name "
        "the delimiter with delimiter=….",
        file=path.name,
        line=odd[0].line,
        found=len(odd[0].entries),
        usual=usual,
    )


def _without_empty_end(found: list[Row]) -> list[Row]:
    """A delimiter at the end of every line makes a last column with nothing in it: not a column."""
    if len(found[0].entries) > 1 and all(not row.entries[-1] for row in found):
        return [Row(row.line, row.entries[:-1]) for row in found]
    return found
