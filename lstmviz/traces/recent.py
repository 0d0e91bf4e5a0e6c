"""Recent: what was read last, within a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key; those asked for least recently leave when more than ``size`` bytes are kept. Safe in threads."""

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
        """Keep a value of so many bytes, in place of an older one; one that is larger than all is not kept."""
        with self._lock:
            if key in self._kept:
                self._taken -= self._kept.pop(key)[1]
            if size > self._size:
                return
            self._kept[key] = value, size
            self._taken += size
            while self._taken > self._size:
                self._taken -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._taken = 0
