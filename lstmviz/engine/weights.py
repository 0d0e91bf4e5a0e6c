"""The weights of a recurrent torch module, in the design's own order of gates."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, cast
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lstmviz.cells.weights import Array, GruWeights, LayerNorm, LstmWeights, RnnWeights, Weights
from lstmviz.errors import ModelError
from lstmviz.nets.fingerprint import fingerprint
from lstmviz.nets.loop import LoopLayers
from lstmviz.nets.loop_cells import LoopWeights
from lstmviz.traces.trace import CellKind, LayerInfo

Recurrent = nn.LSTM | nn.RNN | nn.GRU | nn.LSTMCell | nn.RNNCell | nn.GRUCell | LoopLayers
RECURRENT = (nn.LSTM, nn.RNN, nn.GRU, nn.LSTMCell, nn.RNNCell, nn.GRUCell, LoopLayers)
Side = Literal["forward", "reverse"]
Places = npt.NDArray[np.intp]
_UNITS = 16
"""How many units of a wide layer are checked."""


@dataclass(frozen=True, eq=False)
class LaneWeights:
    """One layer in one direction, twice: as torch's fused kernel takes it, and as copies with the gates in our order.

    framework: torch's own list for one layer, rows i f g o, two biases. w: (4H, F + R), [Wx Wh], and b: (4H,), rows
    i f o g, both biases added, so that the three σ blocks lie together; whr: (P, H) or None. For an RNN H rows; for a
    GRU 3H, r f g, of whose candidate b has the bias of x alone, and reset_b, (H,), the one that the reset gate closes.
    loop: for the loop, of layers that no fused kernel computes; framework is then empty. cells: the same numbers for
    `lstmviz.cells`; on a CPU they share the copies' memory. sampled: in float64, those that compute some of the units,
    units_sampled, for the check: all of them in float64 would cost 7 % of a recording.
    """

    framework: list[Tensor]
    w: Tensor
    b: Tensor
    whr: Tensor | None
    cells: Weights
    sampled: Weights
    units_sampled: Places
    reset_b: Tensor | None = None
    loop: LoopWeights | None = None

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
    depth, sides = 1, cast(tuple[Side, ...], ("forward",))
    if isinstance(module, LoopLayers):
        depth, sides = module.num_layers, module.sides
    elif isinstance(module, nn.RNNBase):
        depth = module.num_layers
        sides = ("forward", "reverse") if module.bidirectional else sides
    lanes = {(layer, side): _lane(module, layer, side) for layer in range(depth) for side in sides}
    infos = []
    for layer in range(depth):
        weights = lanes[layer, sides[0]].cells
        name = f"{path}.{layer}" if path else f"layer.{layer}"
        infos.append(LayerInfo(layer, name, _cell(module), weights.inputs, weights.units, weights.outputs, sides))
    first = lanes[0, sides[0]].w
    return Stack(_cell(module), tuple(infos), lanes, first.dtype, first.device, fingerprint(module))


def _cell(module: Recurrent) -> CellKind:
    if isinstance(module, LoopLayers):
        return module.cell
    if isinstance(module, nn.RNN | nn.RNNCell):
        return "rnn"
    return "gru" if isinstance(module, nn.GRU | nn.GRUCell) else "lstm"


def _lane(module: Recurrent, layer: int, side: Side) -> LaneWeights:
    ending = ""
    if isinstance(module, nn.RNNBase | LoopLayers):
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
    if isinstance(module, LoopLayers):
        return _loop_lane(module.weights(layer, side))
    arrays = dict(zip(names, (tensor.cpu().numpy() for tensor in framework), strict=True))
    w = np.concatenate([arrays["weight_ih"], arrays["weight_hh"]], axis=1)
    zeros = np.zeros(len(w), w.dtype)
    b_x, b_h = arrays.get("bias_ih", zeros), arrays.get("bias_hh", zeros)
    features = arrays["weight_ih"].shape[1]
    if isinstance(module, nn.GRU | nn.GRUCell):
        return _gru_lane(framework, w, features, b_x.copy(), b_h.copy())
    b = b_x + b_h
    if isinstance(module, nn.RNN | nn.RNNCell):
        rnn = RnnWeights(w[:, :features].T, w[:, features:].T, b, module.nonlinearity)
        return _lane_weights(framework, w, b, rnn)
    _ifog(w)
    _ifog(b)
    whr = arrays["weight_hr"].copy() if "weight_hr" in arrays else None
    cells = LstmWeights(w[:, :features].T, w[:, features:].T, b, None if whr is None else whr.T)
    return _lane_weights(framework, w, b, cells)


def _gru_lane(framework: list[Tensor], w: Array, features: int, b_x: Array, b_h: Array) -> LaneWeights:
    """torch's rows r z n are ours, r f g."""
    cells = GruWeights(w[:, :features].T, w[:, features:].T, b_x, b_h)
    b, gates = b_x.copy(), slice(2 * cells.units)
    b[gates] += b_h[gates]
    reset = torch.from_numpy(b_h[gates.stop :].copy()).to(framework[0].device)
    return replace(_lane_weights(framework, w, b, cells), reset_b=reset)


def _loop_lane(live: LoopWeights) -> LaneWeights:
    """Of copies: the loop of a watched module runs later, when training may have moved them."""
    parts = {field.name: getattr(live, field.name) for field in fields(live)}
    copies: dict[str, Any] = {name: part.detach().clone() for name, part in parts.items() if isinstance(part, Tensor)}
    loop = replace(live, **copies)
    if loop.cell != "lstm":
        return _other_loop_lane(loop)
    w, b = _rows(torch.cat([loop.w_ih, loop.w_hh], dim=1)), _rows(loop.b)
    whr, peephole = (None if part is None else part.cpu().numpy().copy() for part in (loop.w_hr, loop.peephole))
    norm = None
    if loop.norm_x is not None and loop.norm_h is not None and loop.norm_c is not None:
        norm = LayerNorm(_rows(loop.norm_x), _rows(loop.norm_h), *loop.norm_c.cpu().numpy().copy())
    features = loop.w_ih.shape[1]
    cells = LstmWeights(
        w[:, :features].T, w[:, features:].T, b, None if whr is None else whr.T, peephole, norm, loop.functions
    )
    return replace(_lane_weights([loop.w_ih], w, b, cells), framework=[], loop=loop)


def _other_loop_lane(loop: LoopWeights) -> LaneWeights:
    """Of a GRU or a recurrent layer, whose rows stand as ours do."""
    w, b = torch.cat([loop.w_ih, loop.w_hh], dim=1).cpu().numpy(), loop.b.cpu().numpy()
    features, functions = loop.w_ih.shape[1], loop.functions
    wx, wh = w[:, :features].T, w[:, features:].T
    cells: Weights
    if loop.b_h is not None:
        cells = GruWeights(wx, wh, b, loop.b_h.cpu().numpy(), functions, loop.reset_before)
    else:
        cells = RnnWeights(wx, wh, b, functions.candidate, functions.clip)
    return replace(_lane_weights([loop.w_ih], w, b, cells), framework=[], loop=loop)


def _rows(tensor: Tensor) -> Array:
    array: Array = tensor.cpu().numpy().copy()
    _ifog(array)
    return array


def _lane_weights(framework: list[Tensor], w: Array, b: Array, cells: Weights) -> LaneWeights:
    device = framework[0].device
    projection = None
    if isinstance(cells, LstmWeights) and cells.whr is not None:
        projection = torch.from_numpy(cells.whr.T).to(device)
    sampled, units = _sampled(cells)
    return LaneWeights(
        framework, torch.from_numpy(w).to(device), torch.from_numpy(b).to(device), projection, cells, sampled, units
    )


def _sampled(w: Weights) -> tuple[Weights, Places]:
    """Weights in float64 that compute some of the units, and which: all where a projection or a norm mixes them."""
    if isinstance(w, RnnWeights):
        return RnnWeights(_wide(w.wx), _wide(w.wh), _wide(w.b), w.activation, w.clip), np.arange(w.units)
    if isinstance(w, GruWeights):
        wx, wh, bx, bh = (_wide(array) for array in (w.wx, w.wh, w.bx, w.bh))
        return GruWeights(wx, wh, bx, bh, w.functions, w.reset_before), np.arange(w.units)
    units = np.arange(w.units)
    if w.whr is None and w.norm is None and w.units > _UNITS:
        units = np.linspace(0, w.units - 1, _UNITS).round().astype(np.intp)
    columns = (np.arange(4)[:, None] * w.units + units).ravel()
    return LstmWeights(
        _wide(w.wx.T[columns].T),
        _wide(w.wh.T[columns].T),
        _wide(w.b[columns]),
        None if w.whr is None else _wide(w.whr),
        None if w.peephole is None else _wide(w.peephole[:, units]),
        None
        if w.norm is None
        else LayerNorm(_wide(w.norm.x), _wide(w.norm.h), _wide(w.norm.c), _wide(w.norm.b), w.norm.eps),
        w.functions,
    ), units


def _wide(array: Array) -> Array:
    return array.astype(np.float64)


def _ifog(rows: Array) -> None:
    """Torch's blocks of rows i f g o in the order i f o g, in place."""
    g, o = np.split(rows, 4)[2:]
    candidate = g.copy()
    g[...] = o
    o[...] = candidate
