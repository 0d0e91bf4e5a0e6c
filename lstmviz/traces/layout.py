"""The layout of a trace store: what is in which array, and the words beside them.

    NAME.zarr/                attributes: lstmviz_trace (version of this layout), meta, arrays, sha256, frames_written
      sequence/               values (time, feature)   times (time)   targets (time, target)
      model/                  inputs (time, input)   outputs (time, output)   targets (time, target)
                              of very many symbols not inputs but symbols (time), the places of their ones
      layer0/forward/         i f o g c h (time, unit)   h0 c0 (unit)
                              a recurrent layer h (time, unit) alone, a GRU r f g h
      layer0/forward/weights/ wx (input, column)   wh (recurrent, column)   b (column) …, as weight_parts names them
      layer0/forward/decoder/ the same, of the decoder that goes on where an encoder stops

A zarr 3 store with plain arrays: chunks along time only, no compression, little endian. What a trace does not have
is not there. ``meta`` holds every word of the trace (names, labels, vocabulary, layers, model, check, recorded);
``arrays`` each array's dtype, shape, rows in a chunk and SHA-256; ``sha256`` is that of both, as JSON with sorted keys.
Version 1 knew LSTMs and recurrent layers without variants, and no decoder. Version 3 is written while it is recorded:
every chunk ends in its CRC-32C, signals and outputs have no SHA-256, ``frames_written`` is how many steps are meant,
``finished`` comes last, and lstmviz/ holds the journal and the overview:

      lstmviz/                an empty array to zarr, which therefore looks at nothing in it
        journal               which steps are complete, see ``journal``
        overview/             means, limits and peaks of each signal, see ``pyramid``
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.cells.weights import Weights
from lstmviz.sequences.sequence import Kind, Sequence
from lstmviz.traces import weight_parts
from lstmviz.traces.one_hot import OneHot
from lstmviz.traces.trace import Check, Direction, Lane, LayerInfo, ModelInfo, OutputKind, Recorded, Trace
from lstmviz.traces.weight_parts import WeightWords

VERSION = 3
WHOLE_VERSION = 2
"""The version of a store that is written at once, every array with its SHA-256."""
READABLE = (1, 2, 3)
"""The versions of the layout that are read."""
_NAME = re.compile(r"(?!h0$|c0$|weights$|decoder$)[a-z][a-z_0-9]{0,31}")
Arrays = Mapping[str, npt.NDArray[Any]]


class LaneMeta(msgspec.Struct, frozen=True):
    """Which arrays one lane has. In version 1 weights was their kind alone, and activation that of an RNN's."""

    layer: int
    direction: Direction
    signals: tuple[str, ...]
    weights: WeightWords | Literal["lstm", "rnn"] | None = None
    activation: Literal["tanh", "relu"] = "tanh"
    decoder: WeightWords | None = None

    def places(self) -> dict[str, WeightWords]:
        """Which weights there are, by the name of their group."""
        own = WeightWords(self.weights, self.activation) if isinstance(self.weights, str) else self.weights
        both = {"weights": own, "decoder": self.decoder}
        return {place: words for place, words in both.items() if words is not None}


class SequenceMeta(msgspec.Struct, frozen=True):
    """The words of a sequence."""

    names: tuple[str, ...]
    kind: Kind
    name: str
    labels: tuple[str, ...] | None
    vocabulary: tuple[str, ...]
    target_names: tuple[str, ...]
    source: str


class TraceMeta(msgspec.Struct, frozen=True):
    """The words of a trace; the numbers of the check are text, since JSON has neither NaN nor infinity."""

    name: str
    sequence: SequenceMeta
    layers: tuple[LayerInfo, ...]
    lanes: tuple[LaneMeta, ...]
    output_names: tuple[str, ...]
    output_kind: OutputKind
    input_names: tuple[str, ...]
    model: ModelInfo
    recorded: Recorded
    check: tuple[str, str, int, tuple[str, ...]] | None = None
    handover: int = 0


class ArrayMeta(msgspec.Struct, frozen=True):
    """What an array must be when it is read: numpy's name of the dtype, shape, rows in one chunk, SHA-256 or ""."""

    dtype: str
    shape: tuple[int, ...]
    rows: int
    sha256: str

    @property
    def chunk(self) -> tuple[int, ...]:
        """The shape of every chunk; zarr fills the last one up."""
        return (self.rows, *(max(1, length) for length in self.shape[1:]))

    @property
    def chunks(self) -> int:
        """How many chunk files there are."""
        return 0 if 0 in self.shape else -(-self.shape[0] // self.rows)

    @property
    def chunk_bytes(self) -> int:
        """The size of every chunk file."""
        return math.prod(self.chunk) * np.dtype(self.dtype).itemsize


class RootMeta(msgspec.Struct, frozen=True):
    """The attributes of the store's root."""

    lstmviz_trace: int
    meta: TraceMeta
    arrays: dict[str, ArrayMeta]
    sha256: str
    frames_written: int
    finished: bool = True

    @property
    def checksums(self) -> bool:
        """Whether every chunk ends in its CRC-32C."""
        return self.lstmviz_trace > WHOLE_VERSION


def words_of(trace: Trace) -> TraceMeta:
    """Everything of a trace that is not an array."""
    sequence, check = trace.sequence, trace.check
    return TraceMeta(
        name=trace.name,
        sequence=sequence_words(sequence),
        layers=trace.layers,
        lanes=tuple(_lane_words(layer, side, lane) for (layer, side), lane in trace.lanes.items()),
        output_names=trace.output_names,
        output_kind=trace.output_kind,
        input_names=trace.input_names,
        model=trace.model,
        recorded=trace.recorded,
        check=None if check is None else check_words(check),
        handover=trace.handover,
    )


def sequence_words(sequence: Sequence) -> SequenceMeta:
    """The words of a sequence."""
    return SequenceMeta(
        sequence.names, sequence.kind, sequence.name, sequence.labels, sequence.vocabulary, sequence.target_names,
        sequence.source,
    )  # fmt: skip


def arrays_of(trace: Trace) -> Iterator[tuple[str, tuple[str, ...], npt.NDArray[Any]]]:
    """Every array of a trace: its path in the store, the names of its dimensions, itself."""
    sequence = trace.sequence
    yield "sequence/values", ("time", "feature"), sequence.values
    if sequence.times is not None:
        yield "sequence/times", ("time",), sequence.times
    if sequence.targets is not None:
        yield "sequence/targets", ("time", "target"), sequence.targets
    inputs: npt.NDArray[Any] | OneHot = trace.inputs
    if isinstance(inputs, OneHot):
        yield "model/symbols", ("time",), inputs.places.astype(np.float32)
    else:
        yield "model/inputs", ("time", "input"), inputs
    if trace.outputs is not None:
        yield "model/outputs", ("time", "output"), trace.outputs
    if trace.targets is not None:
        yield "model/targets", ("time", "target"), trace.targets
    for (layer, side), lane in trace.lanes.items():
        group, units = f"layer{layer}/{side}", trace.layers[layer].units
        for name, array in lane.signals.items():
            yield f"{group}/{name}", ("time", _columns(array.shape[1], units)), array
        yield f"{group}/h0", (_columns(len(lane.h0), units),), lane.h0
        if lane.c0 is not None:
            yield f"{group}/c0", ("unit",), lane.c0
        yield from _weights_of(f"{group}/weights", lane.weights)
        yield from _weights_of(f"{group}/decoder", lane.decoder)


def shapes(words: TraceMeta, steps: int) -> dict[str, tuple[int | None, ...]]:
    """The shape of every array that a trace with these words may have, None where any length will do.

    Raises KeyError where layers, lanes and their weights do not fit together.
    """
    places = [(info.index, side) for info in words.layers for side in info.directions]
    lanes = [(lane.layer, lane.direction) for lane in words.lanes]
    if (
        not places
        or sorted(places) != sorted(lanes)
        or [info.index for info in words.layers] != list(range(len(words.layers)))
    ):
        raise KeyError("layers")
    found: dict[str, tuple[int | None, ...]] = {
        "sequence/values": (steps, len(words.sequence.names)),
        "sequence/times": (steps,),
        "sequence/targets": (steps, None),
        "model/inputs": (steps, words.layers[0].inputs),
        "model/symbols": (steps,),
        "model/outputs": (steps, None),
        "model/targets": (steps, None),
    }
    for lane in words.lanes:
        info, group = words.layers[lane.layer], f"layer{lane.layer}/{lane.direction}"
        for name in lane.signals:
            if not _NAME.fullmatch(name):
                raise KeyError(name[:40])
            found[f"{group}/{name}"] = (steps, info.outputs if name == "h" else info.units)
        found |= {f"{group}/h0": (info.outputs,), f"{group}/c0": (info.units,)}
        for place, weights in lane.places().items():
            if weights.kind != info.cell:
                raise KeyError(f"{group}/{place}")
            sizes = weight_parts.shapes(weights.kind, info.inputs, info.units, info.outputs)
            found |= {f"{group}/{place}/{name}": shape for name, shape in sizes.items()}
    return found


def trace_of(words: TraceMeta, arrays: Arrays, steps: int) -> Trace:
    """The trace again, its first so many steps; arrays of signals and outputs are that long already, or lazy.

    Raises KeyError for an array that is missing, and what Sequence and Trace raise.
    """
    talk = words.sequence
    sequence = Sequence(
        arrays["sequence/values"], talk.names, talk.kind, talk.name, talk.labels, arrays.get("sequence/times"),
        talk.vocabulary, arrays.get("sequence/targets"), talk.target_names, talk.source,
    )  # fmt: skip
    targets = arrays.get("model/targets")
    return Trace(
        sequence=sequence if steps == len(sequence) else sequence[:steps],
        inputs=_inputs(words, arrays, steps),
        layers=words.layers,
        lanes={(lane.layer, lane.direction): _lane_of(lane, arrays) for lane in words.lanes},
        outputs=arrays.get("model/outputs"),
        output_names=words.output_names,
        output_kind=words.output_kind,
        targets=None if targets is None else targets[:steps],
        input_names=words.input_names,
        model=words.model,
        check=None if words.check is None else _check_of(*words.check),
        recorded=words.recorded,
        name=words.name,
        handover=words.handover if steps > words.handover or steps == len(sequence) else 0,
    )


def _inputs(words: TraceMeta, arrays: Arrays, steps: int) -> npt.NDArray[Any]:
    """x, (T, F): as it is kept, or made of the places of its symbols where it is looked at."""
    if "model/symbols" not in arrays:
        return arrays["model/inputs"][:steps]
    places, width = arrays["model/symbols"][:steps], words.layers[0].inputs
    if not ((places >= 0) & (places < width)).all():  # NaN is neither
        raise KeyError("model/symbols")
    return cast("npt.NDArray[Any]", OneHot(places.astype(np.intp), width))


def fingerprint(meta: object, arrays: object) -> str:
    """SHA-256 of the words and of the arrays' own hashes, both as plain JSON data."""
    text = json.dumps({"meta": meta, "arrays": arrays}, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def signed(meta: TraceMeta, arrays: object) -> dict[str, Any]:
    """The attributes meta, arrays and sha256 of a root; arrays as plain JSON data."""
    words = msgspec.to_builtins(meta)
    return {"meta": words, "arrays": arrays, "sha256": fingerprint(words, arrays)}


def check_words(check: Check) -> tuple[str, str, int, tuple[str, ...]]:
    """A check as it is kept."""
    return repr(float(check.max_error)), repr(float(check.tolerance)), check.steps, check.against


def _check_of(max_error: str, tolerance: str, steps: int, against: tuple[str, ...]) -> Check:
    return Check(float(max_error), float(tolerance), steps, against)


def _lane_words(layer: int, side: str, lane: Lane) -> LaneMeta:
    weights, decoder = (None if each is None else weight_parts.words_of(each) for each in (lane.weights, lane.decoder))
    return LaneMeta(layer, cast(Direction, side), tuple(lane.signals), weights, decoder=decoder)


def _lane_of(words: LaneMeta, arrays: Arrays) -> Lane:
    group = f"layer{words.layer}/{words.direction}"
    signals = {name: arrays[f"{group}/{name}"] for name in words.signals}
    weights: dict[str, Weights] = {}
    for place, kind in words.places().items():
        stem = f"{group}/{place}/"
        own = {name.removeprefix(stem): array for name, array in arrays.items() if name.startswith(stem)}
        weights[place] = weight_parts.weights_of(kind, own)
    return Lane(
        signals, arrays[f"{group}/h0"], arrays.get(f"{group}/c0"), weights.get("weights"), weights.get("decoder")
    )


def _weights_of(group: str, weights: Weights | None) -> Iterator[tuple[str, tuple[str, ...], npt.NDArray[Any]]]:
    if weights is None:
        return
    dimensions = weight_parts.PARTS[weight_parts.words_of(weights).kind]
    for name, array in weight_parts.parts_of(weights).items():
        yield f"{group}/{name}", dimensions[name], array


def _columns(width: int, units: int) -> str:
    """The name of the second dimension of a signal; h under a projection is narrower than the others."""
    return "unit" if width == units else "projection"


def chunk_file(name: str, number: int, dimensions: int, flat: bool = True) -> str:
    """The file of one chunk: ``f/c.3.0``; a folder a chunk, ``f/c/3/0``, before version 3."""
    between = "." if flat else "/"
    return f"{name}/c{between}" + between.join([str(number), *["0"] * (dimensions - 1)])


def array_hash(array: npt.NDArray[Any]) -> str:
    """SHA-256 of an array's bytes."""
    # as plain bytes, since dates are no buffer
    return hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data).hexdigest()
