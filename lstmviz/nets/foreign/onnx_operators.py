"""The operators of ONNX by which exports put weights together, on arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmviz.language import tr
from lstmviz.nets.foreign.onnx_tensors import Tensors, Values

if TYPE_CHECKING:
    from onnx import TensorProto

Inputs = Sequence[Values | None]
Attributes = Mapping[str, Any]
Operator = Callable[[Inputs, Attributes, Tensors], Sequence[Values]]


def operate(kind: str, inputs: Inputs, attributes: Attributes, tensors: Tensors) -> Sequence[Values] | None:
    """The outputs of an operator; None for one that is not known here.

    inputs: None where an optional one is left out. Raises ValueError, TypeError, IndexError or KeyError where they do
    not fit, and ModelError where the result is far larger than the file.
    """
    operator = _OPERATORS.get(kind)
    return None if operator is None else operator(inputs, attributes, tensors)


def _given(inputs: Inputs, place: int) -> Values:
    if place >= len(inputs):
        raise ValueError(tr("an input is missing"))
    value = inputs[place]
    if value is None:
        raise ValueError(tr("an input is missing"))
    return value


def _integers(inputs: Inputs, place: int, attributes: Attributes, name: str) -> list[int] | None:
    """A list that older versions have as an attribute and newer ones as an input."""
    if place < len(inputs) and inputs[place] is not None:
        return [int(value) for value in _given(inputs, place).reshape(-1)]
    return [int(value) for value in attributes[name]] if name in attributes else None


def _constant(_: Inputs, attributes: Attributes, tensors: Tensors) -> Sequence[Values]:
    if "value" in attributes:
        value: TensorProto = attributes["value"]
        array = tensors.array(value)
        if array is None:
            raise ValueError(tr("a constant that is no number"))
        return (array,)
    for name, kind in (("value_float", np.float32), ("value_floats", np.float32)):
        if name in attributes:
            return (np.array(attributes[name], kind),)
    for name in ("value_int", "value_ints"):
        if name in attributes:
            return (np.array(attributes[name], np.int64),)
    raise ValueError(tr("a constant that is no number"))


def _constant_of_shape(inputs: Inputs, attributes: Attributes, tensors: Tensors) -> Sequence[Values]:
    shape = tuple(int(n) for n in _given(inputs, 0).reshape(-1))
    filled = tensors.array(attributes["value"]) if "value" in attributes else np.zeros(1, np.float32)
    if filled is None or filled.size != 1:
        raise ValueError(tr("a constant that is no number"))
    tensors.take(shape, filled.itemsize)
    return (np.full(shape, filled.reshape(-1)[0]),)


def _slice(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    data = _given(inputs, 0)
    starts, ends = _integers(inputs, 1, attributes, "starts"), _integers(inputs, 2, attributes, "ends")
    axes, steps = _integers(inputs, 3, attributes, "axes"), _integers(inputs, 4, attributes, "steps")
    if starts is None or ends is None:
        raise ValueError(tr("an input is missing"))
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    places = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        # towards the front an end before the first element is written as a large negative number
        places[axis] = slice(start, None if step < 0 and end < -data.shape[axis] else end, step)
    return (data[tuple(places)],)


def _concat(inputs: Inputs, attributes: Attributes, tensors: Tensors) -> Sequence[Values]:
    parts = [_given(inputs, place) for place in range(len(inputs))]
    tensors.take((sum(part.size for part in parts),), parts[0].itemsize)
    return (np.concatenate(parts, axis=attributes.get("axis", 1)),)


def _unsqueeze(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    return (np.expand_dims(_given(inputs, 0), tuple(_integers(inputs, 1, attributes, "axes") or ())),)


def _squeeze(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    axes = _integers(inputs, 1, attributes, "axes")
    return (np.squeeze(_given(inputs, 0), None if axes is None else tuple(axes)),)


def _transpose(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    return (np.transpose(_given(inputs, 0), attributes.get("perm")),)


def _reshape(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    data, shape = _given(inputs, 0), _integers(inputs, 1, attributes, "shape")
    if shape is None:
        raise ValueError(tr("an input is missing"))
    if not attributes.get("allowzero"):
        shape = [data.shape[place] if n == 0 else n for place, n in enumerate(shape)]
    return (data.reshape(shape),)


def _flatten(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    data, axis = _given(inputs, 0), attributes.get("axis", 1)
    return (data.reshape(math.prod(data.shape[:axis]), -1),)


def _cast(inputs: Inputs, attributes: Attributes, tensors: Tensors) -> Sequence[Values]:
    from onnx import TensorProto, helper

    data = _given(inputs, 0)
    kind = np.dtype(helper.tensor_dtype_to_np_dtype(attributes["to"]))
    if attributes["to"] == TensorProto.BFLOAT16 or kind.kind not in "fiub":
        raise ValueError(tr("a cast to a type that is no plain number"))
    tensors.take(data.shape, kind.itemsize)
    return (data.astype(kind),)


def _identity(inputs: Inputs, _: Attributes, __: Tensors) -> Sequence[Values]:
    return (_given(inputs, 0),)


def _shape(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    shape = _given(inputs, 0).shape
    return (np.array(shape[attributes.get("start", 0) : attributes.get("end")], np.int64),)


def _gather(inputs: Inputs, attributes: Attributes, tensors: Tensors) -> Sequence[Values]:
    data, places, axis = _given(inputs, 0), _given(inputs, 1), attributes.get("axis", 0)
    tensors.take((places.size, *np.delete(data.shape, axis).tolist()), data.itemsize)
    return (np.take(data, places, axis=axis),)


def _expand(inputs: Inputs, _: Attributes, tensors: Tensors) -> Sequence[Values]:
    data = _given(inputs, 0)
    shape = np.broadcast_shapes(data.shape, tuple(int(n) for n in _given(inputs, 1).reshape(-1)))
    tensors.take(shape, data.itemsize)
    return (np.broadcast_to(data, shape),)


def _split(inputs: Inputs, attributes: Attributes, _: Tensors) -> Sequence[Values]:
    data, axis = _given(inputs, 0), attributes.get("axis", 0)
    sizes = _integers(inputs, 1, attributes, "split")
    if sizes is None:
        count = attributes.get("num_outputs", attributes["outputs"])
        each = -(-data.shape[axis] // count)
        sizes = [each] * (count - 1)
    else:
        sizes = sizes[:-1]
    return np.split(data, np.cumsum(sizes).astype(int), axis=axis)


def _each(function: Callable[[Values, Values], Values]) -> Operator:
    def operator(inputs: Inputs, _: Attributes, tensors: Tensors) -> Sequence[Values]:
        one, other = _given(inputs, 0), _given(inputs, 1)
        tensors.take(np.broadcast_shapes(one.shape, other.shape), max(one.itemsize, other.itemsize))
        return (np.asarray(function(one, other)).astype(one.dtype, copy=False),)

    return operator


def _dequantise(inputs: Inputs, attributes: Attributes, tensors: Tensors) -> Sequence[Values]:
    """(q − zero point) · scale, with one of each for the whole or for each place along an axis."""
    data, scale = _given(inputs, 0), _given(inputs, 1)
    zero = inputs[2] if len(inputs) > 2 and inputs[2] is not None else np.zeros_like(scale)
    tensors.take(data.shape, scale.itemsize)
    if scale.ndim > 1 or attributes.get("block_size"):
        raise ValueError(tr("weights that are quantised in blocks"))
    if scale.ndim == 1 and scale.size > 1:
        shape = [1] * data.ndim
        shape[attributes.get("axis", 1)] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return ((data.astype(scale.dtype) - zero.astype(scale.dtype)) * scale,)


_OPERATORS: Mapping[str, Operator] = {
    "Add": _each(np.add),
    "Cast": _cast,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "DequantizeLinear": _dequantise,
    "Div": _each(lambda one, other: one / other if one.dtype.kind == "f" else one // other),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": _identity,
    "Dropout": _identity,
    "Mul": _each(np.multiply),
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": _each(np.subtract),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
