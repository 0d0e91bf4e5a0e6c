"""A recurrent layer of Keras as one of ours: its settings checked, its weights in torch's order.

    LSTM        [i f c o] = x kernel + h(t−1) recurrent + bias     blocks of columns; rows i f g o in torch
    GRU         [z r h], reset_after                               rows r z n in torch
    CuDNNLSTM   two biases, 8H in all, and each gate's block lies transposed; that length alone tells

Sources: keras.layers.LSTM, GRU and SimpleRNN as documented; keras.engine.saving (2.2), preprocess_weights_for_loading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from lstmviz.cells.activations import GATE_LIKE, Functions, is_known
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Array
from lstmviz.nets.foreign.gate_order import KERAS_ORDER, Cell, in_torch_order
from lstmviz.nets.foreign.keras_config import RECURRENT, Described, Json, text_of
from lstmviz.nets.foreign.keras_stored import Stored, StoredLayer
from lstmviz.nets.spec import GATE_BLOCKS

CELL_OF: dict[str, Cell] = {"LSTM": "lstm", "CuDNNLSTM": "lstm", "GRU": "gru", "CuDNNGRU": "gru", "SimpleRNN": "rnn"}
KIND_OF: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
MAX_INPUTS = 1 << 20
_KNOWN = {
    *("tanh", "sigmoid", "hard_sigmoid", "relu", "elu", "selu", "softsign", "softplus", "exponential", "linear"),
    "leaky_relu",
}
"""Keras' functions that mean in every version what they mean here; hard_sigmoid and leaky_relu differ by version."""


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """A layer ready to be one of a net: weights by direction as torch names them, without ``_l0``.

    joined: whether both directions are laid side by side, which a layer above needs. whole: whether it gives h of every
    step. backwards: whether it reads from the last step on. reset_before: of a GRU. fed: whether its first state comes
    from elsewhere. described: whether the file has more than weights. guessed: whether its functions are assumed.
    """

    path: str
    kind: str
    cell: Cell
    functions: Functions
    sides: tuple[Mapping[str, Array], ...]
    below: str | None = None
    joined: bool = True
    whole: bool = True
    backwards: bool = False
    reset_before: bool = False
    fed: bool = False
    described: bool = True
    guessed: bool = False

    @property
    def hidden(self) -> int:
        """H."""
        return int(self.sides[0]["weight_hh"].shape[1])

    @property
    def inputs(self) -> int:
        """F."""
        return int(self.sides[0]["weight_ih"].shape[1])


def keras_layer(stored: StoredLayer, described: Described | None, version: str, file: str) -> KerasLayer:
    """One layer; ModelError, one sentence, where Keras computes something that lstmviz has no cell for.

    described: None where the file has weights alone. version: of the Keras that wrote it, "" where unknown.
    """
    path = "/".join(stored.names)
    settings = described.settings if described else {}
    cells = [each for each in (stored.forward, stored.backward) if each is not None]
    if described and described.kind not in RECURRENT:
        raise ModelError(
            "“{file}”: “{layer}” is of the class {found}, which lstmviz does not know; expected one of {expected}.",
            file=file,
            layer=path,
            found=described.kind,
            expected=", ".join(RECURRENT),
        )
    if described and (described.backward is None) != (stored.backward is None):
        raise ModelError("“{file}”: of “{layer}” one direction is missing.", file=file, layer=path)
    cell = CELL_OF[described.kind] if described else _cell_of(stored.forward, path, file)
    sides = tuple(_tensors(each, cell, settings, path, file) for each in cells)
    if any(side["weight_ih"].shape != sides[0]["weight_ih"].shape for side in sides):
        raise ModelError("“{file}”: the directions of “{layer}” differ in size.", file=file, layer=path)
    if described:
        _check_sides(described, path, file)
    packed = any(_is_packed(each, cell) for each in cells)
    return KerasLayer(
        path,
        described.kind if described else ("CuDNN" if packed else "") + KIND_OF[cell],
        cell,
        _functions(settings, cell, packed, version, path, file),
        sides,
        below=described.below if described else None,
        joined=described is None or described.merge in (None, "concat"),
        whole=bool(settings.get("return_sequences", not described)),
        backwards=bool(settings.get("go_backwards", False)) and stored.backward is None,
        reset_before=cell == "gru" and _resets_before(stored.forward, settings),
        fed=described is not None and described.fed,
        described=described is not None,
        guessed=described is None and not packed,
    )


def _cell_of(cell: Stored, path: str, file: str) -> Cell:
    """What a layer is by its shapes, where nothing else tells."""
    hidden, blocks = cell.recurrent.shape[0], cell.recurrent.shape[1] / max(cell.recurrent.shape[0], 1)
    for name, number in GATE_BLOCKS.items():
        if blocks == number:
            return cast(Cell, name)
    raise ModelError(
        "“{file}”: the recurrent weights of “{layer}” are {found}; expected 1, 3 or 4 blocks of {hidden} columns.",
        file=file,
        layer=path,
        found=cell.recurrent.shape,
        hidden=hidden,
    )


def _check_sides(described: Described, path: str, file: str) -> None:
    """Both directions compute with the same functions, the second one backwards."""
    forward, backward = described.settings, described.backward
    if backward is None:
        return
    turned = bool(forward.get("go_backwards")) or (backward is not forward and not backward.get("go_backwards", True))
    names = ("activation", "recurrent_activation", "inner_activation")
    if turned or any(text_of(forward.get(name)) != text_of(backward.get(name)) for name in names):
        raise ModelError(
            "“{file}”: the directions of “{layer}” differ in more than their weights; lstmviz has no such layer.",
            file=file,
            layer=path,
        )


def _functions(settings: Json, cell: Cell, packed: bool, version: str, path: str, file: str) -> Functions:
    """What stands for σ and tanh; Keras takes one function for the candidate and for what leaves the cell."""
    state = _function(settings.get("activation", "tanh"), version)
    asked = settings.get("recurrent_activation", settings.get("inner_activation"))
    gate = "sigmoid" if packed or cell == "rnn" else _function(asked or default_gate(version), version)
    if gate not in GATE_LIKE or not is_known(state):
        raise ModelError(
            "“{file}”: “{layer}” computes with {gate} and {state}, and lstmviz knows no such {cell}.",
            file=file,
            layer=path,
            gate=gate,
            state=state,
            cell=cell.upper(),
        )
    return Functions(gate, state, state if cell == "lstm" else "tanh")


def _function(setting: object, version: str) -> str:
    """Our name of a function that is set by its name in Keras, or as a layer; what is none of ours stays as it is."""
    name = text_of(setting) if setting is not None else "linear"
    three = version.startswith("3")
    own = {"hard_sigmoid": "hard_sigmoid_keras3", "leaky_relu": "leaky_relu(0.2)"} if three else {}
    known = name in _KNOWN and (three or name != "leaky_relu")
    return own.get(name, name) if known else f"“{name}”"


def default_gate(version: str) -> str:
    """Keras' own choice where none is written: hard_sigmoid up to 2.2, and in tf.keras up to TensorFlow 1.12."""
    numbers = [int(part) for part in version.removesuffix("-tf").split(".")[:2] if part.isdigit()]
    first_with_sigmoid = [2, 2] if version.endswith("-tf") else [2, 3]
    return "hard_sigmoid" if numbers and numbers < first_with_sigmoid else "sigmoid"


def _resets_before(cell: Stored, settings: Json) -> bool:
    """Whether a GRU's reset gate acts before the recurrent weights: its bias tells, where it has one.

    Where nothing says otherwise it does: Keras 1, and Keras 2 before 2.1.3, had no other kind.
    """
    if cell.bias is not None:
        return bool(cell.bias.size == cell.recurrent.shape[1])
    return not settings.get("reset_after", False)


def _is_packed(cell: Stored, kind: Cell) -> bool:
    """Whether the weights lie as cuDNN has them: only the length of the bias tells."""
    blocks = GATE_BLOCKS[kind]
    return kind != "rnn" and cell.bias is not None and cell.bias.shape == (2 * blocks * cell.recurrent.shape[0],)


def _tensors(cell: Stored, kind: Cell, settings: Json, path: str, file: str) -> dict[str, Array]:
    """weight_ih (nH, F), weight_hh (nH, H), bias_ih and bias_hh (nH,)."""
    blocks, hidden = GATE_BLOCKS[kind], cell.recurrent.shape[0]
    columns = blocks * hidden
    units = settings.get("units", settings.get("output_dim", hidden))
    fits = cell.recurrent.shape == (hidden, columns) and cell.kernel.shape[1] == columns
    fits = fits and hidden > 0 and 0 < cell.kernel.shape[0] <= MAX_INPUTS
    if not fits or units != hidden or any(array.dtype.kind != "f" for array in (cell.kernel, cell.recurrent)):
        raise ModelError(
            "“{file}”: “{layer}” declares {units} units, and its weights are {kernel} and {recurrent}: no fit.",
            file=file,
            layer=path,
            units=units,
            kernel=cell.kernel.shape,
            recurrent=cell.recurrent.shape,
        )
    if cell.extra:
        raise ModelError(
            "“{file}”: “{layer}” has the weights {names} too, which no recurrent layer of Keras has.",
            file=file,
            layer=path,
            names=", ".join(cell.extra),
        )
    kernel, recurrent = cell.kernel, cell.recurrent
    if _is_packed(cell, kind):
        kernel, recurrent = _unpacked(kernel, blocks), _unpacked(recurrent, blocks, turned=True)
    first, second = _biases(cell, kind, settings, path, file)
    arrays = {"weight_ih": kernel.T, "weight_hh": recurrent.T, "bias_ih": first, "bias_hh": second}
    dtype = np.result_type(kernel, recurrent)
    return {
        name: np.ascontiguousarray(in_torch_order(rows, kind, KERAS_ORDER[kind]), dtype=dtype)
        for name, rows in arrays.items()
    }


def _unpacked(weights: Array, blocks: int, turned: bool = False) -> Array:
    """cuDNN's blocks as Keras' own: each gate's block was written transposed into the space of its shape."""
    parts = np.split(weights, blocks, axis=1)
    return np.concatenate([part.T if turned else part.T.reshape(part.shape, order="F") for part in parts], axis=1)


def _biases(cell: Stored, kind: Cell, settings: Json, path: str, file: str) -> tuple[Array, Array]:
    """The bias with x and that with h(t−1); zero for those there are not."""
    columns, hidden = cell.recurrent.shape[1], cell.recurrent.shape[0]
    none = np.zeros(columns, cell.recurrent.dtype)
    bias = cell.bias
    if kind == "gru" and bias is None and not settings:
        raise ModelError(
            "“{file}”: “{layer}” is a GRU without a bias, which alone would tell whether it resets h(t−1) before its"
            " weights or after them; open the whole model, saved as NAME.keras or NAME.h5.",
            file=file,
            layer=path,
        )
    if bias is None:
        return none, none
    if bias.shape == (columns,) and not (kind == "gru" and settings.get("reset_after")):
        return bias, none
    if bias.size == 2 * columns and kind != "rnn" and (bias.ndim == 1 or kind == "gru"):
        first, second = bias.reshape(2, columns)
        return first, second
    raise ModelError(
        "“{file}”: the bias of “{layer}” is {found}; expected {expected} numbers for {hidden} units.",
        file=file,
        layer=path,
        found=bias.shape,
        expected=columns,
        hidden=hidden,
    )
