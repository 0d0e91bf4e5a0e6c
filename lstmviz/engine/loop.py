"""One layer in one direction, step after step: for large batches, where a step is worth more than calling it."""

from __future__ import annotations

import torch
from torch import Tensor

from lstmviz.engine.fused import LaneRun, blocks, tanh_
from lstmviz.engine.weights import LaneWeights

_BATCH, _CELLS = 16, 2048


def loop_is_faster(w: LaneWeights, x: Tensor) -> bool:
    """Whether the loop beats the fused kernel, which has to compute all products twice; measured on a CPU, float32.

    The fused kernel wins wherever a step is small (25 times at H = 32, batch 1); with 32 × 128 cells a step the
    loop takes 1.7 times the forward and the fused way 2.4 times.
    """
    batch = x.shape[1]
    return x.device.type == "cpu" and batch >= _BATCH and batch * w.units >= _CELLS


def loop_lane(w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor) -> LaneRun:
    """The equations of an LSTM one step at a time, X·Wx + b of all steps first, in preallocated memory.

    x: (T, B, F), h0: (B, R), c0: (B, H).
    """
    steps, batch, units = x.shape[0], x.shape[1], w.units
    wx, wh = w.w.t().tensor_split([x.shape[2]])
    z = torch.addmm(w.b, x.reshape(steps * batch, -1), wx).view(steps, batch, 4 * units)
    c = x.new_empty((steps, batch, units))
    h = x.new_empty((steps, batch, w.cells.outputs))
    # without a projection h(t) is made where it stays
    cells = h if w.whr is None else x.new_empty((1, batch, units)).expand(steps, batch, units)
    parts = [block.unbind(0) for block in (z, z[..., : 3 * units], *blocks(z))]
    h_t, c_before = h0, c0
    for z_t, ifo, i, f, o, g, c_t, out, h_next in zip(*parts, c.unbind(0), cells.unbind(0), h.unbind(0), strict=True):
        z_t.addmm_(h_t, wh)
        ifo.sigmoid_()
        tanh_(g)
        torch.mul(i, g, out=c_t).addcmul_(f, c_before)
        torch.tanh(c_t, out=out).mul_(o)
        if w.whr is not None:
            torch.mm(out, w.whr.t(), out=h_next)
        h_t, c_before = h_next, c_t
    return LaneRun(h, z, c, method="loop")
