"""Weights that are NaN or infinite are allowed in every format, recorded as they are, and said wherever a model is."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import lstmviz
from lstmviz.engine.inspection import inspect_file
from lstmviz.nets.build import build_net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import NetSpec, ValueInput
from lstmviz.nets.strange import strange_weights
from lstmviz.nets.summary import summarise


def own(path) -> None:
    net = build_net(NetSpec(name="own", input=ValueInput(("x",), (0.0,), (1.0,)), hidden=4))
    with torch.no_grad():
        net.recurrent.weight_hh_l0[0, 0] = torch.nan
        net.recurrent.weight_hh_l0[1, 0] = torch.inf
    save_net(net, path)


def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    found = nn.LSTM(1, 4).state_dict()
    found["weight_hh_l0"][0, 0], found["weight_hh_l0"][1, 0] = torch.nan, -torch.inf
    return found


FILES = {
    "own.json": own,
    "m.pt": lambda path: torch.save(state(), path),
    "m.safetensors": lambda path: save_file(state(), path),
    "two.pt": lambda path: torch.save({"a": {"rnn." + k: v for k, v in state().items()}, "b": state()}, path),
}


@pytest.mark.parametrize("name", FILES)
def test_a_model_with_weights_that_are_no_numbers_opens_and_says_so(tmp_path, name):
    path = tmp_path / name
    FILES[name](path)
    said = "Careful: 2 weights of .*weight_hh_l0. are NaN or infinite"
    assert any(key == "note" and "Careful: 2 weights" in text for key, text in inspect_file(str(path)))
    assert next(iter(summarise(path).note.values())).startswith("Careful")
    net = lstmviz.load_model(path, layer=0 if name == "two.pt" else None)
    assert torch.isnan(net.recurrent.weight_hh_l0[0, 0])
    trace = lstmviz.record(net, np.ones((5, 1), np.float32))
    assert not trace.check.passed
    assert np.isnan(trace["h"]).any()
    assert re.search(said, trace.model.note)


def test_numbers_say_nothing():
    assert strange_weights({"w": np.ones(3)}) == ""
