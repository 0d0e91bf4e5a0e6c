"""Icons: the strokes in resources/icons, in the colours of the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from lstmviz import paths
from lstmviz.app.theme import Theme

SIZE = 24


@lru_cache(maxsize=256)
def icon(name: str, theme: Theme) -> QIcon:
    """The icon ``name`` (a file in resources/icons without its ending) drawn in the text colour of the theme."""
    result = QIcon()
    result.addPixmap(pixmap(name, theme.text, 2 * SIZE), QIcon.Mode.Normal)
    result.addPixmap(pixmap(name, theme.line, 2 * SIZE), QIcon.Mode.Disabled)
    return result


@lru_cache(maxsize=256)
def pixmap(name: str, colour: str, size: int) -> QPixmap:
    """One icon as a square pixmap of ``size`` device pixels, its strokes in ``colour``."""
    text = (paths.resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(text.replace("currentColor", colour).encode()))
    result = QPixmap(QSize(size, size))
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return result


def app_icon() -> QIcon:
    """The icon of the program itself."""
    result = QIcon()
    for size in (16, 32, 64, 128, 256):
        result.addPixmap(pixmap("lstmviz", "#000000", size))
    return result
