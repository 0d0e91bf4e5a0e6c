"""All layers and directions of a stack, one lane after another, so that what passes between them is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lstmviz.engine.check import Checker
from lstmviz.engine.fused import LaneRun, fused_lane
from lstmviz.engine.looped import looped_lane
from lstmviz.engine.pieces import Tick, in_pieces, piece_of
from lstmviz.engine.weights import LaneWeights, Side, Stack
from lstmviz.engine.workspace import distrust, workspace_lane
from lstmviz.nets.loop import turned
from lstmviz.traces.trace import Check

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class StackRun:
    """Every lane's signals, (T, B, …) in original time order, and how far they lie from the reference."""

    lanes: dict[tuple[int, Side], LaneRun]
    check: Check
    method: str

    def top(self) -> Tensor:
        """The last layer's h, directions joined, (T, B, R·D)."""
        last = max(layer for layer, _ in self.lanes)
        return torch.cat([run.h for (layer, _), run in self.lanes.items() if layer == last], dim=2)


@torch.no_grad()
@np.errstate(all="ignore")  # weights may be NaN or infinite: the check says so
def run_stack(
    stack: Stack,
    x: Tensor,
    lengths: list[int],
    h0: Tensor,
    c0: Tensor | None,
    known: Tensor | None = None,
    progress: Progress | None = None,
) -> StackRun:
    """Record all lanes of B padded sequences.

    x: (T, B, F); h0: (L·D, B, R); c0: (L·D, B, H), None for an RNN or a GRU; known: (T, B, R·D), the last layer's h
    where it was already computed. What is padded is computed too and means nothing; it comes after the end in the
    direction of reading, so that no true step sees it. ``progress(done, total)`` counts steps of all lanes and may
    raise to cancel.
    """
    checker = Checker(lengths, stack)
    lanes: dict[tuple[int, Side], LaneRun] = {}
    below = x
    for info in stack.layers:
        for side in stack.sides:
            place = len(lanes)
            weights = stack.lanes[info.index, side]
            h = None
            if known is not None and info.index == len(stack.layers) - 1:
                h = known.tensor_split(len(stack.sides), dim=2)[stack.sides.index(side)]
            turned = side == "reverse"
            entered = _turned(below, lengths) if turned else below
            h = _turned(h, lengths) if turned and h is not None else h
            state = (h0[place], None if c0 is None else c0[place])
            run = run_lane(weights, entered, *state, h, checker, _tick(progress, place, len(stack.lanes), len(x)))
            lanes[info.index, side] = turned_run(run, lengths) if turned else run
        runs = [lanes[info.index, side].h for side in stack.sides]
        below = runs[0] if len(runs) == 1 else torch.cat(runs, dim=2)
    methods = {run.method for run in lanes.values()}
    return StackRun(lanes, checker.result(), " ".join(sorted(methods)))


def run_lane(
    w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, h: Tensor | None, checker: Checker, tick: Tick
) -> LaneRun:
    """Every signal of one lane in the order in which it reads, in the fastest way that gives the right numbers.

    x: (T, B, F), h0: (B, R), c0: (B, H) or None, h: (T, B, R) where it was already computed. ``tick(steps)`` is called
    after each piece and may raise to stop.
    """
    run = in_pieces(workspace_lane, w, x, h0, c0, None, tick) if h is None else None
    error = math.inf if run is None else checker.error(w, x, h0, c0, run)
    if run is None or not error <= checker.tolerance:
        wrong = run is not None
        run = in_pieces(fused_lane if w.loop is None else looped_lane, w, x, h0, c0, h, tick)
        assert run is not None  # these two ways always have an answer
        error = checker.error(w, x, h0, c0, run)
        if wrong and error <= checker.tolerance:
            distrust(w, x[: piece_of(w, x)])
    checker.note(error)
    return run


def _tick(progress: Progress | None, place: int, lanes: int, steps: int) -> Tick:
    def tick(done: int) -> None:
        if progress is not None:
            progress(place * steps + done, lanes * steps)

    return tick


def _turned(x: Tensor, lengths: list[int]) -> Tensor:
    return turned(x, torch.tensor(lengths))


def turned_run(run: LaneRun, lengths: list[int]) -> LaneRun:
    """A run with time turned round within each sequence's own length."""
    gates, c = (None if each is None else _turned(each, lengths) for each in (run.gates, run.c))
    return replace(run, h=_turned(run.h, lengths), gates=gates, c=c)
