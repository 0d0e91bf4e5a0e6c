"""The drawing surface of the gradient flow: one kept picture, the cursor as a thin overlay, and the mouse."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap, QRegion, QResizeEvent
from PySide6.QtWidgets import QWidget

from lstmviz.app import drawing
from lstmviz.app.drawing import Ink
from lstmviz.app.flow_painter import FlowPainter
from lstmviz.app.flow_rows import BAND, FlowLane, Place, magnitude, places_of, way_words
from lstmviz.app.numbers import grouped, number
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.signal_names import lane_sign
from lstmviz.app.theme import THEMES
from lstmviz.app.time_axis import TimeAxis
from lstmviz.app.time_painter import LEFT, RIGHT
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot


class FlowCanvas(QWidget):
    """Lanes over time; says what the mouse asked for, and moves nothing by itself."""

    cursor_asked = Signal(int)
    unit_asked = Signal(int, int, str)
    hovered = Signal(str)
    composed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._snapshot = Snapshot()
        self._lanes: tuple[FlowLane, ...] = ()
        self._places: tuple[Place, ...] = ()
        self._painter = FlowPainter()
        self._picture: QPixmap | None = None
        self._room = 0
        self._outer = 0
        self._step = -1
        self._wished: int | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._on_soon_timeout)

    @property
    def axis(self) -> TimeAxis:
        """Which pixel is which step: the same as on the timeline below, whether or not there is a scroll bar here."""
        width = max(self._outer, self.width()) - LEFT - RIGHT
        return TimeAxis(self._snapshot.start, self._snapshot.stop, LEFT, max(1, width))

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the lanes stand now."""
        return self._places

    def show_flow(self, snapshot: Snapshot, lanes: tuple[FlowLane, ...], step: int) -> None:
        """Draw a flow, or another range of steps."""
        self._snapshot, self._lanes, self._step = snapshot, lanes, step
        self.lay_out(self._room, self._outer)

    def move_cursor(self, snapshot: Snapshot) -> None:
        """Draw the cursor and the values at another step, nothing else."""
        before, self._snapshot = self._snapshot, snapshot
        region = QRegion(0, 0, LEFT - 1, self.height())
        for t in (before.t, snapshot.t):
            region |= QRegion(drawing.cursor_rect(self.axis, t, self.height()))
        self.update(region)

    def lay_out(self, room: int, outer: int) -> None:
        """Give the lanes ``room`` pixels of height in a view ``outer`` pixels wide."""
        self._room, self._outer = room, outer
        self._places, needed = places_of(len(self._lanes), room)
        self.setFixedHeight(max(needed, room))
        self._picture = None
        self.update()

    def note(self) -> str:
        """What the picture does to the values, by name."""
        return self._painter.note

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown, theme = self._snapshot, THEMES[self._snapshot.theme]
        if shown.trace is None or not self._lanes:
            painter.fillRect(self.rect(), QColor(theme.base))
            return
        ink = Ink(shown.trace, self.axis, theme, self.font(), pixel_ratio(self))
        if is_vector():
            painter.fillRect(self.rect(), QColor(theme.base))
            self._painter.paint_on(painter, self._lanes, self._places, ink, self._step)
        else:
            painter.drawPixmap(0, 0, self._kept(ink))
        self._painter.values(painter, self._lanes, self._places, ink, shown.t, shown.unit)
        if shown.start <= shown.t < shown.stop:
            for place in self._places:
                drawing.cursor(painter, ink.axis, shown.t, place.curve, place.bottom, theme)
        self._mark_unit(painter, ink)
        painter.end()

    def _kept(self, ink: Ink) -> QPixmap:
        if self._picture is None:
            self._picture = QPixmap(round(self.width() * ink.ratio), round(self.height() * ink.ratio))
            self._picture.setDevicePixelRatio(ink.ratio)
            self._picture.fill(QColor(ink.theme.base))
            painter = QPainter(self._picture)
            self._painter.paint_on(painter, self._lanes, self._places, ink, self._step)
            painter.end()
            self.composed.emit()
        return self._picture

    def _mark_unit(self, painter: QPainter, ink: Ink) -> None:
        """Arrows at both ends of the selected unit's row."""
        shown = self._snapshot
        for lane, place in zip(self._lanes, self._places, strict=True):
            units: int = lane.map.shape[1]
            if (lane.layer, lane.direction) == (shown.layer, shown.direction) and shown.unit < units:
                y = place.map + (shown.unit + 0.5) * place.map_height / units
                drawing.arrow(painter, LEFT - 1, y, True, QColor(ink.theme.text))
                drawing.arrow(painter, LEFT + int(ink.axis.width) + 1, y, False, QColor(ink.theme.text))

    def under(self, x: float, y: float) -> str:
        """What is under a pixel: the step, and the norm, the share or the value there."""
        found = self._lane_at(y)
        if found is None or not LEFT <= x < LEFT + self.axis.width:
            return ""
        lane, place = found
        t = self.axis.step(x)
        where = f"t = {grouped(t)}   {tr('layer {lane}', lane=lane_sign(lane.layer, lane.direction))}   "
        if y >= place.map:
            unit = self._unit_at(lane, place, y)
            return f"{where}|∂L/∂{lane.state}[{unit}]| = {magnitude(lane.value(t, unit))}"
        if place.band <= y < place.band + BAND:
            edges = lane.shares[:, t].cumsum()
            n = min(int((edges <= (place.band + BAND - y) / BAND).sum()), len(lane.ways) - 1)
            return f"{where}{number(100 * float(lane.shares[n, t]), 0)} % {way_words(lane.ways[n], lane.state)}"
        return where + "   ".join(f"‖∂L/∂{sign}‖ = {magnitude(float(v[t]))}" for sign, v in lane.curves.items())

    def _lane_at(self, y: float) -> tuple[FlowLane, Place] | None:
        return next(
            (
                (lane, place)
                for lane, place in zip(self._lanes, self._places, strict=True)
                if place.curve <= y < place.bottom
            ),
            None,
        )

    @staticmethod
    def _unit_at(lane: FlowLane, place: Place, y: float) -> int:
        last = int(lane.map.shape[1]) - 1
        unit: int = min(max(int((y - place.map) * (last + 1) / place.map_height), 0), last)
        return unit

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x, y = event.position().x(), event.position().y()
        found = self._lane_at(y)
        if event.button() != Qt.MouseButton.LeftButton or not self._lanes:
            super().mousePressEvent(event)
            return
        self._wish(x)
        if found is not None and y >= found[1].map and x >= LEFT:
            lane, place = found
            self.unit_asked.emit(self._unit_at(lane, place, y), lane.layer, lane.direction)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._wish(event.position().x())
        else:
            self.hovered.emit(self.under(event.position().x(), event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")
        super().leaveEvent(event)

    def _wish(self, x: float) -> None:
        """Remember the step under the mouse; only the newest is asked for, once the queued moves are read."""
        self._wished = self.axis.step(x)
        if not self._soon.isActive():
            self._soon.start()

    def _on_soon_timeout(self) -> None:
        if self._wished is not None and self._wished != self._snapshot.t:
            self.cursor_asked.emit(self._wished)
        self._wished = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        self._picture = None
        super().changeEvent(event)
