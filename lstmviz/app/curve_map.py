"""Curves over time, drawn once into a pixmap; moving the cursor never draws them again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QTransform

from lstmviz.app.levels import Levels
from lstmviz.traces.cells import cells

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


def draw(
    curves: list[Curve], steps: tuple[int, int], low: float, high: float, size: tuple[int, int], ratio: float
) -> QPixmap:
    """The curves over the steps start..stop as a transparent pixmap of so many logical pixels.

    More than four values a pixel are drawn as their highest and lowest: no spike is lost.
    """
    width, height = max(2, round(size[0] * ratio)), max(2, round(size[1] * ratio))
    shown = [_shown(curve, steps, width) for curve in curves]
    # so that neither a curve nor a dot at a limit is cut in half
    dots = any(_stand_alone(curve.values) for curve in curves)
    margin = (high - low) * (4 * ratio if dots else 1.5) / height
    across, down = width / max(1, steps[1] - steps[0]), height / ((high - low) + 2 * margin or 1.0)
    picture = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setTransform(QTransform(across, 0, 0, -down, -steps[0] * across, (high + margin) * down))
    for curve, (times, _, band) in zip(curves, shown, strict=True):
        if band is not None:
            _draw_band(painter, times, band, curve.colour, 1 / down)
    for curve, (times, values, _) in zip(curves, shown, strict=True):
        pen = QPen(curve.colour, max(1, round(ratio)), Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(pg.functions.arrayToQPath(times, values, connect="finite"))
        if _stand_alone(values):
            _draw_dots(painter, times, values, curve.colour, 2.5 * ratio)
    painter.end()
    pixmap = QPixmap.fromImage(picture)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _shown(curve: Curve, steps: tuple[int, int], width: int) -> tuple[Array, Array, tuple[Array, Array] | None]:
    """Times and values of what is drawn of a curve, and its band; the places of steps given by their first alone."""
    if not isinstance(curve.times, int):
        return curve.times.astype(np.float64, copy=False), curve.values.astype(np.float64), curve.band
    first = curve.times
    start, stop = max(steps[0], first), min(steps[1], first + len(curve.values))
    if stop <= start:
        return np.zeros(0), np.zeros(0), None
    times, values = Levels(curve.values).trail(0, start - first, stop - first, width)
    return times + first, values.astype(np.float64), None


def _draw_dots(painter: QPainter, times: Array, values: Array, colour: QColor, radius: float) -> None:
    """A dot for each value, round whatever the axes are."""
    known = np.isfinite(values)
    seen = painter.transform()
    painter.resetTransform()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for t, value in zip(times[known].tolist(), values[known].tolist(), strict=True):
        painter.drawEllipse(seen.map(QPointF(t, value)), radius, radius)
    painter.setTransform(seen)


def _draw_band(painter: QPainter, times: Array, band: tuple[Array, Array], colour: QColor, pixel: float) -> None:
    """The area between the lowest and the highest values, a pixel high at least, so that a quiet stretch is there."""
    faint = QColor(colour)
    faint.setAlpha(_FAINT)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(faint)
    low, high = (ends.astype(np.float64) for ends in band)
    known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    if not len(known):  # all on its way: a polygon without corners would end the process
        return
    for part in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        there = np.concatenate([times[part], times[part][::-1]])
        ends = np.concatenate([high[part] + pixel / 2, low[part][::-1] - pixel / 2])
        painter.drawPolygon(pg.functions.arrayToQPolygonF(there, ends))


def _stand_alone(values: Array) -> bool:
    """Whether no value has a neighbour, so that a line would show none: targets of the last step alone."""
    known = np.isfinite(values)
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
