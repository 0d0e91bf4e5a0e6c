"""A training in the real window with the real engine: begun, watched, steered, replayed, continued."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from lstmviz.app.file_kinds import run_of, what_is
from lstmviz.runs.config import RunConfig

WAIT = 60_000
LONG = RunConfig(data="embedded-reber", hidden=6, examples=64, batch=8, epochs=10_000, probe_every=5)
SHORT = RunConfig(data="embedded-reber", hidden=6, examples=32, batch=8, epochs=2, probe_every=2)


@pytest.fixture
def program(engaged):
    return engaged


@pytest.fixture
def look(program):
    """look() -> Snapshot: the newest."""
    return lambda: program.dispatcher.snapshot


@pytest.fixture
def wait_for(program, qtbot):
    def wait(condition):
        def met():
            notice = program.dispatcher.snapshot.notice
            assert notice is None or notice.level != "error" or condition(), notice
            return bool(condition())

        qtbot.waitUntil(met, timeout=WAIT)

    return wait


def start(program, *configs, title=""):
    program.dispatcher.run("run.start", configs=configs, title=title)


def test_a_training_opens_its_probe_and_runs_to_its_end(program, look, wait_for):
    start(program, SHORT, title="Reber")
    assert look().face == "training"
    wait_for(lambda: look().run.state == "ended")
    run = look().run
    assert (run.title, run.update, run.updates) == ("Reber", 8, 8)
    assert Path(run.folder).name == "Reber-001"
    np.testing.assert_array_equal(run.curves.update, np.arange(1, 9))
    assert len(run.curves.validation) == 2
    assert run.trace_id == look().trace_id
    assert look().trace.name == "Reber"
    assert look().replay.updates == run.probes == (0, 2, 4, 6, 8)


def test_the_probe_is_exchanged_while_one_looks_around_in_it(program, look, wait_for):
    start(program, LONG)
    wait_for(lambda: look().trace is not None)
    program.dispatcher.run("cursor.set", t=3)
    program.dispatcher.run("unit.select", unit=4)
    program.dispatcher.run("play.toggle")
    first = look().trace
    wait_for(lambda: look().trace is not first)
    assert (look().unit, look().playing, len(look().open_traces)) == (4, True, 1)
    assert look().replay.live
    program.dispatcher.run("history.undo")
    assert look().unit == 0


def test_a_probe_that_was_closed_stays_closed_until_its_run_is_shown_again(program, look, wait_for):
    start(program, LONG)
    wait_for(lambda: look().trace is not None)
    program.dispatcher.run("trace.close")
    at = look().run.update
    wait_for(lambda: look().run.update > at + 20)
    assert look().open_traces == ()
    program.dispatcher.run("run.show", id=look().run_id)
    assert look().trace_id == look().run.trace_id
    assert look().replay.live


def test_after_a_run_was_closed_the_next_is_shown_with_its_own_probe(program, look, wait_for):
    start(program, LONG)
    wait_for(lambda: look().run.trace_id)
    first = look().run
    start(program, LONG)
    wait_for(lambda: look().run.id != first.id and look().trace_id == look().run.trace_id)
    program.dispatcher.run("run.close", id=look().run_id)
    assert (look().run_id, look().trace_id) == (first.id, first.trace_id)


def test_a_twin_that_cannot_begin_lets_the_other_go_alone(program, look, qtbot):
    start(program, LONG, RunConfig(data="no such data"), title="Uneven")
    qtbot.waitUntil(lambda: look().twin.state == "failed" and look().run.update > 3, timeout=WAIT)
    assert look().run.state == "training"


def test_a_training_is_steered(program, look, wait_for):
    start(program, LONG)
    wait_for(lambda: look().run.update > 3)
    program.dispatcher.run("run.toggle")
    wait_for(lambda: look().run.state == "paused")
    at = look().run.update
    program.dispatcher.run("run.rate", learning_rate=0.5)
    wait_for(lambda: look().run.learning_rate == 0.5)
    assert "0.5" in look().run.log[-1][1]
    program.dispatcher.run("run.batch")
    wait_for(lambda: look().run.update == at + 1 and look().run.state == "paused")
    program.dispatcher.run("run.phase")
    wait_for(lambda: look().run.phase == "forward" and look().run.state == "paused")
    program.dispatcher.run("run.stop")
    wait_for(lambda: look().run.state == "ended")
    program.dispatcher.run("run.continue")
    wait_for(lambda: look().run.state == "training" and look().run.update > at + 5)


def test_twins_begin_together_and_are_compared(program, look, wait_for):
    other = RunConfig(**{**{name: getattr(LONG, name) for name in LONG.__struct_fields__}, "forget_bias": 5.0})
    start(program, LONG, other, title="Bias")
    assert [run.title for run in look().runs] == ["Forget bias 1 · Bias", "Forget bias 5 · Bias"]
    wait_for(lambda: look().compared is not None)
    assert look().run.id < look().twin.id
    assert look().trace.name == "Forget bias 1 · Bias"
    assert look().compared.name == "Forget bias 5 · Bias"
    wait_for(lambda: min(run.update for run in look().runs) > 20)
    program.dispatcher.run("run.toggle")
    wait_for(lambda: {run.state for run in look().runs} == {"paused"})
    one, two = (run.update for run in look().runs)
    assert abs(one - two) <= 1, "what is told to both comes at the same moment"


def test_the_replay_brings_back_the_probe_as_it_was(program, look, wait_for):
    start(program, SHORT)
    wait_for(lambda: look().run.state == "ended" and look().run.trace_id)
    last = look().trace
    program.dispatcher.run("replay.set", position=0)
    wait_for(lambda: look().trace is not last)
    first = look().trace
    assert look().replay.position == 0
    assert not np.array_equal(first["h"], last["h"])
    program.dispatcher.run("replay.play")
    program.dispatcher.tick(10.0)
    wait_for(lambda: look().trace is last)
    assert not look().replay.playing


def test_a_folder_is_opened_and_its_run_goes_on_after_the_engine_died(program, look, wait_for):
    start(program, LONG)
    wait_for(lambda: look().run.update > 30)
    folder = look().run.folder
    assert what_is(folder) == what_is(f"{folder}/run.json") == "run"
    assert run_of(f"{folder}/run.json") == folder
    os.kill(program.client.info.pid, signal.SIGKILL)
    wait_for(lambda: look().notice is not None and "goes on from update" in look().notice.text)
    wait_for(lambda: look().run.state == "training" and look().run.update > 40)
    program.dispatcher.run("run.close", id=look().run_id)
    assert look().runs == ()
    program.dispatcher.run("trace.close")
    program.dispatcher.run("file.open_path", path=folder)
    wait_for(lambda: look().trace is not None)
    assert (look().run.state, look().run.folder) == ("read", folder)
    at = look().run.update
    assert at > 30
    program.dispatcher.run("run.continue")
    wait_for(lambda: look().run.update > at + 5)


def test_a_restart_by_hand_goes_on_with_what_was_trained(program, look, wait_for):
    start(program, LONG)
    wait_for(lambda: look().run.update > 10)
    at = look().run.update
    program.dispatcher.run("engine.restart")
    wait_for(lambda: look().run.update > at + 10 and look().run.state == "training")


def test_flow_and_mini_batch_are_asked_of_the_run_s_net(program, look, wait_for):
    start(program, SHORT)
    wait_for(lambda: look().run.state == "ended" and look().run.trace_id)
    program.dispatcher.run("flow.ask", step=-1)
    assert look().flow.pending
    wait_for(lambda: look().flow is not None and not look().flow.pending)
    assert np.isfinite(look().flow.loss)
    assert any(key.startswith("0/forward/") for key in look().flow.arrays)
    program.dispatcher.run("batch.ask")
    wait_for(lambda: len(look().batch) == 4)
    np.testing.assert_array_equal(look().batch[0].sequence.values, look().trace.sequence.values)
    program.dispatcher.run("replay.set", position=0)
    wait_for(lambda: look().batch == ())
    program.dispatcher.run("flow.ask", step=-1)
    assert "newest" in look().notice.text


def test_settings_that_fail_are_a_sentence_and_leave_no_folder(program, look, qtbot):
    before = set(Path(os.environ["LSTMVIZ_HOME"]).joinpath("runs").glob("*"))
    start(program, RunConfig(data="no such data"))
    qtbot.waitUntil(lambda: look().run.state == "failed", timeout=WAIT)
    assert "no such data" in look().run.sentence
    assert look().notice.level == "error"
    assert set(Path(os.environ["LSTMVIZ_HOME"]).joinpath("runs").glob("*")) == before
