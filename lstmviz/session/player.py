"""The player: time that passes becomes steps of the cursor, and updates of the training that is replayed."""

from __future__ import annotations

from lstmviz.session.state import Session

STEPS_A_SECOND = 10.0
"""Whole steps a second at speed 1."""
PHASES_A_SECOND = 2.0
"""Phases a second at speed 1 while playing inside the step: slow enough to read a line of pseudocode."""
PROBES_A_SECOND = 6.0
"""Kept probes a second at speed 1 while the training is replayed: each is fetched and drawn."""


class Player:
    """Moves the session's cursor, and the replay of a training, while they play.

    A late tick skips steps, so that playing never lags.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._owed = 0.0
        self._probes_owed = 0.0

    def rewind(self) -> None:
        """Forget the fractions of a step that are owed: called when playing begins."""
        self._owed = self._probes_owed = 0.0

    def tick(self, seconds: float) -> bool:
        """Let ``seconds`` pass, and return whether anything moved; at its end each axis loops or pauses."""
        stepped = self._tick_steps(seconds)
        return self._tick_training(seconds) or stepped

    def _tick_training(self, seconds: float) -> bool:
        session = self._session
        replay = session.runs.replay(session.place.trace_id)
        if not session.runs.playing or replay is None:
            return False
        self._probes_owed += seconds * PROBES_A_SECOND * session.speed
        whole = int(self._probes_owed)
        if not whole:
            return False
        self._probes_owed -= whole
        at, last = replay.position + whole, len(replay.updates) - 1
        if at > last and session.loop:
            at %= last + 1
        session.runs.playing = session.loop or at < last
        session.runs.replay_at(replay.run, at)
        return True

    def _tick_steps(self, seconds: float) -> bool:
        session = self._session
        if not session.playing or not session.steps:
            return False
        rate = PHASES_A_SECOND if session.inside else STEPS_A_SECOND
        self._owed += seconds * rate * session.speed
        whole = int(self._owed)
        if not whole:
            return False
        self._owed -= whole
        at, last = session.moment + whole, session.moments - 1
        if at > last:
            if session.loop:
                at %= last + 1
            else:
                at = last
                session.playing = False
        elif at == last and not session.loop:
            session.playing = False
        session.set_moment(at)
        return True
