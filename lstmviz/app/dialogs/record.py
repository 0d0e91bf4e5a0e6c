"""Choosing a model and a sequence to record."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from lstmviz.language import tr

KEY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Choice:
    """One row: its key, title, a line about it, and whether it can be chosen (None: nobody knows yet)."""

    key: str
    title: str
    about: str = ""
    fits: bool | None = None


class RecordDialog(QDialog):
    """Up to two lists, models and sequences; an empty one is not asked for. Choosing a file is a row of its own."""

    chosen = Signal(str, str)

    def __init__(
        self, sentence: str, models: Many[Choice], sequences: Many[Choice], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Record"))
        self.setMinimumWidth(480)
        column = QVBoxLayout(self)
        label = QLabel(sentence, self)
        label.setWordWrap(True)
        column.addWidget(label)
        self.models = self._list(tr("Model"), models, column)
        self.sequences = self._list(tr("Sequence"), sequences, column)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Record"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        column.addWidget(self._buttons)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)
        for rows in self._asked():
            rows.currentItemChanged.connect(self._on_current_item_changed)
            rows.itemActivated.connect(self._on_item_activated)
        self._on_current_item_changed()

    def _list(self, title: str, choices: Many[Choice], column: QVBoxLayout) -> QListWidget:
        rows = QListWidget(self)
        rows.setAccessibleName(title)
        rows.setVisible(bool(choices))
        rows.setSpacing(2)
        rows.setWordWrap(True)
        rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        label = QLabel(title, self)
        label.setVisible(bool(choices))
        label.setBuddy(rows)
        first = None
        for choice in choices:
            row = QListWidgetItem(f"{choice.title}\n{choice.about}" if choice.about else choice.title, rows)
            row.setData(KEY, choice.key)
            row.setToolTip(choice.about)
            if choice.fits is False:
                row.setFlags(Qt.ItemFlag.NoItemFlags)
            elif first is None:
                first = row
        if first is not None:
            rows.setCurrentItem(first)
        column.addWidget(label)
        column.addWidget(rows)
        return rows

    def _asked(self) -> list[QListWidget]:
        return [rows for rows in (self.models, self.sequences) if rows.count()]

    def _on_current_item_changed(self) -> None:
        self._ok.setEnabled(all(rows.currentItem() is not None for rows in self._asked()))

    def _on_item_activated(self) -> None:
        if self._ok.isEnabled():
            self.accept()

    def _on_accepted(self) -> None:
        keys = [rows.currentItem().data(KEY) if rows.count() else "" for rows in (self.models, self.sequences)]
        self.chosen.emit(*keys)
