"""Ask where a file is to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtWidgets import QFileDialog, QWidget


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
