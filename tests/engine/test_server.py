"""The real engine process: it answers, stops, dies and comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from server_bench import bytes_of, client, csv, model, raw_engine, read_until, record, save_small_net, shared

from lstmviz.errors import EngineError, LstmvizError
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace
from lstmviz.wire.codec import sequence_from_wire, sequence_to_wire, trace_arrays
from lstmviz.wire.framing import encode
from lstmviz.wire.messages import (
    PROTOCOL,
    Cancel,
    Done,
    Failed,
    Hello,
    InspectModel,
    LoadSequence,
    OpenTrace,
    Part,
    Progress,
    RecordTrace,
    SequenceLoaded,
    Written,
)
from lstmviz.wire.pipe_transport import PipeClient
from lstmviz.wire.tickets import ignore

__all__ = ["client", "csv", "model", "shared"]


def test_the_engine_introduces_itself(shared: PipeClient) -> None:
    info = shared.wait_ready()

    assert shared.pipe is not None
    assert info.protocol == PROTOCOL
    assert info.pid == shared.pipe.pid
    assert {"lstmviz", "torch", "numpy"} <= info.versions.keys()
    assert "cpu" in info.devices


def test_a_sequence_is_read(shared: PipeClient, csv: str) -> None:
    (loaded,) = shared.answer(LoadSequence(0, csv))

    assert isinstance(loaded, SequenceLoaded)
    sequence = sequence_from_wire(loaded.sequence)
    assert sequence.names == ("a", "b")
    np.testing.assert_array_equal(sequence.values[:, 0], np.arange(30, dtype=np.float32) / 8)


def test_a_failure_is_the_sentence_that_was_raised(shared: PipeClient, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="missing"):
        shared.answer(LoadSequence(0, str(tmp_path / "missing.csv")))


def test_an_unforeseen_failure_is_a_sentence_that_names_the_log(
    shared: PipeClient, make_trace: Callable[..., Trace]
) -> None:
    failures: list[LstmvizError] = []
    shared.wait(shared.write_trace(make_trace(), "a.csv", {"no such": 1}, on_failed=failures.append))

    assert "engine.log" in str(failures[0])
    assert "Traceback" in Path(str(failures[0].values["log"])).read_text(encoding="utf-8")


def test_a_recording_is_the_recording_of_the_library(shared: PipeClient, model: str, csv: str) -> None:
    import lstmviz

    sequence = lstmviz.load_sequence(csv)

    trace = record(shared, model, sequence)

    here = lstmviz.record(lstmviz.load_model(model), sequence)
    assert isinstance(here, Trace)
    assert trace.layers == here.layers
    for key, array in trace_arrays(here):
        np.testing.assert_allclose(dict(trace_arrays(trace))[key], array, rtol=0, atol=1e-6)


def test_a_model_that_changed_on_the_disk_is_loaded_again(shared: PipeClient, model: str, csv: str) -> None:
    import lstmviz

    sequence = lstmviz.load_sequence(csv)
    before = record(shared, model, sequence)
    save_small_net(Path(model), 9)

    assert before.units == 8
    assert record(shared, model, sequence).units == 9


def test_a_trace_is_saved_exported_and_opened(
    shared: PipeClient, make_trace: Callable[..., Trace], tmp_path: Path
) -> None:
    trace = make_trace(steps=20)
    store, table = str(tmp_path / "t.zarr"), str(tmp_path / "t.csv")
    opened: list[Trace] = []
    parts: list[object] = []
    shared.wait(shared.write_trace(trace, store, on_part=parts.append))
    wide: dict[str, object] = {"signals": "f,i", "units": "0:2", "form": "wide"}
    shared.wait(shared.write_trace(trace, table, wide, on_part=parts.append))
    shared.wait(shared.ask_trace(OpenTrace(0, store), opened.append))

    saved, exported = parts
    assert isinstance(saved, Written)
    assert saved.size > 0
    assert exported == Written(table, Path(table).stat().st_size)
    assert len(Path(table).read_text(encoding="utf-8").splitlines()) == 21
    assert bytes_of(opened[0]) == bytes_of(trace)


def test_an_export_cancelled_at_once_does_not_spoil_the_next(
    shared: PipeClient, make_trace: Callable[..., Trace], tmp_path: Path
) -> None:
    trace = make_trace()
    parts: list[object] = []
    failures: list[LstmvizError] = []
    paths = [str(tmp_path / f"{name}.csv") for name in "abc"]
    first = shared.write_trace(trace, paths[0])
    second = shared.write_trace(trace, paths[1], on_part=parts.append, on_failed=failures.append)
    first.cancel()
    third = shared.write_trace(trace, paths[2], on_part=parts.append, on_failed=failures.append)
    shared.wait(second)
    shared.wait(third)

    assert [str(failure) for failure in failures] == []
    assert [part.path for part in parts if isinstance(part, Written)] == paths[1:]


def test_two_requests_at_once_are_answered_in_order(shared: PipeClient, csv: str, tmp_path: Path) -> None:
    order: list[str] = []
    first = shared.ask(LoadSequence(0, csv), on_done=lambda: order.append("first"))
    second = shared.ask(InspectModel(0, str(tmp_path / "none")), on_failed=lambda _: order.append("second"))
    shared.wait(second)

    assert first.over
    assert order == ["first", "second"]


def test_a_cancelled_request_is_not_begun_and_the_next_is_answered(csv: str) -> None:
    with raw_engine() as engine:
        assert engine.stdin is not None
        engine.stdin.write(b"".join(map(encode, (Hello(0), LoadSequence(1, csv), Cancel(1), LoadSequence(2, csv)))))
        engine.stdin.flush()
        answers = read_until(engine, 2)
        engine.stdin.close()

        assert [type(answer) for answer in answers if answer.id == 1] == [Failed]
        assert next(answer for answer in answers if answer.id == 1).cancelled
        assert [type(answer) for answer in answers if answer.id == 2] == [Part, Done]


def test_a_recording_tells_how_far_it_is_and_stops_in_the_middle(client: PipeClient, model: str, csv: str) -> None:
    import lstmviz

    client.wait_ready()
    values = np.tile(lstmviz.load_sequence(csv).values, (40_000, 1))
    long = Sequence(values, names=lstmviz.load_sequence(csv).names)
    told: list[Progress] = []

    def on_progress(progress: Progress) -> None:
        told.append(progress)
        ticket.cancel()

    traces: list[Trace] = []
    ticket = client.ask_trace(RecordTrace(0, model, sequence_to_wire(long)), traces.append, on_progress=on_progress)
    client.wait(ticket)
    with pytest.raises(EngineError):
        client.answer(InspectModel(0, "none"))

    assert traces == []
    assert 0 < told[0].done < told[0].total == len(long)


def test_saving_and_opening_a_trace_tell_how_far_they_are(
    shared: PipeClient, make_trace: Callable[..., Trace], tmp_path: Path
) -> None:
    store = str(tmp_path / "t.zarr")
    saved: list[Progress] = []
    opened: list[Progress] = []
    shared.wait(shared.write_trace(make_trace(), store, on_progress=saved.append))
    shared.wait(shared.ask_trace(OpenTrace(0, store), ignore, on_progress=opened.append))
    for told in (saved, opened):
        assert told[-1].done == told[-1].total > 0


def test_cancelling_an_export_leaves_no_file(
    client: PipeClient, make_trace: Callable[..., Trace], tmp_path: Path
) -> None:
    client.wait_ready()
    trace = make_trace(steps=3000, units=64)
    ticket = client.write_trace(trace, str(tmp_path / "big.csv"), on_progress=lambda _: ticket.cancel())
    client.wait(ticket)
    with pytest.raises(EngineError):
        client.answer(InspectModel(0, str(tmp_path / "none")))

    assert list(tmp_path.iterdir()) == []


def test_an_engine_left_alone_in_the_middle_of_an_export_leaves_no_file(
    make_trace: Callable[..., Trace], tmp_path: Path
) -> None:
    progressed: list[object] = []
    with PipeClient() as client:
        trace = make_trace(steps=3000, units=64)
        client.write_trace(trace, str(tmp_path / "big.csv"), on_progress=progressed.append)
        assert client.pipe is not None
        while len(progressed) < 3:
            assert client.pipe.pump(60)
        assert list(tmp_path.iterdir()) != []

    assert list(tmp_path.iterdir()) == []


def test_an_engine_killed_in_the_middle_is_restarted_and_gives_the_same_answer(model: str, csv: str) -> None:
    import lstmviz

    sequence = lstmviz.load_sequence(csv)
    states: list[str] = []
    traces: list[Trace] = []
    with PipeClient(on_state=states.append) as client:
        expected = bytes_of(record(client, model, sequence))
        assert client.pipe is not None
        os.kill(client.pipe.pid, signal.SIGSTOP)  # or it may have answered before it is killed
        ticket = client.ask_trace(RecordTrace(0, model, sequence_to_wire(sequence)), traces.append)
        os.kill(client.pipe.pid, signal.SIGKILL)
        client.wait(ticket)

    assert states == ["starting", "ready", "restarting", "ready", "stopped"]
    assert bytes_of(traces[0]) == expected
