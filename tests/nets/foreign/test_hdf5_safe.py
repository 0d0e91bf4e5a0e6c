"""HDF5 of strangers: what lies outside the file is never opened, and what is too large is refused before it is read."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.hdf5_safe import open_hdf5


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.h5"


@pytest.fixture
def secret(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.arange(5.0)
    (tmp_path / "secret.bin").write_bytes(bytes(range(40)))
    return tmp_path


def refused(path, sentence, name="x"):
    with pytest.raises(ModelError, match=sentence), open_hdf5(path, "m.h5") as file:
        file.array(name)


def test_numbers_come_back_in_our_own_byte_order(path):
    with h5py.File(path, "w") as file:
        file["a/big"] = np.arange(6, dtype=">f8").reshape(2, 3)
        file["a/half"] = np.arange(3, dtype="f2")
        file.create_dataset("packed", data=np.ones((100, 100), "f4"), compression="gzip", shuffle=True, fletcher32=True)
        file["named"] = h5py.SoftLink("/a/half")
        file["gone"] = h5py.SoftLink("/nowhere")
    with open_hdf5(path, "m.h5") as file:
        assert file.array("a/big").dtype == np.dtype("f8")
        assert file.array("a/big").tolist() == [[0, 1, 2], [3, 4, 5]]
        assert file.array("named").dtype == np.float32
        assert file.array("packed").sum() == 10_000
        assert set(file.datasets) == {"a/big", "a/half", "packed", "named"}
    with open_hdf5(io.BytesIO(path.read_bytes()), "m.h5") as file:
        assert file.array("packed").sum() == 10_000


def test_texts_come_whole_or_in_numbered_pieces(path):
    with h5py.File(path, "w") as file:
        file.attrs["one"] = "é"
        file.attrs["list"] = [b"a", b"b"]
        file.attrs["long0"], file.attrs["long1"] = [b"a"], [b"b", b"c"]
        file.attrs["none"] = np.array([])
        file.attrs["number"] = 3
    with open_hdf5(path, "m.h5") as file:
        assert file.text("", "one") == "é"
        assert file.texts("", "list") == ("a", "b")
        assert file.texts("", "long") == ("a", "b", "c")
        assert file.texts("", "none") == ()
        assert file.text("", "missing") is None
        with pytest.raises(ModelError, match="“number” holds int64; expected text"):
            file.text("", "number")


def test_a_circle_of_groups_is_walked_once(path):
    with h5py.File(path, "w") as file:
        file["a/b/c"] = [1.0]
        file["a/b/up"] = file["a"]
    with open_hdf5(path, "m.h5") as file:
        assert len(file.groups) == 3


def test_a_circle_of_soft_links_is_said(path):
    with h5py.File(path, "w") as file:
        file["x"] = h5py.SoftLink("/x")
    refused(path, "too many links")


def test_a_link_to_another_file_is_refused(path, secret):
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink(str(secret / "secret.h5"), "/x")
    refused(path, "“x” is a link to another file")


def test_a_soft_link_through_a_link_to_another_file_is_refused(path, secret):
    with h5py.File(path, "w") as file:
        file["out"] = h5py.ExternalLink(str(secret / "secret.h5"), "/")
        file["x"] = h5py.SoftLink("/out/x")
    refused(path, "“out” is a link to another file")


def test_storage_in_another_file_is_refused(path, secret):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (5,), "f8", external=[(str(secret / "secret.bin"), 0, 40)])
    refused(path, "“x” lies in another file")


def test_a_virtual_dataset_is_refused(path, secret):
    layout = h5py.VirtualLayout((5,), "f8")
    layout[:] = h5py.VirtualSource(str(secret / "secret.h5"), "x", (5,))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("x", layout)
    refused(path, "“x” lies in another file")


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 20, 1 << 20), (1 << 62,)])
def test_an_enormous_shape_is_refused_before_memory_is_taken(path, shape):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape, "f4", chunks=(1024,) * len(shape))
    refused(path, "declares .* bytes; that is too much")


def test_a_bomb_of_zeros_is_refused(path):
    with h5py.File(path, "w") as file:
        rows = file.create_dataset("x", (1 << 8, 1 << 20), "f4", chunks=(1, 1 << 20), compression="gzip")
        rows[0] = 0
    refused(path, "declares 1073741824 bytes")


def test_many_names_of_one_large_array_count_each_time(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (25, 1 << 20), "f4", chunks=(1, 1 << 20), compression="gzip")[:] = 0
        for place in range(9):
            file[f"x{place}"] = file["x"]
    with open_hdf5(path, "m.h5") as file:
        file.array("x")
        file.array("x0")
        with pytest.raises(ModelError, match="too much"):
            file.array("x1")


@pytest.mark.parametrize("chunks", [None, (10,)])
def test_numbers_that_were_never_written_are_missed(path, chunks):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (100,), "f4", chunks=chunks)
    refused(path, "“x” is not all there")


def test_text_is_no_array_of_numbers(path):
    with h5py.File(path, "w") as file:
        file["x"] = "words"
    refused(path, "“x” holds object; expected numbers")


def test_a_filter_that_needs_a_plug_in_is_refused(path):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4,))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    with h5py.File(path, "w") as file:
        h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((4,)), plan)
    refused(path, "needs a plug-in of HDF5 .filter .32015")


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(2000), b"PK no HDF5"])
def test_what_is_no_hdf5_is_said_in_a_sentence(path, content):
    path.write_bytes(content)
    refused(path, "“m.h5” (cannot be read as HDF5: .* It was cut short or|is HDF5 with addresses .* it is) damaged")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("in_memory", [False, True])
def test_texts_without_an_end_are_refused_and_not_read_for_ever(path, in_memory):
    with h5py.File(path, "w") as file:
        file.attrs["words"] = "of any length"
    data = bytearray(path.read_bytes())
    first = data.index(b"GCOL") + 16
    assert data[first] == 1
    data[first : first + 16] = bytes(16)  # no index and no length: HDF5 2.0 stays here
    path.write_bytes(data)
    source = io.BytesIO(bytes(data)) if in_memory else path
    with pytest.raises(ModelError, match=r"the texts at byte \d+ have no end"), open_hdf5(source, "m.h5") as file:
        file.text("", "words")


@pytest.mark.parametrize("word", [b"GCOL", b"GCOL\x01", b"GCOL\x01\0\0\0" + bytes(24)])
def test_numbers_that_look_like_texts_are_numbers(path, word):
    with h5py.File(path, "w") as file:
        file["x"] = np.frombuffer((word + bytes(40))[:40], "u1")
        file.attrs["words"] = "of any length"
    with open_hdf5(path, "m.h5") as file:
        assert file.array("x").tobytes().startswith(word)
