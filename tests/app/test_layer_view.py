"""The matrix form: a product that gives what was recorded, the entry that is looked at as its sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from by_hand import KINDS, record_by_hand
from face_stage import Stage
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from lstmviz.app.layer_form import SLIM, elided, form_of, ranges_of, rows_of, span
from lstmviz.app.layer_geometry import Sheet, sheet
from lstmviz.app.layer_painter import sum_words
from lstmviz.app.signal_chips import Chip
from lstmviz.app.views.layer import LayerView
from lstmviz.cells.activations import sigmoid
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Trace

Make = Callable[..., Trace]


def further(trace: Trace, lengths: tuple[int, ...]) -> tuple[Trace, ...]:
    """More sequences for the net of a trace."""
    rng = np.random.default_rng(5)
    weights = [trace.lanes[info.index, "forward"].weights for info in trace.layers]
    width = trace.inputs.shape[1]
    return tuple(record_by_hand(weights, rng.normal(size=(n, width)).astype(np.float32)) for n in lengths)


@pytest.fixture
def stage(qtbot: QtBot, make_trace: Make) -> Stage:
    trace = make_trace(steps=20, inputs=2, units=4, kind="rnn")
    batch = (*further(trace, (20, 5)), trace)
    shown = Snapshot(trace=trace, trace_id=1, t=10, stop=20, unit=2, batch=batch, engine="ready")
    return Stage(qtbot, LayerView(), shown)


def drawn(stage: Stage) -> Sheet:
    assert stage.view._sheet is not None
    return stage.view._sheet


@pytest.mark.parametrize("layer", [0, 1])
def test_the_product_of_a_recurrent_layer_is_what_was_recorded(make_trace: Make, layer: int) -> None:
    trace = make_trace(steps=9, units=5, layers=2, kind="rnn")
    weights = trace.lanes[layer, "forward"].weights
    traces = (trace, *further(trace, (9,)))
    for t in (0, 4, 8):
        form = form_of(traces, t, layer, "forward", weights, "f", ranges_of(traces, layer, "forward", weights))
        np.testing.assert_allclose(np.tanh(form.read @ form.w + form.b), form.result, atol=1e-6)
        assert form.signs[2:] == ("Y(t)", "tanh")
        assert form.terms(1, 3).sum() + form.b[3] == pytest.approx(np.arctanh(form.result[1, 3]), abs=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "projected"])
@pytest.mark.parametrize("gate", "fiog")
def test_the_product_of_a_gate_is_what_was_recorded(make_trace: Make, kind: str, gate: str) -> None:
    trace = make_trace(steps=9, units=4, kind=kind)
    weights = trace.lanes[0, "forward"].weights
    form = form_of((trace,), 5, 0, "forward", weights, gate, ranges_of((trace,), 0, "forward", weights))
    z = form.read @ form.w + form.b
    np.testing.assert_allclose(np.tanh(z) if gate == "g" else sigmoid(z), form.result, atol=1e-6)
    assert form.signs[2] == f"{gate.upper()}(t)"


def test_a_decoder_has_its_own_weights(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=12, units=4, kind="rnn", handover=6)
    stage = Stage(qtbot, LayerView(), Snapshot(trace=trace, trace_id=1, t=5, stop=12))
    early = stage.view._form.w
    stage.put(replace(stage.snapshot, t=6))
    form = stage.view._form
    assert not np.array_equal(form.w, early)
    np.testing.assert_allclose(np.tanh(form.read @ form.w + form.b), form.result, atol=1e-6)


def test_the_active_sequence_is_a_row_of_the_batch_once(make_trace: Make) -> None:
    trace = make_trace(steps=8, kind="rnn")
    others = further(trace, (8, 6))
    assert rows_of(trace, ()) == ((trace,), 0)
    assert rows_of(trace, (others[0], trace, others[1])) == ((others[0], trace, others[1]), 1)
    again = replace(trace, name="recorded again")
    assert rows_of(trace, (others[0], again)) == ((others[0], trace), 1)
    assert rows_of(trace, others) == ((trace, *others), 0)
    stranger = make_trace(steps=8, units=3, kind="rnn")
    assert rows_of(trace, (stranger,)) == ((trace,), 0)
    changed = replace(others[0], model=replace(trace.model, sha256="1" * 64))
    assert rows_of(trace, (changed,)) == ((trace,), 0)


def test_a_sequence_that_has_ended_has_no_numbers(stage: Stage) -> None:
    result = stage.view._form.result
    assert np.isnan(result[1]).all()
    assert np.isfinite(result[[0, 2]]).all()


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 300), room=st.floats(1, 60), keep=st.integers(0, 299))
def test_what_is_left_out_stands_between_dots_and_the_chosen_one_stays(count: int, room: float, keep: int) -> None:
    places = elided(count, room, keep)
    shown = [place for place in places if place is not None]
    assert min(keep, count - 1) in shown or count <= room
    assert shown == sorted(set(shown))
    assert span(places) <= max(room, 1 + 2 * SLIM)
    for before, after in pairwise(places):
        assert before is not None or after is not None
        assert before is None or after is None or after == before + 1
    assert (places[0] is None) == (shown[0] > 0)
    assert (places[-1] is None) == (shown[-1] < count - 1)


@settings(max_examples=30, deadline=None)
@given(
    width=st.integers(420, 2000),
    height=st.integers(260, 1000),
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 80), st.integers(1, 600), st.integers(1, 600)),
    at=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_the_matrices_stand_apart_and_inside_with_the_chosen_entry(width, height, sizes, at) -> None:
    row, unit = round(at[0] * (sizes[0] - 1)), round(at[1] * (sizes[3] - 1))
    made = sheet(width, height, 30, sizes, row, unit)
    for left, right in pairwise((made.x, made.before, made.wx, made.result)):
        assert left.rect.right < right.x
    assert made.result.rect.right <= width
    assert made.wx.rect.bottom < made.wh.y < made.wh.rect.bottom < made.b.y
    assert made.b.rect.bottom <= made.sum
    assert made.x.rect.bottom <= made.sum
    assert row in made.x.rows
    assert unit in made.result.columns
    assert made.x.columns[0] == made.wx.rows[0] == 0
    assert made.before.columns[0] == made.wh.rows[0] == 0
    for place in range(len(made.result.columns)):
        assert made.result.cell(0, place).x - made.result.x == made.wx.cell(0, place).x - made.wx.x


def test_a_click_on_a_column_asks_for_its_unit_and_on_a_row_for_its_sum(stage: Stage, qtbot: QtBot) -> None:
    made = drawn(stage)
    cell = made.wh.cell(1, 3)
    qtbot.mouseClick(stage.view, Qt.MouseButton.LeftButton, pos=QPoint(cell.cx, cell.cy))
    assert stage.asked == [("unit.select", {"unit": 3})]
    assert "entry 2, 2 is" in stage.view.sentence()  # the active trace's row
    cell = made.before.cell(0, 1)
    qtbot.mouseClick(stage.view, Qt.MouseButton.LeftButton, pos=QPoint(cell.cx, cell.cy))
    value = stage.view._form.result[0, 2]
    assert f"entry 0, 2 is {value:.4f}".replace("-", "−") in stage.view.sentence()
    assert len(stage.asked) == 1


def test_the_sum_of_an_entry_is_written_as_long_as_there_is_room(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=9, inputs=2, units=30, kind="rnn")
    stage = Stage(qtbot, LayerView(), Snapshot(trace=trace, trace_id=1, t=4, stop=9, unit=7))
    paper, metrics = stage.view._paper(), QFontMetrics(stage.view.font())
    head, text = sum_words(paper, metrics, 500)
    assert metrics.horizontalAdvance(text) <= 500
    assert head.startswith("y(t)[0, 7] = tanh(")
    more = int(text.partition("[")[2].partition(" more")[0])
    assert text.count("·") + more == 32
    assert sum_words(paper, metrics, 100_000)[1].count("·") > text.count("·")


def test_the_pointer_reads_every_number(stage: Stage) -> None:
    made, form = drawn(stage), stage.view._form
    where = made.wx.cell(1, 2)
    weight = f"{form.w[1, 2]:.4f}".replace("-", "−")
    assert stage.view.readout(where.cx, where.cy) == f"Wx[1, 2] = {weight} · x1"
    where = made.result.cell(0, 0)
    value = f"{form.result[0, 0]:.4f}".replace("-", "−")
    assert stage.view.readout(where.cx, where.cy) == f"Y(t)[0, 0] = {value}"
    assert stage.view.readout(1, 1) == ""


def test_a_mini_batch_is_asked_for_where_the_engine_can_record_one(stage: Stage, qtbot: QtBot) -> None:
    [button] = stage.view.findChildren(QPushButton)
    assert not button.isEnabled()  # made by hand, the net has no file
    trace = stage.snapshot.trace
    stage.put(replace(stage.snapshot, trace=replace(trace, model=replace(trace.model, path="net.json")), batch=()))
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert stage.asked == [("batch.ask", {})]


def test_the_gates_of_an_lstm_are_chosen_by_their_chips(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=9, units=4)
    stage = Stage(qtbot, LayerView(), Snapshot(trace=trace, trace_id=1, t=4, stop=9))
    assert "F(t) = σ([X(t) H(t−1)]·W + b)" in stage.view.sentence()
    chip = next(chip for chip in stage.view.findChildren(Chip) if chip.name == "g")
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert "G(t) = tanh(" in stage.view.sentence()


@pytest.mark.parametrize("kind", ["gru", "peephole", "norm"])
def test_cells_of_another_form_say_so(qtbot: QtBot, make_trace: Make, kind: str) -> None:
    trace = make_trace(steps=9, units=4, kind=kind)
    stage = Stage(qtbot, LayerView(), Snapshot(trace=trace, trace_id=1, t=4, stop=9))
    assert "is that of the recurrent layer" in stage.view.sentence()
    assert not any(button.isVisible() for button in stage.view.findChildren(QPushButton))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("units", "inputs"), [(1, 1), (8, 3), (512, 40)])
def test_every_kind_and_size_is_drawn(qtbot: QtBot, make_trace: Make, kind: str, units: int, inputs: int) -> None:
    trace = make_trace(steps=6, inputs=inputs, units=max(units, 2) if kind != "rnn" else units, kind=kind)
    shown = Snapshot(trace=trace, trace_id=1, t=3, stop=6, unit=units - 1, batch=further(trace, (6, 2) * 8))
    for theme, size in product(("light", "dark"), ((640, 280), (1300, 480))):
        view = Stage(qtbot, LayerView(), replace(shown, theme=theme), size).view
        assert view.grab().width() == size[0]


def test_a_step_on_keeps_the_picture_of_the_weights(stage: Stage) -> None:
    before = stage.view._picture
    assert before is not None
    stage.put(replace(stage.snapshot, t=11))
    assert stage.view._picture is before


def test_without_a_trace_it_says_what_to_open(qtbot: QtBot) -> None:
    stage = Stage(qtbot, LayerView(), Snapshot())
    assert stage.view.sentence().startswith("Matrix form: Open a trace")
