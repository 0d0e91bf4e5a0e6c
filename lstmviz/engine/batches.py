"""The order and the making of mini-batches: what each update of a run reads."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lstmviz.engine.distributed import Peers
from lstmviz.nets.batch import NOTHING, Batch, Example, encode_example, make_batch
from lstmviz.nets.net import Net
from lstmviz.runs.config import RunConfig
from lstmviz.sequences.datasets import DataSet

_CACHED = 256 << 20
_JUDGED = 256
"""Sequences that are validated at once."""


class Batches:
    """The mini-batches of a run; the n-th of an epoch is the same each time, and each process has its share of it.

    What is gone through again and again is encoded once, as long as it takes no more than 256 MiB: a file that is cut
    into windows as a whole, so that a mini-batch is one look into a table.
    """

    def __init__(self, data: DataSet, net: Net, config: RunConfig, device: torch.device, peers: Peers) -> None:
        self.per_epoch = -(-config.examples // config.batch)
        self._data, self._net, self._config, self._device, self._peers = data, net, config, device, peers
        self._encoded: dict[int, Example] = {}
        self._room = _CACHED if data.size is not None else 0
        self._order: tuple[int, Items[int]] = (-1, [])
        self._judges: list[Batch] | None = None
        self._whole = self._encode_whole()

    def size(self, number: int) -> int:
        """How many examples the n-th mini-batch of an epoch has, in all processes together."""
        return min(self._config.batch, self._config.examples - number * self._config.batch)

    def at(self, epoch: int, number: int) -> Batch:
        """The n-th mini-batch of an epoch."""
        if self._order[0] != epoch:
            self._order = (epoch, self._data.order(epoch, self._config.examples, self._config.seed))
        start = number * self._config.batch
        places = self._order[1][start : start + self._config.batch]
        mine = places[self._peers.rank :: self._peers.world]
        if mine and self._whole is not None:
            return self._whole.windows(mine)
        if mine:
            return make_batch([self._example(place) for place in mine], self._device)
        # fewer examples than processes: this one reads along and is asked nothing
        return _unasked(make_batch([self._example(places[0])], self._device))

    def validation(self) -> Iterator[Batch]:
        """The sequences that judge the net, a few hundred at a time."""
        if self._judges is None:
            examples = [encode_example(self._net, sequence) for sequence in self._data.validation]
            starts = range(0, len(examples), _JUDGED)
            self._judges = [make_batch(examples[start : start + _JUDGED], self._device) for start in starts]
        yield from self._judges

    def _encode_whole(self) -> _Whole | None:
        data = self._data
        if data.training is None or data.starts is None:
            return None
        if len(data.training) * self._net.spec.input.width * 4 > _CACHED:
            return None
        whole = make_batch([encode_example(self._net, data.training)], self._device)
        steps = torch.arange(self._config.steps, device=self._device)
        return _Whole(whole.x[0], whole.wanted[0], torch.from_numpy(data.starts).to(self._device), steps)

    def _example(self, place: int) -> Example:
        found = self._encoded.get(place)
        if found is None:
            found = encode_example(self._net, self._data.draw(place))
            self._room -= found.x.nbytes + found.wanted.nbytes
            if self._room >= 0:
                self._encoded[place] = found
        return found


@dataclass(frozen=True, eq=False)
class _Whole:
    """A file as a net reads it, x (T, F) and wanted (T,) or (T, O), where its windows start, and 0 … steps − 1."""

    x: Tensor
    wanted: Tensor
    starts: Tensor
    steps: Tensor

    def windows(self, places: Items[int]) -> Batch:
        """Some windows side by side."""
        rows = self.starts[places][:, None] + self.steps
        return Batch(self.x[rows], self.wanted[rows], torch.full((len(places),), len(self.steps)))


def _unasked(batch: Batch) -> Batch:
    batch.wanted.fill_(torch.nan if batch.wanted.is_floating_point() else NOTHING)
    return batch


@dataclass(frozen=True)
class Segment:
    """Steps ``start`` to ``stop`` of a mini-batch that are read before an update; asked: whether anything is there."""

    start: int
    stop: int | None
    asked: bool = True


def segments(batch: Batch, steps: int, peers: Peers) -> tuple[Batch, tuple[Segment, ...]]:
    """A mini-batch in segments of truncated BPTT, and as long as the longest of all processes.

    What follows the last step that is asked for anything is left out. steps 0: the whole batch at once.
    """
    if not steps:
        return batch, (Segment(0, None),)
    longest = peers.most(batch.x.shape[1])
    batch = _lengthened(batch, longest)
    asked = batch.wanted.isfinite().any(-1) if batch.wanted.is_floating_point() else batch.wanted != NOTHING
    at_step = peers.total(asked.any(0).long()).cpu().numpy()
    parts = [
        Segment(start, min(start + steps, longest), bool(at_step[start : start + steps].any()))
        for start in range(0, longest, steps)
    ]
    while parts and not parts[-1].asked:
        parts.pop()
    return batch, tuple(parts)


def _lengthened(batch: Batch, length: int) -> Batch:
    """The batch with steps at its end where nothing is read and nothing is asked."""
    more = length - batch.x.shape[1]
    if not more:
        return batch
    x = torch.nn.functional.pad(batch.x, (0, 0, 0, more))
    nothing = torch.nan if batch.wanted.is_floating_point() else NOTHING
    shape = (batch.wanted.shape[0], more, *batch.wanted.shape[2:])
    return replace(batch, x=x, wanted=torch.cat([batch.wanted, batch.wanted.new_full(shape, nothing)], dim=1))
