"""A user's hands on the real window: keys, clicks, drops and typing go through Qt's window system, not to handlers."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QWheelEvent, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QTreeWidgetItem, QWidget

from lstmviz.app.main import Program, load_qt_words
from lstmviz.runs.config import RunConfig
from lstmviz.session.run_view import RunState, RunView
from lstmviz.session.settings import Settings, load_settings
from lstmviz.session.state import Session

PATIENCE = 60.0
"""Seconds after which what does not come is not coming: an engine starts in three on a quiet machine."""
NONE, CONTROL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
LEFT = Qt.MouseButton.LeftButton
W = TypeVar("W", bound=QWidget)


def wait(condition: Callable[[], object], what: str = "", patience: float = PATIENCE) -> None:
    """Let the event loop run until the condition holds."""
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, f"waited {patience:g} s in vain for {what or condition}"
        QTest.qWait(5)


class Desk:
    """One program with its window open, and what a user can do to it."""

    def __init__(self, settings: Settings | None = None, *, first: bool = False, sample: str = "") -> None:
        self.program = Program(load_settings() if settings is None else settings)
        self.window = self.program.window
        if settings is not None:
            self.window.resize(1400, 900)
        self.window.show()
        self.window.activateWindow()
        wait(self.window.isActiveWindow, "the window to become active")
        wait(lambda: self.program.equipped, "what stands behind the window")
        if first or sample:
            self.program.start_engine()
            self.program.open_first((), sample)

    @property
    def session(self) -> Session:
        """What the user has come to."""
        return self.program.dispatcher.session

    @property
    def notice(self) -> str:
        """The sentence in the notice bar, "" for none."""
        return self.window.notices.sentence()

    @property
    def run(self) -> RunView:
        """The run that is shown."""
        found = self.session.runs.get(self.session.runs.shown)
        assert found is not None, f"no run is shown; {self.notice}"
        return found

    @property
    def folder(self) -> Path:
        """The folder of the run that is shown."""
        return Path(self.run.folder)

    # --- waiting ---

    def settled(self) -> None:
        """Wait until nothing is under way."""
        QTest.qWait(1)
        wait(lambda: self.session.task is None, f"the end of {self.session.task}")
        QTest.qWait(1)

    def ready(self) -> None:
        """Wait until the engine is there."""
        wait(lambda: self.session.engine == "ready", "the engine")

    def until(self, *states: RunState, patience: float = PATIENCE) -> None:
        """Wait until the run that is shown, and its twin, are in one of some states."""
        runs = self.session.runs
        wait(lambda: all(run.state in states for run in runs.with_twin(runs.shown)), f"{states}", patience)
        QTest.qWait(1)

    def dialog(self, kind: type[W]) -> W:
        """Wait for a dialog of a kind and give it back."""
        wait(lambda: self._dialogs(kind), f"a {kind.__name__}")
        dialog = self._dialogs(kind)[0]
        wait(dialog.isActiveWindow, f"{kind.__name__} to become active")
        return dialog

    def _dialogs(self, kind: type[W]) -> list[W]:
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()]

    # --- training ---

    def train(self, *configs: RunConfig, title: str = "A run") -> RunView:
        """Begin a training, or twins, without the form, and wait until it is under way."""
        self.program.dispatcher.run("run.start", configs=configs, title=title)
        wait(lambda: self.run.state != "starting", "the training to begin")
        return self.run

    # --- keys ---

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
        """Press a key where the focus is: shortcuts, focus and pop-ups decide who gets it, as on a real screen."""
        for _ in range(times):
            QTest.keyClick(self._focus(), key, modifiers)
        QTest.qWait(1)

    def type(self, text: str) -> None:
        """Type into whatever has the focus; every line edit under it is emptied first."""
        field = QApplication.focusWidget()
        if isinstance(field, QLineEdit) and field.text():
            self.press(Qt.Key.Key_A, CONTROL)
            self.press(Qt.Key.Key_Delete)
        for letter in text:
            QTest.keyClick(self._focus(), letter)
        QTest.qWait(1)

    def tab_to(self, widget: QWidget) -> None:
        """Press Tab until a control has the focus."""
        for _ in range(200):
            if QApplication.focusWidget() is widget or widget.hasFocus():
                return
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"Tab never reaches {type(widget).__name__} “{widget.accessibleName()}”")

    def run_by_name(self, words: str) -> None:
        """Find a command in the palette and run it."""
        self.press(Qt.Key.Key_K, CONTROL)
        self.dialog(type(self.program.commands._palette))
        self.type(words)
        self.press(Qt.Key.Key_Return)

    def choose_file(self, path: str | Path) -> None:
        """Type a path into the file dialog that opens, and press Enter."""
        dialog = self.dialog(QFileDialog)
        self.type(str(path))
        self.press(Qt.Key.Key_Return)
        wait(lambda: not shiboken6.isValid(dialog) or not dialog.isVisible(), "the file dialog to close")

    def _focus(self) -> QWindow | QWidget:
        """What gets the keys: a pop-up before the window that has the focus."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            return popup
        if not _has_keys(QGuiApplication.focusWindow()):  # a window manager would hand them back after a dialog
            back = QApplication.activeModalWidget() or self.window
            back.windowHandle().requestActivate()
            wait(lambda: _has_keys(QGuiApplication.focusWindow()), "the window to have the keys again")
        return QGuiApplication.focusWindow()

    # --- mouse ---

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Click on the screen where a widget is; whatever lies over it gets the click."""
        assert widget.isVisible(), f"{type(widget).__name__} “{widget.accessibleName()}” cannot be seen"
        at = widget.rect().center() if at is None else at
        QTest.mouseClick(widget.window().windowHandle(), LEFT, NONE, widget.mapTo(widget.window(), at))
        QTest.qWait(1)

    def drag(self, widget: QWidget, start: QPoint, end: QPoint) -> None:
        """Press, move and let go."""
        handle, shift = widget.window().windowHandle(), widget.mapTo(widget.window(), QPoint(0, 0))
        QTest.mousePress(handle, LEFT, NONE, start + shift)
        for part in (0.3, 0.7, 1.0):
            QTest.mouseMove(handle, start + shift + (end - start) * part)
        QTest.mouseRelease(handle, LEFT, NONE, end + shift)
        QTest.qWait(1)

    def hover(self, widget: QWidget, at: QPoint) -> None:
        """Move the mouse."""
        QTest.mouseMove(widget.window().windowHandle(), widget.mapTo(widget.window(), at))
        QTest.qWait(1)

    def wheel(self, widget: QWidget, at: QPoint, notches: int) -> None:
        """Turn the wheel."""
        local, buttons = QPointF(at), Qt.MouseButton.NoButton
        angle, phase = QPoint(0, 120 * notches), Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(
            widget, QWheelEvent(local, widget.mapToGlobal(local), QPoint(), angle, buttons, NONE, phase, False)
        )
        QTest.qWait(1)

    def drop(self, *paths: str | Path, urls: Iterable[str] = ()) -> None:
        """Drag files over the middle of the window and let go."""
        handle, middle = self.window.windowHandle(), QPointF(self.window.rect().center())
        data = QMimeData()
        data.setUrls([*(QUrl.fromLocalFile(str(path)) for path in paths), *(QUrl(url) for url in urls)])
        action = Qt.DropAction.CopyAction
        enter = QDragEnterEvent(middle.toPoint(), action, data, LEFT, NONE)
        QApplication.sendEvent(handle, enter)
        if not enter.isAccepted():
            return
        QApplication.sendEvent(handle, QDragMoveEvent(middle.toPoint(), action, data, LEFT, NONE))
        QApplication.sendEvent(handle, QDropEvent(middle, action, data, LEFT, NONE))
        QTest.qWait(1)

    def rows(self, title: str) -> list[QTreeWidgetItem]:
        """The rows of the library whose text has some words in it."""
        tree = self.window.views["library"].tree
        return tree.findItems(title, Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)

    def double_click_row(self, title: str) -> None:
        """Double click on a row of the library."""
        tree, found = self.window.views["library"].tree, self.rows(title)
        assert found, f"no row “{title}” in the library"
        tree.scrollToItem(found[0])
        at = tree.viewport().mapTo(self.window, tree.visualItemRect(found[0]).center())
        QTest.mouseClick(self.window.windowHandle(), LEFT, NONE, at)
        QTest.mouseDClick(self.window.windowHandle(), LEFT, NONE, at)
        QTest.mouseRelease(self.window.windowHandle(), LEFT, NONE, at)
        QTest.qWait(1)

    # --- the end ---

    def close(self) -> None:
        """Close the window as ``lstmviz.app.main.run`` does, and leave nothing of it."""
        self.window.close()
        self.program.finish()
        load_qt_words("en")  # the process goes on, to other tests
        self.window.deleteLater()
        self.program.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _has_keys(window: QWindow | None) -> bool:
    return window is not None and window.isVisible()


def weights_of(folder: str | Path) -> str:
    """The SHA-256 of the net of a run."""
    return hashlib.sha256((Path(folder) / "net.safetensors").read_bytes()).hexdigest()


def engine_pid(desk: Desk) -> int:
    """The process id of the engine that runs now."""
    assert desk.program.client.info is not None
    return desk.program.client.info.pid


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
