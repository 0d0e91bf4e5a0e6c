"""Any container of arrays, by a small mapping beside it that says which array is which: NAME.npz.mapping.json.

A mapping is written once and used each time the container is opened.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from lstmviz.errors import ModelError
from lstmviz.language import mark
from lstmviz.nets.foreign.containers import MODULES, module_of
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.gate_order import TORCH_ORDER, in_torch_order
from lstmviz.nets.foreign.kept_mappings import find_mapping, mapping_file, read_mapping
from lstmviz.nets.foreign.mapping_form import LayerArrays, ModelMapping, Names, StackMapping
from lstmviz.nets.foreign.torch_names import as_weights, inputs_named
from lstmviz.nets.spec import NetSpec, check_spec, expected_shapes

PEEPHOLES = "ifo"
"""The gates that have peepholes, in the order of our rows."""
ALIKE = mark(
    "A mapping that was made for a file of the same layout says which of its arrays is which; the command “Say which"
    " array is which…” changes it."
)


def read(path: Path) -> tuple[Found, ...]:
    """The stacks of a container, as the mapping beside it tells them."""
    if module_of(path) is None:
        raise ModelError(
            "“{file}” is no container of arrays, so that “{mapping}” cannot be used; expected one that ends in"
            " one of: {known}.",
            file=str(path),
            mapping=mapping_file(path).name,
            known=" ".join(MODULES),
        )
    return apply(read_mapping(mapping_file(path)), parts_of(path), str(path))


def read_alike(path: Path) -> tuple[Found, ...]:
    """The stacks of a container by the mapping of another one of the same layout; none where there is none."""
    parts = parts_of(path)
    file = find_mapping(path, parts)
    if file is None:
        return ()
    return tuple(replace(each, notes=(*each.notes, ALIKE)) for each in apply(read_mapping(file), parts, str(path)))


def parts_of(path: Path) -> dict[str, Part]:
    """Every array of floating-point numbers of a container, by name."""
    parts: dict[str, Part] = importlib.import_module(f"{__package__}.{module_of(path)}").read_parts(path)
    return parts


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
        for side, place, arrays in self.mapping.lanes():
            for name, array in self._layer(arrays).items():
                tensors[f"recurrent.{name}_l{place}{'_reverse' if side == 'reverse' else ''}"] = array
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
            peepholes="recurrent.peephole_l0" in tensors,
            reset_before=given.reset_before,
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
        if arrays.peephole:
            found["peephole"] = self._peepholes(arrays.peephole)
        return found

    def _peepholes(self, names: Names) -> Array:
        """Rows i f o, (3, H), from one array (3, H) or (3H,), or from one for each of the gates in the order told."""
        order = self.mapping.peephole_order.lower()
        if sorted(order) != sorted(PEEPHOLES):
            raise ModelError(
                "The mapping of “{file}” has the order of peepholes “{order}”; expected the letters of “{letters}”,"
                " each once.",
                file=self.file,
                order=self.mapping.peephole_order,
                letters=PEEPHOLES,
            )
        if isinstance(names, str):
            flat = self._array(names, 1)
        else:
            flat = np.concatenate([self._array(name, 1) for name in names])
        if len(flat) % 3:
            raise self._misfit(names, flat.shape, ("3·H",))
        rows = flat.reshape(3, -1)
        return rows[[order.index(letter) for letter in PEEPHOLES]]

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
