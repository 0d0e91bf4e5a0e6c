"""Which recurrent nodes follow one another as the layers of one stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstmviz.nets.foreign.onnx_graph import Graph, Source
from lstmviz.nets.foreign.onnx_layers import OnnxLayer
from lstmviz.nets.foreign.onnx_operators import operate
from lstmviz.nets.foreign.onnx_tensors import Values

_STEPS, _BATCHES = 5, (3, 1)
"""Sizes that tell the dimensions apart; many exports fix the batch at 1."""
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
    for batch in _BATCHES:
        sides = len(lower.sides)
        # Y is (T, D, B, H), or (B, T, D, H); X is (T, B, F), or (B, T, F)
        said = np.arange(_STEPS * sides * batch * lower.hidden).reshape(_STEPS, sides, batch, lower.hidden)
        read = said.transpose(0, 2, 1, 3).reshape(_STEPS, batch, -1)
        y = said.transpose(2, 0, 1, 3) if layouts[0] else said
        x = read.transpose(1, 0, 2) if layouts[1] else read
        found = _carried(graph.source(upper.node.scope, upper.node.node.input[0]), lower, y, graph, _CHAIN)
        if found is not None and np.array_equal(found, x):
            return True
    return False


def _carried(source: Source, lower: OnnxLayer, y: Values, graph: Graph, steps: int) -> Values | None:
    """What a value becomes where the lower layer gives y; None where it does not come from there alone."""
    node = source.node
    if node is None or not steps:
        return None
    if node is lower.node.node or (source.scope is lower.node.scope and node == lower.node.node):
        return y if source.output == 0 else None
    if not node.input or node.op_type == "Cast":
        return None
    first = _carried(graph.source(source.scope, node.input[0]), lower, y, graph, steps - 1)
    if first is None:
        return None
    others = [graph.constant(source.scope, name) if name else None for name in node.input[1:]]
    if node.op_type != "Dropout" and any(
        name and other is None for name, other in zip(node.input[1:], others, strict=True)
    ):
        return None
    attributes = {"outputs": len(node.output), **source.scope.attributes(node)}
    try:
        found = operate(node.op_type, [first, *others], attributes, graph.tensors)
    except (ValueError, TypeError, IndexError, KeyError):
        return None
    return None if found is None else found[source.output]
