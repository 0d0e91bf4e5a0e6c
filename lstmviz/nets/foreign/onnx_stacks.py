"""Which recurrent nodes follow one another as the layers of one stack."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lstmviz.nets.foreign.onnx_graph import Graph, Source
from lstmviz.nets.foreign.onnx_layers import OnnxLayer
from lstmviz.nets.foreign.onnx_operators import operate
from lstmviz.nets.foreign.onnx_tensors import Values

if TYPE_CHECKING:
    from onnx import NodeProto

_STEPS, _BATCHES = 5, (3, 1)
"""Sizes that tell the dimensions apart; many exports fix the batch at 1, and some the steps, too."""
_MOST_SIZES, _MOST_NUMBERS = 6, 1 << 22
_CHAIN = 12


def chains(layers: Sequence[OnnxLayer], graph: Graph) -> list[list[OnnxLayer]]:
    """All layers, each in one chain; where two read the same layer, the first of them goes on with it."""
    result: list[list[OnnxLayer]] = []
    for layer in layers:
        for chain in result:
            if _alike(chain[-1], layer) and _wired(chain[-1], layer, graph):
                chain.append(layer)
                break
        else:
            result.append([layer])
    return result


def _alike(lower: OnnxLayer, upper: OnnxLayer) -> bool:
    """Whether both can be layers of one net."""
    told = [
        (layer.kind, layer.hidden, len(layer.sides), layer.functions, layer.reset_before, layer.sides[0].keys())
        for layer in (lower, upper)
    ]
    types = {array.dtype for layer in (lower, upper) for array in layer.sides[0].values()}
    plain = not lower.backwards and not upper.backwards and len(types) == 1
    return plain and told[0] == told[1] and upper.inputs == upper.hidden * len(upper.sides)


def _wired(lower: OnnxLayer, upper: OnnxLayer, graph: Graph) -> bool:
    """Whether the upper reads just what the lower gives: tried with numbers that tell every place apart."""
    layouts = [int(layer.node.attributes.get("layout", 0)) for layer in (lower, upper)]
    source = graph.source(upper.node.scope, upper.node.node.input[0])
    fixed = _fixed(source, graph)
    sides = len(lower.sides)
    for steps, batch in product((_STEPS, *fixed), (*_BATCHES, *fixed)):
        if steps * sides * batch * lower.hidden > _MOST_NUMBERS:
            continue
        # Y is (T, D, B, H), or (B, T, D, H); X is (T, B, F), or (B, T, F)
        said = np.arange(steps * sides * batch * lower.hidden).reshape(steps, sides, batch, lower.hidden)
        read = said.transpose(0, 2, 1, 3).reshape(steps, batch, -1)
        y = said.transpose(2, 0, 1, 3) if layouts[0] else said
        x = read.transpose(1, 0, 2) if layouts[1] else read
        found = _Carried(lower, y, graph).value(source)
        if found is not None and np.array_equal(found, x):
            return True
    return False


def _fixed(source: Source, graph: Graph) -> tuple[int, ...]:
    """The sizes that the way to a value is made for, as exports without dynamic axes write them into a Reshape."""
    sizes: dict[int, None] = {}
    for _ in range(_CHAIN):
        node = source.node
        if node is None or not node.input:
            break
        if node.op_type == "Reshape" and len(node.input) > 1:
            shape = graph.constant(source.scope, node.input[1])
            if shape is not None and shape.dtype.kind == "i" and shape.size <= 8:
                sizes |= dict.fromkeys(int(size) for size in shape.reshape(-1) if size > 0)
        source = graph.source(source.scope, node.input[0])
    return tuple(sizes)[:_MOST_SIZES]


class _Carried:
    """What values become where the lower layer gives y, each computed once; none of those that the input enters too."""

    def __init__(self, lower: OnnxLayer, y: Values, graph: Graph) -> None:
        self._lower, self._y, self._graph = lower, y, graph
        self._known: dict[tuple[int, str], Values | None] = {}

    def value(self, source: Source, steps: int = _CHAIN) -> Values | None:
        """The value that a source gives; None where it does not come from the lower layer and constants alone."""
        node, lower = source.node, self._lower.node
        if node is None or not steps:
            return None
        if node is lower.node or (source.scope is lower.scope and node == lower.node):
            return self._y if source.output == 0 else None
        key = (id(source.scope), source.name)
        if key not in self._known:
            self._known[key] = None  # what depends on itself
            self._known[key] = self._computed(source, node, steps)
        return self._known[key]

    def _computed(self, source: Source, node: NodeProto, steps: int) -> Values | None:
        if not node.input or node.op_type == "Cast":
            return None
        scope, graph = source.scope, self._graph
        inputs: list[Values | None] = []
        for name in node.input[: 1 if node.op_type == "Dropout" else None]:
            value = graph.constant(scope, name) if name else None
            if name and value is None:
                value = self.value(graph.source(scope, name), steps - 1)
                if value is None:
                    return None
            inputs.append(value)
        attributes = {"outputs": len(node.output), **scope.attributes(node)}
        try:
            found = operate(node.op_type, inputs, attributes, graph.tensors)
        except (ValueError, TypeError, IndexError, KeyError):
            return None
        return None if found is None else found[source.output]
