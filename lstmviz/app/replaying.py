"""Which probe of a run is on the screen: the newest while it trains, or the one of the update that is replayed."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path

from lstmviz.app.latest import Latest
from lstmviz.errors import LstmvizError
from lstmviz.runs.folder import net_file
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.run_view import RunView
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Trace
from lstmviz.wire.client import Client
from lstmviz.wire.run_messages import ReadProbe

KEPT = 32
"""Probes at hand, so that scrubbing back and forth reads each once."""


class Replaying:
    """Opens a trace for each run and exchanges it as the training, or the replay of it, goes on."""

    def __init__(self, dispatcher: Dispatcher, client: Client) -> None:
        self._dispatcher = dispatcher
        self._session = dispatcher.session
        self._client = client
        self._newest: dict[int, tuple[int, Trace]] = {}
        self._opened: set[int] = set()
        self._at_hand: OrderedDict[tuple[int, int], Trace] = OrderedDict()
        self._reading: defaultdict[int, Latest] = defaultdict(Latest)
        dispatcher.listen(self._on_changed)

    def came(self, run_id: int, update: int, trace: Trace) -> None:
        """A training took its probe."""
        view = self._session.runs.get(run_id)
        if view is None:
            return
        trace = _named(trace, view)
        self._newest[run_id] = update, trace
        self._keep(run_id, update, trace)
        if self._session.runs.wanted(run_id) is None:
            self._show(view, trace)

    def look(self, run_id: int, reopen: bool = False) -> None:
        """Bring to the screen what is wanted of a run; its trace opens where it was not, or ``reopen`` is asked for."""
        view = self._session.runs.get(run_id)
        if view is None or (self._closed(view) and not reopen):
            return
        wanted = self._session.runs.wanted(run_id)
        if wanted is None and run_id in self._newest:
            self._show(view, self._newest[run_id][1], reopen)
            return
        if wanted is None and not view.probes:
            return
        update = view.probes[-1] if wanted is None else wanted
        trace = self._at_hand.get((run_id, update))
        if trace is not None:
            self._show(view, trace, reopen)
        else:
            self._reading[run_id].ask(partial(self._read, run_id, update, reopen))

    def keep_only(self, run_id: int, updates: tuple[int, ...]) -> None:
        """Forget the probes of other updates: they were thinned out, or are recorded anew after going back."""
        kept = set(updates)
        for key in [key for key in self._at_hand if key[0] == run_id and key[1] not in kept]:
            del self._at_hand[key]

    def stands(self, run_id: int, update: int) -> None:
        """A training stands still at an update: a probe from after it is of a net that it went back from."""
        newest = self._newest.get(run_id)
        if newest is not None and newest[0] > update:
            del self._newest[run_id]
            self.look(run_id)

    def forget(self, run_id: int) -> None:
        """The training begins or goes on, or the run is closed: nothing of it is at hand any more."""
        self.keep_only(run_id, ())
        self._newest.pop(run_id, None)

    def _show(self, view: RunView, trace: Trace, reopen: bool = False) -> None:
        session = self._session
        if self._closed(view) and not reopen:
            return
        if view.trace_id:
            if session.opened[view.trace_id].trace is trace:
                return
            session.replace_trace(view.trace_id, trace)
        elif not self._open(view, trace):
            return
        self._dispatcher.announce()

    def _open(self, view: RunView, trace: Trace) -> bool:
        """Open the trace of a run: as the active one, or beside its twin's, which comes first."""
        session = self._session
        shown = session.runs.get(session.runs.shown)
        beside = shown is not None and shown.twin == view.id
        if beside and shown is not None and not shown.trace_id:
            return False
        trace_id = session.add_trace(trace, model_path=trace.model.path, activate=False)
        session.runs.attach(view.id, trace_id)
        self._opened.add(view.id)
        if beside and shown is not None and session.place.trace_id == shown.trace_id:
            session.compare(trace_id)
        elif shown is None or view.id == shown.id:  # a later training may have been begun meanwhile: it stays in sight
            session.activate(trace_id)
        if not beside and view.twin:
            self.look(view.twin)
        return True

    def _closed(self, view: RunView) -> bool:
        """Whether the trace of a run was closed by the user."""
        return view.id in self._opened and not view.trace_id

    def _read(self, run_id: int, update: int, reopen: bool) -> None:
        view = self._session.runs.get(run_id)
        if view is None or (run_id, update) in self._at_hand:
            self._reading[run_id].over()
            return
        self._client.ask_trace(
            ReadProbe(0, view.folder, update),
            partial(self._on_read, run_id, update, reopen),
            on_failed=partial(self._on_failed, run_id, update),
        )

    def _on_read(self, run_id: int, update: int, reopen: bool, trace: Trace) -> None:
        """Each one that was read is shown, also when the wish has moved on: that is what scrubbing looks like."""
        view = self._session.runs.get(run_id)
        if view is not None:
            trace = _named(trace, view)
            self._keep(run_id, update, trace)
            if self._session.runs.wanted(run_id) is not None or run_id not in self._newest:
                self._show(view, trace, reopen)
        self._reading[run_id].over()

    def _on_failed(self, run_id: int, update: int, error: LstmvizError) -> None:
        view = self._session.runs.get(run_id)
        if view is not None and update in view.probes:  # not one that was thinned out meanwhile
            self._session.notify(str(error), "error")
            self._dispatcher.announce()
        self._reading[run_id].over()

    def _keep(self, run_id: int, update: int, trace: Trace) -> None:
        self._at_hand[run_id, update] = trace
        self._at_hand.move_to_end((run_id, update))
        while len(self._at_hand) > KEPT:
            self._at_hand.popitem(last=False)

    def _on_changed(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        if "replay" in changed and snapshot.replay is not None:
            for view in self._session.runs.with_twin(snapshot.replay.run):
                self.look(view.id)


def _named(trace: Trace, view: RunView) -> Trace:
    """The probe under the name of its run, with the run's net as its model."""
    model = replace(trace.model, path=str(net_file(Path(view.folder))))
    return replace(trace, name=view.title, model=model)
