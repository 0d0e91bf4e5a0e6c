"""The row of chips that says which signals are shown, and a menu for the derived ones."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QMenu, QToolButton, QWidget

from lstmviz.app import drawing
from lstmviz.app.signal_names import DERIVED, MAIN, ordered, short, words
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.language import tr
from lstmviz.session.state import OPTIONAL_SIGNALS


class Chip(QAbstractButton):
    """A switch in a signal's colour: filled when on, outlined when off."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = name
        self.theme: Theme = LIGHT
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(28, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        colour = self.theme.signal(self.name)
        rect = self.rect().adjusted(2, 2, -2, -2)
        if self.hasFocus():
            painter.setPen(QColor(self.theme.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 5, 5)
        painter.setPen(colour)
        painter.setBrush(colour if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(0, 0, -1, -1), 4, 4)
        painter.setFont(drawing.sized(self.font(), 12, bold=True))
        painter.setPen(drawing.on(colour) if self.isChecked() else QColor(self.theme.dim))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, short(self.name))
        painter.end()


class SignalChips(QWidget):
    """Which signals are shown; ``chosen`` carries the wish as a tuple in the order of the lists."""

    chosen = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: frozenset[str] = frozenset()
        self._cell = "lstm"
        self._chips = {name: Chip(name, self) for name in MAIN}
        group = QButtonGroup(self)
        group.setExclusive(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for chip in self._chips.values():
            group.addButton(chip)
            row.addWidget(chip)
        group.buttonClicked.connect(self._on_chip_clicked)
        self._menu = QMenu(self)
        self._actions = {name: self._menu.addAction("") for name in DERIVED}
        for name, action in self._actions.items():
            action.setCheckable(True)
            action.setData(name)
        self._menu.triggered.connect(self._on_action_triggered)
        self.more = QToolButton(self)
        self.more.setAutoRaise(True)
        self.more.setMenu(self._menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row.addWidget(self.more)

    def retranslate(self) -> None:
        """Write every name anew in the current language."""
        for name, chip in self._chips.items():
            label = tr("Show {signal}: {words}", signal=short(name), words=words(name))
            chip.setAccessibleName(label)
            chip.setToolTip(label)
        self._name_actions()
        self.more.setText(tr("more"))
        self.more.setAccessibleName(tr("Show derived signals"))
        self.more.setToolTip(tr("Show derived signals"))

    def _name_actions(self) -> None:
        for name, action in self._actions.items():
            action.setText(f"{short(name, self._cell)}  –  {words(name, self._cell)}")

    def show_signals(self, shown: tuple[str, ...], available: tuple[str, ...], theme: Theme, cell: str) -> None:
        """Set the switches; signals that the layer, of this kind of cell, cannot give are left out."""
        self._shown = frozenset(shown)
        if cell != self._cell:
            self._cell = cell
            self._name_actions()
        for name, chip in self._chips.items():
            chip.setVisible(name in available)
            chip.setChecked(name in shown)
            chip.theme = theme
            chip.update()
        for name, action in self._actions.items():
            action.setVisible(name in available and name in OPTIONAL_SIGNALS)
            action.setChecked(name in shown)

    def _on_chip_clicked(self, chip: QAbstractButton) -> None:
        assert isinstance(chip, Chip)
        self._toggle(chip.name)

    def _on_action_triggered(self, action: QAction) -> None:
        self._toggle(str(action.data()))

    def _toggle(self, name: str) -> None:
        self.chosen.emit(ordered(set(self._shown ^ {name})))
