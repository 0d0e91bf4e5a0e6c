"""A row of buttons, one for each layer and direction of a trace."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from lstmviz.app.cell_labels import direction_name
from lstmviz.language import tr
from lstmviz.traces.trace import Trace


class LaneChooser(QWidget):
    """Shows which layer and direction is looked at, and lets the user choose another; hidden where there is one."""

    chosen = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lanes: list[tuple[int, str]] = []
        self._group = QButtonGroup(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 3, 6, 0)
        self._row.setSpacing(2)
        self._row.addStretch(1)
        self._group.idClicked.connect(self._on_group_clicked)
        self.hide()

    def present(self, trace: Trace | None, layer: int, direction: str) -> None:
        """Show the lanes of a trace, with one of them chosen."""
        self._lanes = [] if trace is None else [(info.index, side) for info in trace.layers for side in info.directions]
        both = any(side == "reverse" for _, side in self._lanes)
        home = self.parentWidget()
        short = len(self._lanes) * 110 > (home.width() if home else 0)
        for place, (index, side) in enumerate(self._lanes):
            button = self._button(place)
            name = tr("Layer {layer} {direction}", layer=index + 1, direction=direction_name(side))
            arrow = (" ←" if side == "reverse" else " →") if both else ""
            button.setText(f"{index + 1}{arrow}" if short else tr("Layer {layer}", layer=index + 1) + arrow)
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.setChecked((index, side) == (layer, direction))
            button.show()
        for place in range(len(self._lanes), len(self._group.buttons())):
            self._group.button(place).hide()
        self.setVisible(len(self._lanes) > 1)

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

    def _on_group_clicked(self, place: int) -> None:
        self.chosen.emit(*self._lanes[place])
