"""The porter: brings files of this computer to an engine elsewhere, by what they hold, each only once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.wire.elsewhere_messages import PART_BYTES, FileSaid, FilesHeld, HaveFiles, PutFile
from lstmviz.wire.messages import Payload, Progress, Request
from lstmviz.wire.tickets import OnDone, OnFailed, OnPart, OnProgress, Ticket

PARTS_IN_FLIGHT = 3
"""So that a far connection is never idle; few, since a heartbeat waits behind them."""
HASHED_AT_ONCE = 4 << 20
"""Bytes between two turns of whoever calls: the window draws meanwhile."""
Companions = Callable[[Path], Mapping[str, Path]]
"""The files that go together with one, itself included, by their names below its folder."""
Later = Callable[[float, Callable[[], None]], None]
"""Call something after so many seconds, on the same thread."""


class Asks(Protocol):
    """Asks one request."""

    def __call__(
        self,
        request: Request,
        on_part: OnPart = ...,
        on_progress: OnProgress = ...,
        on_done: OnDone = ...,
        on_failed: OnFailed = ...,
    ) -> Ticket:
        """See Client.ask."""


@dataclass(frozen=True)
class Waiter:
    """Who waits for a file to be there: whether still, and whom to tell."""

    wanted: Callable[[], bool]
    ready: Callable[[], None]
    progress: Callable[[int, int], None]
    failed: OnFailed


@dataclass(eq=False)
class _Load:
    """One bundle on its way: its files here and as they were said, and how much of each is there."""

    path: Path
    lasting: bool
    waiters: list[Waiter]
    files: tuple[Path, ...] = ()
    said: tuple[FileSaid, ...] = ()
    held: list[int] = field(default_factory=list)
    parts: Iterator[PutFile] | None = None
    in_flight: int = 0
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def wanted(self) -> bool:
        return any(waiter.wanted() for waiter in self.waiters)


@dataclass(frozen=True)
class _Bundle:
    """Files that are over there: in which folder, as they were here, and which of them there are."""

    folder: str
    facts: tuple[tuple[str, int, int], ...]
    files: Mapping[str, Path]


class Porter:
    """Brings files, and knows where each lies over there. Everything is forgotten with the connection."""

    def __init__(self, ask: Asks, companions: Companions, later: Later) -> None:
        self._ask = ask
        self._companions = companions
        self._later = later
        self._hashes: dict[tuple[str, int, int], str] = {}
        self._loads: dict[tuple[Path, bool], _Load] = {}
        self._there: dict[tuple[Path, bool], _Bundle] = {}

    def forget(self) -> None:
        """The connection is gone: what was under way is asked for again, and what is over there may not be any more."""
        for load in self._loads.values():
            load.waiters.clear()
            for ticket in load.tickets:
                ticket.cancel()
        self._loads.clear()
        self._there.clear()

    def there(self, path: Path, lasting: bool) -> str:
        """Where a file of this computer lies over there, "" where it does not, or changed since it was brought."""
        found = self._there.get((path, lasting))
        if found is None or found.facts != self._facts(path):
            return ""
        return f"{found.folder}/{path.name}"

    def home(self, far: str) -> str:
        """The file of this computer that one over there is a copy of, "" for any other, whoever names it."""
        for bundle in self._there.values():
            folder, _, name = far.partition(f"{bundle.folder}/")
            if not folder and name in bundle.files:
                return str(bundle.files[name])
        return ""

    def bring(self, path: Path, lasting: bool, waiter: Waiter) -> None:
        """Bring a file with its companions; the waiter hears of it, whether it is there already or comes."""
        load = self._loads.get((path, lasting))
        if load is not None:
            load.waiters.append(waiter)
            return
        load = self._loads[path, lasting] = _Load(path, lasting, [waiter])
        try:
            found = self._companions(path)
            load.files = tuple(found.values())
            hashing = self._hash(load, found)
        except OSError as error:
            self._fail(load, _unreadable(path, error))
            return
        self._go_on_hashing(load, hashing)

    def _facts(self, path: Path) -> tuple[tuple[str, int, int], ...]:
        try:
            return tuple(_fact(file) for file in self._companions(path).values())
        except OSError:
            return ()

    def _go_on_hashing(self, load: _Load, hashing: Iterator[None]) -> None:
        """Hash a little more, and the rest later."""
        if not self._going_on(load):
            return
        try:
            for _ in hashing:
                self._later(0.0, partial(self._go_on_hashing, load, hashing))
                return
        except OSError as error:
            self._fail(load, _unreadable(load.path, error))
            return
        self._ask_for(load)

    def _going_on(self, load: _Load) -> bool:
        """Whether a load is still the one that brings its file, and for somebody; one for nobody is given up."""
        if self._loads.get((load.path, load.lasting)) is not load:
            return False
        if not load.wanted:
            del self._loads[load.path, load.lasting]
            return False
        return True

    def _hash(self, load: _Load, found: Mapping[str, Path]) -> Iterator[None]:
        """Say what each file holds; every yield is a place to let others do something."""
        said = []
        for name, file in found.items():
            fact = _fact(file)
            if fact not in self._hashes:
                digest = hashlib.sha256()
                with file.open("rb") as stream:
                    while data := stream.read(HASHED_AT_ONCE):
                        digest.update(data)
                        if len(data) == HASHED_AT_ONCE:
                            yield
                self._hashes[fact] = digest.hexdigest()
            said.append(FileSaid(name, fact[1], self._hashes[fact]))
        load.said = tuple(said)

    def _ask_for(self, load: _Load) -> None:
        self._asked(load, HaveFiles(0, load.said, load.lasting), partial(self._on_held, load))

    def _asked(self, load: _Load, request: Request, part: OnPart, done: OnDone = lambda: None) -> None:
        load.tickets = [ticket for ticket in load.tickets if not ticket.over]
        load.tickets.append(
            self._ask(request, on_part=part, on_done=done, on_failed=partial(self._fail, load))
        )  # fmt: skip

    def _on_held(self, load: _Load, payload: Payload) -> None:
        if not isinstance(payload, FilesHeld) or self._loads.get((load.path, load.lasting)) is not load:
            return
        if payload.folder:
            del self._loads[load.path, load.lasting]
            files = {one.name: file for one, file in zip(load.said, load.files, strict=True)}
            facts = tuple(_fact(file) for file in load.files if file.exists())
            self._there[load.path, load.lasting] = _Bundle(payload.folder, facts, files)
            for waiter in load.waiters:
                if waiter.wanted():
                    waiter.ready()
        elif load.parts is not None:
            self._fail(load, EngineError("“{file}” did not come over whole. Try again.", file=str(load.path)))
        else:
            load.held = list(payload.held)
            load.parts = _parts(load)
            self._send_on(load)

    def _send_on(self, load: _Load) -> None:
        """Keep a few parts in flight while anybody wants the file; then have it checked."""
        if not self._going_on(load):
            return
        assert load.parts is not None
        try:
            while load.in_flight < PARTS_IN_FLIGHT and (part := next(load.parts, None)) is not None:
                load.in_flight += 1
                self._asked(load, part, lambda _: None, partial(self._on_put, load, part))
        except OSError as error:
            self._fail(load, _unreadable(load.path, error))
            return
        if not load.in_flight:
            self._ask_for(load)

    def _on_put(self, load: _Load, part: PutFile) -> None:
        load.in_flight -= 1
        load.held[part.place] += len(part.data)
        total = sum(one.size for one in load.said)
        for waiter in load.waiters:
            if waiter.wanted():
                waiter.progress(sum(load.held), total)
        self._send_on(load)

    def _fail(self, load: _Load, error: LstmvizError) -> None:
        if self._loads.get((load.path, load.lasting)) is not load:
            return
        del self._loads[load.path, load.lasting]
        for ticket in load.tickets:
            ticket.cancel()
        for waiter in load.waiters:
            if waiter.wanted():
                waiter.failed(error)


def _parts(load: _Load) -> Iterator[PutFile]:
    """What is missing over there, part by part."""
    from lstmviz.wire.elsewhere_messages import bundle_of

    bundle = bundle_of(load.said)
    for place, (file, said) in enumerate(zip(load.files, load.said, strict=True)):
        start = load.held[place]
        if start == said.size and start:
            continue
        with file.open("rb") as stream:
            stream.seek(start)
            while start < said.size or not said.size:
                data = stream.read(min(PART_BYTES, said.size - start))
                if not data and said.size:
                    return  # it became shorter, which the check over there tells
                yield PutFile(0, bundle, place, start, data, load.lasting)
                start += len(data)
                if not said.size:
                    break


def _fact(file: Path) -> tuple[str, int, int]:
    status = file.stat()
    return str(file), status.st_size, status.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> EngineError:
    return EngineError("“{file}” cannot be read: {reason}.", file=str(path), reason=error.strerror or str(error))


def progress_of(ticket: Ticket, what: str) -> Callable[[int, int], None]:
    """How a ticket tells of what must come before its question can be asked, and what that is."""
    return lambda done, total: ticket.callbacks.progress(Progress(ticket.id, done, total, what))
