"""A ticket: one question to the engine, with whom to tell of the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.traces.trace import Trace
from lstmviz.wire.builder import TraceBuilder
from lstmviz.wire.codec import trace_to_wire
from lstmviz.wire.messages import Cancel, Payload, Progress, Request, TraceHeader, TracePart, Upload, WriteTrace

OnPart = Callable[[Payload], None]
OnProgress = Callable[[Progress], None]
OnDone = Callable[[], None]
OnFailed = Callable[[LstmvizError], None]
Question = Callable[[int], Iterator[Request]]
"""The requests that ask one question under a request number; called again when it must be asked again."""


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
    """One question: its request number, whether it was sent and is over, and how often the engine died of it."""

    id: int
    question: Question
    callbacks: Callbacks
    withdraw: Callable[[Ticket], None]
    sent: bool = False
    over: bool = False
    deaths: int = 0

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


def upload(trace: Trace, write: WriteTrace) -> Question:
    """The question that hands over a trace in pieces and then asks to write it."""

    def ask(number: int) -> Iterator[Request]:
        for piece in trace_to_wire(trace):
            yield Upload(number, piece)
        yield msgspec.structs.replace(write, id=number)

    return ask


def assembling(on_trace: Callable[[Trace], None], callbacks: Callbacks) -> Callbacks:
    """Callbacks that assemble a trace of its parts and tell of the whole, or why it failed."""
    builder = TraceBuilder()

    def part(payload: Payload) -> None:
        if isinstance(payload, TraceHeader | TracePart):
            builder.add(payload)

    def done() -> None:
        try:
            trace = builder.build()
        except EngineError as error:
            callbacks.failed(error)
        else:
            on_trace(trace)

    return Callbacks(part, callbacks.progress, done, callbacks.failed)
