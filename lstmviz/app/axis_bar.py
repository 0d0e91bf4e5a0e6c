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
        self.axis = TimeAxis(0, 1, LEFT, 1)
        self._note = ""
        self._labels: list[tuple[int, QRect, str]] = []
        self.setFixedHeight(_TICKS + _NOTE)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(300, _TICKS + _NOTE)

    def show_axis(self, snapshot: Snapshot, axis: TimeAxis, *, only_cursor: bool) -> None:
        """Draw the axis; where only the cursor moved, only the flag and the labels that it covers or uncovers."""
        before, self._snapshot, self.axis = self._snapshot, snapshot, axis
        if not only_cursor:
            self._labels = self._lay_out_labels()
            self.update()
            return
        for flag in (self._flag(before.t), self._flag(snapshot.t)):
            for _, room, _ in self._labels:
                if room.intersects(flag):
                    self.update(room)
            self.update(flag)

    def _lay_out_labels(self) -> list[tuple[int, QRect, str]]:
        """For each tick its pixel, and where its label stands and what it says."""
        if self._snapshot.trace is None:
            return []
        times, span = self._snapshot.trace.sequence.times, (self._snapshot.start, self._snapshot.stop)
        metrics, labels = QFontMetrics(drawing.sized(self.font(), 11)), []
        for t in self.axis.ticks(80 if times is None else 110):
            x, words = round(self.axis.centre(t)), tick_label(t, times, span)
            width = metrics.horizontalAdvance(words) + 4
            # the first label keeps clear of the word on its left
            left = max(x - width // 2, LEFT - 20)
            labels.append((x, QRect(left, 1, width, _TICKS - 2), words))
        return labels

    def say(self, note: str) -> None:
        """Name the transforms of the rows above."""
        if note != self._note:
            self._note = note
            self.setToolTip(note)
            self.update()

    def _flag_words(self, t: int) -> str:
        trace = self._snapshot.trace
        if trace is None or t >= len(trace):
            return ""
        return tick_label(t, trace.sequence.times, (self._snapshot.start, self._snapshot.stop))

    def _flag(self, t: int) -> QRect:
        width = QFontMetrics(drawing.sized(self.font(), 11, bold=True)).horizontalAdvance(self._flag_words(t)) + 10
        middle = round(self.axis.centre(t))
        left = min(max(middle - width // 2, 0), max(0, self.width() - width))
        return QRect(left, 0, width, _TICKS - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = THEMES[self._snapshot.theme]
        painter.fillRect(event.rect(), QColor(theme.base))
        if self._snapshot.trace is None:
            return
        painter.fillRect(QRect(LEFT, 0, int(self.axis.width), 1), QColor(theme.line))
        self._paint_ticks(painter, event.rect())
        if event.rect().bottom() > _TICKS or event.rect().left() < LEFT:
            self._paint_words(painter)
        if self._snapshot.start <= self._snapshot.t < self._snapshot.stop:
            flag = self._flag(self._snapshot.t)
            painter.fillRect(flag, QColor(theme.cursor))
            bold = drawing.sized(self.font(), 11, bold=True)
            drawing.text(painter, flag, self._flag_words(self._snapshot.t), theme.base, bold, "middle")
        painter.end()

    def _paint_words(self, painter: QPainter) -> None:
        theme = THEMES[self._snapshot.theme]
        font = drawing.sized(self.font(), 10)
        room = QRect(LEFT, _TICKS, self.width() - LEFT - 4, _NOTE - 1)
        drawing.text(painter, room, self._note, theme.dim, font)
        drawing.text(painter, QRect(8, 0, LEFT - 16, _TICKS), self._what(), theme.dim, drawing.sized(self.font(), 11))

    def _what(self) -> str:
        trace = self._snapshot.trace
        return tr("step") if trace is None or trace.sequence.times is None else tr("time")

    def _paint_ticks(self, painter: QPainter, dirty: QRect) -> None:
        font, dim = drawing.sized(self.font(), 11), QColor(THEMES[self._snapshot.theme].dim)
        flag = self._flag(self._snapshot.t)
        for x, room, words in self._labels:
            if dirty.intersects(room):
                painter.fillRect(x, 1, 1, 4, dim)
                if not flag.intersects(room):
                    drawing.text(painter, room.adjusted(0, 2, 0, 0), words, dim, font, "middle")
