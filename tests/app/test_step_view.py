"""The pseudocode with the frame's numbers: true numbers, the right line lit, clicks and keys."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from lstmviz.app.step_rows import step_rows
from lstmviz.app.views.step import StepView
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.weights import RnnWeights
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.snapshot import PHASES, Snapshot, changes
from lstmviz.traces.trace import Lane, LayerInfo, Trace


@pytest.fixture
def show(qtbot):
    """show(snapshot, size) -> a view that presents it."""

    def make(snapshot: Snapshot, size: tuple[int, int] = (360, 400)) -> StepView:
        view = StepView()
        qtbot.addWidget(view)
        view.resize(*size)
        view.show()
        view.present(snapshot, changes(None, snapshot))
        return view

    return make


def said(text: str) -> list[float]:
    """The decimal numbers of a line."""
    return [float(part.replace("−", "-")) for part in re.findall(r"−?\d+\.\d+", text)]


def without_weights(trace: Trace) -> Trace:
    return dataclasses.replace(
        trace, lanes={key: dataclasses.replace(lane, weights=None) for key, lane in trace.lanes.items()}
    )


def rnn_trace() -> Trace:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(9, 2)).astype(np.float32)
    w = RnnWeights(*((rng.normal(size=shape) * 0.4).astype(np.float32) for shape in ((2, 4), (4, 4), (4,))))
    y, rows = np.zeros(4, np.float32), []
    for row in x:
        y = rnn_step(w, row, y).y
        rows.append(y)
    lane = Lane({"h": np.stack(rows)}, np.zeros(4, np.float32), None, w)
    return Trace(Sequence(x), x, (LayerInfo(0, "rnn", "rnn", 2, 4, 4),), {(0, "forward"): lane})


def test_every_line_carries_the_numbers_of_the_equations(make_trace):
    trace = make_trace(units=6)
    s = lstm_step(trace.lanes[0, "forward"].weights, trace.inputs[8], trace["h"][7], trace["c"][7])
    rows = {row.code.split(" ")[0]: row for row in step_rows(trace, 8, 0, "forward", 4)}
    for gate in "figo":
        assert said(rows[f"{gate}t"].numbers) == pytest.approx(
            [getattr(s, f"z{gate}")[4], getattr(s, gate)[4]], abs=6e-4
        )
        assert rows[f"{gate}t"].numbers.startswith(f"{gate}[4] = ")
    assert said(rows["c(t)"].numbers) == pytest.approx([s.c_prev[4], s.f[4], s.g[4], s.i[4], s.c[4]], abs=6e-4)
    assert said(rows["h(t)"].numbers) == pytest.approx([s.o[4], s.c[4], s.h[4]], abs=6e-4)
    assert said(rows["return"].numbers) == pytest.approx([s.h[4], s.c[4]], abs=6e-4)
    assert rows["combine"].numbers == "6 + 3 = 9 values"
    assert rows["combine"].shape == "(9)"


def test_the_order_is_that_of_the_phases(make_trace):
    phases = [row.phase for row in step_rows(make_trace(), 3, 0, "forward", 0)]
    assert phases == sorted(phases)
    assert set(phases) == set(range(len(PHASES)))


def test_without_weights_the_argument_is_named_a_logit(make_trace):
    trace = make_trace(units=6)
    s = lstm_step(trace.lanes[0, "forward"].weights, trace.inputs[8], trace["h"][7], trace["c"][7])
    rows = {row.code.split(" ")[0]: row for row in step_rows(without_weights(trace), 8, 0, "forward", 4)}
    assert "logit" in rows["ft"].numbers
    assert "artanh" in rows["gt"].numbers
    assert said(rows["ft"].numbers) == pytest.approx([s.f[4], s.zf[4]], abs=1e-3)


def test_a_recurrent_layer_has_its_own_lines():
    trace = rnn_trace()
    s = rnn_step(trace.lanes[0, "forward"].weights, trace.inputs[5], trace["h"][4])
    rows = step_rows(trace, 5, 0, "forward", 2)
    assert said(rows[1].numbers) == pytest.approx([s.z[2]], abs=6e-4)
    assert said(rows[2].numbers) == pytest.approx([s.z[2], s.y[2]], abs=6e-4)


def test_a_reverse_lane_reads_the_step_after(make_trace):
    trace = make_trace(units=3)
    reverse = dataclasses.replace(
        trace,
        lanes={(0, "reverse"): trace.lanes[0, "forward"]},
        layers=(dataclasses.replace(trace.layers[0], directions=("reverse",)),),
    )
    rows = step_rows(reverse, 5, 0, "reverse", 1)
    assert rows[0].code == "combine = h(t+1) + x(t)"
    assert said(rows[4].numbers)[0] == pytest.approx(trace["c"][6, 1], abs=6e-4)


@pytest.mark.parametrize("size", [(360, 400), (900, 300)])
def test_a_click_on_a_line_asks_for_its_phase(show, qtbot, make_trace, size):
    view = show(Snapshot(trace=make_trace(), t=3), size)
    for n, row in enumerate(view._lines.rows):
        place = view._lines._place(n).center().toPoint()
        with qtbot.waitSignal(view.asked) as asked:
            qtbot.mouseClick(view._lines, Qt.MouseButton.LeftButton, pos=place)
        assert asked.args == ["phase.set", {"phase": row.phase}]
    with qtbot.assertNotEmitted(view.asked):
        qtbot.mouseClick(view._lines, Qt.MouseButton.LeftButton, pos=QPoint(40, 3))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_line_of_the_phase_is_lit_and_later_ones_have_no_numbers(show, make_trace, theme):
    view = show(Snapshot(trace=make_trace(), t=3, phase=PHASES.index("i"), theme=theme), (360, 420))
    image, lines = view.grab().toImage(), view._lines
    grounds = []
    for n, row in enumerate(lines.rows):
        place = lines._place(n)
        grounds.append(image.pixelColor(view.width() - 4, int(place.y()) + 2).name())
        box = lines._number_box(place).toRect()
        ink = {
            image.pixelColor(x, y).name()
            for x in range(box.x(), box.x() + 120)
            for y in range(box.y() + 3, box.bottom())
        }
        assert (len(ink) > 1) == (row.phase <= PHASES.index("i")), row.code
    lit = [row.phase == PHASES.index("i") for row in lines.rows]
    assert [ground != grounds[0] for ground in grounds] == lit


def test_a_short_view_scrolls_the_lit_line_into_sight(show, make_trace):
    view = show(Snapshot(trace=make_trace(), t=3, phase=6), (300, 120))
    lit = view._lines.lit()
    top = view._area.verticalScrollBar().value()
    assert top <= lit.top() + 1
    assert lit.bottom() <= top + view._area.viewport().height() + 8


@pytest.mark.parametrize("height", range(200, 460, 20))
def test_fonts_and_scroll_bar_never_chase_each_other(show, qtbot, make_trace, height):
    view = show(Snapshot(trace=make_trace(), t=3), (340, height))
    qtbot.wait(1)
    before = view._lines.width(), view._lines.minimumHeight()
    for _ in range(3):
        qtbot.wait(1)
        assert (view._lines.width(), view._lines.minimumHeight()) == before


def test_the_sentence_says_the_line_of_the_phase(show, make_trace):
    trace = make_trace()
    view = show(Snapshot(trace=trace, t=9, unit=2, phase=PHASES.index("f")))
    assert view.sentence().startswith("Step 9 of 49, unit 2: ft = forget_layer(combine), f[2] = σ(")


def test_without_a_trace_the_view_says_so(show):
    view = show(Snapshot())
    assert view.sentence() == "Step, no trace is open."
    image = view.grab().toImage()
    assert len({image.pixelColor(x, y).name() for x in range(0, 360, 2) for y in range(180, 220)}) > 3


def test_closing_the_trace_empties_the_lines(show, make_trace):
    before = Snapshot(trace=make_trace(), t=3, phase=2)
    view = show(before)
    after = Snapshot()
    view.present(after, changes(before, after))
    assert view._lines.rows == ()
    view.grab()


def test_up_and_down_choose_the_unit(show, qtbot, make_trace):
    view = show(Snapshot(trace=make_trace(units=4), unit=0))
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.keyClick(view, Qt.Key.Key_Down)
    assert asked.args == ["unit.select", {"unit": 1}]
    with qtbot.assertNotEmitted(view.asked):
        qtbot.keyClick(view, Qt.Key.Key_Up)


@pytest.mark.parametrize("units", [1, 1024])
def test_the_smallest_and_the_largest_cell_are_shown(show, make_trace, units):
    view = show(Snapshot(trace=make_trace(steps=4, units=units), t=2, unit=units - 1))
    view.grab()
    assert f"[{units - 1}]" in view.sentence()
