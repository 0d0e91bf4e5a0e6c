"""A vector as a strip of coloured units."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from lstmviz.app.cell_geometry import Rect
from lstmviz.app.frame_values import Array, Scale
from lstmviz.app.pixels import draw_part
from lstmviz.app.theme import lookup_table

_Places = npt.NDArray[np.intp]
_NARROWEST_PARTED = 6
"""Units at least so many pixels wide are parted by a thin gap; narrower ones touch."""


@lru_cache(maxsize=1)
def _both_tables() -> npt.NDArray[np.uint32]:
    """The gates' colours, then those of signed signals, as 512 pixels in the bytes R G B A."""
    tables: npt.NDArray[np.uint32] = np.concatenate([lookup_table(False), lookup_table(True)]).view(np.uint32)[:, 0]
    return tables


def colours(vectors: Array, scales: Sequence[Scale]) -> npt.NDArray[np.uint32]:
    """The colour of each value of some vectors, (k, n), each on its own scale, as pixels in the bytes R G B A.

    A value beyond its scale takes the colour of the scale's end; NaN is left free, since every colour is a number.
    """
    low = np.array([[scale.low] for scale in scales])
    steps = np.array([[255 / (scale.high - scale.low)] for scale in scales])
    table = np.array([[256 if scale.signed else 0] for scale in scales])
    place = (vectors - low) * steps
    missing = np.isnan(place)
    np.copyto(place, 0, where=missing)
    painted: npt.NDArray[np.uint32] = _both_tables()[np.rint(place.clip(0, 255)).astype(np.intp) + table]
    painted[missing] = 0
    return painted


@lru_cache(maxsize=64)
def _units_of_pixels(units: int, width: int) -> _Places:
    """The first unit under each pixel, (width,)."""
    return np.arange(width) * units // width


@lru_cache(maxsize=64)
def _gaps(units: int, width: int) -> _Places:
    """The pixels left free between units, empty where units are narrow."""
    if width < units * _NARROWEST_PARTED:
        return np.zeros(0, np.intp)
    return -(-np.arange(1, units) * width // units)


def units_at(x: float, strip: Rect, units: int) -> tuple[int, int]:
    """The units first..last under the column x of a strip: one unit, or all that share the pixel."""
    pixel = min(max(int(x - strip.x), 0), strip.w - 1)
    first = pixel * units // strip.w
    last = max(first, (pixel + 1) * units // strip.w - 1)
    return first, last


def unit_span(unit: int, strip: Rect, units: int) -> tuple[float, float]:
    """Left and right edge of a unit in a strip."""
    return strip.x + unit * strip.w / units, strip.x + (unit + 1) * strip.w / units


def units_per_pixel(strip: Rect, units: int) -> int:
    """How many units share a pixel, 1 where each has its own."""
    return -(-units // strip.w)


def pixels(vectors: Array, scales: Sequence[Scale], width: int) -> npt.NDArray[np.uint32]:
    """Some vectors of one length as rows of ``width`` pixels, (k, width).

    Where several units share a pixel it shows their mean.
    """
    units = vectors.shape[1]
    first = _units_of_pixels(units, width)
    if units > width:
        counts = np.diff(np.append(first, units))
        return colours(np.add.reduceat(vectors, first, axis=1) / counts, scales)
    rows = colours(vectors, scales)[:, first]
    rows[:, _gaps(units, width)] = 0
    return rows


def paint(painter: QPainter, strips: Sequence[Rect], rows: npt.NDArray[np.uint32]) -> None:
    """Paint one row of pixels over each strip."""
    height, width = rows.shape
    image = QImage(np.ascontiguousarray(rows).data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    for n, strip in enumerate(strips):
        draw_part(painter, QRect(strip.x, strip.y, strip.w, strip.h), image, QRect(0, n, width, 1))


def mark(painter: QPainter, strip: Rect, unit: int, units: int, colour: int, ink: QColor, paper: QColor) -> None:
    """Frame one unit in ink between two lines of paper, its own colour inside even where it shares its pixel."""
    left, right = unit_span(unit, strip, units)
    width = max(3, round(right) - round(left))
    x = min(max(round((left + right - width) / 2), strip.x), strip.right - width)
    painter.fillRect(x - 3, strip.y - 3, width + 6, strip.h + 6, paper)
    painter.fillRect(x - 2, strip.y - 2, width + 4, strip.h + 4, ink)
    painter.fillRect(x - 1, strip.y - 1, width + 2, strip.h + 2, paper)
    if colour:
        painter.fillRect(x, strip.y, width, strip.h, QColor(colour & 255, colour >> 8 & 255, colour >> 16 & 255))
