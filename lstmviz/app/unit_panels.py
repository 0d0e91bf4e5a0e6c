"""The panels of the unit inspector: each draws one thing about one unit and is cheap to draw at every step."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPixmap, QRegion, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lstmviz.app import curve_map, drawing
from lstmviz.app.curve_map import Curve
from lstmviz.app.numbers import grouped, limit, number, signed
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.reading import UnitSignal
from lstmviz.app.signal_names import short
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.app.time_axis import TimeAxis
from lstmviz.app.unit_equation import Lines
from lstmviz.language import tr

PAD = 8
TITLE = 20
_SCALE = 46
"""Pixels on the right of a plot for its limits."""


class Panel(QWidget):
    """A titled part of the inspector, painted on the view's ground."""

    def __init__(self, height: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme: Theme = LIGHT
        self._title = ""
        self._height = height
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(280, self._height)

    def set_height(self, height: int) -> None:
        """Ask the layout for another height, only when it is another."""
        if height != self._height:
            self._height = height
            self.updateGeometry()

    def set_title(self, title: str) -> None:
        """The panel's heading, which is its accessible name too."""
        self._title = title
        self.setAccessibleName(title)
        self.update()

    def paint_aside(self, painter: QPainter, words: str) -> None:
        """Words at the right of the heading, shortened where there is no room for all."""
        taken = QFontMetrics(drawing.sized(self.font(), 11, bold=True)).horizontalAdvance(self._title)
        room = QRect(PAD + taken + 8, 2, self.width() - 2 * PAD - taken - 8, TITLE - 4)
        drawing.text(painter, room, words, self.theme.dim, drawing.sized(self.font(), 10), "right")

    def paint_ground(self, painter: QPainter, rect: QRect) -> None:
        """Ground and title."""
        painter.fillRect(rect, QColor(self.theme.base))
        room = QRect(PAD, 2, self.width() - 2 * PAD, TITLE - 4)
        drawing.text(painter, room, self._title, self.theme.dim, drawing.sized(self.font(), 11, bold=True))


@dataclass(frozen=True, eq=False)
class Trail:
    """One signal of the unit, and that of the trace compared with, or None."""

    name: str
    signal: UnitSignal
    compared: UnitSignal | None = None


class CurvePanel(Panel):
    """Curves of some signals on one axis; their values at the cursor above; click or drag moves the cursor."""

    cursor_asked = Signal(int)

    def __init__(self, parent: QWidget, *, symmetric: bool) -> None:
        super().__init__(126, parent)
        self._symmetric = symmetric
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumHeight(90)
        self.setMaximumHeight(190)
        self._trails: tuple[Trail, ...] = ()
        self._range = (0, 1)
        self._limits = (0.0, 1.0)
        self._t = 0
        self._picture: QPixmap | None = None
        self._wished: int | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._on_soon_timeout)

    @property
    def axis(self) -> TimeAxis:
        """Which pixel is which step."""
        return TimeAxis(*self._range, PAD, max(1, self.width() - PAD - _SCALE))

    def show_trails(self, trails: tuple[Trail, ...]) -> None:
        """Draw other curves."""
        self._trails = trails
        self._limits = self._ends() if self._symmetric else (0.0, 1.0)
        self._picture = None
        self.update()

    def show_range(self, steps: tuple[int, int], t: int) -> None:
        """Draw another range of steps, and the cursor where it is."""
        self._range, self._t = steps, t
        self._picture = None
        self.update()

    def _ends(self) -> tuple[float, float]:
        """Symmetric limits over all steps."""
        signals = [signal for trail in self._trails for signal in (trail.signal, trail.compared) if signal is not None]
        ends = [signal.ends for signal in signals] or [(0.0, 1.0)]
        return curve_map.opened(min(low for low, _ in ends), max(high for _, high in ends), symmetric=True)

    def move_cursor(self, t: int) -> None:
        """Draw the cursor and the values at another step, nothing else."""
        before, self._t = self._t, t
        top = self._plot().top()
        lines = [drawing.cursor_rect(self.axis, step, self.height()).adjusted(0, top, 0, 0) for step in (before, t)]
        region = QRegion(lines[0]) | QRegion(lines[1])
        for _, _, room in self._places():
            region |= QRegion(room)
        self.update(region)

    def _plot(self) -> QRect:
        top = TITLE + drawing.CHIP_HEIGHT + 6
        return QRect(PAD, top, int(self.axis.width), self.height() - top - 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if is_vector():
            self._draw_on(painter)
        else:
            if self._picture is None:
                self._picture = self._draw()
            painter.drawPixmap(0, 0, self._picture)  # Qt clips to what is to be drawn
        if not self._trails:
            return
        if event.region().intersects(QRect(0, TITLE, self.width(), drawing.CHIP_HEIGHT + 4)):
            self._values(painter)
        if self._range[0] <= self._t < self._range[1]:
            plot = self._plot()
            drawing.cursor(painter, self.axis, self._t, plot.top(), plot.bottom() + 1, self.theme)
        painter.end()

    def _draw(self) -> QPixmap:
        ratio = pixel_ratio(self)
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        self._draw_on(painter)
        painter.end()
        return picture

    def _draw_on(self, painter: QPainter) -> None:
        """All that stays while the cursor moves; in a vector picture the curves alone are pixels."""
        ratio, plot = pixel_ratio(self), self._plot()
        self.paint_ground(painter, self.rect())
        painter.fillRect(plot, QColor(self.theme.raised))
        low, high = self._limits
        zero = round(plot.bottom() - (0 - low) / (high - low) * (plot.height() - 1))
        painter.fillRect(plot.left(), zero, plot.width(), 1, QColor(self.theme.line))
        curves, step = self._read()
        if step > 1:
            self.paint_aside(painter, tr("means of {steps} steps", steps=grouped(step)))
        explained = tr(
            "Line: the mean of {steps} steps. Area: from the lowest to the highest of them.", steps=grouped(step)
        )
        self.setToolTip(explained if step > 1 else "")
        size = (plot.width(), plot.height())
        painter.drawPixmap(plot.topLeft(), curve_map.draw(curves, self._range, low, high, size, ratio))
        font = drawing.sized(self.font(), 10)
        room = QRect(plot.right() + 5, plot.top() - 1, _SCALE - 5, 12)
        drawing.text(painter, room, limit(high), self.theme.dim, font)
        room.moveBottom(plot.bottom() + 1)
        drawing.text(painter, room, limit(low), self.theme.dim, font)
        for trail, x, _ in self._places():
            drawing.chip(painter, x, TITLE, short(trail.name), self.theme.signal(trail.name), self.font())

    def _read(self) -> tuple[list[Curve], int]:
        """The curves over the shown steps, and of how many steps each of their values is the mean, 1 in memory."""
        below, above, step = [], [], 1
        for trail in self._trails:
            colour, faint = self.theme.signal(trail.name), self.theme.signal(trail.name)
            faint.setAlpha(150)
            if trail.compared is not None:
                drawn = trail.compared.drawn(*self._range, self._plot().width())
                below.append(Curve(drawn.values, drawn.times, faint, dashed=True))
            drawn = trail.signal.drawn(*self._range, self._plot().width())
            above.append(Curve(drawn.values, drawn.times, colour, band=drawn.band))
            step = max(step, drawn.step)
        return [*below, *above], step

    def _places(self) -> list[tuple[Trail, int, QRect]]:
        """For each signal the pixel of its chip and the room for its value."""
        each = (self.width() - PAD) // max(1, len(self._trails))
        left = [PAD + place * each for place in range(len(self._trails))]
        wide = drawing.CHIP_HEIGHT + 6
        return [
            (trail, x, QRect(x + wide, TITLE, each - wide - 2, drawing.CHIP_HEIGHT))
            for trail, x in zip(self._trails, left, strict=True)
        ]

    def _values(self, painter: QPainter) -> None:
        """Beside each chip the value at the cursor, and how far it is from the compared trace."""
        font = drawing.sized(self.font(), 11)
        for trail, _, room in self._places():
            value = trail.signal.at(self._t)
            words = number(value)
            if trail.compared is not None and self._t < len(trail.compared):
                words += f" Δ{signed(value - trail.compared.at(self._t))}"
            drawing.text(painter, room, words, self.theme.text, font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    def set_title(self, title: str) -> None:
        self._picture = None
        super().set_title(title)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._wish(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._wish(event)

    def _wish(self, event: QMouseEvent) -> None:
        if self._trails:
            self._wished = self.axis.step(event.position().x())
            self._soon.start()

    def _on_soon_timeout(self) -> None:
        if self._wished is not None and self._wished != self._t:
            self.cursor_asked.emit(self._wished)
        self._wished = None


class EquationPanel(Panel):
    """The unit's equations with this step's numbers, each underlined in its signal's colour."""

    _LINE = 21

    def __init__(self, parent: QWidget) -> None:
        super().__init__(TITLE + 6 * self._LINE + 6, parent)
        self._lines: Lines = ()
        self._note = ""

    def show_lines(self, lines: Lines, note: str = "") -> None:
        """Draw other numbers."""
        if len(lines) != len(self._lines) or note != self._note:
            self.set_height(TITLE + (len(lines) + bool(note)) * self._LINE + 6)
        self._lines, self._note = lines, note
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_ground(painter, event.rect())
        font = drawing.sized(self.font(), 13)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(QColor(self.theme.text))
        colours = {name: self.theme.signal(name) for name in "rfiogchx"}
        for place, line in enumerate(self._lines):
            x, y = PAD + (0 if line and line[0].signal else 14), TITLE + place * self._LINE
            # a line is drawn at once: text costs by the call more than by the letter
            painter.drawText(x, y + 14, "".join(piece.text for piece in line))
            for piece in line:
                width = metrics.horizontalAdvance(piece.text)
                if piece.signal in colours:
                    painter.fillRect(x, y + 17, width, 2, colours[piece.signal])
                x += width
        room = QRect(PAD, TITLE + len(self._lines) * self._LINE, self.width() - 2 * PAD, self._LINE)
        drawing.text(painter, room, self._note, self.theme.dim, drawing.sized(self.font(), 11))
        painter.end()
