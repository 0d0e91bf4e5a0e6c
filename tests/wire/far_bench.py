"""An engine elsewhere without Qt: a client on pipes, whose timers run while it waits."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from pathlib import Path

from far_host import FarHost

from lstmviz.errors import LstmvizError
from lstmviz.wire.elsewhere import ElsewhereClient, alone
from lstmviz.wire.messages import Payload, Request
from lstmviz.wire.pipe_transport import PipeTransport
from lstmviz.wire.remote_place import RemotePlace
from lstmviz.wire.tickets import Ticket
from lstmviz.wire.transport import Listener

PATIENCE = 60.0


class FarBench:
    """The client, what it told, the transport that it uses now, and that of the engine here which writes files."""

    def __init__(self, far: FarHost, companions: Callable[..., object] = alone) -> None:
        self.far = far
        self.states: list[str] = []
        self.arrivals: list[RemotePlace] = []
        self.pipe: PipeTransport | None = None
        self.here: PipeTransport | None = None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.client = ElsewhereClient(
            self._make, self._later, self.states.append, on_arrival=self.arrivals.append, companions=companions
        )

    def __enter__(self) -> FarBench:
        self.client.choose(self.far.host)
        self.client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop()

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, f"waited in vain for {what or condition}: {self.states}"
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()
            for pipe in (self.pipe, self.here):
                if pipe is not None:
                    pipe.pump(0.01)

    def answer(self, request: Request) -> list[Payload]:
        parts: list[Payload] = []
        failures: list[LstmvizError] = []
        ticket = self.client.ask(request, on_part=parts.append, on_failed=failures.append)
        self.done(ticket)
        for failure in failures:
            raise failure
        return parts

    def done(self, ticket: Ticket) -> None:
        self.wait(lambda: ticket.over, "an answer")

    def _make(self, listener: Listener, command: tuple[str, ...]) -> PipeTransport:
        made = PipeTransport(listener, command)
        if command:
            self.pipe = made
        else:
            self.here = made
        return made

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), call))


def write_csv(path: Path, rows: int = 3) -> Path:
    path.write_text("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(rows)))
    return path
