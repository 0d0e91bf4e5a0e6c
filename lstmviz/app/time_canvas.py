"""The timeline's drawing surface: one kept picture of all rows, the cursor as a thin overlay, and the mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from lstmviz.app import cell_labels, drawing
from lstmviz.app.numbers import grouped, number
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.signal_names import short
from lstmviz.app.theme import THEMES
from lstmviz.app.time_axis import TimeAxis, panned, zoomed
from lstmviz.app.time_painter import LEFT, RIGHT, TimePainter, read, said, value_rect
from lstmviz.app.time_rows import Lanes, Row, row_at, rows_of
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot

_NOTCH = 0.8
"""One notch of the wheel shows this part of the range."""


class TimeCanvas(QWidget):
    """Rows over time; says what the mouse and the keys asked for, and moves nothing by itself."""

    cursor_asked = Signal(int)
    unit_asked = Signal(int, int, str)
    range_asked = Signal(int, int)
    all_asked = Signal()
    hovered = Signal(str)
    composed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._snapshot = Snapshot()
        self._lanes: Lanes = ((0, "forward"),)
        self._rows: tuple[Row, ...] = ()
        self._painter = TimePainter()
        self._picture: QPixmap | None = None
        self._room = 0
        self._dragged_from: tuple[int, int] | None = None
        self._wished: int | None = None
        self._by_key = False
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._on_soon_timeout)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows as they lie now."""
        return self._rows

    @property
    def axis(self) -> TimeAxis:
        """Which pixel is which step now."""
        return TimeAxis(self._snapshot.start, self._snapshot.stop, LEFT, max(1, self.width() - LEFT - RIGHT))

    def show_snapshot(self, snapshot: Snapshot, lanes: Lanes, *, only_cursor: bool, new_trace: bool) -> None:
        """Draw a snapshot: all of it, or, where only the cursor moved, the few pixels that differ."""
        before, self._snapshot, self._lanes = self._snapshot, snapshot, lanes
        if only_cursor:
            self.update(self._moving(before.t) | self._moving(snapshot.t))
            return
        if new_trace:
            self._painter.forget()
        self.lay_out(self._room)

    def lay_out(self, room: int) -> None:
        """Give the rows ``room`` pixels of height; they take more where they need it."""
        self._room = room
        needed = 0
        self._rows = ()
        if self._snapshot.trace is not None:
            signals = self._snapshot.signals
            self._rows, needed = rows_of(self._snapshot.trace, self._lanes, signals, room)
        self.setFixedHeight(max(needed, room))
        self._picture = None
        self.update()

    def _moving(self, t: int) -> QRegion:
        """The pixels that depend on where the cursor is: its line, and the values under the names."""
        region = QRegion(drawing.cursor_rect(self.axis, t, self.height()))
        for row in self._rows:
            region |= QRegion(value_rect(row))
        return region

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_rows(painter)
        if self._snapshot.trace is None:
            theme, font = THEMES[self._snapshot.theme], drawing.sized(self.font(), 13)
            words = tr("Open a sample or a file to see its trace here.")
            drawing.text(painter, self.rect().adjusted(16, 0, -16, 0), words, theme.dim, font, "middle")
            return
        if event.region().intersects(QRect(0, 0, LEFT - 8, self.height())):
            self._painter.values(painter, self._snapshot, self._rows, self.font())
        right = LEFT + int(self.axis.width)
        if any(event.region().intersects(QRect(x - 8, 0, 16, self.height())) for x in (LEFT, right)):
            self._mark_unit(painter)
        if self._snapshot.start <= self._snapshot.t < self._snapshot.stop:
            drawing.cursor(painter, self.axis, self._snapshot.t, 0, self.height(), THEMES[self._snapshot.theme])
        if self._by_key and self.hasFocus() and not is_vector():
            painter.setPen(QColor(THEMES[self._snapshot.theme].accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_rows(self, painter: QPainter) -> None:
        """The rows from their picture; a vector picture gets the rows themselves."""
        ratio = pixel_ratio(self)
        if is_vector():
            painter.fillRect(self.rect(), QColor(THEMES[self._snapshot.theme].base))
            self._painter.paint_on(painter, self._snapshot, self._rows, self.axis, self.font(), ratio)
            return
        if self._picture is None:
            size = (self.width(), self.height())
            self._picture = self._painter.paint(self._snapshot, self._rows, self.axis, size, self.font(), ratio)
            self.composed.emit(self._painter.transforms)
        painter.drawPixmap(0, 0, self._picture)  # Qt clips to what is to be drawn

    def _mark_unit(self, painter: QPainter) -> None:
        """Arrows at both ends of the selected unit's row."""
        snapshot, trace = self._snapshot, self._snapshot.trace
        assert trace is not None
        colour = QColor(THEMES[snapshot.theme].text)
        for row in self._rows:
            if row.kind != "signal" or (row.layer, row.direction) != (snapshot.layer, snapshot.direction):
                continue
            units = self._painter.array(trace, row).shape[1]
            # behind a projection a row of h is no unit's own
            if snapshot.unit < units == trace.layers[row.layer].units:
                y = row.unit_middle(snapshot.unit, units)
                drawing.arrow(painter, LEFT - 1, y, True, colour)
                drawing.arrow(painter, LEFT + int(self.axis.width) + 1, y, False, colour)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        self._picture = None
        super().changeEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._snapshot.trace is None:
            return
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (left and shift):
            self._dragged_from = (round(event.position().x()), self._snapshot.start)
        elif left:
            self._wish(event)
            row = row_at(self._rows, event.position().y())
            if row is not None and row.kind == "signal" and self._over_plot(event.position().x()):
                units = self._painter.array(self._snapshot.trace, row).shape[1]
                self.unit_asked.emit(row.unit(event.position().y(), units), row.layer, row.direction)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._snapshot.trace is None:
            return
        if self._dragged_from is not None:
            x, start = self._dragged_from
            by = round((x - event.position().x()) / self.axis.per_step)
            length = self._snapshot.stop - self._snapshot.start
            self._ask_range(panned(start, start + length, self._snapshot.steps, by))
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._wish(event)
        else:
            self.hovered.emit(self.under(event.position().x(), event.position().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._snapshot.trace is not None and event.button() == Qt.MouseButton.LeftButton:
            self.all_asked.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.setCursor(Qt.CursorShape.ArrowCursor if self._snapshot.trace is None else Qt.CursorShape.CrossCursor)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # over the gutters the wheel scrolls the rows, as the scroll area does with what is ignored here
        if self._snapshot.trace is None or not self._over_plot(event.position().x()):
            event.ignore()
            return
        across, up = event.angleDelta().x(), event.angleDelta().y()
        start, stop, steps = self._snapshot.start, self._snapshot.stop, self._snapshot.steps
        if abs(across) > abs(up):
            self._ask_range(panned(start, stop, steps, -round(across / 120 * (stop - start) / 10)))
        else:
            around = self.axis.step(event.position().x())
            self._ask_range(zoomed(start, stop, steps, _NOTCH ** (up / 120), around))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        snapshot = self._snapshot
        if snapshot.trace is None:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_NOTCH**2)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(_NOTCH**-2)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            unit = snapshot.unit + (1 if event.key() == Qt.Key.Key_Down else -1)
            if 0 <= unit < snapshot.trace.layers[snapshot.layer].units:
                self.unit_asked.emit(unit, snapshot.layer, snapshot.direction)
        else:
            super().keyPressEvent(event)

    def zoom(self, factor: float) -> None:
        """Ask for a range ``factor`` times as long around the cursor."""
        snapshot = self._snapshot
        self._ask_range(zoomed(snapshot.start, snapshot.stop, snapshot.steps, factor, snapshot.t))

    def under(self, x: float, y: float) -> str:
        """What is under a pixel: step, unit and value."""
        trace, t = self._snapshot.trace, self.axis.step(x)
        row = row_at(self._rows, y)
        if trace is None or not self._over_plot(x):
            return ""
        if row is None or row.kind != "signal":
            return f"t = {grouped(t)}" if row is None else f"t = {grouped(t)}   {self._strip_words(row, t)}"
        array = self._painter.array(trace, row)
        unit = row.unit(y, array.shape[1])
        sign = short(row.signal, trace.layers[row.layer].cell)
        return f"t = {grouped(t)}   {sign}[{unit}] = {number(float(array[t, unit]), 3)}"

    def _strip_words(self, row: Row, t: int) -> str:
        trace = self._snapshot.trace
        assert trace is not None
        if row.kind == "labels":
            return (trace.sequence.labels or ())[t]
        if row.kind == "nets":
            return cell_labels.side_name(trace, t)
        return read(trace, t) if row.kind == "input" else said(trace, t)

    def _over_plot(self, x: float) -> bool:
        return LEFT <= x < LEFT + self.axis.width

    def _ask_range(self, wanted: tuple[int, int]) -> None:
        if wanted != (self._snapshot.start, self._snapshot.stop):
            self.range_asked.emit(*wanted)

    def _wish(self, event: QMouseEvent) -> None:
        """Remember the step under the mouse; only the newest is asked for, once the queued moves are read."""
        self._wished = self.axis.step(event.position().x())
        if not self._soon.isActive():
            self._soon.start()

    def _on_soon_timeout(self) -> None:
        if self._wished is not None and self._wished != self._snapshot.t:
            self.cursor_asked.emit(self._wished)
        self._wished = None
