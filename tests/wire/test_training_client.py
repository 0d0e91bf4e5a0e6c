"""A training outlives its engine: it is asked again as it stood, and not given up for deaths long ago."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bench import Bench

from lstmviz.runs.config import RunConfig
from lstmviz.traces.trace import Trace
from lstmviz.wire import client as client_module
from lstmviz.wire.codec import array_to_wire, sequence_to_wire, trace_to_wire
from lstmviz.wire.messages import Cancel, Done, Part, RecordBatch
from lstmviz.wire.run_messages import Metrics, RunReport, Steer, Train

CONFIG = RunConfig(data="reber")


@pytest.fixture
def bench() -> Bench:
    return Bench().ready()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time as the client sees it, in a list of one."""
    now = [1000.0]
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now[0])
    return now


def report(state: str, update: int = 1) -> RunReport:
    import numpy as np

    nothing = array_to_wire(np.zeros(0))
    return RunReport(
        state=state, update=update, epoch=0, phase="update", took=(0.0, 0.0, 0.0, 0.0), loss=1.0, norm=1.0, clipped=1.0,
        change=0.0, speed=1.0, seconds_left=None, learning_rate=0.1, clipping=1.0, fresh=Metrics(*[nothing] * 7),
    )  # fmt: skip


def die(bench: Bench) -> None:
    bench.engine.listener.on_exit()
    bench.engine.greet()


def train(bench: Bench, folder: str = "run", paused: bool = False) -> client_module.Ticket:
    tell = bench.told.append
    return bench.client.train(
        Train(0, folder, CONFIG, paused), tell, lambda: tell(f"{folder} done"), lambda error: tell(str(error))
    )


@pytest.mark.parametrize(("heard", "paused"), [(["training"], False), (["training", "paused"], True), ([], True)])
def test_a_training_is_asked_again_as_it_stood(bench: Bench, heard: list[str], paused: bool) -> None:
    train(bench, paused=True)
    assert bench.engine.asked() == [Train(1, "run", CONFIG, True)]
    bench.engine.say(*(Part(1, report(state)) for state in heard))

    die(bench)

    assert bench.engine.asked() == [Train(1, "run", CONFIG, paused)]
    bench.engine.say(Done(1))
    assert bench.told[-1] == "run done"


def test_a_training_may_be_steered_after_it_was_asked_again(bench: Bench) -> None:
    train(bench)
    die(bench)

    bench.client.ask(Steer(0, "run", "pause"))

    assert bench.engine.asked() == [Train(1, "run", CONFIG), Steer(2, "run", "pause")]


def test_deaths_that_lie_further_apart_than_a_minute_give_no_training_up(bench: Bench, clock: list[float]) -> None:
    ticket = train(bench)
    for _ in range(5):
        clock[0] += 61
        die(bench)
    assert not ticket.over

    clock[0] += 10
    die(bench)
    assert ticket.over
    assert "given up" in str(bench.told[-1])
    assert bench.engine.asked() == []


def test_a_training_that_came_further_was_not_what_killed_the_engine(bench: Bench, clock: list[float]) -> None:
    ticket = train(bench)
    for update in (10, 20, 30, 40):
        bench.engine.say(Part(1, report("training", update)))
        clock[0] += 31
        die(bench)
    assert not ticket.over
    bench.engine.say(Part(1, report("training", 35)))
    clock[0] += 31
    die(bench)
    assert ticket.over


def test_a_request_at_which_the_engine_dies_takes_no_training_with_it(bench: Bench, clock: list[float]) -> None:
    training = train(bench)
    request = bench.ask("a")
    for _ in range(2):
        clock[0] += 40
        die(bench)
    assert (request.over, training.over) == (True, False)
    assert bench.engine.asked() == [Train(1, "run", CONFIG)]


def test_a_request_that_kills_the_engine_now_and_then_is_given_up_all_the_same(
    bench: Bench, clock: list[float]
) -> None:
    request = bench.ask("a")
    for _ in range(2):
        clock[0] += 1000
        die(bench)
    assert request.over


def test_a_cancelled_training_is_not_asked_again(bench: Bench) -> None:
    ticket = train(bench)
    ticket.cancel()
    assert bench.engine.asked()[-1] == Cancel(1)
    die(bench)
    assert bench.engine.asked() == []
    assert bench.told == []


def test_several_traces_come_together_and_anew_after_a_death(bench: Bench, make_trace: Callable[..., Trace]) -> None:
    told = make_trace(), make_trace(seed=1)
    came: list[tuple[Trace, ...]] = []
    sequences = tuple(sequence_to_wire(trace.sequence) for trace in told)
    bench.client.ask_traces(RecordBatch(0, "net.json", sequences), came.append)
    first, second = ([Part(1, piece) for piece in trace_to_wire(trace)] for trace in told)
    bench.engine.say(*first, *second[:2])

    die(bench)
    bench.engine.say(*first, *second, Done(1))

    ((one, other),) = came
    assert one["h"].tobytes() == told[0]["h"].tobytes()
    assert other["h"].tobytes() == told[1]["h"].tobytes()
