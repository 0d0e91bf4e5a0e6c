"""The unrolled net: true vectors at their places, the four topologies, a click that goes to a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from by_hand import KINDS
from face_stage import Stage
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from lstmviz import language
from lstmviz.app import strip
from lstmviz.app.pictures import save_picture
from lstmviz.app.unrolled_geometry import Figure, figure
from lstmviz.app.unrolled_values import lane_vectors, said_at, topology_of
from lstmviz.app.views.unrolled import UnrolledView
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Lane, Trace

Make = Callable[..., Trace]


def both_ways(trace: Trace) -> Trace:
    """The same trace with a reverse direction in every layer, which is its forward one turned round."""
    layers = tuple(replace(info, directions=("forward", "reverse")) for info in trace.layers)
    lanes = dict(trace.lanes)
    for (layer, _), lane in trace.lanes.items():
        turned = {name: array[::-1].copy() for name, array in lane.signals.items()}
        lanes[layer, "reverse"] = Lane(turned, lane.h0, lane.c0, lane.weights)
    return replace(trace, layers=layers, lanes=lanes)


@pytest.fixture
def stage(qtbot: QtBot, make_trace: Make) -> Stage:
    trace = make_trace(steps=60, units=6, layers=2)
    return Stage(qtbot, UnrolledView(), Snapshot(trace=trace, trace_id=1, t=30, stop=60))


def drawn(stage: Stage) -> Figure:
    assert stage.view._figure is not None
    return stage.view._figure


@settings(max_examples=30, deadline=None)
@given(
    width=st.integers(320, 2000),
    height=st.integers(220, 1100),
    steps=st.integers(1, 1000),
    at=st.floats(0, 1),
    layers=st.integers(1, 8),
    both=st.booleans(),
    folded=st.booleans(),
    named=st.booleans(),
)
def test_cells_stand_apart_inside_the_view_with_the_cursor_among_them(
    width: int, height: int, steps: int, at: float, layers: int, both: bool, folded: bool, named: bool
) -> None:
    t, sides = round(at * (steps - 1)), ("reverse", "forward") if both else ("forward",)
    lanes = tuple((layer, side) for layer in reversed(range(layers)) for side in sides)
    made = figure(width, height, steps, t, lanes, layers // 2, named=named, says=True, folded=folded)
    assert made.first <= t < made.first + made.count <= steps
    assert made.count == 1 or not folded
    assert any(row.layer == layers // 2 for row in made.rows)
    assert sum(made.hidden) + len({row.layer for row in made.rows}) == layers
    for above, below in pairwise(made.rows):
        assert above.bottom < below.top
    assert made.rows[0].top >= made.y
    assert made.rows[-1].bottom <= made.x + 14
    for row in made.rows:
        cells = [made.cell(row, column) for column in range(made.count)]
        assert cells[0].x > 0
        assert cells[-1].right < width
        for place, (left, right) in enumerate(pairwise(cells), 1):
            bar = made.bar(row, "c", True, place)
            assert left.right < bar.x
            assert bar.right < right.x


def test_the_cursor_stands_in_the_middle_but_at_the_ends(stage: Stage) -> None:
    made = drawn(stage)
    assert made.count % 2 == 1
    assert made.count > 3
    assert 30 - made.first == made.count // 2
    stage.put(replace(stage.snapshot, t=0))
    assert drawn(stage).first == 0
    stage.put(replace(stage.snapshot, t=59))
    assert drawn(stage).first + drawn(stage).count == 60


def test_every_strip_in_a_cell_has_the_colours_of_its_vector(stage: Stage) -> None:
    image, made, trace = stage.view.grab().toImage(), drawn(stage), stage.snapshot.trace
    for row, column in product(made.rows, range(made.count)):
        lane = lane_vectors(trace, row.layer, row.direction)
        for name, rect in zip("fiog", made.strips(row, column, 4), strict=True):
            vector = lane.signals[name][made.first + column]
            for unit, packed in enumerate(strip.colours(vector[None], [lane.scales[name]])[0].tolist()):
                at = image.pixelColor(rect.x + int((unit + 0.5) * rect.w / 6), rect.cy)
                assert at == QColor(packed & 255, packed >> 8 & 255, packed >> 16 & 255)


def test_between_two_cells_stands_the_state_that_leaves_the_first(stage: Stage) -> None:
    image, made, trace = stage.view.grab().toImage(), drawn(stage), stage.snapshot.trace
    for row, name, place in product(made.rows, "ch", range(1, made.count)):
        lane = lane_vectors(trace, row.layer, row.direction)
        vector = trace.signal(name, row.layer)[made.first + place - 1]
        rect = made.bar(row, name, True, place)
        for unit, packed in enumerate(strip.colours(vector[None], [lane.scales[name]])[0].tolist()):
            at = image.pixelColor(rect.cx, rect.y + int((unit + 0.5) * rect.h / 6))
            assert at == QColor(packed & 255, packed >> 8 & 255, packed >> 16 & 255)


def test_in_reverse_the_state_comes_from_the_step_after_and_begins_at_the_end(make_trace: Make) -> None:
    trace = both_ways(make_trace(steps=9, units=3))
    forward, reverse = lane_vectors(trace, 0, "forward"), lane_vectors(trace, 0, "reverse")
    c, turned = trace.signal("c"), trace.signal("c", 0, "reverse")
    np.testing.assert_array_equal(forward.states("c", 2, 3), c[1:5])
    np.testing.assert_array_equal(reverse.states("c", 2, 3), turned[2:6])
    np.testing.assert_array_equal(forward.states("c", 0, 2), [np.zeros(3), *c[:2]])
    np.testing.assert_array_equal(reverse.states("c", 7, 2), [*turned[7:], np.zeros(3)])


def test_a_click_goes_to_the_step_and_to_the_layer(stage: Stage, qtbot: QtBot) -> None:
    made = drawn(stage)
    row = next(row for row in made.rows if row.layer == 0)
    cell = made.cell(row, 1)
    qtbot.mouseClick(stage.view, Qt.MouseButton.LeftButton, pos=QPoint(cell.cx, cell.cy))
    assert stage.asked == [("cursor.set", {"t": made.first + 1})]
    stage.asked.clear()
    cell = made.cell(made.rows[0], made.count // 2)
    qtbot.mouseClick(stage.view, Qt.MouseButton.LeftButton, pos=QPoint(cell.cx, cell.cy))
    assert stage.asked == [("layer.select", {"layer": 1, "direction": "forward"})]


def test_the_arrow_keys_go_from_layer_to_layer(stage: Stage, qtbot: QtBot) -> None:
    qtbot.keyClick(stage.view, Qt.Key.Key_Up)
    qtbot.keyClick(stage.view, Qt.Key.Key_Down)
    assert stage.asked == [("layer.select", {"layer": 1, "direction": "forward"})]


def test_the_pointer_reads_every_number(stage: Stage) -> None:
    made, trace = drawn(stage), stage.snapshot.trace
    row = made.rows[1]
    rect = made.strips(row, 0, 4)[0]
    f = trace["f"][made.first, 4]
    assert stage.view.readout(rect.x + 4.5 * rect.w / 6, rect.cy) == f"f({made.first})[4] = {f:.4f} · forget gate"
    bar = made.bar(row, "c", True, 2)
    c = trace["c"][made.first + 1, 0]
    words = f"c({made.first + 1})[0] = {c:.4f}".replace("-", "−")
    assert stage.view.readout(bar.cx, bar.y + 1) == f"{words} · long-term state"
    assert stage.view.readout(made.middle(0), made.x + 23).startswith(f"x({made.first})[1] = ")
    assert stage.view.readout(3, 3) == ""


def test_folding_is_asked_for_and_shows_one_cell_with_its_loop(stage: Stage, qtbot: QtBot) -> None:
    [button] = stage.view.findChildren(QToolButton)
    assert button.text() == "Fold"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert stage.asked == [("fold.toggle", {})]
    stage.put(replace(stage.snapshot, folded=True))
    assert button.text() == "Unroll"
    made = drawn(stage)
    assert (made.first, made.count, made.loop > 0) == (30, 1, True)
    image, before = stage.view.grab().toImage(), stage.snapshot.trace.signal("c", 1)[29]
    rect = made.bar(made.rows[0], "c", True, 0)
    lane = lane_vectors(stage.snapshot.trace, 1, "forward")
    packed = int(strip.colours(before[None], [lane.scales["c"]])[0, 0])
    assert image.pixelColor(rect.cx, rect.y + 1) == QColor(packed & 255, packed >> 8 & 255, packed >> 16 & 255)


def test_a_vector_at_the_end_is_told_from_a_sequence_and_what_is_not_asked_is_faint(qtbot, make_trace) -> None:
    trace = make_trace(steps=20, units=4)
    assert topology_of(trace) == "seq2seq"
    targets = np.full((20, 1), np.nan, np.float32)
    targets[-1] = 0.5
    trace = replace(trace, targets=targets)
    assert topology_of(trace) == "seq2vec"
    stage = Stage(qtbot, UnrolledView(), Snapshot(trace=trace, trace_id=1, t=19, stop=20))
    assert stage.view.headline() == "sequence → vector: every x is read, only the last y is asked"
    image, made = stage.view.grab().toImage(), drawn(stage)
    shaft = [image.pixelColor(made.middle(column), made.rows[0].top - 3) for column in range(made.count)]
    assert shaft[-1].lightness() < 60 < 120 < shaft[0].lightness()


def test_the_same_x_at_every_step_is_drawn_once(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=6, inputs=5, units=4)
    inputs = np.repeat(trace.inputs[:1], 6, axis=0)
    trace = replace(trace, inputs=inputs, sequence=Sequence(inputs))
    assert topology_of(trace) == "vec2seq"
    stage = Stage(qtbot, UnrolledView(), Snapshot(trace=trace, trace_id=1, t=1, stop=6))
    assert stage.view.headline().startswith("vector → sequence")
    image, made = stage.view.grab().toImage(), drawn(stage)
    left, right = made.cell(made.rows[-1], 0).x, made.cell(made.rows[-1], made.count - 1).right
    low, high = stage.view._inputs.low, stage.view._inputs.high
    packed = int(strip.colours(inputs[:1], [strip.Scale(low, high)])[0, 2])
    at = image.pixelColor((left + right) // 2, made.x + 23)
    assert at == QColor(packed & 255, packed >> 8 & 255, packed >> 16 & 255)


def test_a_picture_that_every_step_reads_stands_beside_its_values(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=6, inputs=16, units=4)
    inputs = np.zeros((6, 16), np.float32)
    inputs[:, 1] = 1  # the first row, the second pixel
    trace = replace(trace, inputs=inputs, sequence=Sequence(inputs, kind="image"))
    stage = Stage(qtbot, UnrolledView(), Snapshot(trace=trace, trace_id=1, t=1, stop=6))
    image, made = stage.view.grab().toImage(), drawn(stage)
    left, top = made.cell(made.rows[-1], 0).x - 8 - 32, made.x + 6
    shades = [[image.pixelColor(left + 4 + 8 * k, top + 4 + 8 * n).lightness() for k in range(4)] for n in range(4)]
    assert shades == [[0, 255, 0, 0], [0] * 4, [0] * 4, [0] * 4]


def test_encoder_and_decoder_are_named_and_only_the_decoder_speaks(qtbot: QtBot, make_trace: Make, tmp_path) -> None:
    trace = make_trace(steps=12, units=4, handover=6)
    assert topology_of(trace) == "enc2dec"
    stage = Stage(qtbot, UnrolledView(), Snapshot(trace=trace, trace_id=1, t=6, stop=12))
    assert "handed over at step 6" in stage.view.headline()
    assert said_at(trace, 5).words == ""
    assert said_at(trace, 6).words
    save_picture(stage.view, tmp_path / "both.svg")
    text = (tmp_path / "both.svg").read_text()
    assert ">encoder<" in text
    assert ">decoder<" in text


def test_symbols_are_read_and_answers_held_to_what_is_right(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=8, inputs=2, units=4)
    sequence = Sequence(np.arange(8)[:, None] % 2, kind="symbols", vocabulary=("a", "␣b"), name="s")
    outputs = np.tile(np.array([[0.9, 0.1]], np.float32), (8, 1))
    targets = (np.arange(8)[:, None] % 2).astype(np.float32)
    kind = {"outputs": outputs, "output_names": ("a", "b"), "output_kind": "probability", "targets": targets}
    trace = replace(trace, sequence=sequence, **kind)
    assert (said_at(trace, 0).words, said_at(trace, 0).right) == ("a 0.90", True)
    assert (said_at(trace, 1).wanted, said_at(trace, 1).right) == ("b", False)
    stage = Stage(qtbot, UnrolledView(), Snapshot(trace=trace, trace_id=1, t=2, stop=8))
    assert "at step 2 x is “a” and y is a 0.90" in stage.view.sentence()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("steps", "units", "layers", "handover"), [(1, 2, 1, 0), (9, 8, 3, 4), (200, 512, 2, 0)])
def test_every_kind_of_cell_is_drawn(qtbot, make_trace, kind, steps, units, layers, handover) -> None:
    trace = make_trace(steps=steps, units=units, layers=layers, kind=kind, handover=handover)
    shown = Snapshot(trace=trace, trace_id=1, t=steps - 1, stop=steps)
    stage = Stage(qtbot, UnrolledView(), shown, (680, 300))
    for theme, folded in product(("light", "dark"), (False, True)):
        stage.put(replace(shown, theme=theme, folded=folded))
        assert stage.view.grab().toImage().width() == 680
    assert "layer 0→" in stage.view.legend()


def test_more_layers_than_fit_are_named(qtbot: QtBot, make_trace: Make) -> None:
    trace = both_ways(make_trace(steps=9, units=3, inputs=3, layers=9))
    shown = Snapshot(trace=trace, trace_id=1, t=3, stop=9, layer=5, direction="reverse")
    stage = Stage(qtbot, UnrolledView(), shown, (700, 300))
    assert "layers 5 to 6 of 9" in stage.view.headline() or "layers 4 to 5 of 9" in stage.view.headline()
    assert any((row.layer, row.direction) == (5, "reverse") for row in drawn(stage).rows)
    assert stage.view.grab().height() == 300


def test_it_speaks_the_language_that_is_chosen(stage: Stage) -> None:
    language.use("pt_BR")
    stage.put(replace(stage.snapshot, language="pt_BR"))
    assert stage.view.grab().width() == 900
    assert stage.view.sentence()


def test_without_a_trace_it_says_what_to_open(qtbot: QtBot, tmp_path: Path) -> None:
    stage = Stage(qtbot, UnrolledView(), Snapshot())
    assert stage.view.sentence() == "Unrolled net: no trace is open."
    assert stage.view.headline() == ""
