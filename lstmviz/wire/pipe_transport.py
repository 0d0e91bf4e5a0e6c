"""The engine as a child process on plain pipes, for the command line, the library and the tests: no Qt."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Callable
from collections.abc import Sequence as Words
from typing import IO

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.wire.client import Client, State
from lstmviz.wire.host import Ended
from lstmviz.wire.messages import EngineInfo, Payload, Request
from lstmviz.wire.tickets import Ticket, ignore
from lstmviz.wire.transport import SECONDS_TO_END, Listener, engine_command, stderr_log, tail_of

CHUNK = 1 << 16
SECONDS_TO_LEAVE = 1.0


class PipeTransport:
    """One engine on pipes, of which this process holds only its own ends; ``pump`` reports what has come.

    A thread reads and queues, so that the engine never waits for us while we write to it. taken: bytes that it took.
    """

    def __init__(self, listener: Listener, command: Words[str] = ()) -> None:
        self.taken = 0
        self._listener = listener
        self._command = command or engine_command()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._log = stderr_log(self._command)

    @property
    def ended(self) -> Ended:
        """How it came to its end."""
        process = self._process
        code = -1 if process is None or process.returncode is None or process.returncode < 0 else process.returncode
        return Ended(code, process is not None, tail_of(self._log))

    @property
    def pid(self) -> int:
        """The engine's process id, 0 where it did not start."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the child; its stderr goes to a log of its own."""
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0
                )
        except OSError:
            self._arrived.put(b"")
            return
        assert self._process.stdout is not None
        stdout = self._process.stdout
        self._thread = threading.Thread(target=self._read, args=(stdout,), name="engine reader", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> bool:
        """Send bytes, waiting until the engine has taken them."""
        if self._process is not None and self._process.stdin is not None:
            rest = memoryview(data)
            with contextlib.suppress(OSError, ValueError):  # it died, which the reader sees
                while rest:
                    written = self._process.stdin.write(rest) or 0
                    self.taken += written
                    rest = rest[written:]
        return True

    def close(self, wait: bool = True) -> None:
        """Close the engine's input and wait for its end, three seconds at most."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_END)
        self.kill()

    def kill(self) -> None:
        """End the engine now, collect its exit and close what is left of the pipes."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._thread is not None:
            self._thread.join(SECONDS_TO_END)

    def pump(self, timeout: float) -> bool:
        """Report what has come, waiting ``timeout`` seconds for it; whether anything had."""
        try:
            data = self._arrived.get(timeout=timeout)
        except queue.Empty:
            return False
        if data:
            self._listener.on_bytes(data)
        else:
            if self._process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):  # it has closed its output, and is about to end
                    self._process.wait(SECONDS_TO_LEAVE)
            self.kill()
            self._listener.on_exit()
        return True

    def _read(self, stdout: IO[bytes]) -> None:
        with stdout:
            while data := stdout.read(CHUNK):
                self._arrived.put(data)
        self._arrived.put(b"")


class PipeClient(Client):
    """A client that waits: ``answer(request)`` asks and gives back the parts; use it in a ``with`` block."""

    def __init__(self, command: Words[str] = (), on_state: Callable[[State], None] = ignore) -> None:
        self._command = command
        self.pipe: PipeTransport | None = None
        super().__init__(self._make_pipe, on_state)

    def __enter__(self) -> PipeClient:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_ready(self, timeout: float = 600.0) -> EngineInfo:
        """Wait until the engine has introduced itself; raises the sentence of its failure."""
        until = time.monotonic() + timeout
        while self.info is None:
            if self.problem is not None:
                raise self.problem
            self._pump(until, timeout)
        return self.info

    def wait(self, ticket: Ticket, timeout: float = 600.0) -> None:
        """Wait until a question is over; raises EngineError after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        while not ticket.over:
            self._pump(until, timeout)

    def answer(self, request: Request, timeout: float = 600.0) -> list[Payload]:
        """Ask, wait and give back every part of the answer; raises the sentence of a failure."""
        parts: list[Payload] = []
        failures: list[LstmvizError] = []
        self.wait(self.ask(request, on_part=parts.append, on_failed=failures.append), timeout)
        for failure in failures:
            raise failure
        return parts

    def _pump(self, until: float, timeout: float) -> None:
        if self.pipe is None or not self.pipe.pump(max(0.0, until - time.monotonic())):
            raise EngineError("The engine did not answer within {seconds} seconds.", seconds=timeout)

    def _make_pipe(self, listener: Listener) -> PipeTransport:
        self.pipe = PipeTransport(listener, self._command)
        return self.pipe
