"""A client on a bench: engines that do what each test says, without a process."""

from __future__ import annotations

from dataclasses import dataclass, field

from lstmviz.wire import client as client_module
from lstmviz.wire.client import Client
from lstmviz.wire.framing import FrameReader, encode
from lstmviz.wire.messages import PROTOCOL, Answer, Done, EngineInfo, Hello, InspectModel, Part, Request
from lstmviz.wire.transport import Listener

INFO = EngineInfo(PROTOCOL, {}, "CPU", ("cpu",), 1, "log")


@dataclass
class Scripted:
    """A transport whose other end is the test."""

    listener: Listener
    heard: list[Request] = field(default_factory=list)
    room: bool = True
    ended: str = ""

    def __post_init__(self) -> None:
        self.reader: FrameReader[Request] = FrameReader(Request)

    def start(self) -> None:
        pass

    def write(self, data: bytes) -> bool:
        self.heard += self.reader.feed(data)
        return self.room

    def close(self, wait: bool = True) -> None:
        self.ended = "closed"

    def kill(self) -> None:
        self.ended = "killed"

    def say(self, *answers: Answer) -> None:
        self.listener.on_bytes(b"".join(encode(answer) for answer in answers))

    def greet(self) -> None:
        self.say(Part(0, INFO), Done(0))

    def asked(self) -> list[Request]:
        return [request for request in self.heard if not isinstance(request, Hello)]


class Bench:
    """A client, the engines it started one after the other, and the states it went through."""

    def __init__(self) -> None:
        self.engines: list[Scripted] = []
        self.states: list[str] = []
        self.told: list[object] = []
        self.client = Client(self._make, self.states.append)

    def _make(self, listener: Listener) -> Scripted:
        self.engines.append(Scripted(listener))
        return self.engines[-1]

    @property
    def engine(self) -> Scripted:
        return self.engines[-1]

    def ready(self) -> Bench:
        self.client.start()
        self.engine.greet()
        return self

    def ask(self, path: str) -> client_module.Ticket:
        tell = self.told.append
        callbacks = (tell, tell, lambda: tell("done " + path), lambda error: tell(str(error)))
        return self.client.ask(InspectModel(0, path), *callbacks)
