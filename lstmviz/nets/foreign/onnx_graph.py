"""The graph of an ONNX model and all graphs within it: which nodes are recurrent, and which values are constants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.onnx_operators import operate
from lstmviz.nets.foreign.onnx_tensors import Tensors, Values

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto

RECURRENT = ("LSTM", "RNN", "GRU")
STANDARD = ("", "ai.onnx")
"""The names of ONNX's own operators' domain."""
_CHAIN = 60
"""Steps from a weight back to the numbers that it is made of; real exports take about ten."""
_SCOPES = 10_000
_FILLERS = ("Expand", "Tile", "Slice", "Identity", "Cast", "Unsqueeze", "Squeeze", "Transpose", "Reshape", "Gather")
"""Operators that make zeros of zeros, whatever their other inputs are."""


class Scope:
    """One graph: its nodes by what they give, and where names that it does not know come from.

    path: the names of the nodes that hold it, each with a dot after it. constants: those already known. A function's
    inputs stand for values of the graph that calls it.
    """

    def __init__(
        self,
        graph: GraphProto | FunctionProto,
        path: str = "",
        outer: Scope | None = None,
        bound: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.graph, self.path, self.outer = graph, path, outer
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.constants: dict[str, Values | None] = {}
        self.bound, self.settings = bound, settings or {}
        self.tensors: dict[str, TensorProto] = {}
        for tensor in getattr(graph, "initializer", ()):
            self.tensors[tensor.name] = tensor
        self.made: dict[str, tuple[int, int]] = {}
        for n, node in enumerate(graph.node):
            for place, name in enumerate(node.output):
                if name:
                    self.made.setdefault(name, (n, place))
        is_function = bound is not None
        self.inputs = tuple(graph.input) if is_function else tuple(each.name for each in graph.input)

    def attributes(self, node: NodeProto) -> dict[str, Any]:
        """The attributes of a node by name; those that a function takes from its call, from there."""
        from onnx import AttributeProto, helper

        found: dict[str, Any] = {}
        for attribute in node.attribute:
            if attribute.ref_attr_name:
                if attribute.ref_attr_name in self.settings:
                    found[attribute.name] = self.settings[attribute.ref_attr_name]
            elif attribute.type not in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
                found[attribute.name] = helper.get_attribute_value(attribute)
        return found


@dataclass(frozen=True, eq=False)
class Source:
    """Where a value comes from: the node that makes it and which of its outputs it is; no node for an input."""

    scope: Scope
    name: str
    node: NodeProto | None = None
    output: int = 0
    tensor: TensorProto | None = None


@dataclass(frozen=True, eq=False)
class RecurrentNode:
    """A node of the kinds LSTM, RNN or GRU; path: its own name within those that hold it."""

    scope: Scope
    node: NodeProto
    path: str
    attributes: Mapping[str, Any]


class Graph:
    """A model's graphs, and the constants in them as they are asked for."""

    def __init__(self, model: ModelProto, tensors: Tensors, given: Mapping[str, TensorProto] | None = None) -> None:
        self._functions = {(each.domain, each.name): each for each in model.functions}
        self.tensors = tensors
        self._scopes = 0
        self.root = Scope(model.graph)
        self.given = dict(given or {})
        self.others: set[str] = set()
        """Kinds of nodes that are recurrent, too, but not of ONNX's own operators."""

    def recurrent(self) -> Iterator[RecurrentNode]:
        """Every recurrent node, those of subgraphs and functions too, in the order of the file."""
        names: dict[str, int] = {}
        for scope, node in self._nodes(self.root):
            own = node.name or next((name for name in node.output if name), node.op_type)
            path = scope.path + own
            count = names[path] = names.get(path, 0) + 1
            yield RecurrentNode(scope, node, path if count == 1 else f"{path}.{count}", scope.attributes(node))

    def _nodes(self, scope: Scope) -> Iterator[tuple[Scope, NodeProto]]:
        self._scopes += 1
        if self._scopes > _SCOPES or scope.depth > _CHAIN:
            raise ModelError(
                "“{file}” nests its graphs too deeply, or has too many of them; lstmviz does not read that.",
                file=str(self.tensors.path),
            )
        for n, node in enumerate(scope.graph.node):
            name = scope.path + (node.name or f"{node.op_type}_{n}")
            function = self._functions.get((node.domain, node.op_type))
            if node.op_type in RECURRENT and node.domain in STANDARD:
                yield scope, node
            elif function is not None:
                yield from self._nodes(self._called(function, node, scope, name))
            elif "LSTM" in node.op_type or "GRU" in node.op_type:
                self.others.add(node.op_type)
            for attribute in node.attribute:
                for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                    yield from self._nodes(Scope(graph, f"{name}.{attribute.name}.", scope))

    def _called(self, function: FunctionProto, node: NodeProto, scope: Scope, name: str) -> Scope:
        bound = dict(zip(function.input, node.input, strict=False))
        defaults = Scope(function, bound={}).attributes(_with(function))
        return Scope(function, f"{name}.", scope, bound, {**defaults, **scope.attributes(node)})

    def source(self, scope: Scope, name: str) -> Source:
        """Where a value comes from, seen from a graph: its own nodes and tensors first, then those around it."""
        here: Scope | None = scope
        while here is not None and name:
            if name in here.made:
                n, place = here.made[name]
                return Source(here, name, here.graph.node[n], place)
            if name in here.tensors:
                return Source(here, name, tensor=here.tensors[name])
            if name in here.inputs and here.bound is None:
                return Source(here, name, tensor=self.given.get(name) if here is self.root else None)
            if here.bound is not None:
                name = here.bound.get(name, "")
            here = here.outer
        return Source(scope, name)

    def constant(self, scope: Scope, name: str, steps: int = _CHAIN) -> Values | None:
        """The numbers of a value that does not depend on what the model is given; None for one that does."""
        source = self.source(scope, name)
        known = source.scope.constants
        if source.name not in known:
            known[source.name] = None  # what depends on itself is no constant
            known[source.name] = self._folded(source, steps)
        return known[source.name]

    def _folded(self, source: Source, steps: int) -> Values | None:
        if source.tensor is not None:
            return self.tensors.array(source.tensor)
        node = source.node
        if node is None or not steps or node.domain not in STANDARD:
            return None
        inputs: list[Values | None] = []
        for name in node.input:
            inputs.append(self.constant(source.scope, name, steps - 1) if name else None)
            if name and inputs[-1] is None:
                return None
        attributes = {"outputs": len(node.output), **source.scope.attributes(node)}
        found = operate(node.op_type, inputs, attributes, self.tensors)
        return None if found is None else found[source.output]

    def repeated(self, scope: Scope, name: str) -> Values | None:
        """The numbers of a value that is a constant, or one repeated as often as the batch that comes has sequences."""
        known = self.constant(scope, name)
        source = self.source(scope, name)
        if known is None and source.node is not None and source.node.op_type == "Expand":
            known = self.constant(source.scope, source.node.input[0])
        return known

    def is_zero(self, scope: Scope, name: str, steps: int = _CHAIN) -> bool:
        """Whether a value is 0 throughout, whatever its shape: exports make it as long as the batch that comes."""
        known = self.constant(scope, name)
        if known is not None:
            return not known.any()
        source = self.source(scope, name)
        node = source.node
        if node is None or not steps:
            return False
        if node.op_type == "ConstantOfShape":
            value = source.scope.attributes(node).get("value")
            filled = None if value is None else self.tensors.array(value)
            return value is None or (filled is not None and not filled.any())
        return node.op_type in _FILLERS and bool(node.input) and self.is_zero(source.scope, node.input[0], steps - 1)


def _with(function: FunctionProto) -> NodeProto:
    """A node that has a function's default attributes."""
    from onnx import NodeProto

    return NodeProto(attribute=function.attribute_proto)
