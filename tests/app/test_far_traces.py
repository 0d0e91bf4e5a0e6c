"""A trace beyond memory is shown by every view, and none takes a whole signal of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from far_trace import SPIKE, STEPS, UNITS, counted, signals_of, write_store
from PySide6.QtWidgets import QApplication

from lstmviz.app import heat_map, reading, strip_data, theme
from lstmviz.app.memory_panel import habits_of
from lstmviz.app.reading import UnitSignal
from lstmviz.app.time_canvas import TimeCanvas
from lstmviz.app.time_painter import LEFT
from lstmviz.app.tolerant import tolerant
from lstmviz.app.views.unit import UnitView
from lstmviz.errors import RunError, TraceError
from lstmviz.traces.store import open_trace
from lstmviz.traces.trace import Trace

MOST = 4_000
"""Rows that one change may read of a signal: of 24,000."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("far") / "walk.zarr")


@pytest.fixture
def far(store: Path) -> Trace:
    return open_trace(store, lazy=True)


def show(program, trace: Trace, path: str = "") -> int:
    opened = program.dispatcher.session.add_trace(trace, path)
    program.dispatcher.announce()
    return opened


def grabbed(program) -> object:
    QApplication.processEvents()
    return program.window.views["timeline"].findChild(TimeCanvas).grab().toImage()


def test_no_view_reads_more_than_it_shows(program, store: Path) -> None:
    trace, arrays = counted(store)
    run = program.dispatcher.run
    other, _ = counted(store)
    compared = show(program, other)
    show(program, trace)

    def step(command: str, **arguments: object) -> None:
        run(command, **arguments)
        QApplication.processEvents()
        for view in program.window.views.values():
            assert view.sentence()
        for name, array in arrays.items():
            assert array.rows <= MOST, f"{command} {arguments} read {array.rows} steps of {name}"
            array.rows = 0

    for face in ("cell", "unrolled", "layer", "flow"):
        step("face.set", face=face)
        for start, stop in ((0, STEPS), (STEPS // 3, STEPS // 2), (9_000, 9_400), (STEPS - 20, STEPS)):
            step("range.set", start=start, stop=stop)
            step("cursor.set", t=(start + stop) // 2)
            step("step.forward")
            step("step.page_forward")
    for signal in ("kept", "written", "tanh_c", "zf"):
        step("signals.toggle", name=signal)
    for start, stop in ((0, STEPS), (3_000, 3_600)):
        step("range.set", start=start, stop=stop)
    step("compare.with", id=compared)
    step("range.all")
    step("unit.select", unit=3)
    step("inside.toggle")
    step("theme.toggle")
    step("language.set", language="pt_BR")
    step("cursor.last")


def test_the_pictures_are_those_of_the_signals_in_memory(far: Trace, store: Path) -> None:
    whole = open_trace(store, lazy=False)
    for name in "ifogch":
        for start, stop in ((5, 205), (1_000, 1_300)):
            seen = reading.picture(far, name, 0, "forward", (start, stop), (stop - start, UNITS))
            np.testing.assert_array_equal(seen, whole[name][start:stop].T)
        assert reading.limits(far, name, 0, "forward") == heat_map.limits(name, whole[name])


def test_a_spike_of_one_step_is_seen_in_map_and_curve_whatever_is_shown(program, far: Trace) -> None:
    show(program, far)
    program.dispatcher.run("signals.show", signals=("f",))
    t, unit = SPIKE
    dark = theme.lookup_table(False)[0][:3]
    for start, stop in ((0, STEPS), (t - 700, t + 900), (t - 30, t + 30)):
        program.dispatcher.run("range.set", start=start, stop=stop)
        image = grabbed(program)
        canvas = program.window.views["timeline"].findChild(TimeCanvas)
        row = next(row for row in canvas.rows if row.kind == "signal")
        x = round(canvas.axis.centre(t))
        pixels = {image.pixelColor(x + dx, y).getRgb()[:3] for dx in (-1, 0, 1) for y in range(row.top, row.bottom)}
        assert tuple(dark) in pixels
        drawn = UnitSignal(far, "f", 0, "forward", unit).drawn(start, stop, 300)
        assert (drawn.values if drawn.band is None else drawn.band[0]).min() == 0
    assert UnitSignal(far, "f", 0, "forward", unit).ends[0] == 0


def test_the_curve_of_a_unit_is_its_mean_between_its_lowest_and_highest(far: Trace) -> None:
    values = signals_of(STEPS)["c"][:, 2]
    drawn = UnitSignal(far, "c", 0, "forward", 2).drawn(4_000, 12_000, 100)
    assert drawn.band is not None
    assert len(drawn.values) >= 100
    for place in (0, len(drawn.values) // 2, len(drawn.values) - 2):
        first = round(float(drawn.times[place]) - drawn.step / 2)
        block = values[first : first + drawn.step]
        assert drawn.values[place] == pytest.approx(block.mean(), abs=1e-5)
        assert drawn.band[0][place] == block.min()
        assert drawn.band[1][place] == block.max()


def test_a_derived_signal_is_drawn_near_and_says_from_where_on(program, far: Trace) -> None:
    show(program, far)
    program.dispatcher.run("signals.show", signals=("zf",))
    most = reading.most_steps(
        replace(far, layers=(replace(far.layers[0], units=1024, outputs=1024),)), "zf", 0, "forward"
    )
    assert 100 < most < strip_data.NEAR
    assert reading.picture(far, "zf", 0, "forward", (0, 300), (300, UNITS)) is not None
    np.testing.assert_allclose(
        reading.picture(far, "kept", 0, "forward", (0, 50), (50, UNITS)).T[1:],
        signals_of(STEPS)["f"][1:50] * signals_of(STEPS)["c"][:49],
        rtol=1e-6,
    )
    assert "20" in strip_data.zoom_in("zf", 20)


def test_habits_are_those_of_the_shown_steps_and_say_so(program, far: Trace) -> None:
    gates = [UnitSignal(far, name, 0, "forward", 1) for name in ("f", "i", "o")]
    near = habits_of(gates, (100, 900))
    f = signals_of(STEPS)["f"][100:900, 1].astype(float)
    assert near.steps == (100, 899)
    assert near.means_of == 1
    assert near.mean == pytest.approx(-1 / np.log(f).mean(), rel=1e-5)
    wide = habits_of(gates, (0, STEPS))
    assert wide.means_of > 1
    show(program, far)
    program.dispatcher.run("range.all")
    view = program.window.views["unit"]
    assert isinstance(view, UnitView)
    assert "means of" in view._memory.scope()


def test_steps_that_are_not_there_are_hatched_and_no_alarm(program, store: Path) -> None:
    trace, _ = counted(store)
    gone = replace(trace, overview=_Nothing(trace.overview))
    show(program, gone)
    program.dispatcher.run("signals.show", signals=("c",))
    image = grabbed(program)
    row = next(row for row in program.window.views["timeline"].findChild(TimeCanvas).rows if row.kind == "signal")
    seen = {
        image.pixelColor(x, y).name() for x in range(LEFT + 20, LEFT + 200) for y in range(row.top + 1, row.bottom - 1)
    }
    assert seen == {theme.LIGHT.base.lower(), theme.LIGHT.line.lower()}


class _Nothing:
    """An overview of bytes that are all still on their way."""

    def __init__(self, overview: object) -> None:
        self._overview = overview

    def picture(self, *where: object) -> np.ndarray:
        *_, columns, rows = where
        return np.full((rows, columns), np.nan, np.float32)

    def __getattr__(self, name: str) -> object:
        return getattr(self._overview, name)


def test_what_arrives_is_drawn_without_a_jump(program, far: Trace) -> None:
    session = program.dispatcher.session
    opened = show(program, far)
    program.dispatcher.run("range.set", start=500, stop=900)
    program.dispatcher.run("cursor.set", t=640)
    program.dispatcher.run("unit.select", unit=4)
    before = grabbed(program)
    session.replace_trace(opened, replace(far))
    program.dispatcher.announce()
    snapshot = program.dispatcher.snapshot
    assert (snapshot.start, snapshot.stop, snapshot.t, snapshot.unit) == (500, 900, 640, 4)
    assert grabbed(program) == before


def test_a_damaged_chunk_is_said_once_and_the_rest_is_drawn(program, tmp_path: Path) -> None:
    path = write_store(tmp_path / "hurt.zarr")
    for chunk in (path / "layer0" / "forward" / "c").glob("c.*"):
        data = bytearray(chunk.read_bytes())
        data[len(data) // 2] ^= 1
        chunk.write_bytes(data)
    stores = program.opening._stores
    show(program, stores.watched(open_trace(path, lazy=True)), str(path))
    for t in (10, 3_000, 17_000):
        program.dispatcher.run("cursor.set", t=t)
        QApplication.processEvents()
    notice = program.dispatcher.session.notice
    assert notice is not None
    assert "damaged" in notice.text
    assert notice.serial == 1
    assert "c NaN" in program.window.views["unit"].sentence()
    assert "f 0." in program.window.views["unit"].sentence()


def test_of_a_damaged_picture_the_sound_parts_are_left() -> None:
    told: list[TraceError] = []

    class Broken(_Nothing):
        def picture(self, *where: object) -> np.ndarray:
            start, stop, columns, rows = where[3:]
            if start <= 777 < stop:
                raise TraceError("“{path}” is damaged.", path="here")
            return np.ones((rows, columns), np.float32)

    trace = tolerant(seen_by(Broken(None)), told.append)
    assert trace.overview is not None
    seen = trace.overview.picture("c", 0, "forward", 0, 1600, 160, 4)
    assert len(told) == 1
    assert seen.shape == (4, 160)
    assert 0 < np.isnan(seen[0]).sum() <= 20


def seen_by(overview: object) -> Trace:
    from by_hand import record_by_hand

    from lstmviz.cells.initial import new_lstm

    rng = np.random.default_rng(0)
    trace = record_by_hand([new_lstm(rng, 2, 3)], np.zeros((5, 2), np.float32))
    return replace(trace, overview=overview)


def test_a_recording_that_was_cut_short_says_so_when_it_opens(program, tmp_path: Path) -> None:
    path = write_store(tmp_path / "cut.zarr", written=12_000)
    trace = open_trace(path, lazy=True)
    assert len(trace) < STEPS
    program.opening._add(trace, str(path), "", None)
    program.dispatcher.announce()
    assert program.dispatcher.session.notice is not None
    assert program.dispatcher.session.notice.text == f"“{trace.name}”: {trace.recorded.note}"
    assert program.dispatcher.session.notice.level == "warning"


def test_the_gradient_and_a_mini_batch_say_that_they_need_memory(program, far: Trace) -> None:
    known = replace(far, model=replace(far.model, path="net.json"))
    show(program, known)
    for ask in (lambda: program.questions.ask_flow(3), program.questions.ask_batch):
        with pytest.raises(RunError, match="memory"):
            ask()
    program.dispatcher.run("face.set", face="flow")
    assert not program.window.views["flow"]._begin.isVisible()


def test_pages_are_turned_by_what_is_shown(program, open_trace: Callable[..., int]) -> None:
    open_trace(steps=100)
    run = program.dispatcher.run
    run("range.set", start=0, stop=20)
    run("step.page_forward")
    assert program.dispatcher.snapshot.t == 20
    assert program.window.views["transport"].slider.pageStep() == 20
    run("step.page_back")
    assert program.dispatcher.snapshot.t == 0


def test_a_trace_at_an_address_is_drawn_as_it_comes(program, store: Path, qtbot) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(store), "/far/walk.zarr", recursive=True)
    address = "memory://far/walk.zarr"
    program.dispatcher.run("file.open_paths", paths=(address,))
    assert program.dispatcher.session.task is not None  # nothing was waited for
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.trace is not None, timeout=20_000)
    program.dispatcher.run("cursor.set", t=4_321)
    expected = f"c {signals_of(STEPS)['c'][4_321, 0]:.2f}".replace("-", "−")
    qtbot.waitUntil(lambda: expected in program.window.views["unit"].sentence(), timeout=20_000)
    assert program.dispatcher.session.active.path == address
    program.dispatcher.run("file.open_path", path="memory://far/nothing.zarr")
    qtbot.waitUntil(lambda: program.dispatcher.session.notice is not None, timeout=20_000)
    assert "nothing.zarr" in program.dispatcher.session.notice.text
    program.dispatcher.run("trace.close")  # what still comes is drawn nowhere
    memory.rm("/far", recursive=True)


def test_a_packed_store_opens_where_it_lies(program, store: Path, tmp_path: Path) -> None:
    from lstmviz.traces import store as trace_store
    from lstmviz.traces.pack import pack_store

    packed = tmp_path / "walk.zarr.zip"
    pack_store(store, packed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace_store, "WHOLE", 1000)
        program.dispatcher.run("file.open_path", path=str(packed))
    assert program.dispatcher.snapshot.trace is not None
    program.dispatcher.run("range.all")
    program.dispatcher.run("cursor.set", t=9_999)
    assert f"f {signals_of(STEPS)['f'][9_999, 0]:.2f}" in program.window.views["unit"].sentence()
