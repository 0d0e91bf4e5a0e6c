"""Sequences and traces as messages, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.errors import EngineError
from lstmviz.sequences.sequence import Kind, Sequence
from lstmviz.traces import weight_parts
from lstmviz.traces.trace import Lane, LayerInfo, Trace
from lstmviz.traces.weight_parts import WeightWords
from lstmviz.wire.array_data import ArrayData
from lstmviz.wire.messages import LayerData, SequenceData, TraceHeader, TracePart

Array = npt.NDArray[Any]
PLACES = ("weights", "decoder")
"""The weights that a lane may have."""

_NUMBERS = re.compile(r"[<>|=]?[fiu][1248]")
_DATES = re.compile(r"[<>]M8\[\d*[A-Za-z]+\]")


def array_to_wire(array: Array) -> ArrayData:
    """Any array of numbers or dates, (…), as its dtype, shape and bytes in C order."""
    return ArrayData(array.dtype.str, array.shape, array.tobytes())


def array_from_wire(data: ArrayData) -> Array:
    """The array on the bytes themselves, uncopied and read-only; raises EngineError where they do not fit the shape."""
    dtype = dtype_from_wire(data.dtype)
    expected = size_of(data.shape) * dtype.itemsize
    if len(data.data) != expected:
        raise EngineError(
            "An array on the wire has {found} bytes; expected {expected} for {shape} of {dtype}.",
            found=len(data.data),
            expected=expected,
            shape=str(data.shape),
            dtype=data.dtype,
        )
    return np.ndarray(data.shape, dtype, data.data)


def dtype_from_wire(text: str) -> np.dtype[Any]:
    """A dtype of plain numbers or dates; raises EngineError for any other (objects, records, strings)."""
    try:
        if _NUMBERS.fullmatch(text) or _DATES.fullmatch(text):
            return np.dtype(text)
    except TypeError:
        pass  # an unknown size or unit of time, for instance f1
    raise EngineError("An array on the wire has dtype “{dtype}”; expected numbers or dates.", dtype=text)


def size_of(shape: tuple[int, ...]) -> int:
    """How many elements a declared shape has; raises EngineError where it is none."""
    if min(shape, default=0) < 0 or max(shape, default=0) >= 1 << 48 or len(shape) > 4:
        raise EngineError("An array on the wire has the impossible shape {shape}.", shape=str(shape))
    return math.prod(shape)


def sequence_to_wire(sequence: Sequence) -> SequenceData:
    """A sequence as one message."""
    return SequenceData(
        values=array_to_wire(sequence.values),
        names=sequence.names,
        kind=sequence.kind,
        name=sequence.name,
        labels=sequence.labels,
        times=None if sequence.times is None else array_to_wire(sequence.times),
        vocabulary=sequence.vocabulary,
        targets=None if sequence.targets is None else array_to_wire(sequence.targets),
        target_names=sequence.target_names,
        source=sequence.source,
    )


def sequence_from_wire(data: SequenceData) -> Sequence:
    """The sequence of a message; raises EngineError or SequenceError where its parts do not fit together."""
    return Sequence(
        values=array_from_wire(data.values),
        names=data.names,
        kind=cast("Kind", data.kind),
        name=data.name,
        labels=data.labels,
        times=None if data.times is None else array_from_wire(data.times),
        vocabulary=data.vocabulary,
        targets=None if data.targets is None else array_from_wire(data.targets),
        target_names=data.target_names,
        source=data.source,
    )


def trace_to_wire(trace: Trace, chunk_bytes: int = 1 << 20) -> Iterator[TraceHeader | TracePart]:
    """A trace as its header and then its arrays in parts of about ``chunk_bytes``, each array from its first row on."""
    arrays = dict(trace_arrays(trace))
    yield _header(trace, arrays)
    for key, array in arrays.items():
        rows = max(1, chunk_bytes // max(1, array[:1].nbytes))
        for start in range(0, len(array), rows):
            yield TracePart(key, len(array), start, array_to_wire(array[start : start + rows]))


def trace_arrays(trace: Trace) -> Iterator[tuple[str, Array]]:
    """Every array of a trace with its key, those first that a window draws first."""
    yield "inputs", trace.inputs
    if trace.outputs is not None:
        yield "outputs", trace.outputs
    if trace.targets is not None:
        yield "targets", trace.targets
    for (layer, direction), lane in trace.lanes.items():
        found: dict[str, Array | None] = {**lane.signals, "h0": lane.h0, "c0": lane.c0}
        for place, weights in zip(PLACES, (lane.weights, lane.decoder), strict=True):
            if weights is not None:
                found |= {f"{place}/{name}": array for name, array in weight_parts.parts_of(weights).items()}
        for name, array in found.items():
            if array is not None:
                yield f"{layer}/{direction}/{name}", array


def _header(trace: Trace, arrays: Mapping[str, Array]) -> TraceHeader:
    weights: dict[str, object] = {
        f"{layer}/{direction}/{place}": msgspec.to_builtins(weight_parts.words_of(own))
        for (layer, direction), lane in trace.lanes.items()
        for place, own in zip(PLACES, (lane.weights, lane.decoder), strict=True)
        if own is not None
    }
    return TraceHeader(
        sequence=sequence_to_wire(trace.sequence),
        layers=tuple(layer_to_wire(info) for info in trace.layers),
        output_names=trace.output_names,
        output_kind=trace.output_kind,
        input_names=trace.input_names,
        name=trace.name,
        meta={
            "model": msgspec.to_builtins(trace.model),
            "check": None if trace.check is None else msgspec.to_builtins(trace.check),
            "recorded": msgspec.to_builtins(replace(trace.recorded, versions=dict(trace.recorded.versions))),
            "weights": weights,
            "time": {"handover": trace.handover},
            "arrays": {key: (array.dtype.str, array.shape) for key, array in arrays.items()},
        },
    )


def layer_to_wire(info: LayerInfo) -> LayerData:
    """A layer as a message."""
    return LayerData(info.index, info.path, info.cell, info.inputs, info.units, info.outputs, tuple(info.directions))


def layer_from_wire(data: LayerData) -> LayerInfo:
    """The layer of a message; raises EngineError for an unknown cell or direction."""
    try:
        return msgspec.convert(msgspec.to_builtins(data), LayerInfo)
    except msgspec.ValidationError as error:
        raise EngineError("A layer on the wire cannot be read ({reason}).", reason=str(error)) from error


def lane_from_arrays(info: LayerInfo, arrays: Mapping[str, Array], words: Mapping[str, WeightWords]) -> Lane:
    """A lane of its signals, states and weights by name; words says what the weights of each place are."""
    signals = {name: array for name, array in arrays.items() if name not in ("h0", "c0") and "/" not in name}
    weights = {
        place: weight_parts.weights_of(words[place], _parts(info, place, words[place], arrays))
        for place in PLACES
        if place in words
    }
    return Lane(signals, arrays["h0"], arrays.get("c0"), weights.get("weights"), weights.get("decoder"))


def _parts(info: LayerInfo, place: str, words: WeightWords, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of some weights; raises EngineError for those of another cell or shape than the layer's."""
    if words.kind != info.cell:
        raise EngineError(
            "The weights of layer {layer} are those of a cell {found} on the wire; expected {expected}.",
            layer=info.index,
            found=words.kind,
            expected=info.cell,
        )
    found = {}
    for name, shape in weight_parts.shapes(words.kind, info.inputs, info.units, info.outputs).items():
        array = arrays.get(f"{place}/{name}")
        if array is not None:
            if array.shape != shape:
                raise EngineError(
                    "The weights “{name}” of layer {layer} have shape {found} on the wire; expected {expected}.",
                    name=name,
                    layer=info.index,
                    found=str(array.shape),
                    expected=str(shape),
                )
            found[name] = array
    return found
