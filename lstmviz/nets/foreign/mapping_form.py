"""What a mapping says of a container of arrays: which array is which, in which order, under which conventions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from lstmviz.cells.activations import GateActivation, StateActivation

Names = str | tuple[str, ...]
"""One array with all gates, or one for each gate in the order that the mapping tells."""
Bias = Literal["none", "one", "two", "halves"]
ROLES = ("w_ih", "w_hh", "b", "b_hh", "w_hr", "peephole")
"""The fields of LayerArrays."""


class LayerArrays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arrays of one layer in one direction: of x, of h(t−1), the biases, the projection's and the peepholes'."""

    w_ih: Names
    w_hh: Names
    b: Names = ""
    b_hh: Names = ""
    w_hr: str = ""
    peephole: Names = ""


class StackMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One recurrent stack. order: the gates as the arrays have them, of i f g (or c) o, r z n (or h), or h.

    transposed: gates lie in columns, (F, 4H), as Keras has them, and not in rows, (4H, F), as torch. bias: none; one;
    two, b and b_hh; or halves, b of twice the length, for x and for h(t−1). forget_bias: added to f's when it runs, as
    TensorFlow 1 does. peephole_order: of the gates in an array of peepholes. reset_before: of a GRU, as Keras 1.
    """

    path: str = ""
    cell: Literal["lstm", "gru", "rnn"] = "lstm"
    order: str = ""
    transposed: bool = False
    bias: Bias = "one"
    activation: StateActivation = "tanh"
    gate_activation: GateActivation = "sigmoid"
    candidate_activation: StateActivation = "tanh"
    output_activation: StateActivation = "tanh"
    forget_bias: float = 0.0
    peephole_order: str = "ifo"
    reset_before: bool = False
    layers: Annotated[tuple[LayerArrays, ...], msgspec.Meta(min_length=1, max_length=256)]
    reverse: tuple[LayerArrays, ...] = ()

    def lanes(self) -> Iterator[tuple[str, int, LayerArrays]]:
        """Each layer in each direction: ``forward`` or ``reverse``, the layer from 0, and its arrays."""
        for side, layers in (("forward", self.layers), ("reverse", self.reverse)):
            for place, arrays in enumerate(layers):
                yield side, place, arrays


class ModelMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stacks of a container of arrays. layout: of which names, shapes and types its arrays are, "" for any."""

    stacks: Annotated[tuple[StackMapping, ...], msgspec.Meta(min_length=1)]
    format: Literal[1] = 1
    layout: str = ""


def encode(mapping: ModelMapping) -> str:
    """A mapping as the JSON that its file has, for a person to read; what is as ever is left out."""
    plain = msgspec.to_builtins(mapping)
    plain["stacks"] = [_without_defaults(stack) for stack in plain["stacks"]]
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def decode(text: str | bytes) -> ModelMapping:
    """A mapping out of its JSON; raises ValueError where it is none."""
    return msgspec.json.decode(text, type=ModelMapping)


def _without_defaults(stack: dict[str, object]) -> dict[str, object]:
    defaults: dict[str, object] = {
        field.name: field.default
        for field in msgspec.structs.fields(StackMapping)
        if field.default is not msgspec.NODEFAULT
    }
    kept = {name: value for name, value in stack.items() if name in ("cell", "order") or value != defaults.get(name)}
    for side in ("layers", "reverse"):
        if side in kept:
            lanes = kept[side]
            assert isinstance(lanes, list | tuple)
            kept[side] = [{name: array for name, array in lane.items() if array} for lane in lanes]
    return {name: value for name, value in kept.items() if value != []}
