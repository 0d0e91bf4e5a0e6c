"""Trainings in the real engine process: they go on in the background, are steered, and survive whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pytest

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import checkpoints, is_run, metrics_file, net_file, probes, read_run
from lstmviz.runs.metrics import read_metrics
from lstmviz.runs.probes import read_probe
from lstmviz.traces.trace import Trace
from lstmviz.wire.codec import array_from_wire, sequence_from_wire, sequence_to_wire, trace_arrays
from lstmviz.wire.framing import encode
from lstmviz.wire.messages import (
    AskFlow,
    FlowData,
    InspectModel,
    NetSummary,
    Payload,
    RecordBatch,
    RecordTrace,
    TraceHeader,
)
from lstmviz.wire.pipe_transport import PipeClient
from lstmviz.wire.run_messages import ProbeBegins, ProbeEnds, ReadProbe, ReadRun, RunBegun, RunReport, Steer, Train
from lstmviz.wire.transport import engine_command

LONG = RunConfig(data="embedded-reber", hidden=6, examples=64, batch=8, epochs=100_000, probe_every=20)
SHORT = msgspec.structs.replace(LONG, examples=32, epochs=2, probe_every=2)
T = TypeVar("T")


class Watched:
    """One training, and all that was told of it."""

    def __init__(self, client: PipeClient, folder: Path, config: RunConfig | None, **more: bool | str) -> None:
        self.client, self.folder = client, str(folder)
        self.told: list[Payload] = []
        self.problems: list[LstmvizError] = []
        self.ended: list[bool] = []
        request = Train(0, self.folder, config, **more)  # type: ignore[arg-type]
        self.ticket = client.train(request, self.told.append, lambda: self.ended.append(True), self.problems.append)

    def of(self, kind: type[T]) -> list[T]:
        return [payload for payload in self.told if isinstance(payload, kind)]

    @property
    def now(self) -> RunReport:
        return self.of(RunReport)[-1]

    def wait(self, condition: Callable[[], object]) -> None:
        until = time.monotonic() + 60
        while not condition():
            assert self.problems == []
            self.client._pump(until, 60)

    @property
    def state(self) -> str:
        return self.now.state if self.of(RunReport) else ""

    def reach(self, update: int) -> None:
        self.wait(lambda: self.state and self.now.update >= update)

    def stand(self, update: int = 0) -> None:
        self.wait(lambda: self.state == "paused" and self.now.update >= update)

    def steer(self, action: str = "", **values: float) -> None:
        self.client.answer(Steer(0, self.folder, action, **values))  # type: ignore[arg-type]

    def pause(self) -> int:
        self.steer("pause")
        self.stand()
        return self.now.update


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSTMVIZ_HOME", str(tmp_path_factory.mktemp("jobs")))
        with PipeClient() as client:
            yield client


@pytest.fixture
def train(client: PipeClient, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """train(config=LONG, name="run", **fields of Train) -> Watched; what is left of them is cancelled."""
    begun: list[Watched] = []

    def begin(config: RunConfig | None = LONG, name: str = "run", **more: bool | str) -> Watched:
        begun.append(Watched(client, tmp_path / name, config, **more))
        return begun[-1]

    yield begin
    for watched in begun:
        watched.ticket.cancel()


def rows(reports: list[RunReport]) -> np.ndarray:
    return np.concatenate([array_from_wire(report.fresh.update) for report in reports])


def test_a_training_tells_how_it_stands_and_then_that_it_is_done(train: Callable[..., Watched]) -> None:
    run = train(SHORT, title="Mine")
    run.wait(lambda: run.ended)

    (begun,) = run.of(RunBegun)
    assert (begun.title, begun.config, begun.updates, begun.update) == ("Mine", SHORT, 8, 0)
    assert begun.reason
    assert run.now.state == "ended"
    np.testing.assert_array_equal(rows(run.of(RunReport)), np.arange(1, 9))
    shown = [told.update for told in run.of(ProbeBegins)]
    assert shown == [told.update for told in run.of(ProbeEnds)]
    assert {0, 8} <= set(shown) <= {0, 2, 4, 6, 8}
    assert run.of(ProbeEnds)[-1].probes == probes(Path(run.folder)) == (0, 2, 4, 6, 8)
    assert len(run.of(TraceHeader)) == len(shown)


def test_what_is_told_is_what_lies_in_the_folder(train: Callable[..., Watched], client: PipeClient) -> None:
    run = train(SHORT)
    run.wait(lambda: run.ended)

    (told,) = client.answer(ReadRun(0, run.folder))
    assert isinstance(told, RunBegun)
    assert (told.update, told.epoch, told.probes) == (8, 2, (0, 2, 4, 6, 8))
    traces: list[Trace] = []
    client.wait(client.ask_trace(ReadProbe(0, run.folder, 4), traces.append))
    here = read_probe(Path(run.folder) / "probes" / "0000000004.npz")
    assert [array.tobytes() for _, array in trace_arrays(traces[0])] == [a.tobytes() for _, a in trace_arrays(here)]


def test_requests_are_answered_while_it_trains(train: Callable[..., Watched], client: PipeClient) -> None:
    run = train()
    run.reach(3)
    for _ in range(20):
        (net,) = client.answer(InspectModel(0, str(net_file(Path(run.folder)))))
        assert isinstance(net, NetSummary)
    assert run.now.state == "training"


def test_a_training_goes_on_though_requests_never_stop_coming(
    train: Callable[..., Watched], client: PipeClient
) -> None:
    run = train(LONG)
    run.reach(1)
    asked, first, until = [], run.now.update, time.monotonic() + 30
    while run.now.update < first + 10 and time.monotonic() < until:
        asked = [ticket for ticket in asked if not ticket.over]
        while len(asked) < 60:  # more than are answered until the next look
            asked.append(client.ask(ReadRun(0, run.folder)))
        client._pump(until, 60)
    assert run.now.update >= first + 10
    for ticket in asked:
        client.wait(ticket)


def test_reports_come_ten_a_second_at_most(train: Callable[..., Watched]) -> None:
    run = train()
    run.reach(1)
    before, began = len(run.of(RunReport)), time.monotonic()
    run.wait(lambda: time.monotonic() - began > 1)
    after = len(run.of(RunReport))
    assert after - before <= 10 * (time.monotonic() - began) + 1
    np.testing.assert_array_equal(rows(run.of(RunReport)), np.arange(1, run.now.update + 1))


def test_twins_take_turns_update_for_update(train: Callable[..., Watched]) -> None:
    one, two = train(name="one", paused=True), train(name="two", paused=True)
    one.wait(lambda: one.state == two.state == "paused")
    one.client.ask(Steer(0, one.folder, "go"))
    one.client.ask(Steer(0, two.folder, "go"))
    two.reach(50)
    one.client.ask(Steer(0, one.folder, "pause"))
    one.client.ask(Steer(0, two.folder, "pause"))
    one.wait(lambda: one.state == two.state == "paused")
    assert abs(one.now.update - two.now.update) <= 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_paused_training_costs_nothing(train: Callable[..., Watched], client: PipeClient) -> None:
    run = train()
    run.reach(1)
    run.pause()

    def ticks() -> int:
        assert client.pipe is not None
        fields = Path(f"/proc/{client.pipe.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(0.5)
    assert ticks() - before <= 2


def test_one_phase_one_batch_one_epoch_and_then_it_stands(train: Callable[..., Watched]) -> None:
    run = train()
    run.reach(1)
    at = run.pause()
    run.steer("batch")
    run.stand(at + 1)
    assert run.now.update == at + 1
    run.steer("epoch")
    run.stand(at + 2)
    at += 1
    assert run.now.update == at - at % 8 + 8
    at = run.now.update
    seen = []
    for _ in range(4):
        count = len(run.of(RunReport))
        run.steer("phase")
        run.wait(lambda count=count: len(run.of(RunReport)) > count and run.now.state == "paused")
        seen.append(run.now.phase)
    assert seen == ["forward", "loss", "gradients", "update"]
    assert run.now.update == at + 1


def test_learning_rate_and_clipping_change_on_the_fly_also_while_it_stands(train: Callable[..., Watched]) -> None:
    run = train()
    run.reach(1)
    run.pause()
    run.steer(learning_rate=0.02, clipping=3.0)
    run.wait(lambda: run.now.learning_rate == 0.02 and run.now.clipping == 3.0)
    assert len([entry for told in run.of(RunReport) for entry in told.log]) == 2


def test_a_probe_is_taken_when_asked_for_and_the_training_goes_on(train: Callable[..., Watched]) -> None:
    run = train(msgspec.structs.replace(LONG, probe_every=1_000_000))
    run.reach(5)
    run.steer("probe")
    run.wait(lambda: len(run.of(ProbeBegins)) == 2)
    at = run.of(ProbeBegins)[-1].update
    assert at >= 5
    run.reach(at + 5)
    assert {told.state for told in run.of(RunReport)} == {"training"}


@pytest.mark.parametrize("action", ["pause", "stop"])
def test_where_it_stands_the_probe_is_of_the_net_as_it_is(
    train: Callable[..., Watched], client: PipeClient, action: str
) -> None:
    run = train(msgspec.structs.replace(LONG, probe_every=1_000_000))
    run.reach(5)
    run.steer(action)
    run.wait(lambda: run.state in ("paused", "ended"))
    assert run.of(ProbeEnds)[-1].update == run.now.update
    header = run.of(TraceHeader)[-1]
    traces: list[Trace] = []
    request = RecordTrace(0, str(net_file(Path(run.folder))), header.sequence)
    client.wait(client.ask_trace(request, traces.append))
    assert traces[0].model.sha256 == msgspec.to_builtins(header.meta["model"])["sha256"]


def test_a_training_that_begins_paused_shows_the_net_as_it_began(train: Callable[..., Watched]) -> None:
    run = train(paused=True)
    run.stand()
    assert [told.update for told in run.of(ProbeEnds)] == [0]
    assert run.now.update == 0


def test_a_folder_is_trained_once(train: Callable[..., Watched], client: PipeClient) -> None:
    run = train()
    run.reach(1)
    with pytest.raises(EngineError, match="being trained already"):
        client.answer(Train(0, run.folder))
    assert run.now.state == "training"


def test_who_is_not_being_trained_cannot_be_steered(client: PipeClient, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not being trained"):
        client.answer(Steer(0, str(tmp_path), "go"))


def test_a_cancelled_training_leaves_a_checkpoint_and_goes_on_from_it(
    train: Callable[..., Watched], client: PipeClient
) -> None:
    run = train()
    run.reach(5)
    run.ticket.cancel()
    (told,) = client.answer(ReadRun(0, run.folder))
    assert isinstance(told, RunBegun)
    assert checkpoints(Path(run.folder))[-1] == told.update >= 5

    again = train(None)
    again.reach(told.update + 3)
    assert again.of(RunBegun)[0].update == told.update


def test_a_stopped_training_is_done_and_goes_on_when_asked_to(train: Callable[..., Watched]) -> None:
    run = train()
    run.reach(5)
    run.steer("stop")
    run.wait(lambda: run.ended)
    assert run.now.state == "ended"
    assert checkpoints(Path(run.folder))[-1] == run.now.update
    again = train(None)
    again.reach(run.now.update + 1)


def test_a_training_that_cannot_begin_is_a_sentence(train: Callable[..., Watched]) -> None:
    run = train(msgspec.structs.replace(LONG, data="no such data"))
    run.client.wait(run.ticket)
    assert "no such data" in str(run.problems[0])
    other = train(None, name="empty")
    other.client.wait(other.ticket)
    assert "is no run" in str(other.problems[0])


def test_a_diverging_training_stands_and_says_why(train: Callable[..., Watched]) -> None:
    wild = RunConfig(
        data="sunspots", cell="rnn", activation="relu", hidden=6, batch=8, examples=64, optimiser="sgd",
        learning_rate=100.0, clipping=0.0, epochs=1000, probe_every=1,
    )  # fmt: skip
    run = train(wild)
    run.stand()
    assert run.now.why is not None
    assert "diverged" in run.now.why[0]
    assert run.of(ProbeEnds)[-1].probes == (0,)  # of where it is back
    assert run.of(ProbeEnds)[-1].update == 0  # and none that waited to be shown comes after it


def test_flow_and_mini_batch_are_of_the_net_that_trains(train: Callable[..., Watched], client: PipeClient) -> None:
    run = train()
    run.reach(30)
    run.pause()
    model = str(net_file(Path(run.folder)))
    probe = run.of(TraceHeader)[-1].sequence
    traces: list[tuple[Trace, ...]] = []
    client.wait(client.ask_traces(RecordBatch(0, model, (probe,), run.folder), traces.append))
    client.wait(client.ask_trace(RecordTrace(0, model, probe), lambda trace: traces.append((trace,))))
    batch, (alone,) = traces
    assert len(batch) == 4
    np.testing.assert_allclose(batch[0]["h"], alone["h"], atol=1e-6)
    assert not any(np.array_equal(batch[0].sequence.values, other.sequence.values) for other in batch[1:])

    (flow,) = client.answer(AskFlow(0, model, probe))
    assert isinstance(flow, FlowData)
    assert np.isfinite(flow.loss)
    assert all(np.isfinite(array_from_wire(array)).all() for array in flow.arrays.values())
    run.ticket.cancel()
    client.wait(client.ask_traces(RecordBatch(0, model, (probe,), run.folder), traces.append))
    np.testing.assert_allclose(traces[-1][0]["h"], alone["h"], atol=1e-6)  # the checkpoint is what trained
    np.testing.assert_array_equal(sequence_from_wire(probe).values, alone.sequence.values)
    assert sequence_to_wire(alone.sequence).values == probe.values


def test_a_training_goes_on_after_its_engine_was_killed_as_if_nothing_had_been(
    train: Callable[..., Watched], client: PipeClient
) -> None:
    config = msgspec.structs.replace(LONG, epochs=12, checkpoint_every=16)
    run = train(config, name="killed")
    run.reach(20)
    assert client.pipe is not None
    os.kill(client.pipe.pid, signal.SIGKILL)
    run.wait(lambda: len(run.of(RunBegun)) == 2)
    assert run.of(RunBegun)[1].update % 16 == 0
    client.ask(Steer(0, run.folder, learning_rate=config.learning_rate))  # it listens as before
    whole = train(config, name="whole")
    run.wait(lambda: run.ended and whole.ended)
    killed, uninterrupted = (read_run(each.folder).metrics for each in (run, whole))
    np.testing.assert_array_equal(killed.loss, uninterrupted.loss)
    weights = [(Path(each.folder) / "net.safetensors").read_bytes() for each in (run, whole)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("output_too", [False, True])
def test_the_end_of_whoever_asked_leaves_a_checkpoint(tmp_path: Path, output_too: bool) -> None:
    folder = tmp_path / "run"
    command = engine_command()
    quiet = msgspec.structs.replace(LONG, probe_every=1_000_000)  # nobody reads, and the pipe is soon full
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        engine.stdin.write(encode(Train(1, str(folder), quiet)))
        engine.stdin.flush()
        until = time.monotonic() + 60
        while not is_run(folder) or not read_metrics(metrics_file(folder)).rows:
            assert time.monotonic() < until
            time.sleep(0.05)
        if output_too:
            engine.stdout.close()
        engine.stdin.close()
        rest = b"" if output_too else engine.stdout.read()
        assert engine.wait(30) == 0
    assert output_too or rest
    assert checkpoints(folder)[-1] == read_run(folder).update > 0
