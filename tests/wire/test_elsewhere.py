"""An engine that a real ssh server starts: files are brought, results come back, and a lost one costs nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from far_bench import FarBench, write_csv
from far_host import FarHost, far

from lstmviz import paths
from lstmviz.app.elsewhere_files import companions
from lstmviz.engine.trainer import Trainer
from lstmviz.errors import LstmvizError
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import read_run
from lstmviz.runs.metrics import COLUMNS, VALIDATION
from lstmviz.traces.export import export
from lstmviz.traces.store import open_trace, save_trace
from lstmviz.traces.trace import Trace
from lstmviz.wire.codec import sequence_to_wire, trace_arrays
from lstmviz.wire.elsewhere import ElsewhereClient
from lstmviz.wire.elsewhere_messages import BytesRead, FolderListed, ListFolder, OpenStore, ReadBytes
from lstmviz.wire.framing import encode
from lstmviz.wire.host import Ended, Host
from lstmviz.wire.messages import (
    PROTOCOL,
    EngineInfo,
    InspectModel,
    LoadSequence,
    NetSummary,
    OpenTrace,
    Part,
    Progress,
    RecordTrace,
    SequenceLoaded,
)
from lstmviz.wire.run_messages import ReadRun, RunBegun, RunReport, Train
from lstmviz.wire.transport import Listener

__all__ = ["far"]
SMALL = RunConfig(data="reber", hidden=6, examples=40, batch=4, epochs=8, seed=5, checkpoint_every=10, probe_every=20)


@pytest.fixture(scope="module")
def shared(far: FarHost) -> Iterator[FarBench]:
    with FarBench(far, companions) as bench:
        bench.wait(lambda: bench.client.state == "ready", "the engine over there")
        yield bench


def a_net() -> Path:
    return next(path for path in paths.samples().rglob("*.safetensors") if path.with_suffix(".json").exists())


def copies(far: FarHost, name: str) -> list[bytes]:
    return [copy.read_bytes() for copy in (far.home / "uploads").glob(f"*/{name}")]


def test_it_runs_over_there_and_says_how_far_it_is(shared: FarBench) -> None:
    info = shared.client.info
    assert info is not None
    assert info.pid in shared.far.engines()
    assert info.home == str(shared.far.home)
    shared.wait(lambda: shared.client.round_trip is not None, "a heartbeat")
    assert shared.client.round_trip is not None
    assert 0 < shared.client.round_trip < 5


def test_a_sequence_of_this_computer_is_read_over_there_from_a_copy(shared: FarBench, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "mine.csv")
    (loaded,) = shared.answer(LoadSequence(0, str(file)))
    assert isinstance(loaded, SequenceLoaded)
    assert loaded.sequence.names == ("a", "b")
    assert copies(shared.far, "mine.csv") == [file.read_bytes()]
    write_csv(file, 5)
    (loaded,) = shared.answer(LoadSequence(0, str(file)))
    assert isinstance(loaded, SequenceLoaded)
    assert loaded.sequence.values.shape == (5, 2), "a file that changed is brought anew"


def test_a_large_file_comes_over_in_parts_and_tells_how_far_it_is(shared: FarBench, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(300_000, 2)).astype(np.float32)
    np.save(tmp_path / "large.npy", values)
    told: list[Progress] = []
    ticket = shared.client.ask(LoadSequence(0, str(tmp_path / "large.npy")), on_progress=told.append)
    shared.done(ticket)
    size = (tmp_path / "large.npy").stat().st_size
    *coming, there = told
    assert (coming[-1].done, coming[-1].total) == (size, size)
    assert {one.what for one in coming} == {"Bringing “large.npy” to gpu-server"}
    assert there.what == "", "from here on the engine tells how far it is"
    assert [one.done for one in coming] == sorted(one.done for one in coming)
    assert copies(shared.far, "large.npy") == [(tmp_path / "large.npy").read_bytes()]


def test_a_file_that_is_wanted_no_more_is_brought_no_further(shared: FarBench, tmp_path: Path) -> None:
    (tmp_path / "huge.csv").write_bytes(b"a\n" + b"1\n" * (20 << 20))
    shown: list[int] = []
    ticket = shared.client.ask(
        LoadSequence(0, str(tmp_path / "huge.csv")), on_progress=lambda one: shown.append(one.done)
    )
    shared.wait(lambda: shown, "the first part")
    ticket.cancel()
    shared.answer(ListFolder(0))
    assert copies(shared.far, "huge.csv") != [(tmp_path / "huge.csv").read_bytes()]


def test_a_model_goes_with_its_other_file_and_keeps_its_name_here(shared: FarBench) -> None:
    (net,) = shared.answer(InspectModel(0, str(a_net())))
    assert isinstance(net, NetSummary)
    assert net.path == str(a_net())
    assert copies(shared.far, a_net().with_suffix(".json").name) == [a_net().with_suffix(".json").read_bytes()]


def test_a_recording_over_there_is_that_of_here(shared: FarBench, tmp_path: Path) -> None:
    from lstmviz.engine.recorder import record
    from lstmviz.nets.reader import load_model
    from lstmviz.sequences.samples import sample

    shown = sample("reber")
    assert shown.net_path is not None
    sequence = shown.load()
    traces: list[Trace] = []
    ticket = shared.client.ask_trace(RecordTrace(0, str(shown.net_path), sequence_to_wire(sequence)), traces.append)
    shared.done(ticket)
    here = dict(trace_arrays(record(load_model(shown.net_path), sequence)))
    assert all(
        np.array_equal(here[key], array, equal_nan=array.dtype.kind == "f") for key, array in trace_arrays(traces[0])
    )
    assert traces[0].model.path == str(shown.net_path)

    # the same trace is saved and exported to this computer
    for name in ("out.csv", "out.zarr"):
        failures: list[LstmvizError] = []
        ticket = shared.client.write_trace(traces[0], str(tmp_path / name), on_failed=failures.append)
        shared.wait(lambda: ticket.over, "what was written")  # noqa: B023
        assert failures == []
    export(traces[0], tmp_path / "here.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert open_trace(tmp_path / "out.zarr")["h"].tobytes() == traces[0]["h"].tobytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["here.csv", "out.csv", "out.zarr"]


def test_what_the_window_has_is_written_here_without_the_network(
    shared: FarBench, tmp_path: Path, make_trace: Callable[..., Trace]
) -> None:
    trace = make_trace(steps=30)
    save_trace(trace, tmp_path / "mine.zarr")
    asked = shared.client._number
    for name, source in (("a.csv", ""), ("b.csv", str(tmp_path / "mine.zarr"))):
        failures: list[LstmvizError] = []
        ticket = shared.client.write_trace(trace, str(tmp_path / name), on_failed=failures.append, source=source)
        shared.wait(lambda: ticket.over, "what was written")  # noqa: B023
        assert failures == []
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert shared.client._number <= asked + 2, "heartbeats alone went over there"


def test_whoever_waits_is_told_when_another_engine_is_chosen(far: FarHost) -> None:
    failures: list[LstmvizError] = []
    with FarBench(far) as bench:
        bench.client.ask(ListFolder(0), on_failed=failures.append)
        bench.client.choose(None)
        assert "Another engine is used now" in str(failures[0])
        bench.client.ask(ReadRun(0, "gpu-server:/run"), on_failed=failures.append)
        bench.client.start()
        bench.wait(lambda: len(failures) == 2, "the refusal")
        assert "lies on gpu-server, and the engine is on this computer" in str(failures[1])


def test_a_long_message_on_a_slow_network_is_no_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The engine can answer nothing before it has the whole of it."""
    monkeypatch.setattr("lstmviz.wire.elsewhere.SILENCE", 0.4)
    monkeypatch.setattr("lstmviz.wire.elsewhere.HEARTBEAT", 0.1)
    bench = SlowBench()
    bench.client.choose(Host("slow"))
    bench.client.start()
    bench.introduce()
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        bench.transport.taken += 1
        bench.run_timers()
    assert bench.states == ["starting", "ready"]
    bench.wait_for("lost")
    bench.client.stop()


class SlowBench:
    """A client whose transport takes bytes, and answers nothing but who it is."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.client = ElsewhereClient(self._make, self._later, self.states.append)

    def _make(self, listener: Listener, command: tuple[str, ...]) -> SlowTransport:
        self.listener, self.transport = listener, SlowTransport()
        return self.transport

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self.timers.append((time.monotonic() + seconds, call))

    def introduce(self) -> None:
        info = EngineInfo(PROTOCOL, {}, "CPU", ("cpu",), 1, "", "/home/me")
        self.listener.on_bytes(encode(Part(0, info)))

    def run_timers(self) -> None:
        due = [timer for timer in self.timers if timer[0] <= time.monotonic()]
        self.timers = [timer for timer in self.timers if timer not in due]
        for _, call in due:
            call()
        time.sleep(0.005)

    def wait_for(self, state: str) -> None:
        until = time.monotonic() + 10
        while self.states[-1] != state:
            assert time.monotonic() < until
            self.run_timers()


class SlowTransport:
    def __init__(self) -> None:
        self.taken, self.ended = 0, Ended(0, True, "")

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def close(self, wait: bool = True) -> None: ...
    def write(self, data: bytes) -> bool:
        return True


def test_what_cannot_be_written_here_is_said_and_leaves_nothing(
    shared: FarBench, tmp_path: Path, make_trace: Callable[..., Trace]
) -> None:
    failures: list[LstmvizError] = []
    ticket = shared.client.write_trace(make_trace(), str(tmp_path / "none" / "a.csv"), on_failed=failures.append)
    shared.wait(lambda: ticket.over, "the failure")
    assert "does not exist" in str(failures[0])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_over_there_is_listed_without_what_is_hidden(shared: FarBench) -> None:
    write_csv(shared.far.home / "theirs.csv")
    (shared.far.home / "a.zarr").mkdir(exist_ok=True)
    (shared.far.home / ".secret").write_text("x")
    (listed,) = shared.answer(ListFolder(0))
    assert isinstance(listed, FolderListed)
    kinds = {entry.name: entry.kind for entry in listed.entries}
    assert kinds["theirs.csv"] == "sequence"
    assert kinds["a.zarr"] == "trace"
    assert kinds["uploads"] == "folder"
    assert ".secret" not in kinds
    assert listed.parent == str(shared.far.home.parent)
    (loaded,) = shared.answer(LoadSequence(0, f"gpu-server:{listed.path}/theirs.csv"))
    assert isinstance(loaded, SequenceLoaded)


def test_paths_of_the_wrong_computer_are_refused_in_a_sentence(shared: FarBench, tmp_path: Path) -> None:
    with pytest.raises(LstmvizError, match="lies on other, and the engine is on gpu-server"):
        shared.answer(ReadRun(0, "other:/run"))
    with pytest.raises(LstmvizError, match="lies on this computer, and the engine is on gpu-server"):
        shared.answer(ReadRun(0, str(tmp_path)))
    with pytest.raises(LstmvizError, match=r"nothing\.csv” cannot be read"):
        shared.answer(LoadSequence(0, str(tmp_path / "nothing.csv")))
    with pytest.raises(LstmvizError, match=r"gpu-server:/nothing\.csv"):
        shared.answer(LoadSequence(0, "gpu-server:/nothing.csv"))


def test_a_store_of_this_computer_is_opened_here(
    shared: FarBench, tmp_path: Path, make_trace: Callable[..., Trace]
) -> None:
    trace = make_trace()
    save_trace(trace, tmp_path / "here.zarr")
    found: list[Trace] = []
    ticket = shared.client.ask_trace(OpenTrace(0, str(tmp_path / "here.zarr")), found.append)
    shared.wait(lambda: ticket.over, "the store")
    assert found[0]["h"][:].tobytes() == trace["h"].tobytes()


def test_a_store_over_there_is_read_bit_by_bit_and_again_after_a_loss(
    shared: FarBench, make_trace: Callable[..., Trace]
) -> None:
    trace = make_trace(steps=3000, units=64)
    folder = shared.far.home / "big.zarr"
    save_trace(trace, folder)
    found: list[Trace] = []
    failures: list[LstmvizError] = []
    ticket = shared.client.ask_trace(OpenStore(0, f"gpu-server:{folder}"), found.append, on_failed=failures.append)
    shared.done(ticket)
    assert failures == []
    (lazy,) = found
    assert len(lazy) == 3000
    assert lazy.lazy

    def rows(start: int) -> bool:
        return bool(np.array_equal(lazy["h"][start : start + 10], trace["h"][start : start + 10]))

    assert not rows(0), "nothing of the signals is here at first"
    shared.wait(lambda: rows(0), "the first rows")
    os.kill(shared.pipe.pid, signal.SIGKILL)  # type: ignore[union-attr]
    shared.wait(lambda: shared.client.state == "lost", "the loss to be seen")
    shared.wait(lambda: np.array_equal(lazy["c"][2900:], trace["c"][2900:]), "the last rows after the loss")


def test_only_what_was_opened_can_be_read(shared: FarBench, make_trace: Callable[..., Trace]) -> None:
    folder = shared.far.home / "open.zarr"
    save_trace(make_trace(), folder)
    home = str(shared.far.home)
    (shared.far.home / "secret").write_text("mine")
    with pytest.raises(LstmvizError, match="not made to be fetched"):
        shared.answer(ReadBytes(0, home, "secret"))
    shared.answer(OpenStore(0, f"gpu-server:{folder}"))
    (read,) = shared.answer(ReadBytes(0, str(folder), "zarr.json", 0, 4))
    assert isinstance(read, BytesRead)
    assert read.data == (folder / "zarr.json").read_bytes()[:4]
    for file in ("../secret", "/etc/passwd", "a/../../secret", "c:/x"):
        with pytest.raises(LstmvizError):
            shared.answer(ReadBytes(0, str(folder), file))
    (folder / "link").symlink_to(shared.far.home / "secret")
    (read,) = shared.answer(ReadBytes(0, str(folder), "link"))
    assert isinstance(read, BytesRead)
    assert (read.data, read.size) == (b"", -1)


def told(folder: Path) -> dict[str, object]:
    """What a run's folder says that must not depend on how often it was interrupted."""
    run = read_run(folder)
    return {
        "weights": (folder / "net.safetensors").read_bytes(),
        "log": run.metrics.log,
        **{name: getattr(run.metrics, name).tobytes() for name in (*COLUMNS, *VALIDATION)},
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    trainer = Trainer(folder, SMALL)
    trainer.run()
    trainer.close()
    return told(folder)


def kill_ssh(bench: FarBench) -> None:
    assert bench.pipe is not None
    os.kill(bench.pipe.pid, signal.SIGKILL)


def kill_engine(bench: FarBench) -> None:
    assert bench.client.info is not None
    os.kill(bench.client.info.pid, signal.SIGKILL)


def kill_server(bench: FarBench) -> None:
    bench.far.stop()
    bench.wait(lambda: bench.client.state == "lost", "the loss to be seen")
    bench.far.start()


@pytest.mark.slow  # a journey loses its connection in the same way, in the fast suite
@pytest.mark.parametrize(
    "harm",
    [
        kill_ssh,
        kill_engine,
        kill_server,
    ],
)
def test_a_training_that_loses_its_connection_ends_as_one_that_does_not(
    far: FarHost, undisturbed: dict[str, object], harm: Callable[[FarBench], None]
) -> None:
    updates: list[int] = []
    begun: list[RunBegun] = []
    over: list[object] = []
    with FarBench(far) as bench:

        def part(payload: object) -> None:
            if isinstance(payload, RunReport):
                updates.append(payload.update)
            elif isinstance(payload, RunBegun):
                begun.append(payload)

        folder = f"gpu-server:~/lstmviz-runs/{harm.__name__}"
        bench.client.train(Train(0, folder, SMALL), part, partial(over.append, "done"), over.append)
        bench.wait(lambda: updates and updates[-1] > 20, "a quarter of it")
        harm(bench)
        bench.wait(lambda: over, "the end of the training")
    assert over == ["done"]
    assert bench.states.count("lost") >= 1
    assert "failed" not in bench.states
    assert len(begun) == 2
    assert begun[1].update >= 20 - SMALL.checkpoint_every
    assert begun[0].folder == f"gpu-server:{far.home}/lstmviz-runs/{harm.__name__}"
    assert told(far.home / "lstmviz-runs" / harm.__name__) == undisturbed


@pytest.mark.slow
def test_an_engine_that_hears_nothing_ends_with_a_checkpoint_though_nobody_reads_it(
    far: FarHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is gone: the pipe stays open and full, and only the missing heartbeat tells."""
    monkeypatch.setattr("lstmviz.wire.host.SILENCE", 2.0)
    monkeypatch.setattr("lstmviz.wire.elsewhere.HEARTBEAT", 0.5)
    endless = msgspec.structs.replace(SMALL, epochs=2000)
    updates: list[int] = []
    with FarBench(far) as bench:
        bench.client.train(
            Train(0, "gpu-server:~/lstmviz-runs/silent", endless),
            lambda payload: updates.append(payload.update) if isinstance(payload, RunReport) else None,
        )
        bench.wait(lambda: updates and updates[-1] > 20, "some updates")
        assert bench.client.info is not None
        pid, seen = bench.client.info.pid, updates[-1]
        assert bench.pipe is not None
        os.kill(bench.pipe.pid, signal.SIGSTOP)
        try:
            stopped = FarBench(far)
            stopped.wait(lambda: pid not in far.engines(), "the engine to end")
        finally:
            os.kill(bench.pipe.pid, signal.SIGKILL)
        from lstmviz.runs.folder import checkpoints

        folder = far.home / "lstmviz-runs" / "silent"
        assert max(checkpoints(folder)) >= seen
        assert read_run(folder).update == max(checkpoints(folder)), "the metrics end with the checkpoint"


@pytest.mark.parametrize(
    ("name", "command", "said"),
    [
        ("gpu-server", "no-such-program engine", "cannot be started on gpu-server"),
        ("gpu-server", "echo hello everybody; #", "something else than the engine speaks"),
        ("gpu-server", "false", "ended at once on gpu-server"),
        ("keyless", "lstmviz engine", "lets nobody in with your keys"),
        ("stranger", "lstmviz engine", "cannot prove who it is"),
        ("closed", "lstmviz engine", "cannot be reached"),
        ("no.such.host.invalid", "lstmviz engine", "is not known"),
    ],
)
def test_each_way_to_fail_is_one_sentence_that_says_what_to_do(
    far: FarHost, name: str, command: str, said: str
) -> None:
    bench = FarBench(far)
    failures: list[LstmvizError] = []
    bench.client.choose(Host(name, command))
    bench.client.ask(ListFolder(0), on_failed=failures.append)
    bench.client.start()
    bench.wait(lambda: bench.client.state == "failed", "the failure")
    assert said in str(failures[0])
    assert str(failures[0]).rstrip().endswith((".", "?"))
    assert bench.states == ["starting", "failed"]
    bench.client.stop()


def test_a_connection_is_tried_until_it_is_told_to_stop(far: FarHost) -> None:
    with FarBench(far) as bench:
        bench.wait(lambda: bench.client.state == "ready", "the engine")
        failures: list[LstmvizError] = []
        far.stop()
        try:
            bench.wait(lambda: bench.client.state == "lost", "the loss")
            bench.client.ask(ListFolder(0), on_failed=failures.append)
            bench.wait(lambda: bench.states.count("lost") >= 2, "another attempt")
            bench.client.give_up()
            assert bench.client.state == "failed"
            assert "given up" in str(failures[0])
        finally:
            far.start()
