"""A selection as CSV or TSV: long and tidy, or wide with one row a step."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from lstmviz.traces.number_text import Bytes, cells
from lstmviz.traces.selection import STRETCH, Selection, Source
from lstmviz.traces.tables import Form, Tick, header, plain, time_texts
from lstmviz.traces.trace import Array

DELIMITERS = {".csv": ",", ".tsv": "\t"}
BATCH = 1 << 16
"""Values formatted between two reports of progress: some 10 ms."""
_MOST_TEXT = 32 << 20
"""What a batch may take as text: fewer rows go together where labels are very long."""


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write the selection as UTF-8 text."""
    delimiter = DELIMITERS[path.suffix.lower()]
    with path.open("wb") as file:
        for values, text in lines(selection, form, delimiter):
            file.write(text)
            tick(values)


def lines(selection: Selection, form: Form, delimiter: str = ",", batch: int = BATCH) -> Iterator[tuple[int, bytes]]:
    """The text of the file in pieces of about ``batch`` values, each with how many values it holds; first the header.

    long: t[,time][,label],layer,direction,unit,signal,value, block after block, in each step after step. wide:
    t[,time][,label] and then f[0], f[1], …, with the layer and direction before them where there are several.
    A number is the shortest text that gives the same float of the trace's dtype back, and nan, inf or -inf.
    """
    yield 0, (delimiter.join(field(name, delimiter) for name in header(selection, form)) + "\n").encode()
    yield from (_long if form == "long" else _wide)(selection, delimiter, batch)


def field(text: str, delimiter: str) -> str:
    """A name or label as one field.

    A spreadsheet takes a text that begins with = + - @ or a control character for a formula: such a text gets a ' in
    front, and so does one that begins with ', which makes the way back plain: drop one leading '.
    """
    text = plain(text)
    if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "'"):
        text = "'" + text
    if any(sign in text for sign in (delimiter, '"', "\n", "\r")):
        text = '"' + text.replace('"', '""') + '"'
    return text


def _long(selection: Selection, delimiter: str, batch: int) -> Iterator[tuple[int, bytes]]:
    for block in selection.blocks:
        source, units = selection.source(block), len(block.units)
        ends = _matrix(
            [delimiter.join(("", str(block.layer), block.direction, str(unit), block.signal)) for unit in block.units]
        )
        rows = max(1, min(batch, _MOST_TEXT // (_longest(selection) + ends.shape[1] + 64)) // units)
        for stretch in selection.stretches(source.row_bytes):
            values = source.read(stretch)
            for first in range(0, len(values), rows):
                piece = values[first : first + rows]
                starts = _row_starts(selection, stretch.start + first, len(piece), delimiter)
                numbers = cells(piece, delimiter).reshape(*piece.shape, -1)
                yield piece.size, _joined(piece.shape, (starts[:, None], ends[None], numbers))


def _wide(selection: Selection, delimiter: str, batch: int) -> Iterator[tuple[int, bytes]]:
    sources = [selection.source(block) for block in selection.blocks]
    columns = selection.columns()
    rows = max(1, min(batch // columns, _MOST_TEXT // (_longest(selection) + 32 * columns)))
    size = max(STRETCH, len(sources) << 20)  # a good part of a chunk of each, so that no chunk is read many times
    for stretch in selection.stretches(sum(source.row_bytes for source in sources), size):
        groups = _side_by_side(sources, stretch)
        for first in range(0, stretch.stop - stretch.start, rows):
            pieces = [values[first : first + rows] for values in groups]
            count = len(pieces[0])
            starts = _row_starts(selection, stretch.start + first, count, delimiter)
            numbers = [cells(piece, delimiter).reshape(count, -1) for piece in pieces]
            yield count * columns, _joined((count,), (starts, *numbers))


def _side_by_side(sources: list[Source], stretch: slice) -> list[Array]:
    """The rows of a stretch: one array for neighbours of the same type, since a number is written in its own."""
    return [
        np.concatenate([source.read(stretch) for source in group], axis=1)
        for _, group in groupby(sources, lambda source: source.dtype)
    ]


def _row_starts(selection: Selection, first: int, count: int, delimiter: str) -> Bytes:
    """What the rows of some of the chosen steps begin with: t, and the time and label where there are any."""
    part = slice(first, first + count)
    columns = [list(map(str, selection.steps[part].tolist()))]
    times, labels = selection.times(part), selection.labels(part)
    if times is not None:
        columns.append(time_texts(times))
    if labels is not None:
        columns.append([field(label, delimiter) for label in labels])
    return _matrix(columns[0] if len(columns) == 1 else list(map(delimiter.join, zip(*columns, strict=True))))


def _longest(selection: Selection) -> int:
    """How many bytes the longest label may take as a field."""
    return 8 * max(map(len, selection.labels() or [""]))


def _matrix(texts: list[str]) -> Bytes:
    """Texts as the rows of a matrix, filled up with zero bytes, of which no text has any."""
    packed = np.array([text.encode() for text in texts])
    return packed.view(np.uint8).reshape(len(texts), -1)


def _joined(shape: tuple[int, ...], parts: tuple[Bytes, ...]) -> bytes:
    """Lines of which each is the parts side by side, without the zero bytes; one may be for several lines."""
    widths = [part.shape[-1] for part in parts]
    lines = np.empty((*shape, sum(widths) + 1), np.uint8)
    place = 0
    for part, width in zip(parts, widths, strict=True):
        lines[..., place : place + width] = part
        place += width
    lines[..., -1] = ord("\n")
    return lines.tobytes().translate(None, b"\0")
