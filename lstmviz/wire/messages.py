"""The typed messages between window and engine.

A request has an id; every answer carries it. A request is answered by any number of Progress and Part messages and
then one Done or one Failed; Cancel makes the Failed come soon, with ``cancelled`` set.
"""

from __future__ import annotations

import msgspec

PROTOCOL = 1
"""Raised whenever a message changes; window and engine must agree."""


class ArrayData(msgspec.Struct, frozen=True, array_like=True):
    """An array: numpy dtype string, shape and its bytes in C order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


class SequenceData(msgspec.Struct, frozen=True):
    """A Sequence on the wire."""

    values: ArrayData
    names: tuple[str, ...]
    kind: str
    name: str
    labels: tuple[str, ...] | None = None
    times: ArrayData | None = None
    vocabulary: tuple[str, ...] = ()
    targets: ArrayData | None = None
    target_names: tuple[str, ...] = ()
    source: str = ""


class LayerData(msgspec.Struct, frozen=True):
    """A LayerInfo on the wire."""

    index: int
    path: str
    cell: str
    inputs: int
    units: int
    outputs: int
    directions: tuple[str, ...]


class TraceHeader(msgspec.Struct, frozen=True, tag=True):
    """All of a trace but its arrays, which follow as TracePart; ``meta`` is model, check and recorded as plain data."""

    sequence: SequenceData
    layers: tuple[LayerData, ...]
    output_names: tuple[str, ...]
    output_kind: str
    input_names: tuple[str, ...]
    name: str
    meta: dict[str, dict[str, object] | None]


class TracePart(msgspec.Struct, frozen=True, tag=True):
    """Rows from ``start`` of one array of the trace.

    ``key`` names it: ``inputs``, ``outputs``, ``targets``, or ``layer/direction/what`` where what is a signal, ``h0``,
    ``c0``, ``wx``, ``wh``, ``b`` or ``whr``. ``rows`` is the length of the whole array.
    """

    key: str
    rows: int
    start: int
    array: ArrayData


class NetSummary(msgspec.Struct, frozen=True, tag=True):
    """What a model file holds, read without running it; its note by language, ``en`` and ``pt_BR``."""

    path: str
    name: str
    sha256: str
    layers: tuple[LayerData, ...]
    parameters: int
    inputs: int
    outputs: int
    output_kind: str
    note: dict[str, str] = {}
    vocabulary: tuple[str, ...] = ()

    def words(self, language: str) -> str:
        """The note in a language, English where it has none."""
        return self.note.get(language) or self.note.get("en", "")


class SequenceLoaded(msgspec.Struct, frozen=True, tag=True):
    """A sequence that was read."""

    sequence: SequenceData


class Written(msgspec.Struct, frozen=True, tag=True):
    """A file that was written: where, and how many bytes."""

    path: str
    size: int


class EngineInfo(msgspec.Struct, frozen=True, tag=True):
    """The engine introduces itself: protocol, versions, devices, process id, log."""

    protocol: int
    versions: dict[str, str]
    device: str
    devices: tuple[str, ...]
    pid: int
    log: str


Payload = TraceHeader | TracePart | NetSummary | SequenceLoaded | Written | EngineInfo


class Hello(msgspec.Struct, frozen=True, tag=True):
    """Introduce yourself; answered by EngineInfo."""

    id: int


class InspectModel(msgspec.Struct, frozen=True, tag=True):
    """What is inside this model file? Answered by NetSummary."""

    id: int
    path: str


class LoadSequence(msgspec.Struct, frozen=True, tag=True):
    """Read a sequence file; options as ``load_sequence`` takes them. Answered by SequenceLoaded."""

    id: int
    path: str
    options: dict[str, object] = {}


class RecordTrace(msgspec.Struct, frozen=True, tag=True):
    """Record a model file on a sequence; answered by TraceHeader and its TraceParts."""

    id: int
    model: str
    sequence: SequenceData


class OpenTrace(msgspec.Struct, frozen=True, tag=True):
    """Open a trace store; answered by TraceHeader and its TraceParts."""

    id: int
    path: str


class Upload(msgspec.Struct, frozen=True, tag=True):
    """One piece of a trace that the window hands over before WriteTrace; never answered."""

    id: int
    piece: TraceHeader | TracePart


class WriteTrace(msgspec.Struct, frozen=True, tag=True):
    """Write a trace that was uploaded: a store (``.zarr``) or an export, by the file's ending.

    selection: signals, layers, directions, units, steps and form as ``export`` takes them. trace: the id under which
    the trace was uploaded, 0 for this one; the engine keeps the last. Answered by Written.
    """

    id: int
    path: str
    selection: dict[str, object] = {}
    trace: int = 0


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Stop the request with this id."""

    id: int


Request = Hello | InspectModel | LoadSequence | RecordTrace | OpenTrace | Upload | WriteTrace | Cancel


class Progress(msgspec.Struct, frozen=True, tag=True):
    """done of total (0 when unknown); ``what`` is a sentence."""

    id: int
    done: int
    total: int
    what: str = ""


class Part(msgspec.Struct, frozen=True, tag=True):
    """A piece of the answer."""

    id: int
    payload: Payload


class Done(msgspec.Struct, frozen=True, tag=True):
    """The answer is complete."""

    id: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The answer will not come: the sentence as a template with its values (numbers stay numbers), and the log."""

    id: int
    template: str
    values: dict[str, str | int | float] = {}
    cancelled: bool = False
    log: str = ""


Answer = Progress | Part | Done | Failed
