"""The client's rules, against an engine that does what each test says: queueing, dropping, restarting, giving up."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from bench import INFO, Bench

from lstmviz.errors import EngineError
from lstmviz.traces.trace import Trace
from lstmviz.wire import client as client_module
from lstmviz.wire.array_data import ArrayData
from lstmviz.wire.codec import trace_to_wire
from lstmviz.wire.framing import encode
from lstmviz.wire.messages import (
    PROTOCOL,
    Cancel,
    Done,
    EngineInfo,
    Failed,
    InspectModel,
    OpenTrace,
    Part,
    Progress,
    Request,
    SequenceData,
    SequenceLoaded,
    TracePart,
    Upload,
    WriteTrace,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def frames(requests: Iterable[Request]) -> list[bytes]:
    return [encode(request) for request in requests]


def sequence(name: str) -> SequenceLoaded:
    return SequenceLoaded(SequenceData(ArrayData("<f4", (1, 1), bytes(4)), ("x",), "series", name))


def test_what_is_asked_before_the_engine_is_ready_waits_for_it(bench: Bench) -> None:
    bench.ask("a")
    bench.client.start()
    bench.ask("b")
    assert bench.engine.asked() == []

    bench.engine.greet()

    assert bench.engine.asked() == [InspectModel(1, "a"), InspectModel(2, "b")]
    assert bench.states == ["starting", "ready"]
    assert bench.client.info == INFO


def test_each_answer_reaches_the_one_who_asked(bench: Bench) -> None:
    bench.ready()
    first, second = bench.ask("a"), bench.ask("b")

    bench.engine.say(Progress(2, 1, 2), Part(1, sequence("s")), Done(1), Failed(2, "No {what}.", {"what": "luck"}))

    assert bench.told == [Progress(2, 1, 2), sequence("s"), "done a", "No luck."]
    assert first.over
    assert second.over


def test_the_answers_of_a_cancelled_question_are_dropped_and_the_engine_is_told(bench: Bench) -> None:
    bench.ready()
    ticket = bench.ask("a")
    ticket.cancel()
    ticket.cancel()

    bench.engine.say(Part(1, sequence("s")), Done(1), Failed(1, "Cancelled.", cancelled=True))

    assert bench.engine.asked() == [InspectModel(1, "a"), Cancel(1)]
    assert bench.told == []


def test_a_question_cancelled_before_it_was_sent_is_never_sent(bench: Bench) -> None:
    bench.ask("a").cancel()

    bench.ready()

    assert bench.engine.asked() == []


def test_what_was_unanswered_is_asked_again_after_a_death(bench: Bench) -> None:
    bench.ready()
    bench.ask("a")
    bench.ask("b")
    bench.engine.say(Done(1))
    dead = bench.engine
    dead.listener.on_exit()
    bench.engine.greet()

    assert bench.engine.asked() == [InspectModel(2, "b")]
    assert bench.states == ["starting", "ready", "restarting", "ready"]
    dead.say(Done(2))
    assert bench.told == ["done a"], "a dead engine's words count no more"
    bench.engine.say(Done(2))
    assert bench.told == ["done a", "done b"]


def test_a_request_at_which_the_engine_dies_twice_is_given_up_and_the_others_go_on(bench: Bench) -> None:
    bench.ready()
    bench.ask("killer")
    bench.ask("innocent")
    for _ in range(2):
        bench.engine.listener.on_exit()
        bench.engine.greet()

    assert bench.engine.asked() == [InspectModel(2, "innocent")]
    (sentence,) = bench.told
    assert "died twice at this request" in str(sentence)


def test_after_three_deaths_the_engine_stays_down_and_says_where_the_log_is(bench: Bench) -> None:
    bench.ready()
    for _ in range(2):
        bench.engine.listener.on_exit()
        bench.engine.greet()
    bench.ask("a")
    bench.engine.listener.on_exit()
    bench.ask("b")

    assert bench.client.state == "failed"
    assert len(bench.engines) == 3
    assert len(bench.told) == 2
    assert all("log" in str(sentence) for sentence in bench.told)


def test_a_failed_engine_can_be_started_again(bench: Bench) -> None:
    bench.client.start()
    for _ in range(3):
        bench.engine.listener.on_exit()
    assert bench.client.state == "failed"

    bench.ready()
    bench.ask("a")

    assert bench.engine.asked() == [InspectModel(1, "a")]


def test_deaths_long_apart_do_not_add_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "DEATHS_WITHIN", 0.0)
    bench.ready()
    for _ in range(10):
        bench.engine.listener.on_exit()
        bench.engine.greet()

    assert bench.client.state == "ready"


def test_an_engine_of_another_protocol_is_refused_with_a_sentence(bench: Bench) -> None:
    bench.ask("a")
    bench.client.start()

    bench.engine.say(Part(0, EngineInfo(PROTOCOL + 1, {}, "CPU", (), 1, "")))

    assert bench.client.state == "failed"
    assert bench.engine.ended == "killed"
    assert "Install the same version" in str(bench.told[0])


def test_an_engine_that_cannot_introduce_itself_says_why(bench: Bench) -> None:
    bench.client.start()

    bench.engine.say(Failed(0, "No torch here."))

    assert bench.client.state == "failed"
    assert str(bench.client.problem) == "No torch here."


def test_an_engine_that_talks_garbage_is_killed_and_started_again(bench: Bench) -> None:
    bench.ready()
    bench.ask("a")
    talker = bench.engine
    talker.listener.on_bytes(b"\xff" * 100)
    bench.engine.greet()

    assert talker.ended == "killed"
    assert bench.engine.asked() == [InspectModel(1, "a")]


def test_stopping_closes_the_engine_and_calls_nobody_back(bench: Bench) -> None:
    bench.ready()
    ticket = bench.ask("a")
    bench.client.stop()
    bench.engine.say(Done(1))
    bench.engine.listener.on_exit()

    assert bench.engine.ended == "closed"
    assert ticket.over
    assert bench.told == []
    assert bench.client.state == "stopped"
    assert len(bench.engines) == 1


def test_a_trace_is_handed_over_piece_by_piece_as_there_is_room(bench: Bench, make_trace: Callable[..., Trace]) -> None:
    bench.ready()
    bench.engine.room = False
    trace = make_trace()
    pieces = list(trace_to_wire(trace))
    bench.client.write_trace(trace, "out.csv", {"form": "wide"})

    for sent in range(1, len(pieces) + 1):
        assert frames(bench.engine.asked()) == frames(Upload(1, piece) for piece in pieces[:sent])
        bench.engine.listener.on_drained()

    assert bench.engine.asked()[-1] == WriteTrace(1, "out.csv", {"form": "wide"}, trace=1)


def test_a_cancelled_hand_over_stops_in_the_middle(bench: Bench, make_trace: Callable[..., Trace]) -> None:
    bench.ready()
    bench.engine.room = False
    ticket = bench.client.write_trace(make_trace(), "out.csv")
    bench.engine.room = True
    ticket.cancel()

    assert [type(request) for request in bench.engine.asked()] == [Upload, Cancel]


def test_a_hand_over_begins_anew_after_a_death(bench: Bench, make_trace: Callable[..., Trace]) -> None:
    bench.ready()
    bench.engine.room = False
    trace = make_trace()
    bench.client.write_trace(trace, "out.csv")
    bench.engine.listener.on_exit()
    bench.engine.greet()

    pieces = [Upload(1, piece) for piece in trace_to_wire(trace)]
    assert frames(bench.engine.asked()) == frames([*pieces, WriteTrace(1, "out.csv", trace=1)])


def test_a_trace_that_the_engine_has_is_not_handed_over_again(bench: Bench, make_trace: Callable[..., Trace]) -> None:
    bench.ready()
    trace, other = make_trace(), make_trace(seed=1)
    for asked in (trace, trace, other, trace):
        bench.client.write_trace(asked, "out.csv")
    writes = [request for request in bench.engine.asked() if isinstance(request, WriteTrace)]

    assert [write.trace for write in writes] == [1, 1, 3, 4]


@pytest.mark.parametrize("end", ["cancelled", "failed", "dead"])
def test_a_trace_that_the_engine_may_not_have_is_handed_over_again(
    bench: Bench, make_trace: Callable[..., Trace], end: str
) -> None:
    bench.ready()
    trace = make_trace()
    ticket = bench.client.write_trace(trace, "out.csv")
    if end == "cancelled":
        ticket.cancel()
    elif end == "failed":
        bench.engine.say(Failed(1, "No."))
    else:
        bench.engine.say(Done(1))
        bench.engine.listener.on_exit()
        bench.engine.greet()
    bench.client.write_trace(trace, "out.csv")

    assert bench.engine.asked()[-1] == WriteTrace(2, "out.csv", trace=2)


def test_a_trace_is_given_whole_or_not_at_all(bench: Bench, make_trace: Callable[..., Trace]) -> None:
    bench.ready()
    traces: list[Trace] = []
    failures: list[Exception] = []
    header, *parts = [Part(1, piece) for piece in trace_to_wire(make_trace())]
    for _ in range(3):
        bench.client.ask_trace(OpenTrace(0, "a"), traces.append, on_failed=failures.append)

    bench.engine.say(header, *parts, Done(1))
    bench.engine.say(*(Part(2, part.payload) for part in (header, *parts[1:])), Done(2))
    bench.engine.say(Part(3, TracePart("f", 1, 0, ArrayData("<f4", (1,), bytes(4)))), Done(3))

    assert len(traces) == 1
    assert [type(failure) for failure in failures] == [EngineError, EngineError]


def test_a_message_that_is_too_long_fails_its_own_question_only(bench: Bench) -> None:
    bench.ready()
    bench.ask("x" * (65 << 20))
    bench.ask("b")

    assert bench.engine.asked() == [InspectModel(2, "b")]
    assert "Use a shorter sequence" in str(bench.told[0])


def test_who_is_called_back_may_ask_again(bench: Bench) -> None:
    bench.ready()
    bench.client.ask(InspectModel(0, "a"), on_done=lambda: bench.ask("b"))

    bench.engine.say(Done(1), Done(2))

    assert bench.told == ["done b"]
