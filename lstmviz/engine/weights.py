"""The weights of a recurrent torch module, in the design's own order of gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lstmviz.cells.weights import Activation, Array, LstmWeights, RnnWeights, Weights
from lstmviz.errors import ModelError
from lstmviz.nets.fingerprint import fingerprint
from lstmviz.traces.trace import CellKind, LayerInfo

Recurrent = nn.LSTM | nn.RNN | nn.LSTMCell | nn.RNNCell
RECURRENT = (nn.LSTM, nn.RNN, nn.LSTMCell, nn.RNNCell)
Side = Literal["forward", "reverse"]
Places = npt.NDArray[np.intp]
_UNITS = 16
"""How many units of a wide layer are checked."""


@dataclass(frozen=True, eq=False)
class LaneWeights:
    """One layer in one direction, twice: as torch's fused kernel takes it, and as copies with the gates in our order.

    framework: torch's own list for one layer, rows i f g o, two biases. w: (4H, F + R), [Wx Wh], and b: (4H,), rows
    i f o g, both biases added, so that the three σ blocks lie together; whr: (P, H) or None. For an RNN H rows.
    cells: the same numbers for `lstmviz.cells`; on a CPU they share the copies' memory. sampled: in float64, those that
    compute some of the units, units_sampled, for the check: all of them in float64 would cost 7 % of a recording.
    """

    framework: list[Tensor]
    w: Tensor
    b: Tensor
    whr: Tensor | None
    cells: Weights
    sampled: Weights
    units_sampled: Places

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
    sha256: str

    @property
    def inputs(self) -> int:
        """F, the width of x(t)."""
        return self.layers[0].inputs

    @property
    def sides(self) -> tuple[Side, ...]:
        """The directions, which all layers share."""
        return self.layers[0].directions


def read_stack(module: Recurrent, path: str = "") -> Stack:
    """Copies of the weights of a module, the same ones as long as the weights stay as they are.

    Traces of unchanged weights so share one copy. Raises ModelError where their type is not float32 or float64.
    """
    state = module.state_dict(keep_vars=True)
    key = (path, *(_mark(name, tensor.detach()) for name, tensor in state.items()))
    known = _stacks.get(module)
    if known is None or known[0] != key:
        known = key, _read(module, path)
        _stacks[module] = known
    return known[1]


_stacks: WeakKeyDictionary[nn.Module, tuple[object, Stack]] = WeakKeyDictionary()


def _mark(name: str, tensor: Tensor) -> tuple[object, ...]:
    """What tells that a tensor has changed: its place and torch's count of its changes, and, since edits made through
    ``.data`` are not counted, the sum of its bits and some of its values."""
    if tensor.device.type != "cpu" or tensor.dtype not in (torch.float32, torch.float64):
        return name, object()  # never equal: read anew
    flat = np.ascontiguousarray(tensor.numpy()).reshape(-1)
    whole = flat[: flat.size // 2 * 2].view(np.uint64)  # sums of 64 bits run at the speed of memory
    some = flat[:: max(1, flat.size // 61)].tobytes() + flat[-1:].tobytes()
    version = 0 if tensor.is_inference() else tensor._version  # inference tensors count no changes
    return name, tensor.data_ptr(), version, tensor.shape, int(whole.sum()), some


def _read(module: Recurrent, path: str) -> Stack:
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
    first = lanes[0, "forward"].w
    return Stack(cell, tuple(infos), lanes, first.dtype, first.device, fingerprint(module))


def _lane(module: Recurrent, layer: int, side: Side) -> LaneWeights:
    ending = ""
    if isinstance(module, nn.RNNBase):
        ending = f"_l{layer}" + ("_reverse" if side == "reverse" else "")
    names = ["weight_ih", "weight_hh"]
    if module.bias:
        names += ["bias_ih", "bias_hh"]
    if isinstance(module, nn.LSTM) and module.proj_size:
        names.append("weight_hr")
    framework = [cast(Tensor, getattr(module, name + ending)).detach() for name in names]
    kind = framework[0].dtype
    if kind not in (torch.float32, torch.float64):
        raise ModelError(
            "The weights are {dtype}; lstmviz records float32 and float64. Use module.float() first.",
            dtype=str(kind).removeprefix("torch."),
        )
    arrays = dict(zip(names, (tensor.cpu().numpy() for tensor in framework), strict=True))
    w = np.concatenate([arrays["weight_ih"], arrays["weight_hh"]], axis=1)
    b = arrays["bias_ih"] + arrays["bias_hh"] if module.bias else np.zeros(len(w), w.dtype)
    features = arrays["weight_ih"].shape[1]
    if isinstance(module, nn.RNN | nn.RNNCell):
        activation = cast(Activation, module.nonlinearity)
        cells: Weights = RnnWeights(w[:, :features].T, w[:, features:].T, b, activation)
        return _lane_weights(framework, w, b, None, cells)
    _ifog(w)
    _ifog(b)
    whr = arrays["weight_hr"].copy() if "weight_hr" in arrays else None
    cells = LstmWeights(w[:, :features].T, w[:, features:].T, b, None if whr is None else whr.T)
    return _lane_weights(framework, w, b, whr, cells)


def _lane_weights(framework: list[Tensor], w: Array, b: Array, whr: Array | None, cells: Weights) -> LaneWeights:
    device = framework[0].device
    projection = None if whr is None else torch.from_numpy(whr).to(device)
    sampled, units = _sampled(cells)
    return LaneWeights(
        framework, torch.from_numpy(w).to(device), torch.from_numpy(b).to(device), projection, cells, sampled, units
    )


def _sampled(w: Weights) -> tuple[Weights, Places]:
    """Weights in float64 that compute some of the units, and which; all of them where a projection mixes them."""
    if isinstance(w, RnnWeights):
        return RnnWeights(_wide(w.wx), _wide(w.wh), _wide(w.b), w.activation), np.arange(w.units)
    if w.whr is not None or w.units <= _UNITS:
        whr = None if w.whr is None else _wide(w.whr)
        return LstmWeights(_wide(w.wx), _wide(w.wh), _wide(w.b), whr), np.arange(w.units)
    units = np.linspace(0, w.units - 1, _UNITS).round().astype(np.intp)
    columns = (np.arange(4)[:, None] * w.units + units).ravel()
    return LstmWeights(_wide(w.wx.T[columns].T), _wide(w.wh.T[columns].T), _wide(w.b[columns])), units


def _wide(array: Array) -> Array:
    return array.astype(np.float64)


def _ifog(rows: Array) -> None:
    """Torch's blocks of rows i f g o in the order i f o g, in place."""
    g, o = np.split(rows, 4)[2:]
    candidate = g.copy()
    g[...] = o
    o[...] = candidate
