"""What the engine answers about files of arrays: their list, and a mapping that is checked, kept and used again."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import lstmviz
from lstmviz import paths
from lstmviz.engine.handlers import Workshop, answer
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.mapping_form import LayerArrays, ModelMapping, StackMapping, encode
from lstmviz.nets.summary import summarise
from lstmviz.wire.mapping_messages import ArrayRow, KeepMapping, ListArrays

KERAS = StackMapping(order="ifgo", transposed=True, layers=(LayerArrays("k", "u", "b"),))


def ask(request):
    return next(answer(Workshop(), request, lambda done, total: None))


@pytest.fixture
def module():
    torch.manual_seed(0)
    return nn.LSTM(3, 4)


@pytest.fixture
def file(tmp_path, module):
    return write(tmp_path / "w1.npz", module)


def write(path, module):
    state = {name: value.detach().numpy() for name, value in module.named_parameters()}
    np.savez(
        path,
        k=state["weight_ih_l0"].T,
        u=state["weight_hh_l0"].T,
        b=state["bias_ih_l0"] + state["bias_hh_l0"],
        step=np.array(7),
    )
    return path


def keep(path, stack=KERAS):
    return ask(KeepMapping(1, str(path), encode(ModelMapping((stack,)))))


def test_the_arrays_of_a_file_are_listed_with_shapes_and_types(file):
    listed = ask(ListArrays(1, str(file)))
    assert listed.arrays == (
        ArrayRow("k", (3, 16), "float32"),
        ArrayRow("u", (4, 16), "float32"),
        ArrayRow("b", (16,), "float32"),
        ArrayRow("step", (), "int64"),
    )
    assert (listed.mapping, listed.mapping_file) == ("", "")


def test_a_mapping_is_kept_beside_its_file_and_told_again(file, module):
    kept = keep(file)
    assert kept.mapping_file == f"{file}.mapping.json"
    listed = ask(ListArrays(1, str(file)))
    assert json.loads(listed.mapping)["stacks"][0]["order"] == "ifgo"
    assert listed.mapping_file == kept.mapping_file
    x = torch.ones(5, 3)
    trace = lstmviz.record(lstmviz.load_model(file), x)
    assert np.allclose(trace["h"], module(x)[0].detach().numpy(), atol=1e-6)


def test_a_file_of_the_same_layout_in_the_folder_is_read_by_it_and_says_so(file, tmp_path):
    keep(file)
    torch.manual_seed(1)
    second = write(tmp_path / "w2.npz", nn.LSTM(3, 4))
    summary = summarise(second)
    assert (summary.inputs, summary.layers[0].units) == (3, 4)
    assert "made for a file of the same layout" in summary.words("en")
    assert "layout" not in summarise(file).words("en")
    other = write(tmp_path / "w3.npz", nn.LSTM(3, 5))
    with pytest.raises(ModelError, match="no recurrent layer") as error:
        summarise(other)
    assert error.value.values["remedy"] == "mapping"


def test_where_the_folder_cannot_be_written_the_settings_keep_it(file, tmp_path):
    blocked = tmp_path / "w1.npz.mapping.json"
    blocked.mkdir()
    (blocked / "in the way").touch()
    kept = keep(file)
    assert kept.mapping_file.startswith(str(paths.settings_folder() / "mappings"))
    blocked.rename(tmp_path / "elsewhere")
    assert summarise(file).inputs == 3


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        (StackMapping(order="ifgo", layers=(LayerArrays("k", "u", "b"),)), "expect"),
        (StackMapping(order="iffo", transposed=True, layers=(LayerArrays("k", "u", "b"),)), "gate order"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_and_nothing_is_written(file, stack, said):
    with pytest.raises(ModelError, match=said):
        keep(file, stack)
    assert [path.name for path in file.parent.iterdir()] == ["w1.npz"]


def test_what_is_no_mapping_and_what_is_no_container_is_said(file, tmp_path):
    with pytest.raises(ModelError, match="cannot be read by this mapping"):
        ask(KeepMapping(1, str(file), "{"))
    with pytest.raises(ModelError, match="is no container of arrays"):
        ask(ListArrays(1, str(tmp_path / "model.onnx")))
    (tmp_path / "bad.npz").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(ModelError, match=r"bad\.npz"):
        ask(ListArrays(1, str(tmp_path / "bad.npz")))


@pytest.mark.parametrize("ending", [".npz", ".h5", ".json", ".safetensors", ".pt"])
def test_arrays_under_unknown_names_are_offered_to_be_mapped_whatever_the_file(tmp_path, module, ending):
    path = tmp_path / f"w{ending}"
    state = {name: value.detach() for name, value in module.named_parameters()}
    arrays = {
        "k": state["weight_ih_l0"].T,
        "u": state["weight_hh_l0"].T,
        "b": state["bias_ih_l0"] + state["bias_hh_l0"],
    }
    arrays = {name: value.contiguous() for name, value in arrays.items()}
    if ending == ".npz":
        np.savez(path, **{name: value.numpy() for name, value in arrays.items()})
    elif ending == ".h5":
        with pytest.importorskip("h5py").File(path, "w") as store:
            store.update({name: value.numpy() for name, value in arrays.items()})
    elif ending == ".json":
        path.write_text(json.dumps({name: value.tolist() for name, value in arrays.items()}))
    elif ending == ".safetensors":
        save_file(arrays, path)
    else:
        torch.save(arrays, path)
    with pytest.raises(ModelError) as error:
        summarise(path)
    assert error.value.values["remedy"] == "mapping"
    listed = ask(ListArrays(1, str(path)))
    assert {(row.name, row.shape, row.dtype) for row in listed.arrays} == {
        ("k", (3, 16), "float32"),
        ("u", (4, 16), "float32"),
        ("b", (16,), "float32"),
    }
    keep(path)
    x = torch.ones(5, 3)
    assert np.allclose(lstmviz.record(lstmviz.load_model(path), x)["h"], module(x)[0].detach().numpy(), atol=1e-6)
