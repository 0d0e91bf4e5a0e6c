"""The painted lines of the pseudocode, with their numbers."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from lstmviz.app import theme
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.step_rows import StepRow
from lstmviz.language import tr

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_FAINT = 0.4
_BAR = 4
"""Width of the bar in the signal's colour before each line."""
_CODE, _NUMBERS, _SHAPE = 31, 46, 7
"""Characters of a plain LSTM's longest line of code, of numbers and of a shape."""
_SMALLEST_BESIDE = 11
"""Numbers stand beside the code where a font of so many pixels lets them."""


class StepLines(QWidget):
    """The painted lines. Code and numbers stand side by side where there is room, else one under the other."""

    clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[StepRow, ...] = ()
        self._heading = ""
        self._phase: int | None = None
        self._theme = theme.LIGHT
        self._still: dict[int | None, QPixmap] = {}
        self.fit(340)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_rows(self, rows: tuple[StepRow, ...], heading: str, phase: int | None, look: theme.Theme) -> None:
        """Show these rows, the one of ``phase`` lit."""
        codes = [(row.code, row.shape) for row in self.rows]
        if look is not self._theme or codes != [(row.code, row.shape) for row in rows]:
            self._still.clear()
        fresh = len(rows) != len(self.rows)
        self.rows, self._heading, self._phase, self._theme = rows, heading, phase, look
        if fresh:
            self._set_height()
        if self._code != self._longest():
            self.fit(self._fitted)
        self.update()

    def _longest(self) -> int:
        """Characters that the code takes: more where a cell's variant has longer lines."""
        return max(_CODE, max((len(row.code) for row in self.rows), default=0) + 1)

    def lit(self) -> QRectF | None:
        """Where the lines of the current phase are."""
        places = [self._place(n) for n, row in enumerate(self.rows) if row.phase == self._phase]
        return places[0].united(places[-1]) if places else None

    # -- layout

    def fit(self, width: int) -> None:
        """Choose fonts for the view's width, its scroll bar always counted in, lest bar and fonts chase each other."""
        self._fitted, self._code = width, self._longest()
        self._code_font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._code_font.setPixelSize(100)
        each = QFontMetricsF(self._code_font).horizontalAdvance("0") / 100
        room = max(1, width - 20 - 14)
        beside = int(room / ((self._code + _NUMBERS + _SHAPE) * each))
        self._wide = beside >= _SMALLEST_BESIDE
        size = min(max(beside if self._wide else min(round(width / 30), int(room / (self._code * each))), 10), 16)
        self._code_font.setPixelSize(size)
        self._number_font = QFont(self._code_font)
        self._number_font.setPixelSize(min(size, max(10, int(room / (_NUMBERS * each)))))
        self._code_font.setBold(True)
        self._small_font = QFont(self.font())
        self._small_font.setPixelSize(max(10, size - 2))
        self._advance = QFontMetricsF(self._code_font).horizontalAdvance("0")
        self._line_h = round(1.28 * size)
        self._top = self._line_h + 8
        self._row_h = (1 if self._wide else 2) * self._line_h + 6
        self._still.clear()
        self._set_height()

    def _set_height(self) -> None:
        self.setMinimumHeight(self._top + len(self.rows) * self._row_h + 4 if self.rows else 0)

    def _place(self, n: int) -> QRectF:
        return QRectF(0, self._top + n * self._row_h, self.width(), self._row_h)

    def _code_box(self, place: QRectF) -> QRectF:
        return QRectF(12, place.y() + 3, place.width() - 20, self._line_h)

    def _number_box(self, place: QRectF) -> QRectF:
        box = self._code_box(place)
        if not self._wide:
            return box.translated(0, self._line_h)
        return box.adjusted(self._code * self._advance, 0, -_SHAPE * self._advance, 0)

    def _later(self, row: StepRow) -> bool:
        return self._phase is not None and row.phase > self._phase

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._still.clear()

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if is_vector():
            self._paint_still(painter)
        else:
            painter.drawPixmap(0, 0, self._still_now())
        self._paint_frame(painter)
        painter.end()

    def _still_now(self) -> QPixmap:
        """The still part of the picture for the current phase."""
        if self._phase not in self._still:
            ratio = pixel_ratio(self)
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            painter = QPainter(pixmap)
            self._paint_still(painter)
            painter.end()
            self._still[self._phase] = pixmap
        return self._still[self._phase]

    def _paint_still(self, painter: QPainter) -> None:
        """What stays from frame to frame: the code, its shapes, the bars and the light on the current line."""
        painter.fillRect(self.rect(), QColor(self._theme.base))
        if not self.rows:
            painter.setPen(QColor(self._theme.dim))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            text = tr("The equations of each step stand here once a trace is open.")
            painter.drawText(self.rect().adjusted(16, 8, -16, -8), int(flags), text)
        for n, row in enumerate(self.rows):
            self._paint_code(painter, row, self._place(n))
        painter.setOpacity(1)

    def _paint_code(self, painter: QPainter, row: StepRow, place: QRectF) -> None:
        lit, colour = row.phase == self._phase, self._theme.signal(row.signal)
        if row.signal == "y":
            colour = QColor(self._theme.text)
        painter.setOpacity(1)
        if lit:
            wash = QColor(colour)
            wash.setAlphaF(0.22)
            painter.fillRect(place, wash)
        painter.setOpacity(_FAINT if self._later(row) else 1)
        painter.fillRect(QRectF(0, place.y() + 1, _BAR + 2 if lit else _BAR, place.height() - 2), colour)
        box = self._code_box(place)
        room = self._code * self._advance if self._wide else box.width()
        metrics = QFontMetricsF(self._code_font)
        painter.setFont(self._code_font)
        painter.setPen(QColor(self._theme.text))
        _draw_elided(painter, QRectF(box.x(), box.y(), room, box.height()), row.code, metrics)
        if self._wide or metrics.horizontalAdvance(row.code) + _SHAPE * self._advance < room:
            painter.setFont(self._number_font)
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(box, _RIGHT, row.shape)

    def _paint_frame(self, painter: QPainter) -> None:
        """The heading and the numbers of what is computed by now."""
        if not self.rows:
            return
        dim, text = QColor(self._theme.dim), QColor(self._theme.text)
        painter.setFont(self._small_font)
        painter.setPen(dim)
        heading = QRectF(12, 4, self.width() - 20, self._line_h)
        _draw_elided(painter, heading, self._heading, QFontMetricsF(self._small_font))
        painter.setFont(self._number_font)
        metrics = QFontMetricsF(self._number_font)
        for n, row in enumerate(self.rows):
            if not self._later(row):
                painter.setPen(text if self._phase in (None, row.phase) else dim)
                _draw_elided(painter, self._number_box(self._place(n)), row.numbers, metrics)

    # -- the user

    def _row_at(self, y: float) -> StepRow | None:
        n = int((y - self._top) // self._row_h)
        return self.rows[n] if 0 <= n < len(self.rows) and y >= self._top else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        if row is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(row.phase)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        self.setCursor(Qt.CursorShape.PointingHandCursor if row else Qt.CursorShape.ArrowCursor)
        text = f"{row.code}\n{row.numbers}" if row else ""
        QToolTip.showText(event.globalPosition().toPoint(), text, self)


def _draw_elided(painter: QPainter, box: QRectF, text: str, metrics: QFontMetricsF) -> None:
    if metrics.horizontalAdvance(text) > box.width():
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, _LEFT, text)
