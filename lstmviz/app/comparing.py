"""Two traces side by side: what the second timeline is shown, and the line over each that says which it is."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lstmviz.app import drawing
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.app.training_chart import run_colour
from lstmviz.app.training_words import differences
from lstmviz.session.run_view import RunView
from lstmviz.session.snapshot import Snapshot


def beside(snapshot: Snapshot) -> Snapshot:
    """The snapshot as the timeline of the compared trace sees it: the same place, as far as that trace has it."""
    trace = snapshot.compared
    if trace is None:
        return snapshot
    steps = len(trace)
    width = min(snapshot.stop - snapshot.start, steps)
    start = min(snapshot.start, steps - width)
    info = trace.layers[min(snapshot.layer, len(trace.layers) - 1)]
    return replace(
        snapshot,
        trace=trace,
        trace_id=snapshot.compared_id,
        t=min(snapshot.t, steps - 1),
        start=start,
        stop=start + width,
        layer=info.index,
        direction=snapshot.direction if snapshot.direction in info.directions else info.directions[0],
        unit=min(snapshot.unit, info.units - 1),
    )


def titles(snapshot: Snapshot) -> tuple[tuple[int, str], tuple[int, str]]:
    """Of the active and the compared trace: which of two twins it is, or −1, and what it is called."""
    shown = tuple(_run_of(snapshot, trace_id) for trace_id in (snapshot.trace_id, snapshot.compared_id))
    if shown[0] is not None and shown[1] is not None and shown[0].twin == shown[1].id:
        first = 0 if shown[0].id < shown[1].id else 1
        named = differences(shown[0], shown[1])
        return (first, named[0]), (1 - first, named[1])
    names = {entry.id: entry.name for entry in snapshot.open_traces}
    return (-1, names.get(snapshot.trace_id, "")), (-1, names.get(snapshot.compared_id, ""))


def _run_of(snapshot: Snapshot, trace_id: int) -> RunView | None:
    return next((run for run in snapshot.runs if trace_id and run.trace_id == trace_id), None)


class TraceTitle(QWidget):
    """One line over a timeline: the letter of a twin in its colour, and the name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(22)
        self._place, self._name, self._theme = -1, "", LIGHT
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(120, 22)

    def say(self, place: int, name: str, theme: Theme) -> None:
        """Show a name, and the letter of the first or the second twin."""
        self._place, self._name, self._theme = place, name, theme
        self.setAccessibleName(self.text())
        self.setToolTip(self.text())
        self.update()

    def text(self) -> str:
        """What is shown."""
        return f"{'AB'[self._place]}  {self._name}" if self._place >= 0 else self._name

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.raised))
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), QColor(self._theme.line))
        bold, left = drawing.sized(self.font(), 12, bold=True), 10
        if self._place >= 0:
            colour, letter = run_colour(self._theme, self._place), "AB"[self._place]
            drawing.text(painter, QRect(left, 0, 16, 21), letter, colour, bold)
            left += QFontMetrics(bold).horizontalAdvance(letter) + 8
        drawing.text(painter, QRect(left, 0, self.width() - left - 6, 21), self._name, self._theme.text, bold)
        painter.end()
