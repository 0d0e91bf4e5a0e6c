"""Recording a corpus from the command line: one process, or two under torchrun, into one store."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lstmviz import load_model, load_sequence, record
from lstmviz.cli import main
from lstmviz.traces.corpus import begin_corpus, open_corpus
from lstmviz.traces.store import open_trace


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Five short series in a folder, two of the same name below it."""
    folder = tmp_path / "corpus"
    for n, name in enumerate(("b", "a", "c", "one/same", "two/same")):
        file = folder / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(file, np.arange(4.0 + n) * 10, header="sunspots", comments="")
    return folder


def test_every_file_of_a_folder_is_recorded_under_its_name(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = corpus.parent / "all.zarr"
    assert main(["record", str(corpus), "--model", "sunspots", "--out", str(store)]) == 0
    assert "5 of 5" in capsys.readouterr().out
    members = open_corpus(store)
    assert [member.name for member in members[:3]] == ["a", "b", "c"]
    assert {Path(member.name).parent.name for member in members[3:]} == {"one", "two"}
    expected = record(load_model("samples/nets/sunspots.json"), load_sequence(str(corpus / "b.csv")))
    np.testing.assert_array_equal(open_trace(members[1].path)["c"], expected["c"])


def test_a_sequence_has_the_label_of_its_folder_or_that_of_the_file_of_labels(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, labels = corpus.parent / "all.zarr", corpus / "labels.csv"
    words = ["record", str(corpus), "--model", "sunspots", "--out", str(store)]
    assert main(words) == 0
    assert [member.label for member in open_corpus(store)] == ["", "", "", "one", "two"]
    labels.write_text("name,label\na,rising\nc.csv,falling\none/same.csv,rising\nabsent,rising\n")
    capsys.readouterr()
    assert main([*words, "--labels", str(labels)]) == 0  # beside the sequences, and none of them
    said = capsys.readouterr().out
    assert "0 of 5" in said
    assert "3 of 5 have a label" in said
    assert [member.label for member in open_corpus(store)] == ["rising", "", "falling", "rising", ""]
    labels.write_text("nothing,here\n")
    assert main([*words, "--labels", str(labels)]) == 1
    assert "labels none of the sequences" in capsys.readouterr().err


def test_a_long_corpus_is_inspected_by_its_beginning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin_corpus(tmp_path / "c.zarr", [f"s{n}" for n in range(340)], "", ["even", "odd"] * 170)
    assert main(["inspect", str(tmp_path / "c.zarr")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].endswith("even 170, odd 170")
    assert len(lines) == 3 + 20 + 1
    assert lines[-1].endswith("320 more")


def test_a_recording_that_was_cut_short_goes_on(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = corpus.parent / "all.zarr"
    words = ["record", str(corpus), "--model", "sunspots", "--out", str(store)]
    assert main(words) == 0
    last = open_corpus(store)[4].path
    last.rename(last.with_name("gone"))
    capsys.readouterr()
    assert main(words) == 0
    assert "1 of 5" in capsys.readouterr().out
    assert open_corpus(store)[4].recorded


def test_two_processes_record_disjoint_shares_into_one_store(corpus: Path) -> None:
    store = corpus.parent / "all.zarr"
    run = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "lstmviz",
         "record", str(corpus), "--model", "sunspots", "--out", str(store)],
        capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(corpus.parent)},  # torchrun leaves its logs there
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "3 of 5" in run.stdout
    assert "2 of 5" in run.stdout
    assert all(len(open_trace(member.path)) for member in open_corpus(store))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "sunspots"], "CORPUS"),
        (["a", "--sequence", "sunspots", "--model", "sunspots"], "CORPUS"),
        (["nowhere", "--model", "sunspots"], "nowhere"),
        (["--sequence", "sunspots", "--model", "sunspots", "--labels", "l.csv"], "--labels"),
        ([".", "--model", "sunspots"], "There is no sequence"),
    ],
)
def test_what_is_no_corpus_is_said_in_a_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["record", *words, "--out", "c.zarr"]) in (1, 2)
    assert sentence in capsys.readouterr().err


def test_inspect_lists_what_a_corpus_holds_and_export_asks_for_one_of_it(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = corpus.parent / "all.zarr"
    assert main(["record", str(corpus), "--model", "sunspots", "--out", str(store)]) == 0
    members = open_corpus(store)
    members[4].path.rename(members[4].path.with_name("gone"))
    capsys.readouterr()
    assert main(["inspect", str(store)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("4 of 5 recorded")
    assert lines[2].endswith("one 1, two 1")
    assert [line.split()[0] for line in lines[3:]] == [f"{member.path.name}:" for member in members]
    assert [line.split()[1] for line in lines[3:6]] == ["a", "b", "c"]
    assert [line.split()[2:] for line in lines[3:6]] == [["5", "steps"], ["4", "steps"], ["6", "steps"]]
    assert lines[6].endswith("one  7 steps")
    assert lines[7].endswith("two  not recorded yet")

    assert main(["export", str(store), "--out", str(corpus / "out.csv")]) == 1
    sentence = capsys.readouterr().err
    assert "corpus of many traces; name one of them" in sentence
    assert str(members[0].path) in sentence
    assert main(["export", str(members[0].path), "--out", str(corpus / "out.csv")]) == 0
