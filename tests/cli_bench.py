"""What the tests of the command line stand on: a folder with a sequence and a net, and a command in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lstmviz.traces.trace import Trace

CSV = "a,b\n" + "".join(f"{n / 8},{-n}\n" for n in range(30))


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lstmviz", *words], capture_output=True, text=True, timeout=100, check=False, **options
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the sequence waves.csv of two features."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "waves.csv").write_text(CSV)
    return tmp_path


@pytest.fixture
def net(folder: Path) -> str:
    """A net of two features and 8 units in the current folder."""
    import torch

    from lstmviz.nets.net import Net
    from lstmviz.nets.save import save_net
    from lstmviz.nets.spec import NetSpec, ValueInput

    torch.manual_seed(0)
    save_net(Net(NetSpec(name="small", input=ValueInput(("a", "b"), (0.0, 0.0), (1.0, 1.0)), hidden=8)), "small.json")
    return "small.json"


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def store(folder: Path, make_trace: Callable[..., Trace]) -> str:
    make_trace(steps=20, units=4, layers=2).save("t.zarr")
    return "t.zarr"
