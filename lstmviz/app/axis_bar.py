"""The bottom edge of the timeline: ticks, the cursor's step, and what one pixel stands for."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lstmviz.app import drawing
from lstmviz.app.theme import THEMES
from lstmviz.app.time_axis import TimeAxis, tick_label
from lstmviz.app.time_painter import LEFT
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot

_TICKS = 20
_NOTE = 15


class AxisBar(QWidget):
    """Ticks with steps or times; the step under the cursor in a flag; a line that names every transform."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._axis = TimeAxis(0, 1, LEFT, 1)
        self._note = ""
        self.setFixedHeight(_TICKS + _NOTE)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(300, _TICKS + _NOTE)

    def show_axis(self, snapshot: Snapshot, axis: TimeAxis, *, only_cursor: bool) -> None:
        """Draw the axis; where only the cursor moved, only the ticks' line."""
        self._snapshot, self._axis = snapshot, axis
        self.update(QRect(0, 0, self.width(), _TICKS) if only_cursor else self.rect())

    def say(self, note: str) -> None:
        """Name the transforms of the rows above."""
        if note != self._note:
            self._note = note
            self.setToolTip(note)
            self.update()

    def _flag(self, t: int) -> QRect:
        width = QFontMetrics(drawing.sized(self.font(), 11, bold=True)).horizontalAdvance(str(t)) + 10
        middle = round(self._axis.centre(t))
        left = min(max(middle - width // 2, 0), max(0, self.width() - width))
        return QRect(left, 0, width, _TICKS - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = THEMES[self._snapshot.theme]
        painter.fillRect(event.rect(), QColor(theme.base))
        if self._snapshot.trace is None:
            return
        painter.fillRect(QRect(LEFT, 0, int(self._axis.width), 1), QColor(theme.line))
        self._paint_ticks(painter)
        font = drawing.sized(self.font(), 10)
        room = QRect(LEFT, _TICKS, self.width() - LEFT - 4, _NOTE - 1)
        drawing.text(painter, room, self._note, theme.dim, font)
        drawing.text(painter, QRect(8, 0, LEFT - 16, _TICKS), self._what(), theme.dim, drawing.sized(self.font(), 11))
        if self._snapshot.start <= self._snapshot.t < self._snapshot.stop:
            flag = self._flag(self._snapshot.t)
            painter.fillRect(flag, QColor(theme.cursor))
            align = Qt.AlignmentFlag.AlignHCenter
            bold = drawing.sized(self.font(), 11, bold=True)
            drawing.text(painter, flag, str(self._snapshot.t), theme.base, bold, align)
        painter.end()

    def _what(self) -> str:
        trace = self._snapshot.trace
        return tr("step") if trace is None or trace.sequence.times is None else tr("time")

    def _paint_ticks(self, painter: QPainter) -> None:
        assert self._snapshot.trace is not None
        theme, times = THEMES[self._snapshot.theme], self._snapshot.trace.sequence.times
        painter.setFont(drawing.sized(self.font(), 11))
        painter.setPen(QColor(theme.dim))
        span = (self._snapshot.start, self._snapshot.stop)
        metrics, flag = QFontMetrics(painter.font()), self._flag(self._snapshot.t)
        for t in self._axis.ticks(80 if times is None else 110):
            x = round(self._axis.centre(t))
            painter.drawLine(x, 1, x, 4)
            words = tick_label(t, times, span)
            wide = metrics.horizontalAdvance(words)
            label = QRect(x - wide // 2 - 2, 4, wide + 4, _TICKS - 4)
            if not label.intersects(flag):
                painter.drawText(label, Qt.AlignmentFlag.AlignHCenter, words)
