"""The gradient flow is drawn as it was computed, on the timeline's axis, and named in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from by_hand import KINDS
from face_stage import Stage
from made_runs import hand_made_run
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from lstmviz.analysis.gradient_flow import Verdict, gradient_flow, norms
from lstmviz.app.drawing import Ink
from lstmviz.app.flow_canvas import FlowCanvas
from lstmviz.app.flow_painter import band_image, way_colour
from lstmviz.app.flow_rows import BAND, decade, lanes_of, magnitude, places_of, verdict_words
from lstmviz.app.pictures import save_picture
from lstmviz.app.theme import DARK
from lstmviz.app.time_axis import TimeAxis
from lstmviz.app.time_canvas import TimeCanvas
from lstmviz.app.views.flow import FlowPlotView
from lstmviz.app.views.timeline import TimelineView
from lstmviz.runs.config import RunConfig
from lstmviz.session.run_view import FlowView
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Trace

Make = Callable[..., Trace]


def flow_of(trace: Trace, step: int, trace_id: int = 1) -> FlowView:
    info = trace.layers[-1]
    dy = np.zeros((len(trace), info.outputs))
    dy[step if step >= 0 else slice(None)] = 1.0
    return FlowView(trace_id, step, 0.5, norms(gradient_flow(trace, dy)))


def buttons(view: FlowPlotView) -> dict[str, QAbstractButton]:
    return {button.text(): button for button in view.findChildren(QAbstractButton) if button.isVisible()}


@pytest.fixture
def stage(qtbot: QtBot, make_trace: Make) -> Stage:
    trace = make_trace(steps=60, units=8, layers=2)
    shown = Snapshot(trace=trace, trace_id=1, t=20, start=0, stop=60, unit=3, flow=flow_of(trace, 50))
    return Stage(qtbot, FlowPlotView(), shown)


def test_before_it_is_asked_for_it_explains_itself_and_offers_the_last_step_that_is_asked(qtbot, make_trace) -> None:
    trace = make_trace(steps=30)
    targets = np.full((30, 1), np.nan, np.float32)
    targets[[4, 21]] = 1.0
    shown = Snapshot(trace=replace(trace, targets=targets), trace_id=1, stop=30)
    stage = Stage(qtbot, FlowPlotView(), shown)
    assert stage.view.sentence() == "Gradient flow: not asked for yet."
    [button] = buttons(stage.view).values()
    assert button.text() == "Follow the loss of step 21 back"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert stage.asked == [("flow.ask", {"step": 21})]
    stage.put(replace(shown, flow=FlowView(1, 21, float("nan"), {}, pending=True)))
    assert not button.isEnabled()


def test_without_a_trace_there_is_nothing_to_ask(qtbot: QtBot) -> None:
    stage = Stage(qtbot, FlowPlotView(), Snapshot())
    assert not buttons(stage.view)
    assert stage.view.sentence() == "Gradient flow: no trace is open."


def test_the_verdict_is_named_for_every_layer(stage: Stage) -> None:
    text = stage.view.sentence()
    assert "loss of step 50: 0.500" in text
    assert text.count("vanishing: ×0.") == 2
    assert "layer 1→" in text
    assert "layer 0→" in text


def test_a_flow_of_another_trace_is_not_shown(stage: Stage, make_trace: Make) -> None:
    stage.put(replace(stage.snapshot, trace_id=2))
    assert stage.view.sentence() == "Gradient flow: not asked for yet."
    stage.put(replace(stage.snapshot, trace_id=1, trace=make_trace(steps=40, units=8, layers=2), stop=40))
    assert stage.view.sentence() == "Gradient flow: not asked for yet."


def test_of_twins_the_flow_of_each_can_be_chosen_with_the_same_loss(stage: Stage, qtbot: QtBot) -> None:
    assert not {"A", "B"} & set(buttons(stage.view))
    runs = (
        hand_made_run(run_id=1, twin=2, trace_id=1),
        hand_made_run(run_id=2, twin=1, trace_id=2, config=RunConfig(data="reber", cell="rnn")),
    )
    twin = replace(stage.snapshot, runs=runs, compared=stage.snapshot.trace, compared_id=2)
    stage.put(twin)
    found = buttons(stage.view)
    assert found["A"].isChecked()
    assert not found["B"].isChecked()
    assert found["B"].accessibleName() == "B: Cell: recurrent layer"
    qtbot.mouseClick(found["A"], Qt.MouseButton.LeftButton)
    assert stage.asked == []
    qtbot.mouseClick(found["B"], Qt.MouseButton.LeftButton)
    assert stage.asked == [("trace.activate", {"id": 2}), ("flow.ask", {"step": 50})]
    assert found["A"].isChecked(), "until the other is shown"
    stage.put(replace(twin, trace_id=2, compared_id=1, flow=flow_of(twin.trace, 50, trace_id=2)))
    assert found["B"].isChecked()
    assert not found["A"].isChecked()


def test_the_chooser_asks_for_the_cursors_step_and_for_all(stage: Stage, qtbot: QtBot) -> None:
    found = buttons(stage.view)
    qtbot.mouseClick(found["step 20"], Qt.MouseButton.LeftButton)
    qtbot.mouseClick(found["all steps"], Qt.MouseButton.LeftButton)
    assert stage.asked == [("flow.ask", {"step": 20}), ("flow.ask", {"step": -1})]
    assert not any(button.isChecked() for button in found.values())  # until the answer is there
    stage.put(replace(stage.snapshot, t=50))
    assert buttons(stage.view)["step 50"].isChecked()
    stage.put(replace(stage.snapshot, flow=flow_of(stage.snapshot.trace, -1)))
    assert found["all steps"].isChecked()


def test_a_click_asks_for_the_step_and_on_the_map_for_the_unit(stage: Stage, qtbot: QtBot) -> None:
    canvas = stage.view.findChild(FlowCanvas)
    place, axis = canvas.places[1], canvas.axis
    at = QPoint(round(axis.centre(37)), round(place.map + 5.5 * place.map_height / 8))
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: len(stage.asked) == 2)
    assert ("unit.select", {"unit": 5}) in stage.asked
    assert ("cursor.set", {"t": 37}) in stage.asked
    stage.asked.clear()
    at.setY(canvas.places[0].curve + 9)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: bool(stage.asked))
    assert stage.asked == [("cursor.set", {"t": 37})]


def test_a_map_of_another_layer_selects_that_layer(stage: Stage, qtbot: QtBot) -> None:
    canvas = stage.view.findChild(FlowCanvas)
    place = canvas.places[0]  # the layer nearest the loss stands on top
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(canvas.axis.centre(9)), place.map + 2))
    assert ("layer.select", {"layer": 1, "direction": "forward"}) in stage.asked


def test_its_axis_is_that_of_the_timeline_also_beside_a_scroll_bar(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=60, units=8, layers=3)
    shown = Snapshot(trace=trace, trace_id=1, start=7, stop=50, flow=flow_of(trace, 50))
    low = Stage(qtbot, FlowPlotView(), shown, (700, 240))
    timeline = Stage(qtbot, TimelineView(), shown, (700, 600))
    canvas = low.view.findChild(FlowCanvas)
    assert canvas.width() < 700
    assert canvas.axis == timeline.view.findChild(TimeCanvas).axis


def test_what_is_under_the_pointer_is_read_out(stage: Stage) -> None:
    canvas, arrays = stage.view.findChild(FlowCanvas), stage.snapshot.flow.arrays
    place, x = canvas.places[1], canvas.axis.centre(30)
    assert magnitude(float(arrays["0/forward/norm/dc"][30])) in canvas.under(x, place.curve + 3)
    value = abs(float(arrays["0/forward/dc"][30, 2]))
    assert magnitude(value) in canvas.under(x, place.map + 2.5 * place.map_height / 8)
    assert "% through c itself" in canvas.under(x, place.band + BAND - 1)
    assert canvas.under(3, place.map + 3) == ""


def test_the_shares_of_the_ways_fill_the_band_and_are_those_of_the_norms(stage: Stage, qtbot: QtBot) -> None:
    trace, flow = stage.snapshot.trace, stage.snapshot.flow
    lane = lanes_of(trace, flow)[1]
    parts = np.stack([flow.arrays[f"0/forward/norm/dc_through_{way}"] for way in lane.ways])
    np.testing.assert_allclose(lane.shares[:, :51], parts[:, :51] / parts[:, :51].sum(axis=0))
    assert not lane.shares[:, 51:].any()  # nothing comes back from a loss before it
    ink = Ink(trace, TimeAxis(0, 60, 0, 60), DARK, QFont(), 1.0)
    image = band_image(lane, (0, 60), QRect(0, 0, 60, 400), ink)
    for place, way in enumerate(lane.ways):
        colour = way_colour(way, DARK).rgba()
        drawn = sum(image.pixelColor(30, y) == QColor.fromRgba(colour) for y in range(400)) / 400
        assert abs(drawn - lane.shares[place, 30]) < 0.01
    assert image.pixelColor(55, 200).alpha() == 0


def test_a_step_on_draws_no_curve_anew(stage: Stage) -> None:
    canvas = stage.view.findChild(FlowCanvas)
    before = canvas._picture
    assert before is not None
    stage.put(replace(stage.snapshot, t=21))
    assert canvas._picture is before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("steps", "units", "handover"), [(1, 1, 0), (12, 3, 5), (300, 70, 0)])
def test_every_kind_of_cell_is_drawn(qtbot, make_trace, kind, steps, units, handover) -> None:
    if units == 1 and kind in ("projected", "norm", "peephole+norm"):
        units = 2
    trace = make_trace(steps=steps, units=units, kind=kind, handover=handover)
    shown = Snapshot(trace=trace, trace_id=1, t=steps - 1, stop=steps, flow=flow_of(trace, steps - 1))
    for theme, size in product(("light", "dark"), ((640, 240), (1300, 480))):
        view = Stage(qtbot, FlowPlotView(), replace(shown, theme=theme), size).view
        assert view.grab().toImage().width() == size[0]
        assert "layer 0→" in view.sentence()


def test_a_picture_of_it_is_text_and_lines(stage: Stage, tmp_path: Path) -> None:
    save_picture(stage.view, tmp_path / "flow.svg")
    assert "vanishing" in (tmp_path / "flow.svg").read_text()


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict("vanishing", 0.83, 3.72, 30), "vanishing: ×0.83 a step, half after 3.7 steps"),
        (Verdict("vanishing", 0.993, 106.2, 900), "vanishing: ×0.993 a step, half after 106 steps"),
        (Verdict("exploding", 1.5, 1.7, 30), "exploding: ×1.50 a step, double after 1.7 steps"),
        (Verdict("steady", 0.999, 692.8, 40), "steady: ×0.999 a step over 40 steps"),
        (Verdict("vanishing", 0.0, 0.0, 1), "vanishing: nothing is left one step away"),
        (Verdict("exploding", float("inf"), 0.0, 1), "exploding: beyond all numbers one step away"),
        (Verdict("silent"), "no gradient reaches another step"),
    ],
)
def test_verdicts_are_words(verdict: Verdict, words: str) -> None:
    assert verdict_words(verdict) == words


def test_numbers_of_every_size_are_short() -> None:
    values = (0.0, 1.5, 0.042, 0.0009, 3.14e-7, 2.5e-120, 12345.0, 150.0)
    assert [magnitude(v) for v in values] == ["0", "1.500", "0.042", "9.0e−4", "3.1e−7", "2.5e−120", "1.2e4", "150.0"]
    assert [decade(power) for power in (0, 1, -2, -6, 3)] == ["1", "10", "0.01", "1e−6", "1e3"]


def test_lanes_share_the_room_and_scroll_where_it_is_too_little() -> None:
    for count, room in product((1, 2, 6), (100, 300, 900)):
        places, needed = places_of(count, room)
        assert len(places) == count
        assert all(place.curve_height >= 54 and place.map_height >= 32 for place in places)
        assert all(above.bottom < below.header for above, below in pairwise(places))
        assert needed >= places[-1].bottom
