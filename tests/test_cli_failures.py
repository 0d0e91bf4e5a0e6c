"""What the command line does where something goes wrong: a sentence, a status, and no half-written file."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_bench import folder, names_in, net, run, store

from lstmviz import cli
from lstmviz.cli import main
from lstmviz.cli.command import Command
from lstmviz.traces.trace import Trace

__all__ = ["folder", "net", "store"]


@pytest.mark.parametrize(
    "words",
    [
        ["inspect", "missing.csv"],
        ["pictures", "--sample", "no-such-sample"],
        ["inspect", "missing.json"],
        ["inspect", "missing.zarr"],
        ["inspect", "empty.csv"],
        ["export", "missing.zarr", "--out", "a.csv"],
        ["export", "t.zarr", "--out", "a.doc"],
        ["export", "t.zarr", "--out", "no/such/folder/a.csv"],
        ["export", "t.zarr", "--signals", "q", "--out", "a.csv"],
        ["export", "t.zarr", "--units", "99", "--out", "a.csv"],
        ["export", "t.zarr", "--layers", "7", "--out", "a.csv"],
        ["export", "t.zarr", "--steps", "a:b", "--out", "a.csv"],
        ["record", "--model", "small.json", "--sequence", "missing.csv", "--out", "a.zarr"],
        ["record", "--model", "missing.json", "--sequence", "waves.csv", "--out", "a.zarr"],
        ["record", "--model", "small.json", "--sequence", "wide.csv", "--out", "a.zarr"],
        ["record", "--model", "small.json", "--sequence", "nan.csv", "--out", "a.zarr"],
        ["record", "--model", "small.json", "--sequence", "waves.csv", "--out", "no/such/folder/a.zarr"],
        ["record", "--model", "small.json", "--sequence", "waves.csv", "--out", "a.zarr", "--option", "nonsense=1"],
    ],
    ids=" ".join,
)
def test_a_failure_is_one_sentence_and_status_1_and_leaves_no_file(
    words: list[str], folder: Path, net: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty.csv").touch()
    (folder / "wide.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    (folder / "nan.csv").write_text("a,b\n1,nan\n4,5\n")
    before = names_in(folder)

    assert main(words) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("lstmviz: ")
    assert printed.err.count("\n") == 1
    assert names_in(folder) == before


@pytest.mark.parametrize("file", ["gone.csv", "gone.zarr", "folder/gone"])
def test_a_file_that_is_gone_is_no_wrong_usage(file: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([file]) == 1
    assert capsys.readouterr().err == f"lstmviz: There is no file “{file}”.\n"


@pytest.mark.parametrize(
    "words",
    [
        ["record", "--model", "small.json"],
        ["record", "--model", "a", "--sequence", "b", "--out", "c.csv"],
        ["record", "--model", "small.json", "--sequence", "waves.csv", "--out", "c.zarr", "--option", "nonsense"],
        ["export"],
        ["export", "t.zarr", "--form", "tall", "--out", "a.csv"],
        ["samples", "--no-such-option"],
        ["--language", "tlh", "samples"],
        ["recrod"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert "lstmviz" in printed.err


def added(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """A command ``boom`` that raises the error."""

    def boom(_arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(cli, "COMMANDS", (*cli.COMMANDS, Command("boom", "", lambda parser: None, boom)))


def test_what_was_not_foreseen_is_a_sentence_with_the_log_that_has_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    added(monkeypatch, ZeroDivisionError("a slip"))

    assert main(["boom"]) == 1

    printed = capsys.readouterr().err
    assert "ZeroDivisionError: a slip" in printed
    assert "Traceback" not in printed
    assert "Traceback" in Path(printed.rsplit(": ", 1)[1].strip()).read_text(encoding="utf-8")


def test_an_interrupt_is_status_130_and_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    added(monkeypatch, KeyboardInterrupt())

    assert main(["boom"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_an_interrupted_export_leaves_no_file(folder: Path, make_trace: Callable[..., Trace]) -> None:
    make_trace(steps=2000, units=128).save("big.zarr")
    before = names_in(folder)
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from lstmviz.cli import main; sys.exit(main(['export', 'big.zarr', '--out', 'big.csv', '--signals', 'all']))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while names_in(folder) == before:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (130, b"", b"")
    assert names_in(folder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="closes a pipe")
def test_a_reader_that_has_seen_enough_is_no_failure(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "lstmviz", "samples"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()

    assert complaint == b""
    assert process.returncode == 141


def test_a_terminal_without_our_signs_is_no_failure() -> None:
    import os

    done = run("samples", env={**os.environ, "PYTHONIOENCODING": "ascii"})

    assert done.returncode == 0
    assert "Counting: a?b?" in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_the_window_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)

    assert main(["--sample", "reber"]) == 1
    assert "no display" in capsys.readouterr().err
