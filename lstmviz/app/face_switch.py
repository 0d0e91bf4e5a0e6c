"""A slim row of buttons over the centre: what its upper half shows."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from lstmviz.app.controls import tooltip
from lstmviz.app.layer_form import why_not
from lstmviz.app.theme import THEMES, Theme
from lstmviz.language import mark, tr
from lstmviz.session.run_view import FACES
from lstmviz.session.snapshot import Snapshot

_NAMES = {
    "cell": mark("Cell"),
    "unrolled": mark("Unrolled"),
    "layer": mark("Layer"),
    "training": mark("Training"),
    "flow": mark("Gradients"),
}
_DOT = 7


class FaceSwitch(QWidget):
    """One of five faces; one that shows nothing for the trace is grey and tells why."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("faces")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.buttons = {face: QToolButton(self) for face in FACES}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 3, 8, 0)
        row.setSpacing(2)
        for place, button in enumerate(self.buttons.values()):
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(_DOT, _DOT))
            self._group.addButton(button, place)
            row.addWidget(button)
        row.addStretch(1)
        self._group.idClicked.connect(self._on_face_clicked)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Show which face is chosen and which can be."""
        theme = THEMES[snapshot.theme]
        if "language" in changed:
            self._retranslate()
        if "theme" in changed:
            self._colour(theme)
        if changed & {"face", "language"}:
            self.buttons[snapshot.face].setChecked(True)
        if changed & {"trace", "layer", "direction", "face", "language"}:
            self._show_reason(snapshot)
        if changed & {"runs", "theme"}:
            alive = any(run.state == "training" for run in snapshot.runs)
            self.buttons["training"].setIcon(_dot(theme.good) if alive else QIcon())

    def _show_reason(self, snapshot: Snapshot) -> None:
        """Not every cell has a matrix form."""
        trace, button = snapshot.trace, self.buttons["layer"]
        why = "" if trace is None else why_not(trace, snapshot.t, snapshot.layer, snapshot.direction)
        button.setEnabled(trace is not None and (not why or snapshot.face == "layer"))
        words = f"{tooltip('face.layer')}\n{why}".rstrip()
        button.setToolTip(words)
        button.setAccessibleDescription(words)

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("What the centre shows"))
        for face, button in self.buttons.items():
            button.setText(tr(_NAMES[face]))
            button.setAccessibleName(tr(_NAMES[face]))
            button.setToolTip(tooltip(f"face.{face}"))

    def _colour(self, theme: Theme) -> None:
        """Flat words, the chosen one underlined in the accent's colour: no louder than what it switches."""
        self.setStyleSheet(
            f"#faces {{ background: {theme.base}; border-bottom: 1px solid {theme.line}; }}"
            f"#faces QToolButton {{ border: 0; border-bottom: 2px solid transparent; border-radius: 0;"
            f" padding: 2px 9px 3px 9px; color: {theme.dim}; background: transparent; }}"
            f"#faces QToolButton:hover {{ color: {theme.text}; background: {theme.raised}; }}"
            f"#faces QToolButton:checked {{ color: {theme.text}; border-bottom-color: {theme.accent};"
            f" font-weight: bold; }}"
            f"#faces QToolButton:focus {{ background: {theme.grid}; }}"
            f"#faces QToolButton:disabled {{ color: {theme.line}; }}"
        )

    def _on_face_clicked(self, place: int) -> None:
        self.asked.emit("face.set", {"face": FACES[place]})


def _dot(colour: str) -> QIcon:
    """A round point: something is alive here."""
    pixmap = QPixmap(2 * _DOT, 2 * _DOT)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(0, 0, 2 * _DOT, 2 * _DOT)
    painter.end()
    return QIcon(pixmap)
