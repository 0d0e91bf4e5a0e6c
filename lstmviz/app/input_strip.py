"""The input strip of the timeline: what went in, drawn as its kind wants it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter

from lstmviz.app import heat_map
from lstmviz.app.curve_map import Curve, draw, envelope, opened
from lstmviz.app.drawing import Ink, legend
from lstmviz.app.numbers import limit
from lstmviz.app.strip_data import StripData
from lstmviz.app.symbol_row import draw_marks, draw_words, fitting, visible
from lstmviz.language import tr
from lstmviz.sequences.sequence import Sequence

CURVE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MANY = len(CURVE_COLOURS)
"""More features than this are a heat map: more curves than colours cannot be told apart."""
_LOWEST_PICTURE = 36


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


def draw_input(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    """The shown steps of the trace's sequence."""
    sequence = ink.trace.sequence
    if sequence.vocabulary:
        return _symbols(painter, rect, ink, data)
    return _KINDS.get(sequence.kind, _series)(painter, rect, ink, data)


def _series(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    sequence = ink.trace.sequence
    own = data.uneven
    if sequence.features > MANY:
        return _own_rows(painter, rect, ink, data) if own else _image(painter, rect, ink, data)
    low, high = (0.0, 1.0) if own else opened(*data.inputs.limits())
    colours = _colours(sequence.features, ink)
    named = sequence.features > 1 or sequence.names != ("x0",)
    plot = legend(painter, rect, zip(sequence.names, colours, strict=True), ink) if named else rect
    curves = []
    for k, colour in enumerate(colours):
        times, values = data.inputs.trail(k, *ink.steps, plot.width())
        curves.append(
            Curve(own_range(values, *(ends[k] for ends in data.inputs.ends)) if own else values, times, colour)
        )
    picture = draw(curves, ink.steps, low, high, (plot.width(), plot.height()), ink.ratio)
    painter.drawPixmap(plot.topLeft(), picture)
    top = plot.top() - rect.top()
    if own:
        return Notes(tr("max"), tr("min"), tr("each feature on its own range"), top)
    return Notes(limit(high), limit(low), top=top)


def own_range(values: Floats, lows: Floats, highs: Floats) -> Floats:
    """Each feature from 0 at its lowest to 1 at its highest."""
    spans = highs - lows
    scaled: Floats = (values - lows) / np.where(spans > 0, spans, 1)
    return scaled


def _own_rows(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    """Many features of different sizes as rows, each grey from its lowest to its highest."""
    scale = partial(own_range, lows=data.inputs.ends[0], highs=data.inputs.ends[1])
    size = (rect.width(), rect.height())
    painter.drawPixmap(rect.topLeft(), heat_map.strip_map(data.inputs, ink.steps, size, (0.0, 1.0), ink.ratio, scale))
    return Notes(tr("max"), tr("min"), tr("each feature on its own range"))


def _colours(count: int, ink: Ink) -> list[QColor]:
    if count == 1:
        return [QColor(ink.theme.text)]
    return [QColor(CURVE_COLOURS[k]) for k in range(count)]


def _symbols(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    sequence = ink.trace.sequence
    start, stop = ink.steps
    words = [visible(sequence.symbol(t)) for t in range(start, stop)] if ink.axis.per_step >= 1 else []
    font = fitting(words, ink) if words else None
    if font is not None:
        draw_words(painter, rect, words, ink, font, QColor(ink.theme.text))
        return Notes()
    draw_marks(painter, rect.adjusted(0, 2, 0, -2), data.marks, ink, QColor(ink.theme.text))
    return Notes(visible(sequence.vocabulary[-1])[:4], visible(sequence.vocabulary[0])[:4], tr("symbols as marks"))


def _audio(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    largest = max(abs(end) for end in data.inputs.limits()) or 1.0
    start, stop = ink.steps
    size, colour = (rect.width(), rect.height()), QColor(ink.theme.text)
    if ink.trace.sequence.features == 1 and ink.axis.per_step > 2:
        times, values = data.inputs.trail(0, start, stop, rect.width())
        curve = Curve(values, times, colour)
        painter.drawPixmap(rect.topLeft(), draw([curve], ink.steps, -largest, largest, size, ink.ratio))
    else:
        low, high = data.inputs.extremes(start, stop, min(stop - start, rect.width()))
        span = np.fmin.reduce(low, axis=1), np.fmax.reduce(high, axis=1)
        painter.drawImage(rect.topLeft(), envelope(*span, (-largest, largest), size, colour))
    return Notes(limit(largest), limit(-largest))


def _image(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    """Features as rows: the rows of a picture lie as columns, grey from its darkest to its brightest."""
    picture = ink.trace.sequence.kind == "image"
    low, high = opened(*data.inputs.limits(), symmetric=not picture)
    whole = data.whole_picture if picture else None
    if whole is not None and min(ink.axis.per_step, rect.height()) >= len(whole):
        _same_at_every_step(painter, rect, ink, whole, (low, high))
        return Notes(limit(high), limit(low))
    kind = "grey" if picture else "signed"
    size = (rect.width(), rect.height())
    pixmap = heat_map.strip_map(data.inputs, ink.steps, size, (low, high), ink.ratio, kind=kind)
    painter.drawPixmap(rect.topLeft(), pixmap)
    return Notes(limit(high), limit(low))


def _same_at_every_step(painter: QPainter, rect: QRect, ink: Ink, picture: Floats, span: tuple[float, float]) -> None:
    """The picture in the middle of each shown step, as large as the step and the strip allow."""
    side = int(min(ink.axis.per_step, rect.height())) // len(picture) * len(picture)
    pixmap = heat_map.heat_map(picture.T, side, side, *span, "grey", ink.ratio)
    for t in range(*ink.steps):
        left = round(ink.axis.centre(t) - side / 2)
        painter.drawPixmap(left, rect.top() + (rect.height() - side) // 2, pixmap)


_KINDS: dict[str, Callable[[QPainter, QRect, Ink, StripData], Notes]] = {
    "series": _series,
    "audio": _audio,
    "image": _image,
}
