"""How many pixels a point has, on the screen or in a picture that is being drawn.

A view that keeps pixmaps makes them with ``pixel_ratio(self)`` and makes them anew after a resize event; where
``is_vector()`` it draws without them. Then the same view is sharp on the screen, in a large PNG and in an SVG.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QResizeEvent
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
