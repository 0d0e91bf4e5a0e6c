"""The process of the engine: how it ends, what it loads, and what it does not say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from server_bench import client, csv, model, raw_engine, read_until, record, shared

from lstmviz.errors import EngineError
from lstmviz.wire import pipe_transport
from lstmviz.wire.framing import MAX_FRAME, encode
from lstmviz.wire.messages import (
    Hello,
    InspectModel,
    LoadSequence,
)
from lstmviz.wire.pipe_transport import PipeClient, PipeTransport
from lstmviz.wire.tickets import ignore
from lstmviz.wire.transport import Listener

__all__ = ["client", "csv", "model", "shared"]


LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def test_closing_the_input_ends_the_engine_though_nobody_reads_its_output() -> None:
    with raw_engine() as engine:
        assert engine.stdin is not None
        engine.stdin.close()

        assert engine.wait(30) == 0


def test_closing_the_input_ends_an_engine_that_works(csv: str) -> None:
    with raw_engine() as engine:
        assert engine.stdin is not None
        engine.stdin.write(encode(Hello(0)) + encode(LoadSequence(1, csv)) * 1000)
        engine.stdin.flush()
        read_until(engine, 1)
        engine.stdin.close()

        assert engine.wait(30) == 0


@pytest.mark.parametrize("garbage", [b"\xff" * 64, (MAX_FRAME + 1).to_bytes(8, "little"), b"\x01" + bytes(7) + b"\xc1"])
def test_garbage_ends_the_engine_with_an_error_in_its_log(garbage: bytes) -> None:
    with raw_engine() as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        engine.stdin.write(garbage)
        engine.stdin.flush()

        assert engine.stdout.read() == b""
        assert engine.wait(30) == 1
    log = Path(os.environ["LSTMVIZ_HOME"]) / "engine.log"
    assert "the input cannot be read" in log.read_text(encoding="utf-8")


def test_twenty_kills_in_the_middle_of_a_write_never_hang_the_one_who_asks() -> None:
    for n in range(20):
        exits: list[str] = []
        transport = PipeTransport(Listener(ignore, ignore, partial(exits.append, "dead")))
        transport.start()
        killer = threading.Timer(0.01 * n, os.kill, (transport.pid, signal.SIGKILL))
        killer.start()
        transport.write(encode(InspectModel(1, "nothing")) * 100_000)
        while not exits:
            assert transport.pump(30)
        killer.join()
        assert exits == ["dead"]


def test_an_interrupt_in_the_terminal_is_not_for_the_engine(client: PipeClient, csv: str) -> None:
    client.wait_ready()
    assert client.pipe is not None
    os.kill(client.pipe.pid, signal.SIGINT)

    assert client.answer(LoadSequence(0, csv))
    assert client.state == "ready"


@LINUX
def test_the_engine_maps_no_library_of_qt_and_is_nice(shared: PipeClient, model: str, csv: str) -> None:
    import lstmviz

    record(shared, model, lstmviz.load_sequence(csv))

    assert shared.pipe is not None
    proc = Path("/proc") / str(shared.pipe.pid)
    maps = (proc / "maps").read_text()
    assert "libtorch" in maps
    assert "Qt6" not in maps
    assert "PySide6" not in maps
    assert int((proc / "stat").read_text().rsplit(")", 1)[1].split()[16]) >= 10


def test_what_libraries_print_does_not_reach_the_one_who_asks() -> None:
    code = (
        "import os, sys; from lstmviz.engine import server; taken = server.claim_pipes(); "
        "print('print'); os.write(1, b'write'); os.system('echo child'); sys.stdin.read(); os.write(taken[1], b'frame')"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"x", capture_output=True, timeout=60, check=True)

    assert done.stdout == b"frame"
    assert b"print" in done.stderr
    assert b"write" in done.stderr
    assert b"child" in done.stderr


def test_the_engine_imports_no_qt_and_its_start_no_torch() -> None:
    code = (
        "import sys, lstmviz.engine.server, lstmviz.engine.handlers; "
        "assert not {'PySide6', 'pyqtgraph', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


def test_time_runs_out_for_an_engine_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe_transport, "SECONDS_TO_END", 0.2)
    with PipeClient((sys.executable, "-c", "import time; time.sleep(60)")) as client, pytest.raises(EngineError):
        client.answer(Hello(0), timeout=0.2)


def test_a_command_that_does_not_exist_is_a_failure_with_a_sentence() -> None:
    with PipeClient(("/no/such/engine",)) as client, pytest.raises(EngineError, match="not started again"):
        client.answer(InspectModel(0, "a"))
