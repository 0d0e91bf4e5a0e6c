"""Mutated files of every format: a clear sentence or a right answer, in bounded memory and time, and nothing else.

Each file is read in a process of its own. The C library of HDF5 may crash there, as it would in the engine, which the
window survives; such crashes are counted and told. LSTMVIZ_MUTATIONS says how many mutations of each file, else 50.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flax_forms import lstm_cell, to_bytes
from keras_forms import Layer, keras_2, keras_3
from mutations import mutated
from onnx_by_hand import drawn, model_of, recurrent_node
from safetensors.numpy import save_file

import lstmviz
from lstmviz.nets.build import build_net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import NetSpec, ValueInput
from lstmviz.traces.pack import pack_store

MUTATIONS = int(os.environ.get("LSTMVIZ_MUTATIONS", "50"))
HDF5 = (".h5", ".hdf5", ".keras")
CHECKSUMS = (".pt", ".ckpt", ".keras", ".npz", "ours.safetensors", ".zarr.zip")
FIRST = 1000
MADE = Path(__file__).with_name("made")
REAL = Path(__file__).resolve().parents[4] / "shared" / "real"
Outcomes = list[dict[str, Any]]
pytestmark = pytest.mark.timeout(120 + 2 * MUTATIONS)


def lstm() -> torch.nn.LSTM:
    torch.manual_seed(1)
    return torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True)


def state() -> dict[str, torch.Tensor]:
    return {f"net.{name}": tensor.detach().clone() for name, tensor in lstm().state_dict().items()}


def keras_layers() -> list[Layer]:
    return [Layer("one", both=True), Layer("two", inputs=8)]


def scripted(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(lstm()), str(path))


def gru_node() -> bytes:
    parts = drawn("GRU", sides=2)
    node = recurrent_node("GRU", parts, direction="bidirectional", clip=2.0, activations=["HardSigmoid", "Elu"] * 2)
    return bytes(model_of([node], parts).SerializeToString())


def own_net(path: Path) -> None:
    """A net of ours, both its files."""
    save_net(build_net(NetSpec(name="ours", input=ValueInput(("x",), (0.0,), (1.0,)), hidden=4)), path)


def own_trace(path: Path) -> None:
    """A trace store in a zip, as it is passed on."""
    trace = lstmviz.record(lstm(), np.random.default_rng(0).normal(size=(40, 3)).astype("f4"))
    trace.save(str(path.with_name("store.zarr")))
    pack_store(path.with_name("store.zarr"), path)
    shutil.rmtree(path.with_name("store.zarr"))


OWN = {
    "state.pt": lambda path: torch.save({"state_dict": state(), "epoch": 3}, path),
    "script.pt": scripted,
    "whole.pt": lambda path: torch.save(torch.nn.Sequential(lstm(), torch.nn.GRUCell(3, 4)), path),
    "objects.ckpt": lambda path: torch.save({"state_dict": state(), "of": argparse.Namespace(a=[1])}, path),
    "legacy_whole.pth": lambda path: torch.save(lstm(), path, _use_new_zipfile_serialization=False),
    "legacy.pth": lambda path: torch.save(state(), path, _use_new_zipfile_serialization=False),
    "plain.safetensors": lambda path: save_file({name: tensor.numpy() for name, tensor in state().items()}, path),
    "state.json": lambda path: path.write_text(json.dumps({name: t.tolist() for name, t in state().items()})),
    "flax.msgpack": lambda path: path.write_bytes(to_bytes({"params": {"cell": lstm_cell()}})),
    "keras_2.h5": lambda path: keras_2(path, keras_layers(), whole=True),
    "keras_3.weights.h5": lambda path: keras_3(path, keras_layers()),
    "keras_3.keras": lambda path: keras_3(path, keras_layers(), whole=True),
    "lite.tflite": lambda path: path.write_bytes((MADE / "projected.tflite").read_bytes()),
    "lite_both.tflite": lambda path: path.write_bytes((MADE / "keras_both.tflite").read_bytes()),
    "node.onnx": lambda path: path.write_bytes(gru_node()),
    "arrays.npz": lambda path: np.savez(path, **{name: each.numpy() for name, each in state().items()}),
    "ours.json": own_net,
    "ours.safetensors": own_net,
    "trace.zarr.zip": own_trace,
}
REAL_FILES = (
    "allennlp_simple_tagger/best.th",
    "dtln_noise_suppression/model.h5",
    "dtln_noise_suppression/model_1.onnx",
    "noaa_nextgen_lstm/model_epoch009.pt",
    "rtneural_keras_lstm/lstm.json",
    "rtneural_torch_2lstm_4layers/lstm_torch.json",
    "silero_vad_safetensors/silero_vad_16k.safetensors",
    "textgenrnn_default/textgenrnn_weights.hdf5",
)


@pytest.fixture(scope="module")
def own_outcomes(tmp_path_factory) -> Outcomes:
    folder = tmp_path_factory.mktemp("own")
    for name, write in OWN.items():
        write(folder / name)
    return mutate([folder / name for name in OWN], tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def real_outcomes(tmp_path_factory) -> Outcomes:
    if not REAL.is_dir():
        pytest.skip("../shared/real is not here")
    return mutate([REAL / name for name in REAL_FILES], tmp_path_factory.mktemp("hostile_real"))


@pytest.mark.parametrize("name", OWN)
def test_our_own_file_mutated(own_outcomes, name):
    check(own_outcomes, name)


@pytest.mark.real
@pytest.mark.parametrize("name", REAL_FILES)
def test_a_real_file_mutated(real_outcomes, name):
    check(real_outcomes, name)


def mutate(files: list[Path], folder: Path) -> Outcomes:
    """What came of the mutations of each file, read one after the other in a folder that stays empty."""
    script = Path(__file__).with_name("hostile_child.py")
    # in a process of their own HDF5 files are read twice as safely, and here what the first one does is looked at
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(script.parent), "LSTMVIZ_HDF5": "here"}
    environment["LSTMVIZ_HOME"] = str(folder.parent)
    command = [sys.executable, str(script), str(MUTATIONS), str(FIRST), *map(str, files)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not list(folder.iterdir()), "something was written"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def check(outcomes: Outcomes, name: str) -> None:
    """Every mutation came to a sentence or an answer, the crashes of HDF5 aside."""
    ours = [each for each in outcomes if each["file"].endswith(name)]
    assert len(ours) == MUTATIONS
    bad = [each for each in ours if each["kind"] not in allowed(name, each["number"])]
    assert not bad, bad[:5]
    sentences = [each["said"] for each in ours if each["kind"] == "error"]
    assert sentences, "no mutation was noticed"
    strange = [said for said in sentences if "“" not in said[:20] or "\n" in said or len(said) > 600]
    assert not strange, strange[:5]
    sys.stdout.write(f"{name}: {dict(Counter(each['kind'] for each in ours))}\n")


def allowed(name: str, number: int) -> set[str]:
    """What may come of a mutation: other numbers where no checksum tells, crashes only in the C library of HDF5."""
    kinds = {"right", "error"}
    if not name.endswith(CHECKSUMS) or number % 3 == 0:  # those were packed again with new checksums
        kinds.add("changed")
    return kinds | ({"crash"} if name.endswith(HDF5) else set())


def test_the_mutations_are_the_same_every_time():
    data = np.random.default_rng(0).bytes(5000)
    assert mutated(data, 7) == mutated(data, 7)
    assert len({mutated(data, number) for number in range(50)}) > 45
