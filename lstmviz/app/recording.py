"""Work that the engine does for the window: recording, opening, reading and writing, one task at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from lstmviz.errors import LstmvizError
from lstmviz.language import tr
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.snapshot import Task
from lstmviz.traces.trace import Trace
from lstmviz.wire.client import Client
from lstmviz.wire.codec import sequence_from_wire, sequence_to_wire
from lstmviz.wire.messages import (
    InspectModel,
    LoadSequence,
    NetSummary,
    OpenTrace,
    Payload,
    Progress,
    RecordTrace,
    Request,
    SequenceLoaded,
)
from lstmviz.wire.tickets import Ticket

_log = logging.getLogger(__name__)
OnFailed = Callable[[LstmvizError], None]
T = TypeVar("T")
P = TypeVar("P")


class Recording:
    """Asks the engine, shows the task in the session, and hands over what came; a failure is a notice.

    A new task cancels the one before it: only what was asked for last is still wanted.
    """

    def __init__(self, dispatcher: Dispatcher, client: Client) -> None:
        self._dispatcher = dispatcher
        self._client = client
        self._ticket: Ticket | None = None
        self._began = 0.0
        self._what = self._partly = ""
        self._queue: list[Callable[[], None]] = []

    def queue(self, begin: Callable[[], None]) -> None:
        """Call ``begin`` once nothing is under way; a failure before it does not stop it, a cancel does."""
        self._queue.append(begin)
        self._go_on()

    def record(
        self,
        model: str,
        sequence: Sequence,
        then: Callable[[Trace], None],
        failed: OnFailed | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """Record a model file on a sequence; ``whole``: within its whole model. ``failed`` instead of a notice."""
        self._begin(tr("Recording “{name}”", name=sequence.name))
        request = RecordTrace(0, model, sequence_to_wire(sequence), whole=whole)
        on_failed = self._on_failed if failed is None else self._ended(failed)
        self._ticket = self._client.ask_trace(request, self._ended(then), self._on_progress, on_failed)

    def record_store(
        self,
        model: str,
        sequence: Sequence,
        path: str,
        dtype: str,
        then: Callable[[Trace], None],
        *,
        whole: bool = False,
    ) -> None:
        """Record a model file into a store, which the user has agreed to replace; cancelled, its first part stays."""
        self._begin(tr("Recording “{name}”", name=sequence.name), partly=path)
        request = RecordTrace(0, model, sequence_to_wire(sequence), path, dtype, overwrite=True, whole=whole)
        self._ticket = self._client.ask_trace(request, self._ended(then), self._on_progress, self._on_failed)

    def open_trace(self, path: str, then: Callable[[Trace], None]) -> None:
        """Open a trace store."""
        self._begin(tr("Opening “{path}”", path=path))
        self._ticket = self._client.ask_trace(OpenTrace(0, path), self._ended(then), self._on_progress, self._on_failed)

    def load_sequence(
        self,
        path: str,
        options: dict[str, object],
        then: Callable[[Sequence], None],
        failed: OnFailed | None = None,
    ) -> None:
        """Read a sequence file; ``failed`` instead of a notice."""

        def loaded(answer: SequenceLoaded) -> None:
            then(sequence_from_wire(answer.sequence))

        what = tr("Reading “{path}”", path=path)
        self.ask(what, LoadSequence(0, path, options), SequenceLoaded, loaded, failed)

    def inspect(self, model: str, then: Callable[[NetSummary], None], failed: OnFailed | None = None) -> None:
        """What is inside a model file; ``failed`` instead of a notice."""
        self.ask(tr("Reading “{path}”", path=model), InspectModel(0, model), NetSummary, then, failed)

    def ask(
        self,
        what: str,
        request: Request,
        kind: type[P],
        then: Callable[[P], None],
        failed: OnFailed | None = None,
    ) -> None:
        """Ask what is answered by one payload of a kind; ``failed`` instead of a notice."""
        self._begin(what)
        ended = self._ended(then)

        def part(payload: Payload) -> None:
            if isinstance(payload, kind):
                ended(payload)

        on_failed = self._on_failed if failed is None else self._ended(failed)
        self._ticket = self._client.ask(request, part, self._on_progress, _nothing, on_failed)

    def write(
        self,
        trace: Trace,
        path: str,
        selection: dict[str, object],
        then: Callable[[], None],
        failed: OnFailed | None = None,
        source: str = "",
    ) -> None:
        """Save or export a trace by the path's ending; source: the store in which it lies, where it is one."""
        self._begin(tr("Writing “{path}”", path=path))

        def done() -> None:
            self._end()
            then()
            self._go_on()
            self._dispatcher.announce()

        on_failed = self._on_failed if failed is None else self._ended(failed)
        self._ticket = self._client.write_trace(
            trace, path, selection, on_progress=self._on_progress, on_done=done, on_failed=on_failed, source=source
        )

    def cancel(self) -> None:
        """Stop what is under way and what waits; the window keeps what it had."""
        self._queue.clear()
        if self._ticket is not None:
            self._ticket.cancel()
            if self._partly and self._progressed():
                self._dispatcher.session.remember(self._partly)
                self._dispatcher.session.notify(
                    tr("The recording was stopped; what was complete by then opens from “{path}”.", path=self._partly)
                )
        self._end()
        self._dispatcher.announce()

    def _progressed(self) -> bool:
        task = self._dispatcher.session.task
        return task is not None and task.done > 0

    def _begin(self, what: str, partly: str = "") -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        self._began = time.monotonic()
        self._what, self._partly = what, partly
        self._dispatcher.session.task = Task(what)
        self._dispatcher.announce()

    def _end(self) -> None:
        self._ticket = None
        self._dispatcher.session.task = None

    def _ended(self, then: Callable[[T], None]) -> Callable[[T], None]:
        """``then`` after the task is over; a sentence that it raises is a notice like any other."""

        def call(result: T) -> None:
            self._end()
            try:
                then(result)
            except LstmvizError as error:
                self._on_failed(error)
            self._go_on()
            self._dispatcher.announce()

        return call

    def _go_on(self) -> None:
        """Begin what waits, where nothing is under way."""
        while self._queue and self._dispatcher.session.task is None:
            begin = self._queue.pop(0)
            try:
                begin()
            except LstmvizError as error:
                self._on_failed(error)

    def _on_progress(self, progress: Progress) -> None:
        task = self._dispatcher.session.task
        if task is None:
            return
        what = progress.what or self._what
        if what != task.what:  # a file was on its way before
            self._began = time.monotonic()
        elapsed = time.monotonic() - self._began
        left = elapsed * (progress.total - progress.done) / progress.done if progress.done and progress.total else None
        self._dispatcher.session.task = Task(what, progress.done, progress.total, left)
        self._dispatcher.announce()

    def _on_failed(self, error: LstmvizError) -> None:
        _log.warning("%s", error)
        self._end()
        self._dispatcher.session.notify(str(error), "error")
        self._go_on()
        self._dispatcher.announce()


def _nothing() -> None:
    """Done: the part that was asked for has come already."""
