"""The client: starts the engine, asks it, drops late answers, and restarts it when it dies. No Qt, no threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Literal

from lstmviz import paths
from lstmviz.errors import EngineError, LstmvizError
from lstmviz.traces.trace import Trace
from lstmviz.wire import framing, tickets
from lstmviz.wire.messages import (
    PROTOCOL,
    Answer,
    Done,
    EngineInfo,
    Failed,
    Hello,
    Part,
    Progress,
    RecordBatch,
    RecordTrace,
    Request,
    WriteTrace,
)
from lstmviz.wire.run_messages import Train
from lstmviz.wire.sentences import failure
from lstmviz.wire.tickets import (
    Callbacks,
    HandedOver,
    OnDone,
    OnFailed,
    OnPart,
    OnProgress,
    OpenStore,
    Outbox,
    Ticket,
    ignore,
    open_here,
)
from lstmviz.wire.transport import Listener, MakeTransport, Transport

State = Literal["stopped", "starting", "ready", "restarting", "lost", "failed"]
"""Lost: the connection to an engine elsewhere, which is tried again after a while."""
DEATHS_ALLOWED = 2
DEATHS_WITHIN = 60.0
"""The third death within so many seconds is a failure; the engine is not started again unless asked to."""
DEATHS_PER_REQUEST = 2
"""A request at which the engine died so often is given up; a training, where that was within a minute and it came no
further meanwhile."""


class Client:
    """Asks the engine, from one thread.

    A question asked before the engine is ready waits for it. If the engine dies it is started again and everything
    unanswered is asked again: all our requests read, or write beside their target and replace it, and a training goes
    on from its last checkpoint.
    """

    def __init__(
        self,
        make_transport: MakeTransport,
        on_state: Callable[[State], None] = ignore,
        open_store: OpenStore = open_here,
    ) -> None:
        """open_store: how a trace that is too large for the wire is opened; an engine elsewhere has its own way."""
        self.state: State = "stopped"
        self.info: EngineInfo | None = None
        self.problem: LstmvizError | None = None
        self._make_transport = make_transport
        self._on_state = on_state
        self._open_store = open_store
        self._transport: Transport | None = None
        self._reader: framing.FrameReader[Answer] = framing.FrameReader(Answer)
        self._tickets: dict[int, Ticket] = {}
        self._outbox = Outbox()
        self._handed_over = HandedOver()
        self._number = 0
        self._deaths: list[float] = []
        self._generation = object()

    @property
    def idle(self) -> bool:
        """Whether no question is unanswered."""
        return not self._tickets

    def start(self) -> None:
        """Start the engine where it is not running; also after a failure."""
        if self._transport is None:
            self._deaths.clear()
            self.problem = None
            self._launch("starting")

    def stop(self, wait: bool = True) -> None:
        """End the engine and forget every question; nobody is called back. wait: until it has ended."""
        for ticket in self._tickets.values():
            ticket.over = True
        self._tickets.clear()
        transport = self._let_go()
        self._set_state("stopped")
        if transport is not None:
            transport.close(wait)

    def ask(
        self,
        request: Request,
        on_part: OnPart = ignore,
        on_progress: OnProgress = ignore,
        on_done: OnDone = ignore,
        on_failed: OnFailed = ignore,
    ) -> Ticket:
        """Ask one request; its id is replaced by the next number. After a failure of the engine it fails at once."""
        return self._submit(tickets.one(request), Callbacks(on_part, on_progress, on_done, on_failed))

    def ask_trace(
        self,
        request: Request,
        on_trace: Callable[[Trace], None],
        on_progress: OnProgress = ignore,
        on_failed: OnFailed = ignore,
    ) -> Ticket:
        """Ask for a trace (RecordTrace, OpenTrace) and get it whole, or from its store where it is too large."""
        callbacks = Callbacks(progress=on_progress, failed=on_failed)
        callbacks = tickets.assembling(on_trace, self._open_store, callbacks)
        if isinstance(request, RecordTrace):
            return self._submit(*tickets.recording(request, callbacks))
        return self._submit(tickets.one(request), callbacks)

    def ask_traces(
        self,
        request: RecordBatch,
        on_traces: Callable[[tuple[Trace, ...]], None],
        on_progress: OnProgress = ignore,
        on_failed: OnFailed = ignore,
    ) -> Ticket:
        """Ask for several traces and get them whole and together."""
        callbacks = Callbacks(progress=on_progress, failed=on_failed)
        return self._submit(*tickets.assembling_all(request, on_traces, callbacks))

    def train(
        self, request: Train, on_part: OnPart = ignore, on_done: OnDone = ignore, on_failed: OnFailed = ignore
    ) -> Ticket:
        """Train a run; the ticket is over when the training is. Every RunBegun but the first follows a restart."""
        callbacks = Callbacks(on_part, done=on_done, failed=on_failed)
        return self._submit(*tickets.going_on(request, callbacks), lasting=True)

    def write_trace(
        self,
        trace: Trace,
        path: str,
        selection: dict[str, object] | None = None,
        on_part: OnPart = ignore,
        on_progress: OnProgress = ignore,
        on_done: OnDone = ignore,
        on_failed: OnFailed = ignore,
        source: str = "",
    ) -> Ticket:
        """Have a trace saved or exported by the path's ending: handed over, or read from its own store ``source``."""
        write = WriteTrace(0, path, selection or {}, source=source)
        callbacks = Callbacks(on_part, on_progress, on_done, on_failed)
        if source:
            return self._submit(tickets.one(write), callbacks)
        return self._submit(lambda number: self._handed_over.question(trace, write)(number), callbacks)

    def _submit(self, question: tickets.Question, callbacks: Callbacks, lasting: bool = False) -> Ticket:
        self._number += 1
        ticket = Ticket(self._number, question, callbacks, self._withdraw, lasting)
        if self.state == "failed":
            ticket.over = True
            callbacks.failed(self.problem or _died_too_often())
            return ticket
        self._tickets[ticket.id] = ticket
        if self.state == "ready":
            self._put(ticket)
            self._send()
        return ticket

    def _put(self, ticket: Ticket) -> None:
        """Have a question asked, behind the others."""
        self._outbox.put(ticket)

    def _frame(self, request: Request) -> bytes:
        """A request as it goes out; raises EngineError."""
        return framing.encode(request)

    def _withdraw(self, ticket: Ticket) -> None:
        self._handed_over.forget(ticket.id)
        if self._tickets.pop(ticket.id, None) is not None and ticket.sent and self.state == "ready":
            self._outbox.cancels.append(ticket.id)
            self._send()

    def _send(self) -> None:
        while (transport := self._transport) is not None and (request := self._outbox.take()) is not None:
            try:
                frame = self._frame(request)
            except LstmvizError as error:
                self._fail(request.id, error)
                continue
            if not transport.write(frame):
                return

    def _launch(self, state: State) -> None:
        self.info, self._outbox, self._handed_over = None, Outbox(), HandedOver()
        self._reader = framing.FrameReader(Answer)
        self._generation = generation = object()
        listener = Listener(
            partial(self._on_bytes, generation),
            partial(self._on_drained, generation),
            partial(self._on_exit, generation),
        )
        self._transport = transport = self._make_transport(listener)
        self._set_state(state)
        transport.start()
        if self._generation is generation:
            transport.write(framing.encode(Hello(0)))

    def _let_go(self) -> Transport | None:
        transport, self._transport, self._generation = self._transport, None, object()
        return transport

    def _on_drained(self, generation: object) -> None:
        if generation is self._generation and self.state == "ready":
            self._send()

    def _on_bytes(self, generation: object, data: bytes) -> None:
        if generation is not self._generation:
            return
        try:
            answers = self._reader.feed(data)
        except EngineError as error:
            self._garbled(error)
            return
        for answer in answers:
            if generation is self._generation:
                self._answered(answer)

    def _garbled(self, error: EngineError) -> None:
        """What came is no message of ours, and the stream has lost its place."""
        self.problem = error
        transport = self._let_go()
        self._died()
        if transport is not None:
            transport.kill()

    def _answered(self, answer: Answer) -> None:
        if answer.id == 0:
            self._introduced(answer)
        elif isinstance(answer, Failed):
            self._fail(answer.id, failure(answer.template, answer.values))
        elif (ticket := self._tickets.get(answer.id)) is not None:
            self._tell(ticket, answer)

    def _tell(self, ticket: Ticket, answer: Part | Progress | Done) -> None:
        if isinstance(answer, Part):
            try:
                ticket.hear(answer.payload)
            except EngineError as error:
                self._fail(ticket.id, error)
        elif isinstance(answer, Progress):
            ticket.callbacks.progress(answer)
        else:
            del self._tickets[ticket.id]
            ticket.over = True
            ticket.callbacks.done()

    def _fail(self, number: int, error: LstmvizError) -> None:
        self._handed_over.forget(number)
        ticket = self._tickets.pop(number, None)
        if ticket is not None:
            ticket.over = True
            ticket.callbacks.failed(error)

    def _introduced(self, answer: Answer) -> None:
        if isinstance(answer, Failed):
            self._give_up(failure(answer.template, answer.values))
        elif self.state != "ready" and isinstance(answer, Part) and isinstance(answer.payload, EngineInfo):
            info = answer.payload
            if info.protocol != PROTOCOL:
                self._give_up(
                    EngineError(
                        "The engine speaks version {found} of the protocol; this window speaks {expected}. "
                        "Install the same version of lstmviz on both sides.",
                        found=info.protocol,
                        expected=PROTOCOL,
                    )
                )
                return
            self.info, self.problem = info, None
            self.state = "ready"
            for ticket in list(self._tickets.values()):
                self._put(ticket)
            self._on_state("ready")
            self._send()

    def _on_exit(self, generation: object) -> None:
        if generation is self._generation:
            self._ended(self._let_go())

    def _ended(self, _transport: Transport | None) -> None:
        """The engine is not there any more."""
        self._died()

    def _died(self) -> None:
        now = time.monotonic()
        self._deaths = [moment for moment in self._deaths if now - moment < DEATHS_WITHIN] + [now]
        suspects = self._blame(self._suspects())
        if len(self._deaths) > DEATHS_ALLOWED:
            self._give_up(self.problem or _died_too_often())
            return
        self._sentence(suspects)
        if self._transport is None and self.state != "stopped":
            self._launch("restarting")

    def _blame(self, suspects: list[Ticket]) -> list[Ticket]:
        """Everything is to be asked again; who is suspected of the death carries it."""
        now = time.monotonic()
        for ticket in self._tickets.values():
            ticket.sent = False
        for ticket in suspects:
            recent = [moment for moment in ticket.deaths if not ticket.lasting or now - moment < DEATHS_WITHIN]
            ticket.deaths = [*recent, now]
        return suspects

    def _sentence(self, suspects: list[Ticket]) -> None:
        """Give up the requests at which the engine died too often."""
        for ticket in suspects:
            if len(ticket.deaths) >= DEATHS_PER_REQUEST:
                self._fail(ticket.id, _given_up())

    def _suspects(self) -> list[Ticket]:
        """Whom the engine was working for when it died: the request it had come to, else every training."""
        sent = [ticket for ticket in self._tickets.values() if ticket.sent]
        asked = next((ticket for ticket in sent if not ticket.lasting), None)
        return sent if asked is None else [asked]

    def _give_up(self, problem: LstmvizError) -> None:
        self.problem = problem
        transport = self._let_go()
        self._set_state("failed")
        if transport is not None:
            transport.kill()
        for number in list(self._tickets):
            self._fail(number, problem)

    def _set_state(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)


def _given_up() -> EngineError:
    return EngineError(
        "The engine died twice at this request, which is given up; see the log in {folder}.",
        folder=str(paths.log_file("engine").parent),
    )


def _died_too_often() -> EngineError:
    return EngineError(
        "The engine died {times} times within {seconds} seconds and is not started again; see the log in {folder}.",
        times=DEATHS_ALLOWED + 1,
        seconds=int(DEATHS_WITHIN),
        folder=str(paths.log_file("engine").parent),
    )
