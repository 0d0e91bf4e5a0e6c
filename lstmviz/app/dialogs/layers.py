"""Choosing one recurrent stack of a model that holds several."""

from __future__ import annotations

from collections.abc import Sequence as Many

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lstmviz.language import mark, tr
from lstmviz.wire.messages import StackData

_NARROWEST = 76
_DIRECTIONS = {("forward",): mark("forward"), ("reverse",): mark("reverse"), ("forward", "reverse"): mark("both")}


class LayersDialog(QDialog):
    """A table of stacks, and of their parts: path, type and sizes; the path of what is chosen is told."""

    chosen = Signal(str)

    def __init__(self, name: str, stacks: Many[StackData], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Choose a layer"))
        self.setMinimumSize(720, 300)
        sentence = tr("“{name}” holds {count} recurrent stacks. Which one?", name=name, count=len(stacks))
        label = QLabel(sentence, self)
        label.setWordWrap(True)
        self.stacks = QTreeWidget(self)
        self.stacks.setObjectName("table")
        self.stacks.setAccessibleName(tr("Layers"))
        self.stacks.setRootIsDecorated(any(stack.parts for stack in stacks))
        self.stacks.setUniformRowHeights(True)
        self.stacks.setAllColumnsShowFocus(True)
        self.stacks.setHeaderLabels(
            [tr("Path"), tr("Type"), tr("Inputs"), tr("Units"), tr("Layers"), tr("Directions"), tr("Projection")]
        )
        rows = [_row(stack) for stack in stacks]
        self.stacks.addTopLevelItems(rows)
        self._fit_columns()
        self.stacks.expandAll()
        self.reads = QLabel(self)
        self.reads.setWordWrap(True)
        self.stacks.currentItemChanged.connect(self._on_stacks_current_item_changed)
        self.stacks.setCurrentItem(rows[0])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.button(QDialogButtonBox.StandardButton.Open).setText(tr("Open"))
        buttons.button(QDialogButtonBox.StandardButton.Open).setDefault(True)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        column = QVBoxLayout(self)
        for part in (label, self.stacks, self.reads, buttons):
            column.addWidget(part)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.stacks.itemActivated.connect(self._on_stacks_item_activated)
        self.accepted.connect(self._on_accepted)
        self.stacks.setFocus()

    def _fit_columns(self) -> None:
        """The path takes what the others leave."""
        header = self.stacks.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(_NARROWEST)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for place in range(2, self.stacks.columnCount()):
            self.stacks.headerItem().setTextAlignment(place, _alignment(place))

    def _on_stacks_current_item_changed(self, row: QTreeWidgetItem | None) -> None:
        """Say what has to be given to the layer."""
        if row is not None:
            self.reads.setText(
                tr(
                    "“{path}” reads {inputs} features a step. Give it a sequence of them: what the model hands to this"
                    " layer.",
                    path=row.text(0),
                    inputs=row.text(2),
                )
            )

    def _on_stacks_item_activated(self) -> None:
        self.accept()

    def _on_accepted(self) -> None:
        row = self.stacks.currentItem()
        if row is not None:
            self.chosen.emit(row.data(0, Qt.ItemDataRole.UserRole))


def _row(stack: StackData) -> QTreeWidgetItem:
    numbers = (str(stack.inputs), str(stack.units), str(stack.layers))
    projection = str(stack.projection) if stack.projection else "–"
    row = QTreeWidgetItem([stack.path, stack.origin, *numbers, tr(_DIRECTIONS[stack.directions]), projection])
    row.setData(0, Qt.ItemDataRole.UserRole, stack.path)
    row.setToolTip(0, stack.path)
    for place in range(2, row.columnCount()):
        row.setTextAlignment(place, _alignment(place))
    row.addChildren([_row(part) for part in stack.parts])
    return row


def _alignment(place: int) -> Qt.AlignmentFlag:
    """Numbers stand on the right, the directions on the left as all words."""
    return (Qt.AlignmentFlag.AlignLeft if place == 5 else Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter
