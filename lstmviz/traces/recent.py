"""Recent: what was read last, within a number of bytes, and what could not be read lately."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key; those asked for least recently leave when more than ``size`` bytes are kept. Safe in threads.

    The newest stays however large it is: whoever asked for it, and waits, would else never find it.
    """

    def __init__(self, size: int) -> None:
        self._size, self._taken = size, 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value kept under ``key``."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes, in place of an older one."""
        with self._lock:
            if key in self._kept:
                self._taken -= self._kept.pop(key)[1]
            self._kept[key] = value, size
            self._taken += size
            while self._taken > self._size and len(self._kept) > 1:
                self._taken -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._taken = 0


class RecentErrors(Generic[K]):
    """Why something could not be read, for some seconds: whoever asks again meanwhile is told the same.

    Else every picture that says so would ask for it again, and every answer would make a picture. Safe in threads.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._errors: dict[K, tuple[Exception, float]] = {}

    def put(self, key: K, error: Exception) -> None:
        """Remember why ``key`` could not be read."""
        self._errors[key] = error, time.monotonic() + self._seconds

    def check(self, key: K) -> None:
        """Raise the error that was put under ``key`` lately."""
        error, until = self._errors.get(key, (None, 0.0))
        if error is None:
            return
        if time.monotonic() < until:
            raise error.with_traceback(None)
        self._errors.pop(key, None)
