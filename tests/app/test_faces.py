"""One of five faces stands over the timeline; what is not in sight is neither made nor told anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_runs import hand_made_run
from PySide6.QtCore import Qt

from lstmviz.app.centre import HEIGHTS
from lstmviz.runs.config import RunConfig
from lstmviz.session.run_view import FACES


def begin(program, **fields):
    """A run in the session, as if its folder had been read."""
    runs = program.dispatcher.session.runs
    run_id = runs.add(fields.pop("folder", "/runs/a"), "Embedded Reber", RunConfig(data="reber", **fields), "read")
    program.dispatcher.announce()
    return run_id


def test_the_cell_is_the_first_face_and_no_other_is_made(program, open_trace):
    open_trace()
    assert program.window.centre.switch.buttons["cell"].isChecked()
    assert program.window.views["cell"].isVisible()
    assert not set(program.window.views) & {"unrolled", "layer", "training", "flow", "compared"}


def test_each_face_is_shown_by_its_command_and_by_its_button(program, open_trace, qtbot):
    open_trace()
    window = program.window
    for face in FACES:
        qtbot.mouseClick(window.centre.switch.buttons["cell"], Qt.MouseButton.LeftButton)
        assert program.dispatcher.snapshot.face == "cell"
        program.dispatcher.run(f"face.{face}")
        assert window.views[face].isVisible()
        assert window.centre.switch.buttons[face].isChecked()
        assert [name for name in FACES if name in window.views and window.views[name].isVisible()] == [face]
        assert len(window.views[face].sentence().split()) > 2


def test_a_hidden_face_is_told_when_it_comes_back_and_not_before(program, open_trace):
    open_trace()
    cell = program.window.views["cell"]
    program.dispatcher.run("face.set", face="training")
    before = cell.sentence()
    program.dispatcher.run("cursor.set", t=7)
    assert cell.sentence() == before
    program.dispatcher.run("face.set", face="cell")
    assert cell.sentence() != before


def test_the_matrix_form_is_grey_with_a_reason_where_the_layer_has_none(program, open_trace, make_trace):
    open_trace()
    button = program.window.centre.switch.buttons["layer"]
    assert button.isEnabled()
    trace = make_trace()
    lane = replace(trace.lanes[0, "forward"], weights=None)
    program.dispatcher.session.add_trace(replace(trace, lanes={(0, "forward"): lane}))
    program.dispatcher.announce()
    assert not button.isEnabled()
    assert "without weights" in button.toolTip()


def test_the_training_has_a_height_of_its_own_and_each_is_kept(program, open_trace):
    open_trace()
    window = program.window
    first = window.splitter.sizes()
    program.dispatcher.run("face.set", face="training")
    assert window.splitter.sizes()[0] > first[0]
    window.splitter.setSizes([300, 200])
    dragged = window.splitter.sizes()
    program.dispatcher.run("face.set", face="cell")
    assert window.splitter.sizes() == pytest.approx(first, abs=3)
    program.dispatcher.run("face.set", face="training")
    assert window.splitter.sizes() == pytest.approx(dragged, abs=3)
    program.dispatcher.run("view.reset")
    assert window.splitter.sizes()[0] / sum(window.splitter.sizes()) == pytest.approx(
        HEIGHTS[True][0] / sum(HEIGHTS[True]), abs=0.02
    )


def test_a_run_without_a_probe_fills_the_centre_until_there_is_one(program, open_trace):
    begin(program)
    program.dispatcher.run("face.set", face="training")
    window = program.window
    assert window.views["training"].isVisible()
    assert not window.views["welcome"].isVisible()
    assert not window.views["timeline"].isVisible()
    open_trace()
    assert window.views["timeline"].isVisible()


def test_the_welcome_page_leads_to_the_form(program, qtbot):
    welcome = program.window.views["welcome"]
    with qtbot.waitSignal(welcome.asked) as asked:
        qtbot.mouseClick(welcome.train_button, Qt.MouseButton.LeftButton)
    assert asked.args == ["run.form", {}]


def test_a_picture_of_a_face_that_was_never_shown_shows_the_trace(program, open_trace):
    open_trace()
    view = program.window.view("training")
    assert view.size() == program.window.views["cell"].size()
    assert view.sentence() == "Training: no run is open."


def test_a_training_that_goes_on_is_marked_on_its_button(program, open_trace):
    open_trace()
    button = program.window.centre.switch.buttons["training"]
    assert button.icon().isNull()
    snapshot = program.dispatcher.snapshot
    program.window.centre.switch.present(replace(snapshot, runs=(hand_made_run(),)), frozenset({"runs"}))
    assert not button.icon().isNull()


def test_the_faces_have_names_in_both_languages(program, open_trace):
    open_trace()
    for name in ("en", "pt_BR"):
        program.dispatcher.run("language.set", language=name)
        buttons = program.window.centre.switch.buttons.values()
        assert all(button.text() and button.accessibleName() and button.toolTip() for button in buttons)
