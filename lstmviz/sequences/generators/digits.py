"""Pictures of digits, drawn from strokes: 8 × 8 greys."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

SIDE = 8
NOISE = 0.15
"""Every pixel is off by at most so much: less than half of what tells any two digits apart somewhere."""

WIDTHS = (0.6, 0.9)
"""Half the thickness of a stroke in pixels: a thin and a bold pen."""

Floats = npt.NDArray[np.floating]
Point = tuple[float, float]

# corners of the strokes as (column, row), in a field 3 wide and 5 high that is put into the middle of the picture
_STROKES: dict[int, tuple[tuple[Point, ...], ...]] = {
    0: (((0.9, 0), (2.1, 0), (3, 1.2), (3, 3.8), (2.1, 5), (0.9, 5), (0, 3.8), (0, 1.2), (0.9, 0)),),
    1: (((0.4, 1.3), (1.7, 0), (1.7, 5)), ((0.4, 5), (3, 5))),
    2: (((0, 1), (0.8, 0), (2.2, 0), (3, 1), (2.8, 2.2), (0, 5), (3, 5)),),
    3: (((0, 0), (3, 0), (1.4, 2), (2.6, 2.6), (3, 3.8), (2.2, 5), (0.8, 5), (0, 4.3)),),
    4: (((2.3, 5), (2.3, 0), (0, 3.3), (3, 3.3)),),
    5: (((3, 0), (0.2, 0), (0, 2.2), (2, 2), (3, 3.2), (2.8, 4.4), (1.8, 5), (0, 4.8)),),
    6: (((2.6, 0), (1, 0.8), (0, 2.8), (0.2, 4.4), (1.2, 5), (2.4, 4.8), (3, 3.6), (2.2, 2.5), (0.1, 3)),),
    7: (((0, 0), (3, 0), (1.1, 5)),),
    8: (
        ((1.5, 0), (2.7, 0.5), (2.6, 1.8), (0.3, 3.2), (0.1, 4.4), (1.5, 5), (2.9, 4.4), (2.7, 3.2), (0.4, 1.8)),
        ((0.4, 1.8), (0.3, 0.5), (1.5, 0)),
    ),
    9: (((2.9, 2), (0.8, 2.5), (0, 1.4), (0.6, 0.2), (1.8, 0), (2.8, 0.6), (3, 2.2), (2, 4.2), (0.4, 5)),),
}


@cache
def templates() -> npt.NDArray[np.float32]:
    """Every digit in both pens at nine places without noise, (10, 18, 64), 0 paper and 1 ink, rows one after another.

    The ink of a pixel falls from 1 to 0 over a pixel's width at the edge of the nearest stroke.
    """
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)
    pictures = np.empty((len(_STROKES), len(WIDTHS) * 9, SIDE * SIDE), np.float32)
    for digit, strokes in _STROKES.items():
        for place in range(9):
            right, down = 1 + place % 3, place // 3
            away = np.min([_distance(columns - right, rows - down, line) for line in strokes], axis=0).ravel()
            for pen, half in enumerate(WIDTHS):
                pictures[digit, 9 * pen + place] = np.clip(half + 0.5 - away, 0, 1)
    pictures.flags.writeable = False
    return pictures


def _distance(columns: Floats, rows: Floats, line: tuple[Point, ...]) -> Floats:
    """The distance of each pixel from a line of several corners, in pixels."""
    nearest: Floats = np.full(columns.shape, np.inf)
    for (left, top), (right, bottom) in pairwise(line):
        across, down = right - left, bottom - top
        along = np.clip(((columns - left) * across + (rows - top) * down) / (across**2 + down**2), 0, 1)
        nearest = np.minimum(nearest, np.hypot(columns - left - along * across, rows - top - along * down))
    return nearest
