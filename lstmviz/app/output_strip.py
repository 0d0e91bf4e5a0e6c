"""The output strip of the timeline: what the net says against what it should say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QFont, QPainter

from lstmviz.app import heat_map
from lstmviz.app.curve_map import Curve, limits
from lstmviz.app.drawing import Ink, legend
from lstmviz.app.input_strip import CURVE_COLOURS, MANY, Notes, differ_in_size, own_range
from lstmviz.app.numbers import limit
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


@dataclass(frozen=True, eq=False)
class Guesses:
    """Over the steps start..stop of a classifier: the most likely symbol, the right one (−1 for none), p of that."""

    likely: Places
    right: Places
    p: Floats

    @property
    def asked(self) -> npt.NDArray[np.bool_]:
        """Where a symbol was asked for."""
        return self.right >= 0

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Where another symbol than the right one was the most likely."""
        wrong: npt.NDArray[np.bool_] = self.asked & (self.likely != self.right)
        return wrong


def guesses(trace: Trace, start: int, stop: int) -> Guesses:
    """What a classifier said over the steps start..stop; p is NaN, or p of the most likely without any targets.

    Where an encoder still reads nothing is said, and the most likely symbol is −1.
    """
    assert trace.outputs is not None
    outputs = trace.outputs[start:stop]
    likely = np.where(np.isfinite(outputs[:, 0]), outputs.argmax(axis=1), -1)
    right = np.full(len(outputs), -1, np.intp)
    if trace.targets is None:
        return Guesses(likely, right, outputs.max(axis=1))
    target = trace.targets[start:stop, 0]
    asked = np.isfinite(target)
    right[asked] = target[asked].astype(np.intp)
    p = np.full(len(outputs), np.nan, np.float32)
    p[asked] = outputs[np.nonzero(asked)[0], right[asked]]
    return Guesses(likely, right, p)


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


def draw_output(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    """The shown steps of the model's output."""
    if ink.trace.output_kind == "probability":
        return _probability(painter, rect, ink)
    assert ink.trace.outputs is not None
    return (_pictures if ink.trace.outputs.shape[1] > MANY else _value)(painter, rect, ink)


def _has_targets(trace: Trace) -> bool:
    return trace.targets is not None and trace.outputs is not None and trace.targets.shape == trace.outputs.shape


def _pictures(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    """Many outputs as the rows of a picture: what is right above, what the net says below, grey on the same scale."""
    outputs, targets = ink.trace.outputs, ink.trace.targets
    assert outputs is not None
    parts = [outputs] if targets is None or not _has_targets(ink.trace) else [targets, outputs]
    joined = np.concatenate(parts)
    own = ink.trace.sequence.kind != "image" and differ_in_size(joined)
    low, high = (0.0, 1.0) if own else limits([joined])
    start, stop = ink.steps
    height = rect.height() // len(parts)
    for n, part in enumerate(np.split(own_range(joined) if own else joined, len(parts))):
        size = (rect.width(), height - (1 if len(parts) > 1 else 0))
        picture = heat_map.heat_map(np.nan_to_num(part[start:stop], nan=low), *size, low, high, "grey", ink.ratio)
        top = rect.top() + n * height
        painter.drawPixmap(rect.left(), top, picture)
        for unasked in np.nonzero(np.isnan(part[start:stop]).all(axis=1))[0]:
            left, right = (round(ink.axis.edge(start + int(unasked) + k)) for k in (0, 1))
            painter.fillRect(left, top, right - left, size[1], QColor(ink.theme.base))
    what = [tr("target above, prediction below")] if len(parts) > 1 else []
    what += [tr("each output on its own range")] if own else []
    ends = (tr("max"), tr("min")) if own else (limit(high), limit(low))
    return Notes(*ends, " · ".join(what))


def _value(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    trace = ink.trace
    assert trace.outputs is not None
    shown = min(_CURVES, trace.outputs.shape[1])
    curves, entries = [], []
    for k in range(shown):
        name = trace.output_names[k] if k < len(trace.output_names) else str(k)
        colour = QColor(ink.theme.accent if shown == 1 else CURVE_COLOURS[k])
        if trace.targets is not None and k < trace.targets.shape[1]:
            target = QColor(ink.theme.text if shown == 1 else colour.lighter(150))
            curves.append(Curve(trace.targets[:, k], 0, target, dashed=shown > 1))
            if shown == 1:
                entries.append((tr("target"), target))
        curves.append(Curve(trace.outputs[:, k], 0, colour))
        entries.append((tr("prediction") if shown == 1 else name, colour))
    low, high = limits([curve.values for curve in curves])
    plot = legend(painter, rect, entries, ink)
    size = (plot.width(), plot.height())
    painter.drawPixmap(plot.topLeft(), ink.curves.draw(curves, ink.steps, low, high, size, ink.ratio))
    note = ""
    if shown < trace.outputs.shape[1]:
        note = tr("{shown} of {count} outputs", shown=shown, count=trace.outputs.shape[1])
    elif shown > 1 and trace.targets is not None:
        note = tr("targets dashed")
    return Notes(limit(high), limit(low), note, plot.top() - rect.top())


def _probability(painter: QPainter, rect: QRect, ink: Ink) -> Notes:
    start, stop = ink.steps
    found = guesses(ink.trace, start, stop)
    upper = QRect(rect.left(), rect.top(), rect.width(), _LINE)
    lower = upper.translated(0, _LINE)
    curve = QRect(rect.left(), lower.bottom() + 3, rect.width(), rect.bottom() - lower.bottom() - 3)
    likely, right = _words(ink, found.likely), _words(ink, found.right)
    font = fitting([*likely, *right], ink) if likely else None
    asked = bool(found.asked.any())
    if font is not None:
        _written(painter, upper, lower, ink, font, found, likely, right)
    elif asked or not likely:
        _marked(painter, upper, lower, ink, found)
    else:
        draw_runs(painter, upper.united(lower).adjusted(0, 4, 0, -4), likely, ink)
    if curve.height() < _LOWEST_CURVE:
        return Notes()
    return _probability_curve(painter, curve, curve.top() - rect.top(), ink, found, asked=asked)


def _probability_curve(painter: QPainter, curve: QRect, top: int, ink: Ink, found: Guesses, *, asked: bool) -> Notes:
    start, stop = ink.steps
    assert ink.trace.outputs is not None
    p = found.p if asked else ink.trace.outputs[start:stop].max(axis=1)
    size = (curve.width(), curve.height())
    picture = ink.curves.draw([Curve(p, start, QColor(ink.theme.text))], ink.steps, 0.0, 1.0, size, ink.ratio)
    painter.drawPixmap(curve.topLeft(), picture)
    own = asked and ink.trace.targets is not None
    what = tr("curve: p of the right one") if own else tr("curve: p of the most likely")
    return Notes("1", "0", what, top)


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


def _marked(painter: QPainter, upper: QRect, lower: QRect, ink: Ink, found: Guesses) -> None:
    """Too narrow to write: a short mark above where it was right, a tall one below where it was wrong."""
    columns = (np.arange(len(found.right)) * ink.axis.per_step).astype(np.intp)
    wide = max(1, int(ink.axis.per_step) - 1)
    right = np.unique(columns[found.asked & ~found.wrong])
    for x in right:
        painter.fillRect(upper.left() + int(x), upper.bottom() - 5, wide, 5, QColor(ink.theme.good))
    for x in np.unique(columns[found.wrong]):
        painter.fillRect(lower.left() + int(x), lower.top() + 1, wide, lower.height() - 3, QColor(ink.theme.error))
