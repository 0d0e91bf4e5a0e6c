"""Which cells of a row each pixel shows; a module of its own, since the window needs it before it paints."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Edges = npt.NDArray[np.intp]
Cells = tuple[Edges, Edges]


def cells(count: int, pixels: int) -> Cells:
    """For each pixel the first and the end (exclusive) of the cells it shows, at least one each."""
    if count <= pixels:
        # the cell under the middle of the pixel
        only = ((2 * np.arange(pixels, dtype=np.intp) + 1) * count) // (2 * pixels)
        return only, only + 1
    edges = np.arange(pixels + 1, dtype=np.intp) * count // pixels
    return edges[:-1], edges[1:]
