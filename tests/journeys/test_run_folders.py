"""Folders that are opened: runs, sound or damaged, and a corpus of traces."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from desk import CONTROL, SHIFT, Desk, wait
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from zarr.core.sync import cleanup_resources

from lstmviz.app.dialogs.corpus import CorpusDialog
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import checkpoint_file, checkpoints, probe_file, probes
from lstmviz.traces.corpus import begin_corpus
from lstmviz.traces.store import save_trace
from lstmviz.traces.trace import Trace

TINY = RunConfig(data="reber", hidden=5, examples=20, batch=4, epochs=6, seed=2, probe_every=5, checkpoint_every=10)
UPDATES = 30


@pytest.fixture(scope="module")
def kept(shared: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that stopped half-way, in a folder that no library lists."""
    shared.program.dispatcher.run("run.start", configs=(TINY,), title="Kept", paused=True)
    shared.until("paused")
    shared.press(Qt.Key.Key_F8)
    wait(lambda: shared.run.epoch == 1 and shared.run.state == "paused", "an epoch")
    shared.press(Qt.Key.Key_F8)
    wait(lambda: shared.run.epoch == 2 and shared.run.state == "paused", "two epochs")
    shared.press(Qt.Key.Key_Space, CONTROL | SHIFT)
    shared.until("ended")
    folder = tmp_path_factory.mktemp("kept") / "run"
    shutil.copytree(shared.folder, folder)
    return folder


@pytest.fixture
def folder(kept: Path, desk: Desk, tmp_path: Path) -> Path:
    """A copy of it, for one test to damage."""
    return shutil.copytree(kept, tmp_path / "my run")


def one_sentence(text: str) -> bool:
    signs = ("Traceback", "Errno", "Error:", "Exception", "  File ")
    return 10 < len(text) < 600 and text.rstrip()[-1] in ".)?!" and not any(sign in text for sign in signs)


def test_a_dropped_run_shows_how_far_it_came_and_goes_on(desk, folder):
    desk.drop(folder)
    wait(lambda: desk.session.runs.views, "the run")
    assert (desk.run.state, desk.run.title, desk.run.update) == ("read", "Kept", 10)
    assert desk.window.views["training"].isVisible()
    assert list(desk.run.curves.update) == list(range(1, 11))
    wait(lambda: desk.session.trace.name == "Kept", "its probe")
    assert desk.session.recent[0] == str(folder)
    assert desk.program.dispatcher.snapshot.replay.updates == probes(folder)
    desk.press(Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert desk.program.dispatcher.snapshot.replay.position == len(probes(folder)) - 2
    desk.drop(folder / "run.json")
    desk.settled()
    assert len(desk.session.runs.views) == 1, "the same run again is no other run"
    button = desk.window.views["training"].steering.buttons["run.continue"]
    desk.click(button)
    desk.until("ended")
    assert desk.run.update == UPDATES
    assert desk.notice == ""


def test_a_folder_named_on_the_command_line_is_opened(desk, folder):
    desk.program.open_first((str(folder),), "")
    wait(lambda: desk.session.runs.views, "the run")
    assert (desk.run.title, desk.run.state) == ("Kept", "read")


def _no_words(folder: Path) -> None:
    (folder / "run.json").write_text('{"format": 1, "title": "Kept"')


def _later_version(folder: Path) -> None:
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace('"format":1', '"format":99').replace('"format": 1', '"format": 99'))


def _other_file(folder: Path) -> None:
    (folder / "run.json").write_bytes(b"\x00\xff" * 50)


@pytest.mark.parametrize("damage", [_no_words, _later_version, _other_file], ids=lambda make: make.__name__.strip("_"))
def test_a_run_that_cannot_be_read_is_one_sentence_and_changes_nothing(
    desk: Desk, folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder)
    trace, face = desk.session.trace, desk.session.face
    desk.drop(folder)
    wait(lambda: desk.notice, "a sentence")
    assert one_sentence(desk.notice), desk.notice
    assert folder.name in desk.notice
    assert desk.session.notice.level == "error"
    assert (desk.session.trace, desk.session.face, desk.session.runs.views) == (trace, face, ())


def test_a_damaged_probe_is_one_sentence_and_the_others_are_shown(desk, folder):
    last = probe_file(folder, probes(folder)[-1])
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    desk.drop(folder)
    wait(lambda: desk.notice, "a sentence")
    assert one_sentence(desk.notice), desk.notice
    assert last.name in desk.notice
    assert desk.run.title == "Kept"
    assert len(desk.run.curves.loss) == 10


def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one_and_says_so(desk, folder):
    older, newest = checkpoints(folder)[-2:]
    broken = checkpoint_file(folder, newest)
    broken.write_bytes(broken.read_bytes()[:-100])
    desk.drop(folder)
    wait(lambda: desk.session.runs.views, "the run")
    desk.press(Qt.Key.Key_N, CONTROL | SHIFT)
    desk.until("ended")
    assert desk.run.update == UPDATES
    told = [text for update, text in desk.run.log if update == older]
    assert any(broken.name in text and "The one before it is used." in text for text in told), desk.run.log


def test_a_run_whose_data_is_gone_is_shown_and_says_what_it_lacks_when_it_is_to_go_on(desk, tmp_path):
    data = tmp_path / "spots.csv"
    data.write_text("spots\n" + "\n".join(f"{50 + 40 * np.sin(n / 3):.3f}" for n in range(300)) + "\n")
    desk.train(RunConfig(data=str(data), steps=20, hidden=4, batch=4, epochs=200), title="Spots")
    wait(lambda: desk.run.update > 2, "some updates")
    desk.press(Qt.Key.Key_Space, CONTROL | SHIFT)
    desk.until("ended")
    came, losses = desk.folder, len(desk.run.curves.loss)
    desk.program.dispatcher.run("run.close", id=desk.run.id)
    data.unlink()
    desk.drop(came)
    wait(lambda: desk.session.runs.views, "the run")
    assert len(desk.run.curves.loss) == losses
    wait(lambda: desk.session.trace.name == "Spots", "its probe")
    desk.press(Qt.Key.Key_N, CONTROL | SHIFT)
    desk.until("failed")
    assert one_sentence(desk.run.sentence), desk.run.sentence
    assert "spots.csv" in desk.run.sentence
    assert len(desk.run.curves.loss) == losses, "nothing is lost"
    assert (came / "run.json").exists()
    data.write_text("spots\n" + "\n".join(f"{50 + 40 * np.sin(n / 3):.3f}" for n in range(300)) + "\n")
    desk.press(Qt.Key.Key_N, CONTROL | SHIFT)
    desk.until("training")


@pytest.fixture
def corpus(tmp_path: Path, make_trace: Callable[..., Trace]) -> Iterator[Path]:
    """A store of three sequences, of which two were recorded."""
    store = tmp_path / "all.zarr"
    for steps, member in zip((12, 13), begin_corpus(store, ("apple", "pear", "peach"), ""), strict=False):
        save_trace(make_trace(steps=steps), member.path)
    cleanup_resources()
    yield store
    cleanup_resources()


def test_a_trace_of_a_dropped_corpus_is_chosen_by_its_name(desk, corpus):
    desk.drop(corpus)
    dialog = desk.dialog(CorpusDialog)
    assert dialog.table.model().rowCount() == 3  # also the one that is not recorded yet
    assert QApplication.focusWidget() is dialog.search
    desk.press(Qt.Key.Key_Down)  # in the table, though the field has the keys
    assert dialog.table.currentIndex().data() == "pear"
    desk.type("pea")
    desk.press(Qt.Key.Key_Return)
    desk.settled()
    assert desk.notice == ""
    assert len(desk.session.trace) == 13
    assert desk.session.recent[0] == str(corpus)

    # the recent corpus asks again; Escape changes nothing
    trace = desk.session.trace
    desk.double_click_row("all.zarr")
    desk.dialog(CorpusDialog)
    desk.press(Qt.Key.Key_Escape)
    assert desk.session.trace is trace


def test_a_trace_of_a_corpus_that_is_gone_and_a_damaged_corpus_are_one_sentence_each(desk, corpus):
    desk.drop(corpus)
    dialog = desk.dialog(CorpusDialog)
    shutil.rmtree(corpus / "00000000.zarr")
    desk.type("apple")
    desk.click(dialog._open)
    desk.settled()
    assert one_sentence(desk.notice), desk.notice
    assert "00000000.zarr" in desk.notice
    words = (corpus / "zarr.json").read_bytes()
    (corpus / "zarr.json").write_bytes(words[: len(words) - 5])
    desk.drop(corpus)
    desk.settled()
    assert one_sentence(desk.notice), desk.notice
    assert "all.zarr" in desk.notice
