"""The command line: what it prints, what it writes and the status with which it ends."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_bench import CSV, folder, net, run, store

import lstmviz
from lstmviz import cli
from lstmviz.cli import main
from lstmviz.cli.command import key_value
from lstmviz.traces.trace import Trace

__all__ = ["folder", "net", "store"]


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    printed = capsys.readouterr().out
    assert all(f"    {command.name} " in printed for command in cli.COMMANDS)


@pytest.mark.parametrize("command", [command.name for command in cli.COMMANDS])
def test_every_command_has_a_help_of_its_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0

    assert f"usage: lstmviz {command}" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"lstmviz {lstmviz.__version__}\n"


@pytest.mark.parametrize("words", [["--help"], ["samples"], ["inspect", "waves.csv"], ["export", "--help"]])
def test_what_needs_neither_torch_nor_qt_imports_neither(words: list[str], folder: Path) -> None:
    code = (
        f"import sys; from lstmviz.cli import main; assert main({words}) == 0; "
        "assert not {'torch', 'PySide6', 'pyqtgraph'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ([], []),
        (["a.csv", "b.zarr"], ["a.csv", "b.zarr"]),
        (["--language", "pt_BR", "a.csv"], ["a.csv"]),
        (["--language=pt_BR"], []),
        (["--sample", "record"], []),
        (["--", "record"], ["record"]),
        (["./record"], ["./record"]),
        (["open", "record"], ["record"]),
    ],
)
def test_a_word_that_is_no_command_is_a_file_for_the_window(words: list[str], files: list[str]) -> None:
    arguments = cli.build_parser().parse_args(cli._with_command(words))

    assert (arguments.command, arguments.files) == ("open", files)


@pytest.mark.parametrize("words", [["record", "--model", "m", "--sequence", "s", "--out", "o"], ["samples"]])
@pytest.mark.parametrize("before", [[], ["--language", "en"]])
def test_a_command_is_a_command_though_a_file_has_its_name(folder: Path, words: list[str], before: list[str]) -> None:
    (folder / words[0]).touch()

    assert cli.build_parser().parse_args(cli._with_command([*before, *words])).command == words[0]


def test_a_recording_is_what_the_library_records(net: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--model", net, "--sequence", "waves.csv", "--out", "t.zarr"]) == 0

    printed = capsys.readouterr()
    assert printed.out.startswith("t.zarr: 30 steps; layers: 1; units: 8; checked: max |Δ| = ")
    assert printed.err == ""
    here = lstmviz.record(lstmviz.load_model(net), lstmviz.load_sequence("waves.csv"))
    assert isinstance(here, Trace)
    for name in "ifogch":
        np.testing.assert_array_equal(lstmviz.open_trace("t.zarr")[name], here[name])


def test_the_options_of_a_sequence_reach_its_reader(net: str, folder: Path) -> None:
    (folder / "holes.csv").write_text(CSV.replace("0.125", ""))
    words = ["record", "--model", net, "--sequence", "holes.csv", "--out", "t.zarr"]

    assert main(words) == 1
    assert main([*words, "--option", "missing=interpolate"]) == 0
    assert lstmviz.open_trace("t.zarr")["x"][1, 0] == np.float32(0.125)


@pytest.mark.parametrize(
    ("text", "value"), [("a=1", 1), ("a=true", True), ("a=;", ";"), ("a=[1,2]", [1, 2]), ("a=b=c", "b=c"), ("a=", "")]
)
def test_the_value_of_an_option_is_json_or_text(text: str, value: object) -> None:
    assert key_value("--option", text) == ("a", value)


def test_what_is_chosen_is_exported_and_nothing_else(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--signals",
        "f,i",
        "--layers",
        "1",
        "--units",
        "0:2",
        "--steps",
        "5:7",
        "--form",
        "wide",
        "--out",
        "F.csv",
    ]

    assert main(["export", store, *words]) == 0

    trace = lstmviz.open_trace(store)
    header, *rows = (line.split(",") for line in Path("F.csv").read_text(encoding="utf-8").splitlines())
    assert len(rows) == 2
    expected = np.hstack([trace.signal(name, 1)[5:7, :2] for name in "fi"])
    np.testing.assert_array_equal(np.array([row[-4:] for row in rows], np.float32), expected)
    assert capsys.readouterr() == (f"F.csv: {Path('F.csv').stat().st_size} bytes\n", "")
    assert len(header) == len(rows[0])


@pytest.mark.parametrize("out", ["b.zarr", "b.zarr.zip"])
def test_a_store_is_exported_as_a_folder_or_one_file(store: str, out: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", store, "--out", out]) == 0

    np.testing.assert_array_equal(lstmviz.open_trace(out)["f"], lstmviz.open_trace(store)["f"])
    assert re.fullmatch(rf"{re.escape(out)}: \d{{4,}} bytes\n", capsys.readouterr().out)
    assert main(["inspect", out]) == 0
    assert main(["export", store, "--out", out, "--units", "0:2"]) == 2
    assert "which holds all of a trace" in capsys.readouterr().err


def test_inspect_says_what_a_trace_holds(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", store]) == 0

    printed = capsys.readouterr().out
    assert "by hand · random walk" in printed
    assert "LSTM 3 → 4: x i f o g c h kept written tanh_c zi zf zo zg y" in printed
    assert "max |Δ| = 2.0e-07 ≤ 1e-05: passed" in printed


def test_inspect_says_what_a_model_holds(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", net]) == 0

    printed = capsys.readouterr().out
    assert "LSTM 2 → 8" in printed
    assert "384" in printed


def test_inspect_says_what_a_sequence_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "waves.csv"]) == 0

    printed = capsys.readouterr().out
    assert "2: a b" in printed
    assert "-29 … 3.625" in printed


def test_every_sample_is_listed_and_can_be_inspected(capsys: pytest.CaptureFixture[str]) -> None:
    from lstmviz.sequences.samples import samples

    assert main(["samples"]) == 0
    listed = capsys.readouterr().out
    for sample in samples():
        assert f"{sample.id} " in listed
        assert main(["inspect", sample.id]) == 0
        assert f"{len(sample.load())}\n" in capsys.readouterr().out


def test_a_sample_is_recorded_and_exported_by_name(folder: Path) -> None:
    assert main(["record", "--model", "sunspots", "--sequence", "sunspots", "--out", "t.zarr"]) == 0
    assert main(["export", "t.zarr", "--signals", "f", "--out", "f.npz"]) == 0

    with np.load("f.npz") as arrays:
        np.testing.assert_array_equal(arrays["layer0/forward/f"], lstmviz.open_trace("t.zarr")["f"])


def test_a_name_of_a_net_and_of_a_sample_is_inspected_as_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "sunspots"]) == 0

    printed = capsys.readouterr().out
    assert "SHA-256:" in printed
    assert "1700.0 … 2008.0" in printed


def test_the_language_that_is_asked_for_is_spoken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--language", "pt_BR", "samples"]) == 0

    assert "Manchas solares" in capsys.readouterr().out


def test_without_a_word_the_window_opens_in_the_language_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstmviz.app import main as app

    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    opened: list[tuple[object, ...]] = []
    monkeypatch.setattr(app, "run", lambda *words: opened.append(words) or 0)

    assert main([]) == 0
    assert main(["--language", "pt_BR"]) == 0
    assert opened == [([], "", ""), ([], "", "pt_BR")]


def test_pictures_are_drawn_and_the_trace_saved_without_a_display(folder: Path) -> None:
    done = run("--language", "en", "pictures", "--sample", "sunspots", "--out", "drawn")

    assert (done.returncode, done.stderr) == (0, "")
    drawn = {path.suffix: path for path in (folder / "drawn").iterdir()}
    assert len(list((folder / "drawn").glob("*.png"))) == 10
    assert lstmviz.open_trace(str(drawn[".zarr"])).sequence.name == "Sunspots, 1700–2008"
    assert all(str(path.relative_to(folder)) in done.stdout for path in (folder / "drawn").iterdir())


def test_the_language_of_the_command_line_is_the_windows_and_the_settings_keep_theirs(
    qtbot: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstmviz.app.main import Program
    from lstmviz.session.settings import Settings, load_settings

    program = Program(Settings(language="en"), "pt_BR")
    try:
        assert program.dispatcher.snapshot.language == "pt_BR"
        assert program.window.menuBar().actions()[0].text() == "&Arquivo"
    finally:
        program.finish()
        program.window.deleteLater()
    assert load_settings().language == "en"


def test_the_doctor_finds_this_installation_sound(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["doctor"])

    printed = capsys.readouterr().out
    assert status == 0, printed
    found = [line[2:23].strip() for line in printed.splitlines()]
    assert {"torch", "PySide6-Essentials", "Qt off screen", "display", "engine", "CPU recording"} <= set(found)


def test_the_doctor_tells_a_processor_that_disagrees() -> None:
    from dataclasses import replace

    from lstmviz.engine import doctor
    from lstmviz.traces.trace import Lane

    here = doctor._record("cpu")
    lane = here.lanes[0, "forward"]
    wrong = replace(here, lanes={(0, "forward"): Lane({**lane.signals, "f": lane.signals["f"] + 1}, lane.h0, lane.c0)})

    assert doctor.compare("cpu", here).ok
    assert not doctor.compare("cpu", wrong).ok
    assert not doctor.compare("no such device", here).ok


def test_a_name_that_is_no_file_is_told_with_what_comes_with_lstmviz(
    folder: Path, net: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "--model", "nope", "--sequence", "waves.csv", "--out", "t.zarr"]) == 1
    assert "There is no file “nope”, nor does anything of that name" in (said := capsys.readouterr().err)
    assert "sunspots" in said
    assert main(["record", "--model", net, "--sequence", "nope", "--out", "t.zarr"]) == 1
    assert "flip-flop" in capsys.readouterr().err


def test_options_for_a_sample_are_refused_not_ignored(net: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["record", "--model", net, "--sequence", "sunspots", "--out", "t.zarr", "--option", "skip=1"]
    assert main(words) == 2
    assert "“sunspots” is a sample" in capsys.readouterr().err


def test_inspect_says_what_a_perfect_model_scores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "reber"]) == 0
    printed = capsys.readouterr().out
    assert "0.4411 nats per predicted symbol" in printed
    assert "0.5041 nats per predicted symbol: ignores the outer letter" in printed
    assert "68.18% of the next symbols" in printed
