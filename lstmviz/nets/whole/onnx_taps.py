"""Taps: an ONNX model that gives, beside its own outputs, what its recurrent nodes read and gave.

A node within If, Loop or Scan is tapped through every graph around it: the other branch of an If gives nothing of size
0, and a Loop or a Scan one value for each of its turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.onnx_graph import RECURRENT, STANDARD

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_SEEN = {"x": 0, "n": 4, "h0": 5, "c0": 6}
"""Places of what a node reads: X, sequence_lens, initial_h and initial_c."""


@dataclass(frozen=True, eq=False)
class Holder:
    """A graph within a node of another graph, and the attribute by which that node holds it."""

    graph: GraphProto
    node: NodeProto
    attribute: str


@dataclass(frozen=True, eq=False)
class Tapped:
    """A recurrent node and the model's outputs that tell of it, by ``x``, ``n``, ``h0``, ``c0`` and ``y``.

    turns: in how many Loops and Scans it stands; so many axes come before the value's own.
    """

    node: NodeProto
    outputs: dict[str, str]
    turns: int


def recurrent_nodes(model: ModelProto) -> list[tuple[NodeProto, tuple[Holder, ...], GraphProto]]:
    """Every recurrent node with the graph that it is in and all around it, in the order of `Graph.recurrent`."""
    return list(_nodes(model.graph, ()))


def _nodes(graph: GraphProto, around: tuple[Holder, ...]) -> Iterator[tuple[NodeProto, tuple[Holder, ...], GraphProto]]:
    for node in graph.node:
        if node.op_type in RECURRENT and node.domain in STANDARD:
            yield node, around, graph
        for attribute in node.attribute:
            for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield from _nodes(inner, (*around, Holder(inner, node, attribute.name)))


def tap(
    model: ModelProto, node: NodeProto, around: tuple[Holder, ...], graph: GraphProto, kind: int, file: str
) -> Tapped:
    """Add outputs to a model for what one of its recurrent nodes reads and gives, as numbers of an ONNX ``kind``.

    Raises ModelError where the node stands in a kind of graph that cannot hand them out.
    """
    wanted = {
        what: node.input[place] for what, place in _SEEN.items() if node.input[place : place + 1] not in ([], [""])
    }
    if node.op_type != "LSTM":
        wanted.pop("c0", None)
    if not node.output:
        node.output.append("")
    if not node.output[0]:
        node.output[0] = _new(model, "y")
    wanted["y"] = node.output[0]
    outputs = {what: _handed_out(model, name, around, graph, kind, file) for what, name in wanted.items()}
    return Tapped(node, outputs, sum(holder.node.op_type != "If" for holder in around))


def _handed_out(
    model: ModelProto, name: str, around: tuple[Holder, ...], graph: GraphProto, kind: int, file: str
) -> str:
    """Give a value of an inner graph as an output of the model; the output's name."""
    from onnx import helper

    said = _new(model, "tap")
    # a copy, since a graph cannot give what comes from outside of it, or what it gives already
    graph.node.append(helper.make_node("Cast", [name], [said], to=kind))
    for holder in reversed(around):
        _give(holder.graph, said, kind)
        outer = _new(model, "tap")
        _widen(holder, model, kind, file)
        holder.node.output.append(outer)
        said = outer
    _give(model.graph, said, kind)
    return said


def _widen(holder: Holder, model: ModelProto, kind: int, file: str) -> None:
    """Make room in a node for one more output of its graph."""
    from onnx import helper

    node = holder.node
    if node.op_type == "If":
        others = [each.g for each in node.attribute if each.name != holder.attribute and each.HasField("g")]
        for other in others:
            nothing = _new(model, "nothing")
            value = helper.make_tensor(nothing, kind, [0], [])
            other.node.append(helper.make_node("Constant", [], [nothing], value=value))
            _give(other, nothing, kind)
        given = len(holder.graph.output) - 1
    elif node.op_type == "Loop":
        given = len(holder.graph.output) - 2  # the first output of the body says whether to go on
    elif node.op_type == "Scan":
        given = len(holder.graph.output) - 1
        for attribute in node.attribute:
            if attribute.name in ("scan_output_axes", "scan_output_directions"):
                attribute.ints.append(0)
    else:
        raise ModelError(
            "“{file}”: the layer “{node}” stands inside of {kind}, out of which lstmviz cannot record what it reads;"
            " give the layer's own input as a sequence.",
            file=file,
            node=holder.node.name,
            kind=node.op_type,
        )
    while len(node.output) < given:  # outputs at the end that nobody wanted
        node.output.append(_new(model, "unused"))


def _give(graph: GraphProto, name: str, kind: int) -> None:
    from onnx import TypeProto, ValueInfoProto

    said = TypeProto()
    said.tensor_type.elem_type = kind
    graph.output.append(ValueInfoProto(name=name, type=said))


def _new(model: ModelProto, what: str) -> str:
    """A name that no model has: counted in the model itself."""
    entry = next((each for each in model.metadata_props if each.key == _COUNTER), None)
    if entry is None:
        entry = model.metadata_props.add(key=_COUNTER, value="0")
    entry.value = str(int(entry.value) + 1)
    return f"lstmviz:{what}:{entry.value}"


_COUNTER = "lstmviz:taps"


def attributes_of(node: NodeProto) -> dict[str, Any]:
    """The attributes of a recurrent node by name."""
    from onnx import helper

    return {each.name: helper.get_attribute_value(each) for each in node.attribute}
