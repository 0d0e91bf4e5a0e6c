"""Every jump can be taken back."""

from __future__ import annotations

import pytest

from lstmviz.session import history
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.history import CLOSED_LENGTH, History, held_bytes


class Clock:
    """A clock that moves when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dispatcher(make_trace, clock):
    dispatcher = Dispatcher(history=History(clock))
    dispatcher.session.add_trace(make_trace(steps=50, units=8))
    dispatcher.announce()
    return dispatcher


def test_undo_and_redo_go_back_and_forth_between_jumps(dispatcher, clock):
    for t in (10, 30):
        clock.now += 10
        dispatcher.run("cursor.set", t=t)
    dispatcher.run("unit.select", unit=5)
    dispatcher.run("history.undo")
    assert (dispatcher.snapshot.unit, dispatcher.snapshot.t) == (0, 30)
    dispatcher.run("history.undo")
    assert dispatcher.snapshot.t == 10
    dispatcher.run("history.undo")
    assert dispatcher.snapshot.t == 0
    assert not dispatcher.snapshot.can_undo
    for _ in range(3):
        dispatcher.run("history.redo")
    assert (dispatcher.snapshot.t, dispatcher.snapshot.unit) == (30, 5)
    assert not dispatcher.snapshot.can_redo


def test_a_drag_is_one_move(dispatcher, clock):
    clock.now = 100
    for t in range(5, 45):
        clock.now += 0.02
        dispatcher.run("cursor.set", t=t)
    dispatcher.run("history.undo")
    assert dispatcher.snapshot.t == 0


def test_single_steps_are_not_jumps(dispatcher):
    dispatcher.run("step.forward")
    assert dispatcher.snapshot.t == 1
    assert not dispatcher.snapshot.can_undo


def test_undo_opens_a_closed_trace_again_where_one_was(dispatcher, make_trace, clock):
    second = dispatcher.session.add_trace(make_trace(seed=1))
    third = dispatcher.session.add_trace(make_trace(seed=2))
    dispatcher.announce()
    dispatcher.run("trace.activate", id=second)
    dispatcher.run("cursor.set", t=7)
    dispatcher.run("trace.close")
    assert dispatcher.snapshot.trace_id == third
    dispatcher.run("history.undo")
    assert (dispatcher.snapshot.trace_id, dispatcher.snapshot.t) == (second, 7)
    assert [entry.id for entry in dispatcher.snapshot.open_traces] == [1, second, third]
    dispatcher.run("history.redo")
    assert [entry.id for entry in dispatcher.snapshot.open_traces] == [1, third]


def test_moves_in_a_trace_that_is_gone_are_passed_over(dispatcher, make_trace, clock):
    for seed in range(CLOSED_LENGTH + 2):
        clock.now += 10
        dispatcher.session.add_trace(make_trace(seed=seed, steps=9))
        dispatcher.announce()
        dispatcher.run("cursor.set", t=4)
        dispatcher.run("trace.close")
    while dispatcher.snapshot.can_undo:
        dispatcher.run("history.undo")
    assert len(dispatcher.snapshot.open_traces) == 1 + CLOSED_LENGTH


def test_closed_traces_are_kept_as_far_as_they_are_small_and_the_last_one_always(
    dispatcher, make_trace, clock, monkeypatch
):
    monkeypatch.setattr(history, "CLOSED_BYTES", 1.5 * held_bytes(make_trace(steps=9)))
    for seed in range(4):
        clock.now += 10
        dispatcher.session.add_trace(make_trace(seed=seed, steps=900 if seed == 3 else 9))
        dispatcher.announce()
        dispatcher.run("trace.close")
    while dispatcher.snapshot.can_undo:
        dispatcher.run("history.undo")
    assert [entry.trace.inputs.shape[0] for entry in dispatcher.session.opened.values()] == [50, 9, 900]


def test_what_a_trace_reads_from_its_store_takes_no_memory(make_trace, tmp_path):
    from lstmviz.traces.store import open_trace

    trace = make_trace(steps=300, units=8)
    trace.save(tmp_path / "a.zarr")
    signals = sum(array.nbytes for lane in trace.lanes.values() for array in lane.signals.values())
    assert held_bytes(trace) > signals
    assert held_bytes(open_trace(tmp_path / "a.zarr", lazy=True)) <= held_bytes(trace) - signals


def test_a_new_move_forgets_what_was_undone(dispatcher, clock):
    dispatcher.run("cursor.set", t=10)
    dispatcher.run("history.undo")
    dispatcher.run("unit.select", unit=3)
    assert not dispatcher.snapshot.can_redo
