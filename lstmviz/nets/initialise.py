"""How the weights of a net begin."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from lstmviz.nets.net import Net
from lstmviz.nets.recurrent import Recurrent
from lstmviz.nets.spec import GATE_BLOCKS

Initialisation = Literal["uniform", "xavier", "orthogonal"]


@torch.no_grad()
def initialise(net: Net, how: Initialisation = "uniform", forget_bias: float = 1.0, seed: int = 0) -> None:
    """Draw all weights of a net anew, the same for the same seed; the global random state stays as it is.

    uniform: all weights and biases U(−1/√H, 1/√H), as torch draws them. xavier: each gate's block of weights by
    itself U(±√(6/(in + out))) (Glorot and Bengio 2010), biases 0. orthogonal: as xavier, but the recurrent weights of
    each gate a random (semi-)orthogonal matrix (Saxe et al. 2014). Peepholes begin at 0 and gains of norms at 1.

    forget_bias: b of an LSTM's forget gates in total; torch adds two bias vectors, so one of them gets it. From about
    100 on the gate is 1 whatever it sees and its gradient 0: the LSTM of 1997, without a forget gate.
    """
    device = next(net.parameters()).device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        for layers in (net.recurrent, net.decoder):
            if layers is not None:
                layers.reset_parameters()
                if how != "uniform":
                    _draw_layers(layers, GATE_BLOCKS[net.spec.cell], orthogonal=how == "orthogonal")
                if net.spec.cell == "lstm":
                    _set_forget_bias(layers, net.spec.hidden, forget_bias)
        if net.readout is not None:
            net.readout.reset_parameters()
            if how != "uniform":
                nn.init.xavier_uniform_(net.readout.weight)
                nn.init.zeros_(net.readout.bias)


def _draw_layers(layers: Recurrent, blocks: int, *, orthogonal: bool) -> None:
    for name, parameter in layers.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        elif name.startswith("weight_hr"):
            nn.init.xavier_uniform_(parameter)
        elif name.startswith("weight"):
            for block in parameter.chunk(blocks):
                _draw_block(block, orthogonal=orthogonal and name.startswith("weight_hh"))


def _draw_block(block: Tensor, *, orthogonal: bool) -> None:
    if orthogonal:
        nn.init.orthogonal_(block)
    else:
        nn.init.xavier_uniform_(block)


def _set_forget_bias(layers: Recurrent, units: int, forget_bias: float) -> None:
    forget = slice(units, 2 * units)  # torch's order is i f g o
    for name, parameter in layers.named_parameters():
        if name.startswith("bias_"):
            parameter[forget] = forget_bias if name.startswith("bias_ih") else 0.0
