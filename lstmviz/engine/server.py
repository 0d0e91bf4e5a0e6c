"""``lstmviz engine``: reads requests from standard input, answers on standard output, and nothing else touches either.

The main thread works; a second thread reads, so that a Cancel is seen at once. Trainings go on, phase by phase, while
no request waits. When the input closes, whoever asked is gone: the work under way is stopped at its next place to
stop, trainings write a checkpoint, and the process ends, two seconds later at most.

An engine for a window elsewhere has a heartbeat: where nothing at all was heard for so long, the network is gone, and
that is the same as an input that closes.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import os
import queue
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import msgspec

from lstmviz import __version__, paths
from lstmviz.engine.failures import as_sentence
from lstmviz.engine.handlers import Workshop, answer
from lstmviz.engine.jobs import Job
from lstmviz.errors import EngineError, LstmvizError
from lstmviz.runs.lock import RunLockedError
from lstmviz.wire.elsewhere_messages import Ping
from lstmviz.wire.framing import FrameReader, encode
from lstmviz.wire.messages import PROTOCOL, Cancel, Done, EngineInfo, Failed, Hello, Part, Progress, Request, Upload
from lstmviz.wire.run_messages import Train

READ_AT_ONCE = 1 << 20
SECONDS_TO_STOP = 2.0
"""What is being written is swept up in this time, on a busy machine too; work that has no place to stop is cut off."""
SECONDS_BETWEEN_REPORTS = 0.05
SECONDS_OF_REQUESTS = 0.2
SECONDS_OF_TRAINING = 0.1
"""Where requests never stop coming, trainings have their time between them."""
NICE = 10
"""The window draws first: at nice 0 two busy threads on two cores cost it 50 of its 51 frames a second."""
ROOM = 4096
"""Bytes that an output has room for where ``select`` says it has any: PIPE_BUF of Linux, less than a socket's."""
SECONDS_BETWEEN_TRIES = 0.5

log = logging.getLogger("lstmviz.engine")


class CancelledError(Exception):
    """Whoever asked wants no answer any more; unwinds the work from a place to stop."""


class Inbox:
    """What has come in: requests in order, and at once which of them are cancelled and whether the input is closed.

    heartbeat: seconds without a word after which nobody is there any more, 0 for never.
    """

    def __init__(self, descriptor: int, heartbeat: float = 0.0) -> None:
        self._descriptor = descriptor
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._put_back: set[int] = set()
        self._heard = time.monotonic()
        self._listening = False
        self.on_ping: Callable[[int], None] = lambda _number: None
        self.heartbeat = heartbeat
        self.closed = False
        self.exit_code = 0

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    def expect_heartbeats(self) -> None:
        """From now on: whoever waits for us to introduce ourselves has nothing to say meanwhile."""
        self._heard = time.monotonic()
        if self.heartbeat and not self._listening:
            self._listening = True
            threading.Thread(target=self._listen, name="heartbeat", daemon=True).start()

    @property
    def waiting(self) -> bool:
        """Whether there is a next request, or none will come."""
        return not self._requests.empty()

    def take(self) -> Request | None:
        """The next request, waiting for it; None when the input is closed."""
        return self._requests.get()

    def put_back(self, request: Request, seconds: float) -> None:
        """Have a request come again, a little later; one that is cancelled meanwhile does not."""

        def again() -> None:
            if request.id in self._put_back:
                self._put_back.discard(request.id)
                self._requests.put(request)

        self._put_back.add(request.id)
        timer = threading.Timer(seconds, again)
        timer.daemon = True
        timer.start()

    def check(self, number: int) -> None:
        """Raise CancelledError where the request with this number is no longer wanted."""
        if self.closed or number in self._cancelled:
            raise CancelledError

    def over(self, number: int) -> None:
        """Forget a request that is answered."""
        self._cancelled.discard(number)
        self._put_back.discard(number)

    def _read(self) -> None:
        reader: FrameReader[Request] = FrameReader(Request)
        try:
            while data := os.read(self._descriptor, READ_AT_ONCE):
                self._heard = time.monotonic()
                for request in reader.feed(data):
                    if isinstance(request, Ping):
                        self.on_ping(request.id)
                        continue
                    if isinstance(request, Cancel):
                        self._cancelled.add(request.id)
                    self._requests.put(request)
        except (OSError, EngineError):
            log.exception("the input cannot be read")
            self.exit_code = 1
        self._end()

    def _listen(self) -> None:
        """Wait until nothing was heard for too long."""
        while time.monotonic() - self._heard < self.heartbeat:
            time.sleep(min(1.0, self.heartbeat / 4))
        log.warning("nothing was heard for %g seconds: the network is gone", self.heartbeat)
        self._end()

    def _end(self) -> None:
        self.closed = True
        self._requests.put(None)
        time.sleep(SECONDS_TO_STOP)
        os._exit(self.exit_code)  # the main thread is in the middle of something that has no place to stop


class Server:
    """Answers one request after the other, and trains while none waits."""

    def __init__(self, inbox: Inbox, output: int) -> None:
        self._inbox = inbox
        self._output = output
        self._workshop = Workshop()
        self._reported = 0.0
        self._idle = time.monotonic()
        self._nice = False
        self._sending = threading.Lock()
        self._patience: dict[int, float] = {}
        self._workshop.elsewhere.active = inbox.heartbeat > 0
        self._pings: queue.SimpleQueue[int] = queue.SimpleQueue()
        inbox.on_ping = self._pings.put

    def serve(self) -> None:
        """Answer and train until the input or the output is closed."""
        jobs = self._workshop.jobs
        threading.Thread(target=self._answer_pings, name="pings", daemon=True).start()
        try:
            while True:
                if jobs.restless and self._may_train():
                    self._train(jobs.next())
                elif (request := self._inbox.take()) is not None:
                    self._serve(request)
                else:
                    return
        except BrokenPipeError:
            return
        finally:
            jobs.close()
            self._workshop.elsewhere.close()

    def _may_train(self) -> bool:
        """Whether no request waits, or requests have come so thick that trainings stood still for too long."""
        now = time.monotonic()
        if not self._inbox.waiting:
            self._idle = now
            return True
        return (now - self._idle) % (SECONDS_OF_REQUESTS + SECONDS_OF_TRAINING) >= SECONDS_OF_REQUESTS

    def _train(self, job: Job) -> None:
        """Give a training its turn, and tell what came of it."""
        try:
            use_threads(job.trainer.config.threads)
            for payload in job.turn():
                self._send(Part(job.number, payload))
            if job.over:
                self._workshop.jobs.drop(job)
                self._send(Done(job.number))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 — the edge, as below
            self._workshop.jobs.drop(job)
            self._send(failure(job.number, error))

    def _serve(self, request: Request) -> None:
        if isinstance(request, Cancel):
            self._cancel(request.id)
            return
        try:
            if isinstance(request, Upload):
                self._workshop.take(request)
            elif isinstance(request, Hello):
                info = introduce()
                self._yield_to_the_window()
                self._inbox.expect_heartbeats()
                self._send(Part(request.id, info))
                self._send(Done(request.id))
            else:
                self._answer(request)
        except BrokenPipeError:
            raise
        except CancelledError:
            self._send(Failed(request.id, "Cancelled.", cancelled=True))
        except RunLockedError as error:
            self._wait_or_fail(request, error)
        except Exception as error:  # noqa: BLE001 — the edge: whatever went wrong becomes a sentence
            self._workshop.forget(request.id)
            self._send(failure(request.id, error))

    def _wait_or_fail(self, request: Request, error: RunLockedError) -> None:
        """Ask for a run's lock again for as long as it may be that of an engine whose network is gone."""
        now = time.monotonic()
        until = self._patience.setdefault(request.id, now + self._inbox.heartbeat + 2 * SECONDS_TO_STOP)
        if self._inbox.heartbeat and now < until:
            self._inbox.put_back(request, SECONDS_BETWEEN_TRIES)
        else:
            del self._patience[request.id]
            self._send(failure(request.id, error))

    def _cancel(self, number: int) -> None:
        """Forget a request; a training that it began ends with a checkpoint."""
        self._workshop.forget(number)
        self._inbox.over(number)
        jobs = self._workshop.jobs
        job = jobs.with_number(number)
        if job is not None:
            try:
                jobs.end(job)
                self._send(Failed(number, "Cancelled.", cancelled=True))
            except (LstmvizError, OSError) as error:
                self._send(failure(number, error))

    def _answer(self, request: Request) -> None:
        def report(done: int, total: int) -> None:
            self._inbox.check(request.id)
            now = time.monotonic()
            if now - self._reported > SECONDS_BETWEEN_REPORTS or done == total:
                self._reported = now
                self._send(Progress(request.id, done, total))

        self._inbox.check(request.id)
        use_threads(1)
        pieces = answer(self._workshop, request, report)
        with contextlib.closing(pieces):
            for piece in pieces:
                self._inbox.check(request.id)
                self._send(Part(request.id, piece))
        if not isinstance(request, Train):  # that is done when the training ends
            self._send(Done(request.id))

    def _yield_to_the_window(self) -> None:
        """Work behind the window's drawing from now on, but not before: the import of torch is waited for."""
        if hasattr(os, "nice") and not self._nice:
            os.nice(NICE)
            self._nice = True

    def _answer_pings(self) -> None:
        """Answer heartbeats, in a thread of its own: behind a long answer on a slow network the one that reads must not
        wait, or it would hear nothing meanwhile. Where the output is closed the main thread finds out.
        """
        while True:
            number = self._pings.get()
            with contextlib.suppress(OSError):
                self._send(Done(number))

    def _send(self, message: msgspec.Struct) -> None:
        rest = memoryview(encode(message))
        with self._sending:
            while rest:
                rest = rest[self._write(rest) :]

    def _write(self, data: memoryview) -> int:
        """Write some bytes. With a heartbeat nothing may wait for ever for a network that is gone.

        WORKAROUND (Windows has no ``select`` for pipes): an engine there waits until the system gives the pipe up.
        """
        if not self._inbox.heartbeat or sys.platform == "win32":
            return os.write(self._output, data)
        while not select.select((), (self._output,), (), 0.25)[1]:
            if self._inbox.closed:
                raise BrokenPipeError
        return os.write(self._output, data[:ROOM])


def use_threads(count: int) -> None:
    """Let torch, where it is in use, compute on so many threads; one, but for a training that was told otherwise."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != count:
        torch.set_num_threads(count)


def introduce() -> EngineInfo:
    """The engine's versions and devices; imports torch, which takes a second or two, and sets it to one thread."""
    import torch

    torch.set_num_threads(1)
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices += [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return EngineInfo(
        protocol=PROTOCOL,
        versions={"lstmviz": __version__, "torch": str(torch.__version__), "numpy": version("numpy")},
        device="CPU",
        devices=tuple(devices),
        pid=os.getpid(),
        log=str(paths.log_file("engine")),
        home=str(Path.home()),
    )


def failure(number: int, error: Exception) -> Failed:
    """The sentence for whatever went wrong with a request; what is none yet goes to the log with its traceback."""
    log_path = str(paths.log_file("engine"))
    if isinstance(error, LstmvizError):
        values = {name: value if _is_plain(value) else str(value) for name, value in error.values.items()}
        return Failed(number, error.template, values, log=log_path)  # type: ignore[arg-type]
    log.error("request %s failed", number, exc_info=error)
    return failure(number, as_sentence(error, log_path))


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and type(value) in (str, int, float)


def claim_pipes() -> tuple[int, int]:
    """Our own descriptors for input and output; afterwards fd 0 is empty and fd 1 is stderr, whoever prints."""
    source, target = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 — a device, not a path
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (source, target):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return source, target


def main(heartbeat: float = 0.0) -> int:
    """Serve whoever started us until our input closes, or no heartbeat comes for so many seconds (0: none is needed).

    Ctrl+C in a shared terminal is not meant for us, and of a connection that is gone the input tells.
    """
    source, target = claim_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    faulthandler.enable()
    handler = logging.handlers.RotatingFileHandler(
        paths.log_file("engine"), maxBytes=1 << 20, backupCount=2, encoding="utf-8", delay=True
    )
    logging.basicConfig(handlers=[handler], format="%(asctime)s %(name)s %(levelname)s %(message)s")
    inbox = Inbox(source, heartbeat)
    server = Server(inbox, target)
    inbox.start()
    server.serve()
    logging.shutdown()
    os._exit(inbox.exit_code)  # taking torch down tidily takes longer than whoever waits for us
