"""The real window, alone for what needs no engine (``program``), and with it (``engaged``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QDialog

from lstmviz.app.main import Program, load_qt_words
from lstmviz.session.settings import Settings

ENGINE_STARTS_WITHIN = 60_000
"""Milliseconds, on a busy machine."""


def discard(program: Program) -> None:
    """End a window for good: those that linger are painted anew at each switch of theme."""
    program.client.stop()
    load_qt_words("en")  # the application goes on, to other tests
    program.window.close()
    program.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def program(qtbot) -> Iterator[Program]:
    """The window, shown at 1280×800, in English and light, with no trace open."""
    made = Program(Settings(theme="light", language="en"))
    made.equip()
    made.window.resize(1280, 800)
    made.window.show()
    yield made
    discard(made)


@pytest.fixture
def open_trace(program, make_trace) -> Callable[..., int]:
    """open_trace(**as make_trace) -> id: open a trace in the window's session."""

    def open_one(**sizes: int) -> int:
        trace_id = program.dispatcher.session.add_trace(make_trace(**sizes))
        program.dispatcher.announce()
        return trace_id

    return open_one


@pytest.fixture(scope="module")
def living(qapp, tmp_path_factory) -> Iterator[Program]:
    """One window with its engine for all tests of a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSTMVIZ_HOME", str(tmp_path_factory.mktemp("module-home")))
        made = Program(Settings(theme="light", language="en"))
        made.window.resize(1280, 800)
        made.window.show()
        made.start_engine()
        yield made
        made.client.stop()
        made.window.close()
        made.window.deleteLater()


@pytest.fixture
def engaged(living: Program, qtbot) -> Iterator[Program]:
    """The window whose engine answers, with no trace open and nothing under way; a file calls it ``program``."""
    qtbot.waitUntil(lambda: living.dispatcher.snapshot.engine == "ready", timeout=ENGINE_STARTS_WITHIN)
    yield living
    living.recording.cancel()
    for dialog in living.window.findChildren(QDialog):
        if dialog.isVisible():
            dialog.reject()
    for view in living.dispatcher.snapshot.runs:
        living.dispatcher.run("run.close", id=view.id)
    while living.dispatcher.snapshot.trace is not None:
        living.dispatcher.run("trace.close")
    living.opening._model = living.opening._sequence = None
    living.dispatcher.session.notice = None
    living.dispatcher.session.face = "cell"
    living.dispatcher.announce()
