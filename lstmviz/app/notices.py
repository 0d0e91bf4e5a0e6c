"""Bars above the views that never stand in the way: a sentence for the user, and the task under way."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget

from lstmviz.app import icons
from lstmviz.app.numbers import duration
from lstmviz.app.rich_text import plain_tip
from lstmviz.app.theme import THEMES
from lstmviz.language import tr
from lstmviz.session.snapshot import Notice, Snapshot

PATIENCE_MILLISECONDS = 300
"""A task that is over sooner is not shown: a bar that flashes moves everything below it twice."""
FINE = 1000
"""Parts of the progress bar."""
INFO_MILLISECONDS = 8000
"""How long an info stays; warnings and errors stay until they are closed."""


class NoticeBar(QFrame):
    """One sentence with its level's colour, a button for the log and one that closes it."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._notice: Notice | None = None
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # names of files and what an engine says are no markup
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._log = QPushButton(self)
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(self._text, 1)
        row.addWidget(self._log)
        row.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INFO_MILLISECONDS)
        self._timer.timeout.connect(self.hide)
        self._log.clicked.connect(self._on_log_clicked)
        self._close.clicked.connect(self.hide)
        self.hide()

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Show a new notice; theme and language keep the one that is shown."""
        if "language" in changed:
            self._log.setText(tr("Open the log"))
            self._close.setAccessibleName(tr("Close the notice"))
            self._close.setToolTip(tr("Close the notice"))
            self.setAccessibleName(tr("Notice"))
        if "theme" in changed:
            self._close.setIcon(icons.icon("close", THEMES[snapshot.theme]))
        if changed & {"notice", "theme"}:
            self._colour(snapshot)
        if "notice" in changed and snapshot.notice is not None:
            self._notice = snapshot.notice
            self._text.setText(snapshot.notice.text)
            self._text.setAccessibleName(snapshot.notice.text)
            self._log.setVisible(snapshot.notice.level == "error")
            self._timer.stop()
            if snapshot.notice.level == "info":
                self._timer.start()
            self.show()

    def sentence(self) -> str:
        """The sentence that is shown, "" for none."""
        return "" if self.isHidden() or self._notice is None else self._notice.text

    def _colour(self, snapshot: Snapshot) -> None:
        theme = THEMES[snapshot.theme]
        level = snapshot.notice.level if snapshot.notice else "info"
        colour = {"info": theme.accent, "warning": theme.warning, "error": theme.error}[level]
        self.setStyleSheet(
            f"#notice {{ background: {theme.raised}; border: 1px solid {theme.line}; "
            f"border-left: 4px solid {colour}; border-radius: 4px; }}"
        )

    def _on_log_clicked(self) -> None:
        self.asked.emit("log.open", {})


class TaskBar(QFrame):
    """What is under way, how far it is, how long it will take, and a button that stops it at once."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task = ""
        self._what = QLabel(self)
        self._what.setTextFormat(Qt.TextFormat.PlainText)
        self._what.setMinimumWidth(1)
        self._what.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(10)
        self._left = QLabel(self)
        self._cancel = QPushButton(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        for widget, stretch in ((self._what, 0), (self._bar, 1), (self._left, 0), (self._cancel, 0)):
            row.addWidget(widget, stretch)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MILLISECONDS)
        self._patience.timeout.connect(self.show)
        self._cancel.clicked.connect(self._on_cancel_clicked)
        self.hide()

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Show the task, or hide where there is none."""
        if "language" in changed:
            self._cancel.setText(tr("Cancel"))
            self._bar.setAccessibleName(tr("Progress"))
        task = snapshot.task
        if task is None:
            self._patience.stop()
            self.hide()
            return
        self._task = task.what
        self._fit()
        self._bar.setRange(0, FINE if task.total else 0)  # the values of a trace may be more than Qt counts
        self._bar.setValue(FINE * task.done // task.total if task.total else 0)
        seconds = task.seconds_left
        self._left.setText("" if seconds is None else tr("{time} left", time=duration(seconds)))
        if self.isHidden() and not self._patience.isActive():
            self._patience.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """A long name leaves room for the progress and does not widen the window."""
        words = self._what.fontMetrics().elidedText(self._task, Qt.TextElideMode.ElideMiddle, self.width() * 3 // 5)
        self._what.setText(words)
        self._what.setAccessibleName(self._task)
        self._what.setToolTip("" if words == self._task else plain_tip(self._task))

    def _on_cancel_clicked(self) -> None:
        self.asked.emit("task.cancel", {})
