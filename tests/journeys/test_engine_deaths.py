"""The engine dies: the window says so, starts another, and nothing that was open or asked for is lost."""

from __future__ import annotations

import os
import signal

import numpy as np
from desk import Desk, engine_pid, is_alive, wait, weights_of
from PySide6.QtCore import Qt

from lstmviz.runs.config import RunConfig


def kill(desk: Desk) -> int:
    pid = engine_pid(desk)
    os.kill(pid, signal.SIGKILL)
    return pid


def test_an_engine_killed_idle_then_recording_then_again_loses_nothing(desk):
    first = desk.session.trace
    desk.press(Qt.Key.Key_Right, times=7)
    place = desk.session.place

    # while idle: another one is started, and one can step on meanwhile
    dead = kill(desk)
    wait(lambda: desk.session.engine == "restarting", "the death to be seen")
    assert "restarting" in desk.window.badge.sentence()
    assert desk.session.trace is first
    desk.press(Qt.Key.Key_Right)
    assert desk.session.place.t == place.t + 1
    desk.ready()
    assert desk.notice == "The engine died and was restarted; the open traces are still here."
    assert not is_alive(dead)

    # while it records: a stopped engine is surely in the middle of it
    os.kill(engine_pid(desk), signal.SIGSTOP)
    desk.double_click_row("Sunspots, 1700–2008")
    assert desk.session.task is not None
    wait(desk.window.tasks.isVisible, "the task to be shown")
    kill(desk)
    desk.settled()
    assert desk.session.trace is not first
    assert desk.session.trace.check.passed
    assert "Sunspots" in desk.session.trace.name
    assert len(desk.session.opened) == 2

    # the third time within a minute: it is said, with the log, and not tried again
    desk.ready()
    os.kill(engine_pid(desk), signal.SIGSTOP)
    desk.double_click_row("Nested brackets")
    assert desk.session.task is not None
    kill(desk)
    wait(lambda: desk.session.engine == "failed", "the failure")
    assert "engine failed" in desk.window.badge.sentence()
    assert "died 3 times" in desk.notice
    assert "log" in desk.notice
    assert desk.session.task is None
    assert len(desk.session.opened) == 2

    # what was open can still be looked at, and the command brings the engine back
    for _ in range(3):
        desk.click(desk.window.views["transport"].buttons["step.forward"])
    assert desk.session.place.t == 3
    desk.run_by_name("restart the engine")
    desk.ready()
    desk.double_click_row("Nested brackets")
    desk.settled()
    assert "brackets" in desk.session.trace.name.lower()
    assert len(desk.session.opened) == 3


def test_a_restart_that_is_asked_for_replaces_a_healthy_engine(desk):
    before = engine_pid(desk)
    desk.run_by_name("restart the engine")
    wait(lambda: desk.session.engine == "ready" and engine_pid(desk) != before, "a new engine")
    assert not is_alive(before)
    assert desk.session.trace is not None


def test_a_training_whose_engine_is_killed_goes_on_from_its_checkpoint_to_the_same_weights(desk):
    config = RunConfig(
        data="reber", hidden=6, examples=40, batch=4, epochs=16, seed=5, checkpoint_every=20, probe_every=40
    )
    desk.train(config, title="Undisturbed")
    desk.until("ended")
    wanted, updates = weights_of(desk.folder), desk.run.update

    desk.train(config, title="Disturbed")
    wait(lambda: desk.run.update > updates // 3, "a third of it")
    losses = desk.run.curves.loss[:40].copy()
    kill(desk)
    wait(lambda: desk.session.engine == "restarting", "the death to be seen")
    desk.until("ended")
    assert desk.session.engine == "ready"
    assert "The engine was restarted, and “Disturbed” goes on from update " in desk.notice
    assert desk.run.update == updates
    assert weights_of(desk.folder) == wanted
    assert np.array_equal(desk.run.curves.loss[:40], losses), "what was drawn before it died is still drawn"
    assert np.array_equal(desk.run.curves.update, np.arange(1, updates + 1)), "and no update twice"
