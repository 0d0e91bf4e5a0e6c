"""Curves over time, drawn once through pyqtgraph into a pixmap; moving the cursor never draws them again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget

from lstmviz.app.heat_map import cells

Array = npt.NDArray[np.floating]
_FAINT = 70
"""How opaque the area around a curve is, of 255."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve: values[n] stands at times[n] on the axis of steps, or in the middle of step times + n.

    band: the lowest and the highest values around each of them, drawn as a faint area.
    """

    values: Array
    times: Array | int
    colour: QColor
    dashed: bool = False
    band: tuple[Array, Array] | None = None


def limits(arrays: list[Array], *, symmetric: bool = False) -> tuple[float, float]:
    """The smallest range that holds all finite values, never of no height; symmetric about zero when asked."""
    finite = [array[np.isfinite(array)] for array in arrays]
    finite = [array for array in finite if array.size]
    low = min((float(array.min()) for array in finite), default=0.0)
    high = max((float(array.max()) for array in finite), default=1.0)
    return opened(low, high, symmetric=symmetric)


def opened(low: float, high: float, *, symmetric: bool = False) -> tuple[float, float]:
    """The ends of an axis for values between two: never of no height, symmetric about zero when asked."""
    if symmetric:
        high = max(abs(low), abs(high)) or 1.0
        return -high, high
    if low == high:
        return low - 0.5, high + 0.5
    return low, high


class CurveMap:
    """A hidden pyqtgraph view that draws curves into pixmaps.

    Its items are created once, hidden and used again: removing items from a scene while events run crashes Qt.
    """

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent
        self._items: list[pg.PlotDataItem] = []

    @cached_property
    def _view(self) -> pg.GraphicsView:
        """Made when the first curve is drawn: the window starts without one."""
        view = pg.GraphicsView(self._parent, background=None)
        view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.hide()
        view.setCentralItem(self._box)
        return view

    @cached_property
    def _box(self) -> pg.ViewBox:
        return pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0)

    def draw(
        self, curves: list[Curve], steps: tuple[int, int], low: float, high: float, size: tuple[int, int], ratio: float
    ) -> QPixmap:
        """The curves over the steps start..stop as a transparent pixmap of so many logical pixels.

        More than five values a pixel are drawn as their highest and lowest (peak down-sampling): no spike is lost.
        """
        width, height = max(2, round(size[0] * ratio)), max(2, round(size[1] * ratio))
        self._view.resize(width, height)
        self._view.resizeEvent(None)
        # so that neither a curve nor a dot at a limit is cut in half
        dots = any(_stand_alone(curve.values) for curve in curves)
        margin = (high - low) * (4 * ratio if dots else 1.5) / height
        self._box.setRange(xRange=steps, yRange=(float(low - margin), float(high + margin)), padding=0)
        self._show(curves, steps, max(1, round(ratio)))
        self._box.updateMatrix()
        picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        _bands(painter, curves, steps, (low - margin, high + margin), (width, height))
        self._view.scene().render(painter, QRectF(0, 0, width, height), self._view.sceneRect())
        painter.end()
        pixmap = QPixmap.fromImage(picture)
        pixmap.setDevicePixelRatio(ratio)
        return pixmap

    def _show(self, curves: list[Curve], steps: tuple[int, int], width: int) -> None:
        while len(self._items) < len(curves):
            item = pg.PlotDataItem(autoDownsample=True, downsampleMethod="peak", clipToView=True, connect="finite")
            self._box.addItem(item, ignoreBounds=True)
            self._items.append(item)
        for item, curve in zip(self._items, curves, strict=False):
            times, shown = curve.times, curve.values
            if isinstance(times, int):
                # one value beyond each end, so that the curve reaches the edge of the picture
                begin = max(0, steps[0] - 1 - times)
                shown = shown[begin : max(begin, steps[1] + 1 - times)]
                times = np.arange(len(shown)) + (times + begin + 0.5)
            style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
            item.setPen(pg.mkPen(curve.colour, width=width, style=style))
            symbol = "o" if _stand_alone(shown) else None
            item.setData(times, shown, symbol=symbol, symbolSize=5 * width, symbolBrush=curve.colour)
            item.show()
        for item in self._items[len(curves) :]:
            item.hide()


def _bands(
    painter: QPainter, curves: list[Curve], steps: tuple[int, int], span: tuple[float, float], size: tuple[int, int]
) -> None:
    """The areas around the curves, below them all."""
    painter.setPen(Qt.PenStyle.NoPen)
    for curve in curves:
        if curve.band is None or isinstance(curve.times, int):
            continue
        x = (curve.times - steps[0]) * (size[0] / (steps[1] - steps[0]))
        low, high = ((span[1] - values) * (size[1] / (span[1] - span[0])) for values in curve.band)
        known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
        faint = QColor(curve.colour)
        faint.setAlpha(_FAINT)
        painter.setBrush(faint)
        for part in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            across = np.concatenate([x[part], x[part][::-1]])
            # a pixel high at least, so that a quiet stretch is there
            down = np.concatenate([high[part] - 0.5, low[part][::-1] + 0.5])
            painter.drawPolygon(QPolygonF(list(map(QPointF, across.tolist(), down.tolist()))))


def _stand_alone(values: Array) -> bool:
    """Whether no value has a neighbour, so that a line would show none: targets of the last step alone."""
    known = np.isfinite(values)
    # pyqtgraph warns of dots that are all NaN, while it paints
    return bool(known.any()) and not (known[1:] & known[:-1]).any()


def envelope(low: Array, high: Array, limits: tuple[float, float], size: tuple[int, int], colour: QColor) -> QImage:
    """A waveform: for each column of pixels the span from the lowest to the highest value under it.

    low, high: (T,), equal for plain samples. Limits are the values at the bottom and the top.
    """
    width, height = size
    first, _ = cells(len(low), width)
    if len(low) > width:
        lowest, highest = np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
    else:
        lowest, highest = low[first], high[first]
    scale = (height - 1) / ((limits[1] - limits[0]) or 1.0)
    top = np.rint((limits[1] - highest) * scale)
    bottom = np.maximum(np.rint((limits[1] - lowest) * scale), top)
    # neighbouring spans touch, so that a steep flank is a line and not a gap
    top[1:], bottom[1:] = np.minimum(top[1:], bottom[:-1]), np.maximum(bottom[1:], top[:-1])
    rows = np.arange(height)[:, None]
    inside = (rows >= top) & (rows <= bottom)
    pixels = np.where(inside, np.uint32(colour.rgba()), np.uint32(0)).astype(np.uint32)
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32).copy()
