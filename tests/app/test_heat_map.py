"""Heat maps show the trace's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from lstmviz.app import heat_map, theme
from lstmviz.app.curve_map import Curve, draw, envelope
from lstmviz.traces.cells import cells


def random(seed: int, steps: int, units: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (steps, units)).astype(np.float32)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 99))
def test_pixels_are_the_lookup_table_at_the_true_values(steps: int, units: int, seed: int) -> None:
    array = random(seed, steps, units)
    columns, rows = 3 * steps, 2 * units
    picture = heat_map.image(array, columns, rows, -1.0, 1.0, "signed")
    table = theme.lookup_table(True)
    for t, u in ((0, 0), (steps - 1, units - 1), (steps // 2, units // 3)):
        red, green, blue, _ = table[round((float(array[t, u]) + 1) * 127.5)]
        for x in (3 * t, 3 * t + 2):
            for y in (2 * u, 2 * u + 1):
                colour = picture.pixelColor(x, y)
                assert (colour.red(), colour.green(), colour.blue()) == (red, green, blue)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 400), st.integers(1, 90), st.integers(1, 50), st.integers(1, 30), st.integers(0, 99))
def test_each_pixel_is_the_true_value_furthest_from_its_units_mean(
    steps: int, units: int, columns: int, rows: int, seed: int
) -> None:
    array = random(seed, steps, units)
    grid = heat_map.reduced(array, columns, rows)
    assert grid.shape == (rows, columns)
    away = np.abs(array - array.mean(axis=0))
    across, down = cells(steps, columns), heat_map.cells(units, rows)
    for column in {0, columns // 2, columns - 1}:
        for row in {0, rows // 2, rows - 1}:
            block = slice(across[0][column], across[1][column]), slice(down[0][row], down[1][row])
            assert grid[row, column] in array[block]
            shown = np.argwhere(array[block] == grid[row, column])[0]
            if steps > columns or units > rows:
                np.testing.assert_allclose(away[block][tuple(shown)], away[block].max(), rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3000), st.integers(1, 1000))
def test_cells_cover_every_step_in_order(count: int, pixels: int) -> None:
    first, end = cells(count, pixels)
    assert first[0] == 0
    assert end[-1] == count
    assert (end > first).all()
    assert set(range(count)) == {int(n) for a, b in zip(first, end, strict=True) for n in range(a, b)} or count < pixels


@pytest.mark.parametrize(("quiet", "spike"), [(1.0, 0.0), (0.0, 1.0), (0.5, -0.9)])
def test_a_spike_of_one_step_is_never_hidden(quiet: float, spike: float) -> None:
    array = np.full((10_000, 200), quiet, np.float32)
    array[7_777, 123] = spike
    grid = heat_map.reduced(array, 600, 40)
    assert (grid == np.float32(spike)).sum() == 1


def test_limits_are_fixed_for_gates_and_symmetric_for_the_others() -> None:
    small = np.array([[0.2, -0.7]], np.float32)
    assert heat_map.limits("f", small) == (0.0, 1.0)
    assert heat_map.limits("g", small) == (-1.0, 1.0)
    assert heat_map.limits("h", small) == pytest.approx((-0.7, 0.7))
    assert heat_map.limits("c", np.array([[8.231]], np.float32)) == (-8.3, 8.3)
    assert heat_map.limits("c", np.zeros((2, 2), np.float32)) == (-1.0, 1.0)
    assert heat_map.limits("c", np.array([[np.nan, 3.0]], np.float32)) == (-3.0, 3.0)


def test_nan_has_a_colour_of_its_own() -> None:
    picture = heat_map.image(np.array([[np.nan], [1.0]], np.float32), 2, 1, 0.0, 1.0, "gate")
    table = theme.lookup_table(False)
    assert picture.pixelColor(0, 0).name() == "#ff00ff"
    assert picture.pixelColor(1, 0).getRgb()[:3] == tuple(table[255][:3])


def test_the_note_names_what_a_pixel_stands_for() -> None:
    assert heat_map.reduction_note(100, 20, 200, 20) == ""
    assert "12 steps" in heat_map.reduction_note(1200, 20, 100, 20)
    assert "3.2 units" in heat_map.reduction_note(100, 128, 200, 40)
    both = heat_map.reduction_note(1200, 128, 100, 40)
    assert "12 steps" in both
    assert "3.2 units" in both


def test_an_envelope_reaches_the_extremes_of_every_column(qapp: object) -> None:
    from PySide6.QtGui import QColor

    values = random(3, 5000, 1)[:, 0]
    picture = envelope(values, values, (-1.0, 1.0), (100, 81), QColor("#000000"))
    for column in (0, 50, 99):
        under = values[column * 50 : column * 50 + 50]
        drawn = [y for y in range(81) if picture.pixelColor(column, y).alpha()]
        assert min(drawn) <= round((1 - float(under.max())) * 40)
        assert max(drawn) >= round((1 - float(under.min())) * 40)


def test_a_curve_stands_where_the_axis_says(qapp: object) -> None:
    from PySide6.QtGui import QColor

    values = np.zeros(10, np.float32)
    values[4] = 1.0
    pixmap = draw([Curve(values, 0, QColor("#D55E00"))], (0, 10), 0.0, 1.0, (200, 60), 1.0)
    picture = pixmap.toImage()
    top = [x for x in range(200) if any(picture.pixelColor(x, y).alpha() for y in range(6))]
    assert top
    assert all(abs(x - 90) <= 3 for x in top)  # the middle of step 4 of 10 in 200 pixels


def test_a_band_of_which_nothing_is_known_yet_is_not_drawn(qapp) -> None:
    nothing = np.full(5, np.nan)
    colour = QColor("red")
    picture = draw([Curve(nothing, np.arange(5.0), colour, band=(nothing, nothing))], (0, 5), 0, 1, (20, 10), 1.0)
    assert picture.toImage() == draw([], (0, 5), 0, 1, (20, 10), 1.0).toImage()
