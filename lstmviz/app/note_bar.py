"""What to look at: a slim strip above the cell with the note of the net that is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from lstmviz.app import icons
from lstmviz.app.theme import THEMES
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot

_ICON = 18


class NoteBar(QFrame):
    """The note in the language in use, and a button that closes it."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("note")
        self._picture, self._text = QLabel(self), QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.clicked.connect(self._on_close_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 4, 4)
        row.setSpacing(8)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Show the note, or hide where there is none or the user closed it."""
        if "theme" in changed:
            theme = THEMES[snapshot.theme]
            picture = icons.pixmap("look", theme.accent, 2 * _ICON)
            picture.setDevicePixelRatio(2)
            self._picture.setPixmap(picture)
            self._close.setIcon(icons.icon("close", theme))
            self.setStyleSheet(
                f"#note {{ background: {theme.raised}; border: 0; border-bottom: 1px solid {theme.line}; }}"
                "#note QLabel { font-size: 12px; }"
            )
        if "language" in changed:
            self.setAccessibleName(tr("What to look at"))
            self._picture.setToolTip(tr("What to look at"))
            self._close.setAccessibleName(tr("Close the note"))
            self._close.setToolTip(tr("Close the note; View › What to look at brings it back"))
        if snapshot.note != self._text.text():
            self._text.setText(snapshot.note)
            self._text.setAccessibleName(snapshot.note)
        self.setVisible(bool(snapshot.note) and snapshot.note_open)

    def sentence(self) -> str:
        """The note that is shown, "" for none."""
        return "" if self.isHidden() else self._text.text()

    def _on_close_clicked(self) -> None:
        self.asked.emit("note.toggle", {})
