"""Buffers: what was read last of some files, in memory that is used again.

A system takes longer to give a new megabyte to a process than to fill one that it has.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

K = TypeVar("K", bound=Hashable)
Bytes = npt.NDArray[np.uint8]
_SPARE = 4
"""Buffers that nobody needs now and that are kept for who comes next."""


@dataclass(eq=False)
class _Buffer:
    memory: Bytes
    data: Bytes
    users: int = 0
    kept: bool = False


class Buffers(Generic[K]):
    """Bytes by key; those asked for least recently give their memory to others when ``size`` is taken. Safe in threads.

    What is in use is never written over; where all is in use more is taken for that time.
    """

    def __init__(self, size: int) -> None:
        self._size, self._taken = size, 0
        self._kept: OrderedDict[K, _Buffer] = OrderedDict()
        self._spare: list[Bytes] = []
        self._lock = threading.Lock()

    def has(self, key: K) -> bool:
        """Whether something is kept under ``key``."""
        with self._lock:
            return key in self._kept

    @contextmanager
    def held(
        self, key: K, size: int, fill: Callable[[Bytes], bool], *, keep: bool = True
    ) -> Iterator[tuple[Bytes, bool]]:
        """The ``size`` bytes under ``key``, to be looked at inside the with block alone, and what ``fill`` said.

        fill: writes them where they are not kept, and says whether they may be; what it raises is raised.
        """
        with self._lock:
            buffer = self._kept.get(key)
            if buffer is not None:
                self._kept.move_to_end(key)
                buffer.users += 1
        known = True
        if buffer is None:
            memory = self._memory(size)
            buffer = _Buffer(memory, memory[:size], 1)
            try:
                known = fill(buffer.data)
            except BaseException:
                self._leave(buffer)
                raise
            if known and keep:
                self._keep(key, buffer)
        try:
            yield buffer.data, known
        finally:
            self._leave(buffer)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._spare.clear()
            self._taken = 0

    def _memory(self, size: int) -> Bytes:
        """Memory that nobody looks at, somewhat longer where that is there."""
        with self._lock:
            for place, spare in enumerate(self._spare):
                if _serves(spare, size):
                    return self._spare.pop(place)
            found = None
            for key in [key for key, buffer in self._kept.items() if not buffer.users]:
                if self._taken + size <= self._size:
                    break
                gone = self._kept.pop(key).memory
                self._taken -= len(gone)
                found = gone if _serves(gone, size) else found
        return np.empty(size, np.uint8) if found is None else found

    def _keep(self, key: K, buffer: _Buffer) -> None:
        with self._lock:
            if key not in self._kept and self._taken + len(buffer.memory) <= self._size:
                self._kept[key] = buffer
                buffer.kept = True
                self._taken += len(buffer.memory)

    def _leave(self, buffer: _Buffer) -> None:
        """One user less; a buffer that is not kept serves who comes next."""
        with self._lock:
            buffer.users -= 1
            if not buffer.kept and len(self._spare) < _SPARE:
                self._spare.append(buffer.memory)


def _serves(memory: Bytes, size: int) -> bool:
    """Whether memory is long enough, and not much too long."""
    return size <= len(memory) <= 2 * size
