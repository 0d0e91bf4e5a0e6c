"""The bar above the views while an engine elsewhere is lost: when it is tried again, and what else can be done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from lstmviz.app.rich_text import plain_tip
from lstmviz.app.theme import THEMES
from lstmviz.language import mark, tr
from lstmviz.session.snapshot import Snapshot

_BUTTONS = {
    "engine.retry": mark("Try now"),
    "engine.give_up": mark("Stop trying"),
    "engine.here": mark("Use this computer"),
}


class LinkBar(QFrame):
    """A sentence that counts down, and a button for each way on."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("link")
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.buttons = {command: QPushButton(self) for command in _BUTTONS}
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(self._text, 1)
        for command, button in self.buttons.items():
            button.setObjectName(command)
            button.clicked.connect(self._on_button_clicked)
            row.addWidget(button)
        self.hide()

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Follow the connection; the bar is there from its loss until it is back or given up."""
        if not changed & {"engine", "link", "language", "theme"}:
            return
        lost = bool(snapshot.link.host) and snapshot.engine in ("lost", "restarting")
        if "language" in changed:
            for command, title in _BUTTONS.items():
                self.buttons[command].setText(tr(title))
            self.setAccessibleName(tr("Connection"))
        if changed & {"theme", "language"} or not self.styleSheet():
            theme = THEMES[snapshot.theme]
            self.setStyleSheet(
                f"#link {{ background: {theme.raised}; border: 1px solid {theme.line}; "
                f"border-left: 4px solid {theme.warning}; border-radius: 4px; }}"
            )
        if lost:
            self._text.setText(self._sentence(snapshot))
            self._text.setToolTip(plain_tip(snapshot.link.problem))
            self._text.setAccessibleName(self._text.text())
            self.buttons["engine.retry"].setEnabled(snapshot.engine == "lost")
            self.buttons["engine.give_up"].setEnabled(snapshot.engine == "lost")
        self.setVisible(lost)

    def sentence(self) -> str:
        """What is said, "" while nothing is."""
        return "" if self.isHidden() else self._text.text()

    def _sentence(self, snapshot: Snapshot) -> str:
        link = snapshot.link
        if snapshot.engine == "lost":
            return tr(
                "Lost {host}: trying again in {seconds} s. Its runs are safe.", host=link.host, seconds=link.seconds
            )
        return tr("Lost {host}: trying again now. Its runs are safe.", host=link.host)

    def _on_button_clicked(self) -> None:
        self.asked.emit(self.sender().objectName(), {})
