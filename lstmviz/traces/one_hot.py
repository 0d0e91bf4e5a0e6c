"""OneHot: symbols as the rows of ones and zeros that a net reads, made only where they are looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstmviz.traces.lazy import Array, LazyArray


class OneHot(LazyArray):
    """(T, V) ones and zeros at the places (T,) of symbols: a million words out of 5,000 would be 20 GB."""

    def __init__(self, places: npt.NDArray[np.integer], width: int, dtype: npt.DTypeLike = np.float32) -> None:
        super().__init__((len(places), width), dtype)
        self.places = places

    def block(self, start: int, stop: int) -> Array:
        """Consecutive rows, (stop − start, V)."""
        return self._rows(self.places[start:stop])

    def scattered(self, steps: npt.NDArray[np.intp]) -> Array:
        """Some rows, (n, V)."""
        return self._rows(self.places[steps])

    def _rows(self, places: npt.NDArray[np.integer]) -> Array:
        rows = np.zeros((len(places), self.shape[1]), self.dtype)
        rows[np.arange(len(places)), places] = 1
        return rows
