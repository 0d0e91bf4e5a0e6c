"""Every kind of cell in every view: GRU, peepholes, layer norm, projection, and a decoder after an encoder."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from by_hand import KINDS
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lstmviz.app import cell_labels
from lstmviz.app.frame_values import frame_values, scales, step_at, when
from lstmviz.app.layer_form import why_not
from lstmviz.app.signal_chips import Chip
from lstmviz.app.step_rows import step_rows
from lstmviz.app.strip_data import guesses
from lstmviz.app.theme import SIGNAL_COLOURS, THEMES, lookup_table
from lstmviz.app.time_canvas import TimeCanvas
from lstmviz.app.time_painter import said
from lstmviz.app.unit_equation import equation, plain
from lstmviz.app.view import View
from lstmviz.app.views.cell import CellView
from lstmviz.app.views.step import StepView
from lstmviz.app.views.timeline import TimelineView
from lstmviz.app.views.unit import UnitView
from lstmviz.cells.gru import gru_step
from lstmviz.cells.weights import LstmWeights
from lstmviz.session.snapshot import PHASES, Snapshot, changes
from lstmviz.traces.trace import Trace

Make = Callable[..., Trace]
SIZES = {CellView: (900, 420), StepView: (340, 420), UnitView: (360, 900), TimelineView: (900, 560)}


def show(qtbot: QtBot, view: View, snapshot: Snapshot) -> View:
    qtbot.addWidget(view)
    view.resize(*SIZES[type(view)])
    view.show()
    view.present(snapshot, changes(None, snapshot))
    QApplication.processEvents()
    return view


def numbers(text: str) -> list[float]:
    return [float(part.replace("−", "-")) for part in re.findall(r"−?\d+\.\d+", text)]


def row_of(trace: Trace, name: str, t: int, unit: int) -> str:
    return next(row.numbers for row in step_rows(trace, t, 0, "forward", unit) if row.code.startswith(f"{name} ="))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("handover", [0, 9])
def test_every_view_shows_every_kind_of_cell(qtbot: QtBot, make_trace: Make, kind: str, handover: int) -> None:
    trace = make_trace(steps=20, kind=kind, handover=handover)
    for view, look in ((view(), look) for view, look in product(SIZES, ("light", "dark"))):
        snapshot = Snapshot(trace=trace, t=12, stop=20, unit=3, theme=look)
        show(qtbot, view, snapshot)
        for phase in range(len(PHASES)):
            lit = replace(snapshot, phase=phase, t=phase)
            view.present(lit, changes(snapshot, lit))
            snapshot = lit
            view.grab()
        assert "3" in view.sentence()


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_strip_of_a_gru_shows_the_true_vector(qtbot: QtBot, make_trace: Make, look: str) -> None:
    trace, t = make_trace(units=7, kind="gru"), 23
    step = gru_step(trace.weights_at(t), trace.inputs[t], trace["h"][t - 1])
    view = show(qtbot, CellView(), Snapshot(trace=trace, t=t, unit=0, theme=look))
    image, limits = view.grab().toImage(), scales(trace)
    for key in ("h_prev", "r", "f", "i", "g", "kept", "written", "h"):
        place, scale = view.strip_of(key).strip, limits[key]
        assert scale.signed == (key not in "rfi")
        for unit, value in enumerate(getattr(step, key)):
            if unit:  # the first is framed
                at = (min(max(float(value), scale.low), scale.high) - scale.low) / (scale.high - scale.low) * 255
                near = [QColor(*lookup_table(scale.signed)[round(at + away)].tolist()).name() for away in (-0.01, 0.01)]
                assert image.pixelColor(place.x + int((unit + 0.5) * place.w / 7), place.cy).name() in near, (key, unit)


def test_inside_a_step_of_a_gru_r_comes_before_g_and_h_last(make_trace: Make) -> None:
    trace = make_trace(kind="gru")
    keys = set(frame_values(trace, 3)) - {"x", "h_prev"}
    at = PHASES.index
    assert {key for key in keys if when(key, at("combine")) <= 0} == set()
    assert {key for key in keys if when(key, at("f")) <= 0} == {"r", "f"}
    assert {key for key in keys if when(key, at("g")) <= 0} == {"r", "f", "g"}
    assert {key for key in keys if when(key, at("c")) <= 0} == keys - {"h"}
    assert {key for key in keys if when(key, at("h")) <= 0} == keys


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "rnn"])
@pytest.mark.parametrize("handover", [0, 9])
def test_the_numbers_of_each_line_are_those_of_its_weights(make_trace: Make, kind: str, handover: int) -> None:
    trace = make_trace(steps=20, kind=kind, handover=handover)
    for t, unit in ((3, 1), (15, 4)):
        for name in ("f", "g", "r" if kind == "gru" else "i"):
            z, value = numbers(row_of(trace, f"{name}t", t, unit))
            squashed = np.tanh(z) if name == "g" else 1 / (1 + np.exp(-z))
            if kind == "functions":
                squashed = max(min(z, 1.5), 0) if name == "g" else 0.2 * min(max(z, -1.5), 1.5) + 0.5
            assert abs(squashed - value) < 2e-3
            assert abs(value - trace.signal(name)[t, unit]) < 6e-4
        step = step_at(trace, t)
        assert abs(float(step.zf[unit]) - float(trace["zf"][t, unit])) < 1e-5


def test_a_gru_s_lines_say_its_equations_in_numbers(make_trace: Make) -> None:
    trace = make_trace(kind="gru")
    t, unit = 8, 2
    f, g, h = (float(trace[name][t, unit]) for name in "fgh")
    before = float(trace["h"][t - 1, unit])
    assert numbers(row_of(trace, "it", t, unit)) == pytest.approx([f, 1 - f], abs=6e-4)
    line = row_of(trace, "h(t)", t, unit)
    assert numbers(line) == pytest.approx([before, f, g, 1 - f, h], abs=6e-4)
    text = plain(equation(trace, t, 0, "forward", unit)).splitlines()
    assert text[0].startswith("i = 1 − f = 1 − ")
    assert text[1] == "h = f·h₋₁ + i·g"
    assert numbers(text[3]) == pytest.approx([f * before, (1 - f) * g, h], abs=6e-4)


def test_without_weights_a_gru_works_back_from_its_gates(make_trace: Make) -> None:
    trace = make_trace(kind="gru")
    lane = replace(trace.lanes[0, "forward"], weights=None)
    bare = replace(trace, lanes={(0, "forward"): lane})
    assert "logit" in row_of(bare, "rt", 5, 1)
    np.testing.assert_allclose(step_at(bare, 5).zr, trace["zr"][5], atol=1e-4)
    np.testing.assert_allclose(step_at(bare, 5).zg, trace["zg"][5], atol=1e-3)


def test_a_norm_is_named_where_c_leaves_the_cell(make_trace: Make) -> None:
    trace = make_trace(kind="norm")
    weights, t, unit = trace.weights_at(0), 8, 2
    assert isinstance(weights, LstmWeights)
    c = trace["c"][t].astype(np.float64)
    scaled = (c - c.mean()) / np.sqrt(c.var() + weights.norm.eps) * weights.norm.c + weights.norm.b
    lines = plain(equation(trace, t, 0, "forward", unit)).splitlines()
    assert lines[3] == "h = o·tanh(LN(c))"
    assert numbers(lines[5])[1] == pytest.approx(np.tanh(scaled[unit]), abs=6e-4)
    np.testing.assert_allclose(frame_values(trace, t)["tanh_c"], np.tanh(scaled), atol=1e-5)
    assert "tanh(norm(" in row_of(trace, "h(t)", t, unit)


def test_other_functions_are_named_wherever_they_act(make_trace: Make) -> None:
    trace = make_trace(kind="functions")
    weights, t, unit = trace.weights_at(0), 8, 2
    assert isinstance(weights, LstmWeights)
    assert "hard σ(clip(" in row_of(trace, "ft", t, unit)
    assert "relu(clip(" in row_of(trace, "gt", t, unit)
    assert "·id(" in row_of(trace, "h(t)", t, unit)
    lines = plain(equation(trace, t, 0, "forward", unit)).splitlines()
    assert lines[3] == "h = o·id(c)"
    assert numbers(lines[5])[1] == pytest.approx(trace["c"][t, unit], abs=6e-4)
    caption = cell_labels.caption(trace, 0, "forward", 0, 1)
    assert all(word in caption for word in ("clip(0.2·z + 0.5, 0, 1)", "g = relu(z)", "h = o ⊗ id(c)", "±1.5"))
    drawn = scales(trace)
    assert drawn["g"].high == drawn["written"].high
    assert drawn["tanh_c"] == drawn["c"]
    assert "clips" in why_not(trace, t, 0, "forward")


def test_the_legend_names_other_functions_where_their_scale_is(qtbot: QtBot, make_trace: Make) -> None:
    view = show(qtbot, CellView(), Snapshot(trace=make_trace(kind="functions"), t=4))
    assert isinstance(view, CellView)
    assert [name for name, _ in view._legend()] == ["f i o", "g i⊗g", "c id", "h", "x"]


def test_the_caption_names_the_variant(make_trace: Make) -> None:
    said = {kind: cell_labels.caption(make_trace(kind=kind), 0, "forward", 0, 1) for kind in KINDS}
    assert "peepholes" in said["peephole"]
    assert "layer norm" in said["norm"]
    assert all(word in said["peephole+norm"] for word in ("peepholes", "layer norm"))
    assert "projected to 4" in said["projected"]
    assert not any(word in said["lstm"] for word in ("peepholes", "norm", "forget"))
    trace = make_trace()
    own = trace.weights_at(0)
    biased = own.b.copy()
    biased[own.block("f")] = 100
    lane = replace(trace.lanes[0, "forward"], weights=replace(own, b=biased))
    open_gate = replace(trace, lanes={(0, "forward"): lane})
    assert "no forget gate" in cell_labels.caption(open_gate, 0, "forward", 0, 1)


@pytest.mark.parametrize(("kind", "drawn"), [("peephole", (3, 0)), ("norm", (0, 5)), ("peephole+norm", (3, 5))])
def test_the_diagram_draws_what_the_weights_have(qtbot: QtBot, make_trace: Make, kind: str, drawn: tuple) -> None:
    view = show(qtbot, CellView(), Snapshot(trace=make_trace(kind=kind), t=5, stop=50))
    geometry = view._geometry
    assert (sum(wire.thin for wire in geometry.wires), len(geometry.badges)) == drawn


def test_the_inspector_of_a_gru_offers_its_own_gates(qtbot: QtBot, make_trace: Make) -> None:
    first = Snapshot(trace=make_trace(), t=9, stop=50, unit=4)
    view = show(qtbot, UnitView(), first)
    chips = {chip.name: chip for chip in view.findChildren(Chip)}
    assert {name for name, chip in chips.items() if not chip.isHidden()} == set("fiog")
    qtbot.mouseClick(chips["i"], Qt.MouseButton.LeftButton)
    second = replace(first, trace=make_trace(kind="gru"))
    view.present(second, changes(first, second))
    assert {name for name, chip in chips.items() if not chip.isHidden()} == set("rfg")
    # i is no gate of its own in a GRU: the inspector goes back to f
    assert chips["f"].isChecked()
    assert view._pushes._pushed.gate == "f"
    for gate, note in (("r", ""), ("g", "times r(t)")):
        qtbot.mouseClick(chips[gate], Qt.MouseButton.LeftButton)
        pushed = view._pushes._pushed
        assert pushed.gate == gate
        assert abs(pushed.sum - float(second.trace[f"z{gate}"][9, 4])) < 1e-5
        assert note in pushed.note
    assert [gate for gate, _, _ in view._memory._memory.habits.gates] == ["r", "f"]


@pytest.mark.parametrize(("gate", "name"), [("f", "c(t−1)"), ("i", "c(t−1)"), ("o", "c(t)"), ("g", None)])
def test_a_peephole_pushes_under_the_name_of_what_it_sees(
    qtbot: QtBot, make_trace: Make, gate: str, name: str | None
) -> None:
    trace = make_trace(kind="peephole+norm")
    view = show(qtbot, UnitView(), Snapshot(trace=trace, t=9, stop=50, unit=4))
    qtbot.mouseClick(next(chip for chip in view.findChildren(Chip) if chip.name == gate), Qt.MouseButton.LeftButton)
    pushed = view._pushes._pushed
    assert [label for label in pushed.names if label.startswith("c(")] == ([name] if name else [])
    assert abs(pushed.sum - float(trace[f"z{gate}"][9, 4])) < 1e-5
    assert "norm" in pushed.note


def test_the_pushes_after_the_handover_are_the_decoder_s(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=20, kind="lstm", handover=9)
    snapshot = Snapshot(trace=trace, t=3, stop=20, unit=4)
    view = show(qtbot, UnitView(), snapshot)
    for t in (3, 8, 9, 15):
        moved = replace(snapshot, t=t)
        view.present(moved, changes(snapshot, moved))
        snapshot = moved
        assert abs(view._pushes._pushed.sum - float(trace["zf"][t, 4])) < 1e-5


def canvas_of(view: View) -> TimeCanvas:
    return view.findChild(TimeCanvas)


def test_the_timeline_of_a_gru_shows_r_f_g_h(qtbot: QtBot, make_trace: Make) -> None:
    view = show(qtbot, TimelineView(), Snapshot(trace=make_trace(kind="gru"), t=5, stop=50))
    assert [row.signal for row in canvas_of(view).rows if row.kind == "signal"] == ["r", "f", "g", "h"]
    chips = [chip.name for chip in view.findChildren(Chip) if not chip.isHidden()]
    assert chips == ["r", "f", "g", "h"]
    assert "r f g h" in view.sentence()


def test_a_line_and_two_words_say_where_the_decoder_begins(qtbot: QtBot, make_trace: Make) -> None:
    trace = make_trace(steps=20, kind="gru", handover=9)
    view = show(qtbot, TimelineView(), Snapshot(trace=trace, t=2, stop=20))
    canvas = canvas_of(view)
    assert [row.kind for row in canvas.rows][:2] == ["nets", "input"]
    names = canvas.rows[0]
    assert canvas.under(canvas.axis.centre(8), names.top + 3).endswith("encoder")
    assert canvas.under(canvas.axis.centre(9), names.top + 3).endswith("decoder")
    image, x = canvas.grab().toImage(), round(canvas.axis.edge(9))
    accent = QColor(THEMES["light"].accent)
    for row in canvas.rows:
        assert image.pixelColor(x, row.top + row.height // 2) == accent
    plain_view = show(qtbot, TimelineView(), Snapshot(trace=make_trace(steps=20, kind="gru"), t=2, stop=20))
    assert "nets" not in {row.kind for row in canvas_of(plain_view).rows}


def test_while_an_encoder_reads_nothing_is_said(make_trace: Make) -> None:
    trace = make_trace(steps=6, kind="lstm", handover=3)
    odds = np.full((6, 2), np.nan, np.float32)
    odds[3:] = [0.25, 0.75]
    right = np.array([[np.nan]] * 3 + [[0.0], [1.0], [1.0]], np.float32)
    spelt = replace(trace, outputs=odds, targets=right, output_kind="probability", output_names=("a", "b"))
    assert guesses(spelt, 0, 6).likely.tolist() == [-1, -1, -1, 1, 1, 1]
    assert [bool(said(spelt, t)) for t in range(6)] == [False] * 3 + [True] * 3


def linear(colour: str) -> np.ndarray:
    shares = np.array(QColor(colour).getRgbF()[:3])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear sRGB, white D65."""
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    relative = to_xyz @ light / [0.9505, 1, 1.0888]
    root = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


SEEN = {
    "all cones": np.eye(3),
    "no long": np.array([[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]),
    "no medium": np.array([[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]),
    "no short": np.array([[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]),
}
"""What is left of linear sRGB: Machado, Oliveira and Fernandes (2009), severity 1."""


@pytest.mark.parametrize("eyes", SEEN)
def test_r_is_told_from_every_other_colour_by_all_eyes(eyes: str) -> None:
    seen = {name: lab(np.clip(SEEN[eyes] @ linear(colour), 0, 1)) for name, colour in SIGNAL_COLOURS.items()}
    away = {name: float(np.linalg.norm(seen["r"] - seen[name])) for name in seen if name != "r"}
    # a difference of 2.3 is just noticed (Mahy, Van Eycken and Oosterlinck 1994)
    assert min(away.values()) > 5 * 2.3, away


@pytest.mark.parametrize("look", ["light", "dark"])
def test_r_can_be_seen_on_both_grounds(look: str) -> None:
    bright, dark = sorted(
        (
            float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05
            for colour in (SIGNAL_COLOURS["r"], THEMES[look].base)
        ),
        reverse=True,
    )
    assert bright / dark >= 3
