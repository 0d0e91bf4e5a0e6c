"""Steps and pixels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.app.time_axis import SMALLEST_RANGE, TimeAxis, panned, tick_label, time_of, zoomed


@st.composite
def axes(draw: st.DrawFn) -> TimeAxis:
    start = draw(st.integers(0, 20_000))
    steps = draw(st.integers(1, 20_000))
    return TimeAxis(start, start + steps, draw(st.floats(0, 200)), draw(st.floats(1, 3000)))


@settings(deadline=None, max_examples=60)
@given(axes(), st.integers(0, 10**6))
def test_the_pixel_in_the_middle_of_a_step_is_that_step(axis: TimeAxis, pick: int) -> None:
    t = axis.start + pick % axis.steps
    assert axis.step(axis.centre(t)) == t
    assert axis.edge(t) <= axis.centre(t) <= axis.edge(t + 1)


@settings(deadline=None, max_examples=60)
@given(axes())
def test_pixels_outside_belong_to_the_nearest_shown_step(axis: TimeAxis) -> None:
    assert axis.step(axis.left - 50) == axis.start
    assert axis.step(axis.left + axis.width + 50) == axis.stop - 1


@settings(deadline=None, max_examples=60)
@given(axes(), st.floats(20, 200))
def test_ticks_are_round_shown_and_far_enough_apart(axis: TimeAxis, spacing: float) -> None:
    ticks = axis.ticks(spacing)
    assert all(axis.start <= t < axis.stop for t in ticks)
    for before, after in pairwise(ticks):
        apart = after - before
        assert str(apart).rstrip("0") in ("1", "2", "5")
        assert before % apart == 0
        assert apart * axis.per_step >= spacing * (1 - 1e-9)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 20_000),
    st.integers(0, 20_000),
    st.integers(1, 20_000),
    st.floats(0.1, 10),
    st.integers(-30_000, 30_000),
    st.data(),
)
def test_zooming_and_panning_stay_inside_the_trace(
    steps: int, start: int, length: int, factor: float, by: int, data: st.DataObject
) -> None:
    start %= steps
    stop = min(steps, start + length)
    around = data.draw(st.integers(start, stop - 1))
    for begin, end in (zoomed(start, stop, steps, factor, around), panned(start, stop, steps, by)):
        assert 0 <= begin < end <= steps
    begin, end = zoomed(start, stop, steps, factor, around)
    assert end - begin >= min(SMALLEST_RANGE, steps)
    assert panned(start, stop, steps, by)[1] - panned(start, stop, steps, by)[0] == stop - start


def test_zooming_keeps_the_step_under_the_mouse_where_it_is() -> None:
    start, stop = zoomed(1000, 3000, 10_000, 0.5, 1500)
    assert (1500 - start) / (stop - start) == (1500 - 1000) / 2000


def test_a_tick_is_as_fine_as_the_span_needs() -> None:
    minutes = np.datetime64("2024-03-01T00:00", "s") + np.arange(5000) * np.timedelta64(60, "s")
    days = np.datetime64("2020-01-01", "D") + np.arange(3000)
    assert tick_label(61, minutes, (0, 100)) == "01:01:00"
    assert tick_label(61, minutes, (0, 1440)) == "03-01 01:01"
    assert tick_label(60, days, (0, 300)) == "2020-03-01"
    assert tick_label(60, days, (0, 3000)) == "2020-03"
    assert tick_label(7, np.array([0.5] * 8), (0, 8)) == "0.5"
    assert tick_label(7, None, (0, 8)) == "7"
    assert time_of(60, days) == "2020-03-01"
    assert time_of(1, minutes) == "2024-03-01 00:01:00"
    assert time_of(1, None) == ""
