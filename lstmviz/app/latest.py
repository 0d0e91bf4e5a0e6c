"""One question at a time; of those that come meanwhile only the newest is still wanted."""

from __future__ import annotations

import time
from collections.abc import Callable

SHARE = 0.05
"""The share of the engine's time for questions that nobody but the window itself repeats."""


class Latest:
    """Begins what is asked for; while that is under way it keeps the newest wish, so that every answer is seen."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way = False
        self._next: Callable[[], None] | None = None
        self._began = 0.0
        self._rests_until = 0.0

    @property
    def rested(self) -> bool:
        """Whether it may be asked again without taking more than SHARE of the time."""
        return not self._under_way and self._clock() >= self._rests_until

    def ask(self, begin: Callable[[], None]) -> None:
        """Begin now, or when what is under way is over."""
        if self._under_way:
            self._next = begin
        else:
            self._begin(begin)

    def over(self) -> None:
        """What was begun is over: begin the newest wish."""
        now = self._clock()
        self._rests_until = now + (now - self._began) * (1 / SHARE - 1)
        self._under_way = False
        begin, self._next = self._next, None
        if begin is not None:
            self._begin(begin)

    def _begin(self, begin: Callable[[], None]) -> None:
        self._under_way = True
        self._began = self._clock()
        begin()
