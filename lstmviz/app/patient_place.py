"""A store at an address, read by threads: who draws gets what is here, and the rest when it has come. No Qt."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from lstmviz.errors import LstmvizError
from lstmviz.traces.places import Place
from lstmviz.traces.recent import Recent, RecentErrors

CACHED = 128 << 20
_THREADS = 4
_WAITING = 64
"""Questions that wait; older ones are dropped, since whoever still looks asks again."""
Key = tuple[str, int, int | None]


class PatientPlace:
    """The files of a place that answers slowly.

    While ``at_once`` is set it waits for them, as opening a trace must. Then what is not here is None; it is fetched,
    what was asked for last first, and ``arrived`` is called in one of the threads, also where it could not be fetched:
    the next question is then told why.
    """

    def __init__(self, place: Place, arrived: Callable[[], None]) -> None:
        self.at_once = True
        self._place, self._arrived = place, arrived
        self._kept: Recent[Key, bytes] = Recent(CACHED)
        self._failed: RecentErrors[Key] = RecentErrors()
        self._wanted: deque[Key] = deque(maxlen=_WAITING)
        self._under_way: set[Key] = set()
        self._lock = threading.Lock()
        self._threads = 0

    @property
    def name(self) -> str:
        """The address."""
        return self._place.name

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes | None:
        """See Place.read."""
        key = (file, start, size)
        found = self._kept.get(key)
        if found is not None:
            return found
        self._failed.check(key)
        if not self.at_once:
            self._want(key)
            return None
        found = self._place.read(file, start, size)
        if found is not None:
            self._kept.put(key, found, len(found))
        return found

    def size(self, file: str) -> int | None:
        """See Place.size; not known but at once."""
        return self._place.size(file) if self.at_once else None

    def _want(self, key: Key) -> None:
        with self._lock:
            if key in self._under_way:
                return
            if key in self._wanted:
                self._wanted.remove(key)
            self._wanted.append(key)
            if self._threads < min(_THREADS, len(self._wanted) + len(self._under_way)):
                self._threads += 1
                # a daemon: an address that does not answer must not keep the window's process
                threading.Thread(target=self._work, name="lstmviz address", daemon=True).start()

    def _work(self) -> None:
        """Fetch what is wanted until nothing is."""
        while True:
            with self._lock:
                if not self._wanted:
                    self._threads -= 1
                    return
                key = self._wanted.pop()
                self._under_way.add(key)
            try:
                data = self._place.read(*key)
                if data is not None:
                    self._kept.put(key, data, len(data))
            except (OSError, LstmvizError) as error:
                self._failed.put(key, error)
            finally:
                with self._lock:
                    self._under_way.discard(key)
            self._arrived()
