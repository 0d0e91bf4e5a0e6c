"""The weights of a recurrent torch module, in the design's own order of gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from lstmviz.cells.weights import LstmWeights, RnnWeights, Weights
from lstmviz.errors import ModelError
from lstmviz.traces.trace import CellKind, LayerInfo

Recurrent = nn.LSTM | nn.RNN | nn.LSTMCell | nn.RNNCell
RECURRENT = (nn.LSTM, nn.RNN, nn.LSTMCell, nn.RNNCell)
Side = Literal["forward", "reverse"]


@dataclass(frozen=True, eq=False)
class LaneWeights:
    """One layer in one direction, twice: as torch's fused kernel takes it, and as copies with the gates in our order.

    framework: torch's own list for one layer, rows i f g o, two biases. wx: (4H, F), wh: (4H, R), b: (4H,), rows
    i f o g, both biases added, so that the three σ blocks lie together; whr: (P, H) or None. For an RNN H rows.
    cells: the same numbers for `lstmviz.cells`; on a CPU they share the copies' memory.
    """

    framework: list[Tensor]
    wx: Tensor
    wh: Tensor
    b: Tensor
    whr: Tensor | None
    cells: Weights

    @property
    def units(self) -> int:
        """H, the number of units."""
        return self.cells.units


@dataclass(frozen=True, eq=False)
class Stack:
    """All layers and directions of one module: what a recording needs to know of it."""

    cell: CellKind
    layers: tuple[LayerInfo, ...]
    lanes: dict[tuple[int, Side], LaneWeights]
    dtype: torch.dtype
    device: torch.device

    @property
    def inputs(self) -> int:
        """F, the width of x(t)."""
        return self.layers[0].inputs

    @property
    def sides(self) -> tuple[Side, ...]:
        """The directions, which all layers share."""
        return self.layers[0].directions


def read_stack(module: Recurrent, path: str = "") -> Stack:
    """Copies of the weights of a module; raises ModelError where their type is not float32 or float64."""
    cell: CellKind = "lstm" if isinstance(module, nn.LSTM | nn.LSTMCell) else "rnn"
    depth = module.num_layers if isinstance(module, nn.RNNBase) else 1
    sides: tuple[Side, ...] = ("forward",)
    if isinstance(module, nn.RNNBase) and module.bidirectional:
        sides = ("forward", "reverse")
    lanes = {(layer, side): _lane(module, layer, side) for layer in range(depth) for side in sides}
    infos = []
    for layer in range(depth):
        weights = lanes[layer, "forward"].cells
        name = f"{path}.{layer}" if path else f"layer.{layer}"
        infos.append(LayerInfo(layer, name, cell, weights.inputs, weights.units, weights.outputs, sides))
    first = lanes[0, "forward"].wx
    return Stack(cell, tuple(infos), lanes, first.dtype, first.device)


def _lane(module: Recurrent, layer: int, side: Side) -> LaneWeights:
    ending = ""
    if isinstance(module, nn.RNNBase):
        ending = f"_l{layer}" + ("_reverse" if side == "reverse" else "")

    def tensor(name: str) -> Tensor:
        return cast(Tensor, getattr(module, name + ending)).detach()

    w_ih, w_hh = tensor("weight_ih"), tensor("weight_hh")
    if w_ih.dtype not in (torch.float32, torch.float64):
        raise ModelError(
            "The weights are {dtype}; lstmviz records float32 and float64. Use module.float() first.",
            dtype=str(w_ih.dtype).removeprefix("torch."),
        )
    framework = [w_ih, w_hh]
    bias = w_ih.new_zeros(w_ih.shape[0])
    if module.bias:
        framework += [tensor("bias_ih"), tensor("bias_hh")]
        bias = framework[2] + framework[3]
    if isinstance(module, nn.RNN | nn.RNNCell):
        wx, wh = w_ih.clone(), w_hh.clone()
        activation = cast(Literal["tanh", "relu"], module.nonlinearity)
        return LaneWeights(
            framework, wx, wh, bias, None, RnnWeights(_numpy(wx).T, _numpy(wh).T, _numpy(bias), activation)
        )
    wx, wh, b = _ifog(w_ih), _ifog(w_hh), _ifog(bias)
    whr = None
    if isinstance(module, nn.LSTM) and module.proj_size:
        framework.append(tensor("weight_hr"))
        whr = framework[-1].clone()
    projection = None if whr is None else _numpy(whr).T
    return LaneWeights(framework, wx, wh, b, whr, LstmWeights(_numpy(wx).T, _numpy(wh).T, _numpy(b), projection))


def _ifog(rows: Tensor) -> Tensor:
    """A copy with torch's blocks i f g o in the order i f o g."""
    units = rows.shape[0] // 4
    return torch.cat([rows[: 2 * units], rows[3 * units :], rows[2 * units : 3 * units]])


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
