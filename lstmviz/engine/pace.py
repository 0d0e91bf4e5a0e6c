"""How fast a training goes, and how long it will take: over the last few seconds in which it worked."""

from __future__ import annotations

from collections import deque

_APART = 0.25
_MARKS = 20


class Pace:
    """Seconds of work, examples read and share done, marked four times a second; pauses do not count."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._examples = 0.0
        self._done = 0.0
        self._marks: deque[tuple[float, float, float]] = deque(maxlen=_MARKS)

    def work(self, seconds: float) -> None:
        """So many seconds went by in working."""
        self._seconds += seconds

    def reach(self, examples: float, done: float) -> None:
        """So many more examples were read; ``done`` is the share of the whole training that is done now."""
        self._examples += examples
        self._done = done
        if not self._marks or self._seconds - self._marks[-1][0] >= _APART:
            self._marks.append((self._seconds, self._examples, done))

    @property
    def worked(self) -> float:
        """Seconds of work so far."""
        return self._seconds

    @property
    def speed(self) -> float:
        """Examples a second, 0 while nobody knows."""
        seconds, examples, _ = self._gone()
        return examples / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at this pace, None while nobody knows."""
        seconds, _, done = self._gone()
        return (1 - self._done) * seconds / done if seconds > 0 and done > 0 else None

    def _gone(self) -> tuple[float, float, float]:
        if not self._marks:
            return 0.0, 0.0, 0.0
        seconds, examples, done = self._marks[0]
        return self._seconds - seconds, self._examples - examples, self._done - done
