"""The head of the training view: which run, how it stands and what can be done; and the settings that may change."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lstmviz.app import drawing, icons
from lstmviz.app.controls import CommandButton
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.app.training_chart import run_colour
from lstmviz.app.training_words import STATES, device_words, differences, net_words, progress
from lstmviz.language import tr
from lstmviz.session.run_view import RunView
from lstmviz.session.snapshot import Snapshot

STEERING = ("run.continue", "run.toggle", "run.phase", "run.batch", "run.epoch", "run.stop")
_ICONS = {("run.toggle", True): "pause", ("run.continue", False): "play", ("run.continue", True): "play"}
"""Where the icon is not the command's own: by the command and whether it trains."""
_ROW = 19


class RunHead(QWidget):
    """Two lines: title, state and progress; net and device. Of twins a line each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._runs: tuple[RunView, ...] = ()
        self._theme: Theme = LIGHT

    def show_runs(self, runs: tuple[RunView, ...], theme: Theme) -> None:
        """Say how the runs stand."""
        self._runs, self._theme = runs, theme
        about = [
            f"{run.title}: {net_words(run)} · {device_words(run)}\n{progress(run).line()}\n{run.folder}" for run in runs
        ]
        self.setToolTip("\n\n".join(about))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 2 * _ROW + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 2 * _ROW + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if len(self._runs) == 1:
            self._paint_one(painter, self._runs[0])
        elif self._runs:
            for place, (run, differs) in enumerate(
                zip(self._runs, differences(*self._runs[:2]), strict=True)
            ):  # fmt: skip
                self._paint_twin(painter, place, run, differs)
        painter.end()

    def _paint_one(self, painter: QPainter, run: RunView) -> None:
        """Beside the state stands what can be read whole there: the device with its reason, else the speed."""
        dim, far, device = self._theme.dim, progress(run), device_words(run)
        end = self._words(painter, 0, 0, run.title, self._theme.text, bold=True)
        end = self._state(painter, end + 12, 0, run) + 16
        metrics, room = QFontMetrics(drawing.sized(self.font(), 13)), self.width() - end - 2
        above = next((words for words in (device, far.speed) if words and metrics.horizontalAdvance(words) <= room), "")
        self._words(painter, end, 0, above, dim)
        end = self._words(painter, 0, 1, far.place(), self._theme.text) + 16
        for words in (device, far.speed, net_words(run)):
            if words and words != above:
                end = self._words(painter, end, 1, words, dim) + 16

    def _paint_twin(self, painter: QPainter, place: int, run: RunView, differs: str) -> None:
        colour = run_colour(self._theme, place)
        end = self._words(painter, 0, place, "AB"[place], colour, bold=True)
        end = self._words(painter, end + 8, place, differs, self._theme.text, bold=True)
        end = self._state(painter, end + 12, place, run, brief=True)
        end = self._words(painter, end + 10, place, progress(run).line(), self._theme.text)
        self._words(painter, end + 16, place, device_words(run), self._theme.dim)

    def _state(self, painter: QPainter, left: int, row: int, run: RunView, *, brief: bool = False) -> int:
        """A dot and the word of the state, in its colour; where it is brief, a training is but the dot."""
        theme = self._theme
        colour = {"training": theme.good, "paused": theme.warning, "failed": theme.error}.get(run.state, theme.dim)
        if run.state == "paused" and run.sentence:
            colour = theme.error
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawEllipse(QRect(left, row * _ROW + 6, 8, 8))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if brief and run.state == "training":
            return left + 8
        return self._words(painter, left + 13, row, tr(STATES[run.state]), colour)

    def _words(
        self, painter: QPainter, left: int, row: int, words: str, colour: str | QColor, *, bold: bool = False
    ) -> int:  # fmt: skip
        """Some words of a row, shortened where the row ends; gives where they end."""
        font = drawing.sized(self.font(), 13, bold=bold)
        wanted = QFontMetrics(font).horizontalAdvance(words) + 2
        width = min(wanted, self.width() - left)
        if words and width >= min(wanted, 60):  # less would be an ellipsis and little else
            drawing.text(painter, QRect(left, row * _ROW, width, _ROW), words, colour, font)
        return left + max(width, 0)


class SteeringBar(QWidget):
    """Train or pause (or go on with a run that rests), one phase, one batch, one epoch, stop, close."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.buttons = {name: CommandButton(name, self) for name in STEERING}
        self.close_button = QToolButton(self)
        self.close_button.setAutoRaise(True)
        self.close_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._run = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        for button in self.buttons.values():
            button.asked.connect(self.asked)
            row.addWidget(button)
        row.addWidget(self.close_button)
        self.buttons["run.continue"].setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.close_button.clicked.connect(self._on_close_clicked)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        for button in self.buttons.values():
            button.retranslate()
        self.buttons["run.continue"].setText(tr("Go on"))
        self.close_button.setAccessibleName(tr("Close the run"))
        self.close_button.setToolTip(tr("Close the run; a training ends with a checkpoint, and its folder stays"))

    def present(self, snapshot: Snapshot, theme: Theme) -> None:
        """Enable what can be asked for, and show whether it trains."""
        training = snapshot.run is not None and snapshot.run.state == "training"
        self._run = snapshot.run_id
        self.close_button.setIcon(icons.icon("close", theme))
        for name, button in self.buttons.items():
            button.setEnabled(button.command.can_run(snapshot))
            button.show_icon(theme, _ICONS.get((name, training), ""))
        rests = self.buttons["run.continue"].isEnabled()
        self.buttons["run.continue"].setVisible(rests)
        self.buttons["run.toggle"].setVisible(not rests)
        self.buttons["run.toggle"].setChecked(training)

    def _on_close_clicked(self) -> None:
        self.asked.emit("run.close", {"id": self._run})


class ValueField(QLineEdit):
    """A number that is asked for on Enter; Escape or leaving it shows again the value that is in force."""

    entered = Signal(float)

    def __init__(self, least: float, most: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._most = least, most
        self._in_force = 0.0
        self.setFixedWidth(78)
        self.returnPressed.connect(self._on_return_pressed)
        self.editingFinished.connect(self._on_editing_finished)
        self.textEdited.connect(self._on_text_edited)

    def show_value(self, value: float) -> None:
        """Show the value in force, except while another is being typed."""
        self._in_force = value
        if not self.isModified():
            self._restore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self._restore()
        else:
            super().keyPressEvent(event)

    def _restore(self) -> None:
        words = f"{self._in_force:.4g}"  # a schedule makes it any number
        if self.text() == words and not self.isModified():
            return
        self.setText(words)
        self.setCursorPosition(0)
        self.setModified(False)
        self._mark(True)

    def _typed(self) -> float | None:
        """The number that is typed, None where it is none or outside what it may be."""
        try:
            value = float(self.text().strip().replace(",", "."))
        except ValueError:
            return None
        return value if self._least <= value <= self._most else None

    def _mark(self, good: bool) -> None:
        self.setStyleSheet("" if good else "border-color: #C0392B;")

    def _on_text_edited(self) -> None:
        self._mark(self._typed() is not None)

    def _on_return_pressed(self) -> None:
        value = self._typed()
        if value is None:
            return
        self.setModified(False)
        if value != self._in_force:
            self.entered.emit(value)

    def _on_editing_finished(self) -> None:
        """The focus went elsewhere, or Enter was pressed: what was not entered is not in force."""
        if not self.hasFocus():
            self._restore()


class Adjustments(QWidget):
    """Learning rate and clipping: the values in force, which may be changed while it trains."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.rate, self.clipping = ValueField(1e-9, 100, self), ValueField(0, 1e9, self)
        self._labels = {field: QLabel(self) for field in (self.rate, self.clipping)}
        self._theme: Theme | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        for field, label in self._labels.items():
            column = QVBoxLayout()
            column.setSpacing(1)
            column.addWidget(label)
            column.addWidget(field)
            row.addLayout(column)
            label.setBuddy(field)
            label.setFont(drawing.sized(self.font(), 11))
        self.rate.entered.connect(self._on_rate_entered)
        self.clipping.entered.connect(self._on_clipping_entered)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        names = {self.rate: tr("Learning rate"), self.clipping: tr("Clipping")}
        hints = {
            self.rate: tr("Enter makes it hold from the next update on; the change is logged"),
            self.clipping: tr("The largest norm of the gradient; 0 for none. Enter makes it hold"),
        }
        for field, label in self._labels.items():
            label.setText(names[field])
            field.setAccessibleName(names[field])
            field.setToolTip(hints[field])

    def present(self, run: RunView, enabled: bool, theme: Theme) -> None:
        """Show the values in force."""
        self.rate.show_value(run.learning_rate)
        self.clipping.show_value(run.clipping)
        for field, label in self._labels.items():
            field.setEnabled(enabled)
            if theme is not self._theme:  # Qt reads a style sheet anew whenever it is set
                label.setStyleSheet(f"color: {theme.dim}")
        self._theme = theme

    def _on_rate_entered(self, value: float) -> None:
        self.asked.emit("run.rate", {"learning_rate": value})

    def _on_clipping_entered(self, value: float) -> None:
        self.asked.emit("run.clip", {"clipping": value})
