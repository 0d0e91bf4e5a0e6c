"""A trace beyond memory that stays in sight where its store is damaged: what cannot be read is NaN, and said once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt

from lstmviz.errors import TraceError
from lstmviz.traces.lazy import LazyArray
from lstmviz.traces.trace import Array, Trace

OnDamage = Callable[[TraceError], None]
_PIECE = 256
"""Steps that are given up together: fewer than a chunk holds."""


class TolerantArray(LazyArray):
    """A signal on the disk of which a damaged part is NaN."""

    def __init__(self, array: LazyArray, on_damage: OnDamage) -> None:
        super().__init__(array.shape, array.dtype)
        self._array, self._on_damage = array, on_damage

    def block(self, start: int, stop: int) -> Array:
        """Consecutive rows, (stop − start, H)."""
        try:
            return self._array.block(start, stop)
        except TraceError as error:
            self._on_damage(error)
        found = np.full((stop - start, self.shape[1]), np.nan, self.dtype)
        for first in range(start, stop, _PIECE):
            last = min(first + _PIECE, stop)
            try:
                found[first - start : last - start] = self._array.block(first, last)
            except TraceError:  # said above
                continue
        return found

    def scattered(self, steps: npt.NDArray[np.intp]) -> Array:
        """Some rows, (n, H), in ascending order."""
        try:
            return self._array.scattered(steps)
        except TraceError as error:
            self._on_damage(error)
        found = np.full((len(steps), self.shape[1]), np.nan, self.dtype)
        for place, step in enumerate(steps.tolist()):
            found[place] = self.block(step, step + 1)[0]
        return found


def tolerant(trace: Trace, on_damage: OnDamage) -> Trace:
    """The same trace, of which a part that cannot be read is NaN; ``on_damage`` is told why, as often as it is read."""

    def wrapped(array: Array | None) -> Array | None:
        return cast("Array", TolerantArray(array, on_damage)) if isinstance(array, LazyArray) else array

    def all_of(signals: Mapping[str, Array]) -> dict[str, Array]:
        return {name: cast("Array", wrapped(array)) for name, array in signals.items()}

    return replace(
        trace,
        lanes={key: replace(lane, signals=all_of(lane.signals)) for key, lane in trace.lanes.items()},
        outputs=wrapped(trace.outputs),
        targets=wrapped(trace.targets),
    )
