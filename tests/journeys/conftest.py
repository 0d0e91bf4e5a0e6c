"""Journeys: the real window and the real engine; whoever leaves something behind fails."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shiboken6
from desk import Desk
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lstmviz import language
from lstmviz.session.settings import Settings
from lstmviz.session.state import SIGNALS


def windows() -> dict[int, str]:
    """The top-level widgets that live, with their names."""
    return {
        id(widget): f"window {type(widget).__name__} “{widget.windowTitle() or widget.objectName()}”"
        for widget in QApplication.topLevelWidgets()
    }


def timers() -> dict[int, str]:
    """The timers that run, with whose they are."""
    running = [one for one in shiboken6.getAllValidWrappers() if isinstance(one, QTimer) and one.isActive()]
    return {id(one): f"timer of {type(one.parent()).__name__}, {one.interval()} ms" for one in running}


def threads() -> dict[int, str]:
    """Python's threads."""
    return {id(one): f"thread “{one.name}”" for one in threading.enumerate()}


def children() -> dict[int, str]:
    """Child processes, those included that nobody has collected."""
    found = {}
    for task in Path("/proc/self/task").glob("*/children"):
        for pid in task.read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found[int(pid)] = f"process {pid}: {command.strip() or 'not collected'}"
    return found


LEFTOVERS: tuple[Callable[[], dict[int, str]], ...] = (windows, timers, threads, children)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left(qapp: QApplication) -> Iterator[None]:
    """What a module's window, timers, threads and processes were is gone when the module is done."""
    before = [found() for found in LEFTOVERS]
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QTest.qWait(20)
    gc.collect()
    left = [
        name
        for known, found in zip(before, LEFTOVERS, strict=True)
        for key, name in found().items()
        if key not in known
    ]
    assert left == []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings and logs of a module's window, whose engine is started before any test has its own."""
    folder = tmp_path_factory.mktemp("journey")
    patch = pytest.MonkeyPatch()
    patch.setenv("LSTMVIZ_HOME", str(folder))
    patch.setenv("LANG", "C.UTF-8")
    language.use("en")
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def shared(home: Path, qapp: QApplication) -> Iterator[Desk]:
    """One window and one engine for a module, with the Reber sample recorded."""
    made = Desk(Settings(theme="light", language="en"), sample="reber")
    made.settled()
    yield made
    made.close()


@pytest.fixture
def desk(shared: Desk) -> Iterator[Desk]:
    """The module's window with the Reber sample alone, at its first step; a test must not leave a dialog open."""
    bring_back(shared)
    yield shared
    open_still = [
        type(widget).__name__
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible() and widget is not shared.window and widget.windowTitle()
    ]
    for widget in QApplication.topLevelWidgets():
        if widget is not shared.window:
            widget.close()
    assert open_still == []


def bring_back(desk: Desk) -> None:
    """Put the window into its first state; what the tests themselves ask for goes through keys and mouse."""
    run = desk.program.dispatcher.run
    desk.settled()
    run("language.set", language="en")
    run("theme.set", theme="light")
    session = desk.session
    for view in session.runs.views:
        run("run.close", id=view.id)
    session.choose_face("cell")
    session.folded = False
    session.flow, session.batch, session.recent = None, (), ()
    first = next(iter(session.opened), 0)
    for entry in list(session.opened):
        if entry != first:
            session.close(entry)
    if not first or not session.opened[first].trace.name.startswith("reber"):
        if first:
            session.close(first)
        run("sample.open", id="reber")
        desk.settled()
    session.inside = session.playing = session.loop = False
    session.set_speed(1.0)
    session.show_signals(SIGNALS)
    run("range.all")
    run("cursor.first")
    run("unit.select", unit=0)
    run("view.reset")
    desk.window.notices.hide()
    desk.window.activateWindow()
    desk.window.centralWidget().setFocus()
    desk.program.dispatcher.announce()
