"""A recurrent node of ONNX as a layer in our words and order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstmviz.cells.activations import GATE_LIKE, PLAIN, Functions, activate, bare, is_known
from lstmviz.cells.activations import named as function_named
from lstmviz.errors import ModelError
from lstmviz.language import mark, tr
from lstmviz.nets.foreign.found import Array
from lstmviz.nets.foreign.onnx_graph import Graph, RecurrentNode
from lstmviz.nets.foreign.onnx_tensors import Values

UNBOUNDED = mark("Its gates are made by another function than σ and may lie outside of 0 to 1, where colours end.")
COUPLED = mark(
    "In its model f = 1 − i; the forget gate's weights are those of i with the sign turned, which is the same."
)
BEGINS_FED = mark("In its model the first state comes from outside of the layer; here it is zero unless you give one.")
BEGINS_APART = mark(
    "In its model each sequence of a batch begins in another state; here it is zero unless you give one."
)

_BLOCKS = {"LSTM": 4, "GRU": 3, "RNN": 1}
_ORDER = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""Which of ONNX's blocks of rows stand where torch has its own: i o f c as i f g o, z r h as r z n."""
_DEFAULTS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
_HAS_ALPHA = {
    "affine": 1.0,
    "leakyrelu": 0.01,
    "thresholdedrelu": 1.0,
    "scaledtanh": 1.0,
    "hardsigmoid": 0.2,
    "elu": 1.0,
}
_HAS_BETA = {"affine": 0.0, "scaledtanh": 1.0, "hardsigmoid": 0.5}
_OURS = {
    **{name: name for name in ("sigmoid", "tanh", "relu", "softsign", "softplus", "elu", "affine")},
    "leakyrelu": "leaky_relu",
    "thresholdedrelu": "thresholded_relu",
    "scaledtanh": "scaled_tanh",
    "hardsigmoid": "hard_sigmoid",
}
"""Our names of ONNX's functions, all of which are here."""


@dataclass(frozen=True, eq=False)
class OnnxLayer:
    """One node as a layer: its weights by torch's names for one direction each, forward first.

    backwards: it reads from the last step to the first alone. first: the h and c (D, H) in which it begins, where they
    are not zero. functions: of a recurrent layer φ is their candidate. reset_before: of a GRU. notes: marked sentences.
    """

    node: RecurrentNode
    kind: str
    inputs: int
    hidden: int
    sides: tuple[Mapping[str, Array], ...]
    functions: Functions = PLAIN
    reset_before: bool = False
    backwards: bool = False
    first: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def layer_of(node: RecurrentNode, graph: Graph, file: str) -> OnnxLayer:
    """The layer that a node computes; ModelError, with the reason, where lstmviz has no cell that does."""
    kind = node.node.op_type
    direction = _text(node.attributes.get("direction", b"forward")).lower()
    if direction not in ("forward", "reverse", "bidirectional"):
        raise _refused(node, file, f"direction = {direction}")
    weights = _Weights(node, graph, 2 if direction == "bidirectional" else 1, file)
    names = _activations(node, len(weights.w), file)
    functions = _functions(kind, names, float(node.attributes.get("clip", 0.0)), node, file)
    coupled = kind == "LSTM" and bool(node.attributes.get("input_forget", 0))
    if coupled and not _turns(functions.gate):
        raise _refused(node, file, f"input_forget = 1, activations = {names[0][0]}")
    sides = tuple(weights.side(place, coupled=coupled) for place in range(len(weights.w)))
    notes = [COUPLED] if coupled else []
    notes += [UNBOUNDED] if kind != "RNN" and bare(functions.gate) not in GATE_LIKE else []
    first, told = _first_states(node, graph, len(sides), weights.hidden)
    return OnnxLayer(
        node,
        kind,
        weights.w.shape[2],
        weights.hidden,
        sides,
        functions,
        kind == "GRU" and not node.attributes.get("linear_before_reset", 0),
        direction == "reverse",
        first,
        (*notes, *told),
    )


class _Weights:
    """W (D, G·H, F), R (D, G·H, H), B (D, 2·G·H) and P (D, 3·H) of one node, their shapes checked."""

    def __init__(self, node: RecurrentNode, graph: Graph, sides: int, file: str) -> None:
        self._kind = node.node.op_type
        self.w, r = (_required(node, place, graph, file) for place in (1, 2))
        blocks = _BLOCKS[self._kind]
        self.hidden = r.shape[-1]
        wanted = int(node.attributes.get("hidden_size", self.hidden))
        rows = blocks * self.hidden
        inputs = self.w.shape[-1] if self.w.ndim else 0
        self._r = r
        self._b = _optional(node, 3, graph, file, (sides, 2 * rows), self.w)
        sees = self._kind == "LSTM" and any(node.node.input[7:8])
        self._p = _optional(node, 7, graph, file, (sides, 3 * self.hidden), self.w) if sees else None
        if (self.w.shape, r.shape, wanted) != ((sides, rows, inputs), (sides, rows, self.hidden), self.hidden) or 0 in (
            *self.w.shape,
            *r.shape,
        ):
            raise ModelError(
                "“{file}”: the weights of “{node}” have shapes {w} and {r}, with {hidden} units; expected"
                " {sides} × {blocks}·H rows, and columns as many as inputs and as H.",
                file=file,
                node=node.path,
                w=self.w.shape,
                r=r.shape,
                hidden=wanted,
                sides=sides,
                blocks=blocks,
            )

    def side(self, place: int, *, coupled: bool) -> dict[str, Array]:
        """One direction's arrays by torch's names, the two biases apart as they are in the file."""
        b_x, b_h = np.split(self._b[place], 2)
        found = {
            name: self._rows(array, coupled=coupled)
            for name, array in (
                ("weight_ih", self.w[place]),
                ("weight_hh", self._r[place]),
                ("bias_ih", b_x),
                ("bias_hh", b_h),
            )
        }
        if self._p is not None:
            i, o, f = np.split(self._p[place], 3)
            found["peephole"] = np.stack([i, -i if coupled else f, o])
        return found

    def _rows(self, array: Array, *, coupled: bool) -> Array:
        blocks = np.split(array, _BLOCKS[self._kind])
        if coupled:
            blocks[2] = -blocks[0]  # σ(−z) = 1 − σ(z), and so it is for both hard sigmoids
        return np.concatenate([blocks[place] for place in _ORDER[self._kind]])


def _required(node: RecurrentNode, place: int, graph: Graph, file: str) -> Array:
    name = node.node.input[place] if place < len(node.node.input) else ""
    values = graph.constant(node.scope, name) if name else None
    if values is None:
        raise ModelError(
            "“{file}”: the weights “{name}” of “{node}” are no constants of the model, or are made in a way that"
            " lstmviz does not follow; export the model with its weights inside.",
            file=file,
            name=name,
            node=node.path,
        )
    if values.dtype.kind != "f" or values.ndim != 3:
        raise ModelError(
            "“{file}”: the weights “{name}” of “{node}” are {dtype} of shape {shape}; expected floating-point numbers"
            " in three dimensions.",
            file=file,
            name=name,
            node=node.path,
            dtype=str(values.dtype),
            shape=values.shape,
        )
    return _floats(values)


def _optional(node: RecurrentNode, place: int, graph: Graph, file: str, shape: tuple[int, ...], like: Array) -> Array:
    """Biases or peepholes, zeros where they are left out."""
    name = node.node.input[place] if place < len(node.node.input) else ""
    if not name:
        return np.zeros(shape, like.dtype)
    values = graph.constant(node.scope, name)
    if values is None or values.shape != shape or values.dtype.kind != "f":
        raise ModelError(
            "“{file}”: “{name}” of “{node}” has shape {found}; expected constants of shape {expected}.",
            file=file,
            name=name,
            node=node.path,
            found=None if values is None else values.shape,
            expected=shape,
        )
    return _floats(values).astype(like.dtype)


def _floats(values: Values) -> Array:
    return np.ascontiguousarray(values, np.float64 if values.dtype.itemsize == 8 else np.float32)


def _activations(node: RecurrentNode, sides: int, file: str) -> list[tuple[str, float, float]]:
    """The functions of the first direction with their α and β; ModelError where the other has others."""
    kind = node.node.op_type
    each = len(_DEFAULTS[kind])
    names = [_text(name).lower() for name in node.attributes.get("activations", _DEFAULTS[kind] * sides)]
    if len(names) != each * sides:
        raise _refused(node, file, f"activations = {' '.join(names)}")
    # α and β are given for those functions alone that have them, in their order
    alphas, betas = (iter(node.attributes.get(f"activation_{name}", ())) for name in ("alpha", "beta"))
    found = [
        (
            name,
            float(next(alphas, _HAS_ALPHA[name])) if name in _HAS_ALPHA else 0.0,
            float(next(betas, _HAS_BETA[name])) if name in _HAS_BETA else 0.0,
        )
        for name in names
    ]
    if sides == 2 and found[:each] != found[each:]:
        raise _refused(node, file, f"activations = {' '.join(names)}")
    return found[:each]


def _functions(
    kind: str, activations: list[tuple[str, float, float]], clip: float, node: RecurrentNode, file: str
) -> Functions:
    """What stands for σ and tanh; ModelError for functions that no cell of ours has."""
    names = [_named(*each) for each in activations]
    if not all(map(is_known, names)) or not 0 <= clip < math.inf:
        told = " ".join(f"{name}({alpha:g}, {beta:g})" for name, alpha, beta in activations)
        raise _refused(node, file, f"activations = {told}" + (f", clip = {clip:g}" if clip else ""))
    if kind == "RNN":
        return Functions(candidate=names[0], clip=clip)
    return Functions(names[0], names[1], names[2] if kind == "LSTM" else PLAIN.output, clip)


def _named(name: str, alpha: float, beta: float) -> str:
    """Our name of a function, "" where we have none."""
    ours = _OURS.get(name, "")
    numbers = ([alpha] if name in _HAS_ALPHA else []) + ([beta] if name in _HAS_BETA else [])
    if ours == "affine" and (alpha, beta) == (1.0, 0.0):
        return "linear"
    if ours == "hard_sigmoid" and math.isclose(alpha, 1 / 6, abs_tol=1e-6) and math.isclose(beta, 0.5, abs_tol=1e-6):
        return "hard_sigmoid_keras3"
    return function_named(ours, *numbers)


def _turns(gate: str) -> bool:
    """Whether the gate of −z is 1 − the gate of z, which stands for a forget gate that is tied to the input gate."""
    z = np.linspace(-4, 4, 33)
    return bool(np.allclose(activate(gate, -z), 1 - activate(gate, z), atol=1e-6))


def _first_states(node: RecurrentNode, graph: Graph, sides: int, hidden: int) -> tuple[dict[str, Array], list[str]]:
    """The states (D, H) in which the layer begins, none where they are zero, and what is to be said of others."""
    found: dict[str, Array] = {}
    notes: dict[str, None] = {}
    for name, value in zip(("h", "c"), node.node.input[5 : 7 if node.node.op_type == "LSTM" else 6], strict=False):
        known = graph.constant(node.scope, value) if value else None
        if known is not None and (known.ndim != 3 or known.shape[2] != hidden):
            raise ValueError(tr("a first state of shape {shape}", shape=known.shape))  # of a layer with a projection
        if value and not graph.is_zero(node.scope, value):
            state = graph.repeated(node.scope, value)
            if state is None:
                notes[BEGINS_FED] = None
                continue
            # (D, B, H), or (B, D, H)
            rows = state.transpose(1, 0, 2) if node.attributes.get("layout", 0) and state.ndim == 3 else state
            if rows.ndim != 3 or (rows.shape[0], rows.shape[2]) != (sides, hidden) or rows.dtype.kind != "f":
                raise ValueError(tr("a first state of shape {shape}", shape=state.shape))
            if rows.shape[1] and (rows == rows[:, :1]).all():
                found[name] = _floats(rows[:, 0])
            else:
                notes[BEGINS_APART] = None
    return found, list(notes)


def _refused(node: RecurrentNode, file: str, what: str) -> ModelError:
    return ModelError(
        "“{file}”: “{node}” is a recurrent layer with {what}; lstmviz has no cell that computes this.",
        file=file,
        node=node.path,
        what=what,
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
