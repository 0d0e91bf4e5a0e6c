"""``lstmviz inspect``, ``convert`` and ``record`` of models that other frameworks wrote."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import lstmviz
from lstmviz import cli


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    module = nn.ModuleDict({"lstm": nn.LSTM(3, 4, 2), "cell": nn.GRUCell(3, 5), "dense": nn.Linear(4, 1)})
    torch.save({"state_dict": module.state_dict()}, tmp_path / "m.ckpt")
    return module, tmp_path / "m.ckpt"


def test_inspect_lists_every_stack_and_runs_nothing(model, capsys):
    _, path = model
    assert cli.main(["inspect", str(path)]) == 0
    said = capsys.readouterr().out
    assert "stack 0:     lstm: nn.LSTM 3 → 4, 2 layers" in said
    assert "stack 1:     cell: nn.GRUCell 3 → 5" in said
    assert cli.main(["inspect", f"{path}#lstm"]) == 0
    assert "layer 1:     LSTM 4 → 4" in capsys.readouterr().out


def test_convert_writes_what_plain_torch_loads(model, tmp_path, capsys):
    module, path = model
    out = tmp_path / "out.safetensors"
    assert cli.main(["convert", str(path), str(out), "--layer", "lstm"]) == 0
    assert str(out) in capsys.readouterr().out
    plain = nn.LSTM(3, 4, 2)
    plain.load_state_dict({name.removeprefix("recurrent."): value for name, value in load_file(out).items()})
    for name, value in plain.state_dict().items():
        assert torch.equal(value, module["lstm"].state_dict()[name])
    x = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    here, there = (lstmviz.record(lstmviz.load_model(where), x) for where in (out, f"{path}#lstm"))
    np.testing.assert_array_equal(here.signal("h", 1), there.signal("h", 1))


def test_convert_says_what_is_wrong(model, tmp_path, capsys):
    _, path = model
    assert cli.main(["convert", str(path), str(tmp_path / "out.pt")]) == 2
    assert "ends in .safetensors" in capsys.readouterr().err
    assert cli.main(["convert", str(path), str(tmp_path / "out.safetensors")]) == 1
    assert "2 recurrent stacks" in capsys.readouterr().err
    assert not (tmp_path / "out.safetensors").exists()


def test_record_takes_one_stack_of_a_file(model, tmp_path, capsys):
    _, path = model
    np.savetxt(tmp_path / "s.csv", np.ones((5, 3)), delimiter=",", header="a,b,c", comments="")
    out = tmp_path / "t.zarr"
    words = ["record", "--model", f"{path}#cell", "--sequence", str(tmp_path / "s.csv"), "--out", str(out)]
    assert cli.main(words) == 0
    trace = lstmviz.open_trace(out)
    assert (trace.layers[0].cell, trace.units, len(trace)) == ("gru", 5, 5)
    assert trace.model.path == f"{path}#cell"
