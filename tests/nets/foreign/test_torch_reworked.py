"""Weights that training wraps or other programs name in their own way give what torch's own module computes."""

from __future__ import annotations

import io
import json
import zipfile

import h5py
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch_models import agrees, both

from lstmviz import load_model, record
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.formats import read_found


def _layer():
    torch.manual_seed(3)
    return nn.LSTM(3, 4)


def _plain(module):
    """A module of the same weights, as they are when it runs."""
    plain = _layer()
    plain.load_state_dict({name: getattr(module, name).detach() for name in plain.state_dict()})
    return plain


def _raw(before, module):
    """As AWD-LSTM keeps them: raw weights of h, and beside them those of which some were dropped."""
    state = {f"rnns.0.module.{name}": value for name, value in module.state_dict().items()}
    state[f"rnns.0.{before}weight_hh_l0_raw"] = state["rnns.0.module.weight_hh_l0"]
    state["rnns.0.module.weight_hh_l0"] = torch.zeros(16, 4)
    return state


@pytest.mark.parametrize("before", ["", "module."])
def test_weights_that_are_dropped_in_training_are_read_undropped(tmp_path, before):
    torch.save({"model": _raw(before, _layer())}, tmp_path / "m.pth")
    agrees(load_model(tmp_path / "m.pth"), _layer())


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize("way", ["weight norm", "weight norm of old", "pruned"])
def test_weights_that_are_made_of_others_are_made(tmp_path, way):
    module = _layer()
    if way == "weight norm":
        parametrizations.weight_norm(module, "weight_hh_l0")
        with torch.no_grad():
            module.parametrizations.weight_hh_l0.original0.mul_(1.5)
    elif way == "pruned":
        prune.random_unstructured(module, "weight_hh_l0", 0.5)
    else:
        nn.utils.weight_norm(module, "weight_hh_l0")
        with torch.no_grad():
            module.weight_hh_l0_g.mul_(1.5)
        module(torch.zeros(1, 1, 3))
    torch.save(module.state_dict(), tmp_path / "m.pt")
    agrees(load_model(tmp_path / "m.pt"), _plain(module))


def test_parts_of_a_weight_that_do_not_fit_make_none(tmp_path):
    state = {"weight_ih_l0": torch.zeros(16, 3), "weight_hh_l0_v": torch.zeros(16, 4)}
    for lengths in (torch.zeros(3, 1), torch.zeros(16)):
        torch.save(state | {"weight_hh_l0_g": lengths}, tmp_path / "m.pt")
        with pytest.raises(ModelError, match="holds no recurrent layer"):
            load_model(tmp_path / "m.pt")


@pytest.mark.parametrize("between", ["/", "_", "."])
def test_the_path_of_a_layer_may_end_in_what_others_put_there(tmp_path, between):
    arrays = {f"encoder{between}{name}": value.numpy() for name, value in _layer().state_dict().items()}
    np.savez(tmp_path / "m.npz", **arrays)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    for name in ("m.npz", "m.h5"):
        (found,) = read_found(tmp_path / name)
        assert found.path == "encoder"
        agrees(load_model(tmp_path / name), _layer())


@pytest.mark.parametrize("name", ["serialized_state_dict.pt", "serialized_state_dict.json"])
def test_an_old_export_gives_the_state_dict_that_lies_in_it(tmp_path, name):
    state = io.BytesIO()
    torch.save(both().state_dict(), state)
    with zipfile.ZipFile(tmp_path / "m.pt2", "w") as archive:
        archive.writestr("serialized_exported_program.json", "{}")
        archive.writestr(name, state.getvalue())
    net = load_model(tmp_path / "m.pt2", "lstm")
    agrees(net, both().lstm)
    assert not net.warning
    with zipfile.ZipFile(tmp_path / "m.pt2", "w") as archive:
        archive.writestr(name, state.getvalue()[:-900])
    with pytest.raises(ModelError, match="damaged"):
        load_model(tmp_path / "m.pt2")


def _elmo(x, w_x, w_h, b, w_p):
    """The equations of Peters et al. (2018) in numpy: gates i f g o, c within ±3."""
    h, c, said = np.zeros(len(w_p)), np.zeros(w_p.shape[1]), []
    for row in x:
        i, f, g, o = np.split(w_x @ row + w_h @ h + b, 4)
        c = np.clip(c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i)), -3, 3)
        h = w_p @ (np.tanh(c) / (1 + np.exp(-o)))
        said.append(h)
    return np.array(said)


@pytest.mark.parametrize("side", ["forward", "backward"])
def test_the_cells_of_elmo_are_read_with_their_projection_and_clip(tmp_path, side):
    rng = np.random.default_rng(5)
    w_x, w_h, b, w_p = (rng.normal(size=shape) * 2 for shape in ((24, 3), (24, 2), (24,), (2, 6)))
    path = f"_elmo_lstm.{side}_layer_0"
    names = ("input_linearity.weight", "state_linearity.weight", "state_linearity.bias", "state_projection.weight")
    state = {f"{path}.{name}": torch.tensor(w) for name, w in zip(names, (w_x, w_h, b, w_p), strict=True)}
    torch.save(state, tmp_path / "m.th")
    net = load_model(tmp_path / "m.th")
    x = rng.normal(size=(20, 3)).astype(np.float32)
    trace = record(net, x)
    turn = slice(None, None, -1 if side == "backward" else 1)
    lane = trace.lanes[0, "forward" if side == "forward" else "reverse"]
    np.testing.assert_allclose(lane.signals["h"], _elmo(x[turn], w_x, w_h, b, w_p)[turn], atol=1e-6)
    assert np.abs(lane.signals["c"]).max() <= 3
    assert "±3" in net.warning
    torch.save(state | {f"tagger.{name}": value for name, value in _layer().state_dict().items()}, tmp_path / "m.th")
    agrees(load_model(tmp_path / "m.th"), _layer())
    assert load_model(tmp_path / "m.th", path).spec.hidden == 6
    state[f"{path}.state_linearity.bias"] = torch.zeros(23)
    torch.save(state, tmp_path / "m.th")
    with pytest.raises(ModelError, match=r"“bias_hh” of .* shape \(23,\)"):
        load_model(tmp_path / "m.th")


def _capture(module, first):
    """As Neural Amp Modeler writes a net: one list of numbers."""
    state, numbers = module.state_dict(), []
    for layer in range(module.num_layers):
        matrix = torch.cat([state[f"weight_{of}_l{layer}"] for of in ("ih", "hh")], 1)
        bias = state[f"bias_ih_l{layer}"] + state[f"bias_hh_l{layer}"]
        numbers += [*matrix.flatten().tolist(), *bias.tolist(), *first[0][layer].tolist(), *first[1][layer].tolist()]
    config = {"input_size": module.input_size, "hidden_size": module.hidden_size, "num_layers": module.num_layers}
    return {"architecture": "LSTM", "config": config, "weights": [*numbers, 0.5, 0.5, 0.5, 0.5, 1.0]}


@pytest.mark.parametrize("ending", ["nam", "json"])
def test_a_capture_of_an_amplifier_gives_its_layers_and_where_they_begin(tmp_path, ending):
    torch.manual_seed(0)
    module, file = nn.LSTM(1, 4, 2), tmp_path / f"m.{ending}"
    first = torch.randn(2, 2, 4)
    content = _capture(module, first)
    file.write_text(json.dumps(content))
    x = np.random.default_rng(0).normal(size=(9, 1)).astype(np.float32)
    trace = record(load_model(file), x)
    with torch.no_grad():
        expected = module(torch.tensor(x)[:, None], (first[0][:, None], first[1][:, None]))[0][:, 0]
    np.testing.assert_allclose(trace.lanes[1, "forward"].signals["h"], expected, atol=1e-6)
    file.write_text(json.dumps(content | {"weights": content["weights"][:50]}))
    with pytest.raises(ModelError, match="has 50 weights; its LSTM of 2 layers of 4 units takes 256"):
        load_model(file)
    for wrong in ({"config": None}, {"weights": [[1], 2]}, {"config": {**content["config"], "hidden_size": -1}}):
        file.write_text(json.dumps(content | wrong))
        with pytest.raises(ModelError, match="lacks the sizes or the weights"):
            load_model(file)
    file.write_text(json.dumps(content | {"architecture": "WaveNet"}))
    with pytest.raises(ModelError, match="holds no recurrent layer"):
        load_model(file)
