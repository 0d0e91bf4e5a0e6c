"""The check boxes of the export dialog: which signals, each in its colour."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from lstmviz.app.signal_names import DERIVED, MAIN, short, words
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.language import tr
from lstmviz.session.signals import offered
from lstmviz.traces.trace import STORED, Trace

COLUMNS = ((*MAIN, "x", "y"), DERIVED)
"""What a recording keeps and what stands beside it; what is computed when it is asked for."""


class SignalBoxes(QWidget):
    """One check box a signal; those that the trace cannot give are not there."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: dict[str, QCheckBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(2)
        self._titles = [QLabel(self) for _ in COLUMNS]
        for column, (title, names) in enumerate(zip(self._titles, COLUMNS, strict=True)):
            grid.addWidget(title, 0, column)
            for row, name in enumerate(names, start=1):
                box = QCheckBox(self)
                box.setIconSize(QSize(11, 11))
                box.toggled.connect(self.changed)
                self._boxes[name] = box
                grid.addWidget(box, row, column, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(len(COLUMNS), 1)
        self.set_theme(LIGHT)
        self.retranslate()

    def offer(self, trace: Trace, chosen: tuple[str, ...]) -> None:
        """Offer a trace's signals, with ``chosen`` ticked, or those that a recording keeps where it names none."""
        known = {name for info in trace.layers for name in trace.names(info.index)}
        shown = {name for info in trace.layers for name in offered(trace, info.index)}
        ticked = shown & set(chosen or (name for info in trace.layers for name in STORED[info.cell]))
        for name, box in self._boxes.items():
            box.setVisible(name in known)
            box.setChecked(name in ticked)
        self._titles[1].setVisible(bool(known & set(DERIVED)))

    def chosen(self) -> list[str]:
        """The ticked signals, in the order in which they are listed."""
        return [name for name, box in self._boxes.items() if box.isChecked()]

    def tick(self, name: str, on: bool) -> None:
        """Tick one signal or not."""
        self._boxes[name].setChecked(on)

    def set_theme(self, theme: Theme) -> None:
        """Paint the swatches."""
        for name, box in self._boxes.items():
            swatch = QPixmap(22, 22)
            swatch.fill(theme.signal(name))
            box.setIcon(QIcon(swatch))

    def retranslate(self) -> None:
        """Write every name anew in the current language."""
        for title, text in zip(self._titles, (tr("Kept in the trace"), tr("Computed on request")), strict=True):
            title.setText(text)
        for name, box in self._boxes.items():
            label = words(name) if name in ("kept", "written", "tanh_c") else f"{short(name)}  {words(name)}"
            box.setText(label)
            box.setAccessibleName(tr("Export {signal}: {words}", signal=short(name), words=words(name)))
