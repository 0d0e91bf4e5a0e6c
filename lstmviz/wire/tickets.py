"""A ticket: one question to the engine, with whom to tell of the answer."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.traces.trace import Trace
from lstmviz.wire.builder import TraceBuilder
from lstmviz.wire.codec import trace_to_wire
from lstmviz.wire.messages import (
    Cancel,
    Payload,
    Progress,
    RecordBatch,
    RecordTrace,
    Request,
    TraceHeader,
    TracePart,
    Upload,
    WriteTrace,
)
from lstmviz.wire.run_messages import RunReport, Train
from lstmviz.wire.store_messages import StoreOpened

OnPart = Callable[[Payload], None]
OnProgress = Callable[[Progress], None]
OnDone = Callable[[], None]
OnFailed = Callable[[LstmvizError], None]
OpenStore = Callable[[StoreOpened], Trace]
"""Opens a store that is read where it lies; raises LstmvizError."""
Question = Callable[[int], Iterator[Request]]
"""The requests that ask one question under a request number; called again when it must be asked again."""


def open_here(store: StoreOpened) -> Trace:
    """A store of an engine on this computer."""
    from lstmviz.traces.store import open_trace  # imported when one is opened: the window's first sight does without

    return open_trace(store.path, lazy=True)


def ignore(*_: Any) -> None:
    """A callback that does nothing."""


@dataclass(frozen=True)
class Callbacks:
    """Who hears of the answer: its parts and progress, then either that it is done or why it failed."""

    part: OnPart = ignore
    progress: OnProgress = ignore
    done: OnDone = ignore
    failed: OnFailed = ignore


@dataclass(eq=False)
class Ticket:
    """One question: its request number, whether it was sent and is over, and when the engine died of it.

    lasting: answered for as long as a training goes on, while the engine answers others. furthest: the update that the
    training came to.
    """

    id: int
    question: Question
    callbacks: Callbacks
    withdraw: Callable[[Ticket], None]
    lasting: bool = False
    sent: bool = False
    over: bool = False
    deaths: list[float] = field(default_factory=list)
    furthest: int = 0

    def hear(self, payload: Payload) -> None:
        """Tell a part of the answer; no death was the fault of a training that came further since."""
        if isinstance(payload, RunReport) and payload.update > self.furthest:
            self.furthest = payload.update
            self.deaths.clear()
        self.callbacks.part(payload)

    def cancel(self) -> None:
        """No callback is called after this; the engine stops at its next place to stop."""
        if not self.over:
            self.over = True
            self.withdraw(self)


@dataclass(eq=False)
class Outbox:
    """Frames on their way out, one message at a time so that the window's thread never waits; cancels first."""

    cancels: list[int] = field(default_factory=list)
    questions: list[tuple[Ticket, Iterator[Request]]] = field(default_factory=list)

    def put(self, ticket: Ticket) -> None:
        """Queue a question behind the others."""
        self.questions.append((ticket, ticket.question(ticket.id)))

    def put_first(self, ticket: Ticket) -> None:
        """Queue a question before all others; one of many messages that is half said goes on after it."""
        self.questions.insert(0, (ticket, ticket.question(ticket.id)))

    def take(self) -> Request | None:
        """The next message, or None where there is none; a question that is over goes no further."""
        if self.cancels:
            return Cancel(self.cancels.pop(0))
        while self.questions:
            ticket, requests = self.questions[0]
            request = None if ticket.over else next(requests, None)
            if request is not None:
                ticket.sent = True
                return request
            self.questions.pop(0)
        return None


def one(request: Request) -> Question:
    """The question that one request is, whatever its own number."""
    return lambda number: iter((msgspec.structs.replace(request, id=number),))


class HandedOver:
    """The trace that the engine has from us, so that one export after another does not send it again."""

    def __init__(self) -> None:
        self._trace: Callable[[], Trace | None] = ignore
        self._number = 0

    def question(self, trace: Trace, write: WriteTrace) -> Question:
        """The question that hands a trace over in pieces, where the engine does not have it, and has it written."""

        def ask(number: int) -> Iterator[Request]:
            if self._trace() is not trace:
                for piece in trace_to_wire(trace):
                    yield Upload(number, piece)
                self._trace, self._number = weakref.ref(trace), number
            yield msgspec.structs.replace(write, id=number, trace=self._number)

        return ask

    def forget(self, number: int) -> None:
        """The question that handed it over failed or is withdrawn: whether the engine has it is not known."""
        if number == self._number:
            self._trace = ignore


def going_on(train: Train, callbacks: Callbacks) -> tuple[Question, Callbacks]:
    """The question that trains a run; asked again, it goes on as the run stood: training, or paused."""
    paused = train.paused

    def ask(number: int) -> Iterator[Request]:
        yield msgspec.structs.replace(train, id=number, paused=paused)

    def part(payload: Payload) -> None:
        nonlocal paused
        if isinstance(payload, RunReport):
            paused = payload.state == "paused"
        callbacks.part(payload)

    return ask, Callbacks(part, callbacks.progress, callbacks.done, callbacks.failed)


def recording(request: RecordTrace, callbacks: Callbacks) -> tuple[Question, Callbacks]:
    """A question for a recording; asked again after the engine died, it may replace the store that it had begun."""
    begun = False

    def ask(number: int) -> Iterator[Request]:
        yield msgspec.structs.replace(request, id=number, overwrite=request.overwrite or begun)

    def progress(report: Progress) -> None:
        nonlocal begun
        begun = bool(request.out)
        callbacks.progress(report)

    return ask, replace(callbacks, progress=progress)


def assembling(on_trace: Callable[[Trace], None], open_store: OpenStore, callbacks: Callbacks) -> Callbacks:
    """Callbacks that assemble a trace of its parts, or open its store, and tell of the whole, or why it failed."""
    builder = TraceBuilder()
    stored: list[StoreOpened] = []

    def part(payload: Payload) -> None:
        if isinstance(payload, TraceHeader | TracePart):
            builder.add(payload)
        elif isinstance(payload, StoreOpened):
            stored[:] = [payload]

    def done() -> None:
        try:
            trace = open_store(stored[-1]) if stored else builder.build()
        except LstmvizError as error:
            callbacks.failed(error)
        else:
            on_trace(trace)

    return Callbacks(part, callbacks.progress, done, callbacks.failed)


def assembling_all(
    request: RecordBatch, on_traces: Callable[[tuple[Trace, ...]], None], callbacks: Callbacks
) -> tuple[Question, Callbacks]:
    """A question for several traces, one after the other, with callbacks that assemble them; asked again, anew."""
    builders: list[TraceBuilder] = []
    most = max(request.size, len(request.sequences))

    def ask(number: int) -> Iterator[Request]:
        builders.clear()
        yield msgspec.structs.replace(request, id=number)

    def part(payload: Payload) -> None:
        if isinstance(payload, TraceHeader):
            builders.append(TraceBuilder())
        if len(builders) > most or (isinstance(payload, TracePart) and not builders):
            raise EngineError("Other traces came on the wire than those that were asked for.")
        if isinstance(payload, TraceHeader | TracePart):
            builders[-1].add(payload)

    def done() -> None:
        try:
            traces = tuple(builder.build() for builder in builders)
        except EngineError as error:
            callbacks.failed(error)
        else:
            on_traces(traces)

    return ask, Callbacks(part, callbacks.progress, done, callbacks.failed)
