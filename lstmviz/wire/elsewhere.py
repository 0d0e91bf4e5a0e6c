"""A client whose engine may be on another computer: files are brought over, and a lost connection is tried again."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.language import tr
from lstmviz.traces.trace import Trace
from lstmviz.wire import framing
from lstmviz.wire.client import Client, State
from lstmviz.wire.elsewhere_messages import RUNS, BytesRead, Ping
from lstmviz.wire.far_names import FarNames, brought_file, check_here
from lstmviz.wire.fetching import Fetching
from lstmviz.wire.host import HEARTBEAT, SILENCE, Ended, Host, far_name, far_path, garbled, pause, sentence
from lstmviz.wire.messages import Answer, Done, EngineInfo, Failed, OpenTrace, Part, Progress, Request
from lstmviz.wire.porter import Later, Porter, Waiter, progress_of
from lstmviz.wire.remote_place import Head, RemotePlace
from lstmviz.wire.store_messages import StoreOpened
from lstmviz.wire.tickets import (
    Callbacks,
    OnDone,
    OnFailed,
    OnPart,
    OnProgress,
    Question,
    Ticket,
    ignore,
    open_here,
)
from lstmviz.wire.transport import Listener, Transport
from lstmviz.wire.writing_here import WritingHere

_ODD = re.compile(r"[^\w.-]+")


class FarTransport(Transport, Protocol):
    """A transport that knows how it ended."""

    @property
    def ended(self) -> Ended:
        """How it came to its end."""


MakeFarTransport = Callable[[Listener, tuple[str, ...]], FarTransport]
"""Makes a transport of a command line; an empty one is that of this computer's engine."""


def alone(path: Path) -> Mapping[str, Path]:
    """A file that goes with no other; raises OSError where there is none."""
    path.stat()
    return {path.name: path}


class ElsewhereClient(Client):
    """A client for the engine of this computer, or of a host that ssh reaches.

    host: where the engine is, None for here. round_trip: seconds there and back, None where none was measured.
    next_try: when a lost connection is tried again, by `time.monotonic`. ``later`` calls something after some seconds
    on this thread, ``on_link`` hears of new measurements, ``on_arrival`` of bytes that came of a store over there.
    """

    def __init__(
        self,
        make_transport: MakeFarTransport,
        later: Later,
        on_state: Callable[[State], None] = ignore,
        on_link: Callable[[], None] = ignore,
        on_arrival: Callable[[RemotePlace], None] = ignore,
        companions: Callable[[Path], Mapping[str, Path]] = alone,
    ) -> None:
        super().__init__(self._make, on_state, self._open)
        self.host: Host | None = None
        self.round_trip: float | None = None
        self.next_try = 0.0
        self._make_far = make_transport
        self._later = later
        self._on_link = on_link
        self._on_arrival = on_arrival
        self._opening: dict[int, Head] = {}
        self._heads: dict[str, Head] = {}
        self._places: WeakSet[RemotePlace] = WeakSet()
        self._fetchings: WeakSet[Fetching] = WeakSet()
        self._here = WritingHere(lambda listener: make_transport(listener, ()), later)
        self._porter = Porter(self.ask, companions, later)
        self._names = FarNames("", self._porter.there, self._porter.home)
        self._attempts = 0
        self._known = False
        self._heard = 0.0
        self._taken = 0
        self._pings: list[Ticket] = []

    def choose(self, host: Host | None) -> None:
        """Use another engine from the next start on; the one in use ends, and what it was asked fails."""
        waiting = list(self._tickets.values())
        self.stop(wait=False)
        self.host, self._known, self._attempts, self.round_trip = host, False, 0, None
        self._names = FarNames("" if host is None else host.label, self._porter.there, self._porter.home)
        for ticket in waiting:
            ticket.callbacks.failed(EngineError("Another engine is used now; what the last one was asked is not done."))

    def retry(self) -> None:
        """Try a lost connection again now."""
        if self.state == "lost":
            self._launch("restarting")

    def give_up(self) -> None:
        """Try a lost connection no more; what was asked fails."""
        if self.host is not None and self.state in ("lost", "restarting"):
            self._give_up(EngineError("The connection to {host} was given up.", host=self.host.label))

    def stop(self, wait: bool = True) -> None:
        """End the engine and forget every question; nobody is called back, and nothing is left half written here."""
        for fetching in list(self._fetchings):
            fetching.abandon()
        self._forget()
        self._here.stop(wait)
        super().stop(wait)

    def _forget(self) -> None:
        """The connection goes, and with it what is known of the files over there."""
        self._porter.forget()
        self._opening.clear()
        self._heads.clear()
        for place in self._places:
            place.lost()

    def near(self, path: str) -> bool:
        """Whether a path is on this computer while the engine is not."""
        return self.host is not None and far_path(path) is None

    def far_name(self, path: str) -> str:
        """What a path on the engine's computer is called here; itself where the engine is here too."""
        return path if self.host is None else far_name(self.host.label, path)

    def far_home(self, folder: str) -> str:
        """A folder in the home over there, as it is called here."""
        return self.far_name(f"{self.info.home if self.info and self.info.home else '~'}/{folder}")

    def new_run_folder(self, stem: str) -> str:
        """A folder over there that no other run has, called after what is trained."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        name = _ODD.sub("-", stem).strip("-.")[:60] or "run"
        return self.far_home(f"{RUNS}/{name}-{stamp}-{secrets.token_hex(2)}")

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
        """Have a trace saved or exported. To this computer: by its own engine, or what was written over there comes."""
        write = super().write_trace
        if not self.near(path):
            return write(trace, path, selection, on_part, on_progress, on_done, on_failed, source)
        callbacks = Callbacks(on_part, on_progress, on_done, on_failed)
        if not far_path(source):
            return self._here.write(trace, path, selection, callbacks, source)
        writing = partial(write, trace, selection=selection, source=source)
        fetching = Fetching(self, Path(path), writing, callbacks, self._later)
        self._fetchings.add(fetching)
        fetching.begin()
        return fetching.ticket

    def ask_trace(
        self,
        request: Request,
        on_trace: Callable[[Trace], None],
        on_progress: OnProgress = ignore,
        on_failed: OnFailed = ignore,
    ) -> Ticket:
        """Ask for a trace; a store on this computer is opened here, wherever the engine is."""
        if not (isinstance(request, OpenTrace) and self.near(request.path)):
            return super().ask_trace(request, on_trace, on_progress, on_failed)
        path = request.path
        ticket = Ticket(-1, lambda _number: iter(()), Callbacks(), ignore)

        def open_it() -> None:
            if ticket.over:
                return
            ticket.over = True
            try:
                trace = open_here(StoreOpened(path, 0, 0))
            except LstmvizError as error:
                on_failed(error)
            else:
                on_trace(trace)

        self._later(0.0, open_it)
        return ticket

    # --- on the way out ---

    def _make(self, listener: Listener) -> Transport:
        return self._make_far(listener, () if self.host is None else self.host.arguments())

    def _put(self, ticket: Ticket) -> None:
        """Have a question asked once the file that it names is over there."""
        first = _first(ticket.question)
        if isinstance(first, Ping):  # it measures, and must not wait behind what takes its time
            self._outbox.put_first(ticket)
            return
        try:
            if self.host is None and first is not None:
                check_here(first)
            needed = brought_file(first) if self.host is not None and first is not None else None
        except LstmvizError as error:
            self._fail(ticket.id, error)
            return
        if needed is None:
            super()._put(ticket)
            return
        path, lasting = needed
        assert self.host is not None
        progress = progress_of(ticket, tr("Bringing “{file}” to {host}", file=path.name, host=self.host.label))
        ready, failed = partial(self._ready, ticket), partial(self._fail, ticket.id)
        waiter = Waiter(lambda: not ticket.over, ready, progress, failed)
        self._porter.bring(path, lasting, waiter)

    def _ready(self, ticket: Ticket) -> None:
        ticket.callbacks.progress(Progress(ticket.id, 0, 0))
        super()._put(ticket)
        if self.state == "ready":
            self._send()

    def _frame(self, request: Request) -> bytes:
        return framing.encode(request if self.host is None else self._names.sent(request))

    # --- on the way in ---

    def _on_bytes(self, generation: object, data: bytes) -> None:
        self._heard = time.monotonic()
        super()._on_bytes(generation, data)

    def _answered(self, answer: Answer) -> None:
        if self.host is None or not answer.id:
            super()._answered(answer)
            return
        head = self._opening.get(answer.id)
        if isinstance(answer, Part) and head is not None and isinstance(answer.payload, BytesRead):
            if not head.take(answer.payload):
                self._give_up_opening(answer.id)
            return
        if isinstance(answer, Part | Failed):
            answer = self._names.told(answer)
        if isinstance(answer, Part) and isinstance(answer.payload, StoreOpened) and answer.id in self._tickets:
            self._opening[answer.id] = self._heads[answer.payload.path] = Head()
        super()._answered(answer)
        if isinstance(answer, Done | Failed):
            self._drop_head(answer.id)

    def _drop_head(self, number: int) -> None:
        dropped = self._opening.pop(number, None)
        self._heads = {path: head for path, head in self._heads.items() if head is not dropped}

    def _give_up_opening(self, number: int) -> None:
        """The engine says more of a store than any has to say before it is read."""
        self._drop_head(number)
        self._outbox.cancels.append(number)
        self._fail(number, EngineError("What the engine tells of this store is too large. Open the store over there."))
        self._send()

    def _open(self, store: StoreOpened) -> Trace:
        """A store that the engine told of, over the wire where the engine is elsewhere."""
        if self.host is None:
            return open_here(store)
        from lstmviz.traces.store import open_trace

        head = self._heads.pop(store.path, Head())
        place = RemotePlace(store.path, self._names.plain(store.path), head.pieces, self.ask, self.host.label)
        place.arrived = partial(self._on_arrival, place)
        self._places.add(place)
        return open_trace(place, lazy=True)

    def _introduced(self, answer: Answer) -> None:
        info = answer.payload if isinstance(answer, Part) else None
        if self.host is None or not isinstance(info, EngineInfo):
            super()._introduced(answer)
            return
        if self.info is not None:  # it says so again
            return
        self._porter.forget()
        self._attempts, self._known = 0, True
        self._names.user_home = info.home or "~"
        super()._introduced(answer)
        if self.state == "ready":
            for place in self._places:
                if place.host == self.host.label:
                    place.reopen()
            self._beat(self._generation)

    def _garbled(self, error: EngineError) -> None:
        if self.host is None:
            super()._garbled(error)
        elif not self._known:
            self._give_up(garbled(self.host))
        else:
            transport = self._let_go()
            if transport is not None:
                transport.kill()
            self._lose()

    # --- heartbeats and losses ---

    def _beat(self, generation: object) -> None:
        """Say that we are there, and measure how long the answer takes; silence is a lost connection.

        It is said behind an unanswered one too: on a slow network the answer waits for others, and the engine for us.
        """
        if generation is not self._generation or self.state != "ready":
            return
        now = time.monotonic()
        taken = getattr(self._transport, "taken", 0)
        if taken != self._taken:  # a long message of ours is on its way, before which nothing can be answered
            self._taken, self._heard = taken, now
        self._pings = [ping for ping in self._pings if not ping.over]
        if self._pings and now - self._heard > SILENCE:
            transport = self._let_go()
            if transport is not None:
                transport.kill()
            self._lose()
            return
        self._pings.append(self.ask(Ping(0), on_done=partial(self._pong, now)))
        self._later(HEARTBEAT, partial(self._beat, generation))

    def _pong(self, asked: float) -> None:
        self.round_trip = time.monotonic() - asked
        self._on_link()

    def _ended(self, transport: Transport | None) -> None:
        ended = getattr(transport, "ended", None)
        if self.host is None or not isinstance(ended, Ended):
            super()._ended(transport)
            return
        reason = sentence(self.host, ended)
        if not self._known:
            self._give_up(reason)
            return
        self._lose(reason, of_the_engine=ended.of_the_engine and self.state == "ready")

    def _lose(self, reason: EngineError | None = None, of_the_engine: bool = False) -> None:
        """The connection is gone: it is tried again, and what was asked is asked again.

        of_the_engine: the engine over there died, and whoever it worked for is a suspect, as with ours.
        """
        for ping in self._pings:
            ping.cancel()
        self._forget()
        suspects = self._blame(self._suspects() if of_the_engine else [])
        self._sentence(suspects)
        self.problem, self.round_trip, self._pings = reason, None, []
        self._attempts += 1
        seconds = pause(self._attempts)
        self.next_try = time.monotonic() + seconds
        self.state = "lost"
        self._on_state("lost")
        self._generation = generation = object()
        self._later(seconds, partial(self._try_again, generation))

    def _try_again(self, generation: object) -> None:
        if generation is self._generation and self.state == "lost":
            self._launch("restarting")


def _first(question: Question) -> Request | None:
    """The first request of a question, which asking for has no consequences."""
    return next(question(0), None)
