"""The arrays of a file, to search and to look at."""

from __future__ import annotations

from collections.abc import Sequence as Many

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from lstmviz.language import tr
from lstmviz.wire.mapping_messages import ArrayRow


class ArrayList(QWidget):
    """Name, shape and type of every array, with a search field above."""

    def __init__(self, rows: Many[ArrayRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit(self)
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText(tr("Search…"))
        self.search.setAccessibleName(tr("Search the arrays"))
        self.rows = QTreeWidget(self)
        self.rows.setObjectName("table")
        self.rows.setAccessibleName(tr("Arrays"))
        self.rows.setRootIsDecorated(False)
        self.rows.setUniformRowHeights(True)
        self.rows.setAllColumnsShowFocus(True)
        self.rows.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.rows.setHeaderLabels([tr("Name"), tr("Shape"), tr("Type")])
        self.rows.addTopLevelItems([_row(row) for row in rows])
        header = self.rows.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        title = QLabel(tr("Arrays in the file: {count}", count=len(rows)), self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (title, self.search, self.rows):
            column.addWidget(part)
        self.search.textChanged.connect(self._on_search_text_changed)

    def _on_search_text_changed(self, text: str) -> None:
        for row in self.rows.findItems("", Qt.MatchFlag.MatchContains):
            row.setHidden(text.lower() not in f"{row.text(0)} {row.text(1)} {row.text(2)}".lower())


def times(shape: tuple[int, ...]) -> str:
    """A shape as people write it: 128 × 12; a single number has none."""
    return " × ".join(map(str, shape)) or "–"


def _row(array: ArrayRow) -> QTreeWidgetItem:
    row = QTreeWidgetItem([array.name, times(array.shape), array.dtype])
    row.setToolTip(0, array.name)
    return row
