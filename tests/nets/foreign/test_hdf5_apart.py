"""HDF5 in a process of its own: the same answers as here, and a crash, a hang or too much memory become a sentence."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest
from keras_forms import Layer, keras_2, keras_3

from lstmviz.errors import ModelError
from lstmviz.nets.foreign import hdf5_apart, hdf5_file, keras_file
from lstmviz.nets.foreign.formats import read_found
from lstmviz.nets.foreign.hdf5_answer import Answer, ArrayData, FoundData, from_data, to_data


def alike(found, expected) -> None:
    assert (found.path, found.origin, found.spec, found.notes) == (
        expected.path,
        expected.origin,
        expected.spec,
        expected.notes,
    )
    assert found.tensors.keys() == expected.tensors.keys()
    for name, array in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], array)
    for one, other in zip(found.parts, expected.parts, strict=True):
        alike(one, other)


@pytest.mark.parametrize("form", [keras_2, keras_3])
def test_what_is_read_apart_is_what_is_read_here(tmp_path, form):
    path = tmp_path / ("m.keras" if form is keras_3 else "m.h5")
    form(path, [Layer("one", both=True), Layer("two", inputs=8, both=True)], whole=True)
    for found, expected in zip(read_found(path), keras_file.read(path), strict=True):
        alike(found, expected)


def test_arrays_for_a_mapping_are_those_that_are_read_here(tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["a/b"], file["c"] = np.arange(6.0).reshape(2, 3), np.arange(4, dtype="f2")
    expected = hdf5_file.read_parts(path)
    found = hdf5_apart.read_parts(path)
    assert {name: (part.shape, part.read().tolist()) for name, part in found.items()} == {
        name: (part.shape, part.read().tolist()) for name, part in expected.items()
    }


def test_a_sentence_of_the_reader_comes_back_as_it_is(tmp_path):
    keras_2(tmp_path / "m.h5", [Layer("a", options={"units": 5})], whole=True)
    with pytest.raises(ModelError, match="declares 5 units") as caught:
        read_found(tmp_path / "m.h5")
    assert caught.value.values["units"] == 5


DEATHS = {
    "crash": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "hang": "import time; time.sleep(60)",
    "nonsense": "import sys; sys.stdout.write('nonsense')",
    "silence": "",
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_process_that_dies_of_a_file_is_a_sentence(tmp_path, monkeypatch, name):
    """The module that is started stands first on the path, in the place of ours."""
    (tmp_path / "deadly.py").write_text(DEATHS[name])
    monkeypatch.setattr(hdf5_apart, "_CHILD", "deadly")
    monkeypatch.setattr(hdf5_apart, "SECONDS", 3)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    keras_2(tmp_path / "m.h5", [Layer("a")])
    said = "busy for more than 3 seconds" if name == "hang" else "made the library of HDF5 fail"
    with pytest.raises(ModelError, match=said):
        read_found(tmp_path / "m.h5")


def test_an_answer_that_contradicts_itself_is_refused(tmp_path):
    keras_2(tmp_path / "m.h5", [Layer("a")])
    (found,) = keras_file.read(tmp_path / "m.h5")
    good = to_data(found)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(Answer(found=(good,))), type=Answer).found[0]
    alike(from_data(again, "m"), found)
    name = next(iter(good.tensors))
    for bad in (ArrayData("float32", (1 << 40, 1 << 40), b""), ArrayData("object", (2,), b"12345678"), None):
        tensors = {key: each for key, each in good.tensors.items() if key != name} | ({name: bad} if bad else {})
        with pytest.raises(ValueError, match="contradicts"):
            from_data(FoundData(good.path, good.origin, good.spec, tensors), "m")


def test_nothing_is_started_where_that_is_not_wanted(tmp_path, monkeypatch):
    monkeypatch.setenv("LSTMVIZ_HDF5", "here")
    monkeypatch.setattr(sys, "executable", str(Path(os.devnull)))
    keras_2(tmp_path / "m.h5", [Layer("a")])
    assert read_found(tmp_path / "m.h5")[0].spec.hidden == 4
