"""Curves that grow while a net trains, at a cost that does not grow with them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from lstmviz.session.run_view import Curves, Floats
from lstmviz.wire.codec import array_from_wire
from lstmviz.wire.messages import Metrics

FIRST_ROOM = 256
_VALIDATIONS = ("validation_update", "validation")
_UPDATES = tuple(field.name for field in fields(Curves) if field.name not in _VALIDATIONS)


class Column:
    """Numbers that come in pieces, read as one array.

    ``read()`` is a read-only slice, so reading copies nothing; rows that were read once never change, since a column
    that is cut goes on in memory of its own.
    """

    def __init__(self) -> None:
        self._room: Floats = np.empty(FIRST_ROOM)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def read(self) -> Floats:
        """What has come so far, (N,), read-only."""
        view = self._room[: self._length]
        view.flags.writeable = False
        return view

    def extend(self, values: Floats) -> None:
        """Put ``values``, (n,), behind the others; memory doubles when it is full."""
        needed = self._length + len(values)
        if needed > len(self._room):
            self._move(max(needed, 2 * len(self._room)))
        self._room[self._length : needed] = values
        self._length = needed

    def cut(self, length: int) -> None:
        """Keep the first ``length`` numbers."""
        if length < self._length:
            self._length = length
            self._move(len(self._room))

    def _move(self, room: int) -> None:
        moved = np.empty(room)
        moved[: self._length] = self._room[: self._length]
        self._room = moved


class MetricsLog:
    """The metrics of one run as they come; what is trained anew replaces what was before."""

    def __init__(self) -> None:
        self._columns = {field.name: Column() for field in fields(Curves)}

    def extend(self, fresh: Metrics) -> None:
        """Add metrics; those of updates from the first fresh one on, from before a crash, are forgotten."""
        arrays = {name: array_from_wire(getattr(fresh, name)).astype(float) for name in self._columns}
        for names in (_UPDATES, _VALIDATIONS):
            if len(arrays[names[0]]):
                kept = int(np.searchsorted(self._columns[names[0]].read(), arrays[names[0]][0]))
                for name in names:
                    self._columns[name].cut(kept)
                    self._columns[name].extend(arrays[name])

    def curves(self) -> Curves:
        """The metrics so far, read-only."""
        return Curves(**{name: column.read() for name, column in self._columns.items()})
