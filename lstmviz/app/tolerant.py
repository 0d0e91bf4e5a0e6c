"""A trace beyond memory that stays in sight where its store is damaged: what cannot be read is NaN, and said once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from lstmviz.errors import TraceError
from lstmviz.traces.lazy import LazyArray
from lstmviz.traces.trace import Array, Trace

if TYPE_CHECKING:
    from lstmviz.traces.overview import Envelope, Overview

OnDamage = Callable[[TraceError], None]
_PIECE = 256
"""Steps that are given up together: fewer than a chunk holds."""
_PARTS = 16
"""Parts of a picture that are given up apart."""


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

    def part(self, start: int, stop: int, units: Any) -> Array:
        """Some units of consecutive rows."""
        try:
            return self._array.part(start, stop, units)
        except TraceError:
            found: Array = self.block(start, stop)[:, units]
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


class TolerantOverview:
    """What the views ask of a trace beyond memory, NaN where the store is damaged."""

    def __init__(self, overview: Overview, on_damage: OnDamage, *, here: bool) -> None:
        """here: the store is on this computer, and threads may read it."""
        self._overview, self._on_damage = overview, on_damage
        self.here = here

    def picture(self, signal: str, layer: int, direction: str, start: int, stop: int, columns: int, rows: int) -> Array:
        """(rows, columns) true values; of a picture with a damaged part what is left of it."""
        where = (signal, layer, direction)
        try:
            return self._overview.picture(*where, start, stop, columns, rows)
        except TraceError as error:
            self._on_damage(error)
        edges = np.linspace(0, columns, min(_PARTS, columns, stop - start) + 1).astype(int)
        steps = start + edges * (stop - start) // columns
        parts = []
        for first, last, begin, end in zip(edges[:-1], edges[1:], steps[:-1], steps[1:], strict=True):
            try:
                parts.append(self._overview.picture(*where, int(begin), int(end), int(last - first), rows))
            except TraceError:  # said above
                parts.append(np.full((rows, last - first), np.nan, np.float32))
        return np.concatenate(parts, axis=1)

    def envelope(
        self, signal: str, layer: int, direction: str, unit: int, start: int, stop: int, columns: int
    ) -> Envelope:
        """The curve of one unit; none where a part of it is damaged."""
        try:
            return self._overview.envelope(signal, layer, direction, unit, start, stop, columns)
        except TraceError as error:
            self._on_damage(error)
        from lstmviz.traces.overview import Envelope  # the window paints before it needs any of this

        nothing = np.full(1, np.nan, np.float32)
        return Envelope(start, stop - start, nothing, nothing, nothing)

    def limits(self, signal: str, layer: int, direction: str) -> tuple[float, float]:
        """The lowest and the highest of all finite values, NaN where they are damaged."""
        try:
            return self._overview.limits(signal, layer, direction)
        except TraceError as error:
            self._on_damage(error)
        return np.nan, np.nan


def in_threads(trace: Trace) -> bool:
    """Whether several pictures of a trace may be read at the same time."""
    return bool(getattr(trace.overview, "here", False))


def tolerant(trace: Trace, on_damage: OnDamage, *, here: bool = False) -> Trace:
    """The same trace, of which a part that cannot be read is NaN; ``on_damage`` is told why, as often as it is read.

    here: the store is on this computer.
    """

    def wrapped(array: Array | None) -> Array | None:
        return cast("Array", TolerantArray(array, on_damage)) if isinstance(array, LazyArray) else array

    def all_of(signals: Mapping[str, Array]) -> dict[str, Array]:
        return {name: cast("Array", wrapped(array)) for name, array in signals.items()}

    return replace(
        trace,
        lanes={key: replace(lane, signals=all_of(lane.signals)) for key, lane in trace.lanes.items()},
        outputs=wrapped(trace.outputs),
        targets=wrapped(trace.targets),
        overview=None
        if trace.overview is None
        else cast("Overview", TolerantOverview(trace.overview, on_damage, here=here)),
    )
