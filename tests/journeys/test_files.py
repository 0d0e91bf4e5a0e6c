"""Whatever is dropped or chosen: the right thing happens, or one sentence is said and what was open stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desk import CONTROL, Desk
from PySide6.QtCore import Qt
from zarr.core.sync import cleanup_resources

from lstmviz import paths
from lstmviz.app.dialogs.record import RecordDialog
from lstmviz.traces.store import save_trace
from lstmviz.traces.trace import Trace


@pytest.fixture
def save() -> Iterator[Callable[[Trace, Path], None]]:
    """Write a store, and end the threads that zarr keeps for it."""
    yield save_trace
    cleanup_resources()


@pytest.fixture
def with_sunspots(desk: Desk) -> Desk:
    """The net that takes one number a step, on its own sample."""
    desk.program.dispatcher.run("sample.open", id="sunspots")
    desk.settled()
    return desk


def state(desk: Desk) -> tuple[object, ...]:
    session = desk.session
    return tuple(session.opened), session.trace, session.place, session.signals, session.task


def one_sentence(text: str) -> bool:
    signs = ("Traceback", "Errno", "Error:", "Exception", "  File ")
    return 10 < len(text) < 600 and text.rstrip()[-1] in ".)?!" and not any(sign in text for sign in signs)


def test_a_dropped_table_that_fits_is_read_by_the_open_net(with_sunspots, tmp_path):
    desk, file = with_sunspots, tmp_path / "my spots.csv"
    values = 50 + 40 * np.sin(np.arange(60) / 3)
    file.write_text("spots\n" + "\n".join(f"{value:.4f}" for value in values) + "\n")
    count = len(desk.session.opened)
    desk.drop(file)
    desk.settled()
    assert desk.notice == ""
    assert len(desk.session.opened) == count + 1
    trace = desk.session.trace
    assert np.allclose(trace.sequence.values[:, 0], values, atol=1e-4)
    assert trace.check.passed
    assert desk.session.place.t == 0
    assert desk.session.recent[0] == str(file)


def test_a_text_chosen_by_ctrl_o_asks_for_the_net_that_fits_and_is_recorded(desk, tmp_path):
    letters = set(desk.program.samples[2].load().vocabulary)
    file = tmp_path / "words.txt"
    file.write_text("".join(letter for letter in "the clock and the sea" if letter in letters))
    desk.press(Qt.Key.Key_O, CONTROL)
    desk.choose_file(file)
    desk.settled()
    dialog = desk.dialog(RecordDialog)
    rows = [dialog.models.item(n) for n in range(dialog.models.count())]
    fitting = [row.text().partition("\n")[0] for row in rows if row.flags() & Qt.ItemFlag.ItemIsEnabled]
    assert fitting == ["text", "Choose a model file…"]
    desk.press(Qt.Key.Key_Return)
    desk.settled()
    assert desk.notice == ""
    assert desk.session.trace.model.name == "text"
    assert desk.session.trace.sequence.vocabulary


@pytest.mark.parametrize("model_path", ["", "/", ".", "a\0b", "/no/such/net.pt"])
def test_a_dropped_trace_store_opens_wherever_its_model_was(desk, make_trace, save, tmp_path, model_path):
    trace = make_trace(steps=30, units=6)
    trace = replace(trace, model=replace(trace.model, path=model_path))
    save(trace, tmp_path / "by hand.zarr")
    desk.drop(tmp_path / "by hand.zarr")
    desk.settled()
    assert desk.notice == ""
    found = desk.session.trace.lanes[0, "forward"].signals
    assert all(found[name].tobytes() == array.tobytes() for name, array in trace.lanes[0, "forward"].signals.items())


def test_a_model_and_a_table_dropped_together_are_recorded(desk, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a\n" + "\n".join(str(n) for n in range(20)) + "\n")
    desk.drop(paths.samples() / "nets" / "sunspots.safetensors", file)
    desk.settled()
    assert desk.notice == ""
    assert len(desk.session.trace) == 20
    assert "sunspots" in desk.session.trace.model.name


def test_a_drop_without_files_is_refused(desk):
    before = state(desk)
    desk.drop(urls=["https://example.org/a.csv"])
    desk.settled()
    assert state(desk) == before
    assert desk.notice == ""


def _missing(folder: Path) -> Path:
    return folder / "gone.csv"


def _empty(folder: Path) -> Path:
    (folder / "empty.csv").write_bytes(b"")
    return folder / "empty.csv"


def _words(folder: Path) -> Path:
    (folder / "words.csv").write_text("a\n1\nthree\n")
    return folder / "words.csv"


def _ragged(folder: Path) -> Path:
    (folder / "ragged.csv").write_text("a,b\n1,2\n3\n5,6\n")
    return folder / "ragged.csv"


def _wrong_picture(folder: Path) -> Path:
    (folder / "wrong.png").write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(64))
    return folder / "wrong.png"


def _wrong_sound(folder: Path) -> Path:
    (folder / "wrong.wav").write_bytes(b"RIFF" + os.urandom(40))
    return folder / "wrong.wav"


def _truncated_array(folder: Path) -> Path:
    np.save(folder / "short.npy", np.ones((100, 1)))
    data = (folder / "short.npy").read_bytes()
    (folder / "short.npy").write_bytes(data[: len(data) // 2])
    return folder / "short.npy"


def _truncated_net(folder: Path) -> Path:
    for ending in (".json", ".safetensors"):
        data = (paths.samples() / "nets" / f"sunspots{ending}").read_bytes()
        (folder / f"net{ending}").write_bytes(data if ending == ".json" else data[: len(data) // 2])
    return folder / "net.safetensors"


def _flipped_net(folder: Path) -> Path:
    for ending in (".json", ".safetensors"):
        data = bytearray((paths.samples() / "nets" / f"sunspots{ending}").read_bytes())
        if ending == ".safetensors":
            data[-100] ^= 0x40
        (folder / f"net{ending}").write_bytes(data)
    return folder / "net.safetensors"


def _empty_store(folder: Path) -> Path:
    (folder / "empty.zarr").mkdir()
    return folder / "empty.zarr"


def _binary(folder: Path) -> Path:
    (folder / "noise.bin").write_bytes(os.urandom(500))
    return folder / "noise.bin"


def _locked(folder: Path) -> Path:
    (folder / "locked.csv").write_text("a\n1\n")
    (folder / "locked.csv").chmod(0)
    if os.access(folder / "locked.csv", os.R_OK):
        pytest.skip("this user may read every file")
    return folder / "locked.csv"


@pytest.mark.parametrize(
    "make",
    [
        _missing, _empty, _words, _ragged, _wrong_picture, _wrong_sound, _truncated_array,
        _truncated_net, _flipped_net, _empty_store, _binary, _locked,
    ],
    ids=lambda make: make.__name__.strip("_"),
)  # fmt: skip
def test_what_cannot_be_opened_is_one_sentence_that_names_it_and_changes_nothing(
    desk: Desk, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    file = make(tmp_path)
    desk.press(Qt.Key.Key_Right, times=4)
    before = state(desk)
    desk.drop(file)
    desk.settled()
    assert one_sentence(desk.notice), desk.notice
    assert file.stem in desk.notice, desk.notice
    assert state(desk) == before
    assert desk.session.engine == "ready"
    assert desk.session.notice.level == "error"


def test_a_truncated_store_is_one_sentence(desk, make_trace, save, tmp_path):
    store = tmp_path / "cut.zarr"
    save(make_trace(steps=200, units=16), store)
    largest = max((file for file in store.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])
    before = state(desk)
    desk.drop(store)
    desk.settled()
    assert one_sentence(desk.notice), desk.notice
    assert "cut.zarr" in desk.notice
    assert state(desk) == before


def test_a_table_of_another_width_offers_only_what_fits(with_sunspots, tmp_path):
    desk, file = with_sunspots, tmp_path / "wide.csv"
    file.write_text("a,b,c,d\n" + "1,2,3,4\n" * 12)
    before = state(desk)
    desk.drop(file)
    desk.settled()
    dialog = desk.dialog(RecordDialog)
    rows = [dialog.models.item(n) for n in range(dialog.models.count())]
    fitting = [row.text() for row in rows if row.flags() & Qt.ItemFlag.ItemIsEnabled]
    assert fitting == ["Choose a model file…"]
    desk.press(Qt.Key.Key_Escape)
    assert state(desk) == before


def test_good_files_among_bad_ones_are_opened(desk, make_trace, save, tmp_path):
    save(make_trace(steps=12), tmp_path / "good.zarr")
    bad = _words(tmp_path)
    desk.drop(bad, tmp_path / "good.zarr", tmp_path / "gone.csv")
    desk.settled()
    assert len(desk.session.trace) == 12
    assert "gone.csv" in desk.notice
