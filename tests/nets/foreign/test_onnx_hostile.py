"""ONNX files that are damaged, or made to hurt: one sentence each, in time and within memory."""

from __future__ import annotations

import importlib.util
import os
import resource
import time
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402
from onnx_by_hand import drawn, model_of, recorded, recurrent_node, specified, write  # noqa: E402

from lstmviz.errors import ModelError  # noqa: E402
from lstmviz.nets.foreign.formats import read_found  # noqa: E402
from lstmviz.nets.foreign.onnx_file import read  # noqa: E402

REAL = Path(__file__).resolve().parents[4] / "shared" / "real"
PARTS = drawn("LSTM")
X = np.random.default_rng(2).normal(size=(5, 3))
CELL = recurrent_node("LSTM", PARTS)


def refused(path: Path) -> str:
    """The sentence that refuses a file, within a second and 100 MiB."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(ModelError) as caught:
        read(path)
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10
    return str(caught.value)


def outside(values: np.ndarray, name: str, **entries: object) -> TensorProto:
    """A tensor whose numbers are in another file."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=values.shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def with_outside(folder: Path, *, size: int = 0, **entries: object) -> Path:
    model = model_of([CELL], {name: PARTS[name] for name in ("R", "B")})
    tensor = outside(PARTS["W"], "W", **entries)
    if size:
        tensor.dims[2] = size
    model.graph.initializer.append(tensor)
    return write(model, folder)


def test_weights_beside_the_model_are_read(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "w.bin").write_bytes(b"12345678" + PARTS["W"].tobytes())
    (found,) = read(with_outside(tmp_path, location="below/w.bin", offset=8, length=PARTS["W"].nbytes))
    np.testing.assert_allclose(recorded(found, X)["h"], specified("LSTM", PARTS, X)[0][:, 0], atol=2e-5)


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "below/../../w.bin", "C:\\w.bin", "..\\w.bin", ""])
def test_nothing_outside_of_the_folder_is_read(tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(PARTS["W"].tobytes())
    assert "own folder alone" in refused(with_outside(folder, location=location))


@pytest.mark.parametrize("link", ["file", "folder"])
def test_no_link_is_followed(tmp_path, link):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(PARTS["W"].tobytes())
    if link == "file":
        (folder / "w.bin").symlink_to(tmp_path / "w.bin")
    else:
        (folder / "below").symlink_to(tmp_path)
    assert "own folder alone" in refused(with_outside(folder, location="w.bin" if link == "file" else "below/w.bin"))


def test_weights_that_are_missing_cut_short_or_no_file_are_told(tmp_path):
    assert "w.bin" in refused(with_outside(tmp_path, location="w.bin"))
    (tmp_path / "w.bin").write_bytes(PARTS["W"].tobytes()[:-1])
    assert "cut short" in refused(with_outside(tmp_path, location="w.bin"))
    assert "do not fit" in refused(with_outside(tmp_path, location="w.bin", length=7))
    assert "do not fit" in refused(with_outside(tmp_path, location="w.bin", offset=-4))
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refused(with_outside(tmp_path, location="pipe"))
    assert "far more numbers" in refused(with_outside(tmp_path, size=1 << 40, location="w.bin"))


def test_a_missing_library_is_named_with_its_extra(tmp_path, monkeypatch):
    path = write(model_of([CELL], PARTS), tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"lstmviz\[onnx\]"):
        read(path)


def test_a_graph_that_runs_in_a_circle_has_no_constants(tmp_path):
    nodes = [
        helper.make_node("Identity", ["a"], ["W"]),
        helper.make_node("Identity", ["W"], ["a"]),
        CELL,
    ]
    kept = {name: PARTS[name] for name in ("R", "B")}
    assert "no constants" in refused(write(model_of(nodes, kept), tmp_path))
    upper = helper.make_node("LSTM", ["Y", "W", "R", "B"], ["between"], name="upper", hidden_size=4)
    lower = helper.make_node("LSTM", ["between", "W", "R", "B"], ["Y"], name="lower", hidden_size=4)
    assert len(read(write(model_of([upper, lower], PARTS), tmp_path))) == 2


def test_a_function_that_calls_itself_is_refused(tmp_path):
    call = helper.make_node("Layer", ["x"], ["y"], name="again", domain="mine")
    function = helper.make_function("mine", "Layer", ["x"], ["y"], [call, call], [helper.make_opsetid("mine", 1)])
    model = model_of([helper.make_node("Layer", ["X"], ["Y"], domain="mine")], {})
    model.functions.append(function)
    assert "too deeply" in refused(write(model, tmp_path))


def test_functions_that_call_two_each_are_refused(tmp_path):
    model = model_of([helper.make_node("f0", ["X"], ["Y"], domain="mine")], {})
    for n in range(40):
        calls = [helper.make_node(f"f{n + 1}", ["x"], ["y"], domain="mine")] * 2
        model.functions.append(
            helper.make_function("mine", f"f{n}", ["x"], ["y"], calls, [helper.make_opsetid("mine", 1)])
        )
    assert "too many" in refused(write(model, tmp_path))


@pytest.mark.parametrize("kind", ["doubled", "filled", "expanded", "spread", "gathered", "declared"])
def test_weights_far_larger_than_the_file_are_refused_before_memory_is_taken(tmp_path, kind):
    make = helper.make_node
    constants = {"seed": np.ones(1024, np.float32), "many": np.array([1 << 20, 1 << 20])}
    nodes = {
        "doubled": [make("Concat", ["seed"] * 2, ["s0"], axis=0)]
        + [make("Concat", [f"s{n}"] * 2, [f"s{n + 1}"], axis=0) for n in range(40)]
        + [make("Identity", ["s40"], ["W"])],
        "filled": [make("ConstantOfShape", ["many"], ["W"])],
        "expanded": [make("Expand", ["one", "many"], ["W"])],
        "spread": [make("Reshape", ["seed", "tall"], ["t"])]
        + [make("Mul", [f"{'t' if not n else f'm{n - 1}'}", "wide"], [f"m{n}"]) for n in range(1)]
        + [make("Mul", ["m0", "deep"], ["W"])],
        "gathered": [make("Gather", ["seed", "places"], ["g"]), make("Gather", ["seed2", "big"], ["W"])],
        "declared": [],
    }[kind]
    constants |= {
        "one": np.ones(1, np.float32),
        "tall": np.array([1, 1, 1024]),
        "wide": np.ones((1, 1024, 1), np.float32),
        "deep": np.ones((1024, 1, 1), np.float32),
        "places": np.zeros(4, np.int64),
        "seed2": np.ones((1, 65536), np.float32),
        "big": np.zeros(65536, np.int64),
        "R": PARTS["R"],
    }
    model = model_of([*nodes, CELL], constants)
    if kind == "declared":
        model.graph.initializer.append(TensorProto(name="W", data_type=1, dims=[1 << 40, 16, 3], raw_data=b"1234"))
    assert "far more numbers" in refused(write(model, tmp_path))


def test_wrong_shapes_types_and_attributes_are_told(tmp_path):
    for change, word in (
        ({"W": PARTS["W"][:, :-1]}, "shapes"),
        ({"R": PARTS["R"][:, :, :-1]}, "shapes"),
        ({"W": np.ones((1, 16, 0), np.float32)}, "shapes"),
        ({"W": PARTS["W"][0]}, "three dimensions"),
        ({"W": PARTS["W"].astype(np.int64)}, "three dimensions"),
        ({"B": PARTS["B"][:, :5]}, "expected constants of shape"),
    ):
        assert word in refused(write(model_of([CELL], {**PARTS, **change}), tmp_path))
    node = recurrent_node("LSTM", PARTS)
    node.attribute[0].i = 9
    assert "9 units" in refused(write(model_of([node], PARTS), tmp_path))
    node = recurrent_node("LSTM", PARTS, clip=float("nan"))
    assert "clip" in refused(write(model_of([node], PARTS), tmp_path))
    assert "no constants" in refused(write(model_of([helper.make_node("LSTM", ["X"], ["Y"])], {}), tmp_path))
    model = model_of([CELL], {name: PARTS[name] for name in ("R", "B")})
    model.graph.initializer.append(TensorProto(name="W", data_type=999, dims=[1, 16, 3]))
    assert "cannot be read" in refused(write(model, tmp_path))
    model.graph.initializer[-1].data_type = TensorProto.STRING
    assert "no constants" in refused(write(model, tmp_path))


def test_quantised_nodes_are_told_by_their_kind(tmp_path):
    node = helper.make_node("DynamicQuantizeLSTM", ["X", "W", "R"], ["Y"], domain="com.microsoft")
    assert "DynamicQuantizeLSTM" in refused(write(model_of([node], PARTS), tmp_path))


def test_weights_that_are_no_numbers_are_read_as_they_are(tmp_path):
    parts = {**PARTS, "W": PARTS["W"].copy()}
    parts["W"][0, 0, 0] = np.nan
    (found,) = read(write(model_of([CELL], parts), tmp_path))
    assert np.isnan(found.tensors["recurrent.weight_ih_l0"][0, 0])


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x08\x01", b"\x3a\x00", b"PK\x03\x04", b"\xff" * 64, b"{}"])
def test_what_is_no_model_is_told(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    refused(path)


def test_nested_graphs_without_end_are_refused(tmp_path):
    graph = b""
    for _ in range(4000):  # GraphProto.node = NodeProto.attribute = AttributeProto.g
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            graph = tag + _length(len(graph)) + graph
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x3a" + _length(len(graph)) + graph)
    refused(path)


@pytest.mark.parametrize("tags", [(0x0A,), (0x6A,), (0x0A, 0x2A), (0x6A, 0x12, 0x0A, 0x12, 0x0A)], ids=str)
def test_millions_of_empty_parts_are_counted_before_they_take_memory(tmp_path, tags):
    """Nodes, descriptions of values, attributes and dimensions of two bytes each."""
    data = bytes([tags[-1], 0]) * 4_000_000
    for tag in (*tags[:-1][::-1], 0x3A):
        data = bytes([tag]) + _length(len(data)) + data
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert "million parts" in refused(path)


def _length(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def sources() -> list[tuple[str, bytes]]:
    nodes = [helper.make_node("Transpose", ["turned"], ["W"], perm=[0, 2, 1]), CELL]
    kept = {"turned": PARTS["W"].transpose(0, 2, 1), "R": PARTS["R"], "B": PARTS["B"]}
    found = [("made", model_of(nodes, kept).SerializeToString())]
    for name in ("model_1.onnx", "model_2.onnx"):
        if (REAL / "dtln_noise_suppression" / name).is_file():
            found.append((name, (REAL / "dtln_noise_suppression" / name).read_bytes()))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "content"), sources(), ids=[name for name, _ in sources()])
def test_mutated_files_are_refused_or_read(tmp_path, name, content, seed):
    rng, path = np.random.default_rng(seed), tmp_path / "model.onnx"
    places = np.arange(len(content))
    # numbers of weights are most of a file; what tells where they are is at its ends
    edge = places[(places < 3000) | (places > len(content) - 4000)]
    for n in range(20):
        data = bytearray(content)
        if n % 4 == 0:
            data = data[: int(rng.integers(len(data)))]
        else:
            for place in rng.choice(edge, size=int(rng.integers(1, 8))):
                data[place] = data[place] ^ (1 << int(rng.integers(8))) if n % 4 == 1 else int(rng.integers(256))
        path.write_bytes(bytes(data))
        started = time.monotonic()
        try:
            found = read_found(path)
        except ModelError:
            pass
        else:
            assert all(values.dtype.kind == "f" for each in found for values in each.tensors.values())
        assert time.monotonic() - started < 10
