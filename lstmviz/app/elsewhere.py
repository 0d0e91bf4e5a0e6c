"""Where the engine is: this computer or another one. The window's client, and what the user can ask about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QVBoxLayout

from lstmviz.app.elsewhere_files import companions
from lstmviz.app.engine_process import QProcessTransport
from lstmviz.app.link_bar import LinkBar
from lstmviz.app.shell import MainWindow
from lstmviz.app.stores import default_store
from lstmviz.language import tr
from lstmviz.session.settings import Settings
from lstmviz.session.snapshot import Link, Snapshot, changes
from lstmviz.wire.client import State
from lstmviz.wire.elsewhere import ElsewhereClient
from lstmviz.wire.host import Host, checked_host
from lstmviz.wire.messages import EngineInfo
from lstmviz.wire.remote_place import RemotePlace

if TYPE_CHECKING:
    from lstmviz.app.dialogs.engine_choice import EngineDialog
    from lstmviz.app.dialogs.remote_files import RemoteFilesDialog
    from lstmviz.app.recording import Recording
    from lstmviz.app.training import Training

SECOND = 1000
MILLISECONDS_BETWEEN_ARRIVALS = 100
"""How often, at most, what came of a big trace over there is drawn."""


class Elsewhere(QObject):
    """Makes the client, chooses its engine, and tells the session how the connection is."""

    recording: Recording
    training: Training

    def __init__(self, window: MainWindow, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._dispatcher = dispatcher = window.dispatcher
        self._session = dispatcher.session
        self._settings = settings
        self._was: State = "stopped"
        self._dialog: EngineDialog | None = None
        self._files: RemoteFilesDialog | None = None
        self._arrived: list[RemotePlace] = []
        self._countdown, self._drawing = QTimer(self), QTimer(self)
        self._countdown.setInterval(SECOND)
        self._countdown.timeout.connect(self._on_second)
        self._drawing.setInterval(MILLISECONDS_BETWEEN_ARRIVALS)
        self._drawing.setSingleShot(True)
        self._drawing.timeout.connect(self._on_arrivals_due)
        self.client = ElsewhereClient(
            QProcessTransport, self._later, self._on_state, self._on_link, self._on_arrival, companions
        )
        self.client.choose(next((host for host in self._session.hosts if host.name == settings.engine), None))
        self.bar = self._make_bar()
        self._tell()
        handlers: dict[str, Callable[..., object]] = {
            "engine.choose": self._choose,
            "engine.use": self._use,
            "engine.forget": self._forget,
            "engine.here": self._use,
            "engine.retry": self.client.retry,
            "engine.give_up": self.client.give_up,
            "far.open": self._open_far,
        }
        for command, handler in handlers.items():
            dispatcher.register(command, handler)
        dispatcher.listen(self._on_changed)

    def _make_bar(self) -> LinkBar:
        bar = LinkBar()
        for asks in (bar, self._window.badge):
            asks.asked.connect(self._window.run_command)
        centre = self._window.centralWidget()
        column = None if centre is None else centre.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertWidget(0, bar)
        self._dispatcher.listen(bar.present)
        bar.present(self._dispatcher.snapshot, changes(None, self._dispatcher.snapshot))
        return bar

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        timer = QTimer(self)  # our own: none outlives the window
        timer.setSingleShot(True)
        timer.timeout.connect(call)
        timer.timeout.connect(timer.deleteLater)
        timer.start(round(seconds * SECOND))

    def store_for(self, name: str) -> str:
        """Where a big recording goes unless told: on the engine's computer."""
        return default_store(name) if self.client.host is None else self.client.far_home(f"{name}.zarr")

    # --- what the user asks ---

    def _choose(self) -> None:
        from lstmviz.app.dialogs.engine_choice import EngineDialog

        if self._dialog is None:
            self._dialog = EngineDialog(self._window)
            self._dialog.asked.connect(self._window.run_command)
        self._dialog.offer(self._dispatcher.snapshot)
        self._dialog.open()

    def _use(self, host: str = "", command: str = "") -> None:
        """Use this computer's engine, or another's; open traces stay, and trainings rest with a checkpoint."""
        wanted = checked_host(host, command) if host else None
        if wanted == self.client.host and self.client.state in ("ready", "starting", "restarting"):
            return
        self.recording.cancel()
        self.training.leave()
        self.client.choose(wanted)
        self._settings.engine = "" if wanted is None else wanted.name
        self.client.start()

    def _forget(self, host: str) -> None:
        self._session.hosts = tuple(one for one in self._session.hosts if one.name != host)

    def _open_far(self) -> None:
        from lstmviz.app.dialogs.remote_files import RemoteFilesDialog

        if self._files is None:
            self._files = RemoteFilesDialog(self.client, self._window)
            self._files.chosen.connect(self._on_file_chosen)
        self._files.colour(self._dispatcher.snapshot.theme)
        self._files.look()
        self._files.open()

    def _on_file_chosen(self, path: str, kind: str) -> None:
        far = self.client.far_name(path)
        if kind == "run":
            self._dispatcher.run("run.open_folder", folder=far)
        else:
            self._dispatcher.run("file.open_path", path=far)

    def _on_changed(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        if self._dialog is not None and changed & {"engine", "link", "hosts", "language", "theme"}:
            self._dialog.present(snapshot, changed)
        if self._files is not None and "language" in changed:
            self._files.retranslate()

    # --- how the connection is ---

    def _on_state(self, state: State) -> None:
        before, self._was = self._was, state
        host, session = self.client.host, self._session
        if state == "ready" and host is not None:
            session.hosts = (host, *(one for one in session.hosts if one.name != host.name))
        if state == "ready" and before == "restarting":
            session.notify(self._back(host), "warning")
        if state == "failed" and self.client.problem is not None:
            session.notify(str(self.client.problem), "error")
        if state == "ready" and self.client.info is not None:
            session.device = self.client.info.device.upper()
        session.engine = state
        if state == "lost":
            self._countdown.start()
        else:
            self._countdown.stop()
        self._tell()

    def _back(self, host: Host | None) -> str:
        if host is None:
            return tr("The engine died and was restarted; the open traces are still here.")
        return tr("{host} is back; the open traces are still here, and its trainings go on.", host=host.label)

    def _on_link(self) -> None:
        self._tell()

    def _on_second(self) -> None:
        self._tell()

    def _tell(self) -> None:
        """Put where the engine is and how it answers into the session."""
        client = self.client
        milliseconds = None if client.round_trip is None else max(1, round(client.round_trip * SECOND))
        self._session.link = Link(
            host="" if client.host is None else client.host.label,
            device="" if client.info is None else device_words(client.info),
            milliseconds=milliseconds,
            seconds=max(0, round(client.next_try - time.monotonic())) if client.state == "lost" else 0,
            problem="" if client.problem is None else str(client.problem),
        )
        self._dispatcher.announce()

    # --- what comes of traces that lie over there ---

    def _on_arrival(self, place: RemotePlace) -> None:
        self._arrived.append(place)
        if not self._drawing.isActive():
            self._drawing.start()

    def _on_arrivals_due(self) -> None:
        """Show anew the traces of which something came."""
        names, self._arrived = {place.name for place in self._arrived}, []
        for entry in list(self._session.opened.values()):
            if entry.path in names:
                self._session.replace_trace(entry.id, replace(entry.trace))
        self._dispatcher.announce()


def device_words(info: EngineInfo) -> str:
    """The engine's best device in a few letters: CPU, Apple MPS, or a GPU's name without its maker's."""
    best = info.devices[1] if len(info.devices) > 1 else info.devices[0] if info.devices else info.device
    if best in ("cpu", "mps"):
        return {"cpu": "CPU", "mps": "Apple MPS"}[best]
    words = [word for word in best.split() if word not in ("NVIDIA", "GeForce", "AMD", "Radeon")]
    return f"CUDA {' '.join(words[:2])}"
