"""The folder of a run is read without torch, and a bad one is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from lstmviz.errors import RunError
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import (
    RunFile,
    checkpoint_file,
    checkpoints,
    is_run,
    new_folder,
    read_run,
    read_run_file,
    runs_in,
    write_run_file,
)  # fmt: skip
from lstmviz.runs.metrics import Journal, Metrics, Row

FILE = RunFile(
    title="Reber",
    config=RunConfig(data="reber", params={"strings": 1}, epochs=2),
    parameters=12,
    updates=4,
    unit="mean squared error",
    optimum=None,
    device="cpu",
    reason="as asked for",
    begun="2026-01-01T00:00:00+00:00",
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "probes").mkdir(parents=True)
    write_run_file(folder, FILE)
    (folder / "net.json").write_bytes(b"{}")
    journal = Journal(folder / "metrics.jsonl", Metrics())
    for update in (1, 2, 3):
        journal.put(Row(update, update / 2, 1.0, 1.0, 0.1))
    journal.flush()
    for name in ("0000000000.npz", "0000000003.npz", "3.npz", "00000000xy.npz", ".lstmviz-1-2.npz"):
        (folder / "probes" / name).touch()
    return folder


def test_a_run_is_read_as_it_was_written(run: Path) -> None:
    found = read_run(run)
    assert found.file == FILE
    assert (found.update, found.epoch, found.ended, found.probes) == (3, 1, False, (0, 3))
    assert found.spec == b"{}"


def test_reading_a_run_needs_no_torch(run: Path) -> None:
    code = (
        "import sys; from lstmviz.runs.folder import read_run, runs_in; import lstmviz.runs.probes;"
        f"assert read_run({str(run)!r}).update == 3; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"{", "damaged or no run's"),
        (b'{"format": 99}', "has format 99; this lstmviz reads format 1"),
        (b'{"format": 1}', "damaged or no run's"),
        (b"\xff\xfe", "damaged or no run's"),
        (b"[" * 100_000, "damaged or no run's"),
    ],
)
def test_a_bad_description_is_named(text: bytes, sentence: str, run: Path) -> None:
    (run / "run.json").write_bytes(text)
    with pytest.raises(RunError, match=sentence):
        read_run_file(run)


def test_what_is_no_run_is_named(tmp_path: Path, run: Path) -> None:
    assert is_run(run)
    assert not is_run(tmp_path)
    with pytest.raises(RunError, match="is no run"):
        read_run(tmp_path)
    (run / "net.json").unlink()
    with pytest.raises(RunError, match="has no net yet"):
        read_run(run)


def test_runs_are_listed_by_the_last_one_written(tmp_path: Path, run: Path) -> None:
    for number, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        write_run_file(tmp_path / name, FILE)
        os.utime(tmp_path / name / "run.json", (number + 1, number + 1))
    (tmp_path / "no run").mkdir()
    assert [folder.name for folder in runs_in(tmp_path)] == ["run", "b", "a"]
    assert runs_in(tmp_path / "nowhere") == ()


def test_a_new_folder_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = [
        new_folder(tmp_path / "runs", name).name for name in ("reber", "reber", "clipped at 0.3 · my/prices", "..")
    ]
    assert names == ["reber-001", "reber-002", "clipped-at-0.3-my-prices-001", "run-001"]
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot hold a run"):
        new_folder(tmp_path / "file")


def test_checkpoints_are_numbered_by_update(tmp_path: Path) -> None:
    assert checkpoints(tmp_path) == ()
    (tmp_path / "checkpoints").mkdir()
    for update in (400, 8, 1_000_000_000):
        checkpoint_file(tmp_path, update).touch()
    assert checkpoints(tmp_path) == (8, 400, 1_000_000_000)
    assert msgspec.json.decode(msgspec.json.encode(FILE), type=RunFile) == FILE
