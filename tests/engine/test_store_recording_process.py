"""Recording into a store by real processes: the engine, and a command line that is killed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import lstmviz
from lstmviz.cli import main
from lstmviz.engine import streaming
from lstmviz.errors import EngineError, LstmvizError
from lstmviz.nets.build import build_net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import NetSpec, ValueInput
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace
from lstmviz.wire.codec import sequence_to_wire
from lstmviz.wire.messages import OpenTrace, RecordTrace, WriteTrace, Written
from lstmviz.wire.pipe_transport import PipeClient
from lstmviz.wire.store_messages import StoreOpened
from lstmviz.wire.tickets import Callbacks, assembling, open_here

UNITS = 48
LONG = 400_000
"""Steps whose signals would take 460 MB: too many for the wire."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSTMVIZ_HOME", str(tmp_path_factory.mktemp("engine")))
        with PipeClient() as client:
            yield client


def a_net(path: Path, units: int) -> str:
    torch.manual_seed(0)
    save_net(build_net(NetSpec(name="small", input=ValueInput(("a",), (0.0,), (1.0,)), hidden=units), 1), path)
    return str(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return a_net(tmp_path_factory.mktemp("net") / "small.json", UNITS)


@pytest.fixture(scope="module")
def cut_short(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a very long recording that was stopped after its first steps."""
    path = tmp_path_factory.mktemp("store") / "long.zarr"

    def stop(done: int, _total: int) -> None:
        if done > 2000:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "stretch_of", lambda _work: 1000)
        with pytest.raises(KeyboardInterrupt):
            lstmviz.record(lstmviz.load_model(model), a_sequence(LONG), out=path, progress=stop)
    return path


def a_sequence(steps: int) -> Sequence:
    return Sequence(np.random.default_rng(0).normal(size=(steps, 1)), name="noise")


def a_recording(model: str, steps: int, **more: object) -> RecordTrace:
    return RecordTrace(0, model, sequence_to_wire(a_sequence(steps)), **more)


def ask_trace(client: PipeClient, request: RecordTrace | OpenTrace) -> Trace:
    traces: list[Trace] = []
    failures: list[LstmvizError] = []
    client.wait(client.ask_trace(request, traces.append, on_failed=failures.append))
    for failure in failures:
        raise failure
    return traces[0]


def test_the_engine_records_into_a_store_and_says_where_it_lies(client, model, tmp_path) -> None:
    out = tmp_path / "a.zarr"
    (opened,) = client.answer(a_recording(model, 300, out=str(out), dtype="float16"))

    assert isinstance(opened, StoreOpened)
    assert (opened.path, opened.frames) == (str(out), 300)
    assert opened.size == sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    here = lstmviz.record(lstmviz.load_model(model), a_sequence(300))
    np.testing.assert_array_equal(lstmviz.open_trace(out)["c"], here["c"].astype(np.float16))


def test_a_client_opens_what_was_recorded_into_a_store(client, model, tmp_path) -> None:
    trace = ask_trace(client, a_recording(model, 300, out=str(tmp_path / "a.zarr")))
    assert trace.overview is not None
    assert trace.check.passed
    with pytest.raises(EngineError, match="holds a recording already"):
        ask_trace(client, a_recording(model, 10, out=str(tmp_path / "a.zarr")))
    again = ask_trace(client, a_recording(model, 10, out=str(tmp_path / "a.zarr"), overwrite=True))
    assert len(again) == 10


def test_a_store_too_large_for_the_wire_is_opened_where_it_lies(client, cut_short) -> None:
    (opened,) = client.answer(OpenTrace(0, str(cut_short)))
    assert isinstance(opened, StoreOpened)
    trace = ask_trace(client, OpenTrace(0, str(cut_short)))
    assert trace.overview is not None
    assert len(trace) == opened.frames == 2000
    assert f"2000 of {LONG} steps" in trace.recorded.note


def test_a_client_opens_stores_in_its_own_way_where_it_has_one(make_trace, tmp_path) -> None:
    """As that of an engine elsewhere, whose stores are not on this computer."""
    ours, failures = make_trace(), []
    traces: list[Trace] = []
    callbacks = assembling(traces.append, lambda _store: ours, Callbacks(failed=failures.append))
    callbacks.part(StoreOpened("/far/away.zarr", 10, 50))
    callbacks.done()
    assert (traces, failures) == ([ours], [])
    lost = assembling(traces.append, open_here, Callbacks(failed=failures.append))
    lost.part(StoreOpened(str(tmp_path / "gone.zarr"), 10, 50))
    lost.done()
    assert "gone.zarr" in str(failures[0])
    assert traces == [ours]


def test_a_store_is_exported_and_copied_by_its_path(client, cut_short, tmp_path) -> None:
    for name, selection in (("h.npz", {"signals": "h"}), ("copy.zarr", {})):
        request = WriteTrace(0, str(tmp_path / name), selection, source=str(cut_short))
        written = [each for each in client.answer(request) if isinstance(each, Written)]
        assert written[0].size > 2000 * UNITS * 4
    with np.load(tmp_path / "h.npz") as arrays:
        np.testing.assert_array_equal(arrays["layer0/forward/h"], lstmviz.open_trace(cut_short)["h"][:])
    assert len(lstmviz.open_trace(tmp_path / "copy.zarr")) == 2000


def test_a_recording_that_is_cancelled_leaves_what_was_complete(client, model, tmp_path) -> None:
    out = tmp_path / "a.zarr"
    told: list[int] = []
    ticket = client.ask(a_recording(model, LONG, out=str(out)), on_progress=lambda report: told.append(report.done))
    until = time.monotonic() + 60
    while not told or told[-1] < 40_000:
        client._pump(until, 60)
    ticket.cancel()
    with pytest.raises(EngineError):  # answered when the recording has been left
        client.answer(OpenTrace(0, str(tmp_path / "none.zarr")))
    trace = lstmviz.open_trace(out, lazy=True)
    assert told[0] <= len(trace) < LONG
    assert f"{len(trace)} of {LONG} steps" in trace.recorded.note


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_asked_again_after_its_death_the_engine_replaces_the_store_that_it_had_begun(model, tmp_path) -> None:
    out, told = tmp_path / "a.zarr", []
    traces: list[Trace] = []
    failures: list[LstmvizError] = []
    with PipeClient() as client:
        client.wait_ready()
        request = a_recording(model, LONG // 4, out=str(out))
        ticket = client.ask_trace(request, traces.append, told.append, failures.append)
        until = time.monotonic() + 60
        while not told:
            client._pump(until, 60)
        os.kill(client.pipe.pid, signal.SIGKILL)
        client.wait(ticket)
    assert failures == []
    assert len(traces[0]) == LONG // 4
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "long.csv"
    values = np.random.default_rng(0).normal(size=LONG).astype(np.float32)
    path.write_text("a\n" + "\n".join(map(str, values)) + "\n")
    return path


def command(model: str, csv: Path, out: Path) -> subprocess.Popen[str]:
    words = ["record", "--model", model, "--sequence", str(csv), "--out", str(out)]
    return subprocess.Popen([sys.executable, "-m", "lstmviz", *words], stderr=subprocess.PIPE, text=True)


def wait_for(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.01)


def journal_of(out: Path) -> Path:
    return out / "lstmviz" / "journal"


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_a_command_that_is_killed_leaves_a_store_that_opens_and_says_how_far_it_is(
    model, csv, tmp_path, capsys
) -> None:
    out, lines = tmp_path / "a.zarr", random.randint(1, 8)
    process = command(model, csv, out)
    wait_for(lambda: journal_of(out).exists() and journal_of(out).read_bytes().count(b"\n") >= lines)
    process.kill()
    process.communicate()

    assert main(["inspect", str(out)]) == 0

    printed = capsys.readouterr().out
    found = re.search(rf"(\d+) of {LONG} steps", printed)
    assert found is not None
    there = int(found[1])
    assert 0 < there < LONG
    trace = lstmviz.open_trace(out, lazy=True)
    assert len(trace) == there
    x = np.array(csv.read_text().splitlines()[1 : there + 1], np.float32)
    whole = lstmviz.record(lstmviz.load_model(model), x[:, None])
    for name in "ifogch":
        np.testing.assert_allclose(trace[name][:], whole[name], rtol=0, atol=1e-6)


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_ctrl_c_says_what_is_left(csv, tmp_path) -> None:
    out = tmp_path / "a.zarr"
    process = command(a_net(tmp_path / "slow.json", 4 * UNITS), csv, out)  # long enough not to end before
    wait_for(lambda: journal_of(out).exists() and journal_of(out).stat().st_size > 0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.fullmatch(rf"lstmviz: “{re.escape(str(out))}” opens with .* \d+ of {LONG} steps.*\n", said)
