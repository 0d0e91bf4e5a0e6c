"""Symbols over time: written out where a step has room for them, else as marks at their place in the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence as Many

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from lstmviz.app.drawing import Ink, sized, text
from lstmviz.app.levels import Marks, Runs
from lstmviz.sequences.topology import START, STOP

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍", "": "∅", START: "▷", STOP: "◻"}
"""Signs for symbols that nobody can see, or that would need the room of seven letters."""
_NARROWEST = 8.0

Places = npt.NDArray[np.intp]


def visible(symbol: str) -> str:
    """A symbol as it is drawn."""
    return VISIBLE.get(symbol, symbol)


def fitting(words: Many[str], ink: Ink) -> QFont | None:
    """The largest font in which a step is wide enough for its symbol, long words shortened; None for none.

    Single letters may reach a pixel into their neighbours' steps: only the widest, an m or a w, are as wide as that.
    """
    if ink.axis.per_step < _NARROWEST:
        return None
    letters = all(len(word) < 2 for word in words)
    for pixels, around, enough in ((12, 3, 36), (10, -2 if letters else 1, 26)):
        font = sized(ink.font, pixels)
        metrics = QFontMetrics(font)
        widest = max((metrics.horizontalAdvance(word) for word in set(words)), default=0)
        if ink.axis.per_step >= min(widest + around, enough):
            return font
    return None


def draw_words(
    painter: QPainter, rect: QRect, words: Many[str], ink: Ink, font: QFont, colours: Many[QColor] | QColor
) -> None:
    """One word in the middle of each shown step."""
    for place, word in enumerate(words):
        left = round(ink.axis.edge(ink.axis.start + place))
        right = round(ink.axis.edge(ink.axis.start + place + 1))
        colour = colours if isinstance(colours, QColor) else colours[place]
        over = 2 if len(word) < 2 else 0
        room = QRect(left - over, rect.top(), right - left + 2 * over, rect.height())
        text(painter, room, word, colour, font, "middle")


def draw_marks(painter: QPainter, rect: QRect, marks: Marks, ink: Ink, colour: QColor) -> None:
    """A mark for each step, the higher the later its symbol stands in the vocabulary; −1 is no symbol."""
    start, stop = ink.steps
    if stop - start > 4 * rect.width():
        _draw_crowd(painter, rect, marks.occur(start, stop, rect.width()), colour)
        return
    width, height, symbols, count = rect.width(), rect.height(), marks.symbols[start:stop], marks.count
    known = symbols >= 0
    columns = (np.arange(len(symbols))[known] * ink.axis.per_step).astype(np.intp).clip(0, width - 1)
    end = ((np.arange(len(symbols))[known] + 1) * ink.axis.per_step).astype(np.intp).clip(1, width)
    rows = np.rint((height - 3) * (1 - symbols[known] / max(1, count - 1))).astype(np.intp)
    pixels = np.zeros((height, width), np.uint32)
    for offset in range(max(1, int((end - columns).max(initial=1)))):
        place = np.minimum(columns + offset, np.maximum(end - 1, columns))
        pixels[rows, place] = pixels[rows + 1, place] = colour.rgba()
    painter.drawImage(rect.topLeft(), QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32))


def _draw_crowd(painter: QPainter, rect: QRect, occur: npt.NDArray[np.bool_], colour: QColor) -> None:
    """The same where a pixel has many steps: a mark for each symbol that occurs in it."""
    heights, width = occur.shape
    pixels = np.zeros((rect.height(), width), np.uint32)
    for place, columns in enumerate(occur):
        row = round((rect.height() - 3) * (1 - place / max(1, heights - 1)))
        pixels[row : row + 2, columns] = colour.rgba()
    size = (width, rect.height(), 4 * width)
    painter.drawImage(rect.topLeft(), QImage(pixels.tobytes(), *size, QImage.Format.Format_ARGB32))


def draw_runs(painter: QPainter, rect: QRect, runs: Runs, ink: Ink) -> None:
    """Labels of steps as a band for each run of equal ones, its name in it where there is room."""
    font = sized(ink.font, 10)
    grounds = (QColor(ink.theme.grid), QColor(ink.theme.line))
    metrics = QFontMetrics(font)
    for place, begin, end in runs.seen(*ink.steps, rect.width()):
        label = runs.names[place]
        left, right = round(ink.axis.edge(begin)), round(ink.axis.edge(end))
        if not label:
            continue
        band = QRect(left, rect.top(), max(1, right - left), rect.height())
        painter.fillRect(band, grounds[place % 2])
        if band.width() > min(44, metrics.horizontalAdvance(label) + 2):
            text(painter, band, visible(label), ink.theme.text, font, "middle")
