"""The picture of any view as PNG or SVG, drawn anew at the asked size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from lstmviz.app.pixels import VECTOR_RATIO, picture_of
from lstmviz.errors import ExportError
from lstmviz.traces.safe_write import replacing

LARGEST = 16384
"""The longest side of a picture in pixels: 1 GiB for a square one."""


def save_picture(widget: QWidget, path: str | Path, *, size: QSize | None = None, scale: float = 1.0) -> None:
    """Draw a widget into a file, ``.png`` or ``.svg`` by its ending.

    ``size`` is the widget's own unless given; a PNG has ``scale`` pixels for each of its points. The widget is as it
    was afterwards. Raises ExportError for another ending, a size that no picture can have, and a full disk.
    """
    ending = Path(path).suffix.lower()
    if ending not in PICTURES:
        raise ExportError(
            "“{path}” ends in “{ending}”; expected one of: {endings}.",
            path=str(path),
            ending=ending,
            endings=" ".join(PICTURES),
        )
    points = size or widget.size()
    pixels = (points.toSizeF() * scale).toSize()
    if min(pixels.width(), pixels.height()) < 1 or max(pixels.width(), pixels.height()) > LARGEST:
        raise ExportError(
            "A picture of {width} × {height} pixels cannot be drawn; expected 1 to {largest} a side.",
            width=pixels.width(),
            height=pixels.height(),
            largest=LARGEST,
        )
    before = widget.size()
    if points != before:
        widget.resize(points)
    try:
        data = PICTURES[ending](widget, scale)
    finally:
        if points != before:
            widget.resize(before)
    with replacing(path) as new:
        new.write_bytes(data)


def draw(widget: QWidget, scale: float = 1.0) -> QImage:
    """The widget as an image with ``scale`` pixels for each of its points."""
    image = QImage((widget.size().toSizeF() * scale).toSize(), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(widget.palette().color(widget.backgroundRole()))
    with picture_of(widget, scale, vector=False):
        painter = QPainter(image)
        painter.scale(scale, scale)
        widget.render(painter, QPoint())
        painter.end()
    return image


def _png(widget: QWidget, scale: float) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(draw(widget, scale))
    return bytes(data.data())


def _svg(widget: QWidget, _scale: float) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(widget.size())
    generator.setViewBox(QRect(QPoint(), widget.size()))
    generator.setTitle(widget.accessibleName() or widget.windowTitle())
    with picture_of(widget, VECTOR_RATIO, vector=True):
        painter = QPainter(generator)
        widget.render(painter, QPoint())
        painter.end()
    return bytes(data.data())


PICTURES: dict[str, Callable[[QWidget, float], bytes]] = {".png": _png, ".svg": _svg}
"""What draws each kind of picture, by the file's ending."""
