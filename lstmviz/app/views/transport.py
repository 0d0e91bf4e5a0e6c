"""The transport: first, back, play, forward, last, speed, loop, inside the step, and the scrub slider.

Where a run's probe is shown, a second row is the axis of its training.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from lstmviz.app.controls import CommandButton, tooltip
from lstmviz.app.numbers import grouped
from lstmviz.app.replay_bar import ReplayBar
from lstmviz.app.theme import THEMES
from lstmviz.app.view import View
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.session.state import SPEEDS

_NO_TRACE = Snapshot()
_ROOMY = 1000


class TransportView(View):
    """Buttons, speed and a slider along the bottom of the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = _NO_TRACE
        self._wanted = -1
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._on_later)
        self.buttons = {
            name: CommandButton(name, self)
            for name in (
                "cursor.first",
                "step.back",
                "play.toggle",
                "step.forward",
                "cursor.last",
                "play.loop",
                "inside.toggle",
            )
        }
        self.speed = QComboBox(self)
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.position = QLabel(self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self._speed_label = QLabel(self)
        self._axis_label = QLabel(self)
        self.replay = ReplayBar(self)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        for name in ("cursor.first", "step.back", "play.toggle", "step.forward", "cursor.last"):
            row.addWidget(self.buttons[name])
        self.buttons["play.toggle"].setIconSize(QSize(26, 26))
        row.addSpacing(8)
        row.addWidget(self._line())
        row.addSpacing(8)
        row.addWidget(self._speed_label)
        row.addSpacing(4)
        row.addWidget(self.speed)
        row.addSpacing(6)
        row.addWidget(self.buttons["play.loop"])
        inside = self.buttons["inside.toggle"]
        inside.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        row.addWidget(inside)
        row.addSpacing(8)
        row.addWidget(self._line())
        row.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 4, 12, 4)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(3, 1)
        grid.addLayout(row, 0, 0)
        for column, part in enumerate((self._axis_label, self.position, self.slider), 1):
            grid.addWidget(part, 0, column)
        for column, part in enumerate(self.replay.parts):
            grid.addWidget(part, 1, column)
        grid.setAlignment(self.position, Qt.AlignmentFlag.AlignRight)
        self.replay.place(False)
        self._axis_label.hide()
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _line(self) -> QFrame:
        line = QFrame(self)
        line.setFrameShape(QFrame.Shape.VLine)
        line.setFixedHeight(22)
        line.setObjectName("separator")
        return line

    def _connect(self) -> None:
        for button in self.buttons.values():
            button.asked.connect(self.asked)
        self.replay.asked.connect(self.asked)
        self.speed.activated.connect(self._on_speed_activated)
        self.slider.valueChanged.connect(self._on_slider_value_changed)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Show cursor, playing, speed, loop and inside."""
        self._snapshot = snapshot
        if "language" in changed:
            self._retranslate()
        if changed & {"theme", "playing"}:
            theme = THEMES[snapshot.theme]
            for button in self.buttons.values():
                button.show_icon(theme)
            if snapshot.playing:
                self.buttons["play.toggle"].show_icon(theme, "pause")
        if "theme" in changed:
            self.replay.colour(THEMES[snapshot.theme])
        if changed & {"replay", "language", "runs"}:
            self.replay.present(snapshot, THEMES[snapshot.theme])
            self._name_axes()
        if changed & {"trace", "language"}:
            self._present_trace(snapshot)
        if changed & {"start", "stop", "trace"}:
            # a click beside the handle and the page keys turn a page, as long as the shown part of the trace
            self.slider.setPageStep(max(10, snapshot.stop - snapshot.start))
        if changed & {"t", "phase", "trace", "language"}:
            self._present_cursor(snapshot)
        for name, field in (("play.toggle", "playing"), ("play.loop", "loop"), ("inside.toggle", "inside")):
            if field in changed:
                self.buttons[name].setChecked(getattr(snapshot, field))
        if "speed" in changed:
            nearest = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - snapshot.speed))
            self.speed.setCurrentIndex(nearest)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._name_axes()

    def _name_axes(self) -> None:
        """The names of the two axes give way to the sliders where there is no room for both."""
        for label in (self._axis_label, self.replay.title):
            label.setVisible(self._snapshot.replay is not None and self.width() >= _ROOMY)

    def sentence(self) -> str:
        """Where the cursor stands and whether it plays."""
        snapshot = self._snapshot
        if snapshot.trace is None:
            return tr("No trace is open.")
        values = {"t": snapshot.t, "last": snapshot.steps - 1, "speed": f"{snapshot.speed:g}"}
        if snapshot.playing:
            said = tr("Playing at speed {speed}, step {t} of {last}.", **values)
        else:
            said = tr("Paused at step {t} of {last}.", **values)
        return f"{said} {self.replay.sentence()}".rstrip()

    def _retranslate(self) -> None:
        for button in self.buttons.values():
            button.retranslate()
        self.replay.retranslate()
        self._axis_label.setText(tr("Time step"))
        self._speed_label.setText(tr("Speed"))
        self.speed.setAccessibleName(tr("Speed"))
        self.speed.setToolTip(tr("Steps a second: 1× is ten"))
        self.slider.setAccessibleName(tr("Cursor"))
        self.slider.setToolTip(tr("Drag to go to a step"))
        self.position.setAccessibleName(tr("Position of the cursor"))
        self.position.setToolTip(tooltip("cursor.ask"))
        self.setAccessibleName(tr("Transport"))

    def _present_trace(self, snapshot: Snapshot) -> None:
        last = max(snapshot.steps - 1, 0)
        for widget in (self.slider, *(self.buttons[name] for name in self.buttons if name != "play.loop")):
            widget.setEnabled(snapshot.trace is not None)
        self.slider.blockSignals(True)
        self.slider.setRange(0, last)
        self.slider.blockSignals(False)
        widest = tr("t = {t} / {last}", t=grouped(last), last=grouped(last))
        self.position.setFixedWidth(self.position.fontMetrics().horizontalAdvance(widest) + 4)

    def _present_cursor(self, snapshot: Snapshot) -> None:
        if snapshot.trace is None:
            self.position.setText("")
            return
        self.position.setText(tr("t = {t} / {last}", t=grouped(snapshot.t), last=grouped(snapshot.steps - 1)))
        if self._wanted < 0:
            self.slider.blockSignals(True)
            self.slider.setValue(snapshot.t)
            self.slider.blockSignals(False)

    def _on_slider_value_changed(self, value: int) -> None:
        """Only the newest value of a drag is asked for, once the events that wait are done."""
        self._wanted = value
        if not self._later.isActive():
            self._later.start(0)

    def _on_later(self) -> None:
        value, self._wanted = self._wanted, -1
        if value >= 0:
            self.asked.emit("cursor.set", {"t": value})

    def _on_speed_activated(self, index: int) -> None:
        self.asked.emit("play.speed", {"speed": SPEEDS[index]})
