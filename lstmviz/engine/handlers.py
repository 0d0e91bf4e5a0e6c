"""What the engine does for each request: generators whose every yield is a piece of the answer and a place to stop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmviz.engine.elsewhere import HANDLERS as FILES
from lstmviz.engine.elsewhere import Elsewhere
from lstmviz.engine.jobs import Jobs
from lstmviz.engine.mappings import HANDLERS as MAPPINGS
from lstmviz.errors import EngineError
from lstmviz.runs.folder import net_file, probe_file, read_run_file
from lstmviz.wire.builder import TraceBuilder
from lstmviz.wire.codec import array_to_wire, sequence_from_wire, sequence_to_wire, trace_to_wire
from lstmviz.wire.messages import (
    AskFlow,
    FlowData,
    InspectModel,
    LoadSequence,
    OpenTrace,
    Payload,
    RecordBatch,
    RecordTrace,
    Request,
    SequenceLoaded,
    Upload,
    WriteTrace,
    Written,
)
from lstmviz.wire.model_place import split
from lstmviz.wire.run_messages import ReadProbe, ReadRun, Steer, Train
from lstmviz.wire.store_messages import StoreOpened

if TYPE_CHECKING:
    from lstmviz.nets.net import Net
    from lstmviz.sequences.sequence import Sequence
    from lstmviz.traces.trace import Trace

Report = Callable[[int, int], None]
"""Tells how much of a piece of work is done, of how much; a place to stop."""
Pieces = Generator[Payload, None, None]
"""An answer, piece by piece; closing it unwinds the work."""
MODELS_KEPT = 4


class Workshop:
    """What the engine keeps between requests: the models last used, traces being handed over, and the trainings.

    elsewhere: the files between it and a window on another computer.
    """

    def __init__(self) -> None:
        self.jobs = Jobs()
        self.elsewhere = Elsewhere()
        self._models: OrderedDict[tuple[object, ...], Net] = OrderedDict()
        self._uploads: dict[int, TraceBuilder] = {}
        self._last: tuple[int, Trace] | None = None
        self._judges: tuple[str, tuple[Sequence, ...]] | None = None

    def model(self, path: str) -> Net:
        """The model of a file, loaded once as long as the file does not change; that of a training as it is now."""
        from lstmviz.nets.reader import load_model

        file = Path(path)
        trainer = self.jobs.at(file.parent)
        if trainer is not None and file == net_file(file.parent):
            return trainer.net
        key = _identity(path)
        if key not in self._models:
            self._models[key] = load_model(path)
        self._models.move_to_end(key)
        while len(self._models) > MODELS_KEPT:
            self._models.popitem(last=False)
        return self._models[key]

    def forget_models(self) -> None:
        """Load every model anew when it is next asked for."""
        self._models.clear()

    def validation(self, folder: str) -> tuple[Sequence, ...]:
        """What judges the net of a run, which the last run that was asked for keeps at hand."""
        from lstmviz.engine.beginning import data_of

        trainer = self.jobs.at(folder)
        if trainer is not None:
            return trainer.data.validation
        if self._judges is None or self._judges[0] != folder:
            self._judges = folder, data_of(read_run_file(folder).config).validation
        return self._judges[1]

    def take(self, upload: Upload) -> None:
        """Keep one piece of a trace that is being handed over."""
        self._uploads.setdefault(upload.id, TraceBuilder()).add(upload.piece)

    def uploaded(self, number: int) -> Trace:
        """The trace that was handed over under a request number, kept until the next one is."""
        if number in self._uploads:
            self._last = (number, self._uploads.pop(number).build())
        if self._last is None or self._last[0] != number:
            raise EngineError("A trace is to be written that was not handed over.")
        return self._last[1]

    def forget(self, number: int) -> None:
        """Drop what was handed over under a request number but not looked at."""
        self._uploads.pop(number, None)


def answer(workshop: Workshop, request: Request, report: Report) -> Pieces:
    """The pieces of the answer to a request."""
    return workshop.elsewhere.with_heads(HANDLERS[type(request)](workshop, request, report))


def _inspect_model(_workshop: Workshop, request: InspectModel, _report: Report) -> Pieces:
    from lstmviz.nets.summary import summarise

    yield summarise(request.path)


def _load_sequence(_workshop: Workshop, request: LoadSequence, _report: Report) -> Pieces:
    from lstmviz.sequences.readers import load_sequence

    options: dict[str, Any] = request.options
    yield SequenceLoaded(sequence_to_wire(load_sequence(request.path, **options)))


def _record_trace(workshop: Workshop, request: RecordTrace, report: Report) -> Pieces:
    from lstmviz.engine.recorder import record
    from lstmviz.engine.whole import record_whole

    model, sequence = workshop.model(request.model), sequence_from_wire(request.sequence)
    recorder: Callable[..., Trace] = record_whole if request.whole else record
    if not request.out:
        yield from trace_to_wire(recorder(model, sequence, progress=report))
        return
    dtype = request.dtype or None
    trace = recorder(model, sequence, out=request.out, dtype=dtype, overwrite=request.overwrite, progress=report)
    yield _where(request.out, trace)


def _open_trace(_workshop: Workshop, request: OpenTrace, report: Report) -> Pieces:
    from lstmviz.traces.store import open_trace

    trace = open_trace(request.path, progress=report)
    if trace.overview is None:
        yield from trace_to_wire(trace)
    else:
        yield _where(request.path, trace)


def _where(path: str, trace: Trace) -> StoreOpened:
    """Where a trace lies that is read there, piece by piece."""
    return StoreOpened(path, _bytes_of(Path(path)), len(trace))


def _write_trace(workshop: Workshop, request: WriteTrace, report: Report) -> Pieces:
    from lstmviz.traces.store import open_trace

    trace = open_trace(request.source) if request.source else workshop.uploaded(request.trace or request.id)
    _write(trace, request.path, request.selection, report)
    yield Written(request.path, _bytes_of(Path(request.path)))


def _train(workshop: Workshop, request: Train, _report: Report) -> Pieces:
    """The beginning of the answer: the rest comes with the turns of the training."""
    yield from workshop.jobs.begin(request).begin()


def _steer(workshop: Workshop, request: Steer, _report: Report) -> Pieces:
    """What it leads to comes as the training's reports."""
    workshop.jobs.steer(request)
    yield from ()


def _read_run(_workshop: Workshop, request: ReadRun, _report: Report) -> Pieces:
    from lstmviz.engine.reports import read

    yield read(request.folder)


def _read_probe(_workshop: Workshop, request: ReadProbe, _report: Report) -> Pieces:
    from lstmviz.runs.probes import read_probe

    yield from trace_to_wire(read_probe(probe_file(Path(request.folder), request.update)))


def _ask_flow(workshop: Workshop, request: AskFlow, _report: Report) -> Pieces:
    from lstmviz.engine.gradients import gradient_flow

    result = gradient_flow(workshop.model(request.model), sequence_from_wire(request.sequence), request.step)
    arrays = {name: array_to_wire(array) for name, array in result.drawn().items()}
    yield FlowData(result.step, result.loss, arrays)


def _record_batch(workshop: Workshop, request: RecordBatch, report: Report) -> Pieces:
    from lstmviz.engine.recorder import record

    net = workshop.model(request.model)
    batch = [sequence_from_wire(sequence) for sequence in request.sequences]
    if request.run:
        batch += workshop.validation(request.run)[: max(0, request.size - len(batch))]
    for place, sequence in enumerate(batch):
        report(place, len(batch))
        yield from trace_to_wire(record(net, sequence))


def _write(trace: Trace, path: str, selection: dict[str, Any], report: Report) -> None:
    """Write a trace as a store (``.zarr``, ``.zarr.zip``), or export what is selected by the path's ending."""
    from lstmviz.traces.pack import is_packed

    if Path(path).suffix.lower() == ".zarr" or is_packed(path):
        from lstmviz.traces.store import save_trace

        save_trace(trace, path, progress=report)
    else:
        from lstmviz.traces.export import export

        export(trace, path, **selection, progress=report)


def _identity(path: str) -> tuple[object, ...]:
    """The file and stack, with the times and sizes of what makes the model: the file, or NAME.json and its weights."""
    place, stack = split(path)
    file = Path(place)
    found: list[object] = [str(file.absolute()), stack]
    for candidate in (file, file.with_suffix(".json"), file.with_suffix(".safetensors")):
        if candidate.is_file():
            status = candidate.stat()
            found += [candidate.suffix, status.st_mtime_ns, status.st_size]
    return tuple(found)


def _bytes_of(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


HANDLERS: dict[type, Callable[[Workshop, Any, Report], Pieces]] = {
    InspectModel: _inspect_model,
    LoadSequence: _load_sequence,
    RecordTrace: _record_trace,
    OpenTrace: _open_trace,
    WriteTrace: _write_trace,
    Train: _train,
    Steer: _steer,
    ReadRun: _read_run,
    ReadProbe: _read_probe,
    AskFlow: _ask_flow,
    RecordBatch: _record_batch,
    **FILES,
    **MAPPINGS,
}
