"""Opening: whatever is dropped or chosen, the right thing happens."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Many
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lstmviz.app.file_kinds import run_of, store_of, what_is
from lstmviz.app.matching import Offer, could_fit, fits
from lstmviz.app.recording import Recording
from lstmviz.app.sample_specs import read_spec, same_net
from lstmviz.app.stores import Stores, beyond_memory, is_address, recorded_bytes
from lstmviz.errors import LstmvizError, SequenceError
from lstmviz.language import current, tr
from lstmviz.nets.foreign.formats import is_own
from lstmviz.nets.spec import NetSpec
from lstmviz.sequences.samples import Sample
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.dispatch import Dispatcher
from lstmviz.traces.corpus import Member, is_corpus_store, open_corpus
from lstmviz.traces.store import WHOLE
from lstmviz.traces.trace import Trace
from lstmviz.wire.host import far_path
from lstmviz.wire.messages import NetSummary
from lstmviz.wire.model_place import join, split

_SHORT = 1000
"""Steps of which the recording fits into memory whatever the net."""

if TYPE_CHECKING:
    from lstmviz.app.fitting import Fitting
    from lstmviz.app.mapping import Mapping


class Opening:
    """Finds out what a path is and brings model and sequence together.

    ``offer`` asks the user where one is missing, ``choose`` which trace of a corpus, given by its folder, is meant, and
    ``choose_stack`` which recurrent stack of a model, whose path is then told. ``ask_store``, given a sequence's name
    and the bytes of its recording, asks for the store to write and its float type.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        recording: Recording,
        samples: Many[Sample],
        offer: Callable[[Offer], None],
        choose: Callable[[str, Many[Member]], None],
        choose_stack: Callable[[NetSummary, Callable[[str], None]], None],
        ask_store: Callable[[str, int, Callable[[str, str], None]], None],
        fitting: Fitting,
        mapping: Mapping,
    ) -> None:
        self._dispatcher = dispatcher
        self._recording = recording
        self._samples = tuple(samples)
        self._offer = offer
        self._choose = choose
        self._choose_stack = choose_stack
        self._ask_store = ask_store
        self._fitting = fitting
        self._mapping = mapping
        self._stores = Stores(dispatcher)
        self._nets: dict[str, NetSummary] = {}
        self._model: NetSummary | None = None
        self._sequence: Sequence | None = None

    def open_paths(self, paths: Many[str]) -> None:
        """Open several files one after the other; one model among sequences reads them all."""
        kinds = {path: what_is(path) for path in paths}
        models = [path for path, what in kinds.items() if what == "model"]
        together = len(models) == 1 and "sequence" in kinds.values()
        sequences = [path for path, what in kinds.items() if what == "sequence"] if together else []
        for path in kinds:
            if not together or (path not in sequences and path not in models):
                self._recording.queue(partial(self.open_path, path))
        if together:
            self._recording.queue(lambda: self._with_stack(models[0], partial(self._record_files, sequences)))

    def open_path(self, path: str) -> None:
        """Open a sequence, a model, a trace or a run; raises LstmvizError where there is nothing at the path."""
        path = path if is_address(path) else self._existing(path)
        what = what_is(path)
        if what == "trace":
            self._open_store(store_of(path))
        elif what == "corpus":
            self._choose(store_of(path), open_corpus(store_of(path)))
        elif what == "run":
            self._dispatcher.run("run.open_folder", folder=run_of(path))
        elif what == "model":
            self._open_model(path)
        else:
            weights = partial(self._open_model, path)
            self._fitting.read(path, {}, partial(self._on_sequence_loaded, path), self._wanted(), weights)

    def map_arrays(self) -> None:
        """Choose a file of arrays and say which of them are the weights, or say it anew."""
        self._mapping.choose(self._on_mapped)

    def _on_mapped(self, path: str) -> None:
        for place in [place for place in self._nets if split(place)[0] == path]:
            del self._nets[place]
        self._open_model(path)

    def _wanted(self) -> int:
        """How many features the model takes that waits for a sequence, 0 where none does or it takes symbols."""
        return self._model.inputs if self._model is not None and not self._model.vocabulary else 0

    def _open_store(self, store: str) -> None:
        """A trace beyond memory is read where it lies, others by the engine."""
        if is_address(store):
            self._stores.fetch(store, lambda trace: self._recording.queue(partial(self._on_trace_opened, trace, store)))
        elif beyond_memory(store):
            self._on_trace_opened(self._stores.open(store), store)
        else:
            self._recording.open_trace(store, lambda trace: self._on_trace_opened(trace, store))

    def open_sample(self, sample_id: str) -> None:
        """Record the sample's net on the sample; one without a net asks for a model."""
        sample = next((one for one in self._samples if one.id == sample_id), None)
        if sample is None:
            raise SequenceError(
                "There is no sample “{id}”; expected one of {known}.",
                id=sample_id,
                known=", ".join(one.id for one in self._samples),
            )
        self._load_sample(sample, lambda sequence: self._on_sample_loaded(sample, sequence))

    def ask_both(self) -> None:
        """Offer every model and sequence that is known."""
        self._with_nets(lambda: self._offer(Offer(None, None, tuple((net, None) for net in self._nets.values()))))

    def record_sample(self, model: str, sample_id: str) -> None:
        """Record a model file on a sample."""
        sample = next(one for one in self._samples if one.id == sample_id)
        self._load_sample(sample, lambda sequence: self.record(model, sequence))

    def _record_files(self, sequences: Many[str], model: str) -> None:
        for path in sequences:
            self._recording.queue(partial(self.record_file, model, path))

    def record_file(self, model: str, path: str) -> None:
        """Record a model file on a sequence file."""
        path = self._existing(path)
        self._dispatcher.session.remember(path)
        self._inspected(model, partial(self._read_for, model, path))

    def _read_for(self, model: str, path: str, net: NetSummary | None) -> None:
        """Read a sequence file for a net, which tells what of the file is wanted."""
        inputs = 0 if net is None or net.vocabulary else net.inputs
        self._fitting.read(path, {}, partial(self.record, model), inputs)

    def record(self, model: str, sequence: Sequence) -> None:
        """Record a model file on a sequence and show the trace; the user says which of several stacks is meant."""
        self._with_stack(model, lambda place: self._record(place, sequence))

    def _record(self, model: str, sequence: Sequence) -> None:
        """Record one net and show the trace, with what is worth looking at in a net of ours."""
        self._sequence = None
        if is_own(Path(model)) and (sequence.vocabulary or sequence.features == 1):
            self._record_fitting(model, sequence)
        else:
            self._inspected(model, partial(self._fit, model, sequence))

    def _fit(self, model: str, sequence: Sequence, net: NetSummary | None) -> None:
        """Give the sequence to the net, to its whole model, or some of its features to the net."""

        def decided(whole: bool) -> None:
            if whole:
                self._record_fitting(model, sequence, whole=True)
            else:
                self._fitting.fit(sequence, net, partial(self._record_fitting, model))

        self._fitting.wholes.decide(net, sequence, decided)

    def _record_fitting(self, model: str, sequence: Sequence, *, whole: bool = False) -> None:
        if len(sequence) < _SHORT or (whole and sequence.kind == "audio"):  # a step is made of many samples
            self._record_here(model, sequence, whole=whole)
        else:
            self._inspected(model, partial(self._record_long, model, sequence, whole))

    def _record_here(self, model: str, sequence: Sequence, *, whole: bool) -> None:
        spec, fitted = self._spec(model), partial(self._record_fitting, model)
        failed = partial(self._fitting.fit_instead, sequence, self._nets.get(model), fitted) if whole else None
        self._recording.record(model, sequence, lambda trace: self._add(trace, "", model, spec), failed, whole=whole)

    def _record_long(self, model: str, sequence: Sequence, whole: bool, net: NetSummary | None) -> None:
        """Ask where the recording goes, where it is too large for memory."""
        size = 0 if net is None else recorded_bytes(net, len(sequence))
        if size <= WHOLE:
            self._record_here(model, sequence, whole=whole)
        else:
            self._ask_store(sequence.name, size, partial(self._record_store, model, sequence, whole))

    def _record_store(self, model: str, sequence: Sequence, whole: bool, path: str, dtype: str) -> None:
        self._dispatcher.session.remember(path)
        added = partial(self._add, path=path, model=model, spec=self._spec(model))
        self._recording.record_store(model, sequence, path, dtype, added, whole=whole)
        self._dispatcher.announce()

    def _existing(self, path: str) -> str:
        if far_path(path):  # the engine over there says what is wrong with it
            return path
        absolute = str(Path(path).absolute())
        if not Path(absolute).exists():
            self._dispatcher.session.forget(absolute)
            raise SequenceError(
                "“{file}” does not exist (any more); expected a sequence, a model, a trace or a run.", file=absolute
            )
        return absolute

    def _load_sample(self, sample: Sample, then: Callable[[Sequence], None]) -> None:
        """Generated samples are made here and now; files are read by the engine."""
        if sample.path is None:
            then(sample.load())
            return

        def named(sequence: Sequence) -> None:
            then(replace(sequence, name=sample.title, source=sample.source))

        self._recording.load_sequence(str(sample.path), dict(sample.options), named)

    def _open_model(self, path: str) -> None:
        sample = next((one for one in self._samples if one.net_path and same_net(str(one.net_path), path)), None)
        if sample is not None:
            self.open_sample(sample.id)
        else:
            self._inspect(path, self._on_model_inspected)

    def _inspect(self, path: str, then: Callable[[NetSummary], None]) -> None:
        """Find out what is in a model; of arrays that no reader knows the user says which is which."""
        self._recording.inspect(path, partial(self._told, then), partial(self._on_model_refused, path, then))

    def _told(self, then: Callable[[NetSummary], None], net: NetSummary) -> None:
        """Say what was assumed of a foreign model before going on with it."""
        if net.stacks and (note := net.words(current())):
            self._dispatcher.session.notify(note)
        then(net)

    def _on_model_refused(self, path: str, then: Callable[[NetSummary], None], error: LstmvizError) -> None:
        if error.values.get("remedy") != "mapping":
            raise error
        self._mapping.ask(split(path)[0], partial(self._inspect, path, then), error)

    def _with_stack(self, model: str, then: Callable[[str], None]) -> None:
        """Call ``then`` with the place of the one stack that is meant; a net of ours holds no other."""
        path, stack = split(model)
        if stack or is_own(Path(path)):
            then(model)
        else:
            self._inspect(path, lambda net: self._with_one_of(net, then))

    def _with_one_of(self, net: NetSummary, then: Callable[[str], None]) -> None:
        if net.stacks and not net.layers:
            self._choose_stack(net, lambda stack: then(join(net.path, stack)))
        else:
            then(net.path)

    def _on_trace_opened(self, trace: Trace, path: str) -> None:
        folder = Path(path).parent  # of a corpus, whose dialog tells the traces' names
        self._dispatcher.session.remember(str(folder) if is_corpus_store(folder) else path)
        self._add(trace, path, trace.model.path, self._spec(trace.model.path))

    def _add(self, trace: Trace, path: str, model: str, spec: NetSpec | None) -> None:
        """Open a trace where its net is worth looking at; no sequence waits for a model any more."""
        self._sequence = None
        session = self._dispatcher.session
        session.add_trace(self._stores.watched(trace, path), path, model, {} if spec is None else spec.note)
        if trace.recorded.note:
            session.notify(tr("“{name}”: {note}", name=trace.name, note=trace.recorded.note), "warning")
        if spec is not None:
            session.select(unit=spec.look.unit, layer=spec.look.layer, direction=spec.look.direction)

    def _spec(self, model: str) -> NetSpec | None:
        """What a net of the samples says of itself, None for any other model."""
        if not self._is_shipped(model):
            return None
        path = Path(model).with_suffix(".json")
        return read_spec(path) if path.exists() else None

    def _on_sample_loaded(self, sample: Sample, sequence: Sequence) -> None:
        if sample.net_path is None:
            self._offer_nets(sequence)
        else:
            self.record(str(sample.net_path), sequence)

    def _on_sequence_loaded(self, path: str, sequence: Sequence) -> None:
        """A sequence goes to the model that waits for one, else to the active trace's, else the user is asked."""
        self._dispatcher.session.remember(path)
        if self._model is not None:
            model, self._model = self._model, None
            self.record(model.path, sequence)
            return
        active = self._dispatcher.session.active
        if active is None or not active.model_path:
            self._offer_nets(sequence)
        else:
            self._inspected(active.model_path, lambda net: self._record_or_offer(net, sequence))

    def _record_or_offer(self, net: NetSummary | None, sequence: Sequence) -> None:
        """Of a model that the user brought it is asked which features it reads, where there are more."""
        fitting = fits if net is None or self._is_shipped(net.path) else could_fit
        if net is not None and (fitting(net, sequence) or self._fitting.wholes.ran(net)):
            self.record(net.path, sequence)
        else:
            self._offer_nets(sequence)

    def _is_shipped(self, model: str) -> bool:
        return any(one.net_path and same_net(str(one.net_path), model) for one in self._samples)

    def _on_model_inspected(self, net: NetSummary) -> None:
        """A model, or a stack of it, takes the active trace's sequence where it can, else it waits for one."""
        session = self._dispatcher.session
        session.remember(split(net.path)[0])
        if net.stacks and not net.layers:
            self._with_one_of(net, lambda place: self._recording.inspect(place, self._on_model_inspected))
            return
        self._nets[net.path] = net
        active = session.trace
        if self._sequence is not None and (net.whole or could_fit(net, self._sequence)):
            self.record(net.path, self._sequence)
            return
        if active is not None and fits(net, active.sequence):
            self.record(net.path, active.sequence)
            return
        self._model = net
        self._with_nets(lambda: self._offer(Offer(None, net, ())))

    def _offer_nets(self, sequence: Sequence) -> None:
        """Ask for a model; the sequence waits for one that is opened later too."""
        self._sequence = sequence
        self._with_nets(
            lambda: self._offer(Offer(sequence, None, tuple((net, fits(net, sequence)) for net in self._nets.values())))
        )

    def _with_nets(self, then: Callable[[], None]) -> None:
        """Call ``then`` when every sample net has been inspected."""
        wanted = dict.fromkeys(str(sample.net_path) for sample in self._samples if sample.net_path)
        missing = [path for path in wanted if path not in self._nets and Path(path).exists()]
        if not missing:
            then()
            return
        self._inspected(missing[0], lambda _net: self._with_nets(then))

    def _inspected(self, path: str, then: Callable[[NetSummary | None], None]) -> None:
        """Call ``then`` with the summary of a model, None where it cannot be read."""
        if path in self._nets:
            then(self._nets[path])
            return

        def keep(net: NetSummary) -> None:
            self._nets[path] = net
            then(net)

        def failed(error: LstmvizError) -> None:
            self._nets[path] = NetSummary(path, Path(path).stem, "", (), 0, 0, 0, "none", {"en": str(error)})
            then(None)

        self._recording.inspect(path, keep, failed)
