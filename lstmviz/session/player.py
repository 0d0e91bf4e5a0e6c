"""The player: time that passes becomes steps of the cursor."""

from __future__ import annotations

from lstmviz.session.snapshot import PHASES
from lstmviz.session.state import Session

STEPS_A_SECOND = 10.0
"""Whole steps a second at speed 1."""
PHASES_A_SECOND = 2.0
"""Phases a second at speed 1 while playing inside the step: slow enough to read a line of pseudocode."""


class Player:
    """Moves the session's cursor while it plays; a late tick skips steps, so that playing never lags."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._owed = 0.0

    def rewind(self) -> None:
        """Forget the fraction of a step that is owed: called when playing begins."""
        self._owed = 0.0

    def tick(self, seconds: float) -> bool:
        """Let ``seconds`` pass, and return whether the cursor moved; at the end it loops or pauses."""
        session = self._session
        if not session.playing or not session.steps:
            return False
        rate = PHASES_A_SECOND if session.inside else STEPS_A_SECOND
        self._owed += seconds * rate * session.speed
        whole = int(self._owed)
        if not whole:
            return False
        self._owed -= whole
        in_step = len(PHASES) if session.inside else 1
        at = session.place.t * in_step + (session.place.phase or 0) + whole
        length = session.steps * in_step
        if at >= length:
            if session.loop:
                at %= length
            else:
                at = length - 1
                session.playing = False
        elif at == length - 1 and not session.loop:
            session.playing = False
        session.set_cursor(at // in_step, at % in_step)
        return True
