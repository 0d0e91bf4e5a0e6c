"""Fetching: what an engine elsewhere writes for a path on this computer comes in parts, and is moved there whole."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.traces.safe_write import replacing, sentence
from lstmviz.wire.elsewhere_messages import (
    BytesRead,
    DropScratch,
    ListScratch,
    MakeScratch,
    ReadBytes,
    ScratchMade,
    TreeListed,
    is_below,
)
from lstmviz.wire.messages import Payload, Progress, Written
from lstmviz.wire.porter import Later
from lstmviz.wire.tickets import Callbacks, Ticket

if TYPE_CHECKING:
    from lstmviz.wire.client import Client

TRIES = 3
"""How often it is begun again where the connection was lost, and the scratch over there with it."""
MOST_FILES = 200_000
EMPTY_AT_ONCE = 200
"""Empty files that are made between two turns of the window."""
Write = Callable[..., Ticket]


class _AbandonedError(Exception):
    """What was fetched is wanted no more; unwinds what was begun beside the target."""


class Fetching:
    """One errand: have it written into the scratch over there, fetch it, tell that it is done. ticket: to cancel it."""

    def __init__(self, client: Client, path: Path, write: Write, callbacks: Callbacks, later: Later) -> None:
        self._client = client
        self._path = path
        self._write = write
        self._callbacks = callbacks
        self._later = later
        self.ticket = Ticket(-1, lambda _number: iter(()), callbacks, self._withdrawn)
        self._current: Ticket | None = None
        self._info: object = None
        self._tries = 0
        self._stack = ExitStack()
        self._scratch = ""
        self._files: deque[tuple[str, int]] = deque()
        self._total = self._done = self._offset = 0
        self._new = path

    def begin(self) -> None:
        """Ask for a place in the scratch."""
        self._tries += 1
        self._info = None
        self._current = self._client.ask(
            MakeScratch(0, self._path.name), on_part=self._on_scratch, on_failed=self._on_failed
        )

    def _on_scratch(self, payload: Payload) -> None:
        if isinstance(payload, ScratchMade):
            self._info, self._scratch = self._client.info, payload.path
            self._current = self._write(
                path=payload.path,
                on_progress=self._callbacks.progress,
                on_done=self._on_written,
                on_failed=self._on_failed,
            )

    def _on_written(self) -> None:
        self._current = self._client.ask(
            ListScratch(0, self._scratch), on_part=self._on_listed, on_failed=self._on_failed
        )

    def _on_listed(self, payload: Payload) -> None:
        if not isinstance(payload, TreeListed):
            return
        names = [name for name, _ in payload.files]
        whole = names == [""]
        if not whole and (not all(map(is_below, names)) or len(names) > MOST_FILES):
            self._on_failed(EngineError("What was written over there has files with impossible names."))
            return
        self._files, self._total = deque(payload.files), sum(size for _, size in payload.files)
        try:
            check_room(self._path, [size for _, size in payload.files])
            self._new = self._stack.enter_context(replacing(self._path, folder=not whole))
        except LstmvizError as error:
            self._on_failed(error)
            return
        self._next()

    def _next(self) -> None:
        """Ask for the next bytes, or move what has come into its place."""
        if self.ticket.over:
            return
        made = 0
        while self._files and self._files[0][1] == 0:
            if made == EMPTY_AT_ONCE:
                self._later(0.0, partial(self._go_on, self._stack))
                return
            name, _ = self._files.popleft()
            made += 1
            try:
                self._store(name, 0, b"")
            except OSError as error:
                self._on_failed(sentence(error, self._path))
                return
        if self._files:
            name, _ = self._files[0]
            self._current = self._client.ask(
                ReadBytes(0, self._scratch, name, self._offset), on_part=self._on_bytes, on_failed=self._on_failed
            )
            return
        try:
            self._stack.close()
        except LstmvizError as error:
            self._on_failed(error)
            return
        self._drop()
        self.ticket.over = True
        self._callbacks.part(Written(str(self._path), self._total))
        self._callbacks.done()

    def _go_on(self, stack: ExitStack) -> None:
        if stack is self._stack:  # not begun again meanwhile
            self._next()

    def _on_bytes(self, payload: Payload) -> None:
        if not isinstance(payload, BytesRead):
            return
        name, size = self._files[0]
        if not payload.data or payload.start != self._offset or self._offset + len(payload.data) > size:
            self._on_failed(EngineError("“{file}” changed over there while it was fetched. Try again.", file=name))
            return
        try:
            self._store(name, self._offset, payload.data)
        except OSError as error:
            self._on_failed(sentence(error, self._path))
            return
        self._offset += len(payload.data)
        self._done += len(payload.data)
        self._callbacks.progress(Progress(self.ticket.id, self._done, self._total))
        if self._offset == size:
            self._files.popleft()
            self._offset = 0
        self._next()

    def _store(self, name: str, start: int, data: bytes) -> None:
        file = self._new / name if name else self._new
        if name and not start:
            file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("r+b" if start else "wb") as stream:
            stream.seek(start)
            stream.write(data)

    def _unwind(self) -> None:
        """Remove what was begun beside the target."""
        stack, self._stack = self._stack, ExitStack()
        self._done = self._offset = 0
        try:
            stack.__exit__(_AbandonedError, _AbandonedError(), None)
        except _AbandonedError:
            return

    def abandon(self) -> None:
        """The window goes, or its engine: nothing is left beside the target, and nobody is told."""
        if not self.ticket.over:
            self.ticket.over = True
            self._unwind()

    def _on_failed(self, error: LstmvizError) -> None:
        if self.ticket.over:
            return
        self._unwind()
        if self._info is not None and self._client.info is not self._info and self._tries < TRIES:
            self.begin()  # another engine answers over there, with another scratch
            return
        self._drop()
        self.ticket.over = True
        self._callbacks.failed(error)

    def _withdrawn(self, _ticket: Ticket) -> None:
        if self._current is not None:
            self._current.cancel()
        self._unwind()
        self._drop()

    def _drop(self) -> None:
        """What was written over there is not needed any more."""
        if self._scratch and self._client.info is self._info:
            self._client.ask(DropScratch(0, self._scratch))


def check_room(path: Path, sizes: list[int]) -> None:
    """Raise EngineError for sizes that no files have, or where the disk has no room for them."""
    if min(sizes, default=0) < 0:
        raise EngineError("What was written over there has files with impossible sizes.")
    try:
        free = shutil.disk_usage(path.absolute().parent).free
    except OSError:  # there is no such folder, which is said when it is written to
        return
    if sum(sizes) > free:
        raise EngineError(
            "There is no room for “{path}”: {wanted:.1f} GB are needed, and {free:.1f} GB are free. Choose another"
            " disk.",
            path=str(path),
            wanted=sum(sizes) / 1e9,
            free=free / 1e9,
        )
