"""Arrays (T, H) that are read or computed when they are asked for, and look like numpy's to who reads them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from lstmviz.errors import TraceError

Array = npt.NDArray[Any]

MOST = 256 << 20
"""The largest piece, in bytes, that is ever given at once."""
PIECE = 8 << 20
"""How many bytes are looked at together where few of them are kept, as for one unit over all steps."""


class LazyArray(ABC):
    """What stands for an array (T, H) that nobody may hold whole.

    ``[]`` takes a step, a slice, steps in any order or a mask, and the same for units after a comma, and gives an
    ordinary array as numpy would. A column over all steps is read piece by piece. More than 256 MiB at once raise
    TraceError, ``np.asarray`` of the whole included; going through it step by step is refused too.
    """

    def __init__(self, shape: tuple[int, int], dtype: npt.DTypeLike) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.ndim = 2

    @property
    def size(self) -> int:
        """T · H."""
        return self.shape[0] * self.shape[1]

    @property
    def nbytes(self) -> int:
        """The bytes that the whole would take."""
        return self.size * self.dtype.itemsize

    @abstractmethod
    def block(self, start: int, stop: int) -> Array:
        """Consecutive rows, (stop − start, H); the caller's own, or read-only."""

    @abstractmethod
    def scattered(self, steps: npt.NDArray[np.intp]) -> Array:
        """Some rows, (n, H), in ascending order."""

    def part(self, start: int, stop: int, units: Any) -> Array:
        """Some units of consecutive rows, units as numpy takes them after a comma."""
        found: Array = self.block(start, stop)[:, units]
        return found

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shape} {self.dtype}>"

    def __iter__(self) -> Iterator[Array]:
        raise TraceError(
            "A signal of {steps} steps is not gone through one by one; take slices of it.", steps=len(self)
        )

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("a signal on disk cannot be had without a copy")
        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, key: Any) -> Any:
        steps, units = _split(key)
        if isinstance(steps, slice):
            start, stop, by = steps.indices(len(self))
            if by == 1:
                return self._run(start, max(start, stop), units)
            return self._picked(np.arange(start, stop, by), units, pairs=False)
        places = np.asarray(steps)
        if places.dtype == bool:
            if places.shape != (len(self),):
                raise IndexError(f"a mask of shape {places.shape} does not fit {len(self)} steps")
            places = np.flatnonzero(places)
        if not places.size:
            places = places.astype(np.intp)
        return self._picked(_within(places, len(self)), units, pairs=not isinstance(units, slice))

    def _run(self, start: int, stop: int, units: Any) -> Array:
        """Consecutive rows, narrowed to some units before they are put together."""
        sample = np.empty((1, self.shape[1]), self.dtype)[:, units]
        self._refuse_much((stop - start) * sample.nbytes)
        whole = isinstance(units, slice) and units == slice(None)
        if whole:
            return self.block(start, stop)
        found = np.empty((stop - start, *sample.shape[1:]), self.dtype)
        step = self._piece()
        for first in range(start, stop, step):
            last = min(first + step, stop)
            found[first - start : last - start] = self.part(first, last, units)
        return found

    def _picked(self, places: npt.NDArray[np.intp], units: Any, *, pairs: bool) -> Any:
        """Rows in any order, each read once; steps and units one by one in pairs, as numpy takes two arrays."""
        if not places.ndim and not isinstance(units, np.ndarray):
            return self.block(int(places), int(places) + 1)[0][units]
        if pairs:
            places, columns = np.broadcast_arrays(places, np.asarray(units))
            columns = _within(columns, self.shape[1]).reshape(-1)
            found = np.empty(places.size, self.dtype)
        else:
            sample = np.empty((1, self.shape[1]), self.dtype)[:, units]
            self._refuse_much(places.size * sample.nbytes)
            found = np.empty((places.size, *sample.shape[1:]), self.dtype)
        distinct, where = np.unique(places.reshape(-1), return_inverse=True)
        step = self._piece()
        for first in range(0, len(distinct), step):
            rows = self.scattered(distinct[first : first + step])
            mine = np.flatnonzero((where >= first) & (where < first + len(rows)))
            found[mine] = rows[where[mine] - first, columns[mine]] if pairs else rows[where[mine] - first][:, units]
        return found.reshape(places.shape + found.shape[1:])

    def _piece(self) -> int:
        """How many rows are looked at together."""
        return max(1, PIECE // max(1, self.shape[1] * self.dtype.itemsize))

    def _refuse_much(self, size: int) -> None:
        if size > MOST:
            raise TraceError(
                "{size} MiB of a signal were asked for at once; at most {most} MiB are given. Take fewer steps or "
                "units.",
                size=size >> 20,
                most=MOST >> 20,
            )


def as_array(lazy: LazyArray) -> Array:
    """The same object, for whoever expects an array and only takes parts of it."""
    return cast(Array, lazy)


def _split(key: Any) -> tuple[Any, Any]:
    """The steps and the units that a key names."""
    parts = tuple(slice(None) if part is Ellipsis else part for part in (key if isinstance(key, tuple) else (key,)))
    if not 1 <= len(parts) <= 2 or any(part is None for part in parts):
        raise IndexError("expected steps, or steps and units")
    units = parts[1] if len(parts) == 2 else slice(None)
    if not isinstance(units, slice | int | np.integer):
        units = np.asarray(units)
        units = np.flatnonzero(units) if units.dtype == bool else units
    return parts[0], units


def _within(places: Array, length: int) -> npt.NDArray[np.intp]:
    """Places counted from the start; IndexError for one that does not exist."""
    if not np.issubdtype(places.dtype, np.integer):
        raise IndexError(f"places are whole numbers, not {places.dtype}")
    if places.size and not (-length <= int(places.min()) and int(places.max()) < length):
        raise IndexError(f"there are {length}; asked for {int(places.min())} to {int(places.max())}")
    found: npt.NDArray[np.intp] = np.where(places < 0, places + length, places).astype(np.intp)
    return found
