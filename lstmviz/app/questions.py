"""What the window asks of the active trace's net: the gradient flow of a loss, and a mini-batch for the matrix form."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from lstmviz.app.latest import Latest
from lstmviz.errors import LstmvizError, RunError
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.run_view import FlowView
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Trace
from lstmviz.wire.client import Client
from lstmviz.wire.codec import array_from_wire, sequence_to_wire
from lstmviz.wire.messages import AskFlow, FlowData, Payload, RecordBatch

_log = logging.getLogger(__name__)
BATCH = 4
"""Sequences of the mini-batch that the matrix form shows."""


class Questions:
    """Asks the engine, and asks again while a training exchanges the trace and the answer is in sight."""

    def __init__(self, dispatcher: Dispatcher, client: Client) -> None:
        self._dispatcher = dispatcher
        self._session = dispatcher.session
        self._client = client
        self._flow, self._batch = Latest(), Latest()
        self._flow_of: Trace | None = None
        self._batch_of: Trace | None = None
        dispatcher.listen(self._on_changed)

    def ask_flow(self, step: int) -> None:
        """The gradient of the loss at a step, −1 for all.

        Raises RunError where the net is not at hand or the trace is beyond memory.
        """
        trace_id, trace = self._asked_trace()
        if trace.lazy:
            raise RunError(
                "The gradient needs every signal in memory, and those of this trace are too large for that. Record a"
                " part of the sequence to follow the gradient there."
            )
        old = self._session.flow
        if old is not None and old.trace_id == trace_id:
            self._session.flow = replace(old, pending=True)
        else:
            self._session.flow = FlowView(trace_id, step, float("nan"), {}, pending=True)
        self._flow_of = trace
        self._flow.ask(partial(self._begin_flow, trace_id, trace, step))

    def ask_batch(self) -> None:
        """A few more sequences for the active trace's net: a run's own, or later windows of the same sequence.

        Raises RunError for a trace beyond memory, and while the net trains: it would not be that of the trace any more.
        """
        trace_id, trace = self._asked_trace()
        if self._trains(trace_id):
            raise RunError("The net changes while it trains; pause the training to record a mini-batch with it.")
        if trace.lazy:
            raise RunError(
                "The recordings of a mini-batch of sequences as long as this one are too large for memory; record a"
                " part of the sequence for a mini-batch."
            )
        self._batch_of = trace
        self._batch.ask(partial(self._begin_batch, trace_id, trace))

    def _asked_trace(self) -> tuple[int, Trace]:
        """The active trace, where the engine can read its net as it was."""
        active = self._session.active
        if active is None or not active.trace.model.path:
            raise RunError("The net of this trace is not known; record it from a model file, and ask again.")
        if not self._newest():
            raise RunError("Of this run only the newest net is kept; go to the newest update of the training for this.")
        return active.id, active.trace

    def _newest(self) -> bool:
        replay = self._session.runs.replay(self._session.place.trace_id)
        return replay is None or replay.position == len(replay.updates) - 1

    def _trains(self, trace_id: int) -> bool:
        run = self._session.runs.of_trace(trace_id)
        return run is not None and run.state == "training"

    def _begin_flow(self, trace_id: int, trace: Trace, step: int) -> None:
        self._client.ask(
            AskFlow(0, trace.model.path, sequence_to_wire(trace.sequence), step),
            on_part=partial(self._on_flow, trace_id),
            on_done=self._flow.over,
            on_failed=self._on_flow_failed,
        )

    def _on_flow(self, trace_id: int, payload: Payload) -> None:
        if isinstance(payload, FlowData):
            arrays = {name: array_from_wire(array) for name, array in payload.arrays.items()}
            self._session.flow = FlowView(trace_id, payload.step, payload.loss, arrays)
            self._dispatcher.announce()

    def _on_flow_failed(self, error: LstmvizError) -> None:
        flow = self._session.flow
        self._session.flow = replace(flow, pending=False) if flow is not None and flow.arrays else None
        self._on_problem(error)
        self._flow.over()

    def _begin_batch(self, trace_id: int, trace: Trace) -> None:
        run = self._session.runs.of_trace(trace_id)
        sequences = [trace.sequence] if run is not None else _windows(trace)
        request = RecordBatch(
            0, trace.model.path, tuple(map(sequence_to_wire, sequences)), "" if run is None else run.folder, BATCH
        )
        self._client.ask_traces(request, partial(self._on_batch, trace_id), on_failed=self._on_batch_failed)

    def _on_batch(self, trace_id: int, traces: tuple[Trace, ...]) -> None:
        self._session.batch, self._session.batch_of = traces, trace_id
        self._dispatcher.announce()
        self._batch.over()

    def _on_batch_failed(self, error: LstmvizError) -> None:
        self._on_problem(error)
        self._batch.over()

    def _on_problem(self, error: LstmvizError) -> None:
        _log.warning("%s", error)
        self._session.notify(str(error), "error")
        self._dispatcher.announce()

    def _on_changed(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Keep what is in sight true to the trace; what cannot be asked for any more goes."""
        if not changed & {"trace", "face", "runs"} or snapshot.trace is None:
            return
        trains = self._trains(snapshot.trace_id)
        if snapshot.flow is not None and self._flow_of is not snapshot.trace:
            if not self._newest():
                self._session.flow = None
            elif snapshot.face == "flow" and (self._flow.rested or not trains):
                self.ask_flow(snapshot.flow.step)
        if snapshot.batch and self._batch_of is not snapshot.trace:
            if not self._newest():
                self._session.batch = ()
            elif snapshot.face == "layer" and not trains:
                self.ask_batch()
        self._dispatcher.announce()


def _windows(trace: Trace) -> list[Sequence]:
    """The sequence of a trace, and what is left of it from some later steps on."""
    sequence = trace.sequence
    starts = dict.fromkeys(len(sequence) * place // (2 * BATCH) for place in range(BATCH))
    return [sequence[start:] for start in starts]
