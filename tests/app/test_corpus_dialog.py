"""The dialog that opens one sequence of a corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from lstmviz.app.dialogs.corpus import CorpusDialog
from lstmviz.traces.corpus import begin_corpus, open_corpus
from lstmviz.traces.store import save_trace
from lstmviz.traces.trace import Trace


def test_what_is_searched_for_and_chosen_is_opened(
    qtbot: QtBot, tmp_path: Path, make_trace: Callable[..., Trace]
) -> None:
    members = begin_corpus(tmp_path / "c.zarr", ("apple", "pear", "peach"), "")
    for member in members[:2]:
        save_trace(make_trace(steps=4), member.path)
    dialog = CorpusDialog("c", open_corpus(tmp_path / "c.zarr"))
    qtbot.addWidget(dialog)
    assert "2 of 3" in dialog.findChildren(QLabel)[0].text()
    qtbot.keyClicks(dialog.search, "PEA")
    assert dialog.names.model().rowCount() == 1  # peach is not recorded yet
    dialog.show()
    with qtbot.waitSignal(dialog.chosen) as chosen:
        qtbot.keyClick(dialog.search, Qt.Key.Key_Return)
    assert chosen.args == [str(members[1].path)]


def test_what_is_not_there_cannot_be_opened(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = CorpusDialog("c", begin_corpus(tmp_path / "c.zarr", ("apple",), ""))
    qtbot.addWidget(dialog)
    with qtbot.assertNotEmitted(dialog.chosen):
        dialog.accept()
