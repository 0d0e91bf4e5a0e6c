"""When a checkpoint is due, and writing it."""

from __future__ import annotations

import time
from pathlib import Path

from lstmviz.engine.checkpoints import Checkpoint, write_checkpoint
from lstmviz.nets.net import Net
from lstmviz.runs.metrics import Journal

_MINUTE = 60.0
_SHARE = 0.01
"""The share of the time that checkpoints at the ends of epochs may cost, where nobody said how often to write them."""


class Keeper:
    """Writes the checkpoints of a run's folder; folder None: none. every: updates between two, 0 for Keeper's choice.

    That is the end of an epoch, unless epochs are so short that it would slow the training down; and every minute.
    """

    def __init__(self, folder: Path | None, every: int, journal: Journal) -> None:
        self._folder, self._every, self._journal = folder, every, journal
        self._last = -1
        self._cost = 0.0
        self._ended = time.monotonic()

    def due(self, update: int, *, epoch_over: bool, last: bool) -> bool:
        """Whether a checkpoint is to be written after this update."""
        if self._folder is None or update == self._last:
            return False
        if last or self._last < 0:
            return True
        if self._every:
            return update // self._every > self._last // self._every
        gone = time.monotonic() - self._ended
        return gone > _MINUTE or (epoch_over and gone > self._cost / _SHARE)

    def write(self, checkpoint: Checkpoint, net: Net) -> None:
        """Write a checkpoint, after the metrics up to it; raises ExportError, and the older ones are as they were."""
        if self._folder is None:
            return
        began = time.monotonic()
        self._journal.flush(to_disk=True)
        write_checkpoint(self._folder, checkpoint, net)
        self._last, self._ended = checkpoint.state.place.update, time.monotonic()
        self._cost = self._ended - began

    def written(self, update: int) -> None:
        """The checkpoint of this update lies in the folder already."""
        self._last = update

    def holds(self, update: int) -> bool:
        """Whether the newest checkpoint is that of this update."""
        return self._folder is None or update == self._last
