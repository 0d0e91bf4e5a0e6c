"""Any container of arrays, by a small mapping beside it that says which array is which: NAME.npz.mapping.json.

A mapping is written once and used each time the container is opened.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from lstmviz.cells.activations import GateActivation, StateActivation
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.containers import MAPPING_ENDING, MODULES, module_of
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.gate_order import TORCH_ORDER, in_torch_order
from lstmviz.nets.foreign.torch_names import as_weights, inputs_named
from lstmviz.nets.spec import NetSpec, check_spec, expected_shapes

MAX_MAPPING = 1 << 20
Names = str | tuple[str, ...]
"""One array with all gates, or one for each gate in the order that the mapping tells."""


class LayerArrays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arrays of one layer in one direction: of x, of h(t−1), the biases, and the projection's."""

    w_ih: Names
    w_hh: Names
    b: Names = ""
    b_hh: Names = ""
    w_hr: str = ""


class StackMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One recurrent stack. order: the gates as the arrays have them, of i f g (or c) o, r z n (or h), or h.

    transposed: gates lie in columns, (F, 4H), as Keras has them, and not in rows, (4H, F), as torch. bias: none; one;
    two, b and b_hh; or halves, b of twice the length, for x and for h(t−1). forget_bias: added to f's when it runs, as
    TensorFlow 1 does.
    """

    path: str = ""
    cell: Literal["lstm", "gru", "rnn"] = "lstm"
    order: str = ""
    transposed: bool = False
    bias: Literal["none", "one", "two", "halves"] = "one"
    activation: Literal["tanh", "relu"] = "tanh"
    gate_activation: GateActivation = "sigmoid"
    candidate_activation: StateActivation = "tanh"
    output_activation: StateActivation = "tanh"
    forget_bias: float = 0.0
    layers: Annotated[tuple[LayerArrays, ...], msgspec.Meta(min_length=1, max_length=256)]
    reverse: tuple[LayerArrays, ...] = ()


class ModelMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stacks of a container of arrays."""

    stacks: Annotated[tuple[StackMapping, ...], msgspec.Meta(min_length=1)]
    format: Literal[1] = 1


def mapping_file(path: Path) -> Path:
    """Where the mapping of a container lies: beside it, under its whole name."""
    return path.with_name(path.name + MAPPING_ENDING)


def read_mapping(file: Path) -> ModelMapping:
    """A mapping; raises ModelError where it is none."""
    with file.open("rb") as stream:
        text = stream.read(MAX_MAPPING + 1)
    try:
        if len(text) > MAX_MAPPING:
            raise ValueError("> 1 MiB")
        return msgspec.json.decode(text, type=ModelMapping)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ModelError(
            "“{file}” is not a mapping of arrays: {reason}. Mend it, or remove it.", file=str(file), reason=str(error)
        ) from error


def read(path: Path) -> tuple[Found, ...]:
    """The stacks of a container, as the mapping beside it tells them."""
    module = module_of(path)
    if module is None:
        raise ModelError(
            "“{file}” is no container of arrays, so that “{mapping}” cannot be used; expected one that ends in"
            " one of: {known}.",
            file=str(path),
            mapping=mapping_file(path).name,
            known=" ".join(MODULES),
        )
    parts: dict[str, Part] = importlib.import_module(f"{__package__}.{module}").read_parts(path)
    return apply(read_mapping(mapping_file(path)), parts, str(path))


def apply(mapping: ModelMapping, parts: Mapping[str, Part], file: str) -> tuple[Found, ...]:
    """The stacks that a mapping finds among arrays; ModelError says which array is missing or does not fit."""
    return tuple(_Stack(stack, parts, file).found() for stack in mapping.stacks)


class _Stack:
    """One stack on its way from a container's arrays to torch's."""

    def __init__(self, mapping: StackMapping, parts: Mapping[str, Part], file: str) -> None:
        self.mapping = mapping
        self.parts = parts
        self.file = file
        self.order = mapping.order.lower() or TORCH_ORDER[mapping.cell]
        letters = {"lstm": ("c", "g"), "gru": ("h", "n"), "rnn": ("h", "h")}[mapping.cell]
        self.order = self.order.replace(*letters)
        if sorted(self.order) != sorted(TORCH_ORDER[mapping.cell]):
            raise ModelError(
                "The mapping of “{file}” has the gate order “{order}”; expected the letters of “{letters}”, each once.",
                file=file,
                order=mapping.order,
                letters=TORCH_ORDER[mapping.cell],
            )
        if mapping.reverse and len(mapping.reverse) != len(mapping.layers):
            raise ModelError(
                "The mapping of “{file}” has {layers} layers forward and {reverse} in reverse; expected as many.",
                file=file,
                layers=len(mapping.layers),
                reverse=len(mapping.reverse),
            )

    def found(self) -> Found:
        """The stack in torch's names, order and shapes, all of it checked."""
        tensors: dict[str, Array] = {}
        for ending, layers in (("", self.mapping.layers), ("_reverse", self.mapping.reverse)):
            for place, arrays in enumerate(layers):
                for name, array in self._layer(arrays).items():
                    tensors[f"recurrent.{name}_l{place}{ending}"] = array
        spec = self._spec(tensors)
        for name, shape in expected_shapes(spec).items():
            if name not in tensors or tensors[name].shape != shape:
                raise ModelError(
                    "The mapping of “{file}” gives “{name}” the shape {found}; the others expect {expected}.",
                    file=self.file,
                    name=name.removeprefix("recurrent."),
                    found=tensors[name].shape if name in tensors else None,
                    expected=shape,
                )
        kind = np.result_type(*tensors.values())
        tensors = {name: np.ascontiguousarray(array, dtype=kind) for name, array in tensors.items()}
        return Found(self.mapping.path or spec.cell, "mapping", spec, tensors)

    def _spec(self, tensors: Mapping[str, Array]) -> NetSpec:
        w_ih, projection = tensors["recurrent.weight_ih_l0"], tensors.get("recurrent.weight_hr_l0")
        given = self.mapping
        spec = NetSpec(
            name=given.path or given.cell,
            cell=given.cell,
            activation=given.activation,
            input=inputs_named(w_ih.shape[1]),
            hidden=w_ih.shape[0] // len(self.order),
            layers=len(given.layers),
            bidirectional=bool(given.reverse),
            projection=0 if projection is None else projection.shape[0],
            gate_activation=given.gate_activation,
            candidate_activation=given.candidate_activation,
            output_activation=given.output_activation,
        )
        return check_spec(spec, self.file)

    def _layer(self, arrays: LayerArrays) -> dict[str, Array]:
        """One layer in one direction."""
        w_ih, w_hh = self._gates(arrays.w_ih, 2), self._gates(arrays.w_hh, 2)
        b_ih, b_hh = self._biases(arrays, len(w_ih))
        if self.mapping.forget_bias and self.mapping.cell == "lstm":
            units = len(b_ih) // 4
            b_ih = b_ih.copy()
            b_ih[units : 2 * units] += self.mapping.forget_bias
        found = {"weight_ih": w_ih, "weight_hh": w_hh, "bias_ih": b_ih, "bias_hh": b_hh}
        if arrays.w_hr:
            projection = self._array(arrays.w_hr, 2)
            found["weight_hr"] = projection.T if self.mapping.transposed else projection
        return found

    def _biases(self, arrays: LayerArrays, rows: int) -> tuple[Array, Array]:
        kind = self.mapping.bias
        if kind == "none":
            return np.zeros(rows, np.float32), np.zeros(rows, np.float32)
        if kind == "halves":
            both = self._array(arrays.b, 1)
            if len(both) != 2 * rows:
                raise self._misfit(arrays.b, both.shape, (2 * rows,))
            return self._ordered(both[:rows]), self._ordered(both[rows:])
        first = self._gates(arrays.b, 1)
        return first, self._gates(arrays.b_hh, 1) if kind == "two" else np.zeros_like(first)

    def _gates(self, names: Names, dimensions: int) -> Array:
        """Rows in torch's order, from one array with all gates or from one for each."""
        turned = self.mapping.transposed and dimensions == 2
        if isinstance(names, str):
            array = self._array(names, dimensions)
            return self._ordered(array.T if turned else array, names)
        if len(names) != len(self.order):
            raise ModelError(
                "The mapping of “{file}” names {count} arrays, {names}; expected one for each gate of “{order}”.",
                file=self.file,
                count=len(names),
                names=", ".join(names),
                order=self.order,
            )
        each = [self._array(name, dimensions) for name in names]
        for name, array in zip(names, each, strict=True):
            if array.shape != each[0].shape:
                raise self._misfit(name, array.shape, each[0].shape)
        return self._ordered(np.concatenate([array.T if turned else array for array in each]))

    def _ordered(self, rows: Array, name: str = "") -> Array:
        if not len(rows) or len(rows) % len(self.order):
            raise self._misfit(name, rows.shape, (f"{len(self.order)}·H", *rows.shape[1:]))
        return in_torch_order(rows, self.mapping.cell, self.order)

    def _array(self, name: Names, dimensions: int) -> Array:
        """One array of the container, of so many dimensions; a bias of (2, n) counts as one of 2n."""
        if not isinstance(name, str) or name not in self.parts:
            raise ModelError(
                "“{file}” has no array “{name}”, which its mapping names; expected one of: {known}.",
                file=self.file,
                name=name if isinstance(name, str) else ", ".join(name),
                known=", ".join(list(self.parts)[:40]),
            )
        shape = self.parts[name].shape
        flat = dimensions == 1 and len(shape) == 2
        if len(shape) != dimensions and not flat:
            raise self._misfit(name, shape, ("…",) * dimensions)
        array = as_weights(self.parts[name].read(), name, self.file)
        return array.reshape(-1) if flat else array

    def _misfit(self, name: Names, found: tuple[int, ...], expected: tuple[object, ...]) -> ModelError:
        return ModelError(
            "“{file}”: the array “{name}” has shape {found}; its mapping expects {expected}.",
            file=self.file,
            name=name if isinstance(name, str) else ", ".join(name),
            found=found,
            expected="(" + ", ".join(map(str, expected)) + ")",
        )
