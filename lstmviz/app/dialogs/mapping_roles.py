"""Which array is which, of one layer in one direction, each with a line that says whether it fits."""

from __future__ import annotations

from collections.abc import Sequence as Many

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app.dialogs.mapping_arrays import times
from lstmviz.app.theme import Theme
from lstmviz.language import mark, tr
from lstmviz.nets.foreign.gate_order import TORCH_ORDER
from lstmviz.nets.foreign.mapping_fit import Fit
from lstmviz.nets.foreign.mapping_form import ROLES, LayerArrays, StackMapping
from lstmviz.wire.mapping_messages import ArrayRow

TITLES = {
    "w_ih": mark("Weights of x(t)"),
    "w_hh": mark("Weights of h(t−1)"),
    "b": mark("Bias"),
    "b_hh": mark("Second bias"),
    "w_hr": mark("Projection"),
    "peephole": mark("Peepholes"),
}
_MATRICES = ("w_ih", "w_hh", "w_hr")
_MOST_GATES = 4
_SIDES = {"forward": "→", "reverse": "←"}


class NameBox(QComboBox):
    """Shows the end of a name that is too long: the names of a file's arrays begin alike."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        measure, words = self.fontMetrics(), self.currentText()
        if measure.horizontalAdvance(words) > room.width() - 4:  # then the name alone
            name = self.currentData() or words
            words = measure.elidedText(name, Qt.TextElideMode.ElideLeft, room.width() - 4)
        option.currentText = words
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()


class Roles(QWidget):
    """A row for each role that the mapping needs; an array is chosen, or one for each gate."""

    changed = Signal(object)

    def __init__(self, rows: Many[ArrayRow], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stack = StackMapping(layers=(LayerArrays("", ""),))
        self.lane = QComboBox(self)
        self.lane.setAccessibleName(tr("Layer and direction"))
        self._lane_label = QLabel(tr("Layer and direction"), self)
        self._places: dict[object, dict[str, int]] = {}
        matrices, vectors = self._model(rows, (2,)), self._model(rows, (1, 2))  # shared: a file may hold thousands
        self.choosers = {
            role: [self._chooser(matrices if role in _MATRICES else vectors, role, n) for n in range(_MOST_GATES)]
            for role in ROLES
        }
        self._titles = {role: QLabel(tr(TITLES[role]), self) for role in ROLES}
        self.lines = {role: QLabel(self) for role in ROLES}
        self._grid = QGridLayout()
        self._gates = [QLabel(self) for _ in range(_MOST_GATES)]
        self._lay_out()
        self.lane.activated.connect(self._on_lane_activated)

    def _model(self, rows: Many[ArrayRow], dimensions: tuple[int, ...]) -> QStandardItemModel:
        """None, and every array of floating-point numbers of so many dimensions."""
        model = QStandardItemModel(self)
        places = self._places[model] = {"": 0}
        none = QStandardItem("–")
        none.setData("", Qt.ItemDataRole.UserRole)
        model.appendRow(none)
        for row in rows:
            if len(row.shape) in dimensions and row.dtype.startswith(("float", "bfloat", "<f", ">f", "|f")):
                item = QStandardItem(f"{row.name}   {times(row.shape)}")
                item.setData(row.name, Qt.ItemDataRole.UserRole)
                places[row.name] = model.rowCount()
                model.appendRow(item)
        return model

    def _chooser(self, model: QStandardItemModel, role: str, place: int) -> QComboBox:
        combo = NameBox(self)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(3)
        combo.setProperty("role", role)
        combo.setProperty("place", place)
        combo.setModel(model)
        combo.activated.connect(self._on_chooser_activated)
        return combo

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._lane_label)
        top.addWidget(self.lane)
        top.addStretch(1)
        grid = self._grid
        grid.setVerticalSpacing(2)
        for place, label in enumerate(self._gates):
            grid.addWidget(label, 0, 1 + place)
            grid.setColumnStretch(1 + place, 1)
        for row, role in enumerate(ROLES):
            grid.addWidget(self._titles[role], 1 + 2 * row, 0)
            for place, combo in enumerate(self.choosers[role]):
                grid.addWidget(combo, 1 + 2 * row, 1 + place)
            self.lines[role].setWordWrap(True)
            self.lines[role].setContentsMargins(2, 0, 0, 6)
            grid.addWidget(self.lines[role], 2 + 2 * row, 1, 1, _MOST_GATES)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addLayout(grid)
        column.addStretch(1)

    def line_up(self, width: int) -> None:
        """Begin the choosers so many pixels from the left, as other rows do."""
        self._grid.setColumnMinimumWidth(0, width)
        self._lane_label.setMinimumWidth(width)

    def put(self, stack: StackMapping, found: Fit) -> None:
        """Show a mapping and what fits of it; nothing is told."""
        self._stack = stack
        self._offer_lanes(stack, found)
        side, layer = self.lane.currentData()
        arrays = (stack.reverse if side == "reverse" else stack.layers)[layer]
        for row, role in enumerate(ROLES):
            line = found.lines.get((side, layer, role))
            names = getattr(arrays, role)
            each = (names,) if isinstance(names, str) else names
            self._grid.addWidget(self.choosers[role][0], 1 + 2 * row, 1, 1, _MOST_GATES if len(each) == 1 else 1)
            for place, combo in enumerate(self.choosers[role]):
                combo.setVisible(line is not None and place < len(each))
                combo.setCurrentIndex(self._places[combo.model()].get(each[place], 0) if place < len(each) else 0)
                combo.setToolTip(combo.currentText())
                gate = f" {TORCH_ORDER[stack.cell][place]}" if len(each) > 1 and role != "peephole" else ""
                combo.setAccessibleName(tr(TITLES[role]) + gate)
            self._titles[role].setVisible(line is not None)
            self.lines[role].setVisible(line is not None)
            if line is not None:
                colour = self._theme.good if line.fits else self._theme.error
                self.lines[role].setText(("✓ " if line.fits else "✗ ") + line.text)
                self.lines[role].setStyleSheet(f"color: {colour}")
        apart = isinstance(stack.layers[0].w_ih, tuple)
        for place, label in enumerate(self._gates):
            letters = TORCH_ORDER[stack.cell]
            label.setVisible(apart and place < len(letters))
            label.setText(letters[place] if place < len(letters) else "")

    def _offer_lanes(self, stack: StackMapping, found: Fit) -> None:
        """Each layer in each direction, with a sign at those where something does not fit."""
        chosen = max(self.lane.currentIndex(), 0)
        self.lane.clear()
        for side, layer, _ in stack.lanes():
            whole = all(line.fits for (s, n, _), line in found.lines.items() if (s, n) == (side, layer))
            title = tr("Layer {n}", n=layer) + (f" {_SIDES[side]}" if stack.reverse else "")
            self.lane.addItem(title if whole else f"{title}  ✗", (side, layer))
        self.lane.setCurrentIndex(min(chosen, self.lane.count() - 1))
        several = self.lane.count() > 1
        self.lane.setVisible(several)
        self._lane_label.setVisible(several)

    def _on_lane_activated(self) -> None:
        self.changed.emit(self._stack)

    def _on_chooser_activated(self) -> None:
        combo = self.sender()
        assert isinstance(combo, QComboBox)
        role, place = combo.property("role"), combo.property("place")
        side, layer = self.lane.currentData()
        field = "reverse" if side == "reverse" else "layers"
        lanes = list(getattr(self._stack, field))
        old = getattr(lanes[layer], role)
        name = combo.currentData()
        new = name if isinstance(old, str) else (*old[:place], name, *old[place + 1 :])
        lanes[layer] = msgspec.structs.replace(lanes[layer], **{role: new})
        self.changed.emit(msgspec.structs.replace(self._stack, **{field: tuple(lanes)}))
