"""How many pixels a point has, on the screen or in a picture that is being drawn.

A view that keeps pixmaps makes them with ``pixel_ratio(self)`` and makes them anew after a resize event; where
``is_vector()`` it draws without them; a part of an image it draws with ``draw_part``. Then the same view is right and
sharp on the screen, in a large PNG and in an SVG.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QRect
from PySide6.QtGui import QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

VECTOR_RATIO = 4.0
"""For what stays a bitmap inside a vector picture, heat maps for instance: 384 pixels an inch."""


@dataclass(frozen=True)
class _Picture:
    ratio: float
    vector: bool


_now: _Picture | None = None


def pixel_ratio(widget: QWidget) -> float:
    """Pixels a point: those of the picture that is being drawn, else those of the widget's screen."""
    return widget.devicePixelRatioF() if _now is None else _now.ratio


def is_vector() -> bool:
    """Whether a vector picture is being drawn."""
    return _now is not None and _now.vector


def draw_part(painter: QPainter, rect: QRect, image: QImage, part: QRect) -> None:
    """Draw a part of an image into a rectangle, each of its pixels a sharp block.

    WORKAROUND (Qt 6.8–6.11): the painter of SVG draws the whole image whatever part is asked for,
    https://github.com/qt/qtsvg/blob/6.8/src/svg/qsvggenerator.cpp; and most readers of SVG blur what they enlarge.
    """
    if not is_vector():
        painter.drawImage(rect, image, part)
        return
    fine = (rect.size().toSizeF() * VECTOR_RATIO).toSize()
    painter.drawImage(rect, image.copy(part).scaled(fine))


@contextmanager
def picture_of(widget: QWidget, ratio: float, *, vector: bool) -> Iterator[None]:
    """While a picture of a widget is drawn, its pixmaps have another ratio; they are made anew before and after."""
    global _now
    _now = _Picture(ratio, vector)
    try:
        _make_anew(widget)
        yield
    finally:
        _now = None
        _make_anew(widget)


def _make_anew(widget: QWidget) -> None:
    for part in (widget, *widget.findChildren(QWidget)):
        QCoreApplication.sendEvent(part, QResizeEvent(part.size(), part.size()))
