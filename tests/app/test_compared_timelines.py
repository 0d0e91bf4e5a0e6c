"""Two traces stand side by side, each under its name, at the same step as far as both have it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_runs import hand_made_run

from lstmviz.app.comparing import beside, titles
from lstmviz.runs.config import RunConfig
from lstmviz.session.snapshot import OpenTrace, Snapshot


@pytest.fixture
def both(program, open_trace):
    """Two open traces of different lengths and sizes, the second compared with the first."""
    first = open_trace(steps=60, units=8, layers=2)
    second = open_trace(steps=40, units=5, seed=1)
    program.dispatcher.run("trace.activate", id=first)
    program.dispatcher.run("compare.with", id=second)
    return first, second


def test_a_second_timeline_comes_and_goes_with_the_comparison(program, both):
    window = program.window
    timeline, compared = window.views["timeline"], window.views["compared"]
    assert timeline.isVisible()
    assert compared.isVisible()
    assert compared.mapTo(window, compared.rect().topLeft()).x() > timeline.mapTo(window, timeline.rect().topLeft()).x()
    assert abs(compared.width() - timeline.width()) <= 2
    program.dispatcher.run("compare.stop")
    assert not compared.isVisible()
    assert timeline.isVisible()
    program.dispatcher.run("compare.with", id=both[1])
    assert window.views["compared"] is compared
    assert compared.isVisible()


def test_no_dock_gives_way_to_the_second_timeline(program, open_trace):
    open_trace()
    width = program.window.docks["library"].width()
    other = open_trace(seed=1)
    program.dispatcher.run("trace.next")
    program.dispatcher.run("compare.with", id=other)
    assert program.window.docks["library"].width() == width


def test_both_follow_the_cursor_and_the_shorter_one_stays_at_its_end(program, both):
    window = program.window
    program.dispatcher.run("cursor.set", t=30)
    assert "step 30 " in window.views["timeline"].sentence()
    assert "step 30 " in window.views["compared"].sentence()
    program.dispatcher.run("cursor.set", t=55)
    assert "step 55 " in window.views["timeline"].sentence()
    assert "step 39 " in window.views["compared"].sentence()


def test_what_only_one_of_them_has_is_asked_of_neither_in_vain(program, both):
    program.dispatcher.run("layer.select", layer=1)
    program.dispatcher.run("unit.select", unit=7)
    program.dispatcher.run("range.set", start=45, stop=60)
    sentence = program.window.views["compared"].sentence()
    assert "unit 4" in sentence
    assert "25 to 39" in sentence
    program.window.grab()


def test_traces_are_called_by_their_names(program, both):
    snapshot = program.dispatcher.snapshot
    assert titles(snapshot) == ((-1, snapshot.open_traces[0].name), (-1, snapshot.open_traces[1].name))


def test_twins_are_called_by_what_they_differ_in(make_trace):
    runs = (
        hand_made_run(run_id=1, twin=2, trace_id=5),
        hand_made_run(run_id=2, twin=1, trace_id=6, config=RunConfig(data="reber", cell="gru")),
    )
    snapshot = Snapshot(
        trace=make_trace(), trace_id=6, compared=make_trace(), compared_id=5, runs=runs,
        open_traces=(OpenTrace(5, "a"), OpenTrace(6, "b")),
    )  # fmt: skip
    assert titles(snapshot) == ((1, "Cell: GRU"), (0, "Cell: LSTM"))
    other = replace(snapshot, runs=(runs[0], replace(runs[1], twin=0)))
    assert titles(other) == ((-1, "b"), (-1, "a"))


def test_the_place_beside_is_always_one_that_the_trace_has(make_trace):
    trace, short = make_trace(steps=50, layers=2), make_trace(steps=3, units=2)
    snapshot = Snapshot(trace=trace, compared=short, compared_id=9, t=49, start=40, stop=50, layer=1, unit=7)
    seen = beside(snapshot)
    assert (seen.trace, seen.trace_id, seen.t, seen.start, seen.stop) == (short, 9, 2, 0, 3)
    assert (seen.layer, seen.unit) == (0, 1)
