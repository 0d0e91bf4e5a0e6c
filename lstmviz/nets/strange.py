"""Weights that are no numbers: allowed, but said."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lstmviz.language import tr


def strange_weights(arrays: Mapping[str, npt.NDArray[np.floating]]) -> str:
    """A sentence that names the first array with NaN or infinities and how many they are; "" where all are numbers."""
    for name, array in arrays.items():
        strange = int(np.count_nonzero(~np.isfinite(array)))
        if strange:
            return tr("Careful: {count} weights of “{name}” are NaN or infinite.", count=strange, name=name)
    return ""
