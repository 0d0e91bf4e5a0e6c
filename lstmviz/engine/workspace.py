"""Gates and c(t) as oneDNN leaves them for the backward pass: all of them, for the price of the forward.

When torch runs an LSTM on a CPU with gradients on, oneDNN keeps in a workspace what the backward pass will need: the
four gates after σ and tanh, and c, of every step. The workspace is opaque and its layout is not promised, so nothing
here is believed: c must be found in it where the gates say it is, and every recording is checked against the reference;
where either fails, the recording is made the other way (`lstmviz.engine.fused`).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lstmviz.cells.weights import Array
from lstmviz.engine.fused import LaneRun
from lstmviz.engine.weights import LaneWeights

METHOD = "workspace"
_LSTM = 2
"""torch's number for an LSTM in ``mkldnn_rnn_layer``."""
_LINE = 16
"""float32 in a cache line, to which oneDNN rounds a row of gates."""
_STEPS_TOLD = 2
"""So many steps of c must be where it is looked for."""
_CLOSE = 1e-5
"""As far as rounding may part what oneDNN computed from what we do, for values up to 1."""
_TELLING = 1e-3
"""c must reach this in the steps by which it is found: a c near 0 looks like any zeros."""


def workspace_lane(
    w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor | None, _h: Tensor | None = None
) -> LaneRun | None:
    """Every signal of one LSTM layer in one direction from oneDNN's training forward, or None where that has none.

    x: (T, B, F), h0: (B, H), c0: (B, H); float32 on a CPU, without projection or variants. Gates, in
    blocks i f g o, and c are views of the workspace, which is three times as large as they are.
    """
    if c0 is None or w.whr is not None or w.loop is not None or x.dtype != torch.float32 or x.device.type != "cpu":
        return None
    if (x.shape, w.units) in _distrusted:
        return None
    run = _training_forward(w, x, h0, c0)
    if run is None:
        return None
    h, last_c, memory = run
    steps, batch, units = x.shape[0], x.shape[1], w.units
    row = _row_of_gates(units)
    if memory.size < steps * batch * row:
        return None
    gates = memory[: steps * batch * row].reshape(steps, batch, row)[..., : 4 * units]
    place = _place_of_c(memory, gates, c0.numpy())
    if place is None:
        return None
    c = memory[place : place + steps * batch * units].reshape(steps, batch, units)
    c[-1] = last_c.numpy()  # the last one went to the caller, and its row was left empty
    return LaneRun(h, torch.from_numpy(gates), torch.from_numpy(c), None, METHOD, "ifgo", views=True)


def distrust(w: LaneWeights, x: Tensor) -> None:
    """Ask no workspace of this shape again: on this processor it is laid out in another way."""
    _distrusted.add((x.shape, w.units))


_distrusted: set[tuple[torch.Size, int]] = set()


def _training_forward(
    w: LaneWeights, x: Tensor, h0: Tensor, c0: Tensor
) -> tuple[Tensor, Tensor, npt.NDArray[np.float32]] | None:
    """h (T, B, H), c(T) (B, H) and the workspace as float32; None where this torch keeps none."""
    weights = w.framework
    if len(weights) < 4:  # without biases oneDNN wants them all the same
        weights = [*weights, *[x.new_zeros(4 * w.units)] * 2]
    try:
        with torch.enable_grad():  # without, oneDNN runs its inference and keeps nothing
            h, _, last_c, kept = torch.ops.aten.mkldnn_rnn_layer(
                x.detach().requires_grad_(),
                *weights,
                h0[None],
                c0[None],
                reverse=False,
                batch_sizes=[],
                mode=_LSTM,
                hidden_size=w.units,
                num_layers=1,
                has_biases=True,
                bidirectional=False,
                batch_first=False,
                train=True,
            )
    except (RuntimeError, AttributeError):  # a torch without oneDNN, or in inference mode
        return None
    if kept is None or kept.dtype != torch.uint8 or kept.numel() % 4:
        return None
    memory: npt.NDArray[np.float32] = kept.numpy().view(np.float32)
    return h.detach(), last_c.detach().reshape(h0.shape[0], w.units), memory


def _row_of_gates(units: int) -> int:
    """float32 in one row of gates: 4H rounded up to a cache line, and one line more where rows would be whole pages.

    Source: oneDNN, src/cpu/rnn/rnn_utils.cpp, get_good_ld.
    """
    row = -(-4 * units // _LINE) * _LINE
    return row + _LINE if row % 256 == 0 else row


@np.errstate(all="ignore")  # what is no signal may hold anything, NaN and infinity too
def _place_of_c(memory: Array, gates: Array, c0: Array) -> int | None:
    """Where c(1) begins in the workspace: where its first steps are what the gates, (T, B, 4H), make of c0, (B, H).

    After it there is room for T steps. None where it is not there, or where those steps are too near 0 to tell.
    """
    shape = gates.shape
    first = _first_c(gates[: min(shape[0] - 1, _STEPS_TOLD)], c0).ravel()
    after_gates = shape[0] * shape[1] * _row_of_gates(c0.shape[1])
    last_place = memory.size - shape[0] * c0.size
    if not first.size:  # one step alone: its c is not in the workspace, which has room for it
        return after_gates if after_gates <= last_place else None
    largest = float(np.abs(first).max())
    if not _TELLING <= largest < math.inf:  # NaN tells nothing either
        return None
    close = _CLOSE * max(1.0, largest)
    known = _known_places(memory.size, shape)
    for place in known:
        if _largest_difference(memory[place : place + first.size], first) <= close:
            return place
    near = np.abs(memory[after_gates : last_place + 1] - first[0]) <= close
    for found in (np.flatnonzero(near) + after_gates).tolist():
        if _largest_difference(memory[found : found + first.size], first) <= close:
            known.append(found)
            return int(found)
    return None


def _largest_difference(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max())


def _first_c(gates: Array, c0: Array) -> Array:
    """c of a few steps, (t, B, H), from their gates, (t, B, 4H), by the recurrence itself."""
    units = c0.shape[1]
    c = np.empty((len(gates), *c0.shape), np.float32)
    before = c0
    for t, step in enumerate(gates):
        i, f, g = (step[:, n * units : (n + 1) * units] for n in (0, 1, 2))
        before = c[t] = f * before + i * g
    return c


@lru_cache(maxsize=256)
def _known_places(_size: int, _shape: tuple[int, ...]) -> list[int]:
    """Where c was found in earlier workspaces of this size and shape."""
    return []
