"""Saving the stepping as an animation: the window walks through the visible steps and each is a frame."""

from __future__ import annotations

import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QSize, Qt, QTimer
from PySide6.QtGui import QImage

from lstmviz.app.ask_where import ask_where
from lstmviz.app.shell import MainWindow
from lstmviz.errors import LstmvizError
from lstmviz.language import tr
from lstmviz.session.player import STEPS_A_SECOND
from lstmviz.session.snapshot import Task
from lstmviz.session.state import Place


class Filming(QObject):
    """One frame at a time between the window's events, so that cancel works at once."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._dispatcher = window.dispatcher
        self._frames: Iterator[tuple[int, int]] | None = None
        self._path = ""
        self._size = QSize()
        self._began = 0.0
        self._place = Place()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._on_timeout)

    def ask(self) -> None:
        """Ask for a place and film the visible steps of cell and timeline there."""
        from lstmviz.app.animation import WRITERS

        ask_where(self._window, tr("Save an animation"), "lstmviz.gif", WRITERS, self.film)

    def film(self, path: str) -> None:
        """Film the visible steps into a file."""
        from lstmviz.app.animation import animate

        session = self._dispatcher.session
        if session.trace is None or self._frames is not None:
            return
        session.playing = False
        self._path, self._place, self._size = path, session.place, self._window.splitter.size()
        self._began = time.monotonic()
        steps = range(session.place.start, session.place.stop)
        self._frames = animate(self._draw, steps, path, frames_per_second=STEPS_A_SECOND * session.speed)
        self._timer.start()

    def cancel(self) -> None:
        """Stop filming; a file that was there stays as it was."""
        if self._frames is not None:
            self._frames.close()  # type: ignore[attr-defined]
            self._end()

    def _draw(self, t: int) -> QImage:
        from lstmviz.app.pictures import draw

        self._dispatcher.session.set_cursor(t)
        self._dispatcher.announce()
        image = draw(self._window.splitter)
        if image.size() == self._size:
            return image
        # the window was resized meanwhile; every frame has the size of the first
        smooth = Qt.TransformationMode.SmoothTransformation
        return image.scaled(self._size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)

    def _on_timeout(self) -> None:
        if self._frames is None:
            return
        session = self._dispatcher.session
        try:
            done, total = next(self._frames)
        except StopIteration:
            self._end()
            session.notify(tr("Saved: {path}", path=self._path))
        except LstmvizError as error:
            self._end()
            session.notify(str(error), "error")
        else:
            left = (time.monotonic() - self._began) * (total - done) / done if done else None
            session.task = Task(tr("Drawing the animation"), done, total, left)
        self._dispatcher.announce()

    def _end(self) -> None:
        self._timer.stop()
        self._frames = None
        self._dispatcher.session.task = None
        self._dispatcher.session.restore(self._place)
