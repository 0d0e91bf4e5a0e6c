"""A long lane in pieces: the same memory is used again, and between them is a place to report and to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from lstmviz.engine.fused import LaneRun
from lstmviz.engine.weights import LaneWeights

Tick = Callable[[int], None]
Compute = Callable[[LaneWeights, Tensor, Tensor, Tensor | None, Tensor | None], LaneRun | None]
_CELLS = 1 << 17
"""Values of one signal in a piece: 0.5 MB of c in float32, 2 MB of gates. Whole, a long recording takes up to five
times as long, since every page of so much memory is new to the system."""
_ROWS = 1024
"""But no fewer steps times sequences: with each piece the framework packs the weights anew."""


def piece_of(w: LaneWeights, x: Tensor) -> int:
    """How many steps of x, (T, B, F), are computed at once."""
    return max(1, max(_ROWS, _CELLS // w.units) // x.shape[1])


def in_pieces(
    compute: Compute, w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, h: Tensor | None, tick: Tick
) -> LaneRun | None:
    """``compute(w, x, h0, c0, h)`` over some steps after the other, each piece from where the last one ended.

    x: (T, B, F), h0: (B, R), c0: (B, H) or None, h: (T, B, R) or None. ``tick(steps)`` is called after each piece and
    may raise to stop. None as soon as ``compute`` gives none.
    """
    steps, size = x.shape[0], piece_of(w, x)
    if steps <= size:
        run = compute(w, x, h0, c0, h)
        tick(steps)
        small = x.shape[1] * steps * w.units <= _CELLS
        return run if run is None or small or not run.views else _apart(run)
    whole: LaneRun | None = None
    for start in range(0, steps, size):
        part = slice(start, start + size)
        run = compute(w, x[part], h0, c0, None if h is None else h[part])
        if run is None:
            return None
        whole = _room(run, steps) if whole is None else replace(whole, last_c=run.last_c)
        for into, piece in ((whole.h, run.h), (whole.gates, run.gates), (whole.c, run.c)):
            if into is not None and piece is not None:
                into[part] = piece
        h0 = run.h[-1]
        c0 = None if run.c is None else run.c[-1].to(x.device)
        tick(min(start + size, steps))
    return whole


def _apart(run: LaneRun) -> LaneRun:
    """The run with copies, so that what it shows parts of, several times as large, can go."""
    gates, c = (
        None if each is None else each.clone(memory_format=torch.contiguous_format) for each in (run.gates, run.c)
    )
    return replace(run, gates=gates, c=c, views=False)


def _room(first: LaneRun, steps: int) -> LaneRun:
    """A run like the first piece, with room for all the steps."""
    h, gates, c = (
        None if signal is None else signal.new_empty((steps, *signal.shape[1:]))
        for signal in (first.h, first.gates, first.c)
    )
    assert h is not None
    return replace(first, h=h, gates=gates, c=c, views=False)
