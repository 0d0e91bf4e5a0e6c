"""The lecture's pseudocode, line by line, with this frame's numbers."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from lstmviz.app import cell_labels, theme
from lstmviz.app.numbers import grouped
from lstmviz.app.pixels import is_vector
from lstmviz.app.step_lines import StepLines
from lstmviz.app.step_rows import step_rows
from lstmviz.app.view import View
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot


class StepView(View):
    """The pseudocode of the step with the numbers of the selected unit; the line of the current phase is lit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._lines = StepLines()
        self._lines.clicked.connect(self._on_lines_clicked)
        self._area = QScrollArea(self)
        self._area.setWidget(self._lines)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)  # the ring of the focus
        layout.addWidget(self._area)
        self.setObjectName("step")
        self.setMinimumSize(220, 90)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Step"))

    def sizeHint(self) -> QSize:
        """A size at which all lines are seen without scrolling."""
        return QSize(340, 380)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Draw what differs."""
        self._snapshot = snapshot
        if not changed & {"trace", "t", "layer", "direction", "unit", "phase", "theme", "language"}:
            return
        if snapshot.trace is None:
            self._lines.show_rows((), "", None, theme.THEMES[snapshot.theme])
        else:
            rows = step_rows(snapshot.trace, snapshot.t, snapshot.layer, snapshot.direction, snapshot.unit)
            self._lines.show_rows(rows, self._heading(), snapshot.phase, theme.THEMES[snapshot.theme])
            if "phase" in changed:
                self._follow()
        self.setAccessibleName(tr("Step"))

    def sentence(self) -> str:
        """The step, the unit and the line of the current phase, or the last equation where no phase is lit."""
        shown, rows = self._snapshot, self._lines.rows
        if shown.trace is None:
            return tr("Step, no trace is open.")
        lit = [row for row in rows if row.phase == shown.phase] or [rows[-1]]
        return tr(
            "Step {t} of {last}, unit {unit}: {lines}",
            t=shown.t,
            last=shown.steps - 1,
            unit=shown.unit,
            lines="; ".join(f"{row.code}, {row.numbers}" for row in lit),
        )

    def _heading(self) -> str:
        shown = self._snapshot
        heading = tr(
            "step {t} · layer {layer} {direction} · unit {unit}",
            t=grouped(shown.t),
            layer=shown.layer,
            direction=cell_labels.direction_name(shown.direction),
            unit=shown.unit,
        )
        side = "" if shown.trace is None else cell_labels.side_name(shown.trace, shown.t)
        return f"{side} · {heading}" if side else heading

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lines.fit(self.width())
        self._follow()

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = theme.THEMES[self._snapshot.theme]
        painter = QPainter(self)
        painter.setPen(QColor(look.accent if self.hasFocus() and not is_vector() else look.base))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _follow(self) -> None:
        """Scroll to the line that is lit."""
        lit = self._lines.lit() if self._snapshot.phase is not None else None
        if lit is not None:
            self._area.ensureVisible(0, round(lit.center().y()), 0, round(lit.height() / 2) + 4)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lines.fit(self.width())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        shown = self._snapshot
        if shown.trace is None or not by or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        unit = min(max(shown.unit + by, 0), shown.trace.layers[shown.layer].units - 1)
        if unit != shown.unit:
            self.asked.emit("unit.select", {"unit": unit})

    def _on_lines_clicked(self, phase: int) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.asked.emit("phase.set", {"phase": phase})
