"""Which array of a file is the sequence, where it holds several."""

from __future__ import annotations

from collections.abc import Sequence as Many

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app.dialogs.mapping_arrays import times
from lstmviz.language import tr
from lstmviz.wire.mapping_messages import ArrayRow

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ChooseArrayDialog(QDialog):
    """A table of the arrays that could be a sequence, with the steps and features each would give.

    inputs: how many features are wanted, 0 for any; others cannot be chosen. weights: whether the file may be a model.
    """

    chosen = Signal(str)
    weights_asked = Signal()

    def __init__(
        self, name: str, arrays: Many[ArrayRow], inputs: int, *, weights: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Choose an array"))
        self.setMinimumSize(560, 380)
        label = QLabel(_question(name, len(arrays), inputs), self)
        label.setWordWrap(True)
        rows = [_row(array, inputs) for array in arrays]
        fitting = [row for row in rows if row.flags() & Qt.ItemFlag.ItemIsSelectable]
        self.arrays = self._table(rows)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.open_button = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        self.open_button.setText(tr("Open"))
        self.open_button.setDefault(True)
        self.open_button.setEnabled(bool(fitting))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        if fitting:
            self.arrays.setCurrentItem(fitting[0])
        self.weights = QPushButton(tr("These are the weights of a model…"), self)
        self.weights.setAutoDefault(False)
        self.weights.setVisible(weights)
        if weights:
            self._buttons.addButton(self.weights, QDialogButtonBox.ButtonRole.ResetRole)
        column = QVBoxLayout(self)
        for part in (label, self.arrays, self._buttons):
            column.addWidget(part)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.weights.clicked.connect(self._on_weights_clicked)
        self.arrays.itemActivated.connect(self._on_arrays_item_activated)
        self.accepted.connect(self._on_accepted)

    def _table(self, rows: Many[QTreeWidgetItem]) -> QTreeWidget:
        table = QTreeWidget(self)
        table.setObjectName("table")
        table.ensurePolished()  # rows keep the height that the first of them is measured with
        table.setAccessibleName(tr("Arrays"))
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setAllColumnsShowFocus(True)
        table.setHeaderLabels([tr("Name"), tr("Shape"), tr("Steps"), tr("Features")])
        for place in (2, 3):
            table.headerItem().setTextAlignment(place, _RIGHT)
        table.addTopLevelItems(rows)
        header = table.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table

    def _on_arrays_item_activated(self) -> None:
        if self.open_button.isEnabled():
            self.accept()

    def _on_weights_clicked(self) -> None:
        self.reject()
        self.weights_asked.emit()

    def _on_accepted(self) -> None:
        row = self.arrays.currentItem()
        if row is not None:
            self.chosen.emit(row.text(0))


def _question(name: str, count: int, inputs: int) -> str:
    if not inputs:
        return tr("“{name}” holds {count} arrays. Which is the sequence?", name=name, count=count)
    return tr(
        "“{name}” holds {count} arrays. Which is the sequence? The model takes {inputs} features a step.",
        name=name,
        count=count,
        inputs=inputs,
    )


def sizes_of(array: ArrayRow) -> tuple[int, int] | None:
    """The steps and features that an array would give as a sequence; None for one that gives none."""
    shape = array.shape
    if len(shape) == 3 and 1 in shape[:2]:
        shape = shape[1:] if shape[0] == 1 else (shape[0], shape[2])
    if array.dtype.lstrip("<>|=b")[:1] not in ("f", "i", "u") or len(shape) not in (1, 2) or 0 in shape:
        return None
    return shape[0], shape[1] if len(shape) == 2 else 1


def _row(array: ArrayRow, inputs: int) -> QTreeWidgetItem:
    sizes = sizes_of(array)
    row = QTreeWidgetItem([array.name, times(array.shape), *map(str, sizes or ("–", "–"))])
    for column in (2, 3):
        row.setTextAlignment(column, _RIGHT)
    if sizes is None or inputs not in (0, sizes[1]):
        row.setFlags(Qt.ItemFlag.NoItemFlags)
    return row
