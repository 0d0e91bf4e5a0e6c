"""One layer in one direction step by step: peepholes and layer norms, which no fused kernel computes."""

from __future__ import annotations

from torch import Tensor

from lstmviz.engine.fused import LaneRun
from lstmviz.engine.weights import LaneWeights
from lstmviz.nets.loop import lstm_loop


def looped_lane(w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, _h: Tensor | None = None) -> LaneRun:
    """Every signal of a layer of LoopLayers; x: (T, B, F), h0: (B, R), c0: (B, H).

    Where h is known from a watched call it is computed again, on the way to c.
    """
    assert w.loop is not None
    assert c0 is not None
    run = lstm_loop(w.loop, x, h0, c0.to(x.device), signals=True)
    assert run.gates is not None
    return LaneRun(run.h, run.gates.cpu(), run.c.cpu(), method="loop")
