"""Which features of a sequence a model reads, and in which order, where the sequence has more."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lstmviz.language import tr
from lstmviz.sequences.sequence import Sequence

_PLACE = Qt.ItemDataRole.UserRole
_UP, _DOWN = "Alt+Up", "Alt+Down"


class ColumnsDialog(QDialog):
    """A list of features to tick, as many as the model takes, which can be dragged into the model's order."""

    chosen = Signal(list)

    def __init__(self, sequence: Sequence, model: str, wanted: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self.setWindowTitle(tr("Which features does the model read?"))
        self.setMinimumSize(460, 420)
        sentence = tr(
            "“{name}” has {found} features a step; “{model}” takes {wanted}. Tick those that it was trained on, in its"
            " order: drag them, or move them with {up} and {down}.",
            name=sequence.name,
            found=sequence.features,
            model=model,
            wanted=wanted,
            up=_native(_UP),
            down=_native(_DOWN),
        )
        label = QLabel(sentence, self)
        label.setWordWrap(True)
        self.features = QListWidget(self)
        self.features.setAccessibleName(tr("Features"))
        self.features.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.features.setSpacing(1)
        names = sequence.names or tuple(f"x{n}" for n in range(sequence.features))
        for place, name in enumerate(names):
            row = QListWidgetItem(name, self.features)
            row.setData(_PLACE, place)
            row.setSizeHint(QSize(0, self.fontMetrics().height() + 8))
            row.setFlags((row.flags() | Qt.ItemFlag.ItemIsUserCheckable) & ~Qt.ItemFlag.ItemIsDropEnabled)
            row.setCheckState(Qt.CheckState.Checked if place < wanted else Qt.CheckState.Unchecked)
        self.verdict = QLabel(self)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(tr("Record"))
        self.ok.setDefault(True)
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        column = QVBoxLayout(self)
        for part in (label, self.features, self.verdict, self._buttons):
            column.addWidget(part)
        for key, by in ((_UP, -1), (_DOWN, 1)):
            mover = QShortcut(QKeySequence(key), self.features, context=Qt.ShortcutContext.WidgetShortcut)
            mover.setProperty("by", by)
            mover.activated.connect(self._on_mover_activated)
        self.features.itemChanged.connect(self._on_features_item_changed)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)
        self._on_features_item_changed()

    def ticked(self) -> list[int]:
        """The places of the features that are ticked, in the order in which they stand."""
        rows = [self.features.item(place) for place in range(self.features.count())]
        return [row.data(_PLACE) for row in rows if row.checkState() == Qt.CheckState.Checked]

    def _on_features_item_changed(self) -> None:
        found = len(self.ticked())
        self.verdict.setText(tr("{found} of {wanted} ticked", found=found, wanted=self._wanted))
        self.ok.setEnabled(found == self._wanted)

    def _on_mover_activated(self) -> None:
        """Move the current feature by one place, as dragging does."""
        place = self.features.currentRow()
        there = place + int(self.sender().property("by"))
        if place >= 0 and 0 <= there < self.features.count():
            row = self.features.takeItem(place)
            self.features.insertItem(there, row)
            self.features.setCurrentItem(row)

    def _on_accepted(self) -> None:
        self.chosen.emit(self.ticked())


def _native(key: str) -> str:
    """A key as the system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
