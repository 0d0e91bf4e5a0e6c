"""The picture of a widget, opened by another reader, has the asked size and shows what the widget shows."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyqtgraph as pg
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from lstmviz.app.pictures import LARGEST, save_picture
from lstmviz.app.pixels import draw_part, is_vector, pixel_ratio
from lstmviz.errors import ExportError


@pytest.fixture
def widget(qtbot: QtBot) -> QWidget:
    """A label over a plot with one thick orange line: text, a child with a viewport, and a curve."""
    widget = QWidget()
    qtbot.addWidget(widget)
    column = QVBoxLayout(widget)
    column.addWidget(QLabel("forget gate", widget))
    plot = pg.PlotWidget(widget)
    plot.plot(np.arange(50), np.sin(np.arange(50) / 5), pen=pg.mkPen("#D55E00", width=1))
    column.addWidget(plot)
    widget.resize(320, 240)
    return widget


def orange(pixels: np.ndarray) -> int:
    """How many pixels have about the colour of f."""
    return int((np.abs(pixels[..., :3].astype(int) - (0xD5, 0x5E, 0)).max(axis=-1) < 24).sum())


def drawn(svg: Path, size: QSize) -> np.ndarray:
    """An SVG drawn by Qt's reader, which is not what wrote it."""
    image = QImage(size, QImage.Format.Format_RGBA8888)
    image.fill(QColor("white"))
    painter = QPainter(image)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(size.height(), size.width(), 4).copy()


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_a_png_has_the_asked_size_and_shows_the_widget(widget: QWidget, tmp_path: Path, scale: float) -> None:
    save_picture(widget, tmp_path / "a.png", scale=scale)
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape == (240 * scale, 320 * scale, 3)
    assert orange(pixels) > 100 * scale


def test_a_picture_of_another_size_is_laid_out_anew_and_leaves_the_widget_alone(
    widget: QWidget, tmp_path: Path
) -> None:
    save_picture(widget, tmp_path / "a.png", size=QSize(800, 300), scale=2)
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1600, 600)
        assert orange(np.asarray(image.convert("RGB"))[:, 800:]) > 100  # the line reaches the new right half
    assert widget.size() == QSize(320, 240)


def test_an_svg_has_the_asked_size_and_shows_the_widget(widget: QWidget, tmp_path: Path) -> None:
    save_picture(widget, tmp_path / "a.svg", size=QSize(640, 480))
    renderer = QSvgRenderer(str(tmp_path / "a.svg"))
    assert renderer.isValid()
    assert renderer.viewBox().size() == QSize(640, 480)
    assert orange(drawn(tmp_path / "a.svg", QSize(640, 480))) > 200
    assert "forget gate" in (tmp_path / "a.svg").read_text()


class Cached(QWidget):
    """A view as ours are: it keeps a pixmap, except in a vector picture."""

    def __init__(self) -> None:
        super().__init__()
        self.ratios: list[float] = []
        self._kept: QPixmap | None = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._kept = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if is_vector():
            self.draw(painter)
        else:
            if self._kept is None:
                ratio = pixel_ratio(self)
                self.ratios.append(ratio)
                self._kept = QPixmap(self.size() * ratio)
                self._kept.setDevicePixelRatio(ratio)
                self._kept.fill(QColor("white"))
                inner = QPainter(self._kept)
                self.draw(inner)
                inner.end()
            painter.drawPixmap(0, 0, self._kept)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        painter.setPen(QColor("#D55E00"))
        painter.drawPolyline([QPoint(x, 20 + x % 7) for x in range(0, 100, 3)])


def test_a_view_that_keeps_pixmaps_is_drawn_at_the_picture_s_ratio_and_then_at_the_screen_s(
    qtbot: QtBot, tmp_path: Path
) -> None:
    view = Cached()
    qtbot.addWidget(view)
    view.resize(120, 60)
    view.grab()
    save_picture(view, tmp_path / "a.png", scale=3)
    view.grab()
    assert view.ratios == [1.0, 3.0, 1.0]
    save_picture(view, tmp_path / "a.svg")
    tags = {element.tag.rsplit("}", 1)[-1] for element in ElementTree.parse(tmp_path / "a.svg").iter()}
    assert "polyline" in tags
    assert "image" not in tags


class Part(QWidget):
    """Shows the second row of an image of two rows: four pixels, the third orange."""

    def paintEvent(self, event: QPaintEvent) -> None:
        image = QImage(4, 2, QImage.Format.Format_RGB32)
        image.fill(QColor("#D55E00"))
        for x in (0, 1, 3):
            image.setPixelColor(x, 1, QColor("white"))
        painter = QPainter(self)
        draw_part(painter, QRect(0, 0, 80, 20), image, QRect(0, 1, 4, 1))
        painter.end()


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_a_part_of_an_image_is_that_part_in_every_picture(qtbot: QtBot, tmp_path: Path, name: str) -> None:
    view = Part()
    qtbot.addWidget(view)
    view.resize(80, 20)
    save_picture(view, tmp_path / name)
    pixels = drawn(tmp_path / name, view.size()) if name == "a.svg" else np.asarray(Image.open(tmp_path / name))
    assert orange(pixels) == pytest.approx(400, abs=45)
    assert orange(pixels[:, 42:58]) == 320


@pytest.mark.parametrize(
    ("name", "wish", "words"),
    [
        ("a.bmp", {}, "ends in “.bmp”; expected one of: .png .svg"),
        ("a.png", {"scale": 1000.0}, f"expected 1 to {LARGEST} a side"),
        ("a.png", {"scale": 0.0}, "A picture of 0 × 0 pixels"),
        ("no/a.png", {}, "does not exist"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_a_sentence(
    widget: QWidget, tmp_path: Path, name: str, wish: dict, words: str
) -> None:
    with pytest.raises(ExportError, match=words):
        save_picture(widget, tmp_path / name, **wish)
    assert list(tmp_path.iterdir()) == []
    assert widget.size() == QSize(320, 240)
