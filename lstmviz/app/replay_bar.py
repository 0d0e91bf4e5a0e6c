"""The second axis of the transport: at which update of the training the probe is shown."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from lstmviz.app.controls import CommandButton
from lstmviz.app.theme import Theme
from lstmviz.app.training_words import count
from lstmviz.language import tr
from lstmviz.session.run_view import Replay
from lstmviz.session.snapshot import Snapshot

REPLAYING = ("replay.back", "replay.play", "replay.forward", "replay.live")
_INDENT = 38
"""Back, play and forward stand under those for the steps, which have one more button before them."""


class ReplayBar(QWidget):
    """Previous, play, next, live; the number of the update; and a slider over the updates that are kept.

    Its parts are laid out by the transport, each under the one for the steps of the sequence.
    """

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._replay: Replay | None = None
        self._wanted = -1
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._on_later)
        self.buttons = {name: CommandButton(name, self) for name in REPLAYING}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addSpacing(_INDENT)
        self.buttons["replay.play"].setIconSize(QSize(26, 26))
        for name, button in self.buttons.items():
            button.asked.connect(self.asked)
            if name == "replay.live":
                button.setCheckable(True)
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
                row.addSpacing(8)
            row.addWidget(button)
        row.addStretch(1)
        self.title = QLabel(parent)
        self.position = QLabel(parent)
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.slider = QSlider(Qt.Orientation.Horizontal, parent)
        self.slider.setObjectName("replay")
        self.slider.setPageStep(5)
        self.slider.valueChanged.connect(self._on_slider_value_changed)

    @property
    def parts(self) -> tuple[QWidget, ...]:
        """The buttons, what they are about, the number and the slider."""
        return self, self.title, self.position, self.slider

    def place(self, shown: bool) -> None:
        """Show all parts, or hide them."""
        for part in self.parts:
            part.setVisible(shown)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        for button in self.buttons.values():
            button.retranslate()
        live = self.buttons["replay.live"]
        live.setText(tr("live"))
        self.title.setText(tr("Training step"))
        self.slider.setAccessibleName(tr("Training step"))
        self.slider.setToolTip(tr("Drag through the training: the probe as it was at each update that is kept"))
        self.position.setAccessibleName(tr("Update that is shown"))
        self.setAccessibleName(tr("Replay of the training"))

    def colour(self, theme: Theme) -> None:
        """Take the colours of a theme; the handle is square and in the colour of the cursor over the loss."""
        for name, button in self.buttons.items():
            playing = name == "replay.play" and self._replay is not None and self._replay.playing
            button.show_icon(theme, "pause" if playing else "")
        self.slider.setStyleSheet(
            f"QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {theme.line}; }}"
            f"QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {theme.accent}; }}"
            f"QSlider::handle:horizontal {{ width: 9px; margin: -7px 0; border-radius: 2px; background: {theme.accent};"
            f" border: 1px solid {theme.base}; }}"
            f"QSlider::handle:horizontal:focus {{ border: 2px solid {theme.text}; }}"
        )

    def present(self, snapshot: Snapshot, theme: Theme) -> None:
        """Show where the replay stands; nothing where there is none."""
        replay, before = snapshot.replay, self._replay
        self._replay = replay
        self.place(replay is not None)
        if replay is None:
            return
        for name, button in self.buttons.items():
            button.setEnabled(button.command.can_run(snapshot) or (name == "replay.live" and replay.live))
        self.buttons["replay.play"].setChecked(replay.playing)
        self.buttons["replay.live"].setChecked(replay.live)
        if before is None or before.playing != replay.playing:
            self.buttons["replay.play"].show_icon(theme, "pause" if replay.playing else "")
        self.position.setText(self._words(replay, replay.updates[replay.position]))
        widest = self._words(replay, int("8" * len(str(replay.updates[-1]))))
        self.position.setMinimumWidth(self.position.fontMetrics().horizontalAdvance(widest) + 4)
        if self._wanted < 0:
            self.slider.blockSignals(True)
            self.slider.setRange(0, len(replay.updates) - 1)
            self.slider.setValue(replay.position)
            self.slider.blockSignals(False)

    def sentence(self) -> str:
        """Where the replay stands, "" without one."""
        replay = self._replay
        if replay is None:
            return ""
        values = {"update": replay.updates[replay.position], "last": replay.updates[-1]}
        if replay.playing:
            return tr("Playing the training, update {update} of {last}.", **values)
        if replay.live:
            return tr("Following the training, update {update}.", **values)
        return tr("The training is shown at update {update} of {last}.", **values)

    def _words(self, replay: Replay, update: int) -> str:
        return tr("update {update} / {last}", update=count(update), last=count(replay.updates[-1]))

    def _on_slider_value_changed(self, value: int) -> None:
        """Only the newest value of a drag is asked for, once the events that wait are done."""
        self._wanted = value
        if not self._later.isActive():
            self._later.start(0)

    def _on_later(self) -> None:
        value, self._wanted = self._wanted, -1
        if value >= 0:
            self.asked.emit("replay.set", {"position": value})
