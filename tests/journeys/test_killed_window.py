"""The window's process is killed while a net trains: the next start lists the run, which comes to the same weights."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import CONTROL, SHIFT, Desk, is_alive, wait, weights_of
from PySide6.QtCore import Qt

from lstmviz import paths
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import checkpoints

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks /proc, which only Linux has")

CONFIG = RunConfig(
    data="reber", hidden=6, examples=40, batch=4, epochs=12, seed=5, checkpoint_every=10, probe_every=40
)  # fmt: skip
UPDATES = 120
PROGRAM = f"""
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from lstmviz.app.main import run
from lstmviz.runs.config import RunConfig

app = QApplication(["lstmviz"])

def begin():
    window = next(one for one in app.topLevelWidgets() if one.objectName() == "lstmviz")
    window.dispatcher.run("run.start", configs=({CONFIG!r},), title="Killed")

QTimer.singleShot(500, begin)
run()
"""
"""The real program; nobody can press a key in a window off screen, so that its training is begun by a timer."""


def children(pid: int) -> list[int]:
    """The processes that a process began."""
    return [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
    ]  # fmt: skip


def test_a_run_whose_window_was_killed_is_listed_at_the_next_start_and_goes_on_to_the_same_weights(tmp_path):
    folder = paths.runs() / "Killed-001"
    with (tmp_path / "printed.txt").open("wb") as printed:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=printed, stderr=printed, cwd=tmp_path)
    try:
        until = time.monotonic() + 80
        while not any(update > 0 for update in checkpoints(folder)):
            assert process.poll() is None, (tmp_path / "printed.txt").read_text()
            assert time.monotonic() < until, "no checkpoint came"
            time.sleep(0.005)
        engines = children(process.pid)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    wait(lambda: not any(is_alive(pid) for pid in engines), "the engine to end after its window")
    assert max(checkpoints(folder)) < UPDATES

    desk = Desk()
    try:
        desk.program.start_engine()
        desk.ready()
        desk.double_click_row("Killed")  # a low row of a small window: its note does not come in between the clicks
        wait(lambda: desk.session.runs.views, "the run to be read")
        assert (desk.run.state, desk.run.title, desk.run.config) == ("read", "Killed", CONFIG)
        assert 0 < desk.run.update < UPDATES
        assert desk.run.loss == desk.run.curves.loss[-1]
        assert "NaN" not in " ".join(desk.window.views["training"].strip.words("update"))
        wait(lambda: desk.session.trace is not None, "its newest probe")
        desk.press(Qt.Key.Key_N, CONTROL | SHIFT)
        desk.until("ended")
        assert desk.run.update == UPDATES
        assert desk.notice == ""
        found = weights_of(folder)
        desk.train(CONFIG, title="Undisturbed")
        desk.until("ended")
        assert weights_of(desk.folder) == found
        wait(
            lambda: [row.text(0).split("  ")[1] for row in desk.rows("  ")] == ["Undisturbed", "Killed"], "both listed"
        )
    finally:
        desk.close()
