"""A folder is trained by one at a time, and a killed one leaves no lock behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lstmviz.errors import RunError
from lstmviz.runs.lock import RunLock

HOLD = "import sys, time; from pathlib import Path; from lstmviz.runs.lock import RunLock; " \
    "lock = RunLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"  # fmt: skip


def test_another_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunError, match="being trained already"):
            RunLock(tmp_path)
        process.kill()
    RunLock(tmp_path).release()


def test_what_is_let_go_can_be_held_again(tmp_path: Path) -> None:
    first = RunLock(tmp_path)
    first.release()
    first.release()
    RunLock(tmp_path).release()
