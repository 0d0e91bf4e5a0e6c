"""The charts of a training: a kept picture, the update under the mouse, and the cursor of the replay to drag."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QToolButton, QToolTip, QWidget

from lstmviz.app import drawing, training_chart
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.app.training_chart import LEFT, TICKS, Picture
from lstmviz.app.training_words import count, differences, short_number
from lstmviz.language import tr
from lstmviz.session.run_view import Replay, RunView

_MARK_REACH = 6
"""So many pixels beside a mark of the log still mean it."""


class TrainingPlots(QWidget):
    """Loss above, gradient norm below, over the same updates."""

    position_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 80)
        self._runs: tuple[RunView, ...] = ()
        self._replay: Replay | None = None
        self._theme: Theme = LIGHT
        self._logarithmic = True
        self._painted: Picture | None = None
        self._pixmap: QPixmap | None = None
        self._hovered: float | None = None
        self._wished: int | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._on_soon_timeout)
        self.scale = QToolButton(self)
        self.scale.setCheckable(True)
        self.scale.setChecked(True)
        self.scale.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.scale.setStyleSheet("padding: 0 5px; font-size: 11px;")
        self.scale.toggled.connect(self.set_logarithmic)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self.scale.setText(tr("log"))
        self.scale.setAccessibleName(tr("Logarithmic values"))
        self.scale.setToolTip(tr("Values on a logarithmic axis, or on a linear one"))
        self.setAccessibleName(tr("Loss and gradient norm over the updates"))
        self._place_scale()
        self.forget()

    def _place_scale(self) -> None:
        self.scale.adjustSize()
        self.scale.move(self.width() - self.scale.width() - training_chart.RIGHT, 0)

    def sizeHint(self) -> QSize:
        return QSize(640, 260)

    @property
    def picture(self) -> Picture:
        """What is to be drawn now."""
        return Picture(self._runs, self._logarithmic, self._theme, self.font(), (self.width(), self.height()))

    def show_runs(self, runs: tuple[RunView, ...], replay: Replay | None, theme: Theme) -> None:
        """Draw the runs; the curves only where they differ, the cursor only where it moved."""
        before, self._runs, self._theme = self._replay, runs, theme
        self._replay = replay if replay is not None and any(run.id == replay.run for run in runs) else None
        if not self.picture.same_curves(self._painted):
            self.forget()
        elif before != self._replay:
            self.update()
        if (before is None) != (self._replay is None):
            self.setCursor(Qt.CursorShape.SizeHorCursor if self._replay is not None else Qt.CursorShape.CrossCursor)

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Draw the values on a logarithmic axis, or on a linear one."""
        self._logarithmic = logarithmic
        self.forget()

    def forget(self) -> None:
        """Draw everything anew."""
        self._painted = self._pixmap = None
        self.update()

    # --- drawing ---

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if is_vector():
            training_chart.paint(painter, self.picture, self._names())
        else:
            if self._pixmap is None:
                self._compose()
            assert self._pixmap is not None
            painter.drawPixmap(0, 0, self._pixmap)
        if self._runs:
            self._paint_probes(painter)
            self._paint_hovered(painter)
            self._paint_cursor(painter)
        painter.end()

    def _compose(self) -> None:
        ratio = pixel_ratio(self)
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        painter = QPainter(pixmap)
        self._painted = self.picture
        training_chart.paint(painter, self._painted, self._names())
        painter.end()
        self._pixmap = pixmap

    def _names(self) -> tuple[str, ...]:
        if len(self._runs) < 2:
            return ()
        first, second = differences(*self._runs[:2])
        return f"A  {first}", f"B  {second}"

    def _paint_probes(self, painter: QPainter) -> None:
        """A tick at every update whose probe is kept: where the cursor can go."""
        if self._replay is None:
            return
        axis, bottom = self.picture.axis, self.height() - TICKS
        places = np.unique(np.round(axis.xs(np.array(self._replay.updates, dtype=np.float64))))
        for x in places.astype(int).tolist():
            painter.fillRect(x, bottom - 4, 1, 5, QColor(self._theme.accent))

    def _paint_cursor(self, painter: QPainter) -> None:
        """The update whose probe is shown, with its number in a flag."""
        if self._replay is None or not self._replay.updates:
            return
        update = self._replay.updates[self._replay.position]
        x, bottom = round(self.picture.axis.x(update)), self.height() - TICKS
        halo = QColor(self._theme.base)
        halo.setAlpha(150)
        for plot in (self.picture.loss_plot, self.picture.norm_plot):
            painter.fillRect(x - 1, plot.top(), 3, plot.height(), halo)
            painter.fillRect(x, plot.top(), 1, plot.height(), QColor(self._theme.accent))
        words, font = count(update), drawing.sized(self.font(), 11, bold=True)
        width = QFontMetrics(font).horizontalAdvance(words) + 10
        left = min(max(x - width // 2, 0), max(0, self.width() - width))
        flag = QRect(left, bottom + 1, width, TICKS - 4)
        for room, _ in training_chart.update_labels(self.picture):
            if room.adjusted(-3, 0, 3, 0).intersects(flag):
                painter.fillRect(room, QColor(self._theme.base))
        painter.fillRect(flag, QColor(self._theme.accent))
        drawing.text(painter, flag, words, self._theme.accent_text, font, "middle")

    def _paint_hovered(self, painter: QPainter) -> None:
        """A thin line at the update under the mouse, and its numbers over the charts' names."""
        if self._hovered is None:
            return
        picture = self.picture
        x, theme = round(picture.axis.x(self._hovered)), self._theme
        for plot in (picture.loss_plot, picture.norm_plot):
            painter.fillRect(x, plot.top(), 1, plot.height(), QColor(theme.line))
        for plot, words in zip((picture.loss_plot, picture.norm_plot), self.readings(self._hovered), strict=True):
            room = QRect(LEFT, plot.top() - 19, plot.width() - 44, 17)
            painter.fillRect(room, QColor(theme.base))
            drawing.text(painter, room, words, theme.text, drawing.sized(self.font(), 12))

    def readings(self, update: float) -> tuple[str, str]:
        """What the two charts show at an update."""
        losses, norms = [], []
        for place, run in enumerate(self._runs):
            letter = f"{'AB'[place]} " if len(self._runs) > 1 else ""
            curves = run.curves
            at = int(np.searchsorted(curves.update, update))
            if at >= len(curves.update):
                continue
            losses.append(f"{letter}{tr('loss {value}', value=short_number(float(curves.loss[at])))}")
            judged = np.flatnonzero(curves.validation_update <= curves.update[at])
            if judged.size:
                losses[-1] += ", " + tr("validation {value}", value=short_number(curves.validation[judged[-1]]))
            norms.append(f"{letter}‖∂L/∂w‖ {short_number(float(curves.norm[at]))}")
            if at < len(curves.rate):
                norms[-1] += ", " + tr("learning rate {value}", value=f"{curves.rate[at]:.3g}")
        head = [tr("update {update}", update=count(update))]
        if self._runs and self._runs[0].curves.epoch.size:
            curves = self._runs[0].curves
            at = min(int(np.searchsorted(curves.update, update)), len(curves.epoch) - 1)
            head.append(tr("epoch {epoch}", epoch=f"{curves.epoch[at]:.2f}"))
        return "   ".join([" · ".join(head), *losses]), "   ".join(norms)

    # --- mouse ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._wish(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._wish(event)
        self._hover(event.position().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        """The tooltip of a mark of the log says what happened there."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.happened(event.pos().x()), self)
            return True
        return super().event(event)

    def happened(self, x: float) -> str:
        """What the log tells of the updates around a pixel, line by line."""
        axis, lines = self.picture.axis, []
        for place, run in enumerate(self._runs):
            letter = f"{'AB'[place]}  " if len(self._runs) > 1 else ""
            for update, words in run.log:
                if abs(axis.x(update) - x) <= _MARK_REACH:
                    lines.append(f"{letter}{tr('update {update}', update=count(update))}: {words}")
        return "\n".join(lines)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place_scale()
        self.forget()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        self.forget()
        super().changeEvent(event)

    def _hover(self, at: QPoint) -> None:
        axis = self.picture.axis
        inside = bool(self._runs) and LEFT <= at.x() <= LEFT + axis.width
        hovered = self._snapped(axis.update(at.x())) if inside else None
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def _snapped(self, update: float) -> float | None:
        """The nearest update that has a loss."""
        known = self._runs[0].curves.update
        if not known.size:
            return None
        at = int(np.searchsorted(known, update))
        near = known[max(0, at - 1) : at + 1]
        return float(near[np.argmin(np.abs(near - update))])

    def _wish(self, event: QMouseEvent) -> None:
        """Only the newest place of a drag is asked for, once the events that wait are done."""
        if self._replay is None or not self._replay.updates:
            return
        update = self.picture.axis.update(event.position().x())
        kept = np.array(self._replay.updates, dtype=np.float64)
        self._wished = int(np.argmin(np.abs(kept - update)))
        if not self._soon.isActive():
            self._soon.start()

    def _on_soon_timeout(self) -> None:
        if self._wished is not None and self._replay is not None and self._wished != self._replay.position:
            self.position_asked.emit(self._wished)
        self._wished = None
