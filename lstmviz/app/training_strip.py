"""The four steps of BPTT as four boxes: what each did in the last update, and which of them was done last."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lstmviz.app import drawing
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.app.training_chart import run_colour
from lstmviz.app.training_words import PHASE_TITLES, count, milliseconds, short_number
from lstmviz.language import mark, tr
from lstmviz.session.run_view import PHASES_OF_TRAINING, Replay, RunView

_ARROW = 16
_PAD = 9
_HEAD, _LINE = 22, 17
_HINTS = {
    "forward": mark("The mini-batch goes through the net, step by step: every gate and state is computed"),
    "loss": mark("What the net said is compared with what was wanted: one number"),
    "gradients": mark("From the last step back to the first: how the loss changes with each weight; too long a gradient is clipped"),  # noqa: E501
    "update": mark("The optimiser moves every weight a little against its gradient"),
}  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """What one run did in one phase: its letter ("" where it is alone), what came of it, and how long it took.

    said: with the name of the quantity, without it, and its bare number, for less and less room.
    """

    place: int
    letter: str
    said: tuple[str, ...]
    took: str
    share: float
    done: bool


class PhaseStrip(QWidget):
    """Forward → loss → gradients → update; lit is the one that was done last, while the training stands still.

    Where the replay shows an earlier update, the boxes tell what the curves know of that one.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._runs: tuple[RunView, ...] = ()
        self._update: int | None = None
        self._theme: Theme = LIGHT

    def show_runs(self, runs: tuple[RunView, ...], replay: Replay | None, theme: Theme) -> None:
        """Draw what the runs did in their last update, or in that of the replay."""
        before, self._runs, self._theme = len(self._runs), runs, theme
        self._update = _earlier(runs, replay)
        if before != len(runs):
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(520, _HEAD + _LINE * max(1, len(self._runs)) + 9)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    @property
    def lit(self) -> str:
        """The phase that is lit, "" for none."""
        run = self._runs[0] if self._runs and self._update is None else None
        if run is None or run.state != "paused" or (run.update == 0 and run.phase == "update"):  # nothing is done yet
            return ""
        return run.phase

    def words(self, phase: str) -> tuple[str, ...]:
        """What each run did in a phase, without how long it took."""
        return tuple(line.said[0] for line in self._lines(phase))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        for phase in PHASES_OF_TRAINING:
            self._paint_box(painter, phase, self._box(phase))
        self._paint_arrows(painter)
        painter.end()

    def _box(self, phase: str) -> QRect:
        each = (self.width() - 3 * _ARROW) / 4
        left = round(PHASES_OF_TRAINING.index(phase) * (each + _ARROW))
        return QRect(left, 0, round(each), self.height() - 1)

    def _paint_box(self, painter: QPainter, phase: str, box: QRect) -> None:
        theme, lit = self._theme, phase == self.lit
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(QColor(theme.raised))
        painter.setPen(QPen(QColor(theme.accent if lit else theme.line), 2 if lit else 1))
        inset = 1.0 if lit else 0.5
        painter.drawRoundedRect(QRectF(box).adjusted(inset, inset, -inset, -inset), 5, 5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        inner = box.adjusted(_PAD, 0, -_PAD, 0)
        head = QRect(inner.left(), box.top() + 4, inner.width(), _HEAD - 6)
        bold = drawing.sized(self.font(), 12, bold=True)
        drawing.text(painter, head, tr(PHASE_TITLES[phase]), theme.accent if lit else theme.text, bold)
        for line in self._lines(phase):
            self._paint_line(painter, line, inner, box.top() + _HEAD + _LINE * line.place, head)

    def _paint_line(self, painter: QPainter, line: _Line, inner: QRect, top: int, head: QRect) -> None:
        """What a run did, and at the right how long it took: beside the box's name where the run is alone."""
        theme, font, bold = self._theme, drawing.sized(self.font(), 12), drawing.sized(self.font(), 12, bold=True)
        room = QRect(inner.left(), top, inner.width(), _LINE)
        if line.letter:
            drawing.text(painter, QRect(room.left(), top, 12, _LINE), line.letter, run_colour(theme, line.place), bold)
            room.setLeft(room.left() + 14)
        metrics = QFontMetrics(font)
        words = next((each for each in line.said if metrics.horizontalAdvance(each) < room.width()), line.said[-1])
        colour = QColor(theme.text if line.done else theme.dim)
        colour.setAlphaF(1.0 if line.done else 0.5)
        drawing.text(painter, room, words, colour, font)
        self._paint_took(painter, line, room if line.letter else head, words if line.letter else "")
        bar = max(1, round(line.share * inner.width())) if line.share > 0 else 0
        painter.fillRect(inner.left(), self.height() - 6 - 3 * (len(self._runs) - 1 - line.place), bar, 2,
                         self._bar(line.place))  # fmt: skip

    def _paint_took(self, painter: QPainter, line: _Line, room: QRect, beside: str) -> None:
        """How long it took, where it does not touch what stands beside it."""
        small = drawing.sized(self.font(), 11)
        taken = QFontMetrics(drawing.sized(self.font(), 12)).horizontalAdvance(beside) if beside else self._titled
        if taken + QFontMetrics(small).horizontalAdvance(line.took) + 8 <= room.width():
            drawing.text(painter, room, line.took, self._theme.dim, small, "right")

    @property
    def _titled(self) -> int:
        """The width of the longest name of a phase: of the four boxes all or none say how long they took."""
        metrics = QFontMetrics(drawing.sized(self.font(), 12, bold=True))
        return max(metrics.horizontalAdvance(tr(title)) for title in PHASE_TITLES.values())

    def _bar(self, place: int) -> QColor:
        colour = run_colour(self._theme, place)
        colour.setAlpha(150)
        return colour

    def _paint_arrows(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.dim))
        for phase in PHASES_OF_TRAINING[:-1]:
            x, y = self._box(phase).right() + _ARROW / 2 + 1, self.height() / 2
            painter.drawPolygon(QPolygonF([QPointF(x - 3, y - 4.5), QPointF(x + 4, y), QPointF(x - 3, y + 4.5)]))

    def _lines(self, phase: str) -> tuple[_Line, ...]:
        place = PHASES_OF_TRAINING.index(phase)
        lines = []
        for n, run in enumerate(self._runs):
            letter = "AB"[n] if len(self._runs) > 1 else ""
            if self._update is not None:
                lines.append(_Line(n, letter, _did_at(run, phase, self._update), "", 0.0, True))
                continue
            whole = sum(run.took)
            done = run.state != "paused" or not run.phase or place <= PHASES_OF_TRAINING.index(run.phase)
            took = milliseconds(run.took[place]) if run.took[place] > 0 else ""
            share = run.took[place] / whole if whole > 0 else 0.0
            lines.append(_Line(n, letter, _did(run, phase), took, share, done))
        return tuple(lines)

    def event(self, event: QEvent) -> bool:
        """The tooltip of a box says what the phase is."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            phase = next((name for name in PHASES_OF_TRAINING if self._box(name).contains(event.pos())), "")
            QToolTip.showText(
                event.globalPos(), f"{tr(PHASE_TITLES[phase])}\n{tr(_HINTS[phase])}" if phase else "", self
            )
            return True
        return super().event(event)


def _earlier(runs: tuple[RunView, ...], replay: Replay | None) -> int | None:
    """The update that the replay shows, None where that is the last of its run."""
    if replay is None or replay.live or not replay.updates:
        return None
    run = next((run for run in runs if run.id == replay.run), None)
    update = replay.updates[replay.position]
    return update if run is not None and update < run.update else None


def _did_at(run: RunView, phase: str, update: int) -> tuple[str, ...]:
    """What the curves know of a phase in an earlier update; the first box says which one it is."""
    if phase == "forward":
        return (tr("update {update}", update=count(update)),)
    row = int(np.searchsorted(run.curves.update, update))
    if phase == "update" or row >= len(run.curves.update) or run.curves.update[row] != update:
        return ("–",)
    if phase == "loss":
        return (short_number(run.curves.loss[row]),)
    norm = short_number(run.curves.norm[row])
    return f"‖∂L/∂w‖ {norm}", norm


def _did(run: RunView, phase: str) -> tuple[str, ...]:
    """What came of a phase in the last update, at length first."""
    if phase == "forward":
        return tr("{count} sequences", count=run.config.batch), str(run.config.batch)
    if math.isnan(run.loss) and not run.update:
        return ("–",)
    if phase == "loss":
        return (short_number(run.loss),)
    if phase == "gradients":
        norm, clipped = short_number(run.norm), short_number(run.clipped)
        brief = norm if norm == clipped or math.isnan(run.clipped) else f"{norm} → {clipped}"
        return f"‖∂L/∂w‖ {brief}", brief, norm
    if math.isnan(run.change):  # known of a run only while it trains
        return ("–",)
    brief = short_number(run.change)
    return f"‖Δw‖/‖w‖ {brief}", brief
