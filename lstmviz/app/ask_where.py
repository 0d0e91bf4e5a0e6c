"""Ask where a file, or a store, is to be written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from lstmviz.language import tr
from lstmviz.traces.pack import ENDING, is_packed

STORE = ".zarr"
_OF_A_STORE = re.compile(r"(?i)\.(zarr\.zip|zarr|zip)$")
"""Endings that give way to another; Qt itself leaves .zip of what was .zarr."""


def ask_where(
    parent: QWidget, title: str, name: str, endings: Iterable[str], selected: Callable[[str], object]
) -> None:
    """Ask for a place for ``name`` in one of the formats; ``selected`` is called with the path, if one is chosen."""
    dialog = QFileDialog(parent, title, name)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters([f"{ending[1:].upper()} (*{ending})" for ending in endings])
    dialog.setDefaultSuffix(name.rpartition(".")[2])
    dialog.fileSelected.connect(selected)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


class StoreFileDialog(QFileDialog):
    """Asks for the place of a trace store: a folder, which other dialogs would enter, or one file.

    packed: whether it may be one file. confirm: whether to ask before a store that is there is replaced.
    """

    def __init__(self, parent: QWidget, title: str, path: str, *, packed: bool = False, confirm: bool = True) -> None:
        super().__init__(parent, title)
        self._confirm = confirm
        self._box: QMessageBox | None = None
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.setFileMode(QFileDialog.FileMode.AnyFile)
        self.setOption(QFileDialog.Option.DontUseNativeDialog)
        self.setOption(QFileDialog.Option.DontConfirmOverwrite, not confirm)
        self.setLabelText(QFileDialog.DialogLabel.LookIn, tr("Folder"))  # which Qt says in English alone
        self.setLabelText(QFileDialog.DialogLabel.FileType, tr("Kind"))
        filters = {f"{tr('Trace store')} (*{STORE})": STORE, f"{tr('Trace store in one file')} (*{ENDING})": ENDING}
        self._endings = filters if packed else dict(list(filters.items())[:1])
        self.setNameFilters(list(self._endings))
        place = Path(path).expanduser().absolute()
        if place.parent.is_dir():
            self.setDirectory(str(place.parent))
        if packed and is_packed(path):
            self.selectNameFilter(list(self._endings)[-1])
        self._on_filter_selected(self.selectedNameFilter())
        self.selectFile(place.name)
        self.filterSelected.connect(self._on_filter_selected)
        self.finished.connect(self.deleteLater)

    def accept(self) -> None:
        """A store that is chosen is not entered, but replaced, if that is meant."""
        path = next(iter(self.selectedFiles()), "")
        if not (path.lower().endswith(STORE) and Path(path).is_dir()):
            super().accept()
        elif self._confirm:
            self._ask_replace(path)
        else:
            self._choose(path)

    def _ask_replace(self, path: str) -> None:
        box = self._box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(self.windowTitle())
        box.setText(tr("“{name}” is there already. Replace it?", name=Path(path).name))
        replace = box.addButton(tr("Replace"), QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        replace.clicked.connect(self._on_replace_clicked)
        box.open()

    def _on_replace_clicked(self) -> None:
        self._choose(self.selectedFiles()[0])

    def _choose(self, path: str) -> None:
        self.fileSelected.emit(path)
        self.done(QFileDialog.DialogCode.Accepted)

    def _on_filter_selected(self, chosen: str) -> None:
        """The ending of the name follows what kind of store is chosen."""
        ending = self._endings.get(chosen, STORE)
        self.setDefaultSuffix(ending[1:])
        name = Path(next(iter(self.selectedFiles()), "")).name
        stem = _OF_A_STORE.sub("", name)
        if stem != name:
            self.selectFile(stem + ending)
