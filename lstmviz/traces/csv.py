"""A selection as CSV or TSV: long and tidy, or wide with one row a step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lstmviz.traces.selection import Selection
from lstmviz.traces.tables import Form, Tick, header, time_texts

DELIMITERS = {".csv": ",", ".tsv": "\t"}
BATCH = 1 << 16
"""Values formatted between two reports of progress: some 50 ms."""


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write the selection as UTF-8 text."""
    delimiter = DELIMITERS[path.suffix.lower()]
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        for values, text in lines(selection, form, delimiter):
            file.write(text)
            tick(values)


def lines(selection: Selection, form: Form, delimiter: str = ",", batch: int = BATCH) -> Iterator[tuple[int, str]]:
    """The text of the file in pieces of about ``batch`` values, each with how many values it holds; first the header.

    long: t[,time][,label],layer,direction,unit,signal,value, block after block, in each step after step. wide:
    t[,time][,label] and then f[0], f[1], …, with the layer and direction before them where there are several.
    A number is the shortest text that gives the same float of the trace's dtype back, and nan, inf or -inf.
    """
    yield 0, delimiter.join(field(name, delimiter) for name in header(selection, form)) + "\n"
    starts = _row_starts(selection, delimiter)
    yield from (_long if form == "long" else _wide)(selection, starts, delimiter, batch)


def field(text: str, delimiter: str) -> str:
    """A name or label as one field.

    A spreadsheet takes a text that begins with = + - @ or a control character for a formula: such a text gets a ' in
    front, and so does one that begins with ', which makes the way back plain: drop one leading '.
    """
    if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "'"):
        text = "'" + text
    if any(sign in text for sign in (delimiter, '"', "\n", "\r")):
        text = '"' + text.replace('"', '""') + '"'
    return text


def _row_starts(selection: Selection, delimiter: str) -> list[str]:
    """What each step's rows begin with: t, and the time and label where there are any, with a delimiter at the end."""
    columns = [list(map(str, selection.steps.tolist()))]
    times, labels = selection.times(), selection.labels()
    if times is not None:
        columns.append(time_texts(times))
    if labels is not None:
        columns.append([field(label, delimiter) for label in labels])
    return [delimiter.join(row) + delimiter for row in zip(*columns, strict=True)]


def _long(selection: Selection, starts: list[str], delimiter: str, batch: int) -> Iterator[tuple[int, str]]:
    for block in selection.blocks:
        values = selection.values(block)
        ends = [
            delimiter.join((str(block.layer), block.direction, str(unit), block.signal, "")) for unit in block.units
        ]
        rows = max(1, batch // len(ends))
        for first in range(0, len(starts), rows):
            piece = values[first : first + rows]
            heads = [start + end for start in starts[first : first + rows] for end in ends]
            numbers = map(str, piece.ravel())
            yield piece.size, "".join([f"{head}{number}\n" for head, number in zip(heads, numbers, strict=True)])


def _wide(selection: Selection, starts: list[str], delimiter: str, batch: int) -> Iterator[tuple[int, str]]:
    blocks = [selection.values(block) for block in selection.blocks]
    rows = max(1, batch // selection.columns())
    for first in range(0, len(starts), rows):
        pieces = [values[first : first + rows] for values in blocks]
        text = []
        for n, start in enumerate(starts[first : first + rows]):
            numbers = delimiter.join([delimiter.join(map(str, piece[n])) for piece in pieces])
            text.append(f"{start}{numbers}\n")
        yield sum(piece.size for piece in pieces), "".join(text)
