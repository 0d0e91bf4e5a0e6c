"""The unit inspector's numbers are the trace's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QScrollArea, QSpinBox
from pytestqt.qtbot import QtBot

from lstmviz import language
from lstmviz.analysis.push import pushes
from lstmviz.app.push_panel import Pushed, name_of
from lstmviz.app.signal_chips import Chip
from lstmviz.app.unit_equation import DIGITS, equation, plain
from lstmviz.app.unit_panels import CurvePanel
from lstmviz.app.views.unit import UnitView
from lstmviz.cells.weights import RnnWeights
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.snapshot import Snapshot, changes
from lstmviz.traces.trace import Lane, LayerInfo, Trace

Make = Callable[..., Trace]
HALF = 0.5 * 10**-DIGITS + 1e-6


def show(qtbot: QtBot, snapshot: Snapshot, size: tuple[int, int] = (320, 700)) -> tuple[UnitView, list]:
    view = UnitView()
    qtbot.addWidget(view)
    asked: list[tuple[str, dict]] = []
    view.asked.connect(lambda command, args: asked.append((command, args)))
    view.resize(*size)
    view.show()
    view.present(snapshot, changes(None, snapshot))
    QApplication.processEvents()
    return view, asked


def numbers(line: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.\d+", line.replace("−", "-"))]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 49), st.integers(0, 7), st.integers(0, 5))
def test_the_numbers_of_the_equation_recompute(make_trace: Make, t: int, unit: int, seed: int) -> None:
    trace = make_trace(seed=seed)
    text = plain(equation(trace, t, 0, "forward", unit)).splitlines()
    f, before, i, g = numbers(text[1])
    kept, written, c = numbers(text[2])
    o, of_c = numbers(text[4])
    again, squashed, h = numbers(text[5])
    signals = trace.lanes[0, "forward"].signals
    for shown, name in ((f, "f"), (i, "i"), (g, "g"), (o, "o"), (c, "c"), (h, "h")):
        assert abs(shown - float(signals[name][t, unit])) <= HALF
    assert abs(before - (0.0 if t == 0 else float(signals["c"][t - 1, unit]))) <= HALF
    assert abs(kept + written - c) <= 3 * HALF
    assert abs(f * before - kept) <= HALF * (2 + abs(before))
    assert abs(i * g - written) <= 3 * HALF
    assert (of_c, again) == (c, o)
    assert abs(np.tanh(c) - squashed) <= 2 * HALF
    assert abs(o * squashed - h) <= 3 * HALF


def test_the_pushes_add_up_to_the_gate(make_trace: Make) -> None:
    trace = make_trace()
    lane = trace.lanes[0, "forward"]
    for gate in "fiog":
        found = pushes(lane.weights, trace.inputs[9], lane.signals["h"][8], gate, 4, 5)
        value = float(lane.signals[gate][9, 4])
        pushed = Pushed(gate, tuple(name_of(push, trace, 0) for push in found), found, value, "σ")
        z = pushed.sum
        squashed = np.tanh(z) if gate == "g" else 1 / (1 + np.exp(-z))
        assert abs(squashed - value) < 1e-5
        assert f"{value:.3f}" in pushed.total.replace("−", "-")


def test_without_gates_the_pushes_add_up_to_h() -> None:
    assert Pushed("", (), (), 0.0, "tanh").total == "z = 0.000   h = tanh(0.000) = 0.000"


def test_terms_are_named_after_features_symbols_and_units(make_trace: Make) -> None:
    trace = make_trace(layers=2)
    symbols = Sequence(np.zeros((50, 1), np.float32), kind="symbols", vocabulary=("a", " ", "c"))
    spelt = replace(trace, sequence=symbols, input_names=symbols.vocabulary)
    below = pushes(trace.lanes[1, "forward"].weights, trace.input_at(9, 1), np.zeros(8), "f", 0, 3)
    assert all(re.fullmatch(r"h\d \(0→\)", name_of(push, trace, 1)) for push in below if push.source == "x")
    first = pushes(trace.lanes[0, "forward"].weights, np.array([0.0, 1.0, 0.0]), np.zeros(8), "f", 0, 3)
    assert name_of(first[0], spelt, 0) == "“␣”"
    assert name_of(first[0], trace, 0) == "x1"
    assert name_of(first[-1], trace, 0) == "bias"


def test_choosing_a_unit_and_clicking_a_curve_ask_for_them(qtbot: QtBot, make_trace: Make) -> None:
    view, asked = show(qtbot, Snapshot(trace=make_trace(), t=10, stop=50, unit=3))
    view.findChild(QSpinBox).stepUp()
    assert asked == [("unit.select", {"unit": 4})]
    panel = view.findChildren(CurvePanel)[0]
    qtbot.mouseClick(panel, Qt.MouseButton.LeftButton, pos=QPoint(round(panel.axis.centre(31)), 70))
    qtbot.waitUntil(lambda: len(asked) == 2)
    assert asked[1] == ("cursor.set", {"t": 31})


def test_showing_a_unit_is_not_asking_for_it(qtbot: QtBot, make_trace: Make) -> None:
    snapshot = Snapshot(trace=make_trace(), t=10, stop=50, unit=3)
    view, asked = show(qtbot, snapshot)
    other = replace(snapshot, trace=make_trace(units=4), unit=0)
    view.present(other, changes(snapshot, other))
    assert asked == []


def test_the_sentence_holds_the_values_under_the_cursor(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace()
    snapshot = Snapshot(trace=trace, t=10, stop=50, unit=3)
    view, _ = show(qtbot, snapshot)
    moved = replace(snapshot, t=11)
    view.present(moved, changes(snapshot, moved))
    assert f"f {float(trace['f'][11, 3]):.2f}" in view.sentence()
    assert "at step 11" in view.sentence()


def test_a_step_repaints_the_same_picture_as_drawing_all(qtbot: QtBot, make_trace: Make) -> None:
    snapshot = Snapshot(trace=make_trace(), t=10, stop=50, unit=3, compared=make_trace(seed=1))
    view, _ = show(qtbot, snapshot)
    for t in (11, 12, 40):
        before, snapshot = snapshot, replace(snapshot, t=t)
        view.present(snapshot, changes(before, snapshot))
        QApplication.processEvents()
    on_screen = view.screen().grabWindow(view.winId()).toImage()
    drawn_anew = view.grab().toImage()
    assert on_screen.convertToFormat(drawn_anew.format()) == drawn_anew


def test_a_recurrent_layer_has_one_line_and_no_gates(qtbot: QtBot) -> None:
    rng = np.random.default_rng(0)
    w = RnnWeights(rng.normal(size=(2, 4)), rng.normal(size=(4, 4)), rng.normal(size=4))
    x, h = rng.normal(size=(6, 2)), np.zeros((6, 4))
    for t in range(6):
        h[t] = np.tanh(x[t] @ w.wx + (h[t - 1] if t else 0) @ w.wh + w.b if t else x[t] @ w.wx + w.b)
    trace = Trace(
        sequence=Sequence(x.astype(np.float32)),
        inputs=x,
        layers=(LayerInfo(0, "rnn", "rnn", 2, 4, 4),),
        lanes={(0, "forward"): Lane({"h": h}, np.zeros(4), None, w)},
    )
    view, _ = show(qtbot, Snapshot(trace=trace, t=3, stop=6, unit=1, signals=("h",)))
    z, value = numbers(view.equation_text().splitlines()[1])
    assert abs(np.tanh(z) - value) <= 2 * HALF
    assert abs(value - h[3, 1]) <= HALF
    assert not any(chip.isVisible() for chip in view.findChildren(Chip))


def test_behind_a_projection_no_h_is_shown_as_the_units_own(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace()
    lane = trace.lanes[0, "forward"]
    rng = np.random.default_rng(0)
    whr, wh = rng.normal(size=(8, 5)).astype(np.float32), rng.normal(size=(5, 32)).astype(np.float32)
    mixed = replace(
        lane,
        signals={**lane.signals, "h": lane.signals["h"] @ whr},
        h0=np.zeros(5, np.float32),
        weights=replace(lane.weights, wh=wh, whr=whr),
    )
    layers = (replace(trace.layers[0], outputs=5),)
    projected = replace(trace, lanes={(0, "forward"): mixed}, layers=layers)
    for unit in (3, 7):
        view, _ = show(qtbot, Snapshot(trace=projected, t=10, stop=50, unit=unit))
        assert ", h " not in view.sentence()
        m = numbers(view.equation_text().splitlines()[5])[-1]
        signals = lane.signals
        assert abs(m - float(signals["o"][10, unit] * np.tanh(signals["c"][10, unit]))) <= HALF


def test_without_a_trace_or_without_weights_it_says_so(qtbot: QtBot, make_trace: Make) -> None:
    view, _ = show(qtbot, Snapshot())
    assert "no trace" in view.sentence()
    trace = make_trace()
    lane = replace(trace.lanes[0, "forward"], weights=None)
    view, _ = show(qtbot, Snapshot(trace=replace(trace, lanes={(0, "forward"): lane}), stop=50))
    assert "Unit 0" in view.sentence()


@pytest.mark.parametrize("size", [(300, 360), (420, 700)])
def test_it_fits_its_width(qtbot: QtBot, make_trace: Make, size: tuple[int, int]) -> None:
    for code in language.LANGUAGES:
        language.use(code)
        view, _ = show(qtbot, Snapshot(trace=make_trace(units=1024), stop=50, unit=1000, language=code), size)
        assert view.minimumSizeHint().width() <= size[0]
        assert view._body.width() <= view._scroll.viewport().width()


def test_a_compared_trace_is_drawn_or_the_reason_is_given(qtbot: QtBot, make_trace: Make) -> None:
    trace, alike, wider = make_trace(), make_trace(seed=1), make_trace(units=9)
    view, _ = show(qtbot, Snapshot(trace=trace, compared=alike, stop=50))
    assert all(trail.compared is not None for panel in view.findChildren(CurvePanel) for trail in panel._trails)
    assert "Dashed" in view.sentence()
    view, _ = show(qtbot, Snapshot(trace=trace, compared=wider, stop=50))
    assert all(trail.compared is None for panel in view.findChildren(CurvePanel) for trail in panel._trails)
    assert "9 units" in view.sentence()
    deep = make_trace(layers=2)
    view, _ = show(qtbot, Snapshot(trace=deep, compared=trace, layer=1, stop=50))
    assert "no layer 1" in view.sentence()


def test_its_full_size_leaves_nothing_to_scroll(qtbot: QtBot, make_trace: Make) -> None:
    view, _ = show(qtbot, Snapshot(trace=make_trace(), stop=50), (320, 300))
    bar = view.findChild(QScrollArea).verticalScrollBar()
    assert bar.maximum() > 0
    view.resize(view.full_size())
    QApplication.processEvents()
    assert bar.maximum() == 0
