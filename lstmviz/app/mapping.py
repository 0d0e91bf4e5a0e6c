"""Asking which array of a file is which: the engine lists the arrays and keeps what the user says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from lstmviz.app.recording import Recording
from lstmviz.app.theme import THEMES
from lstmviz.errors import LstmvizError, ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.containers import MODULES
from lstmviz.session.dispatch import Dispatcher
from lstmviz.wire.mapping_messages import ArraysListed, KeepMapping, ListArrays, MappingKept

_FEWEST = 2
"""Matrices that a recurrent layer has at least."""


class Mapping:
    """Opens the dialog for a file; whoever asked goes on when a mapping is kept."""

    def __init__(self, window: QWidget, dispatcher: Dispatcher, recording: Recording) -> None:
        self._window = window
        self._dispatcher = dispatcher
        self._recording = recording

    def ask(self, path: str, then: Callable[[], None], refused: LstmvizError | None = None) -> None:
        """Say which arrays of a file are the weights; ``then`` when that is kept.

        refused: what is said instead where the file holds no arrays that could be weights.
        """
        shown = partial(self._show, then, refused)
        self._recording.ask(tr("Reading “{path}”", path=path), ListArrays(0, path), ArraysListed, shown)

    def choose(self, then: Callable[[str], None]) -> None:
        """Choose a file of arrays and say which is which, or say it anew; ``then`` gets its path."""
        dialog = QFileDialog(self._window, tr("Choose a file of weights"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        wanted = " ".join(f"*{ending}" for ending in MODULES)
        dialog.setNameFilters([f"{tr('Files of arrays')} ({wanted})", f"{tr('All files')} (*)"])
        dialog.fileSelected.connect(partial(self._on_file_selected, then))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_file_selected(self, then: Callable[[str], None], path: str) -> None:
        self.ask(path, partial(then, path))

    def _show(self, then: Callable[[], None], refused: LstmvizError | None, listed: ArraysListed) -> None:
        if sum(len(row.shape) == 2 for row in listed.arrays) < _FEWEST:
            raise refused or ModelError(
                "“{file}” holds no two matrices; expected one that weighs x(t) and one that weighs h(t−1).",
                file=listed.path,
            )
        from lstmviz.app.dialogs.mapping import MappingDialog

        theme = THEMES[self._dispatcher.snapshot.theme]
        dialog = MappingDialog(Path(listed.path).name, listed, theme, self._window)
        dialog.chosen.connect(partial(self._keep, listed.path, then))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _keep(self, path: str, then: Callable[[], None], mapping: str) -> None:
        self._recording.ask(
            tr("Reading “{path}”", path=path), KeepMapping(0, path, mapping), MappingKept, partial(self._kept, then)
        )

    def _kept(self, then: Callable[[], None], kept: MappingKept) -> None:
        self._dispatcher.session.notify(
            tr(
                "Which array is which is kept in “{file}”, for every file of the same layout. To change it: File › Say"
                " which array is which…",
                file=kept.mapping_file,
            )
        )
        then()
