"""The output strip of the timeline: what the net says against what it should say."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from lstmviz.app import heat_map
from lstmviz.app.curve_map import Curve, draw, opened
from lstmviz.app.drawing import Ink, legend, sized, text
from lstmviz.app.input_strip import CURVE_COLOURS, MANY, Notes, own_range
from lstmviz.app.levels import Levels, Runs
from lstmviz.app.numbers import limit
from lstmviz.app.strip_data import NEAR, Guesses, StripData, differ_in_size, zoom_in
from lstmviz.app.symbol_row import draw_runs, draw_words, fitting, visible
from lstmviz.language import tr
from lstmviz.traces.trace import Trace

Floats = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]
_LINE = 16
"""Height of one line of symbols."""
_LOWEST_CURVE = 14
"""A curve of p lower than this tells nothing: the symbols stand alone then."""
_PICTURE, _LOWEST_PICTURE = 44, 28
"""Height of the picture that many outputs make, and down to which it gives way."""
_CURVES = 3
"""Outputs drawn at once; with their targets that is as many curves as can be told apart."""


def height_of(trace: Trace) -> int:
    """The smallest height at which the strip can be read; 0 where the model says nothing but h."""
    if trace.output_kind == "none" or trace.outputs is None:
        return 0
    if trace.output_kind == "probability":
        return 2 * _LINE + 26
    return _PICTURE * (2 if _has_targets(trace) else 1) if trace.outputs.shape[1] > MANY else 56


def lowest_of(trace: Trace) -> int:
    """The height down to which the strip gives way: symbols without the curve of their p, lower pictures."""
    if trace.output_kind == "probability" and trace.outputs is not None:
        return 2 * _LINE + 2
    if trace.output_kind != "value" or trace.outputs is None or trace.outputs.shape[1] <= MANY:
        return height_of(trace)
    return _LOWEST_PICTURE * (2 if _has_targets(trace) else 1)


def draw_output(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    """The shown steps of the model's output."""
    if ink.trace.output_kind == "probability":
        return _probability(painter, rect, ink, data)
    assert ink.trace.outputs is not None
    outputs, targets = _shown(ink, data)
    if outputs is None:
        return _too_many(painter, rect, ink)
    return (_pictures if ink.trace.outputs.shape[1] > MANY else _value)(painter, rect, ink, outputs, targets)


def _shown(ink: Ink, data: StripData) -> tuple[Levels | None, Levels | None]:
    """Outputs and targets from step 0 on; of those too large for memory the shown steps, None for too many."""
    trace, (start, stop) = ink.trace, ink.steps
    assert trace.outputs is not None
    outputs, targets = data.outputs, data.targets
    if stop - start > NEAR and (outputs is None or (targets is None and trace.targets is not None)):
        return None, None
    if outputs is None:
        outputs = _Part(trace.outputs[start:stop], start)
    if targets is None and trace.targets is not None:
        targets = _Part(trace.targets[start:stop], start)
    return outputs, targets


class _Part(Levels):
    """The levels of a few steps of what is not held in memory, by their places in the whole."""

    def __init__(self, values: Floats, first: int) -> None:
        super().__init__(values)
        self._first = first

    def extremes(self, start: int, stop: int, columns: int) -> tuple[Floats, Floats]:
        return super().extremes(start - self._first, stop - self._first, columns)

    def trail(self, column: int, start: int, stop: int, pixels: int) -> tuple[Floats, Floats]:
        times, values = super().trail(column, start - self._first, stop - self._first, pixels)
        return times + self._first, values

    def rows(self, start: int, stop: int) -> Floats:
        return super().rows(start - self._first, stop - self._first)


def _too_many(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    """Nothing but the words that say from where on there is something."""
    room = rect.adjusted(8, 0, -8, 0)
    text(painter, room, zoom_in("y"), ink.theme.dim, sized(ink.font, 12))
    return Notes()


def _has_targets(trace: Trace) -> bool:
    return trace.targets is not None and trace.outputs is not None and trace.targets.shape == trace.outputs.shape


def _pictures(painter: QPainter, rect: QRect, ink: Ink, outputs: Levels, targets: Levels | None) -> Notes:
    """Many outputs as the rows of a picture: what is right above, what the net says below, grey on the same scale."""
    parts = [outputs] if targets is None or not _has_targets(ink.trace) else [targets, outputs]
    lows = np.fmin.reduce([part.ends[0] for part in parts])
    highs = np.fmax.reduce([part.ends[1] for part in parts])
    own = ink.trace.sequence.kind != "image" and differ_in_size(lows, highs)
    low, high = (0.0, 1.0) if own else opened(float(np.fmin.reduce(lows)), float(np.fmax.reduce(highs)))
    scale = partial(own_range, lows=lows, highs=highs) if own else None
    height = rect.height() // len(parts)
    size = (rect.width(), height - (1 if len(parts) > 1 else 0))
    silent = (QColor(ink.theme.base),) * 2
    for n, part in enumerate(parts):
        picture = heat_map.strip_map(part, ink.steps, size, (low, high), ink.ratio, scale, absent=silent)
        painter.drawPixmap(rect.left(), rect.top() + n * height, picture)
    what = [tr("target above, prediction below")] if len(parts) > 1 else []
    what += [tr("each output on its own range")] if own else []
    ends = (tr("max"), tr("min")) if own else (limit(high), limit(low))
    return Notes(*ends, " · ".join(what))


def _value(painter: QPainter, rect: QRect, ink: Ink, outputs: Levels, targets: Levels | None) -> Notes:
    trace = ink.trace
    count = outputs.values.shape[1]
    shown = min(_CURVES, count)
    aims = 0 if targets is None else min(targets.values.shape[1], shown)
    colours = [QColor(ink.theme.accent if shown == 1 else CURVE_COLOURS[k]) for k in range(shown)]
    faint = [QColor(ink.theme.text) if shown == 1 else colour.lighter(150) for colour in colours]
    names = [trace.output_names[k] if k < len(trace.output_names) else str(k) for k in range(shown)]
    entries = list(zip([tr("prediction")] if shown == 1 else names, colours, strict=True))
    if aims and shown == 1:
        entries.insert(0, (tr("target"), faint[0]))
    plot = legend(painter, rect, entries, ink)
    curves, ends = [], []
    for k in range(shown):
        if targets is not None and k < aims:
            times, values = targets.trail(k, *ink.steps, plot.width())
            curves.append(Curve(values, times, faint[k], dashed=shown > 1))
            ends.append([end[k] for end in targets.ends])
        times, values = outputs.trail(k, *ink.steps, plot.width())
        curves.append(Curve(values, times, colours[k]))
        ends.append([end[k] for end in outputs.ends])
    low, high = opened(float(np.fmin.reduce(ends)[0]), float(np.fmax.reduce(ends)[1]))
    size = (plot.width(), plot.height())
    painter.drawPixmap(plot.topLeft(), draw(curves, ink.steps, low, high, size, ink.ratio))
    note = ""
    if shown < count:
        note = tr("{shown} of {count} outputs", shown=shown, count=count)
    elif shown > 1 and aims:
        note = tr("targets dashed")
    return Notes(limit(high), limit(low), note, plot.top() - rect.top())


def _probability(painter: QPainter, rect: QRect, ink: Ink, data: StripData) -> Notes:
    start, stop = ink.steps
    found = data.said(start, stop)
    if found is None:
        return _too_many(painter, rect, ink)
    upper = QRect(rect.left(), rect.top(), rect.width(), _LINE)
    lower = upper.translated(0, _LINE)
    curve = QRect(rect.left(), lower.bottom() + 3, rect.width(), rect.bottom() - lower.bottom() - 3)
    likely, right = _words(ink, found.likely), _words(ink, found.right)
    font = fitting([*likely, *right], ink) if likely else None
    asked = bool(found.asked.any())
    verdicts, first = (Levels(found.verdicts()), start) if data.verdicts is None else (data.verdicts, 0)
    crowded = data.shares(start, stop, rect.width()) if asked and stop - start > 4 * rect.width() else None
    if font is not None:
        _written(painter, upper, lower, ink, font, found, likely, right)
    elif crowded is not None:
        _shared(painter, upper.united(lower).adjusted(0, 2, 0, -1), ink, crowded)
    elif asked or not likely:
        _marked(painter, upper, lower, ink, verdicts.extremes(start - first, stop - first, _columns(rect, ink))[1])
    else:
        draw_runs(painter, upper.united(lower).adjusted(0, 4, 0, -4), Runs.of(likely, start), ink)
    if curve.height() < _LOWEST_CURVE:
        return Notes()
    times, p = verdicts.trail(2 if asked else 3, start - first, stop - first, curve.width())
    size = (curve.width(), curve.height())
    drawn = [Curve(p, times + first, QColor(ink.theme.text))]
    painter.drawPixmap(curve.topLeft(), draw(drawn, ink.steps, 0.0, 1.0, size, ink.ratio))
    own = asked and ink.trace.targets is not None
    what = [tr("curve: p of the right one") if own else tr("curve: p of the most likely")]
    what += [tr("bars: share of right and wrong")] if crowded is not None else []
    return Notes("1", "0", " · ".join(what), curve.top() - rect.top())


def _columns(rect: QRect, ink: Ink) -> int:
    """A column a pixel, or a step where they are fewer."""
    return min(rect.width(), ink.axis.steps)


def _words(ink: Ink, places: Places) -> list[str]:
    names = ink.trace.output_names
    if ink.axis.per_step < 1:
        return []
    return ["" if k < 0 else visible(names[k]) if k < len(names) else str(k) for k in places]


def _written(
    painter: QPainter,
    upper: QRect,
    lower: QRect,
    ink: Ink,
    font: QFont,
    found: Guesses,
    likely: list[str],
    right: list[str],
) -> None:
    """The right symbols above, the most likely ones below: green and plain when right, in a filled box when wrong."""
    theme = ink.theme
    for place in np.nonzero(found.wrong)[0]:
        left = round(ink.axis.edge(ink.axis.start + int(place)))
        end = round(ink.axis.edge(ink.axis.start + int(place) + 1))
        painter.fillRect(left + 1, lower.top() + 1, max(1, end - left - 1), lower.height() - 1, QColor(theme.error))
    good, bad, dim = QColor(theme.good), QColor(theme.base), QColor(theme.dim)
    colours = [bad if wrong else good if asked else dim for wrong, asked in zip(found.wrong, found.asked, strict=True)]
    draw_words(painter, upper, right, ink, font, QColor(theme.text))
    draw_words(painter, lower, likely, ink, font, colours)


def _shared(painter: QPainter, rect: QRect, ink: Ink, shares: Floats) -> None:
    """Many steps a pixel: of each column as much in the colour of wrong, from below, as was wrong; never none of it."""
    right, wrong = shares
    asked, height = right + wrong, rect.height()
    red = np.ceil(height * wrong / np.maximum(asked, 1))
    red = np.where(right > 0, np.minimum(red, height - 1), red)
    above = np.arange(height, 0, -1)[:, None]  # pixels from the bottom
    good, bad = (np.uint32(QColor(colour).rgba()) for colour in (ink.theme.good, ink.theme.error))
    pixels = np.where(asked > 0, np.where(above <= red, bad, good), np.uint32(0)).astype(np.uint32)
    size = (pixels.shape[1], height, 4 * pixels.shape[1])
    painter.drawImage(rect.topLeft(), QImage(pixels.tobytes(), *size, QImage.Format.Format_ARGB32))


def _marked(painter: QPainter, upper: QRect, lower: QRect, ink: Ink, verdicts: Floats) -> None:
    """Too narrow to write: a short mark above where it was right, a tall one below where it was wrong.

    verdicts: for each column of pixels, or each step where they are fewer, the highest of right and of wrong.
    """
    each = upper.width() / len(verdicts)
    wide = max(1, int(each) - 1)
    for x in np.flatnonzero(verdicts[:, 0] > 0):
        painter.fillRect(upper.left() + int(x * each), upper.bottom() - 5, wide, 5, QColor(ink.theme.good))
    for x in np.flatnonzero(verdicts[:, 1] > 0):
        painter.fillRect(
            lower.left() + int(x * each), lower.top() + 1, wide, lower.height() - 3, QColor(ink.theme.error)
        )
