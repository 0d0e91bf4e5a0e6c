"""The cell diagram paints the true vectors, answers the pointer and the keys, and says its state."""

from __future__ import annotations

import dataclasses
import gettext

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from lstmviz import language
from lstmviz.app import strip
from lstmviz.app.cell_labels import number
from lstmviz.app.frame_values import GATE, Scale, frame_values, scales, step_at, when
from lstmviz.app.pictures import save_picture
from lstmviz.app.theme import is_gate, lookup_table
from lstmviz.app.views.cell import CellView
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.weights import LstmWeights, RnnWeights
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.snapshot import PHASES, Snapshot, changes
from lstmviz.traces.trace import Lane, LayerInfo, Trace

SIZES = [(620, 300), (1200, 480)]


@pytest.fixture
def show(qtbot):
    """show(snapshot, size) -> a view that presents it."""

    def make(snapshot: Snapshot, size: tuple[int, int] = (900, 420)) -> CellView:
        view = CellView()
        qtbot.addWidget(view)
        view.resize(*size)
        view.show()
        view.present(snapshot, changes(None, snapshot))
        return view

    return make


class Shouted(gettext.NullTranslations):
    """A language of its own: English in capitals."""

    def gettext(self, message: str) -> str:
        return message.upper()


def rnn_trace(units: int = 12, weighed: bool = True, direction: str = "forward") -> Trace:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20, 2)).astype(np.float32)
    shapes = ((2, units), (units, units), (units,))
    w = RnnWeights(*((rng.normal(size=shape) * 0.4).astype(np.float32) for shape in shapes))
    y, rows = np.zeros(units, np.float32), []
    for row in x if direction == "forward" else x[::-1]:
        y = rnn_step(w, row, y).y
        rows.append(y)
    h = np.stack(rows if direction == "forward" else rows[::-1])
    info = LayerInfo(0, "rnn", "rnn", 2, units, units, (direction,))
    lane = Lane({"h": h}, np.zeros(units, np.float32), None, w if weighed else None)
    return Trace(Sequence(x), x, (info,), {(0, direction): lane})


def expected_colour(key: str, value: float, scale: Scale) -> QColor:
    """The colour by the design: gates on their own map from 0 to 1, all others on the diverging one."""
    table = lookup_table(not is_gate(key))
    place = round((min(max(value, scale.low), scale.high) - scale.low) / (scale.high - scale.low) * 255)
    return QColor(*(int(part) for part in table[place]))


def assert_painted(view: CellView, key: str, values: np.ndarray, scale: Scale, skip: int) -> None:
    image, place = view.grab().toImage(), view.strip_of(key).strip
    for unit, value in enumerate(values):
        if unit == skip:
            continue
        x = place.x + int((unit + 0.5) * place.w / len(values))
        near = [expected_colour(key, float(value) + nudge, scale).name() for nudge in (-1e-6, 0, 1e-6)]
        assert image.pixelColor(x, place.cy).name() in near, (key, unit)


@pytest.mark.parametrize(("spoken", "names"), [
    ("en", {"f": "forget gate", "i": "input gate", "o": "output gate", "g": "candidate"}),
    ("pt_BR", {"f": "esquecimento", "i": "entrada", "o": "saída", "g": "candidato"}),
])  # fmt: skip
def test_gates_are_named_in_words_in_a_window_of_1280(show, make_trace, spoken, names):
    language.use(spoken)
    view = show(Snapshot(trace=make_trace(), language=spoken, stop=50), (680, 250))
    picture = view._picture(view._geometry)
    assert {key: picture.full_name(view.strip_of(key)) for key in "fiog"} == names


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_strip_shows_the_true_vector_of_the_frame(show, make_trace, size, theme):
    trace = make_trace(units=7)
    t, w = 23, trace.lanes[0, "forward"].weights
    step = lstm_step(w, trace.inputs[t], trace["h"][t - 1], trace["c"][t - 1])
    view = show(Snapshot(trace=trace, t=t, unit=0, theme=theme), size)
    limits = scales(trace)
    for key in ("c_prev", "h_prev", "f", "g", "i", "o", "kept", "written", "c", "tanh_c", "h"):
        assert_painted(view, key, getattr(step, key), limits[key], skip=0 if size == SIZES[0] else -1)
    assert_painted(view, "x", trace.inputs[t], limits["x"], skip=-1)


def test_the_strips_follow_the_cursor_forward_and_back(show, make_trace):
    trace = make_trace(units=5)
    before = Snapshot(trace=trace, t=4)
    view = show(before)
    for t in (5, 30, 0):
        after = dataclasses.replace(before, t=t)
        view.present(after, changes(before, after))
        assert_painted(view, "f", trace["f"][t], GATE, skip=0)
        before = after


def test_the_first_step_starts_from_zero_and_the_last_of_a_reverse_lane_too(make_trace):
    assert not frame_values(make_trace(), 0)["c_prev"].any()
    assert not frame_values(rnn_trace(direction="reverse"), 19, direction="reverse")["h_prev"].any()


@pytest.mark.parametrize("units", [1, 8, 128, 1024])
def test_a_click_on_a_strip_selects_the_unit_under_it(show, qtbot, make_trace, units):
    view = show(Snapshot(trace=make_trace(steps=6, units=units), t=2))
    place = view.strip_of("written").strip
    for unit in {0, units // 3, units - 1}:
        left, right = strip.unit_span(unit, place, units)
        with qtbot.waitSignal(view.asked) as asked:
            qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(int((left + right) / 2), place.cy))
        command, arguments = asked.args
        assert command == "unit.select"
        assert abs(arguments["unit"] - unit) <= units // place.w + 1 if units > place.w else arguments["unit"] == unit


def test_a_click_on_x_or_beside_a_strip_selects_nothing(show, qtbot, make_trace):
    view = show(Snapshot(trace=make_trace(), t=2))
    x = view.strip_of("x").strip
    with qtbot.assertNotEmitted(view.asked):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x.cx, x.cy))
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))


def test_the_readout_names_signal_unit_and_number(show, make_trace):
    trace = make_trace(units=4)
    view = show(Snapshot(trace=trace, t=9))
    place = view.strip_of("c_prev").strip
    x = place.x + 2.5 * place.w / 4
    assert view.readout(x, place.cy) == f"c(t−1)[2] = {trace['c'][8, 2]:.4f}".replace("-", "−")
    assert view.readout(1, 1) == ""
    for key, words in (("f", "forget gate"), ("x", trace.input_names[0])):
        place = view.strip_of(key).strip
        assert view.readout(place.x + 2, place.cy).endswith(f" · {words}")


def test_the_pointer_becomes_a_hand_over_what_can_be_selected(show, qtbot, make_trace):
    view = show(Snapshot(trace=make_trace(units=4), t=9))
    for key, shape in (("f", Qt.CursorShape.PointingHandCursor), ("x", Qt.CursorShape.ArrowCursor)):
        place = view.strip_of(key).strip
        qtbot.mouseMove(view, QPoint(place.cx, place.cy))
        qtbot.waitUntil(lambda shape=shape: view.cursor().shape() == shape)


@pytest.mark.parametrize("phase", range(len(PHASES)))
def test_what_is_not_computed_yet_is_dimmed_and_unreadable(show, make_trace, phase):
    trace = make_trace(units=3)
    view = show(Snapshot(trace=trace, t=9, unit=0, phase=phase))
    image, values, limits = view.grab().toImage(), frame_values(trace, 9), scales(trace)
    for key, vector in values.items():
        place = view.strip_of(key).strip
        x = place.x + int(2.5 * place.w / 3)
        full = expected_colour(key, float(vector[2]), limits[key])
        shown = image.pixelColor(x, place.cy)
        off = max(abs(shown.red() - full.red()), abs(shown.green() - full.green()), abs(shown.blue() - full.blue()))
        if when(key, phase) > 0:
            assert view.readout(x, place.cy) == ""
            white = max(255 - part for part in (full.red(), full.green(), full.blue()))
            assert off > 0.6 * white
        else:
            assert off <= 3


def test_up_and_down_choose_the_unit_and_stop_at_the_ends(show, qtbot, make_trace):
    trace = make_trace(units=4)
    view = show(Snapshot(trace=trace, unit=3))
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.keyClick(view, Qt.Key.Key_Up)
    assert asked.args == ["unit.select", {"unit": 2}]
    with qtbot.assertNotEmitted(view.asked):
        qtbot.keyClick(view, Qt.Key.Key_Down)
        qtbot.keyClick(view, Qt.Key.Key_Left)


def test_the_sentence_says_layer_step_unit_and_numbers(show, make_trace):
    trace = make_trace(units=4, layers=2)
    view = show(Snapshot(trace=trace, t=20, unit=1, layer=1))
    numbers = ", ".join(f"{k} {trace.signal(k, 1)[20, 1]:.2f}" for k in "fiogch").replace("-", "−")
    assert view.sentence() == f"Cell, layer 1 forward, step 20 of 49, unit 1: {numbers}"


def test_inside_a_step_the_sentence_says_only_what_is_computed(show, make_trace):
    view = show(Snapshot(trace=make_trace(), t=3, phase=PHASES.index("g")))
    assert [part.split()[0] for part in view.sentence().split(": ")[1].split(", ")] == ["f", "g"]
    view = show(Snapshot(trace=make_trace(), t=3, phase=0))
    assert view.sentence().endswith("nothing computed yet")


def test_without_a_trace_the_view_says_what_to_do(show):
    view = show(Snapshot())
    image = view.grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(0, 900, 2) for y in range(190, 230)}
    assert len(colours) > 3
    assert view.sentence() == "Cell, no trace is open."
    assert view.strip_of("f") is None


def test_closing_the_trace_brings_the_empty_state_back(show, make_trace):
    before = Snapshot(trace=make_trace(layers=2), t=3)
    view = show(before)
    after = Snapshot()
    view.present(after, changes(before, after))
    view.grab()
    assert view.strip_of("f") is None


def test_layers_are_chosen_with_buttons_where_there_are_several(show, qtbot, make_trace):
    view = show(Snapshot(trace=make_trace(layers=3), layer=1))
    buttons = [button for button in view.findChildren(type(view._chooser._button(0))) if not button.isHidden()]
    assert [button.text() for button in buttons] == ["Layer 0", "Layer 1", "Layer 2"]
    assert [button.isChecked() for button in buttons] == [False, True, False]
    with qtbot.waitSignal(view.asked) as asked:
        buttons[2].click()
    assert asked.args == ["layer.select", {"layer": 2, "direction": "forward"}]
    single = show(Snapshot(trace=make_trace()))
    assert single._chooser.isHidden()


@pytest.mark.parametrize(("lanes", "width"), [(3, 620), (9, 620), (30, 620), (30, 1900)])
def test_any_number_of_layers_can_be_chosen_in_any_width(show, qtbot, make_trace, lanes, width):
    one = make_trace(steps=5, units=2)
    trace = dataclasses.replace(
        one,
        layers=tuple(dataclasses.replace(one.layers[0], index=n) for n in range(lanes)),
        lanes={(n, "forward"): one.lanes[0, "forward"] for n in range(lanes)},
    )
    view = show(Snapshot(trace=trace, layer=1), (width, 300))
    view.grab()
    shown = [child for child in view._chooser.children() if isinstance(child, QWidget) and not child.isHidden()]
    assert shown
    assert all(child.geometry().right() <= width for child in shown)
    with qtbot.waitSignal(view.asked) as asked:
        if len(shown) == 1:
            qtbot.keyClick(shown[0], Qt.Key.Key_Down)
        else:
            shown[-1].click()
    assert asked.args[0] == "layer.select"
    assert asked.args[1]["layer"] == (2 if len(shown) == 1 else lanes - 1)


@pytest.mark.parametrize("weighed", [True, False])
def test_a_recurrent_layer_has_its_own_diagram(show, weighed):
    trace = rnn_trace(weighed=weighed)
    view = show(Snapshot(trace=trace, t=5, unit=4))
    limits = scales(trace)
    w = trace.lanes[0, "forward"].weights
    assert_painted(view, "h", trace["h"][5], limits["h"], skip=4)
    assert_painted(view, "h_prev", trace["h"][4], limits["h"], skip=4)
    if weighed:
        assert_painted(view, "z", rnn_step(w, trace.inputs[5], trace["h"][4]).z, limits["z"], skip=4)
    assert f"y {trace['h'][5, 4]:.2f}".replace("-", "−") in view.sentence()


def test_a_reverse_lane_says_t_plus_one(show):
    trace = rnn_trace(direction="reverse")
    view = show(Snapshot(trace=trace, t=5, direction="reverse"))
    place = view.strip_of("h_prev").strip
    assert view.readout(place.x + 1, place.cy).startswith("y(t+1)[0]")
    assert_painted(view, "h_prev", trace.signal("h", 0, "reverse")[6], scales(trace, 0, "reverse")["h"], skip=0)


def test_a_projected_h_has_no_selected_unit(show, qtbot, make_trace):
    trace = make_trace(units=6)
    lane, info = trace.lanes[0, "forward"], trace.layers[0]
    h = np.ascontiguousarray(lane.signals["h"][:, :2])
    projected = dataclasses.replace(lane, signals={**lane.signals, "h": h}, h0=np.zeros(2, np.float32), weights=None)
    trace = dataclasses.replace(
        trace, lanes={(0, "forward"): projected}, layers=(dataclasses.replace(info, outputs=2),)
    )
    view = show(Snapshot(trace=trace, t=5, unit=5))
    assert_painted(view, "h", h[5], scales(trace)["h"], skip=-1)
    place = view.strip_of("h").strip
    with qtbot.assertNotEmitted(view.asked):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(place.cx, place.cy))
    assert "h " not in view.sentence().split(": ")[1]


@pytest.mark.parametrize("units", [1, 1024])
@pytest.mark.parametrize("size", SIZES)
def test_the_smallest_and_the_largest_cell_mark_the_selected_unit(show, make_trace, units, size):
    trace = make_trace(steps=8, units=units)
    unit = units // 2
    view = show(Snapshot(trace=trace, t=3, unit=unit), size)
    image, place = view.grab().toImage(), view.strip_of("f").strip
    left, right = strip.unit_span(unit, place, units)
    near = [expected_colour("f", float(trace["f"][3, unit]) + nudge, GATE).name() for nudge in (-1e-6, 0, 1e-6)]
    assert image.pixelColor(int((left + right) / 2), place.cy).name() in near


@pytest.mark.parametrize("size", [(560, 260), (620, 300), (680, 318), (760, 360), (900, 420), (1200, 480), (1400, 600)])
def test_names_and_numbers_fit_their_headers(show, make_trace, size):
    view = show(Snapshot(trace=make_trace(units=16, layers=2), t=3), size)
    picture, _ = view._still(view._geometry)
    for card in picture.geometry.cards:
        assert picture.label(card) in picture.labels[card.key], "elided"
        name = QFontMetricsF(picture.text_font(bold=True)).horizontalAdvance(picture.label(card))
        value = QFontMetricsF(picture.text_font()).horizontalAdvance(number(-8.88, picture.digits(card)))
        assert name + value < card.header.w


def test_the_steps_of_a_trace_agree_with_the_equations(make_trace):
    trace = make_trace(units=5)
    w = trace.lanes[0, "forward"].weights
    truth = lstm_step(w, trace.inputs[7], trace["h"][6], trace["c"][6])
    assert isinstance(w, LstmWeights)
    without = dataclasses.replace(
        trace, lanes={(0, "forward"): dataclasses.replace(trace.lanes[0, "forward"], weights=None)}
    )
    for shown, tolerance in ((step_at(trace, 7), 1e-6), (step_at(without, 7), 1e-4)):
        for field in dataclasses.fields(truth):
            np.testing.assert_allclose(getattr(shown, field.name), getattr(truth, field.name), atol=tolerance)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_picture_of_the_view_has_the_same_strips(show, make_trace, tmp_path, ending):
    trace = make_trace(units=5)
    view = show(Snapshot(trace=trace, t=7), (800, 400))
    save_picture(view, tmp_path / f"cell.{ending}", scale=2.0 if ending == "png" else 1.0)
    image = QImage(1600, 800, QImage.Format.Format_ARGB32)
    if ending == "png":
        image = QImage(str(tmp_path / "cell.png"))
    else:
        painter = QPainter(image)
        QSvgRenderer(str(tmp_path / "cell.svg")).render(painter)
        painter.end()
    place = view.strip_of("f").strip
    for unit in range(1, 5):
        shown = image.pixelColor(2 * place.x + int((unit + 0.5) * 2 * place.w / 5), 2 * place.cy)
        full = expected_colour("f", float(trace["f"][7, unit]), GATE)
        assert abs(shown.red() - full.red()) + abs(shown.green() - full.green()) + abs(shown.blue() - full.blue()) <= 6


def test_another_language_is_spoken_at_once(show, monkeypatch):
    before = Snapshot()
    view = show(before)
    monkeypatch.setattr(language, "_catalogue", Shouted())
    after = dataclasses.replace(before, language="pt_BR")
    view.present(after, changes(before, after))
    assert view.accessibleName() == "CELL"
    assert view.sentence().startswith("CELL, NO TRACE")
