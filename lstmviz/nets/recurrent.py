"""The recurrent layers of a net: torch's own where there are such, else LoopLayers, all called in one way."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstmviz.nets.loop import LoopLayers
from lstmviz.nets.spec import NetSpec

Recurrent = nn.LSTM | nn.RNN | nn.GRU | LoopLayers
State = Tensor | tuple[Tensor, Tensor]
"""What layers hand over: h, or h and c, each (L·D, B, …)."""


def make_layers(spec: NetSpec) -> Recurrent:
    """New layers as the spec describes them, batch first."""
    sizes = (spec.input.width, spec.hidden, spec.layers)
    sides = spec.bidirectional
    if not spec.fused:
        return LoopLayers(
            *sizes,
            bidirectional=sides,
            proj_size=spec.projection,
            peepholes=spec.peepholes,
            layer_norm=spec.layer_norm,
            functions=spec.functions,
            cell=spec.cell,
            reset_before=spec.reset_before,
            reverse=spec.reverse,
        )
    if spec.cell == "lstm":
        return nn.LSTM(*sizes, batch_first=True, bidirectional=sides, proj_size=spec.projection)
    if spec.cell == "gru":
        return nn.GRU(*sizes, batch_first=True, bidirectional=sides)
    return nn.RNN(*sizes, nonlinearity=spec.activation, batch_first=True, bidirectional=sides)


def read_layers(
    layers: Recurrent, x: Tensor, state: State | None = None, lengths: Tensor | None = None
) -> tuple[Tensor, State]:
    """h of the last layer (B, T, R·D) and the state at the end, of x (B, T, F).

    lengths: (B,) on the CPU, where each sequence ends: the reverse direction begins there, the states are those of
    each sequence's own end, and h after it means nothing. None where that does not matter.
    """
    if lengths is not None and bool((lengths == x.shape[1]).all()):
        lengths = None
    if isinstance(layers, LoopLayers):
        return cast(tuple[Tensor, State], layers(x, state, lengths))
    with _unwarned() if layers.proj_size else nullcontext():
        if lengths is None:
            return cast(tuple[Tensor, State], layers(x, state))
        packed, state = layers(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), state)
    h, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    return h, cast(State, state)


@contextmanager
def _unwarned() -> Iterator[None]:
    """WORKAROUND torch 2.6 to 2.13: oneDNN warns of projections, and then the right thing is computed without it.

    See pytorch/aten/src/ATen/native/RNN.cpp.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def cut(state: State) -> State:
    """The state without its past: gradients end here, as truncated BPTT wants it."""
    return state.detach() if isinstance(state, torch.Tensor) else (state[0].detach(), state[1].detach())
