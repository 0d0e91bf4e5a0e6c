"""A new net, ready to be trained."""

from __future__ import annotations

import torch

from lstmviz.nets.net import Net
from lstmviz.nets.spec import NetSpec, check_spec


def build_net(spec: NetSpec, seed: int = 0) -> Net:
    """A net with fresh weights, the same for the same seed; the global random state stays as it is.

    The forget bias starts at 1 in total (Gers et al. 2000): torch adds two bias vectors, so one of them gets it.
    """
    check_spec(spec, spec.name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Net(spec)
    if spec.cell == "lstm":
        forget = slice(spec.hidden, 2 * spec.hidden)  # torch's order is i f g o
        with torch.no_grad():
            for name, parameter in net.recurrent.named_parameters():
                if name.startswith("bias_"):
                    parameter[forget] = 1.0 if name.startswith("bias_ih") else 0.0
    return net
