"""What the README shows can be typed as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch

from lstmviz.cli import build_parser

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def python_of(title: str) -> list[str]:
    """The blocks of Python in a section."""
    section = README.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def test_a_net_is_trained_recorded_and_loaded_in_plain_torch_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    training, plain = python_of("Train a net, and watch")
    trained: dict[str, object] = {}
    exec(training.replace("epochs=20", "epochs=1, examples=64"), trained)  # the words count here, not the accuracy
    assert trained["trace"].check.passed
    loaded: dict[str, object] = {}
    exec(plain, loaded)
    x = torch.randn(1, 9, 7)
    assert torch.equal(loaded["lstm"](x)[0], trained["training"].net.recurrent(x)[0])


def test_a_checkpoint_and_a_table_are_read_and_recorded_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = torch.nn.ModuleDict({"lstm": torch.nn.LSTM(3, 32), "head": torch.nn.Linear(32, 1)})
    torch.save(model.state_dict(), "model.pt")
    Path("data.csv").write_text("date,a,b,c\n" + "".join(f"2026-01-{day:02},{day},2.5,-1\n" for day in range(1, 29)))
    names: dict[str, object] = {}
    exec(python_of("Your own model, your own sequence")[0], names)
    trace = names["trace"]
    x = torch.from_numpy(np.array(trace.inputs))
    assert np.allclose(trace["h"], model["lstm"](x)[0].detach(), atol=1e-5)
    assert trace["f"].shape == (28, 32)


def test_a_module_of_ones_own_is_recorded_saved_exported_and_watched_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(3, 8, num_layers=2, bidirectional=True)
    model = torch.nn.ModuleDict({"encoder": torch.nn.ModuleDict({"lstm": lstm})})
    model.forward = lambda batch: lstm(batch)[0]
    names = {"lstm": lstm, "x": np.zeros((430, 3), np.float32), "model": model, "batch": torch.zeros(5, 2, 3)}
    for block in python_of("From Python"):
        exec(block.replace("gates.parquet", "gates.csv"), names)  # Parquet is an extra
    assert (tmp_path / "gates.csv").exists()
    assert (tmp_path / "a.zarr").exists()


def test_every_command_is_one_that_there_is() -> None:
    lines = re.findall(r"^    (?:torchrun --nproc-per-node 2 -m )?(lstmviz \w.*)$", README, re.MULTILINE)
    assert len(lines) > 12
    for line in lines:
        words = shlex.split(re.split(r" {2,}", line)[0].split("#")[0])[1:]
        build_parser().parse_args(words)
