"""A trace store on the engine's computer, read over the wire: what is not here yet is asked for and comes later."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial

from lstmviz.errors import LstmvizError
from lstmviz.wire.elsewhere_messages import BytesRead, OpenStore, ReadBytes
from lstmviz.wire.messages import Payload
from lstmviz.wire.porter import Asks
from lstmviz.wire.tickets import Ticket

IN_FLIGHT = 4
WAITING = 64
"""Questions that wait; older ones are dropped, since whoever still looks asks again."""
CACHED = 128 << 20
Key = tuple[str, int, int]
_log = logging.getLogger(__name__)


class RemotePlace:
    """The files of one store over there; see `lstmviz.traces.places.Place`.

    host: on which the store lies. head: what opening the store reads, which is always at hand. ``arrived`` is called
    for all that came since.
    """

    def __init__(self, name: str, path: str, head: Iterable[BytesRead], ask: Asks, host: str) -> None:
        self.host = host
        self._name = name
        self._path = path
        self._ask = ask
        self.arrived: Callable[[], None] = lambda: None
        self._sizes: dict[str, int] = {}
        self._head: dict[str, bytearray] = {}
        self._cache: OrderedDict[Key, bytes] = OrderedDict()
        self._cached = 0
        self._waiting: OrderedDict[Key, None] = OrderedDict()
        self._asked: dict[Key, Ticket] = {}
        self._coming: dict[Key, bytearray] = {}
        self._open = True
        for piece in head:
            self._take_head(piece)

    @property
    def name(self) -> str:
        """What a person calls the place."""
        return self._name

    def size(self, file: str) -> int | None:
        """See Place.size; None while it is not known."""
        known = self._sizes.get(file)
        if known == -1:
            raise FileNotFoundError(file)
        return known

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes | None:
        """See Place.read."""
        length = self.size(file)
        head = self._head.get(file)
        if head is not None and length is not None:
            stop = length if size is None else min(start + size, length)
            if stop <= len(head):
                return bytes(head[start:stop])
        key = (file, start, -1 if size is None else size)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        if key not in self._asked:
            self._waiting[key] = None
            self._waiting.move_to_end(key)
            while len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
            self._go_on()
        return None

    def lost(self) -> None:
        """The connection is gone: what was asked for is asked for again once the store is open over there anew."""
        self._open = False
        for key, ticket in self._asked.items():
            ticket.cancel()
            self._waiting[key] = None
        self._asked.clear()
        self._coming.clear()

    def reopen(self) -> None:
        """Another engine answers: it must let us read the store first."""
        self._ask(OpenStore(0, self._name), on_done=self._on_reopened, on_failed=self._on_failed)

    def _on_reopened(self) -> None:
        self._open = True
        self._go_on()

    def _go_on(self) -> None:
        """Ask for what was wished for last."""
        while self._open and self._waiting and len(self._asked) < IN_FLIGHT:
            key, _ = self._waiting.popitem()
            self._coming[key] = bytearray()
            self._ask_for(key)

    def _ask_for(self, key: Key) -> None:
        file, start, size = key
        had = len(self._coming[key])
        self._asked[key] = self._ask(
            ReadBytes(0, self._path, file, start + had, -1 if size < 0 else size - had),
            on_part=partial(self._on_bytes, key),
            on_failed=partial(self._on_read_failed, key),
        )

    def _on_bytes(self, key: Key, payload: Payload) -> None:
        if not isinstance(payload, BytesRead) or key not in self._coming:
            return
        file, start, size = key
        self._sizes[file] = payload.size
        coming = self._coming[key]
        coming += payload.data
        wanted = max(payload.size - start, 0) if size < 0 else min(size, max(payload.size - start, 0))
        if payload.data and len(coming) < wanted:
            self._ask_for(key)
            return
        del self._asked[key], self._coming[key]
        self._keep(key, bytes(coming[:wanted]))
        self._go_on()
        self.arrived()

    def _on_read_failed(self, key: Key, error: LstmvizError) -> None:
        self._asked.pop(key, None)
        self._coming.pop(key, None)
        self._on_failed(error)
        self._go_on()

    def _on_failed(self, error: LstmvizError) -> None:
        _log.warning("%s: %s", self._name, error)

    def _keep(self, key: Key, data: bytes) -> None:
        self._cache[key] = data
        self._cached += len(data)
        while self._cached > CACHED and len(self._cache) > 1:
            self._cached -= len(self._cache.popitem(last=False)[1])

    def _take_head(self, piece: BytesRead) -> None:
        self._sizes[piece.file] = piece.size
        known = self._head.setdefault(piece.file, bytearray())
        if piece.start <= len(known):
            known[piece.start : piece.start + len(piece.data)] = piece.data
        elif piece.data:
            self._keep((piece.file, piece.start, len(piece.data)), piece.data)
