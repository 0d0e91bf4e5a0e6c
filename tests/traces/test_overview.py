"""What the overview draws is what the whole array would show, at every zoom and place."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamed import bare_trace, begin, feed, stream

from lstmviz.traces.overview import Overview
from lstmviz.traces.store import open_trace
from lstmviz.traces.trace import Lane, Trace

SIDES = [("forward",), ("reverse",)]


def with_h(trace: Trace, h: np.ndarray) -> Trace:
    """The trace with another h."""
    (key, lane), *_ = trace.lanes.items()
    return Trace(trace.sequence, trace.inputs, trace.layers, {key: Lane({"h": h}, lane.h0)}, name="bare")


def overview_of(trace: Trace) -> Overview:
    assert trace.overview is not None
    return trace.overview


def assert_true_to(h: np.ndarray, overview: Overview, side: str, window: tuple[int, int, int, int]) -> None:
    """Every pixel of a picture is a value that it covers, the furthest from its mean but for the mean so far."""
    picture = overview.picture("h", 0, side, *window)
    (first, end), (top, bottom) = overview.covered("h", 0, side, *window)
    assert picture.shape == (window[3], window[2])
    assert first[0] <= window[0] < end[0]
    assert end[-1] >= window[1]
    for column, row in np.random.default_rng(0).integers(0, (window[2], window[3]), size=(60, 2)):
        cells = h[first[column] : end[column], top[row] : bottom[row]]
        found = picture[row, column]
        assert found in cells if not np.isnan(found) else np.isnan(cells).all()


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_pictures_curves_and_limits_are_those_of_the_whole_array(data: st.DataObject) -> None:
    steps, units = data.draw(st.sampled_from([(3, 1), (64, 5), (4097, 5), (30_000, 3), (2500, 130), (1100, 300)]))
    dtype, sides = data.draw(st.sampled_from(["float16", "float32"])), data.draw(st.sampled_from(SIDES))
    trace = bare_trace(steps, units, sides, seed=data.draw(st.integers(0, 99)))
    h = trace.lanes[0, sides[0]].signals["h"].astype(dtype)
    rng = np.random.default_rng(steps)
    if steps > 3 and data.draw(st.booleans()):
        h[rng.integers(0, steps, 20), rng.integers(0, units, 20)] = rng.choice([np.nan, np.inf, -np.inf], 20)
    folder = Path(tempfile.mkdtemp())
    try:
        stream(folder / "a.zarr", with_h(trace, h), dtype, stretch=data.draw(st.sampled_from([333, 64, 5000])))
        if data.draw(st.booleans()):
            shutil.rmtree(folder / "a.zarr/lstmviz/overview")
        overview = overview_of(open_trace(folder / "a.zarr", lazy=True))
        start = data.draw(st.integers(0, steps - 1))
        stop = data.draw(st.integers(start + 1, steps))
        columns, rows = data.draw(st.integers(1, 200)), data.draw(st.integers(1, 150))
        assert_true_to(h, overview, sides[0], (start, stop, columns, rows))
        finite = np.where(np.isfinite(h), h.astype(np.float64), np.nan)
        assert overview.limits("h", 0, sides[0]) == (np.nanmin(finite), np.nanmax(finite))
        assert_curve(finite, overview, sides[0], data.draw(st.integers(0, units - 1)), (start, stop, columns))
        if np.isfinite(h).all():
            error = 2e-3 if dtype == "float16" else 1e-6
            np.testing.assert_allclose(overview.means("h", 0, sides[0]), finite.mean(axis=0), atol=error)
    finally:
        shutil.rmtree(folder)


def assert_curve(finite: np.ndarray, overview: Overview, side: str, unit: int, window: tuple[int, int, int]) -> None:
    """An envelope has the extremes and, but for its float type, the mean of every block."""
    start, stop, columns = window
    curve = overview.envelope("h", 0, side, unit, *window)
    assert curve.first <= start
    assert curve.first + curve.step * len(curve.low) >= stop
    assert curve.step == 1 or 2 * len(curve.low) >= min(columns, stop - start)
    for n in range(0, len(curve.low), max(1, len(curve.low) // 40)):
        block = finite[curve.first + n * curve.step : curve.first + (n + 1) * curve.step, unit]
        if curve.step == 1 or np.isnan(block).all():
            continue
        assert (curve.low[n], curve.high[n]) == (np.nanmin(block), np.nanmax(block))
        if not np.isnan(finite[:, unit]).any():
            np.testing.assert_allclose(curve.mean[n], block.mean(), atol=2e-3 if curve.mean.dtype == "f2" else 1e-5)


@pytest.mark.parametrize("units", [6, 300])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_single_spike_is_in_every_picture_that_covers_it(tmp_path: Path, units: int, dtype: str) -> None:
    steps, spike, unit = 20_000, 12_345, units // 2
    rng = np.random.default_rng(1)
    h = rng.uniform(0.4, 0.6, size=(steps, units)).astype(dtype)
    h[spike, unit] = 0.97
    stream(tmp_path / "a.zarr", with_h(bare_trace(steps, units), h), dtype)
    overview = overview_of(open_trace(tmp_path / "a.zarr", lazy=True))
    for _ in range(60):
        start, stop = int(rng.integers(0, spike + 1)), int(rng.integers(spike + 1, steps + 1))
        columns = int(rng.integers(1, max(2, stop - start)))
        picture = overview.picture("h", 0, "forward", start, stop, min(columns, 500), 100)
        assert picture.max() == h[spike, unit]
        curve = overview.envelope("h", 0, "forward", unit, start, stop, 300)
        assert curve.high.max() == h[spike, unit]


def test_an_unfinished_store_shows_what_is_complete(tmp_path: Path) -> None:
    trace = bare_trace(30_000, 40)
    writer = begin(tmp_path / "a.zarr", trace)
    feed(writer, trace, stop=20_000)
    opened = open_trace(tmp_path / "a.zarr", lazy=True)
    writer.close()
    assert 15_000 < len(opened) < 20_000
    h = trace.lanes[0, "forward"].signals["h"][: len(opened)]
    overview = overview_of(opened)
    assert overview.limits("h", 0, "forward") == (h.min(), h.max())
    np.testing.assert_allclose(overview.means("h", 0, "forward"), h.mean(axis=0), atol=1e-6)
    assert_true_to(h, overview, "forward", (100, len(opened), 50, 30))
    assert len(open_trace(tmp_path / "a.zarr", lazy=True)) == 20_000


def test_a_damaged_pyramid_is_made_anew_from_the_signal(tmp_path: Path) -> None:
    trace = bare_trace(9_000, 30)
    stream(tmp_path / "a.zarr", trace)
    rng = np.random.default_rng(3)
    for file in (tmp_path / "a.zarr/lstmviz/overview/layer0/forward/h").iterdir():
        data = bytearray(file.read_bytes())
        data[rng.integers(0, len(data))] ^= 64
        file.write_bytes(data[: rng.integers(1, len(data))] if rng.random() < 0.5 else data)
    h = trace.lanes[0, "forward"].signals["h"]
    overview = overview_of(open_trace(tmp_path / "a.zarr", lazy=True))
    assert overview.limits("h", 0, "forward") == (h.min(), h.max())
    assert_true_to(h, overview, "forward", (0, 9_000, 70, 30))
    for unit in range(30):
        assert_curve(h.astype(np.float64), overview, "forward", unit, (0, 9_000, 70))
