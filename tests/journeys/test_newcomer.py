"""The first minute: the window opens with a sample, and a newcomer steps through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from desk import SHIFT, Desk, wait
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from lstmviz.app.time_canvas import TimeCanvas
from lstmviz.runs.recipes import RECIPES
from lstmviz.session.snapshot import PHASES


@pytest.fixture(scope="module")
def shared(home: Path, qapp: QApplication) -> Iterator[Desk]:
    made = Desk(first=True)
    made.window.resize(1400, 900)
    yield made
    made.close()


def said(desk: Desk) -> dict[str, str]:
    return {name: view.sentence() for name, view in desk.window.views.items()}


def test_the_first_start_shows_the_default_sample_paused_at_its_first_step(shared):
    assert shared.window.views["welcome"].isVisible(), "before the engine is there, the welcome page"
    shared.settled()
    trace = shared.session.trace
    assert trace is not None
    assert shared.window.windowTitle() == "reber · Embedded Reber grammar — lstmviz"
    assert trace.check is not None
    assert trace.check.passed
    assert (shared.session.place.t, shared.session.playing) == (0, False)
    assert shared.notice == ""
    sentences = said(shared)
    last, unit = len(trace) - 1, shared.session.place.unit
    assert sentences["transport"] == f"Paused at step 0 of {last}."
    assert f"Step 0 of {last}, unit {unit}" in sentences["step"]
    assert f"Unit {unit} of layer 0→ at step 0" in sentences["unit"]
    assert f"step 0 of 0 to {shared.session.place.stop - 1} shown" in sentences["timeline"]
    assert f"Samples: {len(shared.program.samples)};" in sentences["library"]
    assert f"ready trainings: {len(RECIPES)};" in sentences["library"]
    assert "open traces: 1;" in sentences["library"]


def test_every_view_follows_the_arrows_and_home_and_end(desk):
    last = desk.session.steps - 1
    desk.press(Qt.Key.Key_Home)
    for key, modifier, wanted in (
        (Qt.Key.Key_Right, None, 1),
        (Qt.Key.Key_Right, None, 2),
        (Qt.Key.Key_Left, None, 1),
        (Qt.Key.Key_Right, SHIFT, 11),
        (Qt.Key.Key_Left, SHIFT, 1),
        (Qt.Key.Key_End, None, last),
        (Qt.Key.Key_Right, None, last),
        (Qt.Key.Key_Home, None, 0),
        (Qt.Key.Key_Left, None, 0),
    ):
        desk.press(key, modifier or Qt.KeyboardModifier.NoModifier)
        sentences = said(desk)
        assert sentences["transport"] == f"Paused at step {wanted} of {last}."
        assert sentences["step"].startswith(f"Step {wanted} of {last}, ")
        assert f" at step {wanted}: " in sentences["unit"]
        assert f"step {wanted} of 0 " in sentences["timeline"]
        assert str(wanted) in sentences["cell"]
        assert desk.window.views["transport"].slider.value() == wanted


def test_the_unit_inspector_says_the_traces_own_numbers(desk):
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_Right, times=3)
    lane = desk.session.trace.lanes[0, "forward"]
    sentence = desk.window.views["unit"].sentence()
    for name in "fiogch":
        value = float(lane.signals[name][3, 0])
        said_value = float(sentence.split(f" {name} ")[1].split(",")[0].split(". ")[0].replace("−", "-").rstrip("."))
        assert np.isclose(said_value, value, atol=6e-3 * max(1.0, abs(value))), "two digits are shown"


def test_space_plays_and_pauses_and_playing_stops_at_the_end(desk):
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_Space)
    wait(lambda: desk.session.place.t >= 3, "three steps played")
    assert said(desk)["transport"].startswith("Playing at speed 1, step ")
    desk.press(Qt.Key.Key_Space)
    stopped = desk.session.place.t
    assert not desk.session.playing
    assert said(desk)["transport"].startswith(f"Paused at step {stopped} ")
    desk.press(Qt.Key.Key_End)
    desk.press(Qt.Key.Key_Left, times=2)
    desk.press(Qt.Key.Key_Space)
    wait(lambda: not desk.session.playing, "the end")
    assert desk.session.place.t == desk.session.steps - 1


def test_inside_a_step_the_arrows_walk_the_pseudocode_forward_and_back(desk):
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_I)
    transport = desk.window.views["transport"]
    assert transport.buttons["inside.toggle"].isChecked()
    walked, lines = [], []
    for _ in range(len(PHASES) + 1):
        walked.append((desk.session.place.t, desk.session.place.phase))
        lines.append(desk.window.views["step"].sentence())
        desk.press(Qt.Key.Key_Right)
    assert walked == [*((0, phase) for phase in range(len(PHASES))), (1, 0)]
    assert len(set(lines)) == len(lines), "each phase has a line of its own"
    for line, sign in zip(lines[1:7], ("f", "g", "i", "c", "o", "h"), strict=True):
        assert f": {sign}" in line.split(", unit 0")[1]
    desk.press(Qt.Key.Key_Left, times=2)
    assert (desk.session.place.t, desk.session.place.phase) == (0, len(PHASES) - 1)
    desk.press(Qt.Key.Key_I)
    assert desk.session.place.phase is None


def test_a_click_in_the_heat_map_selects_step_and_unit_everywhere(desk):
    canvas = desk.window.findChild(TimeCanvas)
    row = next(row for row in canvas.rows if row.signal == "c")
    units = desk.session.trace.layers[0].units
    for unit, t in ((7, 5), (2, 12), (9, 0)):
        middle = QPoint(round(canvas.axis.centre(t)), round(row.unit_middle(unit, units)))
        desk.click(canvas, middle)
        wait(lambda t=t: desk.session.place.t == t, "the cursor to follow")
        assert desk.session.place.unit == unit
        assert f"Unit {unit} of layer 0→ at step {t}:" in desk.window.views["unit"].sentence()
        assert f"Step {t} of" in desk.window.views["step"].sentence()
        assert f"unit {unit}:" in desk.window.views["step"].sentence()


def test_buttons_do_what_the_keys_do(desk):
    buttons = desk.window.views["transport"].buttons
    desk.press(Qt.Key.Key_Home)
    desk.click(buttons["step.forward"])
    desk.click(buttons["step.forward"])
    desk.click(buttons["step.back"])
    assert desk.session.place.t == 1
    desk.click(buttons["cursor.last"])
    assert desk.session.place.t == desk.session.steps - 1
    desk.click(buttons["cursor.first"])
    desk.click(buttons["play.toggle"])
    assert desk.session.playing
    desk.click(buttons["play.toggle"])
    assert not desk.session.playing


def test_dragging_the_slider_moves_the_cursor_to_where_it_is_let_go(desk):
    slider = desk.window.views["transport"].slider
    desk.press(Qt.Key.Key_Home)
    middle = slider.rect().center()
    desk.drag(slider, QPoint(6, middle.y()), middle)
    wait(lambda: desk.session.place.t == slider.value() > 0, "the cursor to follow the slider")


def test_undo_goes_back_to_where_one_was(desk):
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_End)
    desk.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.session.place.t == 0
