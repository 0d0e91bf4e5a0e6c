"""A recording in stretches of steps: nothing of it is ever whole in memory, and each stretch is written as it comes.

Layers of one direction go up together, stretch by stretch. In both directions a layer needs all of the one below: there
the layers go one after the other, each direction from its own end, and h waits on the disk for the layer above.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from lstmviz.engine.check import Checker
from lstmviz.engine.fused import LaneRun
from lstmviz.engine.handover import worst
from lstmviz.engine.inputs import Entry
from lstmviz.engine.layers import Progress, run_lane, turned_run
from lstmviz.engine.pieces import piece_of
from lstmviz.engine.recorder import signals_of
from lstmviz.engine.scratch import Scratch
from lstmviz.engine.weights import Side, Stack
from lstmviz.nets.net import Net
from lstmviz.traces.trace import Array, Check

if TYPE_CHECKING:
    from lstmviz.traces.writer import StoreWriter

_VALUES = 1 << 20
"""Values of the widest array in a stretch: 4 MB of one signal in float32, of all six and their workspace 60 MB."""
_ROWS = 1024
"""But no fewer steps: with each stretch the framework packs the weights anew."""

Below = Callable[[slice], Array]
"""What enters a layer, (n, F), at some steps."""


@dataclass(frozen=True, eq=False)
class Work:
    """What is recorded: a stack on one entry from h0 (L·D, 1, R) and c0, the decoder's from the handover on."""

    stack: Stack
    entry: Entry
    h0: Tensor
    c0: Tensor | None
    net: Net | None = None
    decoder: Stack | None = None
    handover: int = 0

    @property
    def outputs(self) -> int:
        """O, how many numbers the net says at each step; 0 where it has no read-out."""
        return 0 if self.net is None else len(self.net.output_names)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some steps that are computed at once, and the weights that compute them."""

    start: int
    stop: int
    stack: Stack


def stretches_of(work: Work) -> list[Stretch]:
    """The whole recording in stretches that fit into memory, cut where the decoder takes over."""
    size = stretch_of(work)
    cuts = [(0, work.handover, work.stack)] if work.decoder is not None else []
    cuts.append((work.handover, len(work.entry.x), work.decoder or work.stack))
    return [
        Stretch(start, min(start + size, stop), stack)
        for first, stop, stack in cuts
        for start in range(first, stop, size)
    ]


def stretch_of(work: Work) -> int:
    """How many steps are computed at once: whole pieces where they are small, so that numbers are those of `record`."""
    widest = max(work.outputs, *(max(info.inputs, info.units, info.outputs) for info in work.stack.layers))
    size = max(_ROWS, _VALUES // widest)
    piece = piece_of(next(iter(work.stack.lanes.values())), torch.empty(1, 1, 1))
    return size // piece * piece or size


@torch.no_grad()
@np.errstate(all="ignore")  # weights may be NaN or infinite: the check says so
def stream(work: Work, writer: StoreWriter, beside: Path, progress: Progress | None = None) -> tuple[Check, str]:
    """Write every signal and output of the work; how far they lie from the reference, and how they were computed.

    ``progress(done, total)`` counts steps of all lanes and may raise to stop: what is written by then stays. Files that
    are needed for a while lie ``beside`` the store.
    """
    streamer = _Streamer(work, writer, beside, progress)
    if len(work.stack.sides) == 1:
        streamer.upwards()
    else:
        streamer.layer_by_layer()
    return streamer.check(), streamer.method


class _LaneState:
    """One layer in one direction, as far as it was read."""

    def __init__(self, key: tuple[int, Side], h: Tensor, c: Tensor | None) -> None:
        self.key = key
        self._h, self._c = h, c

    def read(self, stack: Stack, below: Tensor, checker: Checker, tick: Callable[[int], None]) -> LaneRun:
        """Every signal of the next steps, in original time order; below is (n, 1, F)."""
        backwards = self.key[1] == "reverse"
        x = below.flip(0) if backwards else below
        run = run_lane(stack.lanes[self.key], x, self._h, self._c, None, checker, tick)
        self._h = run.h[-1].clone()  # a view would keep the whole stretch
        self._c = None if run.c is None else run.c[-1].to(self._h.device, copy=True)
        return turned_run(run, [len(x)]) if backwards else run


class _Streamer:
    def __init__(self, work: Work, writer: StoreWriter, beside: Path, progress: Progress | None) -> None:
        self._work, self._writer, self._beside, self._progress = work, writer, beside, progress
        self._stretches = stretches_of(work)
        self._checkers: dict[int, Checker] = {}
        self._methods: set[str] = set()
        self._done = 0
        self._lanes = [
            _LaneState(key, work.h0[place], None if work.c0 is None else work.c0[place])
            for place, key in enumerate(work.stack.lanes)
        ]

    @property
    def method(self) -> str:
        """How the signals were computed."""
        return " ".join(sorted(self._methods))

    def check(self) -> Check:
        """The worst of all stretches."""
        return reduce(worst, (checker.result() for checker in self._checkers.values()))

    def upwards(self) -> None:
        """All layers over one stretch, then the next."""
        for stretch in self._stretches:
            below = self._tensor(self._work.entry.x[stretch.start : stretch.stop])
            for lane in self._lanes:
                below = self._read(lane, stretch, below).h
            self._say(stretch, below[:, 0].cpu().numpy())

    def layer_by_layer(self) -> None:
        """Each layer over all stretches in both directions, then the next."""
        x = self._work.entry.x
        below: Below = lambda steps: x[steps]  # noqa: E731 — one of several things that give rows
        with ExitStack() as beneath:
            for layer in self._work.stack.layers:
                with ExitStack() as files:
                    halves = [self._side(lane, below, files) for lane in self._lanes if lane.key[0] == layer.index]
                    beneath.close()  # nobody reads the layer below any more
                    beneath.push(files.pop_all())
                below = _joined([half for half in halves if half is not None])
            for stretch in self._stretches if self._work.outputs else ():
                self._tick(0)  # nothing more to count, but a place to stop
                self._say(stretch, self._told(below, slice(stretch.start, stretch.stop)))

    def _side(self, lane: _LaneState, below: Below, files: ExitStack) -> Scratch | None:
        """One lane from its own end to the other; its h for who reads it, if anybody does."""
        info = self._work.stack.layers[lane.key[0]]
        scratch = None
        if self._work.outputs or info is not self._work.stack.layers[-1]:
            dtype = np.dtype(str(self._work.stack.dtype).removeprefix("torch."))
            scratch = Scratch(self._beside, info.outputs, dtype)
            files.callback(scratch.close)
        for stretch in self._stretches[:: -1 if lane.key[1] == "reverse" else 1]:
            run = self._read(lane, stretch, self._tensor(below(slice(stretch.start, stretch.stop))))
            if scratch is not None:
                scratch.write(stretch.start, run.h[:, 0].cpu().numpy())
        return scratch

    def _read(self, lane: _LaneState, stretch: Stretch, below: Tensor) -> LaneRun:
        steps = stretch.stop - stretch.start
        if stretch.start not in self._checkers:
            self._checkers[stretch.start] = Checker([steps], stretch.stack)
        run = lane.read(stretch.stack, below, self._checkers[stretch.start], self._tick)
        self._done += steps
        self._methods.add(run.method)
        self._writer.append(lane.key, stretch.start, {name: rows[:, 0] for name, rows in signals_of(run).items()})
        return run

    def _tick(self, steps: int) -> None:
        if self._progress is not None:
            self._progress(self._done + steps, len(self._work.entry.x) * len(self._lanes))

    def _told(self, below: Below, steps: slice) -> Array:
        """h (n, 2R) for the read-out; who says one vector of it all reads the reverse direction's h of step 0."""
        net, rows = self._work.net, below(steps)
        if net is not None and net.spec.topology == "seq2vec":
            half = rows.shape[1] // 2
            rows[0, half:] = below(slice(0, 1))[0, half:]
        return rows

    def _say(self, stretch: Stretch, h: Array) -> None:
        said = None if self._work.net is None else self._work.net.decode(h)
        if said is not None:
            if stretch.start < self._work.handover:
                said[:] = np.nan  # nothing is said before the decoder began
            self._writer.say(stretch.start, said)

    def _tensor(self, rows: Array) -> Tensor:
        # a copy, since torch warns of arrays that are read-only
        return torch.tensor(rows, device=self._work.stack.device)[:, None]


def _joined(halves: list[Scratch]) -> Below:
    return lambda steps: np.concatenate([half[steps] for half in halves], axis=1)
