"""Recordings too large for memory go into a store, and stores are saved and exported from where they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from far_trace import STEPS, write_store
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from lstmviz.app import opening, stores
from lstmviz.app.dialogs.record_store import RecordStoreDialog
from lstmviz.app.file_kinds import dropped_paths, what_is
from lstmviz.sequences.samples import sample
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces import store as trace_store
from lstmviz.traces.store import open_trace
from lstmviz.wire.messages import LayerData, NetSummary

WAIT = 60_000
LONG = 1_500
NET = str(sample("sunspots").net_path)


@pytest.fixture
def program(engaged, monkeypatch):
    """The window for which memory ends early."""
    monkeypatch.setattr(opening, "WHOLE", 1000)
    monkeypatch.setattr(trace_store, "WHOLE", 1000)
    return engaged


def walk(steps: int) -> Sequence:
    return Sequence(np.sin(np.arange(steps, dtype=np.float32) / 9)[:, None], name="a long sine")


def asked(qtbot) -> RecordStoreDialog:
    """The dialog that asks where."""

    def found() -> list[RecordStoreDialog]:
        return [
            each for each in QApplication.topLevelWidgets() if isinstance(each, RecordStoreDialog) and each.isVisible()
        ]

    qtbot.waitUntil(lambda: bool(found()), timeout=WAIT)
    return found()[0]


def test_a_long_recording_asks_where_and_is_shown_from_there(program, qtbot, tmp_path: Path) -> None:
    program.opening.record(NET, walk(LONG))
    dialog = asked(qtbot)
    dialog._path.setText(str(tmp_path / "sine"))
    dialog._half.setChecked(True)
    assert dialog.path().endswith("sine.zarr")
    assert "free" in dialog.sentence()
    dialog.accept()
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.trace is not None, timeout=WAIT)
    trace = program.dispatcher.snapshot.trace
    assert trace.lazy
    assert len(trace) == LONG
    assert trace.signal("h").dtype == np.float16
    assert program.dispatcher.session.active.path == str(tmp_path / "sine.zarr")
    assert program.dispatcher.session.active.model_path == NET
    assert str(tmp_path / "sine.zarr") in program.dispatcher.session.recent


def test_a_short_recording_asks_nothing(program, qtbot) -> None:
    program.opening.record(NET, walk(200))
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.trace is not None, timeout=WAIT)
    assert not program.dispatcher.snapshot.trace.lazy


def test_a_recording_that_is_stopped_leaves_a_store_that_opens(program, qtbot, tmp_path: Path) -> None:
    path = tmp_path / "stopped.zarr"
    program.recording.record_store(NET, walk(2_000_000), str(path), "float32", lambda _trace: None)
    journal = path / "lstmviz" / "journal"
    qtbot.waitUntil(lambda: journal.exists() and journal.stat().st_size > 0, timeout=WAIT)
    QApplication.processEvents()
    program.dispatcher.run("task.cancel")
    assert program.dispatcher.session.task is None
    assert str(path) in program.dispatcher.session.notice.text
    # the engine is at another request only once it has closed the store
    program.opening.record(NET, walk(50))
    qtbot.waitUntil(lambda: program.dispatcher.snapshot.trace is not None, timeout=WAIT)
    program.opening.open_path(str(path))
    trace = program.dispatcher.session.trace
    assert 0 < len(trace) < 2_000_000
    assert np.isfinite(trace.signal("h")[len(trace) - 1]).all()
    assert trace.recorded.note


def test_a_large_store_opens_at_once_and_is_saved_and_exported_from_where_it_lies(
    program, qtbot, tmp_path: Path
) -> None:
    path = write_store(tmp_path / "walk.zarr")
    program.dispatcher.run("file.open_path", path=str(path))
    opened = program.dispatcher.session.active  # without the engine: nothing was waited for
    assert opened.trace.lazy
    copy = tmp_path / "copy.zarr"
    program.saving.write_store(opened, str(copy))
    qtbot.waitUntil(lambda: program.dispatcher.session.task is None, timeout=WAIT)
    assert program.dispatcher.session.notice.level == "info"
    one, other = open_trace(path, lazy=True), open_trace(copy, lazy=True)
    np.testing.assert_array_equal(one["c"][5_000:5_100], other["c"][5_000:5_100])
    assert program.dispatcher.session.active.path == str(path)
    table = tmp_path / "part.csv"
    program.saving.export()
    dialog = program.saving.export_dialog
    dialog._path.setText(str(table))
    dialog._steps.setText("20:23")
    dialog._units.setText("0:2")
    qtbot.waitUntil(dialog._ok.isEnabled, timeout=WAIT)
    dialog.accept()
    qtbot.waitUntil(lambda: program.dispatcher.session.task is None and table.exists(), timeout=WAIT)
    assert len(table.read_text(encoding="utf-8").splitlines()) == 1 + 3 * 2 * 6
    program.dispatcher.run("cursor.set", t=STEPS - 1)
    assert program.window.views["unit"].sentence()


def test_what_does_not_fit_on_the_disk_cannot_be_begun(qtbot, tmp_path: Path) -> None:
    dialog = RecordStoreDialog("everything", 1 << 60, str(tmp_path / "all.zarr"))
    qtbot.addWidget(dialog)
    ok = dialog._buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    assert "free" in dialog.sentence()
    small = RecordStoreDialog("little", 1 << 20, str(tmp_path / "nowhere" / "a.zarr"))
    qtbot.addWidget(small)
    assert "does not exist" in small.sentence()
    small._path.setText(str(tmp_path / "a"))
    assert small._buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
    (tmp_path / "a.zarr").mkdir()
    small._on_path_changed()
    assert "replaced" in small.sentence()
    small._path.setText(" ")
    assert not small._buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


def test_the_size_of_a_recording_is_that_of_its_signals() -> None:
    layers = (
        LayerData(0, "a", "lstm", 3, 10, 4, ("forward", "reverse")),
        LayerData(1, "b", "gru", 8, 5, 5, ("forward",)),
        LayerData(2, "c", "rnn", 5, 2, 2, ("forward",)),
    )
    net = NetSummary("", "", "", layers, 0, 3, 0, "none")
    assert stores.recorded_bytes(net, 1000) == 4 * 1000 * (2 * (5 * 10 + 4) + 4 * 5 + 2)


def test_addresses_and_packed_stores_are_traces() -> None:
    for path in ("s3://bucket/a.zarr", "https://host/b.zarr.zip", "memory://c", "/home/me/d.zarr.zip"):
        assert what_is(path) == "trace"
    assert not stores.is_address("file:///home/me/a.zarr")
    assert not stores.is_address("C:\\a.zarr")
    urls = [QUrl("file:///tmp/a.csv"), QUrl("https://host/b.zarr"), QUrl("https://host/page.html")]
    assert dropped_paths(urls) == ("/tmp/a.csv", "https://host/b.zarr")
