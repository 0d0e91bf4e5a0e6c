"""Heat maps: a signal (T, H) as coloured pixels, time to the right and units downwards.

Where there are more steps or units than pixels, each pixel shows one true value: of those it covers, the one furthest
from its own unit's mean over the shown steps. A spike of one step is therefore never hidden. `reduction_note` says so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage, QPixmap

from lstmviz.app import theme
from lstmviz.app.levels import Levels
from lstmviz.app.numbers import about, rounded_up
from lstmviz.language import tr
from lstmviz.traces.cells import cells

Array = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]

_UNIT_RANGE = ("g", "tanh_c", "written")
"""Signed signals that live in [−1, 1]: their limits are the same in every trace."""
_HATCHED = 6
"""Pixels from one line of the hatching to the next."""
_NOT_A_NUMBER = 256
"""Place of the colour for NaN, after the 256 of the map."""


def limits(name: str, array: Array) -> tuple[float, float]:
    """The colour limits of a signal: 0..1 for gates, −1..1 for g and its like, else ± the largest, two digits."""
    if theme.is_gate(name):
        return 0.0, 1.0
    finite = array[np.isfinite(array)] if not np.isfinite(array.sum()) else array
    return limits_of(name, float(finite.min()), float(finite.max())) if finite.size else limits_of(name, -1.0, 1.0)


def limits_of(name: str, low: float, high: float) -> tuple[float, float]:
    """The same for a signal whose finite values are known to lie between two."""
    if theme.is_gate(name):
        return 0.0, 1.0
    largest = max(high, -low)
    if name in _UNIT_RANGE and largest <= 1.0:
        return -1.0, 1.0
    largest = rounded_up(largest) or 1.0
    return -largest, largest


def reduced(array: Array, columns: int, rows: int) -> Array:
    """(T, H) brought to (rows, columns), every pixel a true value: the one furthest from its unit's mean.

    With no more steps than columns and no more units than rows each value is repeated and none is left out.
    """
    steps, units = array.shape
    first, end = cells(steps, columns)
    mean = array.mean(axis=0) if steps > columns or units > rows else np.zeros(units, array.dtype)
    if steps > columns:
        high, low = _extremes(array, first, end)
        # as numbers, not as deviations: what is shown is a value of the trace, bit for bit
        picked = np.where(high - mean >= mean - low, high, low)
    else:
        picked = array[first]
    return _fewer_rows(picked, mean, rows)


def _fewer_rows(picked: Array, mean: Array, rows: int) -> Array:
    """(columns, H) brought to (rows, columns): of units that share a row the value furthest from its mean."""
    units = picked.shape[1]
    first, end = cells(units, rows)
    if units <= rows:
        return picked[:, first].T
    away = np.abs(picked - mean)
    best, furthest = picked[:, first], away[:, first]
    for offset in range(1, int((end - first).max())):
        place = np.minimum(first + offset, end - 1)
        better = away[:, place] > furthest
        best = np.where(better, picked[:, place], best)
        furthest = np.where(better, away[:, place], furthest)
    return best.T


def _extremes(array: Array, first: Places, end: Places) -> tuple[Array, Array]:
    """The highest and lowest row of each block, (blocks, H): whole rows at once, four times as fast as reduceat."""
    high, low = array[first], array[first]
    for offset in range(1, int((end - first).max())):
        rows = array[np.minimum(first + offset, end - 1)]
        np.maximum(high, rows, out=high)
        np.minimum(low, rows, out=low)
    return high, low


def reduction_note(steps: int, units: int, columns: int, rows: int) -> str:
    """What one pixel stands for, "" where every value has a pixel of its own."""
    across, down = steps / max(1, columns), units / max(1, rows)
    if across <= 1 and down <= 1:
        return ""
    if down <= 1:
        return tr("1 pixel = of {steps} steps, the value furthest from its unit's mean", steps=about(across))
    if across <= 1:
        return tr("1 pixel = of {units} units, the value furthest from its unit's mean", units=about(down))
    return tr(
        "1 pixel = of {steps} steps × {units} units, the value furthest from its unit's mean",
        steps=about(across),
        units=about(down),
    )


@lru_cache(maxsize=4)
def packed_table(kind: str) -> npt.NDArray[np.uint32]:
    """257 colours as 0xFFRRGGBB of the map ``gate``, ``signed`` or ``grey``; the last one is for NaN."""
    if kind == "grey":
        red = green = blue = np.arange(256, dtype=np.uint32)
    else:
        red, green, blue = theme.lookup_table(kind == "signed")[:, :3].astype(np.uint32).T
    table = np.full(257, 0xFFFF00FF, np.uint32)
    table[:256] = 0xFF000000 | red << 16 | green << 8 | blue
    return table


def places(values: Array, low: float, high: float) -> Places:
    """For each value its place in the colour table, clipped to the limits; NaN has the place after the last."""
    span = (high - low) or 1.0
    scaled = np.subtract(values, low, dtype=np.float32)
    scaled *= 255.0 / span
    np.clip(scaled, 0, 255, out=scaled)
    np.rint(scaled, out=scaled)
    known = np.isfinite(values)
    if not known.all():
        scaled[~known] = _NOT_A_NUMBER
    return scaled.astype(np.intp)


def image(array: Array, columns: int, rows: int, low: float, high: float, kind: str) -> QImage:
    """The heat map of (T, H) as an image of so many pixels."""
    return painted(reduced(array, columns, rows), low, high, kind)


def painted(grid: Array, low: float, high: float, kind: str, absent: tuple[QColor, QColor] | None = None) -> QImage:
    """A grid of values (rows, columns) in colours; columns of NaN alone are hatched in two colours where told so."""
    rows, columns = grid.shape
    pixels = np.ascontiguousarray(packed_table(kind)[places(grid, low, high)])
    if absent is not None and np.isnan(grid[0]).any():
        missing = np.flatnonzero(np.isnan(grid).all(axis=0))
        lines = (np.arange(rows)[:, None] + missing) % _HATCHED == 0
        pixels[:, missing] = np.where(lines, np.uint32(absent[1].rgb()), np.uint32(absent[0].rgb()))
    picture = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
    return picture.copy()  # Qt does not keep the numpy memory alive


class PixmapCache:
    """The pictures drawn last, by what they show; the oldest leave first."""

    def __init__(self, size: int = 96) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, QPixmap] = OrderedDict()

    def get(self, key: Hashable) -> QPixmap | None:
        """The picture kept under ``key``."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Hashable, pixmap: QPixmap) -> QPixmap:
        """Keep a picture and give it back."""
        self._kept[key] = pixmap
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return pixmap

    def clear(self) -> None:
        """Forget all: another trace, theme or language."""
        self._kept.clear()


def heat_map(array: Array, columns: int, rows: int, low: float, high: float, kind: str, ratio: float) -> QPixmap:
    """The heat map as a pixmap of columns × rows logical pixels on a screen with ``ratio`` device pixels each."""
    return pixmap_of(image(array, *device_size((columns, rows), ratio), low, high, kind), ratio)


def strip_map(
    levels: Levels,
    steps: tuple[int, int],
    size: tuple[int, int],
    limits: tuple[float, float],
    ratio: float,
    scale: Callable[[Array], Array] | None = None,
    kind: str = "grey",
    absent: tuple[QColor, QColor] | None = None,
) -> QPixmap:
    """The heat map of what goes in or comes out over some steps, each feature first scaled by a rising ``scale``."""
    grid = grid_of(levels, steps, device_size(size, ratio), scale)
    missing = np.isnan(grid)
    if absent is not None and missing.any():
        grid = np.where(missing & ~missing.all(axis=0), limits[0], grid)
    return pixmap_of(painted(grid, *limits, kind, absent), ratio)


def grid_of(
    levels: Levels, steps: tuple[int, int], size: tuple[int, int], scale: Callable[[Array], Array] | None = None
) -> Array:
    """The same as ``reduced`` of some steps, but from levels of detail, and with the means over all steps."""
    columns, rows = size
    scaled = scale or _as_it_is
    if steps[1] - steps[0] <= columns:
        return reduced(scaled(levels.rows(*steps)), columns, rows)
    low, high = (scaled(ends) for ends in levels.extremes(*steps, columns))
    mean = scaled(levels.means)
    return _fewer_rows(np.where(high - mean >= mean - low, high, low), mean, rows)


def _as_it_is(values: Array) -> Array:
    return values


def device_size(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Columns and rows of pixels on a screen with ``ratio`` device pixels for each logical one."""
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def pixmap_of(picture: QImage, ratio: float) -> QPixmap:
    """An image of device pixels as it is drawn at logical sizes."""
    pixmap = QPixmap.fromImage(picture)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def colour_bar(height: int, kind: str) -> QImage:
    """One column of the map, the high limit on top."""
    ramp = np.linspace(255, 0, max(1, height)).round().astype(np.intp)
    pixels = np.ascontiguousarray(packed_table(kind)[ramp][:, None])
    return QImage(pixels.data, 1, len(ramp), 4, QImage.Format.Format_RGB32).copy()
