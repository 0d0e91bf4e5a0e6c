"""Small torch modules in every kind of file that torch writes, for the tests of the readers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import lstmviz


class Both(nn.Module):
    """A bidirectional LSTM of two layers and a GRU cell, with a dense layer beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, bidirectional=True)
        self.cell = nn.GRUCell(3, 5)
        self.dense = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.lstm(x)[0])


def both(seed: int = 0) -> Both:
    """The module with weights of a seed."""
    torch.manual_seed(seed)
    return Both().eval()


def agrees(net: nn.Module, module: nn.Module, seed: int = 0) -> None:
    """Assert that a net that was read records what torch's own module computes."""
    rng = np.random.default_rng(seed)
    inputs = module.input_size
    x = rng.normal(size=(9, inputs)).astype(np.float32)
    trace = lstmviz.record(net, x)
    assert trace.check.passed
    sides = trace.layers[-1].directions
    h = np.concatenate([trace.lanes[len(trace.layers) - 1, side].signals["h"] for side in sides], axis=1)
    np.testing.assert_allclose(h, by_torch(module, x), atol=1e-5)


def by_torch(module: nn.Module, x: np.ndarray) -> np.ndarray:
    """h of the last layer, (T, R·D), by torch's own module; a cell is stepped."""
    with torch.no_grad():
        rows = torch.from_numpy(x).to(next(module.parameters()).dtype)
        if isinstance(module, nn.RNNBase):
            return module(rows[:, None])[0][:, 0].numpy()
        state, said = None, []
        for row in rows:
            state = module(row[None], state)
            said.append(state[0] if isinstance(state, tuple) else state)
        return torch.cat(said).numpy()


def rewrite(path: Path, change) -> None:
    """Write a zip archive anew, each member as ``change(name, data)`` gives it; None leaves it out."""
    with zipfile.ZipFile(path) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members:
            data = change(name, data)
            if data is not None:
                new.writestr(name, data)
