"""TraceBuilder: the receiving side of ``trace_to_wire``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.errors import EngineError, SequenceError, TraceError
from lstmviz.traces.trace import STORED, Check, Lane, LayerInfo, ModelInfo, OutputKind, Recorded, Trace
from lstmviz.traces.weight_parts import WeightWords
from lstmviz.wire.codec import (
    array_from_wire,
    dtype_from_wire,
    lane_from_arrays,
    layer_from_wire,
    sequence_from_wire,
    size_of,
)
from lstmviz.wire.messages import TraceHeader, TracePart

Array = npt.NDArray[Any]
_Found = TypeVar("_Found")
MAX_BYTES = 8 << 30
"""Bytes that all arrays of one trace may have together; refused before any memory is taken."""


class _Declared(msgspec.Struct, array_like=True):
    """What the header says of one array."""

    dtype: str
    shape: tuple[int, ...]


class TraceBuilder:
    """Assembles a trace from its header and parts; a new header begins anew.

    An array that comes in one part stays on the bytes it came in; any other is assembled in place, in memory taken
    once. The parts of one array come in order, those of different arrays in any.
    """

    def __init__(self) -> None:
        self._header: TraceHeader | None = None
        self._declared: dict[str, _Declared] = {}
        self._arrays: dict[str, Array] = {}
        self._filled: dict[str, int] = {}

    def add(self, piece: TraceHeader | TracePart) -> None:
        """Take a header or a part; raises EngineError where it does not fit what the header declared."""
        if isinstance(piece, TraceHeader):
            self._begin(piece)
        else:
            self._fill(piece)

    def build(self) -> Trace:
        """The trace; raises EngineError where a part is missing or the arrays do not fit together."""
        if self._header is None:
            raise EngineError("A trace on the wire has no header.")
        for key, declared in self._declared.items():
            if self._filled.get(key, 0) != declared.shape[0]:
                raise EngineError(
                    "A trace on the wire has {found} of {expected} rows of “{key}”.",
                    found=self._filled.get(key, 0),
                    expected=declared.shape[0],
                    key=key,
                )
            if key not in self._arrays:
                self._arrays[key] = np.empty(declared.shape, dtype_from_wire(declared.dtype))
            self._arrays[key].flags.writeable = False
        try:
            return _assemble(self._header, self._arrays)
        except (KeyError, msgspec.ValidationError, SequenceError, TraceError) as error:
            raise EngineError("A trace on the wire does not fit together ({reason}).", reason=str(error)) from error

    def _begin(self, header: TraceHeader) -> None:
        try:
            declared = msgspec.convert(header.meta["arrays"], dict[str, _Declared])
        except (KeyError, msgspec.ValidationError) as error:
            raise EngineError("A trace on the wire does not name its arrays ({reason}).", reason=str(error)) from error
        total = 0
        for key, array in declared.items():
            if not array.shape:
                raise EngineError("A trace on the wire has no rows in “{key}”.", key=key)
            total += size_of(array.shape) * dtype_from_wire(array.dtype).itemsize
        if total > MAX_BYTES:
            raise EngineError(
                "The trace would take {size} bytes; expected at most {limit}. Record it into a store, or fewer steps.",
                size=total,
                limit=MAX_BYTES,
            )
        self._header, self._declared, self._arrays, self._filled = header, declared, {}, {}

    def _fill(self, part: TracePart) -> None:
        declared = self._declared.get(part.key)
        rows = array_from_wire(part.array)
        start = self._filled.get(part.key, 0)
        if (
            declared is None
            or rows.ndim != len(declared.shape)
            or (part.rows, rows.dtype.str, rows.shape[1:])
            != (declared.shape[0], declared.dtype, tuple(declared.shape[1:]))
            or part.start != start
            or start + len(rows) > part.rows
        ):
            raise EngineError(
                "A part of a trace does not fit: rows {start} to {stop} of “{key}”.",
                start=part.start,
                stop=part.start + (part.array.shape[0] if part.array.shape else 0),
                key=part.key,
            )
        if len(rows) == part.rows:
            self._arrays[part.key] = rows
        else:
            if start == 0:
                self._arrays[part.key] = np.empty(declared.shape, rows.dtype)
            self._arrays[part.key][start : start + len(rows)] = rows
        self._filled[part.key] = start + len(rows)


def _assemble(header: TraceHeader, arrays: Mapping[str, Array]) -> Trace:
    sequence = sequence_from_wire(header.sequence)
    layers = tuple(layer_from_wire(layer) for layer in header.layers)
    meta = header.meta
    words = msgspec.convert(meta["weights"], dict[str, WeightWords])
    lanes: dict[tuple[int, str], Lane] = {}
    for info in layers:
        for direction in info.directions:
            place = f"{info.index}/{direction}/"
            lane = lane_from_arrays(info, _under(place, arrays), _under(place, words))
            _check_lane(info, lane, len(arrays["inputs"]))
            lanes[info.index, direction] = lane
    return Trace(
        sequence=sequence,
        inputs=arrays["inputs"],
        layers=layers,
        lanes=lanes,
        outputs=arrays.get("outputs"),
        output_names=header.output_names,
        output_kind=cast("OutputKind", header.output_kind),
        targets=arrays.get("targets"),
        input_names=header.input_names,
        model=msgspec.convert(meta["model"], ModelInfo),
        check=msgspec.convert(meta["check"], Check | None),
        recorded=msgspec.convert(meta["recorded"], Recorded),
        name=header.name,
        handover=msgspec.convert(meta["time"], dict[str, int])["handover"],
    )


def _under(place: str, found: Mapping[str, _Found]) -> dict[str, _Found]:
    """What stands under a place, without that place in its name."""
    return {key.removeprefix(place): value for key, value in found.items() if key.startswith(place)}


def _check_lane(info: LayerInfo, lane: Lane, steps: int) -> None:
    for name in STORED[info.cell]:
        expected = (steps, info.outputs if name == "h" else info.units)
        if lane.signals[name].shape != expected:
            raise EngineError(
                "Signal “{name}” of layer {layer} has shape {found} on the wire; expected {expected}.",
                name=name,
                layer=info.index,
                found=str(lane.signals[name].shape),
                expected=str(expected),
            )
