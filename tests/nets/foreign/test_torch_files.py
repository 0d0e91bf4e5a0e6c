"""Every kind of file that torch writes gives the recurrent layers that are in it, with torch's own numbers."""

from __future__ import annotations

import argparse
import enum
import functools
import json
import pathlib
import warnings
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch_models import agrees, both

from lstmviz import load_model
from lstmviz.errors import ModelError
from lstmviz.nets.summary import summarise


def _scripted(module, path):
    torch.jit.script(module).save(str(path))


def _traced(module, path):
    torch.jit.trace(module, torch.zeros(5, 1, 3)).save(str(path))


def _exported(module, path):
    torch.export.save(torch.export.export(module, (torch.zeros(5, 1, 3),)), str(path))


def _as_json(module, path):
    path.write_text(json.dumps({name: value.tolist() for name, value in module.state_dict().items()}))


FILES = {
    "zip.pt": lambda module, path: torch.save(module.state_dict(), path),
    "legacy.pth": lambda module, path: torch.save(module.state_dict(), path, _use_new_zipfile_serialization=False),
    "lightning.ckpt": lambda module, path: torch.save(
        {"epoch": 3, "state_dict": module.state_dict(), "optimizer_states": [{"state": {}, "param_groups": []}]}, path
    ),
    "nested.th": lambda module, path: torch.save({"a": {"model_state_dict": module.state_dict()}, "loss": 0.5}, path),
    "numbers.pt": lambda module, path: torch.save(
        {"net": module.state_dict(), "best": np.float64(0.5), "n": np.int32(3), "done": np.bool_(True)}, path
    ),
    "listed.pt": lambda module, path: torch.save([1, {"weights": module.state_dict()}], path),
    "parallel.pt": lambda module, path: torch.save(nn.DataParallel(module).state_dict(), path),
    "compiled.pt": lambda module, path: torch.save(
        OrderedDict((f"_orig_mod.module.{name}", value) for name, value in module.state_dict().items()), path
    ),
    "hugging.bin": lambda module, path: torch.save(module.state_dict(), path),
    "plain.safetensors": lambda module, path: save_file(module.state_dict(), path),
    "nested.json": _as_json,
    "exported.pt2": _exported,
    "scripted.pt": _scripted,
    "traced.pt": _traced,
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_gives_its_layers_with_torch_s_own_numbers(tmp_path, name):
    module = both()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of code that is older than its newest way
        FILES[name](module, tmp_path / name)
    stacks = [(one.path, one.origin) for one in summarise(tmp_path / name).stacks]
    assert sorted(stacks) == [("cell", "nn.GRUCell"), ("lstm", "nn.LSTM")]
    agrees(load_model(tmp_path / name, layer="lstm"), module.lstm)
    agrees(load_model(tmp_path / name, layer=stacks.index(("cell", "nn.GRUCell"))), module.cell)
    agrees(load_model(f"{tmp_path / name}#cell"), module.cell)


MODULES = {
    "one layer": lambda: nn.LSTM(3, 4),
    "no bias": lambda: nn.LSTM(3, 4, bias=False),
    "projection": lambda: nn.LSTM(3, 6, 2, proj_size=4, bidirectional=True),
    "GRU": lambda: nn.GRU(2, 5, 3, bidirectional=True),
    "RNN": lambda: nn.RNN(2, 5, 2),
    "LSTM cell": lambda: nn.LSTMCell(3, 4),
    "GRU cell": lambda: nn.GRUCell(3, 4),
    "RNN cell": lambda: nn.RNNCell(3, 4),
    "float64": lambda: nn.LSTM(3, 4).double(),
    "one unit": lambda: nn.LSTM(1, 1),
}


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_every_module_of_torch_is_found_by_its_shapes(tmp_path, name, ending):
    torch.manual_seed(3)
    module = MODULES[name]()
    path = tmp_path / f"m{ending}"
    save = torch.save if ending == ".pt" else save_file
    save(module.state_dict(), path)
    net = load_model(path)
    assert net.spec.name == "m"
    agrees(net, module)
    assert ("tanh is assumed" in net.info().note) == (name in ("RNN", "RNN cell"))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_halves_are_read_as_float32(tmp_path, kind):
    torch.manual_seed(0)
    module = nn.LSTM(3, 4).to(kind)
    for name, save in (("m.pt", torch.save), ("m.safetensors", save_file)):
        save(module.state_dict(), tmp_path / name)
        net = load_model(tmp_path / name)
        assert torch.equal(net.recurrent.weight_ih_l0, module.weight_ih_l0.float())


def test_two_copies_of_a_model_in_one_checkpoint_are_told_apart(tmp_path):
    first, second = both(0), both(1)
    torch.save({"model": first.state_dict(), "ema": second.state_dict()}, tmp_path / "m.pt")
    assert [one.path for one in summarise(tmp_path / "m.pt").stacks] == [
        "model.lstm",
        "model.cell",
        "ema.lstm",
        "ema.cell",
    ]
    agrees(load_model(tmp_path / "m.pt", layer="ema.lstm"), second.lstm)


def test_a_frozen_module_without_names_is_said_to_hold_none(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.freeze(torch.jit.script(both())).save(str(tmp_path / "m.pt"))
    with pytest.raises(ModelError, match="no recurrent layer"):
        load_model(tmp_path / "m.pt")


def test_what_is_no_layer_of_that_name_is_said_with_those_that_are(tmp_path):
    torch.save(both().state_dict(), tmp_path / "m.pt")
    for layer in ("rnn", 2, "7", -1):
        with pytest.raises(ModelError, match="expected one of: 0 “lstm”"):
            load_model(tmp_path / "m.pt", layer=layer)


def test_weights_that_are_not_finite_are_read_and_said(tmp_path):
    module = nn.LSTM(3, 4)
    with torch.no_grad():
        module.weight_hh_l0[0, 0] = float("nan")
    torch.save(module.state_dict(), tmp_path / "m.pt")
    assert "1 weights of “recurrent.weight_hh_l0” are NaN" in load_model(tmp_path / "m.pt").warning


def test_shapes_that_contradict_one_another_are_said(tmp_path):
    state = nn.LSTM(3, 4, 2).state_dict()
    state["weight_ih_l1"] = torch.zeros(16, 5)
    torch.save(state, tmp_path / "m.pt")
    with pytest.raises(ModelError, match=r"“weight_ih_l1” .* have shape \(16, 5\); the others expect \(16, 4\)"):
        load_model(tmp_path / "m.pt")
    del state["weight_ih_l1"]
    torch.save(state, tmp_path / "m.pt")
    with pytest.raises(ModelError, match="have shape None"):
        load_model(tmp_path / "m.pt")
    torch.save({"weight_ih": torch.zeros(10, 3), "weight_hh": torch.zeros(10, 4)}, tmp_path / "m.pt")
    with pytest.raises(ModelError, match="expected 4, 3 or 1 times H rows"):
        load_model(tmp_path / "m.pt")


class Settings:
    """What a program keeps beside its weights."""

    def __init__(self) -> None:
        self.kind, self.shape, self.place = torch.float16, torch.Size([2, 3]), torch.device("cpu")


OBJECTS = {
    "a namespace": lambda: argparse.Namespace(a=1, path=pathlib.Path("x"), of=Settings()),
    "settings": lambda: [Settings(), {"x": {1, 2}, "y": frozenset("ab")}],
    "numbers": lambda: np.arange(3.0),
    "an enumeration": lambda: {Color.RED: 1},
    "a partial call": lambda: functools.partial(Settings, x=3),
}


class Color(enum.Enum):
    """Any."""

    RED = 1


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", OBJECTS)
def test_a_checkpoint_with_objects_of_its_own_gives_its_weights(tmp_path, name, legacy):
    module = both()
    content = {"state_dict": module.state_dict(), "hyper_parameters": OBJECTS[name]()}
    torch.save(content, tmp_path / "m.ckpt", _use_new_zipfile_serialization=not legacy)
    net = load_model(tmp_path / "m.ckpt", "lstm")
    agrees(net, module.lstm)
    assert "nothing of it was called" in net.info().note


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrapped", ["alone", "held", "parallel"])
def test_a_whole_module_gives_its_layers(tmp_path, wrapped, legacy):
    module = both()
    whole = {"alone": module, "held": {"epoch": 3, "model": module}, "parallel": nn.DataParallel(module)}[wrapped]
    torch.save(whole, tmp_path / "m.pt", _use_new_zipfile_serialization=not legacy)
    assert sorted(one.path for one in summarise(tmp_path / "m.pt").stacks) == ["cell", "lstm"]
    agrees(load_model(tmp_path / "m.pt", "lstm"), module.lstm)
    agrees(load_model(tmp_path / "m.pt", "cell"), module.cell)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("kind", [nn.RNN, nn.RNNCell])
def test_a_whole_module_tells_the_function_of_its_rnn(tmp_path, kind, nonlinearity):
    module = nn.Sequential(nn.Linear(2, 3), kind(3, 4, nonlinearity=nonlinearity))
    torch.save(module, tmp_path / "m.pt")
    net = load_model(tmp_path / "m.pt")
    assert net.spec.activation == nonlinearity
    assert "is assumed" not in net.info().note
    agrees(net, module[1])


def test_the_summary_of_one_stack_is_that_of_its_net(tmp_path):
    torch.save(both().state_dict(), tmp_path / "m.pt")
    whole = summarise(tmp_path / "m.pt")
    assert (whole.layers, whole.inputs) == ((), 0)
    assert whole.parameters == sum(
        parameter.numel() for part in (both().lstm, both().cell) for parameter in part.parameters()
    )
    one = summarise(f"{tmp_path / 'm.pt'}#lstm")
    net = load_model(tmp_path / "m.pt", "lstm")
    assert (one.inputs, one.path) == (3, net.path)
    assert one.parameters == sum(parameter.numel() for parameter in net.parameters())
    assert np.array_equal([layer.inputs for layer in one.layers], [3, 8])
