"""Each import contract of the design is seen to fail once on purpose."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

VIOLATIONS = {
    "imports point down": ("cells/weights.py", "from lstmviz.sequences import sequence"),
    "imports point down: siblings": ("session/snapshot.py", "import lstmviz.nets"),
    "imports point down: unplaced": ("newcomer.py", ""),
    "Qt only in app": ("analysis/__init__.py", "import PySide6"),
    "torch only in engine and nets": ("session/snapshot.py", "import torch"),
    "views never import one another": ("app/views/cell.py", "from lstmviz.app.views import step"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "lstmviz", tmp_path / "lstmviz", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_keeps_its_contracts(copy: Path) -> None:
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_violation_breaks_its_contract(contract: str, copy: Path) -> None:
    place, line = VIOLATIONS[contract]
    file = copy / "lstmviz" / place
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(old + f"\n{line}\n", encoding="utf-8")
    result = lint_imports(copy)
    assert result.returncode != 0, f"{contract} did not fail"
    printed = result.stdout + result.stderr
    assert f"{contract.split(':')[0]} BROKEN" in printed or "newcomer" in printed, printed
