"""A trace store on the engine's computer, read over the wire: what is not here yet is asked for and comes later."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.traces.recent import Recent, RecentErrors
from lstmviz.wire.elsewhere_messages import BytesRead, OpenStore, ReadBytes
from lstmviz.wire.messages import Payload
from lstmviz.wire.porter import Asks
from lstmviz.wire.tickets import Ticket

IN_FLIGHT = 8
WAITING = 256
"""Questions that wait; older ones are dropped, since whoever still looks asks again."""
CACHED = 128 << 20
BLOCK, MOST_IN_BLOCKS = 128 << 10, 8 << 20
"""Bytes that are asked for together, aligned: what is looked at next lies beside them, or overlaps. Up to so many."""
MOST_HEAD = 1 << 30
"""Bytes that opening a store reads at most: the sequence, what the net was given, and words."""
MOST_WHOLE = 256 << 20
"""Bytes of a file that is asked for whole, at most."""
_PIECE_COSTS = 256
Key = tuple[str, int, int]


class Head:
    """What the engine tells of a store that is being opened."""

    def __init__(self) -> None:
        self.pieces: list[BytesRead] = []
        self._size = 0

    def take(self, piece: BytesRead) -> bool:
        """Keep one more piece; False where that is more than any store has."""
        self._size += len(piece.data) + len(piece.file) + _PIECE_COSTS
        if self._size > MOST_HEAD:
            return False
        self.pieces.append(piece)
        return True


class RemotePlace:
    """The files of one store over there; see `lstmviz.traces.places.Place`.

    host: on which the store lies. head: what opening the store reads, which is always at hand. ``arrived`` is called
    for all that came since, also where it could not be read: the next question is then told why. checked: the engine
    over there looks at the checksum of a file of which a part is asked for, so that a step costs its own bytes and not
    those of its chunk.
    """

    checked = True

    def __init__(self, name: str, path: str, head: Iterable[BytesRead], ask: Asks, host: str) -> None:
        self.host = host
        self._name = name
        self._path = path
        self._ask = ask
        self.arrived: Callable[[], None] = lambda: None
        self._sizes: dict[str, int] = {}
        self._head: dict[str, bytearray] = {}
        self._kept: Recent[Key, bytes] = Recent(CACHED)
        self._failed: RecentErrors[Key] = RecentErrors()
        self._waiting: OrderedDict[Key, None] = OrderedDict()
        self._asked: dict[Key, Ticket] = {}
        self._coming: dict[Key, bytearray] = {}
        self._open = True
        self._refused: OSError | None = None
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
        if size is None or size > MOST_IN_BLOCKS:
            return self._at_hand((file, start, -1 if size is None else size))
        first = start - start % BLOCK
        blocks = [self._at_hand((file, at, BLOCK)) for at in range(first, max(start + size, start + 1), BLOCK)]
        found = b"".join(block for block in blocks if block is not None)
        return None if None in blocks else found[start - first : start - first + size]

    def _at_hand(self, key: Key) -> bytes | None:
        """The bytes of a question where they are here; else they are asked for."""
        found = self._kept.get(key)
        if found is not None:
            return found
        if self._refused is not None:
            raise self._refused
        self._failed.check(key)
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
        self._refused = None
        self._ask(OpenStore(0, self._name), on_done=self._on_reopened, on_failed=self._on_reopen_failed)

    def _on_reopened(self) -> None:
        self._open = True
        self._go_on()

    def _on_reopen_failed(self, error: LstmvizError) -> None:
        """The store is not there any more, or not what it was."""
        self._refused = _as_read(error)
        self._waiting.clear()
        self.arrived()

    def _go_on(self) -> None:
        """Ask for what was wished for last."""
        while self._open and self._waiting and len(self._asked) < IN_FLIGHT:
            key, _ = self._waiting.popitem()
            self._coming[key] = bytearray()
            self._ask_for(key)

    def _ask_for(self, key: Key) -> None:
        file, start, size = key
        had = len(self._coming[key])
        ticket = self._ask(
            ReadBytes(0, self._path, file, start + had, -1 if size < 0 else size - had),
            on_part=partial(self._on_bytes, key),
            on_failed=partial(self._on_read_failed, key),
        )
        if not ticket.over:
            self._asked[key] = ticket

    def _on_bytes(self, key: Key, payload: Payload) -> None:
        if not isinstance(payload, BytesRead) or key not in self._coming:
            return
        file, start, size = key
        coming = self._coming[key]
        wanted = max(payload.size - start, 0) if size < 0 else min(size, max(payload.size - start, 0))
        place = (payload.file, payload.start) == (file, start + len(coming))
        if not place or payload.size < -1 or len(coming) + len(payload.data) > wanted or wanted > max(MOST_WHOLE, size):
            self._on_read_failed(key, EngineError("The engine over there sent other bytes than it was asked for."))
            return
        self._sizes[file] = payload.size
        coming += payload.data
        if payload.data and len(coming) < wanted:
            self._ask_for(key)
            return
        del self._asked[key], self._coming[key]
        self._kept.put(key, bytes(coming), wanted)
        self._go_on()
        self.arrived()

    def _on_read_failed(self, key: Key, error: LstmvizError) -> None:
        self._asked.pop(key, None)
        self._coming.pop(key, None)
        self._failed.put(key, _as_read(error))
        self._go_on()
        self.arrived()

    def _take_head(self, piece: BytesRead) -> None:
        self._sizes[piece.file] = piece.size
        known = self._head.setdefault(piece.file, bytearray())
        if piece.start <= len(known):
            known[piece.start : piece.start + len(piece.data)] = piece.data
        elif piece.data:
            self._kept.put((piece.file, piece.start, len(piece.data)), piece.data, len(piece.data))


def _as_read(error: LstmvizError) -> OSError:
    """Why something could not be read, as a place says it: a part of a sentence."""
    return OSError(str(error).rstrip("."))
