"""A training that is killed goes on to the same numbers, bit for bit; and what is damaged is left aside."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lstmviz.engine.trainer import Trainer
from lstmviz.errors import RunError
from lstmviz.nets.reader import load_model
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import checkpoint_file, checkpoints, net_file, read_run
from lstmviz.runs.metrics import COLUMNS, VALIDATION, read_metrics

SMALL = RunConfig(data="embedded-reber", hidden=8, examples=64, batch=8, epochs=3)
CONFIGS = {
    "dropout, momentum, plateau": msgspec.structs.replace(
        SMALL,
        layers=2,
        dropout=0.3,
        optimiser="momentum",
        schedule="plateau",
        clipping=0.1,
        weight_decay=1e-3,
        checkpoint_every=6,
    ),
    "truncated BPTT, checkpoints inside sequences": msgspec.structs.replace(
        SMALL, bptt=4, checkpoint_every=3, probe_every=5, schedule="cosine"
    ),
    "windows of a file, GRU": msgspec.structs.replace(
        SMALL, data="sunspots", cell="gru", optimiser="rmsprop", steps=20, checkpoint_every=4, schedule="step"
    ),
    "our own loop": msgspec.structs.replace(SMALL, peepholes=True, optimiser="adamw", epochs=2, checkpoint_every=5),
}

KILLS = 3
KILLER = """
import os, random, signal, sys, time
from pathlib import Path
import msgspec, torch
from lstmviz.engine.trainer import Trainer
from lstmviz.runs.config import RunConfig

torch.set_num_threads(1)

def train(folder, config):
    trainer = Trainer(folder, config)
    while trainer.state == "training":
        if trainer.update == 7 and not trainer.metrics.changes:
            trainer.steer(learning_rate=0.02, clipping=0.05)
        trainer.advance()
        time.sleep(0.002)
    trainer.close()

def kill_and_go_on(folder, config, rng, kills):
    while True:
        child = os.fork()
        if not child:
            train(folder, config)
            os._exit(0)
        if kills:
            kills -= 1
            time.sleep(rng.uniform(0.05, 0.4))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return os.waitstatus_to_exitcode(status)

configs = msgspec.json.decode(sys.argv[2], type=dict[str, RunConfig])
rng = random.Random(1)
for name, config in configs.items():
    Trainer(Path(sys.argv[1]) / "warm" / name, config).advance()  # so that the children lose no time with imports
for name, config in configs.items():
    if kill_and_go_on(Path(sys.argv[1]) / name, config, rng, int(sys.argv[3])):
        sys.exit(name)
"""


@pytest.fixture(scope="module")
def killed_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every config trained to its end in a process of its own, which was killed again and again on the way."""
    if sys.platform == "win32":
        pytest.skip("there is no fork")
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", KILLER, str(folder), msgspec.json.encode(CONFIGS).decode(), str(KILLS)]
    subprocess.run(command, check=True, timeout=100)
    return folder


def train_with_a_change(folder: Path, config: RunConfig) -> Trainer:
    trainer = Trainer(folder, config)
    while trainer.state == "training":
        if trainer.update == 7 and not trainer.metrics.changes:
            trainer.steer(learning_rate=0.02, clipping=0.05)
        trainer.advance()
    trainer.close()
    return trainer


def told(folder: Path) -> tuple[str, dict[str, bytes], tuple[tuple[int, str], ...]]:
    """The hash of the weights, and the metrics as bytes, as they lie in the folder."""
    run = read_run(folder)
    weights = hashlib.sha256((folder / "net.safetensors").read_bytes()).hexdigest()
    return (
        weights,
        {name: getattr(run.metrics, name).tobytes() for name in (*COLUMNS, *VALIDATION)},
        run.metrics.log,
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_a_killed_run_goes_on_to_the_same_numbers(name: str, killed_runs: Path, tmp_path: Path) -> None:
    whole = train_with_a_change(tmp_path / "whole", CONFIGS[name])
    assert whole.state == "ended"
    assert told(killed_runs / name) == told(tmp_path / "whole")
    assert len(whole.metrics.changes) == 2
    assert load_model(net_file(killed_runs / name)).spec.hidden == 8


@pytest.mark.parametrize("phases", [1, 2, 3, 4, 5])
def test_a_run_closed_between_two_phases_goes_on_to_the_same_numbers(phases: int, tmp_path: Path) -> None:
    config = msgspec.structs.replace(SMALL, dropout=0.5, epochs=1, bptt=7)
    first = Trainer(tmp_path / "cut", config)
    done = 0
    while done < 20 + phases:
        done += type(first.advance()).__name__ in ("Phase", "Updated")
    first.close()
    for folder in ("cut", "whole"):
        trainer = Trainer(tmp_path / folder, config)
        trainer.run()
        trainer.close()
    assert told(tmp_path / "cut") == told(tmp_path / "whole")


def test_a_change_that_the_kill_cut_off_is_made_again_and_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    config = msgspec.structs.replace(SMALL, checkpoint_every=100)
    trainer = Trainer(tmp_path / "run", config)
    while trainer.update < 9:
        trainer.advance()
    trainer.steer(learning_rate=0.5)
    again = Trainer(tmp_path / "run")  # the first one never wrote a checkpoint but that of the start
    assert (again.update, again.learning_rate) == (0, 0.01)
    while again.update < 10:
        again.advance()
    assert again.learning_rate == 0.5
    third = Trainer(tmp_path / "run")
    while third.update < 3:
        third.advance()
    third.steer(learning_rate=0.25)
    while third.update < 12:
        third.advance()
    assert third.learning_rate == 0.25
    assert [change.said for change in read_metrics(tmp_path / "run" / "metrics.jsonl").changes] == [0.25]


@pytest.mark.parametrize("damage", ["cut short", "a bit flipped", "empty"])
def test_a_damaged_checkpoint_is_left_aside_for_the_one_before(damage: str, tmp_path: Path) -> None:
    config = msgspec.structs.replace(SMALL, checkpoint_every=5)
    for folder in ("run", "whole"):
        trainer = Trainer(tmp_path / folder, config)
        while trainer.update < 20:
            trainer.advance()
        trainer.close()
    newest = checkpoint_file(tmp_path / "run", checkpoints(tmp_path / "run")[-1])
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes({"cut short": data[: len(data) // 3], "a bit flipped": data, "empty": b""}[damage])
    again = Trainer(tmp_path / "run")
    assert again.update == 15
    assert "0000000020.safetensors” is damaged" in again.log[-1][1]
    again.run()
    again.close()
    whole = Trainer(tmp_path / "whole")
    whole.run()
    whole.close()
    assert told(tmp_path / "run")[:2] == told(tmp_path / "whole")[:2]


def test_a_run_whose_checkpoints_are_all_damaged_says_so(tmp_path: Path) -> None:
    Trainer(tmp_path / "run", SMALL).close()
    for update in checkpoints(tmp_path / "run"):
        checkpoint_file(tmp_path / "run", update).write_bytes(b"nothing")
    with pytest.raises(RunError, match=r"No checkpoint of the run .* can be read.*Begin it again"):
        Trainer(tmp_path / "run")


def test_a_net_left_at_odds_by_a_kill_is_written_again(tmp_path: Path) -> None:
    Trainer(tmp_path / "run", SMALL).close()
    weights = tmp_path / "run" / "net.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    Trainer(tmp_path / "run").close()
    assert load_model(net_file(tmp_path / "run")).spec.hidden == 8


def test_only_a_few_checkpoints_are_kept(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", msgspec.structs.replace(SMALL, checkpoint_every=2))
    trainer.run()
    trainer.close()
    assert checkpoints(tmp_path / "run") == (18, 20, 22, 24)


def test_the_net_of_a_run_opens_in_plain_torch(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", msgspec.structs.replace(SMALL, epochs=1))
    trainer.run()
    trainer.close()
    weights = load_file(tmp_path / "run" / "net.safetensors")
    lstm = torch.nn.LSTM(7, 8, batch_first=True)
    lstm.load_state_dict({name.removeprefix("recurrent."): w for name, w in weights.items() if "recurrent" in name})
    x = torch.randn(1, 5, 7)
    with torch.no_grad():
        expected = trainer.net.recurrent(x)[0]
        np.testing.assert_array_equal(lstm(x)[0].numpy(), expected.numpy())
