"""The input strip of the timeline: what went in, drawn as its kind wants it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter

from lstmviz.app import heat_map
from lstmviz.app.curve_map import Curve, envelope, limits
from lstmviz.app.drawing import Ink, legend
from lstmviz.app.numbers import limit
from lstmviz.app.symbol_row import draw_marks, draw_words, fitting, visible
from lstmviz.language import tr
from lstmviz.sequences.sequence import Sequence

CURVE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MANY = len(CURVE_COLOURS)
"""More features than this are a heat map: more curves than colours cannot be told apart."""
_LOWEST_PICTURE = 36
_SMALLEST_WHOLE = 4
"""A picture of fewer rows shows nothing."""


@dataclass(frozen=True)
class Notes:
    """What stands beside a strip: the limits on the right, and what was done to the values."""

    high: str = ""
    low: str = ""
    transform: str = ""
    top: int = 0
    """Where the scale begins, in pixels below the strip's top."""


Floats = npt.NDArray[np.floating]


def height_of(sequence: Sequence) -> int:
    """The smallest height at which the strip can be read."""
    return {"text": 26, "symbols": 26, "audio": 52, "image": 64}.get(sequence.kind, 56)


def lowest_of(sequence: Sequence) -> int:
    """The height down to which the strip gives way; a picture can be lower than a curve."""
    picture = sequence.kind in ("image", "series") and not sequence.vocabulary and sequence.features > MANY
    return _LOWEST_PICTURE if picture else height_of(sequence)


def draw_input(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    """The shown steps of the trace's sequence."""
    sequence = ink.trace.sequence
    if sequence.vocabulary:
        return _symbols(painter, rect, ink)
    return _KINDS.get(sequence.kind, _series)(painter, rect, ink)


def _series(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    sequence = ink.trace.sequence
    values = sequence.values
    own = differ_in_size(values)
    if sequence.features > MANY:
        return _own_rows(painter, rect, ink) if own else _image(painter, rect, ink)
    columns = list(own_range(values).T if own else values.T)
    low, high = (0.0, 1.0) if own else limits(columns)
    colours = _colours(sequence.features, ink)
    curves = [Curve(column, 0, colour) for column, colour in zip(columns, colours, strict=True)]
    named = sequence.features > 1 or sequence.names != ("x0",)
    plot = legend(painter, rect, zip(sequence.names, colours, strict=True), ink) if named else rect
    picture = ink.curves.draw(curves, ink.steps, low, high, (plot.width(), plot.height()), ink.ratio)
    painter.drawPixmap(plot.topLeft(), picture)
    top = plot.top() - rect.top()
    if own:
        return Notes(tr("max"), tr("min"), tr("each feature on its own range"), top)
    return Notes(limit(high), limit(low), top=top)


def differ_in_size(values: Floats) -> bool:
    """Whether some columns of (T, F) are so much smaller than others that on one axis they would be flat lines."""
    spans = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
    return bool(values.shape[1] > 1 and float(spans.max()) > 8 * max(float(spans.min()), 1e-12))


def own_range(values: Floats) -> Floats:
    """Each feature from 0 at its lowest to 1 at its highest, (T, F)."""
    lows, highs = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    spans = highs - lows
    scaled: Floats = (values - lows) / np.where(spans > 0, spans, 1)
    return scaled


def _own_rows(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    """Many features of different sizes as rows, each grey from its lowest to its highest."""
    start, stop = ink.steps
    shown = own_range(ink.trace.sequence.values)[start:stop]
    pixmap = heat_map.heat_map(shown, rect.width(), rect.height(), 0.0, 1.0, "grey", ink.ratio)
    painter.drawPixmap(rect.topLeft(), pixmap)
    return Notes(tr("max"), tr("min"), tr("each feature on its own range"))


def _colours(count: int, ink: Ink) -> list[QColor]:
    if count == 1:
        return [QColor(ink.theme.text)]
    return [QColor(CURVE_COLOURS[k]) for k in range(count)]


def _symbols(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    sequence = ink.trace.sequence
    start, stop = ink.steps
    words = [visible(sequence.symbol(t)) for t in range(start, stop)] if ink.axis.per_step >= 1 else []
    font = fitting(words, ink) if words else None
    if font is not None:
        draw_words(painter, rect, words, ink, font, QColor(ink.theme.text))
        return Notes()
    places = sequence.values[start:stop, 0].astype(np.intp)
    draw_marks(painter, rect.adjusted(0, 2, 0, -2), places, len(sequence.vocabulary), ink, QColor(ink.theme.text))
    return Notes(visible(sequence.vocabulary[-1])[:4], visible(sequence.vocabulary[0])[:4], tr("symbols as marks"))


def _audio(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    values = ink.trace.sequence.values
    largest = float(np.abs(values).max()) or 1.0
    start, stop = ink.steps
    shown = values[start:stop]
    if values.shape[1] == 1 and ink.axis.per_step > 2:
        curve = Curve(values[:, 0], 0, QColor(ink.theme.text))
        size = (rect.width(), rect.height())
        painter.drawPixmap(rect.topLeft(), ink.curves.draw([curve], ink.steps, -largest, largest, size, ink.ratio))
    else:
        size = (rect.width(), rect.height())
        span = shown.min(axis=1), shown.max(axis=1)
        painter.drawImage(rect.topLeft(), envelope(*span, (-largest, largest), size, QColor(ink.theme.text)))
    return Notes(limit(largest), limit(-largest))


def _image(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    """Features as rows: the rows of a picture lie as columns, grey from its darkest to its brightest."""
    values: Floats = ink.trace.sequence.values
    start, stop = ink.steps
    picture = ink.trace.sequence.kind == "image"
    low, high = limits([values], symmetric=not picture)
    whole = whole_picture(values) if picture else None
    if whole is not None and min(ink.axis.per_step, rect.height()) >= len(whole):
        _same_at_every_step(painter, rect, ink, whole, (low, high))
        return Notes(limit(high), limit(low))
    kind = "grey" if picture else "signed"
    pixmap = heat_map.heat_map(values[start:stop], rect.width(), rect.height(), low, high, kind, ink.ratio)
    painter.drawPixmap(rect.topLeft(), pixmap)
    return Notes(limit(high), limit(low))


def whole_picture(values: Floats) -> Floats | None:
    """The square picture of which every step of (T, F) is the whole, row by row; None where none is."""
    side = math.isqrt(values.shape[1])
    if side < _SMALLEST_WHOLE or side * side != values.shape[1] or not (values == values[0]).all():
        return None
    picture: Floats = values[0].reshape(side, side)
    return picture


def _same_at_every_step(painter: QPainter, rect: QRect, ink: Ink, picture: Floats, span: tuple[float, float]) -> None:
    """The picture in the middle of each shown step, as large as the step and the strip allow."""
    side = int(min(ink.axis.per_step, rect.height())) // len(picture) * len(picture)
    pixmap = heat_map.heat_map(picture.T, side, side, *span, "grey", ink.ratio)
    for t in range(*ink.steps):
        left = round(ink.axis.centre(t) - side / 2)
        painter.drawPixmap(left, rect.top() + (rect.height() - side) // 2, pixmap)


_KINDS: dict[str, Callable[[QPainter, QRect, Ink], Notes]] = {"series": _series, "audio": _audio, "image": _image}
