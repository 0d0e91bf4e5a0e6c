"""The engine under Qt's event loop: it starts, answers, dies, comes back and goes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lstmviz.app import engine_process
from lstmviz.app.engine_process import QProcessTransport
from lstmviz.errors import LstmvizError
from lstmviz.traces.trace import Trace
from lstmviz.wire.client import Client
from lstmviz.wire.codec import trace_arrays
from lstmviz.wire.messages import LoadSequence, OpenTrace, Payload, SequenceLoaded
from lstmviz.wire.transport import Listener

WAIT = 60_000


class Engine:
    """A client with the transport it uses now."""

    def __init__(self, command: tuple[str, ...] = ()) -> None:
        self.states: list[str] = []
        self.command = command
        self.transport: QProcessTransport | None = None
        self.client = Client(self._make, self.states.append)

    def _make(self, listener: Listener) -> QProcessTransport:
        self.transport = QProcessTransport(listener, self.command)
        return self.transport

    @property
    def pid(self) -> int:
        assert self.transport is not None
        return self.transport.pid


@pytest.fixture
def engine(qtbot: QtBot) -> Iterator[Engine]:
    engine = Engine()
    engine.client.start()
    yield engine
    engine.client.stop()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_question_is_answered_through_the_event_loop(engine: Engine, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    parts: list[Payload] = []
    ticket = engine.client.ask(LoadSequence(0, str(tmp_path / "a.csv")), on_part=parts.append)
    qtbot.waitUntil(lambda: ticket.over, timeout=WAIT)

    assert engine.states == ["starting", "ready"]
    assert [type(part) for part in parts] == [SequenceLoaded]


def test_a_killed_engine_is_restarted_and_the_question_answered(engine: Engine, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    qtbot.waitUntil(lambda: engine.client.state == "ready", timeout=WAIT)
    before = engine.pid
    ticket = engine.client.ask(LoadSequence(0, str(tmp_path / "a.csv")))
    os.kill(before, signal.SIGKILL)
    qtbot.waitUntil(lambda: ticket.over, timeout=WAIT)

    assert engine.states == ["starting", "ready", "restarting", "ready"]
    assert engine.pid != before


def test_a_large_trace_goes_out_in_pieces_and_comes_back_the_same(
    engine: Engine, qtbot: QtBot, tmp_path: Path, make_trace: Callable[..., Trace]
) -> None:
    trace = make_trace(steps=4000, units=128)
    store = str(tmp_path / "t.zarr")
    opened: list[Trace] = []
    failures: list[LstmvizError] = []
    engine.client.write_trace(trace, store, on_failed=failures.append)
    engine.client.ask_trace(OpenTrace(0, store), opened.append, on_failed=failures.append)
    qtbot.waitUntil(lambda: bool(opened or failures), timeout=WAIT)

    assert failures == []
    found = dict(trace_arrays(opened[0]))
    assert all(found[key].tobytes() == array.tobytes() for key, array in trace_arrays(trace))


def test_stopping_leaves_no_process(engine: Engine, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: engine.client.state == "ready", timeout=WAIT)
    pid = engine.pid
    engine.client.stop()

    assert not is_alive(pid)
    assert engine.states[-1] == "stopped"


def test_stopping_while_it_starts_leaves_no_process(engine: Engine) -> None:
    pid = engine.pid
    engine.client.stop()

    assert not is_alive(pid)


def test_an_engine_that_ignores_the_end_of_its_input_is_killed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_process, "SECONDS_TO_END", 0.2)
    engine = Engine((sys.executable, "-c", "import time; time.sleep(100)"))
    engine.client.start()
    pid = engine.pid
    engine.client.stop()

    assert not is_alive(pid)


def test_an_engine_that_cannot_be_started_is_a_failure_with_a_sentence(qtbot: QtBot) -> None:
    engine = Engine(("/no/such/engine",))
    failures: list[LstmvizError] = []
    engine.client.ask(LoadSequence(0, "a"), on_failed=failures.append)
    engine.client.start()
    qtbot.waitUntil(lambda: engine.client.state == "failed", timeout=WAIT)

    assert "not started again" in str(failures[0])


def test_an_engine_that_dies_at_once_is_a_failure_after_three_deaths(qtbot: QtBot) -> None:
    engine = Engine((sys.executable, "-c", ""))
    engine.client.start()
    qtbot.waitUntil(lambda: engine.client.state == "failed", timeout=WAIT)

    assert engine.states == ["starting", "restarting", "failed"]


def test_an_engine_is_left_to_end_by_itself(engine: Engine, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: engine.client.state == "ready", timeout=WAIT)
    pid = engine.pid
    engine.client.stop(wait=False)
    assert engine.client.state == "stopped"
    qtbot.waitUntil(lambda: not is_alive(pid), timeout=WAIT)
