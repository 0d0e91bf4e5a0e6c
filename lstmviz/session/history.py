"""Undo and redo of navigation: jumps of the cursor, selection, visible range, and closing a trace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstmviz.session.state import Opened, Place, Session
from lstmviz.traces.trace import Trace

LENGTH = 200
"""Moves that are kept."""
CLOSED_LENGTH = 5
"""Closed traces that are kept, since each holds its arrays."""
CLOSED_BYTES = 128 << 20
"""What these may hold together, beside the one that was closed last, which is always kept."""
TOGETHER_SECONDS = 0.7
"""Moves of one kind that follow one another faster than this are one move: a drag, a key held down."""


@dataclass(frozen=True)
class Move:
    """One entry: the place to go back to, and the trace that was closed with its position in the list, if any."""

    kind: str
    place: Place
    closed: Opened | None = None
    position: int = 0


class History:
    """Two stacks of moves. What was moved since a move was noted is part of it: undo goes to the place before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._undo: list[Move] = []
        self._redo: list[Move] = []
        self._noted_at = float("-inf")

    @property
    def can_undo(self) -> bool:
        """Whether there is a move to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether a move that was taken back can be made again."""
        return bool(self._redo)

    def note(self, move: Move) -> None:
        """Keep a move that was just made."""
        now = self._clock()
        last = self._undo[-1] if self._undo else None
        together = (
            last is not None
            and last.kind == move.kind
            and last.place.trace_id == move.place.trace_id
            and move.closed is None
            and now - self._noted_at < TOGETHER_SECONDS
        )
        self._noted_at = now
        self._redo.clear()
        if together:
            return
        self._undo.append(move)
        del self._undo[:-LENGTH]
        if move.closed is not None:
            self._bound_closed()

    def undo(self, session: Session) -> None:
        """Take the last move back; a closed trace opens again."""
        while self._undo:
            move = self._undo.pop()
            if move.closed is not None:
                session.reopen(move.closed, move.position)
            elif move.place.trace_id not in session.opened:
                continue  # its trace was closed since and is kept no more
            self._redo.append(Move(move.kind, session.place, move.closed, move.position))
            self._go(session, move.place)
            return

    def redo(self, session: Session) -> None:
        """Make the last move that was taken back again."""
        while self._redo:
            move = self._redo.pop()
            if move.closed is None and move.place.trace_id not in session.opened:
                continue
            self._undo.append(Move(move.kind, session.place, move.closed, move.position))
            if move.closed is not None and move.closed.id in session.opened:
                session.close(move.closed.id)
            self._go(session, move.place)
            return

    def _go(self, session: Session, place: Place) -> None:
        if place.trace_id in session.opened:
            session.activate(place.trace_id)
        session.restore(place)
        self._noted_at = float("-inf")

    def _bound_closed(self) -> None:
        held = 0
        for count, move in enumerate([move for move in self._undo[::-1] if move.closed is not None]):
            held += held_bytes(move.closed.trace) if count and move.closed else 0
            if count >= CLOSED_LENGTH or held > CLOSED_BYTES:
                self._undo.remove(move)


def held_bytes(trace: Trace) -> int:
    """What the arrays of a trace take in memory; what it reads from its store takes nothing."""
    arrays = [trace.inputs, trace.outputs, trace.targets, trace.sequence.values, trace.sequence.times]
    arrays += [array for lane in trace.lanes.values() for array in lane.signals.values()]
    return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
