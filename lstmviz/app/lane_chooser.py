"""Choosing a layer and direction of a trace: a row of buttons, or a list where they are too many for a row."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from lstmviz.app.cell_labels import direction_name
from lstmviz.language import tr
from lstmviz.traces.trace import Trace

_LONG, _SHORT = 110, 56
"""Room for a button that spells its layer out, and for one that gives its number."""


class LaneChooser(QWidget):
    """Shows which layer and direction is looked at, and lets the user choose another; hidden where there is one."""

    chosen = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lanes: list[tuple[int, str]] = []
        self._now = (0, "forward")
        self._group = QButtonGroup(self)
        self._list = QComboBox(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 3, 6, 0)
        self._row.setSpacing(2)
        self._row.addWidget(self._list)
        self._row.addStretch(1)
        self._group.idClicked.connect(self._on_lane_chosen)
        self._list.activated.connect(self._on_lane_chosen)
        self.hide()

    def present(self, trace: Trace | None, layer: int, direction: str) -> None:
        """Show the lanes of a trace, with one of them chosen."""
        self._lanes = [] if trace is None else [(info.index, side) for info in trace.layers for side in info.directions]
        self._now = layer, direction
        self._list.clear()
        self._list.addItems([self._name(*lane) for lane in self._lanes])
        self._list.setAccessibleName(tr("Layer and direction"))
        if self._now in self._lanes:
            self._list.setCurrentIndex(self._lanes.index(self._now))
        for place, lane in enumerate(self._lanes):
            button = self._button(place)
            button.setToolTip(self._name(*lane))
            button.setAccessibleName(self._name(*lane))
            button.setChecked(lane == self._now)
        self.setVisible(len(self._lanes) > 1)

    def fit(self, width: int) -> None:
        """Spell the buttons out, number them or show the list instead, as the width allows."""
        spelt = len(self._lanes) * _LONG <= width
        listed = len(self._lanes) * _SHORT > width
        both = any(side == "reverse" for _, side in self._lanes)
        for place, (layer, side) in enumerate(self._lanes):
            arrow = (" ←" if side == "reverse" else " →") if both else ""
            text = tr("Layer {layer}", layer=layer) if spelt else str(layer)
            self._button(place).setText(text + arrow)
        for place in range(len(self._group.buttons())):
            self._group.button(place).setVisible(place < len(self._lanes) and not listed)
        self._list.setVisible(listed)

    @staticmethod
    def _name(layer: int, direction: str) -> str:
        return tr("Layer {layer} {direction}", layer=layer, direction=direction_name(direction))

    def _button(self, place: int) -> QToolButton:
        """The button at a place; made once, hidden and used again."""
        button = self._group.button(place)
        if isinstance(button, QToolButton):
            return button
        made = QToolButton(self)
        made.setCheckable(True)
        made.setAutoRaise(True)
        made.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self._group.addButton(made, place)
        self._row.insertWidget(place, made)
        return made

    def _on_lane_chosen(self, place: int) -> None:
        self.chosen.emit(*self._lanes[place])
