"""The timeline asks for the right step, unit, range and signals, and shows what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QMenu
from pytestqt.qtbot import QtBot

from lstmviz import language
from lstmviz.app import theme
from lstmviz.app.axis_bar import AxisBar
from lstmviz.app.pictures import save_picture
from lstmviz.app.strip_data import guesses
from lstmviz.app.time_canvas import TimeCanvas
from lstmviz.app.time_painter import LEFT
from lstmviz.app.time_rows import LOWEST_MAP, SMALLEST_MAP, rows_of
from lstmviz.app.views.timeline import TimelineView
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.snapshot import Snapshot, changes
from lstmviz.traces.trace import Trace

Make = Callable[..., Trace]


class Stage:
    """A shown timeline, what it asked for, and snapshots put to it as the window does."""

    def __init__(self, qtbot: QtBot, snapshot: Snapshot, size: tuple[int, int] = (900, 620)) -> None:
        self.view = TimelineView()
        qtbot.addWidget(self.view)
        self.asked: list[tuple[str, dict]] = []
        self.view.asked.connect(self._on_asked)
        self.snapshot = Snapshot()
        self.view.resize(*size)
        self.view.show()
        self.put(snapshot, first=True)
        self.canvas = self.view.findChild(TimeCanvas)

    def put(self, snapshot: Snapshot, *, first: bool = False) -> None:
        before, self.snapshot = None if first else self.snapshot, snapshot
        self.view.present(snapshot, changes(before, snapshot))
        QApplication.processEvents()

    def _on_asked(self, command: str, args: dict) -> None:
        self.asked.append((command, args))

    def row(self, signal: str):
        return next(row for row in self.canvas.rows if row.signal == signal)


@pytest.fixture
def stage(qtbot: QtBot, make_trace: Make) -> Stage:
    trace = make_trace(steps=200, units=8, layers=2)
    return Stage(qtbot, Snapshot(trace=trace, t=20, start=0, stop=200, unit=3))


def test_a_click_on_a_heat_map_asks_for_that_step_and_unit(stage: Stage, qtbot: QtBot) -> None:
    row, axis = stage.row("c"), stage.canvas.axis
    point = QPoint(round(axis.centre(137)), round(row.unit_middle(6, 8)))
    qtbot.mouseClick(stage.canvas, Qt.MouseButton.LeftButton, pos=point)
    qtbot.waitUntil(lambda: len(stage.asked) == 2)
    assert ("unit.select", {"unit": 6}) in stage.asked
    assert ("cursor.set", {"t": axis.step(point.x())}) in stage.asked
    assert abs(axis.step(point.x()) - 137) <= 1


def test_a_drag_asks_for_the_newest_step_only(stage: Stage, qtbot: QtBot) -> None:
    axis, y = stage.canvas.axis, stage.canvas.rows[0].top + 3
    qtbot.mousePress(stage.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(axis.centre(50)), y))
    for t in range(51, 90):
        stage.canvas._wished = t
    qtbot.waitUntil(lambda: bool(stage.asked))
    assert stage.asked == [("cursor.set", {"t": 89})]


def test_the_wheel_zooms_around_the_mouse(stage: Stage) -> None:
    axis = stage.canvas.axis
    at = QPointF(axis.centre(50), 100)
    up = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(stage.canvas, up)
    [(command, wanted)] = stage.asked
    assert command == "range.set"
    assert wanted["stop"] - wanted["start"] == 160
    assert abs((50 - wanted["start"]) / 160 - 50 / 200) < 0.01


def test_shift_drag_pans(stage: Stage, qtbot: QtBot) -> None:
    stage.put(replace(stage.snapshot, start=50, stop=150, t=60))
    axis = stage.canvas.axis
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mousePress(stage.canvas, Qt.MouseButton.LeftButton, shift, QPoint(round(axis.edge(100)), 100))
    qtbot.mouseMove(stage.canvas, QPoint(round(axis.edge(110)), 100))
    assert stage.asked[-1] == ("range.set", {"start": 40, "stop": 140})
    qtbot.mouseRelease(stage.canvas, Qt.MouseButton.LeftButton, shift, QPoint(round(axis.edge(110)), 100))


def test_a_double_click_asks_for_all_steps(stage: Stage, qtbot: QtBot) -> None:
    qtbot.mouseDClick(stage.canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    assert ("range.all", {}) in stage.asked


def test_keys_zoom_and_move_through_the_units(stage: Stage, qtbot: QtBot) -> None:
    qtbot.keyClick(stage.canvas, Qt.Key.Key_Down)
    qtbot.keyClick(stage.canvas, Qt.Key.Key_Up)
    qtbot.keyClick(stage.canvas, Qt.Key.Key_Plus)
    units = [args["unit"] for command, args in stage.asked if command == "unit.select"]
    assert units == [4, 2]
    assert stage.asked[-1][0] == "range.set"
    stage.put(replace(stage.snapshot, unit=7))
    stage.asked.clear()
    qtbot.keyClick(stage.canvas, Qt.Key.Key_Down)
    assert stage.asked == []


def test_chips_ask_for_the_signals_in_their_order(stage: Stage) -> None:
    stage.put(replace(stage.snapshot, signals=("f", "c")))
    chips = {chip.accessibleName()[5:6]: chip for chip in stage.view.findChildren(QAbstractButton)}
    chips["i"].click()
    assert stage.asked[-1] == ("signals.show", {"signals": ("f", "i", "c")})


def test_the_layer_chooser_asks_for_a_layer_or_stacks_all(stage: Stage) -> None:
    chooser = stage.view.findChild(QComboBox)
    chooser.activated.emit(1)
    assert stage.asked[-1] == ("layer.select", {"layer": 1, "direction": "forward"})
    chooser.setCurrentIndex(2)
    chooser.activated.emit(2)
    assert [(row.layer, row.signal) for row in stage.canvas.rows if row.kind == "signal"] == [
        (layer, signal) for layer in (0, 1) for signal in "fiogch"
    ]
    assert "all" in stage.view.sentence()


def test_hovering_reads_step_unit_and_value(stage: Stage) -> None:
    row, axis = stage.row("f"), stage.canvas.axis
    words = stage.canvas.under(axis.centre(42), row.unit_middle(5, 8))
    assert words == f"t = 42   f[5] = {float(stage.snapshot.trace['f'][42, 5]):.3f}"


def test_maps_scroll_rather_than_squash(make_trace: Make) -> None:
    trace = make_trace(layers=2)
    rows, needed = rows_of(trace, ((0, "forward"), (1, "forward")), tuple("fiogch"), 200)
    assert needed > 200
    assert all(row.height >= SMALLEST_MAP for row in rows if row.kind == "signal")
    roomy, used = rows_of(trace, ((0, "forward"),), tuple("fiogch"), 900)
    assert used <= 900
    for above, below in pairwise(roomy):
        assert above.bottom <= below.top


def test_low_maps_of_one_layer_still_have_a_pixel_a_unit(make_trace: Make) -> None:
    for units, lowest in ((4, LOWEST_MAP), (24, 24), (64, SMALLEST_MAP)):
        rows, _ = rows_of(make_trace(units=units), ((0, "forward"),), tuple("fiogch"), 100)
        assert {row.height for row in rows if row.kind == "signal"} == {lowest}
    rows, _ = rows_of(make_trace(), ((0, "forward"),), ("f", "kept"), 100)
    assert {row.height for row in rows if row.kind == "signal"} == {SMALLEST_MAP}


def test_maps_get_lower_where_nothing_is_left_to_scroll_then(make_trace: Make) -> None:
    trace = make_trace(units=64)
    _, usual = rows_of(trace, ((0, "forward"),), tuple("fiogch"), 0)
    for height in range(usual - 6 * (SMALLEST_MAP - LOWEST_MAP), usual):
        rows, needed = rows_of(trace, ((0, "forward"),), tuple("fiogch"), height)
        assert needed <= height
        assert all(LOWEST_MAP <= row.height < SMALLEST_MAP for row in rows if row.kind == "signal")


def test_the_layer_chooser_is_as_wide_as_its_words(stage: Stage) -> None:
    language.use("pt_BR")
    stage.put(replace(stage.snapshot, language="pt_BR"))
    box = stage.view.findChild(QComboBox)
    widest = max(box.fontMetrics().horizontalAdvance(box.itemText(n)) for n in range(box.count()))
    assert box.width() >= widest + 20


def test_every_signal_that_the_layer_can_give_is_offered(stage: Stage) -> None:
    offered = {action.data() for action in stage.view.findChild(QMenu).actions() if action.isVisible()}
    assert offered == {"kept", "written", "tanh_c", "zf", "zi", "zo", "zg"}


def test_a_vector_picture_writes_its_names_and_limits_as_text(stage: Stage, tmp_path: Path) -> None:
    save_picture(stage.view, tmp_path / "t.svg")
    words = "".join((tmp_path / "t.svg").read_text(encoding="utf-8").split())
    assert words.count("<text") > 20
    assert "t=20" in words


def test_a_step_repaints_the_same_picture_as_drawing_all(stage: Stage) -> None:
    for t in (21, 22, 199, 0):
        stage.put(replace(stage.snapshot, t=t))
    on_screen = stage.view.screen().grabWindow(stage.view.winId()).toImage()
    drawn_anew = stage.view.grab().toImage()
    assert on_screen.convertToFormat(drawn_anew.format()) == drawn_anew


def test_the_axis_stays_under_the_maps_when_a_scroll_bar_comes(qtbot: QtBot, make_trace: Make) -> None:
    short = Stage(qtbot, Snapshot(trace=make_trace(), stop=50), size=(760, 300))
    QApplication.processEvents()
    assert short.view.findChild(AxisBar).axis == short.canvas.axis
    assert short.canvas.width() < 760


def test_the_sentence_says_where_the_cursor_is(stage: Stage) -> None:
    words = stage.view.sentence()
    assert "step 20 of 0 to 199" in words
    assert "unit 3" in words
    assert stage.view.accessibleName() == "Timeline"


def test_without_a_trace_it_says_so(qtbot: QtBot) -> None:
    bare = Stage(qtbot, Snapshot())
    assert "no trace" in bare.view.sentence()
    qtbot.mouseClick(bare.canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    qtbot.keyClick(bare.canvas, Qt.Key.Key_Plus)
    assert bare.asked == []


def test_right_and_wrong_guesses_are_told_apart(make_trace: Make) -> None:
    outputs = np.array([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4]], np.float32)
    targets = np.array([[0], [0], [np.nan]], np.float32)
    trace = replace(make_trace(steps=3), outputs=outputs, targets=targets, output_kind="probability")
    found = guesses(trace, 0, 3)
    assert found.wrong.tolist() == [False, True, False]
    assert found.asked.tolist() == [True, True, False]
    np.testing.assert_allclose(found.p[:2], [0.7, 0.2])
    assert np.isnan(found.p[2])


@pytest.mark.parametrize("kind", ["series", "text", "symbols", "audio", "image"])
@pytest.mark.parametrize("steps", [1, 40, 3000])
def test_every_kind_of_sequence_is_drawn(qtbot: QtBot, make_trace: Make, kind: str, steps: int) -> None:
    rng = np.random.default_rng(0)
    features = {"image": 12, "series": 3}.get(kind, 1)
    values, vocabulary = rng.normal(size=(steps, features)), ()
    if kind in ("text", "symbols"):
        values, vocabulary = rng.integers(0, 4, (steps, 1)), (" ", "b", "long word", "\n")
    labels = tuple("in" if t % 7 < 3 else "" for t in range(steps))
    sequence = Sequence(values.astype(np.float32), kind=kind, vocabulary=vocabulary, labels=labels)
    trace = replace(make_trace(steps=steps, inputs=1), sequence=sequence, name="")
    for scheme in ("light", "dark"):
        shown = Stage(qtbot, Snapshot(trace=trace, stop=steps, theme=scheme))
        picture = shown.canvas.grab().toImage()
        strip = shown.canvas.rows[0]
        colours = {picture.pixelColor(x, y).name() for x in range(LEFT, 800, 3) for y in range(strip.top, strip.bottom)}
        assert len(colours) > 1
        assert picture.pixelColor(2, 2).name() == theme.THEMES[scheme].base.lower()


def test_many_outputs_are_a_picture_of_the_target_above_one_of_the_prediction(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=20, inputs=8)
    outputs = np.zeros((20, 8), np.float32)
    outputs[:, 0] = 1  # the net says: the first row is bright, all else is dark
    targets = 1 - outputs
    targets[-1] = np.nan
    names = tuple("abcdefgh")
    sequence = replace(trace.sequence, kind="image")
    trace = replace(trace, sequence=sequence, outputs=outputs, output_names=names, targets=targets)
    stage = Stage(qtbot, Snapshot(trace=trace, stop=20), (900, 700))
    row = next(row for row in stage.canvas.rows if row.kind == "output")
    image = stage.canvas.grab().toImage()
    x = LEFT + 100
    quarter = row.height // 4
    bright = [image.pixelColor(x, row.top + y).lightness() > 128 for y in (3, quarter, 2 * quarter + 3, 3 * quarter)]
    assert bright == [False, True, True, False]
    assert "target above, prediction below" in stage.view.findChild(AxisBar).toolTip()


def test_pictures_give_way_before_the_view_scrolls_and_stay_whole_where_it_must(make_trace: Make) -> None:
    trace = make_trace(steps=20, inputs=28, units=24)
    outputs = np.zeros((20, 28), np.float32)
    sequence = replace(trace.sequence, kind="image")
    trace = replace(trace, sequence=sequence, outputs=outputs, output_names=trace.sequence.names, targets=outputs)
    signals = tuple("fiogch")
    whole, needed = rows_of(trace, ((0, "forward"),), signals, 100)
    low, fits = rows_of(trace, ((0, "forward"),), signals, needed - 40)
    assert (needed, fits) == (sum(row.height for row in whole) + 9 * 5, needed - 40)
    assert [row.height for row in low[1:-1]] == [row.height for row in whole[1:-1]]
    assert low[0].height >= 28
    assert low[-1].height >= 2 * 28


def test_no_curve_runs_under_the_names_of_the_curves(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=300, inputs=2)
    values = np.tile(np.float32([[1, -1], [-1, 1]]), (150, 1))  # up and down all the way, also under the names
    trace = replace(trace, sequence=replace(trace.sequence, values=values, names=("left", "right")))
    stage = Stage(qtbot, Snapshot(trace=trace, stop=300), (900, 700))
    row = stage.canvas.rows[0]
    image = stage.canvas.grab().toImage()
    inks = [{image.pixelColor(x, row.top + y).name() for x in range(LEFT + 200, LEFT + 500)} for y in range(row.height)]
    assert [len(colours) for colours in inks[:13]] == [1] * 13
    assert len(inks[20]) > 1
