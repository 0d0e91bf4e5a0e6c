"""Whether every device, and every number of threads, trains a net to the same weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from lstmviz.engine.batches import Batches
from lstmviz.engine.beginning import data_of
from lstmviz.engine.devices import choose_device
from lstmviz.engine.distributed import Peers
from lstmviz.engine.learner import Learner
from lstmviz.nets.build import build_net
from lstmviz.nets.plan import spec_for
from lstmviz.runs.config import DeviceChoice, RunConfig

UPDATES = 20
TOLERANCE = 1e-4
"""How far weights may lie apart after UPDATES updates, on whatever device in float32; the largest is about 1."""
_RUN = RunConfig(
    data="embedded-reber", hidden=16, examples=UPDATES * 16, batch=16, optimiser="momentum", learning_rate=0.05
)


def trained(choice: DeviceChoice, *, threads: int = 1, dtype: torch.dtype = torch.float32) -> npt.NDArray[np.float64]:
    """All weights, (N,), of one small net after UPDATES updates, the same run on every device; nothing is written.

    Raises RunError where the device is not there.
    """
    device = choose_device(choice).device
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        data = data_of(_RUN)
        net = build_net(spec_for(_RUN, data), _RUN.seed).to(device, dtype)
        learner = Learner(net, _RUN, device, Peers())
        batches = Batches(data, net, _RUN, device, Peers())
        for n in range(UPDATES):
            batch = batches.at(0, n)
            batch = replace(batch, x=batch.x.to(dtype))
            learner.forward(batch, 0, None, n)
            learner.loss(batch.wanted)
            learner.gradients(_RUN.clipping)
            learner.update(_RUN.learning_rate, _RUN.clipping, measure=False)
        parts = [each.detach().double().cpu().numpy().ravel() for each in net.parameters()]
        return np.concatenate(parts)
    finally:
        torch.set_num_threads(before)


def apart(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """The largest difference of two nets' weights, max |Δw|; infinite where one of them is no number."""
    worst = float(np.abs(one - other).max())
    return worst if np.isfinite(worst) else float("inf")
