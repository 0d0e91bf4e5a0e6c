"""The training view shows runs as they stand and asks for what its controls say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_runs import hand_made_run
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from lstmviz.app.theme import DARK, LIGHT
from lstmviz.app.training_chart import run_colour
from lstmviz.app.views.training import TrainingView
from lstmviz.runs.config import RunConfig
from lstmviz.session.run_view import Curves, Replay
from lstmviz.session.snapshot import Snapshot, changes

NOTHING = float("nan")


@pytest.fixture
def view(qtbot):
    made = TrainingView()
    qtbot.addWidget(made)
    made.resize(800, 360)
    made.show()
    made.snapshot = Snapshot()
    made.present(made.snapshot, changes(None, made.snapshot))
    return made


def show(view, *runs, **fields):
    after = replace(view.snapshot, runs=runs, run_id=runs[0].id if runs else 0, engine="ready", **fields)
    view.present(after, changes(view.snapshot, after))
    view.snapshot = after


def twins():
    first = hand_made_run(run_id=1, twin=2)
    return first, hand_made_run(run_id=2, twin=1, config=RunConfig(data="reber", cell="rnn"), loss=0.9)


def has_colour(view, colour, rect=None):
    image = view.plots.grab(rect or view.plots.rect()).toImage()
    wanted = QColor(colour).rgb()
    return any(image.pixel(x, y) == wanted for y in range(image.height()) for x in range(image.width()))


def test_without_a_run_it_says_what_to_do_and_leads_to_the_form(view, qtbot):
    assert view.form_button.isVisible()
    with qtbot.waitSignal(view.asked) as asked:
        view.form_button.click()
    assert asked.args == ["run.form", {}]
    assert view.sentence() == "Training: no run is open."


def test_a_run_is_said_in_a_sentence(view):
    show(view, hand_made_run())
    assert view.sentence() == (
        "Training. Embedded Reber: training, epoch 4/20 · update 200/1\u202f000 · 40 s left · "
        "1\u202f530 examples/s. Loss 0.610, gradient norm 3.20."
    )


def test_each_step_of_bptt_says_what_it_did(view):
    show(view, hand_made_run())
    said = {phase: view.strip.words(phase) for phase in ("forward", "loss", "gradients", "update")}
    assert said == {
        "forward": ("32 sequences",), "loss": ("0.610",), "gradients": ("‖∂L/∂w‖ 3.20 → 1.00",),
        "update": ("‖Δw‖/‖w‖ 0.00200",),
    }  # fmt: skip


def test_where_the_replay_stands_elsewhere_the_steps_tell_of_that_update(view):
    run = hand_made_run(state="paused")
    show(view, run, replay=Replay(1, (0, 40, 90, 200), 1))
    said = {phase: view.strip.words(phase)[0] for phase in ("forward", "loss", "gradients", "update")}
    loss = 0.5 + 1.5 * np.exp(-40 / 60)
    assert said == {
        "forward": "update 40", "loss": f"{loss:.2f}", "gradients": f"‖∂L/∂w‖ {1 + loss:.2f}", "update": "–",
    }  # fmt: skip
    assert view.strip.lit == ""
    show(view, run, replay=Replay(1, (0, 40, 90, 200), 0))
    assert view.strip.words("loss") == ("–",), "before the first update there is no loss"
    for newest in (Replay(1, (0, 40, 90, 200), 3), Replay(1, (0, 40), 1, live=True), Replay(7, (0, 40), 1)):
        show(view, run, replay=newest)
        assert view.strip.words("loss") == ("0.610",)
        assert view.strip.lit == "update"


@pytest.mark.parametrize("phase", ["forward", "loss", "gradients", "update"])
def test_the_step_that_was_done_last_is_lit_while_it_stands_still(view, phase):
    show(view, hand_made_run(state="paused", phase=phase))
    assert view.strip.lit == phase
    show(view, hand_made_run(state="training", phase=phase))
    assert view.strip.lit == ""


def test_nothing_is_lit_before_anything_was_done(view):
    show(view, hand_made_run(state="paused", phase="update", update=0))
    assert view.strip.lit == ""


def test_every_button_asks_for_its_command(view, qtbot):
    show(view, hand_made_run())
    for name in ("run.toggle", "run.phase", "run.batch", "run.epoch", "run.stop"):
        with qtbot.waitSignal(view.asked) as asked:
            qtbot.mouseClick(view.steering.buttons[name], Qt.MouseButton.LeftButton)
        assert asked.args == [name, {}]


def test_a_run_that_rests_offers_to_go_on(view, qtbot):
    show(view, hand_made_run(state="ended"))
    assert not view.steering.buttons["run.toggle"].isVisible()
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.mouseClick(view.steering.buttons["run.continue"], Qt.MouseButton.LeftButton)
    assert asked.args == ["run.continue", {}]
    show(view, hand_made_run(updates=1000, state="ended"))
    assert not view.steering.buttons["run.continue"].isVisible()


def test_a_run_can_be_closed(view, qtbot):
    show(view, hand_made_run(run_id=4))
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.mouseClick(view.steering.close_button, Qt.MouseButton.LeftButton)
    assert asked.args == ["run.close", {"id": 4}]


def test_a_rate_is_asked_for_on_enter_and_what_is_typed_is_not_overwritten(view, qtbot):
    show(view, hand_made_run())
    field = view.adjustments.rate
    assert field.text() == "0.01"
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "0,003")
    show(view, hand_made_run(updates=210))
    assert field.text() == "0,003"
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked.args == ["run.rate", {"learning_rate": 0.003}]
    show(view, hand_made_run(updates=220, learning_rate=0.003))
    assert field.text() == "0.003"


@pytest.mark.parametrize("text", ["abc", "-1", "", "1e99"])
def test_a_value_that_cannot_be_is_not_asked_for_and_escape_restores_the_one_in_force(view, qtbot, text):
    show(view, hand_made_run())
    field = view.adjustments.clipping
    field.setFocus()
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Delete)
    qtbot.keyClicks(field, text)
    with qtbot.assertNotEmitted(view.asked, wait=10):
        qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "1"


def test_why_a_run_stands_still_is_shown_whole(view):
    show(view, hand_made_run(state="paused", sentence="The loss became NaN at update 210."))
    assert view._why.isVisible()
    assert "NaN at update 210" in view.sentence()
    show(view, hand_made_run())
    assert not view._why.isVisible()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_curve_optimum_and_threshold_are_drawn_in_their_colours(view, theme):
    show(view, hand_made_run(), theme=theme.name)
    for colour in (run_colour(theme, 0), theme.good, theme.warning):
        assert has_colour(view, colour)
    show(view, hand_made_run(optimum=None, clipping=0.0), theme=theme.name)
    assert not has_colour(view, theme.good)
    assert not has_colour(view, theme.warning)


def test_a_loss_that_is_no_number_is_marked_where_it_begins(view):
    run = hand_made_run()
    loss = run.curves.loss.copy()
    loss[150:] = NOTHING
    show(view, replace(run, curves=replace(run.curves, loss=loss)))
    x = round(view.plots.picture.axis.x(151))
    image = view.plots.grab().toImage()
    middle = view.plots.picture.loss_plot.center().y()
    assert image.pixelColor(x, middle) == QColor(LIGHT.error)


@pytest.mark.parametrize("count", [0, 1, 2, 100_000])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_runs_of_any_length_are_drawn(view, count, logarithmic):
    run = hand_made_run(max(count, 1))
    if not count:
        unknown = dict.fromkeys(("loss", "norm", "clipped", "change"), NOTHING)
        run = replace(run, curves=Curves(), state="starting", update=0, took=(0.0,) * 4, **unknown)
    view.plots.scale.setChecked(logarithmic)
    show(view, run)
    assert not view.grab().isNull()
    assert has_colour(view, run_colour(LIGHT, 0), view.plots.picture.loss_plot) == (count > 0)


def test_the_loss_may_be_negative_and_the_norm_infinite(view):
    run = hand_made_run()
    curves = replace(run.curves, loss=run.curves.loss - 1.0, norm=np.where(run.curves.update == 7, np.inf, 2.0))
    for logarithmic in (True, False):
        view.plots.scale.setChecked(logarithmic)
        show(view, replace(run, curves=curves, optimum=-0.5))
        assert not view.grab().isNull()


def test_twins_are_two_letters_two_colours_and_what_they_differ_in(view):
    show(view, *twins())
    assert view.strip.words("loss") == ("0.610", "0.900")
    assert has_colour(view, run_colour(LIGHT, 0))
    assert has_colour(view, run_colour(LIGHT, 1))
    assert "Cell: LSTM" in view.sentence()
    assert "Cell: recurrent layer" in view.sentence()
    assert view.plots._names() == ("A  Cell: LSTM", "B  Cell: recurrent layer")


def test_twins_keep_their_letters_whichever_is_shown(view):
    first, second = twins()
    show(view, second, first)
    assert view.strip.words("loss") == ("0.610", "0.900")


def test_the_cursor_of_the_replay_is_dragged_to_the_nearest_probe_that_is_kept(view, qtbot):
    show(view, hand_made_run(), replay=Replay(1, (0, 40, 90, 200), 3))
    plots = view.plots
    y = plots.picture.loss_plot.center().y()
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.mouseClick(plots, Qt.MouseButton.LeftButton, pos=QPoint(round(plots.picture.axis.x(100)), y))
    assert asked.args == ["replay.set", {"position": 2}]


def test_a_click_without_a_replay_asks_for_nothing(view, qtbot):
    show(view, hand_made_run(), replay=Replay(7, (0, 40), 0))
    with qtbot.assertNotEmitted(view.asked, wait=10):
        qtbot.mouseClick(view.plots, Qt.MouseButton.LeftButton, pos=view.plots.rect().center())


def test_a_move_of_the_cursor_draws_no_curve_anew_and_new_metrics_do(view):
    run = hand_made_run()
    show(view, run, replay=Replay(1, (0, 40, 90), 0))
    view.grab()
    kept = view.plots._pixmap
    show(view, run, replay=Replay(1, (0, 40, 90), 2))
    view.grab()
    assert view.plots._pixmap is kept
    show(view, hand_made_run(updates=201))
    view.grab()
    assert view.plots._pixmap is not kept


def test_the_numbers_under_the_mouse_are_those_of_the_nearest_update(view, qtbot):
    run = hand_made_run()
    show(view, run)
    loss, norm = view.plots.readings(100.0)
    assert (
        loss == f"update 100 · epoch 2.00   loss {run.curves.loss[99]:.3f}, validation {run.curves.validation[1]:.3f}"
    )
    assert norm == f"‖∂L/∂w‖ {run.curves.norm[99]:.2f}, learning rate 0.01"


def test_a_mark_of_the_log_tells_what_happened(view):
    show(view, hand_made_run(log=((120, "learning rate set to 0.003"), (180, "stopped"))))
    x = view.plots.picture.axis.x(120)
    assert view.plots.happened(x + 2) == "update 120: learning rate set to 0.003"
    assert view.plots.happened(x - 40) == ""


def test_a_narrow_view_puts_the_settings_under_the_four_steps(view, qtbot):
    show(view, hand_made_run())
    view.resize(420, 380)
    qtbot.waitUntil(lambda: view.adjustments.y() > view.strip.y())
    view.resize(900, 380)
    qtbot.waitUntil(lambda: view.adjustments.x() > view.strip.x())


def test_in_a_small_window_the_charts_keep_their_room(view, qtbot):
    show(view, hand_made_run())
    view.resize(460, 230)
    qtbot.waitUntil(lambda: not view.adjustments.isVisible())
    assert view.plots.geometry().bottom() < view.strip.geometry().top()
    view.resize(800, 360)
    qtbot.waitUntil(lambda: view.adjustments.isVisible())


def test_every_control_has_a_name(view):
    show(view, hand_made_run())
    controls = [*view.steering.buttons.values(), view.steering.close_button]
    controls += [view.adjustments.rate, view.adjustments.clipping, view.plots.scale]
    assert all(control.accessibleName() and control.toolTip() for control in controls)
