"""The probe: the fixed sequence whose trace is refreshed while a net trains."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from lstmviz.engine.recorder import record
from lstmviz.nets.net import Net
from lstmviz.runs.probes import keep_probe
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace

SHARE = 0.02
"""The share of the time that looking may cost, where nobody said how often to look."""


@dataclass(eq=False)
class Probe:
    """When the probe is due, and taking it. every: updates between two; 0 for as often as SHARE allows.

    folder: the run's, None for a process that does not write, which never looks.
    """

    sequence: Sequence
    folder: Path | None
    every: int
    _last: int = -1
    _cost: float = 0.0
    _ended: float = field(default_factory=time.perf_counter)

    def due(self, update: int, *, wanted: bool = False) -> bool:
        """Whether the probe is to be taken after this update; ``wanted``: unless that was done already."""
        if self.folder is None or update == self._last:
            return False
        if wanted or self._last < 0:
            return True
        if self.every:
            return update % self.every == 0
        return time.perf_counter() - self._ended >= self._cost * (1 / SHARE - 1)

    def take(self, net: Net, update: int) -> Trace:
        """The trace as the net is now, kept in the run's folder; raises ExportError where it cannot be written."""
        assert self.folder is not None
        began = time.perf_counter()
        trace = record(net, self.sequence)
        keep_probe(self.folder, update, trace)
        self._last, self._ended = update, time.perf_counter()
        self._cost = self._ended - began
        return trace

    def taken(self, update: int) -> None:
        """The probe of this update lies in the folder already."""
        self._last = update
