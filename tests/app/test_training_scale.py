"""Updates and values on pixels: nothing is lost that can be seen, and nothing is drawn that is not there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.app.training_scale import UpdateAxis, ValueAxis, means_at, thinned, window_of


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 5000), width=st.integers(20, 400), seed=st.integers(0, 99))
def test_thinning_keeps_every_extreme_and_takes_no_more_room_than_pixels(count, width, seed):
    values = np.random.default_rng(seed).normal(size=count)
    updates = np.arange(1, count + 1, dtype=float)
    drawn = thinned(updates, values, UpdateAxis.over(count, 10, width), positive=False)
    assert len(drawn.x) <= width + 1
    assert drawn.low.min() == values.min()
    assert drawn.high.max() == values.max()
    assert np.all(np.diff(drawn.x) > 0)


def test_each_column_is_the_lowest_and_highest_of_its_updates():
    rng = np.random.default_rng(1)
    values, updates = rng.normal(size=3000), np.arange(1, 3001, dtype=float)
    axis = UpdateAxis.over(3000, 0, 100)
    drawn = thinned(updates, values, axis, positive=False)
    column = np.floor(axis.xs(updates) + 1e-9).clip(0, 99)
    for x, low, high in zip(drawn.x, drawn.low, drawn.high, strict=True):
        here = values[column == np.floor(x)]
        here = here if len(here) else values[-1:]
        assert low <= here.min() + 1e-12
        assert high >= here.max() - 1e-12 or x > 99


def test_what_is_no_number_is_left_out_and_on_a_logarithmic_axis_what_is_not_positive():
    values = np.array([1.0, np.nan, -2.0, np.inf, 0.0, 3.0])
    updates = np.arange(1, 7, dtype=float)
    axis = UpdateAxis.over(10, 0, 100)
    assert thinned(updates, values, axis, positive=False).low.tolist() == [1.0, -2.0, 0.0, 3.0]
    assert thinned(updates, values, axis, positive=True).low.tolist() == [1.0, 3.0]


def test_the_mean_is_that_of_the_updates_around_and_of_fewer_at_the_ends():
    values = np.random.default_rng(2).normal(size=50)
    places = np.array([0, 3, 9, 10, 46, 49])
    for window, before, after in ((10, 4, 5), (5, 2, 2)):
        expected = [values[max(0, at - before) : at + after + 1].mean() for at in places]
        np.testing.assert_allclose(means_at(values, window, places), expected, atol=1e-12)


def test_a_short_run_is_not_smoothed_and_a_long_one_over_a_fortieth():
    assert window_of(40) == 1
    assert window_of(4000) == 100


@pytest.mark.parametrize("logarithmic", [True, False])
def test_every_value_stands_inside_the_plot_and_higher_values_higher(logarithmic):
    values = np.array([0.02, 0.4411, 1.0, 30.0])
    axis = ValueAxis.around(values, logarithmic, 20, 100)
    y = axis.ys(values)
    assert np.all((y >= 20) & (y <= 120))
    assert np.all(np.diff(y) < 0)
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks())
    assert len(axis.ticks()) >= 2


@settings(max_examples=30, deadline=None)
@given(low=st.floats(1e-6, 1e3), ratio=st.floats(1.001, 1e6), height=st.integers(30, 500))
def test_a_logarithmic_axis_has_at_least_two_ticks_and_not_too_many(low, ratio, height):
    ticks = ValueAxis.around(np.array([low, low * ratio]), True, 0, height).ticks()
    assert 1 <= len(ticks) <= height // 24 + 4


def test_an_axis_without_a_value_still_is_one():
    for logarithmic in (True, False):
        axis = ValueAxis.around(np.array([np.nan, np.inf]), logarithmic, 0, 50)
        assert axis.low < axis.high


def test_a_pixel_leads_back_to_its_update():
    axis = UpdateAxis.over(5000, 60, 700)
    assert axis.update(axis.x(1234)) == pytest.approx(1234)
    assert axis.update(-50) == 0
    assert axis.update(5000) == 5000
