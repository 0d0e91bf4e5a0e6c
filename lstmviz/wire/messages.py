"""The typed messages between window and engine.

A request has an id; every answer carries it. A request is answered by any number of Progress and Part messages and
then one Done or one Failed; Cancel makes the Failed come soon, with ``cancelled`` set.
"""

from __future__ import annotations

import msgspec

from lstmviz.sequences.topology import Topology
from lstmviz.wire.array_data import ArrayData
from lstmviz.wire.elsewhere_messages import ElsewherePayload, ElsewhereRequest
from lstmviz.wire.mapping_messages import MappingPayload, MappingRequest
from lstmviz.wire.run_messages import (
    ProbeBegins,
    ProbeEnds,
    ReadProbe,
    ReadRun,
    RunBegun,
    RunReport,
    Steer,
    Train,
)
from lstmviz.wire.store_messages import StoreOpened

PROTOCOL = 4
"""Raised whenever a message changes; window and engine must agree."""


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
    ``c0``, or ``weights/wx``, ``decoder/b`` and the like. ``rows`` is the length of the whole array.
    """

    key: str
    rows: int
    start: int
    array: ArrayData


class StackData(msgspec.Struct, frozen=True):
    """One recurrent stack of a foreign model: its path there, and what the file calls it, ``nn.LSTM``.

    parts: the layers of a stack that can be taken apart.
    """

    path: str
    origin: str
    cell: str
    inputs: int
    units: int
    layers: int
    directions: tuple[str, ...]
    projection: int = 0
    parts: tuple[StackData, ...] = ()


class NetSummary(msgspec.Struct, frozen=True, tag=True):
    """What a model file holds, read without running it; its note by language, ``en`` and ``pt_BR``.

    variants: what its cells have beyond plain ones, by the name of the field of `lstmviz.nets.spec.NetSpec`. whole:
    what can run the whole model, ``onnx`` or ``torchscript``, "" where nothing can.
    """

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
    topology: Topology = "seq2seq"
    variants: tuple[str, ...] = ()
    stacks: tuple[StackData, ...] = ()
    whole: str = ""

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
    """The engine introduces itself: protocol, versions, devices, process id, log, the user's home over there."""

    protocol: int
    versions: dict[str, str]
    device: str
    devices: tuple[str, ...]
    pid: int
    log: str
    home: str = ""


class FlowData(msgspec.Struct, frozen=True, tag=True):
    """The gradient of a loss, every layer and direction: see `analysis.gradient_flow` for the keys of ``arrays``."""

    step: int
    loss: float
    arrays: dict[str, ArrayData]


Payload = (
    TraceHeader
    | TracePart
    | NetSummary
    | SequenceLoaded
    | Written
    | EngineInfo
    | RunBegun
    | RunReport
    | ProbeBegins
    | ProbeEnds
    | FlowData
    | StoreOpened
    | ElsewherePayload
    | MappingPayload
)


class Hello(msgspec.Struct, frozen=True, tag=True):
    """Introduce yourself; answered by EngineInfo."""

    id: int


class InspectModel(msgspec.Struct, frozen=True, tag=True):
    """What is inside this model file, or in one stack of it (FILE#STACK)? Answered by NetSummary."""

    id: int
    path: str


class LoadSequence(msgspec.Struct, frozen=True, tag=True):
    """Read a sequence file; options as ``load_sequence`` takes them. Answered by SequenceLoaded."""

    id: int
    path: str
    options: dict[str, object] = {}


class RecordTrace(msgspec.Struct, frozen=True, tag=True):
    """Record a model file, or one stack of it (FILE#STACK), on a sequence.

    out: the folder of a store to write while recording, "" for none; dtype: what the signals are stored as there,
    ``float16``, ``float32`` or ``float64``, "" for the model's own. overwrite: whether a store that is there may go.
    whole: the sequence is what the whole model reads; it is run, its own code too, and the layer recorded within it.
    Answered by TraceHeader and its TraceParts, with ``out`` by StoreOpened.
    """

    id: int
    model: str
    sequence: SequenceData
    out: str = ""
    dtype: str = ""
    overwrite: bool = False
    whole: bool = False


class OpenTrace(msgspec.Struct, frozen=True, tag=True):
    """Open a trace store; answered by TraceHeader and its TraceParts, of one too large for that by StoreOpened."""

    id: int
    path: str


class Upload(msgspec.Struct, frozen=True, tag=True):
    """One piece of a trace that the window hands over before WriteTrace; never answered."""

    id: int
    piece: TraceHeader | TracePart


class WriteTrace(msgspec.Struct, frozen=True, tag=True):
    """Write a trace that was uploaded: a store (``.zarr``) or an export, by the file's ending.

    selection: signals, layers, directions, units, steps and form as ``export`` takes them. trace: the id under which
    the trace was uploaded, 0 for this one; the engine keeps the last. source: a store to read the trace from instead,
    "" for none. Answered by Written.
    """

    id: int
    path: str
    selection: dict[str, object] = {}
    trace: int = 0
    source: str = ""


class AskFlow(msgspec.Struct, frozen=True, tag=True):
    """The gradient of the loss with respect to every h(t) and c(t); answered by FlowData.

    step: the step whose loss is meant, −1 for all steps together.
    """

    id: int
    model: str
    sequence: SequenceData
    step: int = -1


class RecordBatch(msgspec.Struct, frozen=True, tag=True):
    """Record a model on a mini-batch; answered by a TraceHeader and its TraceParts for each sequence, in order.

    run: the folder of a run, whose validation sequences bring the mini-batch to ``size`` sequences; "" for none.
    """

    id: int
    model: str
    sequences: tuple[SequenceData, ...]
    run: str = ""
    size: int = 4


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Stop the request with this id."""

    id: int


Request = (
    Hello
    | InspectModel
    | LoadSequence
    | RecordTrace
    | OpenTrace
    | Upload
    | WriteTrace
    | Train
    | Steer
    | ReadRun
    | ReadProbe
    | AskFlow
    | RecordBatch
    | Cancel
    | ElsewhereRequest
    | MappingRequest
)


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
