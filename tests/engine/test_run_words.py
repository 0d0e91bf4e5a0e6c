"""A run's folder in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstmviz import train
from lstmviz.cli import main
from lstmviz.engine.run_words import inspect_run


def test_a_run_tells_how_far_it_is_and_how_it_was_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train("embedded-reber", out=tmp_path / "run", hidden=4, examples=16, batch=8, epochs=2)
    lines = dict(inspect_run(str(tmp_path / "run")))
    assert lines["training"] == "update 4 of 4"
    assert lines["optimum"] == "0.4411"
    assert lines["settings"].startswith("lstmviz train embedded-reber --hidden 4")
    assert main(["inspect", str(tmp_path / "run")]) == 0
    assert "update 4 of 4" in capsys.readouterr().out
