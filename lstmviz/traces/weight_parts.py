"""The weights of a cell as named arrays and a few words, for whatever keeps or sends them: one table for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.cells.activations import PLAIN, Functions, parsed
from lstmviz.cells.weights import Activation, GruWeights, LayerNorm, LstmWeights, RnnWeights, Weights

Arrays = Mapping[str, npt.NDArray[Any]]
WeightKind = Literal["lstm", "rnn", "gru"]

_COLUMNS = {"lstm": 4, "rnn": 1, "gru": 3}
"""Blocks of H columns."""
PARTS: Mapping[WeightKind, Mapping[str, tuple[str, ...]]] = {
    "lstm": {
        "wx": ("input", "column"),
        "wh": ("recurrent", "column"),
        "b": ("column",),
        "whr": ("unit", "projection"),
        "peephole": ("gate", "unit"),
        "norm_x": ("column",),
        "norm_h": ("column",),
        "norm_c": ("unit",),
        "norm_b": ("unit",),
    },
    "rnn": {"wx": ("input", "column"), "wh": ("recurrent", "column"), "b": ("column",)},
    "gru": {"wx": ("input", "column"), "wh": ("recurrent", "column"), "bx": ("column",), "bh": ("column",)},
}
"""The arrays of each kind of weights, each with the names of its dimensions."""
_NORM = ("norm_x", "norm_h", "norm_c", "norm_b")
_OPTIONAL = ("whr", "peephole", *_NORM)


class WeightWords(msgspec.Struct, frozen=True):
    """What weights are beside their arrays: kind, φ of a recurrent layer, eps of a layer norm, functions of the others.

    Of a recurrent layer functions tell the clip alone. reset_before: of a GRU, see `lstmviz.cells.gru`.
    """

    kind: WeightKind
    activation: Activation = "tanh"
    eps: float = 1e-5
    functions: Functions = PLAIN
    reset_before: bool = False

    def __post_init__(self) -> None:
        parsed(self.activation)  # raises ValueError for what is no function


def words_of(weights: Weights) -> WeightWords:
    """The words of some weights."""
    if isinstance(weights, RnnWeights):
        return WeightWords("rnn", weights.activation, functions=Functions(clip=weights.clip))
    if isinstance(weights, GruWeights):
        return WeightWords("gru", functions=weights.functions, reset_before=weights.reset_before)
    words = WeightWords("lstm", functions=weights.functions)
    return words if weights.norm is None else msgspec.structs.replace(words, eps=weights.norm.eps)


def parts_of(weights: Weights) -> dict[str, npt.NDArray[np.floating]]:
    """The arrays of some weights by name in PARTS, those of a layer norm as norm_x, norm_h, norm_c, norm_b."""
    found = {name: getattr(weights, name, None) for name in PARTS[words_of(weights).kind]}
    if isinstance(weights, LstmWeights) and weights.norm is not None:
        found |= {name: getattr(weights.norm, name.removeprefix("norm_")) for name in _NORM}
    return {name: array for name, array in found.items() if array is not None}


def shapes(kind: WeightKind, inputs: int, units: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """The shape that each array of such weights has, for F inputs, H units and P outputs."""
    lengths = {
        "input": inputs,
        "unit": units,
        "recurrent": outputs,
        "projection": outputs,
        "column": _COLUMNS[kind] * units,
        "gate": 3,
    }
    return {name: tuple(lengths[each] for each in dimensions) for name, dimensions in PARTS[kind].items()}


def weights_of(words: WeightWords, arrays: Arrays) -> Weights:
    """The weights again; arrays of other names are left alone. Raises KeyError for one that is missing."""
    parts = {name: arrays[name] for name in PARTS[words.kind] if name in arrays or name not in _OPTIONAL}
    if words.kind == "gru":
        return GruWeights(**parts, functions=words.functions, reset_before=words.reset_before)
    if words.kind == "rnn":
        return RnnWeights(**parts, activation=words.activation, clip=words.functions.clip)
    norm = None
    if any(name in parts for name in _NORM):
        x, h, c, b = (parts.pop(name) for name in _NORM)
        norm = LayerNorm(x, h, c, b, words.eps)
    return LstmWeights(**parts, norm=norm, functions=words.functions)
