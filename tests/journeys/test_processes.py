"""The two processes as the system sees them: what each has loaded, and that no engine outlives its window."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from desk import is_alive

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks /proc, which only Linux has")

PATIENCE = 90.0
x11 = pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool, which are not installed"
)


def wait(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"waited {PATIENCE:g} s in vain for {what}"
        time.sleep(0.05)


@dataclass
class Running:
    """A window started as a user starts it."""

    process: subprocess.Popen[bytes]
    home: Path

    def engine(self) -> int:
        """The process id of the engine, 0 while there is none."""
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for pid in task.read_text().split():
                if b"engine" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    return int(pid)
        return 0

    def loaded(self, pid: int) -> str:
        """The files mapped into a process."""
        return Path(f"/proc/{pid}/maps").read_text()

    def said(self) -> str:
        """What it printed."""
        return (self.home / "printed.txt").read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """start(*words, DISPLAY=…) -> the running program; whatever still runs at the end is killed."""
    begun: list[Running] = []

    def begin(*words: str, **environment: str) -> Running:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        # no OMP_NUM_THREADS and no PYTHONPATH: as a shell would start it
        wished = {**os.environ, "LSTMVIZ_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", **environment}
        with (home / "printed.txt").open("wb") as printed:
            process = subprocess.Popen(
                [sys.executable, "-m", "lstmviz", *words], env=wished, stdout=printed, stderr=printed, cwd=tmp_path
            )
        begun.append(Running(process, home))
        return begun[-1]

    yield begin
    for running in begun:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()


def test_the_window_has_no_torch_the_engine_no_qt_and_neither_outlives_a_kill(start):
    running = start()
    window = running.process.pid
    wait(running.engine, "the engine")
    engine = running.engine()
    wait(lambda: "libtorch" in running.loaded(engine), "torch in the engine")
    wait(lambda: "libQt6Widgets" in running.loaded(window), "Qt in the window")
    wait(lambda: os.getpriority(os.PRIO_PROCESS, engine) >= 10, "the engine to work behind the window's drawing")
    time.sleep(1.0)  # the sample is recorded and shown meanwhile
    assert "libtorch" not in running.loaded(window)
    assert not re.search(r"libQt|PySide6|shiboken|pyqtgraph", running.loaded(engine))

    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    wait(lambda: not is_alive(engine), "the engine to end after its window was killed")
    assert "Traceback" not in running.said()


@pytest.fixture
def screen() -> Iterator[str]:
    """A real X server of its own, as DISPLAY names it."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as numbers:
        number = numbers.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


class Hands:
    """xdotool on one display: real key presses and clicks, through the X server."""

    def __init__(self, display: str) -> None:
        self._environment = {**os.environ, "DISPLAY": display}

    def do(self, *words: str) -> str:
        """Run xdotool; what it prints."""
        done = subprocess.run(
            ["xdotool", *words], env=self._environment, capture_output=True, text=True, timeout=20, check=False
        )
        return done.stdout.strip()

    def window(self, title: str) -> str:
        """Wait for a window whose title matches, give it the focus as a window manager would, and name it."""
        wait(lambda: self.do("search", "--onlyvisible", "--name", title), f"a window “{title}”")
        window = self.do("search", "--onlyvisible", "--name", title).split()[-1]
        self.do("windowfocus", "--sync", window)
        return window

    def gone(self, title: str) -> bool:
        """Whether no window has such a title."""
        return not self.do("search", "--onlyvisible", "--name", title)

    def key(self, *keys: str) -> None:
        """Press keys, one after the other."""
        self.do("key", "--delay", "30", *keys)


@x11
@pytest.mark.x11
def test_a_first_session_on_a_real_screen_from_start_to_a_tidy_end(start, screen, tmp_path):
    running, hands = start(DISPLAY=screen, QT_QPA_PLATFORM="xcb"), Hands(screen)
    main = hands.window("Embedded Reber grammar — lstmviz")
    engine = running.engine()
    assert engine

    # export by the keyboard: the window has the keys without a click
    hands.key("Right", "Right", "Right", "ctrl+t", "ctrl+e")
    hands.window("^Export$")
    hands.key("ctrl+a")
    hands.do("type", "--delay", "4", str(tmp_path / "frames.csv"))
    time.sleep(0.5)  # the preview comes once the typing pauses
    hands.key("Return")
    wait((tmp_path / "frames.csv").exists, "the exported file")
    wait(lambda: hands.gone("^Export$"), "the dialog to close")
    header, first, *_ = (tmp_path / "frames.csv").read_text(encoding="utf-8").splitlines()
    assert len(header.split(",")) == len(first.split(","))

    # a click with the mouse opens a menu; Escape closes it; the palette runs a command
    hands.do("windowfocus", "--sync", main)
    hands.do("mousemove", "--window", main, "24", "12", "click", "1")
    hands.key("Escape", "Escape")
    hands.key("ctrl+k")
    hands.window("Find any command")
    hands.do("type", "--delay", "10", "faster")
    hands.key("Return")
    wait(lambda: hands.gone("Find any command"), "the palette to close")

    # closing keeps the settings and ends the engine
    hands.do("windowfocus", "--sync", main)
    hands.key("ctrl+q")
    wait(lambda: running.process.poll() is not None, "the end of the window")
    assert running.process.returncode == 0
    wait(lambda: not is_alive(engine), "the end of the engine")
    kept = json.loads((running.home / "settings.json").read_text(encoding="utf-8"))
    assert (kept["theme"], kept["speed"], kept["started_before"]) == ("dark", 2.0, True)
    assert running.said() == ""


@x11
@pytest.mark.x11
def test_a_window_closed_while_its_engine_is_still_starting_leaves_no_process(start, screen):
    running, hands = start(DISPLAY=screen, QT_QPA_PLATFORM="xcb"), Hands(screen)
    hands.window("lstmviz")
    wait(running.engine, "the engine")
    engine = running.engine()
    hands.window("lstmviz")
    hands.key("ctrl+q")
    wait(lambda: running.process.poll() is not None, "the end of the window")
    assert running.process.returncode == 0
    wait(lambda: not is_alive(engine), "the end of the engine")
    assert running.said() == ""
