"""The probe: the fixed sequence whose trace is refreshed while a net trains."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from lstmviz.engine.recorder import record
from lstmviz.nets.net import Net
from lstmviz.runs.probes import keep_probe
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace

SHARE = 0.02
"""The share of the time that looking may cost, where nobody said how often to look."""

_COSTS = 5
"""So many of the last costs are known. The least of them counts: the first probe of a process warms everything up, and
any may meet a busy machine."""


@dataclass(eq=False)
class Probe:
    """When the probe is due, and taking it. every: updates between two; 0 for as often as SHARE allows.

    folder: the run's, None for a process that does not write, which never looks.
    """

    sequence: Sequence
    folder: Path | None
    every: int
    _last: int = -1
    _costs: deque[float] = field(default_factory=lambda: deque(maxlen=_COSTS))
    _ended: float = 0.0

    def due(self, update: int, worked: float, *, wanted: bool = False) -> bool:
        """Whether the probe is to be taken after this update; ``wanted``: unless that was done already.

        worked: seconds that the training took so far. Where nobody said how often, the first updates are looked at most
        closely, after 1, 2, 4, 8, … of them, and twins mostly after the same ones: multiples of a power of two.
        """
        if self.folder is None or update == self._last:
            return False
        if wanted or self._last < 0:
            return True
        if self.every:
            return update % self.every == 0
        if update.bit_count() == 1:
            return True
        apart = 1 << ((update - self._last).bit_length() - 1)
        return update % apart == 0 and worked - self._ended >= min(self._costs, default=0.0) * (1 / SHARE - 1)

    def take(self, net: Net, update: int, worked: float) -> Trace:
        """The trace as the net is now, kept in the run's folder; raises ExportError where it cannot be written."""
        assert self.folder is not None
        began = time.perf_counter()
        trace = record(net, self.sequence)
        keep_probe(self.folder, update, trace)
        cost = time.perf_counter() - began
        self._costs.append(cost)
        self._last, self._ended = update, worked + cost
        return trace

    def taken(self, update: int) -> None:
        """The probe of this update lies in the folder already."""
        self._last = update
