"""The preview of the export dialog: the first rows of the file, how many there will be, or why there are none."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QAbstractItemView, QLabel, QTableView, QVBoxLayout, QWidget

from lstmviz.app.theme import LIGHT, Theme
from lstmviz.language import tr

Index = QModelIndex | QPersistentModelIndex
Rows = tuple[tuple[str, ...], ...]


class RowsModel(QAbstractTableModel):
    """Rows of text under a header."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._header: tuple[str, ...] = ()
        self._rows: Rows = ()

    def show_rows(self, header: tuple[str, ...], rows: Rows) -> None:
        """Replace all of it."""
        self.beginResetModel()
        self._header, self._rows = header, rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._header)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._rows[index.row()][index.column()].replace("\n", "⏎").replace("\t", "⇥")

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._header[section] if orientation == Qt.Orientation.Horizontal else section + 1


class ExportPreview(QWidget):
    """A table of the first rows over one sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self._wrong = False
        self._model = RowsModel(self)
        self._title = QLabel(self)
        self.table = QTableView(self)
        self.table.setModel(self._model)
        self.table.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setWordWrap(False)
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.verticalHeader().setVisible(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setTabKeyNavigation(False)
        self.sentence = QLabel(self)
        self.sentence.setWordWrap(True)
        self.sentence.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._title)
        column.addWidget(self.table, 1)
        column.addWidget(self.sentence)
        self._title.setBuddy(self.table)
        self.retranslate()

    def show_rows(self, header: tuple[str, ...], rows: Rows, sentence: str) -> None:
        """Show the start of the file and what will be written."""
        self._model.show_rows(header, rows)
        self.table.resizeColumnsToContents()
        self.table.setEnabled(True)
        self._say(sentence, wrong=False)

    def show_error(self, sentence: str) -> None:
        """Say what is wrong; the rows shown last stay, greyed."""
        self.table.setEnabled(False)
        self._say(sentence, wrong=True)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self._say(self.sentence.text(), self._wrong)

    def retranslate(self) -> None:
        """Write the names anew in the current language."""
        self._title.setText(tr("First rows of the file"))
        self.table.setAccessibleName(tr("First rows of the file"))
        self.sentence.setAccessibleName(tr("What will be written"))

    def _say(self, sentence: str, wrong: bool) -> None:
        self._wrong = wrong
        self.sentence.setText(sentence)
        self.sentence.setStyleSheet(f"color: {self._theme.error if wrong else self._theme.text}")
