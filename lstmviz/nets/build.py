"""A new net, ready to be trained."""

from __future__ import annotations

import torch

from lstmviz.nets.initialise import Initialisation, initialise
from lstmviz.nets.net import Net
from lstmviz.nets.spec import NetSpec, check_spec


def build_net(
    spec: NetSpec, seed: int = 0, initialisation: Initialisation = "uniform", forget_bias: float = 1.0
) -> Net:
    """A net with fresh weights, the same for the same seed; the global random state stays as it is.

    The forget bias of an LSTM starts at 1 in total unless told otherwise (Gers et al. 2000).
    """
    check_spec(spec, spec.name)
    with torch.random.fork_rng(devices=[]):
        net = Net(spec)
    initialise(net, initialisation, forget_bias, seed)
    return net
