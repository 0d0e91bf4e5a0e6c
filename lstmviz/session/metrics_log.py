"""The curves of a run, as they come from the engine: they grow at a cost that does not grow with them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from lstmviz.runs.metrics import COLUMNS, VALIDATION, Column
from lstmviz.session.run_view import Curves
from lstmviz.wire.codec import array_from_wire
from lstmviz.wire.run_messages import Metrics


class MetricsLog:
    """The metrics of one run; what is trained anew replaces what was before, and no curve that was read changes."""

    def __init__(self) -> None:
        self._columns = {field.name: Column() for field in fields(Curves)}

    def extend(self, fresh: Metrics) -> None:
        """Add metrics; those of the same updates and later ones, from before the run went back, are forgotten."""
        arrays = {name: array_from_wire(getattr(fresh, name)).astype(float) for name in self._columns}
        for names in (COLUMNS, VALIDATION):
            updates = arrays[names[0]]
            if len(updates):
                kept = int(np.searchsorted(self._columns[names[0]].read(), updates[0]))
                for name in names:
                    self._columns[name].truncate(kept)
                    self._columns[name].extend(arrays[name])

    def curves(self) -> Curves:
        """The metrics so far, read-only; nothing is copied."""
        return Curves(**{name: column.read() for name, column in self._columns.items()})
