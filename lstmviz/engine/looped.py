"""One layer in one direction step by step: peepholes, layer norms and all else that no fused kernel computes."""

from __future__ import annotations

from torch import Tensor

from lstmviz.engine.fused import LaneRun
from lstmviz.engine.weights import LaneWeights
from lstmviz.nets.loop_cells import run_loop


def looped_lane(w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, _h: Tensor | None = None) -> LaneRun:
    """Every signal of a layer of LoopLayers; x: (T, B, F), h0: (B, R), c0: (B, H), None for an RNN or a GRU.

    Where h is known from a watched call it is computed again, on the way to c.
    """
    assert w.loop is not None
    run = run_loop(w.loop, x, h0, None if c0 is None else c0.to(x.device), signals=True)
    gates, c = (None if each is None else each.cpu() for each in (run.gates, run.c))
    return LaneRun(run.h, gates, c, method="loop", blocks="rfg" if w.loop.cell == "gru" else "ifog")
