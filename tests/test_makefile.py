"""What make says before there is anything to run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).resolve().parents[1] / "Makefile"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(MAKEFILE, folder)
    # as at a prompt: nothing of the make that runs these tests
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_make_alone_lists_the_targets(tmp_path):
    done = make(tmp_path)
    assert done.returncode == 0
    for target in ("run", "test", "check", "bench", "clean"):
        assert f"  make {target} " in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


def test_a_python_that_is_not_there_is_one_sentence(tmp_path):
    done = make(tmp_path, "PYTHON=python3.99", "run")
    assert done.returncode != 0
    assert done.stdout.splitlines() == [
        "There is no python3.99 here; lstmviz needs Python 3.11 or later. Try: make PYTHON=python3.12 run"
    ]
    assert "not found" not in done.stderr


def test_a_python_that_is_too_old_is_one_sentence_with_its_version(tmp_path):
    old = tmp_path / "python2.7"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 2.7.18 && exit 0\nexit 1\n', encoding="utf-8")
    old.chmod(0o755)
    done = make(tmp_path, f"PYTHON={old}", "run")
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stdout
    assert "is Python 2.7.18" in done.stdout
