"""The five faces of the centre, by button and by key: each answers with the trace's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from desk import Desk, wait
from PySide6.QtCore import QPoint, Qt

from lstmviz.runs.config import RunConfig
from lstmviz.session.run_view import FACES
from lstmviz.traces.trace import Trace

ALT = Qt.KeyboardModifier.AltModifier
RNN = RunConfig(data="reber", cell="rnn", hidden=5, examples=20, batch=4, epochs=2, seed=1, checkpoint_every=1)


@pytest.fixture
def trained(desk: Desk) -> Desk:
    """A recurrent layer that was just trained, with its probe open."""
    desk.train(RNN)
    desk.until("ended")
    wait(lambda: desk.session.trace.layers[0].cell == "rnn", "the probe")
    return desk


def face(desk: Desk, name: str) -> object:
    """Ask for a face by its button and give back its view."""
    desk.click(desk.window.centre.switch.buttons[name])
    assert desk.session.face == name
    assert desk.window.views[name].isVisible()
    return desk.window.views[name]


def test_alt_and_a_number_chooses_a_face_and_the_button_shows_which(desk):
    for number, name in enumerate(FACES, 1):
        desk.press(Qt.Key(Qt.Key.Key_0 + number), ALT)
        assert desk.session.face == name
        assert desk.window.centre.switch.buttons[name].isChecked()
        assert desk.window.views[name].isVisible()
        assert [one for one in FACES if one in desk.window.views and desk.window.views[one].isVisible()] == [name]
        desk.press(Qt.Key.Key_Right)
        assert desk.session.place.t == number, "on every face the arrows step"


def test_a_click_on_a_step_of_the_unrolled_net_goes_there_and_it_folds_into_one_cell(desk):
    desk.press(Qt.Key.Key_Right, times=20)
    view = face(desk, "unrolled")
    for end in (0, -1):
        figure = view._figure  # it moves along with the cursor
        t = range(figure.first, figure.first + figure.count)[end]
        row, column = figure.rows[0], [x for x in range(view.width()) if figure.column_at(x) == t - figure.first]
        desk.click(view, QPoint(column[len(column) // 2], round((row.top + row.bottom) / 2)))
        assert desk.session.place.t == t
        assert f"at step {t} " in view.sentence()
    inner = view.rect().adjusted(2, 40, -2, -2)  # without the button, which the pointer is over, and the focus
    pictures = [view.grab(inner).toImage()]
    desk.press(Qt.Key.Key_0, ALT)
    assert desk.session.folded
    pictures.append(view.grab(inner).toImage())
    desk.press(Qt.Key.Key_Right)
    desk.press(Qt.Key.Key_Left)
    desk.click(view._fold)
    assert not desk.session.folded
    assert pictures[0] != pictures[1]
    assert view.grab(inner).toImage() == pictures[0], "unrolled again it is what it was"


def product(trace: Trace, t: int) -> np.ndarray:
    """h(t) of a recurrent layer, by hand."""
    lane = trace.lanes[0, "forward"]
    weights, before = lane.weights, lane.signals["h"][t - 1]
    return np.tanh(trace.inputs[t] @ weights.wx + before @ weights.wh + weights.b)


def test_the_matrix_form_multiplies_a_mini_batch_with_the_nets_own_numbers(trained):
    desk = trained
    desk.press(Qt.Key.Key_Right, times=3)
    view = face(desk, "layer")
    assert view._form.result.shape == (1, 5)
    np.testing.assert_allclose(view._form.result[0], product(desk.session.trace, 3), atol=1e-5)
    desk.click(view._ask)
    wait(lambda: len(desk.session.batch) > 1, "the mini-batch")
    assert desk.notice == ""
    traces = view._traces
    assert view._form.result.shape == (len(traces), 5)
    for row, trace in zip(view._form.result, traces, strict=True):
        np.testing.assert_allclose(row, product(trace, 3), atol=1e-5)
    desk.press(Qt.Key.Key_Right)
    np.testing.assert_allclose(view._form.result[-1], product(traces[-1], 4), atol=1e-5)
    assert "Matrix form of layer 0→ at step 4" in view.sentence()


def test_the_gradient_of_a_loss_is_asked_for_drawn_and_judged(desk):
    view = face(desk, "flow")
    desk.click(view._begin)
    wait(lambda: view._lanes, "the gradient")
    asked = view._flow.step
    assert f"loss of step {asked}" in view.sentence()
    arrays = desk.session.flow.arrays
    name = next(name for name, array in arrays.items() if array.ndim == 1 and len(array) == desk.session.steps)
    assert np.isfinite(arrays[name]).all()
    verdict = view.sentence().partition(": layer")[2]
    assert any(word in verdict for word in ("vanish", "explod", "keep", "size")), view.sentence()
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_Right, times=5)
    desk.click(view._one)
    wait(lambda: view._flow is not None and view._flow.step == 5 and not view._flow.pending, "the step's own")
    desk.click(view._all)
    wait(lambda: view._flow is not None and view._flow.step == -1 and not view._flow.pending, "all steps")
    assert desk.notice == ""
