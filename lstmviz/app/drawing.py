"""Small things that several views draw alike: signal chips, the cursor, numbers, text beside a plot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPolygonF

from lstmviz.app.theme import Theme
from lstmviz.app.time_axis import TimeAxis
from lstmviz.traces.trace import Trace

CHIP_HEIGHT = 16
_FLAGS = {
    "left": int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextSingleLine),
    "middle": int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextSingleLine),
    "right": int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextSingleLine),
}
"""Put together once: Qt's flags are slow to combine in Python, and text is drawn a hundred times a step."""
_FRAMED = 9.0
"""From so many pixels a step on, the cursor frames its step: a line would hide the symbol in it."""
_LEGEND = 14
"""Pixels that a line of names takes above the curves."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What every strip of the timeline is drawn with."""

    trace: Trace
    axis: TimeAxis
    theme: Theme
    font: QFont
    ratio: float

    @property
    def steps(self) -> tuple[int, int]:
        """The shown steps, start and stop."""
        return self.axis.start, self.axis.start + self.axis.steps


def sized(font: QFont, pixels: int, *, bold: bool = False) -> QFont:
    """The same family at another size."""
    return _sized(font.family(), pixels, bold)


@lru_cache(maxsize=32)
def _sized(family: str, pixels: int, bold: bool) -> QFont:
    made = QFont(family)
    made.setPixelSize(pixels)
    made.setBold(bold)
    return made


def on(colour: QColor) -> QColor:
    """Black or white, whichever reads better on a colour."""
    bright = 0.2126 * colour.redF() ** 2.2 + 0.7152 * colour.greenF() ** 2.2 + 0.0722 * colour.blueF() ** 2.2
    return QColor("#000000" if bright > 0.2 else "#FFFFFF")


def chip_width(text: str, font: QFont) -> int:
    """The width of a chip with this name."""
    return max(CHIP_HEIGHT + 2, QFontMetrics(sized(font, 11, bold=True)).horizontalAdvance(text) + 10)


def chip(painter: QPainter, x: int, y: int, text: str, colour: QColor, font: QFont) -> int:
    """A signal's name on its colour, readable on any theme; gives the chip's width."""
    bold, width = sized(font, 11, bold=True), chip_width(text, font)
    rect = QRectF(x, y, width, CHIP_HEIGHT)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(rect, 4, 4)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setFont(bold)
    painter.setPen(on(colour))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
    return width


def text(
    painter: QPainter,
    rect: QRect,
    words: str,
    colour: str | QColor,
    font: QFont,
    align: Literal["left", "middle", "right"] = "left",
) -> None:
    """One line of text, shortened with an ellipsis where it does not fit."""
    if len(words) * font.pixelSize() > rect.width():  # no letter is wider than high: most need no measuring
        words = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(rect, _FLAGS[align], words)


def cursor_rect(axis: TimeAxis, t: int, height: int) -> QRect:
    """The pixels that the cursor at step t may touch."""
    left, right = _cursor_edges(axis, t)
    return QRect(left - 1, 0, right - left + 3, height)


def _cursor_edges(axis: TimeAxis, t: int) -> tuple[int, int]:
    if axis.per_step < _FRAMED:
        middle = round(axis.centre(t))
        return middle, middle
    return round(axis.edge(t)), round(axis.edge(t + 1)) - 1


def cursor(painter: QPainter, axis: TimeAxis, t: int, top: int, bottom: int, theme: Theme) -> None:
    """The cursor with a halo, so that it shows on dark and on bright pixels: a line, or two around a wide step."""
    halo = QColor(theme.base)
    halo.setAlpha(150)
    for x in set(_cursor_edges(axis, t)):
        painter.fillRect(x - 1, top, 3, bottom - top, halo)
        painter.fillRect(x, top, 1, bottom - top, QColor(theme.cursor))


def arrow(painter: QPainter, x: float, y: float, to_the_right: bool, colour: QColor) -> None:
    """The mark at one end of the selected unit's row, its point at x, y."""
    back = -6 if to_the_right else 6
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x + back, y - 4), QPointF(x + back, y + 4)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def legend(painter: QPainter, rect: QRect, entries: Iterable[tuple[str, QColor]], ink: Ink) -> QRect:
    """Names along the top of a plot, each after a dash of its colour; what is left below them for the curves."""
    font = sized(ink.font, 10)
    metrics = QFontMetrics(font)
    x = rect.left() + 4
    for name, colour in entries:
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, 110)
        width = metrics.horizontalAdvance(shown) + 20
        if x + width > rect.right():
            break
        painter.fillRect(x, rect.top() + 7, 11, 2, colour)
        painter.setFont(font)
        painter.setPen(QColor(ink.theme.text))
        painter.drawText(x + 14, rect.top() + 11, shown)
        x += width + 6
    return rect.adjusted(0, _LEGEND, 0, 0)
