"""A net is trained: asked for in the form, watched, held, steered, replayed, and opened as a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from desk import CONTROL, SHIFT, Desk, wait
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lstmviz.app.dialogs.new_run import NewRunDialog
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import probe_file
from lstmviz.runs.probes import read_probe
from lstmviz.runs.recipes import RECIPES
from lstmviz.session.run_view import PHASES_OF_TRAINING
from lstmviz.session.settings import Settings
from lstmviz.traces.trace import Trace

ALT = Qt.KeyboardModifier.AltModifier
TINY = RunConfig(data="reber", hidden=6, examples=40, batch=4, epochs=20, seed=3, probe_every=20, checkpoint_every=40)
"""Two hundred updates, in a fifth of a second where nobody watches."""
LONG = RunConfig(data="reber", hidden=6, examples=40, batch=4, epochs=100_000, seed=3, probe_every=20)
"""A training that does not end while a test looks at it."""


@pytest.fixture(scope="module")
def shared(home: Path, qapp: QApplication) -> Iterator[Desk]:
    made = Desk(Settings(theme="light", language="en"), sample="reber")
    made.settled()
    yield made
    made.close()


@pytest.fixture
def form(desk: Desk) -> NewRunDialog:
    """The form of a new training, opened by its key, at its defaults."""
    desk.press(Qt.Key.Key_N, CONTROL)
    dialog = desk.dialog(NewRunDialog)
    desk.click(dialog.defaults)
    dialog.data.choose("reber")
    for box in (dialog.paused, dialog.twin.wanted):
        box.setChecked(False)
    return dialog


def fill(desk: Desk, form: NewRunDialog, **values: object) -> None:
    """Click into fields of the form and type."""
    for name, value in values.items():
        desk.click(form.fields[name].control)
        desk.type(str(value))


def tiny(desk: Desk, form: NewRunDialog, **values: object) -> None:
    fill(desk, form, hidden=6, examples=40, batch=4, seed=3, probe_every=20, **values)


def outputs(desk: Desk) -> np.ndarray:
    assert desk.session.trace is not None
    return desk.session.trace.lanes[0, "forward"].signals["h"]


def test_a_newcomer_trains_holds_it_goes_step_by_step_changes_its_rate_and_opens_its_net(desk, form):
    tiny(desk, form, epochs=30)
    desk.click(form.start)
    assert not form.isVisible()
    desk.until("training")
    view = desk.window.views["training"]
    assert view.isVisible(), "the training is what one wants to see"
    assert desk.run.title in desk.window.windowTitle()
    wait(lambda: desk.run.update > 40, "some updates")
    first = desk.session.trace
    wait(lambda: desk.session.trace is not first, "another probe of the same net")
    assert len(desk.session.opened) == 2, "each probe takes the place of the one before"
    losses = desk.run.curves.loss
    assert losses[-10:].mean() < 0.98 * losses[:10].mean()
    assert desk.run.optimum is not None
    assert f"update {desk.run.update}" in view.sentence().replace("\u202f", "")

    desk.press(Qt.Key.Key_Space, CONTROL)
    desk.until("paused")
    held = desk.run.update
    QTest.qWait(60)
    assert desk.run.update == held
    assert not desk.session.playing, "Space alone plays the steps; with Ctrl it is the training's"

    # to the end of the mini-batch, one phase of the next after the other, and its rest
    desk.press(Qt.Key.Key_F7)
    wait(lambda: desk.run.state == "paused" and desk.run.update == held + 1, "the end of the mini-batch")
    held = desk.run.update
    for phase in PHASES_OF_TRAINING[:2]:
        desk.press(Qt.Key.Key_F6)
        wait(lambda phase=phase: desk.run.state == "paused" and desk.run.phase == phase, phase)
        assert view.strip.lit == phase
    assert desk.run.update == held
    desk.press(Qt.Key.Key_F7)
    wait(lambda: desk.run.state == "paused" and desk.run.update == held + 1, "the end of the mini-batch")
    epoch = desk.run.epoch
    desk.click(view.steering.buttons["run.epoch"])
    wait(lambda: desk.run.state == "paused" and desk.run.epoch == epoch + 1, "the end of the epoch")
    assert desk.run.update % 10 == 0

    # values that hold from the next update on
    for field, text in ((view.adjustments.rate, "0,002"), (view.adjustments.clipping, "0.5")):
        desk.click(field)
        desk.type(text)
        desk.press(Qt.Key.Key_Return)
    wait(lambda: (desk.run.learning_rate, desk.run.clipping) == (0.002, 0.5), "the new values")
    assert [update for update, _ in desk.run.log] == [desk.run.update] * 2
    assert (view.adjustments.rate.text(), view.adjustments.clipping.text()) == ("0.002", "0.5")
    desk.click(view.adjustments.rate)
    desk.type("much")
    desk.press(Qt.Key.Key_Escape)
    assert view.adjustments.rate.text() == "0.002", "Escape takes back what is being typed"

    desk.press(Qt.Key.Key_Space, CONTROL)
    desk.until("ended")
    assert desk.run.update == desk.run.updates == 300
    assert np.nanmean(desk.run.curves.loss[-50:]) < 0.8 * np.nanmean(losses[:10])
    assert desk.notice == ""

    # the net of the run is a model like any other
    last = desk.session.trace
    desk.drop(desk.folder / "net.safetensors")
    desk.settled()
    assert desk.session.trace is not last
    assert desk.session.trace.check.passed
    np.testing.assert_array_equal(outputs(desk), last.lanes[0, "forward"].signals["h"])


@pytest.mark.parametrize("count", [1, 2])
def test_a_ready_training_is_found_in_the_library_and_begins(desk, count):
    recipe = next(one for one in RECIPES if len(one.configs) == count)
    desk.press(Qt.Key.Key_F, CONTROL)
    desk.type(" ".join(word for word in recipe.title.split() if word.isascii()))
    desk.double_click_row(recipe.title)
    desk.window.views["library"].search.clear()
    desk.until("training", "ended")
    found = desk.session.runs.with_twin(desk.run.id)
    assert len(desk.session.runs.views) == count, "a double click asks once"
    assert tuple(view.config for view in found) == recipe.configs
    assert all(recipe.title in view.title for view in found)
    assert desk.window.views["training"].isVisible()
    wait(lambda: desk.session.trace.name == desk.run.title, "the probe")
    wait(lambda: all(view.update > 0 for view in desk.session.runs.with_twin(desk.run.id)), "the first updates")
    desk.press(Qt.Key.Key_Space, CONTROL | SHIFT)
    desk.until("ended")
    assert desk.notice == ""


def test_the_form_names_what_is_wrong_and_keeps_everything_that_was_typed(desk, form):
    tiny(desk, form, epochs=2)
    fill(desk, form, learning_rate="fast")
    assert form.message.text() == "Learning rate is “fast”; expected a number."
    assert not form.start.isEnabled()
    desk.press(Qt.Key.Key_Return)
    assert form.isVisible(), "Enter begins nothing that cannot begin"
    fill(desk, form, learning_rate="1000")
    assert "Learning rate is 1000.0; expected 1e-09 to 100." in form.message.text()
    desk.press(Qt.Key.Key_Escape)
    wait(lambda: not form.isVisible(), "the form to close")
    desk.press(Qt.Key.Key_N, CONTROL)
    desk.dialog(NewRunDialog)
    assert form.fields["learning_rate"].control.text() == "1000"
    assert form.fields["hidden"].control.text() == "6"
    assert "1000" in form.message.text()

    fill(desk, form, learning_rate="0.02")
    assert form.message.text() == ""
    assert "--learning-rate 0.02" in form.command.toPlainText()
    desk.click(form.paused, QPoint(8, form.paused.height() // 2))
    desk.press(Qt.Key.Key_Return)
    desk.until("paused")
    assert (desk.run.update, desk.run.learning_rate, desk.run.config.hidden) == (0, 0.02, 6)
    assert desk.session.trace.name == desk.run.title, "the net is seen as it was born"
    desk.press(Qt.Key.Key_Space, CONTROL)
    desk.until("ended")
    assert desk.run.update == 20


def test_the_second_slider_moves_through_the_training_and_the_cursor_stays(desk):
    desk.train(TINY)
    desk.until("ended")
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_Right, times=7)
    replay = desk.window.views["transport"].replay
    assert replay.slider.isVisible()
    updates = desk.run.probes
    assert len(updates) > 5
    seen = [outputs(desk)]
    for place in range(len(updates) - 2, -1, -1):
        desk.press(Qt.Key.Key_Left, ALT)
        wait(lambda place=place: desk.program.dispatcher.snapshot.replay.position == place, f"place {place}")
        kept = read_probe(probe_file(desk.folder, updates[place])).lanes[0, "forward"].signals["h"]
        wait(lambda kept=kept: np.array_equal(outputs(desk), kept), f"the probe of update {updates[place]}")
        seen.append(outputs(desk))
        assert desk.session.place.t == 7
    assert len({one.tobytes() for one in seen}) == len(updates), "the gates are being learned"
    assert replay.sentence() == f"The training is shown at update 0 of {updates[-1]}."

    middle = replay.slider.rect().center()
    desk.drag(replay.slider, QPoint(5, middle.y()), middle)
    wait(lambda: 0 < desk.program.dispatcher.snapshot.replay.position < len(updates) - 1, "the drag to be followed")
    assert desk.session.place.t == 7

    # either axis plays, alone or together with the other
    desk.press(Qt.Key.Key_Space, SHIFT)
    assert desk.session.runs.playing
    desk.press(Qt.Key.Key_Space)
    assert desk.session.playing
    wait(lambda: not desk.session.runs.playing, "the end of the training axis")
    wait(lambda: desk.session.place.t > 8, "steps played meanwhile")
    desk.press(Qt.Key.Key_Space)
    assert np.array_equal(outputs(desk), seen[0])


def test_a_training_that_is_followed_can_be_left_and_followed_again(desk):
    desk.train(LONG)
    wait(lambda: len(desk.run.probes) > 3, "some probes")
    snapshot = desk.program.dispatcher.snapshot
    assert snapshot.replay.live
    desk.press(Qt.Key.Key_Left, ALT)
    assert not desk.program.dispatcher.snapshot.replay.live
    at = desk.program.dispatcher.snapshot.replay
    held = at.updates[at.position]
    wait(lambda: desk.run.probes[-1] > held + 100, "the training to go on behind")
    now = desk.program.dispatcher.snapshot.replay
    assert now.updates[now.position] <= held, "what is looked at stays, or what was kept before it"
    desk.press(Qt.Key.Key_End, ALT)
    assert desk.program.dispatcher.snapshot.replay.live
    before = desk.session.trace
    wait(lambda: desk.session.trace is not before, "the newest probe")

    desk.press(Qt.Key.Key_Space, CONTROL | SHIFT)
    desk.until("ended")
    desk.press(Qt.Key.Key_N, CONTROL | SHIFT)
    desk.until("training")


def kept_probe(desk: Desk) -> Trace:
    """The newest probe in the folder of the run."""
    return read_probe(probe_file(desk.folder, desk.run.probes[-1]))


def test_a_training_that_diverges_pauses_where_it_was_sound_and_goes_on_with_a_lower_rate(desk):
    wild = RunConfig(
        data="adding", topology="seq2vec", cell="rnn", activation="relu", hidden=4, examples=20, batch=4, epochs=4,
        optimiser="sgd", learning_rate=100, clipping=0, checkpoint_every=1,
    )  # fmt: skip
    desk.train(wild)
    desk.until("paused")
    sentence = desk.run.sentence
    wait(lambda: np.array_equal(desk.session.active.trace["h"], kept_probe(desk)["h"], equal_nan=True), "its probe")
    assert sentence.startswith("The training diverged: the ")
    assert f"It is back at update {desk.run.update}. " in sentence
    view = desk.window.views["training"]
    assert view.isVisible()
    assert sentence in view.sentence()
    desk.click(view.adjustments.rate)
    desk.type("0.001")
    desk.press(Qt.Key.Key_Return)
    wait(lambda: desk.run.learning_rate == 0.001, "the lower rate")
    desk.press(Qt.Key.Key_Space, CONTROL)
    desk.until("ended")
    assert desk.run.update == desk.run.updates
    assert desk.run.sentence == ""
    assert np.isfinite(desk.run.curves.loss).all()


def test_twins_begin_alike_stand_side_by_side_and_are_steered_together(desk, form):
    tiny(desk, form, epochs=100000)
    desk.click(form.twin.wanted, QPoint(8, form.twin.wanted.height() // 2))
    desk.tab_to(form.twin.setting)
    desk.type("forg")
    assert form.twin.setting.currentText() == "Forget bias"
    desk.click(form.start)
    desk.until("training")
    one, other = desk.session.runs.with_twin(desk.run.id)
    assert one.title == "Forget bias 1 · Embedded Reber grammar"
    assert (one.config.forget_bias, other.config.forget_bias) == (1.0, 0.0)
    assert one.config.seed == other.config.seed
    wait(lambda: desk.program.dispatcher.snapshot.compared is not None, "the second trace")
    window = desk.window
    assert window.views["timeline"].isVisible()
    assert window.views["compared"].isVisible()
    titles = [title.text() for title in window.centre._titles]
    assert titles == ["A  Forget bias: 1", "B  Forget bias: 0"]
    assert "Forget bias: 0" in window.views["training"].sentence()
    wait(lambda: min(view.update for view in desk.session.runs.with_twin(desk.run.id)) > 40, "both to train")
    born = [read_probe(probe_file(Path(view.folder), 0)) for view in (one, other)]
    for name, row in (("i", True), ("f", False)):
        first, second = (trace.lanes[0, "forward"].signals[name][0] for trace in born)
        assert np.array_equal(first, second) is row, "the first step's gates differ in the bias alone"

    desk.press(Qt.Key.Key_Space, CONTROL)
    desk.until("paused")
    before = [view.update for view in desk.session.runs.with_twin(desk.run.id)]
    desk.press(Qt.Key.Key_F7)
    wait(
        lambda: [view.update for view in desk.session.runs.with_twin(desk.run.id)] == [n + 1 for n in before],
        "a mini-batch of both",
    )
    step = desk.session.place.t
    desk.press(Qt.Key.Key_Right)
    assert desk.session.place.t == step + 1
    assert f"step {step + 1} " in window.views["compared"].sentence(), "one cursor for both"
    desk.until("paused")
    desk.press(Qt.Key.Key_Space, CONTROL | SHIFT)
    desk.until("ended")
