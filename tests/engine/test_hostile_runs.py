"""The folder of a run may come from a stranger: whatever is in it, reading it is a sentence or harmless."""

from __future__ import annotations

import io
import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load, save

from lstmviz.engine.checkpoints import Checkpoint, _hash, from_bytes, restore, tensors_of, to_bytes
from lstmviz.engine.distributed import Peers, one_gpu_each
from lstmviz.engine.reports import read
from lstmviz.engine.trainer import Trainer
from lstmviz.errors import LstmvizError, RunError
from lstmviz.nets.reader import load_model
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import checkpoint_file, metrics_file, net_file, probe_file, run_file
from lstmviz.runs.probes import read_probe
from lstmviz.wire.framing import encode
from lstmviz.wire.messages import Part

SMALL = RunConfig(
    data="embedded-reber", hidden=4, examples=32, batch=8, epochs=2, bptt=3, probe_every=4, checkpoint_every=4,
    optimiser="adam",
)  # fmt: skip
WORDS = (
    b"NaN", b"-1", b"1e400", b"1e308", b"9" * 400, b"null", b"[]", b"{}", b"[" * 9000, b'"' + b"a" * 1500 + b'"',
    b"9223372036854775808", b"-9223372036854775809", b"1.5", b'""', b"true", b"\xff\xfe", b'"\\ud800"', b"0",
)  # fmt: skip
HEADERS = (
    b"{'descr': 'O', 'fortran_order': False, 'shape': (3,), }", b"(" * 90, b"'''", b"-" * 5000 + b"1",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000, 3), }",
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3), }",
    b"{'descr': [('a','<f4')], 'fortran_order': False, 'shape': (2,), }",
    b"{'descr': '<M8[zz]', 'fortran_order': False, 'shape': (2,), }",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "run"
    trainer = Trainer(folder, SMALL)
    trainer.steer(learning_rate=0.02)
    while trainer.update < 8:
        trainer.advance()
    trainer.close()
    return folder


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(run, tmp_path / "run")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Cut short, with other bytes, without some, with some twice, or with another word where JSON has one."""
    place = rng.randrange(len(data))
    end = place + rng.randrange(1, 200)
    spots = [found.span() for found in re.finditer(rb'-?\d+(\.\d+)?|"[^"]{0,60}"|null|true|false', data[:20000])]
    first, last = rng.choice(spots or [(place, end)])
    flipped = bytearray(data)
    flipped[place] ^= 1 << rng.randrange(8)
    return rng.choice(
        [
            data[:place],
            bytes(flipped),
            data[:place] + data[end:],
            data[:end] + data[place:],
            *[data[:first] + rng.choice(WORDS) + data[last:]] * 3,
        ]
    )


def rezipped(data: bytes, rng: random.Random) -> bytes:
    """A sound archive around a member that is not."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    if name.endswith(".npy") and rng.random() < 0.6:
        header = rng.choice(HEADERS).ljust(117) + b"\n"
        members[name] = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + members[name][128:]
    else:
        members[name] = mutated(members[name], rng)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue()


def resigned(data: bytes, rng: random.Random) -> bytes:
    """A checkpoint whose SHA-256 fits, of a training that is not this one."""
    words = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["lstmviz_checkpoint"]
    tensors = load(data)
    name = rng.choice(list(tensors))
    tensor = tensors[name]
    change = rng.randrange(6)
    if change == 0:
        words = mutated(words.encode(), rng).decode(errors="replace")
    elif change == 1:
        del tensors[name]
    else:
        others = (tensor.double(), torch.zeros(3, 3), tensor.bool(), tensor[..., None].clone())
        tensors[name if change < 5 else name + "x"] = rng.choice(others)
    return bytes(save(tensors, {"lstmviz_checkpoint": words, "sha256": _hash(words, tensors)}))


def go_on(folder: Path) -> None:
    trainer = Trainer(folder)
    for _ in range(8):
        trainer.advance()


READERS: dict[str, tuple[Callable[[Path], object], Callable[[bytes, random.Random], bytes]]] = {
    "run.json": (go_on, mutated),
    "metrics.jsonl": (go_on, mutated),
    "net.json": (lambda folder: load_model(str(net_file(folder))), mutated),
    "net.safetensors": (lambda folder: load_model(str(net_file(folder))), mutated),
    "checkpoints/0000000008.safetensors": (go_on, resigned),
    "probes/0000000004.npz": (lambda folder: read_probe(probe_file(folder, 4)), rezipped),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 150), marks=pytest.mark.slow)], ids=["few", "many"])
def test_whatever_is_in_a_file_it_is_harmless_or_a_sentence(name: str, seeds: range, run: Path, tmp_path: Path) -> None:
    reader, mutate = READERS[name]
    sentences = []
    for seed in seeds:
        folder = shutil.copytree(run, tmp_path / f"{seed}")
        rng = random.Random(f"{name} {seed}")
        file = folder / name
        file.write_bytes(mutate(file.read_bytes(), rng))
        for use in (lambda folder: encode(Part(1, read(str(folder)))), reader):
            try:
                use(folder)
            except LstmvizError as error:
                sentences.append(str(error))
        shutil.rmtree(folder)
    assert all(len(sentence) < 2000 for sentence in sentences)
    assert sentences or name == "metrics.jsonl"  # of those the lines before the bad one are good


# each of these was a traceback once


def test_numbers_beyond_all_counting_are_refused_or_left_out(copy: Path) -> None:
    huge = b"9" * 300
    metrics_file(copy).write_bytes(metrics_file(copy).read_bytes().replace(b'"update":2,', b'"update":' + huge + b","))
    assert read(str(copy)).update == 1
    run_file(copy).write_bytes(run_file(copy).read_bytes().replace(b'"updates": ', b'"updates": ' + huge))
    with pytest.raises(RunError, match=r"run\.json” is damaged"):
        read(str(copy))


@pytest.mark.parametrize("change", ["a tensor is missing", "another shape", "another name", "integers"])
def test_a_checkpoint_of_another_training_is_refused_by_the_name_of_what_does_not_fit(change: str, copy: Path) -> None:
    file = checkpoint_file(copy, 8)
    checkpoint = from_bytes(file.read_bytes(), file.name)
    tensors, name = dict(checkpoint.tensors), "optimiser.exp_avg.readout.bias"
    found = tensors.pop(name)
    if change == "another shape":
        tensors[name] = torch.zeros(2)
    elif change == "another name":
        tensors["optimiser.exp_avg.readout.bios"] = found
    elif change == "integers":
        tensors[name] = found.int()
    file.write_bytes(to_bytes(Checkpoint(checkpoint.state, tensors)))
    with pytest.raises(RunError, match=r"of another training: its “optimiser.exp_avg.readout.bi.s” does not fit"):
        Trainer(copy)


@pytest.mark.parametrize("name", ["metrics.jsonl", "net.json", "net.safetensors", "probes", "probes/0000000099.npz"])
def test_a_run_that_would_write_elsewhere_is_refused(name: str, copy: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    if (copy / name).is_dir():
        shutil.rmtree(copy / name)
    (copy / name).unlink(missing_ok=True)
    try:
        (copy / name).symlink_to(elsewhere)
    except OSError:
        pytest.skip("no links can be made here")
    for use in (Trainer, lambda folder: read(str(folder))):
        with pytest.raises(RunError, match="is a link"):
            use(copy)
    assert elsewhere.read_bytes() == b"mine"


# several processes


def test_each_process_takes_its_share_of_a_state_between_segments(run: Path) -> None:
    trainer = Trainer(run)
    state = msgspec.structs.replace(trainer._checkpoint().state)
    whole = torch.arange(1 * 5 * 4.0).view(1, 5, 4)
    trainer.learner.carried = (whole, -whole)
    checkpoint = Checkpoint(state, tensors_of(trainer.learner))
    for rank, rows in ((0, [0, 3]), (1, [1, 4]), (2, [2])):
        trainer.learner.peers = Peers(rank, 3)
        restore(trainer.learner, checkpoint)
        h, c = trainer.learner.carried
        assert torch.equal(h, whole[:, rows])
        assert torch.equal(c, -whole[:, rows])
    trainer.learner.peers = Peers()


def test_all_processes_of_a_computer_have_a_gpu_or_none() -> None:
    assert one_gpu_each("auto", 2, 2)
    assert not one_gpu_each("auto", 2, 1)  # one on the GPU and one beside it would wait for each other for ever
    assert not one_gpu_each("cpu", 2, 8)
    with pytest.raises(RunError, match="needs a GPU for each of the 2 processes here; there are 1"):
        one_gpu_each("cuda", 2, 1)
