"""Traces beyond memory in the window: what is one, how large a recording gets, and what a damaged store leads to."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from lstmviz.app.tolerant import tolerant
from lstmviz.errors import LstmvizError, TraceError
from lstmviz.language import tr
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.snapshot import Task
from lstmviz.traces.trace import STORED, Trace
from lstmviz.wire.messages import NetSummary

FLOATS = {"float32": 4, "float16": 2}
"""The float types of a recording into a store, with their bytes."""
_MILLISECONDS_BETWEEN_ARRIVALS = 100
"""How often, at most, what came from an address is drawn."""


def is_address(path: str) -> bool:
    """Whether a path is an address of storage elsewhere, such as s3://bucket/a.zarr."""
    scheme, found, _ = path.partition("://")
    return bool(found) and scheme.isalnum() and scheme.lower() != "file"


def recorded_bytes(net: NetSummary, steps: int) -> int:
    """What the signals of a recording take in float32."""
    values = 0
    for layer in net.layers:
        stored = STORED.get(layer.cell, ())
        each = sum(layer.outputs if name == "h" else layer.units for name in stored)
        values += each * len(layer.directions)
    return values * steps * FLOATS["float32"]


def beyond_memory(path: str) -> bool:
    """Whether the signals of a store on this computer are too large to be read whole; False where it cannot be said."""
    from lstmviz.traces.places import place_at
    from lstmviz.traces.store import WHOLE
    from lstmviz.traces.store_root import read_root

    try:
        root = read_root(place_at(path))
    except (LstmvizError, OSError):
        return False
    signals = [meta for name, meta in root.arrays.items() if _is_signal(name)]
    return sum(math.prod(meta.shape) * np.dtype(meta.dtype).itemsize for meta in signals) > WHOLE


def _is_signal(name: str) -> bool:
    lane, _, signal = name.rpartition("/")
    return "/" in lane and "weights" not in lane and "decoder" not in lane and signal not in ("h0", "c0")


class Stores(QObject):
    """Opens stores where they lie, and says once of each that it is damaged or was cut short."""

    _damaged = Signal(int, str)
    _fetched = Signal(object, object, object)
    _arrived = Signal(str)

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__()
        self._dispatcher = dispatcher
        self._said: set[int] = set()
        self._opened = 0
        self._came: set[str] = set()
        self._drawing = QTimer(self, singleShot=True, interval=_MILLISECONDS_BETWEEN_ARRIVALS)
        self._drawing.timeout.connect(self._on_drawing_timeout)
        # views read while they paint, and threads fetch: what comes of it waits for the window's next event
        queued = Qt.ConnectionType.QueuedConnection
        self._damaged.connect(self._on_damaged, queued)
        self._fetched.connect(self._on_fetched, queued)
        self._arrived.connect(self._on_arrived, queued)

    def open(self, path: str) -> Trace:
        """A trace that is read where it lies; raises TraceError."""
        from lstmviz.traces.store import open_trace

        return open_trace(path, lazy=True)

    def fetch(self, url: str, then: Callable[[Trace], None]) -> None:
        """Open a trace at an address, which may take its time; ``then`` gets it unless the user does not wait."""
        task = self._dispatcher.session.task = Task(tr("Opening “{path}”", path=url))
        self._dispatcher.announce()
        threading.Thread(target=self._fetch, args=(url, task, then), name="lstmviz address", daemon=True).start()

    def _fetch(self, url: str, task: Task, then: Callable[[Trace], None]) -> None:
        from lstmviz.app.patient_place import PatientPlace
        from lstmviz.traces.places import place_at
        from lstmviz.traces.store import open_trace

        try:
            place = PatientPlace(place_at(url), partial(self._arrived.emit, url))
            found: Trace | LstmvizError = open_trace(place, lazy=True)
            place.at_once = False
        except LstmvizError as error:
            found = error
        self._fetched.emit(task, found, then)

    def _on_fetched(self, task: Task, found: Trace | LstmvizError, then: Callable[[Trace], None]) -> None:
        session = self._dispatcher.session
        if session.task is not task:  # cancelled, or something else was asked for
            return
        session.task = None
        if isinstance(found, Trace):
            then(found)
        else:
            session.notify(str(found), "error")
        self._dispatcher.announce()

    def _on_arrived(self, url: str) -> None:
        self._came.add(url)
        if not self._drawing.isActive():
            self._drawing.start()

    def _on_drawing_timeout(self) -> None:
        """Show anew the traces of which something came."""
        session, came = self._dispatcher.session, self._came
        self._came = set()
        for entry in [entry for entry in session.opened.values() if entry.path in came]:
            session.replace_trace(entry.id, replace(entry.trace))
            self._dispatcher.announce()

    def watched(self, trace: Trace, path: str = "") -> Trace:
        """The same trace, of which damaged parts are left out and said; one in memory as it is."""
        if not trace.lazy:
            return trace
        self._opened += 1
        here = bool(path) and not is_address(path) and Path(path).exists()
        return tolerant(trace, partial(self._on_damage, self._opened), here=here)

    def _on_damage(self, number: int, error: TraceError) -> None:
        if number not in self._said:
            self._said.add(number)
            self._damaged.emit(number, str(error))

    def _on_damaged(self, _number: int, sentence: str) -> None:
        self._dispatcher.session.notify(sentence, "warning")
        self._dispatcher.announce()


def default_store(name: str) -> str:
    """Where a recording goes unless told: beside the user's other files, under its own name."""
    return str(Path.home() / f"{name}.zarr")
