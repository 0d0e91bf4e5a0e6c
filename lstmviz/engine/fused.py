"""One layer in one direction at the speed of the fused kernel, with every gate and every c(t)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lstmviz.cells.weights import GruWeights, RnnWeights
from lstmviz.engine.scan import scan
from lstmviz.engine.weights import LaneWeights


@dataclass(frozen=True, eq=False)
class LaneRun:
    """What a lane computed, time first, in the order in which it read: h (T, B, R), and for an LSTM gates, c and more.

    gates: (T, B, 4H), of a GRU (T, B, 3H), in ``blocks``, after σ and tanh; c: (T, B, H); both on the CPU.
    last_c: (B, H), the framework's own c(T), with which ours is compared. method: how it was computed. views: gates
    and c are parts of a larger memory.
    """

    h: Tensor
    gates: Tensor | None = None
    c: Tensor | None = None
    last_c: Tensor | None = None
    method: str = "fused+scan"
    blocks: str = "ifog"
    views: bool = False


def framework_run(w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """h(1..T), (T, B, R), and c(T), (B, H), by torch's own fused kernel; x: (T, B, F), h0: (B, R), c0: (B, H)."""
    if w.whr is None and x.device.type == "cpu":
        return _kernel(w, x, h0, c0)
    with warnings.catch_warnings():
        # WORKAROUND torch 2.6 to 2.13: oneDNN warns of projections, cuDNN of one layer's weights taken from a larger
        # buffer (pytorch/aten/src/ATen/native/RNN.cpp); both then compute the right thing
        warnings.simplefilter("ignore", UserWarning)
        return _kernel(w, x, h0, c0)


def _kernel(w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None) -> tuple[Tensor, Tensor | None]:
    # has_biases, num_layers, dropout, train, bidirectional, batch_first
    settings = (len(w.framework) >= 4, 1, 0.0, False, False, False)
    if isinstance(w.cells, RnnWeights):
        kernel = torch._VF.rnn_tanh if w.cells.activation == "tanh" else torch._VF.rnn_relu
        h, _ = kernel(x, h0[None], w.framework, *settings)
        return h, None
    if isinstance(w.cells, GruWeights):
        h, _ = torch._VF.gru(x, h0[None], w.framework, *settings)
        return h, None
    assert c0 is not None
    h, _, c = torch._VF.lstm(x, (h0[None], c0[None]), w.framework, *settings)
    return h, c[0]


def fused_lane(w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, h: Tensor | None = None) -> LaneRun:
    """h by the fused kernel (or as given), then all gates from one product, then c by a scan.

        [I F O G] = [X, H shifted by one] W + b        c(t) = f(t) ⊗ c(t−1) + i(t) ⊗ g(t)

    Of a GRU h is the state, and the gates all there is to compute.

    x: (T, B, F), h0: (B, R), c0: (B, H), None for an RNN or a GRU, h: (T, B, R); float32 or float64.
    """
    last_c = None
    if h is None:
        h, last_c = framework_run(w, x, h0, c0)
    if w.reset_b is not None:
        return LaneRun(h, _gru_gates(w, x, h0, h), method="fused", blocks="rfg")
    if c0 is None:
        return LaneRun(h)
    steps, batch, units = x.shape[0], x.shape[1], w.units
    both = torch.cat([x, torch.cat([h0[None], h[:-1]])], dim=2).view(steps * batch, -1)
    z = torch.addmm(w.b, both, w.w.t())
    z[:, : 3 * units].sigmoid_()
    tanh_(z[:, 3 * units :])
    # traces are read on the CPU: from here on so is everything
    gates = z.view(steps, batch, 4 * units).cpu()
    i, f, g = (gates.numpy()[:, :, n * units : (n + 1) * units] for n in (0, 1, 3))
    c = scan(f.reshape(steps, -1), (i * g).reshape(steps, -1), c0.cpu().numpy().reshape(-1))
    return LaneRun(h, gates, torch.from_numpy(c).view(steps, batch, units), last_c)


def _gru_gates(w: LaneWeights, x: Tensor, h0: Tensor, h: Tensor) -> Tensor:
    """r f g of a GRU, (T, B, 3H), on the CPU: the reset gate closes h(t−1) Wh + bh of the candidate, before x is added.

    [R F] = σ([X, H shifted by one] W + b)        G = tanh(X Wx + bx + R ⊗ (H shifted by one · Wh + bh))
    """
    assert w.reset_b is not None
    units, features = w.units, x.shape[2]
    before = torch.cat([h0[None], h[:-1]])
    both = torch.cat([x, before], dim=2).flatten(0, 1)
    gates = torch.empty(len(both), 3 * units, dtype=x.dtype, device=x.device)
    shut, g = gates[:, : 2 * units], gates[:, 2 * units :]
    torch.addmm(w.b[: 2 * units], both, w.w[: 2 * units].t(), out=shut).sigmoid_()
    torch.addmm(w.reset_b, both[:, features:], w.w[2 * units :, features:].t(), out=g)
    g.mul_(gates[:, :units]).add_(torch.addmm(w.b[2 * units :], both[:, :features], w.w[2 * units :, :features].t()))
    tanh_(g)
    return gates.view(*x.shape[:2], 3 * units).cpu()


def tanh_(x: Tensor) -> Tensor:
    """tanh in place; on a CPU by numpy, which takes a fifth of torch's time for it."""
    if x.device.type != "cpu":
        return x.tanh_()
    array = x.numpy()
    np.tanh(array, out=array)
    return x
