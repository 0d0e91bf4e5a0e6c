"""Arrays under any names, in any order of gates: a mapping beside the file makes them torch's layers."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn
from torch_models import agrees

import lstmviz
from lstmviz import load_model
from lstmviz.errors import ModelError
from lstmviz.nets.summary import summarise

ORDERS = ("ifgo", "iofc", "fico", "igfo")


def blocks(module, order):
    """Wx (F, 4H), Wh (H, 4H) and the summed bias (4H,) of a layer, gates in columns in the order."""
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    places = ["ifgo".index(letter.replace("c", "g")) for letter in order]

    def turned(rows):
        each = np.split(rows, 4)
        return np.concatenate([each[place] for place in places]).T

    return (
        turned(state["weight_ih_l0"]),
        turned(state["weight_hh_l0"]),
        turned(state["bias_ih_l0"] + state["bias_hh_l0"]),
    )


@pytest.fixture
def module():
    torch.manual_seed(0)
    return nn.LSTM(3, 4)


def write_map(path, /, **stack):
    path.with_name(path.name + ".mapping.json").write_text(json.dumps({"stacks": [stack]}))


LAYER = {"w_ih": "W", "w_hh": "U", "b": "b"}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("ending", [".npz", ".json", ".safetensors", ".pt", ".h5"])
def test_a_container_with_a_mapping_is_a_model(tmp_path, module, order, ending):
    path = tmp_path / f"w{ending}"
    arrays = dict(zip("WUb", map(np.ascontiguousarray, blocks(module, order)), strict=True))
    if ending == ".npz":
        np.savez(path, **arrays)
    elif ending == ".json":
        path.write_text(json.dumps({name: array.tolist() for name, array in arrays.items()}))
    elif ending == ".safetensors":
        save_file(arrays, path)
    elif ending == ".pt":
        torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            file.update(arrays)
    write_map(path, path="mine", order=order, transposed=True, layers=[LAYER])
    net = load_model(path)
    agrees(net, module)
    (stack,) = summarise(path).stacks
    assert (stack.path, stack.inputs, stack.units) == ("mine", 3, 4)


def test_every_gate_in_an_array_of_its_own(tmp_path, module):
    w, u, b = (np.split(array, 4, axis=-1) for array in blocks(module, "ofig"))
    each = {f"{kind}{n}": part for kind, parts in zip("wub", (w, u, b), strict=True) for n, part in enumerate(parts)}
    np.savez(tmp_path / "w.npz", **each)
    layer = {name: [f"{kind}{n}" for n in range(4)] for name, kind in zip(LAYER, "wub", strict=True)}
    write_map(tmp_path / "w.npz", order="ofig", transposed=True, layers=[layer])
    agrees(load_model(tmp_path / "w.npz"), module)


def test_biases_in_halves_in_two_and_none(tmp_path, module):
    state = {name.removesuffix("_l0"): value.numpy() for name, value in module.state_dict().items()}
    both = np.concatenate([state["bias_ih"], state["bias_hh"]])
    path = tmp_path / "w.npz"
    np.savez(path, W=state["weight_ih"], U=state["weight_hh"], b=both, b1=state["bias_ih"], b2=state["bias_hh"])
    write_map(path, bias="halves", layers=[LAYER])
    agrees(load_model(path), module)
    write_map(path, bias="two", layers=[{**LAYER, "b": "b1", "b_hh": "b2"}])
    agrees(load_model(path), module)
    write_map(path, bias="none", layers=[{"w_ih": "W", "w_hh": "U"}])
    with torch.no_grad():
        module.bias_ih_l0.zero_()
        module.bias_hh_l0.zero_()
    agrees(load_model(path), module)


def test_a_forget_bias_of_run_time_is_added(tmp_path, module):
    w, u, b = blocks(module, "igfo")
    b[8:12] -= 1
    np.savez(tmp_path / "w.npz", W=w, U=u, b=b)
    write_map(tmp_path / "w.npz", order="igfo", transposed=True, forget_bias=1, layers=[LAYER])
    agrees(load_model(tmp_path / "w.npz"), module)


def test_two_layers_in_both_directions_a_gru_and_an_rnn(tmp_path):
    torch.manual_seed(1)
    for module, cell in ((nn.GRU(3, 4, 2, bidirectional=True), "gru"), (nn.RNN(3, 4, 2, nonlinearity="relu"), "rnn")):
        path = tmp_path / f"{cell}.npz"
        np.savez(path, **{name.replace("_", "."): value.numpy() for name, value in module.state_dict().items()})

        def layer(ending):
            return {
                "w_ih": f"weight.ih.{ending}",
                "w_hh": f"weight.hh.{ending}",
                "b": f"bias.ih.{ending}",
                "b_hh": f"bias.hh.{ending}",
            }

        sides = {"reverse": [layer("l0.reverse"), layer("l1.reverse")]} if module.bidirectional else {}
        activation = {"activation": "relu"} if cell == "rnn" else {}
        write_map(path, cell=cell, bias="two", layers=[layer("l0"), layer("l1")], **sides, **activation)
        agrees(load_model(path), module)


def test_torch_s_names_need_no_mapping(tmp_path, module):
    np.savez(tmp_path / "w.npz", **{name: value.numpy() for name, value in module.state_dict().items()})
    agrees(load_model(tmp_path / "w.npz"), module)


FAULTS = {
    "a name": ({"layers": [{**LAYER, "w_ih": "V"}]}, "has no array “V”"),
    "a side": ({"layers": [LAYER], "transposed": False}, "W|expect"),
    "an order": ({"layers": [LAYER], "order": "iffo"}, "has the gate order “iffo”"),
    "a length": ({"layers": [{**LAYER, "b": "short"}], "transposed": True}, "the others expect"),
    "directions": ({"layers": [LAYER], "reverse": [LAYER, LAYER]}, "expected as many"),
    "a misprint": ({"layers": [LAYER], "transpose": True}, "is not a mapping"),
    "no layers": ({"layers": []}, "is not a mapping"),
    "no bias": ({"layers": [{"w_ih": "W", "w_hh": "U"}], "transposed": True}, "has no array “”"),
    "gates": ({"layers": [{**LAYER, "w_ih": ["W", "W"]}], "transposed": True}, "expected one for each gate"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_mapping_that_does_not_fit_says_where(tmp_path, module, name):
    stack, said = FAULTS[name]
    w, u, b = blocks(module, "ifgo")
    np.savez(tmp_path / "w.npz", W=w, U=u, b=b, short=b[:8])
    write_map(tmp_path / "w.npz", **stack)
    with pytest.raises(ModelError, match=said) as error:
        load_model(tmp_path / "w.npz")
    assert str(tmp_path / "w.npz") in str(error.value)


def test_a_container_without_layers_is_told_how_to_map_it(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.zeros((8, 2)))
    with pytest.raises(ModelError, match=r"say which is which in “w\.npz\.mapping\.json”"):
        load_model(tmp_path / "w.npz")


def test_a_mapped_net_is_recorded(tmp_path, module):
    np.savez(tmp_path / "w.npz", **dict(zip("WUb", blocks(module, "ifgo"), strict=True)))
    write_map(tmp_path / "w.npz", transposed=True, layers=[LAYER])
    trace = lstmviz.record(load_model(tmp_path / "w.npz"), np.ones((5, 3)))
    assert trace.check.passed
    assert trace.model.name == "w"


def test_an_npz_that_lies_or_holds_a_pickle_is_refused(tmp_path):
    import zipfile

    path = tmp_path / "w.npz"
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }".ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weight_ih_l0.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(ModelError, match="promises the shape"):
        load_model(path)
    np.savez(path, weight_ih_l0=np.array([print], dtype=object))
    with pytest.raises(ModelError, match="no recurrent layer"):
        load_model(path)
