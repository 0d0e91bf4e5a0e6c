"""The scales and colours of the cell diagram, without its window."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.app import frame_values as frame_values_module
from lstmviz.app import strip
from lstmviz.app.cell_geometry import Rect
from lstmviz.app.cell_picture import limits_text
from lstmviz.app.frame_values import GATE, Scale, frame_values, scales
from lstmviz.app.theme import lookup_table


def test_scales_hold_every_value_of_the_trace_and_are_symmetric(make_trace):
    trace = make_trace(units=9, layers=2)
    for layer in (0, 1):
        limits = scales(trace, layer)
        for t in range(len(trace)):
            for key, vector in frame_values(trace, t, layer).items():
                assert limits[key].low <= vector.min()
                assert vector.max() <= limits[key].high
        assert all(scale.low in (0, -scale.high) for scale in limits.values())
        assert all(limits[gate] == GATE for gate in "fio")


def test_scales_ignore_nan_and_survive_zeros(make_trace):
    trace = make_trace(units=4)
    lane = trace.lanes[0, "forward"]
    c = np.full_like(lane.signals["c"], np.nan)
    c[3, 2] = 2.345
    h = np.zeros_like(lane.signals["h"])
    changed = dataclasses.replace(lane, signals={**lane.signals, "c": c, "h": h})
    limits = scales(dataclasses.replace(trace, lanes={(0, "forward"): changed}))
    assert limits["c"] == Scale(-2.4, 2.4)
    assert limits["h"] == Scale(-1, 1)


def test_a_limit_from_some_of_the_steps_says_that_it_clips(make_trace, monkeypatch):
    monkeypatch.setattr(frame_values_module, "_MOST_VALUES", 40)
    limits = scales(make_trace(units=4))
    assert limits["c"].sampled
    assert limits_text(limits["c"]).endswith(" clipped")
    assert limits_text(limits["f"]) == "0…1"


@settings(max_examples=30, deadline=None)
@given(units=st.integers(1, 600), width=st.integers(40, 400), seed=st.integers(0, 99))
def test_a_strip_shows_each_unit_or_the_mean_of_those_that_share_a_pixel(units, width, seed):
    values = np.random.default_rng(seed).uniform(-2, 2, (1, units))
    scale = Scale(-2, 2)
    row = strip.pixels(values, [scale], width)[0]
    place = Rect(10, 0, width, 8)
    for pixel in range(width):
        first, last = strip.units_at(10 + pixel, place, units)
        mean = values[:, first : last + 1].mean(axis=1, keepdims=True)
        assert row[pixel] in (0, *(strip.colours(mean + nudge, [scale])[0, 0] for nudge in (-1e-9, 0, 1e-9)))
    assert (row != 0).sum() >= min(units, width)


def test_values_beyond_a_scale_take_its_end_and_nan_no_colour():
    colours = strip.colours(np.array([[-9.0, 9.0, np.nan, np.inf]]), [Scale(-1, 1)])[0]
    table = lookup_table(True).view(np.uint32)[:, 0]
    assert colours.tolist() == [table[0], table[255], 0, table[255]]
