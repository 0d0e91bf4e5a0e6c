"""Files of weights that are damaged or hostile: one sentence, nothing executed, no memory taken."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch_models import both, rewrite

from lstmviz import load_model
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.pickles import PickleError, read_pickle
from lstmviz.nets.summary import summarise


class Calls:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def refused(path: Path, said: str) -> None:
    for read in (load_model, summarise):
        with pytest.raises(ModelError, match=said) as error:
            read(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_that_calls_something_is_refused_and_calls_nothing(tmp_path, legacy):
    content = {**both().state_dict(), "x": Calls(tmp_path / "made")}
    torch.save(content, tmp_path / "m.pt", _use_new_zipfile_serialization=not legacy)
    refused(tmp_path / "m.pt", r"would call “posix\.mkdir|would call “nt\.mkdir")
    assert not (tmp_path / "made").exists()


def test_code_in_a_scripted_archive_s_pickles_is_never_run(tmp_path):
    torch.save(both().state_dict(), tmp_path / "m.pt")
    evil = pickle.dumps({"lstm": Calls(tmp_path / "made")}, 2)
    rewrite(tmp_path / "m.pt", lambda name, data: evil if name.endswith("data.pkl") else data)
    with zipfile.ZipFile(tmp_path / "m.pt", "a") as archive:
        archive.writestr("m/constants.pkl", evil)
    refused(tmp_path / "m.pt", "no recurrent layer")
    assert not (tmp_path / "made").exists()


def test_a_plain_pickle_is_refused_unread(tmp_path):
    (tmp_path / "m.pt").write_bytes(pickle.dumps(Calls(tmp_path / "made")))
    refused(tmp_path / "m.pt", r"no file of torch\.save")
    assert not (tmp_path / "made").exists()


def test_a_view_of_many_numbers_over_one_is_refused(tmp_path):
    huge = torch.zeros(1).expand(10**6, 10**6)
    torch.save({"weight_ih_l0": huge, "weight_hh_l0": huge}, tmp_path / "m.pt")
    refused(tmp_path / "m.pt", "would lie over 1 stored numbers")


def test_a_storage_that_is_larger_than_its_file_is_refused(tmp_path):
    for legacy in (False, True):
        torch.save(nn.LSTM(3, 4).state_dict(), tmp_path / "m.pt", _use_new_zipfile_serialization=not legacy)
        if legacy:
            whole = (tmp_path / "m.pt").read_bytes()
            (tmp_path / "m.pt").write_bytes(whole[:-64])
        else:
            rewrite(tmp_path / "m.pt", lambda name, data: data[:8] if name.endswith("data/0") else data)
        refused(tmp_path / "m.pt", "promises more numbers than it has")


@pytest.mark.parametrize(
    ("call", "argument"),
    [("builtins bytearray", 10**12), ("builtins list", 3), ("os system", 1), ("builtins eval", 1), ("runpy x", 1)],
)
def test_calls_that_take_memory_are_refused(tmp_path, call, argument):
    module, name = call.split()
    evil = b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"\x8a\x08" + struct.pack("<q", argument) + b"\x85R."
    torch.save(nn.LSTM(3, 4).state_dict(), tmp_path / "m.pt")
    rewrite(tmp_path / "m.pt", lambda member, data: evil if member.endswith("data.pkl") else data)
    refused(tmp_path / "m.pt", f"would call “{module}.{name}”")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "m.pt", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("m/data.pkl", "w", force_zip64=True) as stream,
    ):
        for _ in range(300):
            stream.write(bytes(1 << 20))
    tracemalloc.start()
    refused(tmp_path / "m.pt", "promises .* when unpacked")
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_a_flipped_bit_in_an_archive_never_passes_unseen(tmp_path):
    torch.save(both().state_dict(), tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    right = {name: value.numpy() for name, value in load_model(tmp_path / "whole.pt", "lstm").state_dict().items()}
    rng = random.Random(0)
    for _ in range(50):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        (tmp_path / "m.pt").write_bytes(damaged)
        try:
            net = load_model(tmp_path / "m.pt", "lstm")
        except ModelError:
            continue
        for name, value in net.state_dict().items():
            assert (value.numpy() == right[name]).all()


FORMS = {
    "zip.pt": lambda path: torch.save(both().state_dict(), path),
    "legacy.pt": lambda path: torch.save(both().state_dict(), path, _use_new_zipfile_serialization=False),
    "m.safetensors": lambda path: save_file(both().state_dict(), path),
    "m.json": lambda path: path.write_text(json.dumps({n: v.tolist() for n, v in both().state_dict().items()})),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_mutated_file_gives_a_net_or_one_sentence(tmp_path, name):
    FORMS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    rng = random.Random(1)
    for n in range(60):
        damaged = bytearray(whole)
        if n % 3 == 0:
            damaged = damaged[: rng.randrange(len(damaged))]
        elif n % 3 == 1:
            for _ in range(1 + n // 10):
                damaged[rng.randrange(min(len(damaged), 2000))] = rng.randrange(256)
        else:
            place = rng.randrange(len(damaged))
            damaged[place:place] = rng.randbytes(rng.randrange(1, 40))
        (tmp_path / name).write_bytes(damaged)
        for read in (summarise, lambda path: load_model(path, 0)):
            with suppress(ModelError):
                read(tmp_path / name)


def _nested(depth: int) -> bytes:
    """A tuple of a tuple of itself, …, as the key of a dictionary: to hash it takes 2 ** depth steps."""
    return b"\x80\x02}K\x01" + b"2\x86" * depth + b"K\x01s."


PICKLES = {
    "keys that take for ever": _nested(60),
    "a memo beyond memory": b"\x80\x02]r\xff\xff\xff\xff" + b"h\x05.",
    "a text longer than the file": b"\x80\x04\x8d" + struct.pack("<Q", 10**15) + b"abc.",
    "an empty stack": b"\x80\x02R.",
    "no end": b"\x80\x02}",
    "an extension": b"\x80\x02\x82\x01.",
    "a bytearray": b"\x80\x05\x96" + struct.pack("<Q", 10**15) + b".",
    "nothing": b"",
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_that_needs_more_than_it_has_is_refused(name):
    with pytest.raises(PickleError):
        read_pickle(io.BytesIO(PICKLES[name]))


def test_a_pickle_is_read_as_its_structure_alone(tmp_path):
    value = OrderedDict(a=[1, 2.5, None], b=("x", {"y": b"z", 3: True}), c=Calls(tmp_path / "made"))
    for protocol in range(2, 6):
        stream = io.BytesIO(pickle.dumps(value, protocol) + b"after")
        read = read_pickle(stream)
        assert stream.read() == b"after"
        assert read.value["a"] == [1, 2.5, None]
        assert read.value["b"][0] == "x"
        assert [call.function for call in read.calls][-1].endswith(".mkdir")
    assert not (tmp_path / "made").exists()


def test_lists_nested_deeply_are_no_danger(tmp_path):
    (tmp_path / "m.json").write_text("[" * 100_000)
    refused(tmp_path / "m.json", "is not JSON")
    (tmp_path / "n.json").write_text('{"weight_ih_l0": ' + "[" * 500 + "1" + "]" * 500 + "}")
    refused(tmp_path / "n.json", "no recurrent layer")


HEADERS = {
    "a length beyond the file": (struct.pack("<Q", 1 << 60), "its header would take"),
    "empty": (b"", "is empty"),
    "a header that is none": (struct.pack("<Q", 2) + b"[]", "damaged header"),
    "a negative size": (
        struct.pack("<Q", 68) + b'{"weight_hh_l0":{"dtype":"F32","shape":[-1,4],"data_offsets":[0,0]}}',
        "damaged header|without gaps",
    ),
    "a hole": (
        struct.pack("<Q", 56) + b'{"w":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}}' + bytes(8),
        "without gaps",
    ),
    "too little": (struct.pack("<Q", 56) + b'{"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}', "promises"),
    "a name twice": (
        struct.pack("<Q", 21) + b'{"w":{},"w":{}      }',
        "a name is there twice",
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_of_safetensors_that_lies_is_refused(tmp_path, name):
    data, said = HEADERS[name]
    (tmp_path / "m.safetensors").write_bytes(data)
    refused(tmp_path / "m.safetensors", said)


KERAS = {
    "type": ({"type": "lstm", "shape": [None, None, 2]}, "lacks its shape or its weights"),
    "shape": ({"type": "gru", "weights": [[[1.0]], [[1.0]], [1.0]]}, "lacks its shape or its weights"),
    "ragged": (
        {"type": "lstm", "shape": [None, None, 1], "weights": [[[1, 2], [3]], [[1.0] * 4], [1.0] * 4]},
        "lacks its shape or its weights",
    ),
    "activation": (
        {
            "type": "lstm",
            "activation": "relu",
            "shape": [None, None, 1],
            "weights": [[[1.0] * 4], [[1.0] * 4], [1.0] * 4],
        },
        "has the activations relu",
    ),
}


@pytest.mark.parametrize("name", KERAS)
def test_layers_of_json_that_are_incomplete_are_said(tmp_path, name):
    layer, said = KERAS[name]
    (tmp_path / "m.json").write_text(json.dumps({"in_shape": [None, None, 1], "layers": [layer]}))
    refused(tmp_path / "m.json", said)


def test_a_format_without_a_reader_is_told_which_way_works(tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Calls(tmp_path / "made")))
    refused(tmp_path / "m.pkl", "lstmviz does not read. Save the weights alone")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("flags", [b"K\x00", b"K\x3f"])
def test_a_type_of_numpy_s_is_told_no_flags(tmp_path, flags):
    """A type whose flags say that its numbers are objects makes numpy follow them as pointers."""
    dtype = (
        b"cnumpy\ndtype\nX\x02\0\0\0f8\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        + flags
        + b"tb"
    )
    number = b"cnumpy._core.multiarray\nscalar\n" + dtype + b"c_codecs\nencode\nX\x08\0\0\0" + b"A" * 8
    number += b"X\x06\0\0\0latin1\x86R\x86R"
    evil = b"\x80\x02}X\x01\0\0\0n" + number + b"s."
    torch.save({}, tmp_path / "m.pt")
    rewrite(tmp_path / "m.pt", lambda member, data: evil if member.endswith("data.pkl") else data)
    refused(tmp_path / "m.pt", "no recurrent layer")


SELF_NAMED = {
    # a dictionary that holds itself; one below another sixty times, each named twice; a module that is its own part
    "itself": b"\x80\x02}q\x01X\x01\0\0\0ah\x01s.",
    "twice": b"\x80\x02}q\x00"
    + b"".join(
        b"}q" + bytes([n + 1]) + b"(X\x01\0\0\0ah" + bytes([n]) + b"X\x01\0\0\0bh" + bytes([n]) + b"u"
        for n in range(60)
    )
    + b".",
    "module": b"\x80\x02cmine\nNet\n)\x81q\x00}(X\x0b\0\0\0_parameters}X\x08\0\0\0_modules}X\x01\0\0\0mh\x00sub.",
    "its own argument": b"\x80\x02cmine\nNet\n]q\x00h\x00a\x85R.",
    "deep": b"\x80\x02" + b"}X\x01\0\0\0a" * 5000 + b"N" + b"s" * 5000 + b".",
}


@pytest.mark.parametrize("name", SELF_NAMED)
@pytest.mark.parametrize("scripted", [False, True])
def test_what_names_itself_or_is_nested_without_end_comes_to_an_end(tmp_path, name, scripted):
    torch.save(nn.LSTM(3, 4).state_dict(), tmp_path / "m.pt")
    evil = SELF_NAMED[name]
    rewrite(tmp_path / "m.pt", lambda member, data: evil if member.endswith("data.pkl") else data)
    if scripted:
        with zipfile.ZipFile(tmp_path / "m.pt", "a") as archive:
            archive.writestr("m/constants.pkl", b"\x80\x02).")
    with pytest.raises(ModelError):
        load_model(tmp_path / "m.pt")


class Mine:
    """An object of another program, with whatever state."""

    def __init__(self, **state) -> None:
        self.__dict__.update(state)


def test_objects_of_other_programs_are_read_as_their_words_alone(tmp_path, monkeypatch):
    path = tmp_path / "m.pt"
    torch.save({"net": both().state_dict(), "mine": Mine(seen=[Mine(deep=1)])}, path)
    monkeypatch.setattr(Mine, "__setstate__", lambda self, state: (tmp_path / "made").mkdir(), raising=False)
    assert "nothing of it was called" in load_model(path, "lstm").warning
    assert not (tmp_path / "made").exists()


def test_a_tensor_of_a_module_that_reaches_beyond_its_storage_is_refused(tmp_path):
    module = nn.LSTM(3, 4)
    torch.save(module, tmp_path / "m.pt")
    rewrite(tmp_path / "m.pt", lambda name, data: data[:8] if name.endswith("data/0") else data)
    refused(tmp_path / "m.pt", "promises more numbers than it has")


def test_an_array_whose_header_is_damaged_python_is_said(tmp_path):
    np.savez(tmp_path / "m.npz", weight_ih_l0=np.ones((4, 1), "f4"))
    rewrite(tmp_path / "m.npz", lambda name, data: data.replace(b"}", b" ", 1))
    refused(tmp_path / "m.npz", "damaged zip archive: EOF")
