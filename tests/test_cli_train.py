"""Training from the command line: one flag a setting, a line an epoch, and a folder that goes on."""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lstmviz.cli import build_parser, main
from lstmviz.cli.train import train_options
from lstmviz.engine.recorder import record
from lstmviz.nets.reader import load_model
from lstmviz.runs.folder import metrics_file, read_run_file
from lstmviz.runs.metrics import read_metrics
from lstmviz.runs.probes import read_probe
from lstmviz.runs.settings import SETTINGS
from lstmviz.sequences.samples import sample
from lstmviz.traces.store import open_trace

SMALL = ["embedded-reber", "--hidden", "5", "--examples", "32", "--batch", "8", "--epochs", "2", "--probe-every", "4"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_setting_is_a_flag_with_its_hint_and_its_default() -> None:
    parser = argparse.ArgumentParser()
    train_options(parser)
    flags = {flag: action for action in parser._actions for flag in action.option_strings}
    for setting in SETTINGS:
        assert setting.hint.split("%")[0] in str(flags[setting.flag].help)


def test_a_run_is_trained_and_goes_on_and_ends(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *SMALL, "--out", "run"]) == 0
    first = capsys.readouterr().out
    assert "epoch 2/2" in first
    assert "optimum 0.4411" in first
    assert read_run_file("run").config.hidden == 5
    assert main(["train", "--out", "run"]) == 0
    assert "update 8 of 8" in capsys.readouterr().out


def test_the_optimum_stands_in_the_units_of_the_loss(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "prices", "--hidden", "4", "--examples", "32", "--epochs", "1", "--out", "run"]) == 0
    optimum = re.search(r"optimum ([\d.]+)", capsys.readouterr().out)
    assert optimum is not None
    assert float(optimum.group(1)) == pytest.approx(read_run_file("run").optimum, abs=1e-4)


def test_the_net_of_a_run_loads_in_plain_torch(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *SMALL, "--out", "run"]) == 0
    weights = load_file("run/net.safetensors")
    lstm = torch.nn.LSTM(7, 5, batch_first=True)
    lstm.load_state_dict({k.removeprefix("recurrent."): v for k, v in weights.items() if k.startswith("recurrent.")})


def test_a_run_stands_for_its_net_and_its_probes_are_exported(folder: Path) -> None:
    assert main(["train", *SMALL, "--out", "run"]) == 0
    assert main(["record", "--model", "run", "--sequence", "reber", "--out", "t.zarr"]) == 0
    forget = open_trace("t.zarr")["f"]
    trained = record(load_model("run/net.json"), sample("reber").load())
    np.testing.assert_allclose(forget, trained["f"], atol=1e-6)
    probe = max((folder / "run" / "probes").iterdir())
    assert main(["export", str(probe), "--signals", "f", "--out", "f.npz"]) == 0
    kept = read_probe(probe)["f"]
    with np.load("f.npz") as found:
        assert any(np.array_equal(found[name], kept) for name in found.files)


def test_a_file_of_the_users_own_is_trained_on_with_parameters_refused_that_no_generator_has(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "mine.csv").write_text("price\n" + "\n".join(str(n % 7) for n in range(120)))
    words = ["mine.csv", "--steps", "10", "--hidden", "4", "--examples", "16", "--epochs", "1", "--out", "run"]
    assert main(["train", *words]) == 0
    assert Path(read_run_file("run").config.data) == folder / "mine.csv"
    assert main(["train", "embedded-reber", "--param", "nonsense=3", "--out", "other"]) == 1
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ([], 2, "nothing to train on"),
        (["--hidden", "3", "--out", "run"], 2, "nothing to train on"),
        (["nowhere.csv"], 1, "nowhere.csv"),
        (["embedded-reber", "--cell", "gru", "--peepholes"], 1, "--peepholes"),
        (["embedded-reber", "--hidden", "0"], 1, "--hidden is 0"),
        (["embedded-reber", "--hidden", "many"], 2, "--hidden"),
        (["embedded-reber", "--device", "cuda"], 1, "cuda"),
        (["--out", "nowhere"], 1, "nowhere"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(
    words: list[str], status: int, sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "cuda" in words and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert main(["train", *words]) == status
    assert sentence in capsys.readouterr().err


def test_a_run_that_diverged_goes_on_with_a_lower_rate_as_its_sentence_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["continual-reber", "--hidden", "32", "--examples", "60", "--epochs", "2", "--optimiser", "sgd"]
    wild = ["--cell", "rnn", "--activation", "relu", "--clipping", "0", "--learning-rate", "50"]
    assert main(["train", *small, *wild, "--out", "run"]) == 1
    assert "go on with a lower one, or clip the gradient harder" in capsys.readouterr().out
    assert main(["train", "--out", "run", "--learning-rate", "0.01", "--clipping", "1"]) == 0
    assert "epoch 2/2" in capsys.readouterr().out
    changes = read_metrics(metrics_file(Path("run"))).changes
    assert [(change.name, change.value) for change in changes] == [("learning_rate", 0.01), ("clipping", 1)]
    assert main(["train", "--out", "run", "--learning-rate", "0.01", "--hidden", "4"]) == 2


def test_settings_that_differ_from_the_folders_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *SMALL, "--out", "run"]) == 0
    assert main(["train", *SMALL, "--seed", "3", "--out", "run"]) == 1
    assert "seed" in capsys.readouterr().err


def test_control_c_leaves_a_checkpoint_and_says_how_to_go_on(folder: Path) -> None:
    words = [sys.executable, "-m", "lstmviz", "train", *SMALL, "--epochs", "100000", "--out", "run"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as process:
        assert process.stdout is not None
        while "epoch 2/" not in process.stdout.readline():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
    assert process.returncode == 130
    update = re.search(r"update (\d+)", said)
    assert update is not None
    assert "lstmviz train --out run" in said
    assert int(update.group(1)) == max(int(file.stem) for file in (folder / "run" / "checkpoints").iterdir())


@pytest.mark.slow  # starts torch three times; what the processes do is in test_trainer_distributed
def test_two_processes_under_torchrun_train_one_run(folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "-m", "lstmviz", "train", *SMALL, "--out", "run"],
        capture_output=True, text=True, timeout=110, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("epoch 2/2") == 1
    assert (folder / "run" / "net.safetensors").exists()


def test_several_processes_must_be_told_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["train", *SMALL]) == 2
    assert "--out" in capsys.readouterr().err


def test_the_recipes_are_listed_and_each_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    from lstmviz.runs.recipes import RECIPES

    assert main(["train", "--recipes"]) == 0
    printed = capsys.readouterr().out
    assert all(recipe.id in printed for recipe in RECIPES)
    assert build_parser().parse_args(["train", "--recipe", RECIPES[0].id]).recipe == RECIPES[0].id
