"""The real window without its engine: nothing here asks for what only the engine can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

from lstmviz.app.main import Program, load_qt_words
from lstmviz.session.settings import Settings


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
