"""Choosing a sequence of a corpus store."""

from __future__ import annotations

from collections.abc import Sequence as Many

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSortFilterProxyModel, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from lstmviz.language import tr
from lstmviz.traces.corpus import Member

_LIST_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CorpusDialog(QDialog):
    """The names of the sequences that were recorded, with a search field; what is chosen is opened."""

    chosen = Signal(str)

    def __init__(self, name: str, members: Many[Member], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._members = [member for member in members if member.recorded]
        self.setWindowTitle(tr("Open from a corpus"))
        self.setMinimumSize(480, 420)
        self.search = QLineEdit(self)
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText(tr("Search…"))
        self.search.setAccessibleName(tr("Search the corpus"))
        self._filter = QSortFilterProxyModel(self)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filter.setSourceModel(QStringListModel([member.name for member in self._members], self))
        self.names = QListView(self)
        self.names.setAccessibleName(tr("Sequences"))
        self.names.setUniformItemSizes(True)
        self.names.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.names.setModel(self._filter)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._open = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        self._open.setText(tr("Open"))
        self._open.setDefault(True)
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        column = QVBoxLayout(self)
        label = QLabel(_sentence(name, len(self._members), len(members)), self)
        label.setWordWrap(True)
        for part in (label, self.search, self.names, self._buttons):
            column.addWidget(part)
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._on_search_text_changed)
        self.names.selectionModel().currentChanged.connect(self._on_names_current_changed)
        self.names.activated.connect(self._on_names_activated)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)
        self._on_search_text_changed("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the field keeps the focus."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in _LIST_MOVES:
            self.names.event(event)
            return True
        return super().eventFilter(watched, event)

    def _on_search_text_changed(self, text: str) -> None:
        self._filter.setFilterFixedString(text)
        self.names.setCurrentIndex(self._filter.index(0, 0))
        self._open.setEnabled(self.names.currentIndex().isValid())

    def _on_names_current_changed(self, current: QModelIndex) -> None:
        self._open.setEnabled(current.isValid())

    def _on_names_activated(self, _index: QModelIndex) -> None:
        self.accept()

    def _on_accepted(self) -> None:
        index = self._filter.mapToSource(self.names.currentIndex())
        if index.isValid():
            self.chosen.emit(str(self._members[index.row()].path))


def _sentence(name: str, recorded: int, total: int) -> str:
    if recorded < total:
        return tr(
            "“{name}” holds {recorded} of {total} sequences so far. Which one?",
            name=name, recorded=recorded, total=total,
        )  # fmt: skip
    return tr("“{name}” holds {total} sequences. Which one?", name=name, total=total)
