"""Draws the gradient flow into one picture: for each lane the norms as curves, the shares as a band, and a heat map."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen

from lstmviz.app import drawing, heat_map
from lstmviz.app.curve_map import Curve, draw
from lstmviz.app.drawing import Ink
from lstmviz.app.flow_rows import BAND, DECADES_OF_MAPS, FlowLane, Place, decade, logs, magnitude, verdict_words
from lstmviz.app.signal_names import lane_sign
from lstmviz.app.theme import Theme
from lstmviz.app.time_painter import LEFT
from lstmviz.language import tr
from lstmviz.traces.cells import cells

_BAR = 7
_MARKS = {"vanishing": "↘", "steady": "→", "exploding": "↗", "silent": "·"}


def way_colour(way: str, theme: Theme) -> QColor:
    """The colour of a way: its gate's, the state's; what goes straight out has the read-out's."""
    return QColor(theme.edge) if way == "out" else theme.signal("h" if way == "z" else way)


def verdict_colour(kind: str, theme: Theme) -> QColor:
    """Green where the gradient keeps its size, red where it explodes, amber where it fades."""
    return QColor({"vanishing": theme.warning, "steady": theme.good, "exploding": theme.error}.get(kind, theme.dim))


class FlowPainter:
    """Paints the lanes of one flow over the shown steps."""

    def __init__(self) -> None:
        self.note = ""
        """What the picture drawn last does to the values."""

    def paint_on(
        self, painter: QPainter, lanes: tuple[FlowLane, ...], places: tuple[Place, ...], ink: Ink, step: int
    ) -> None:
        """All that stays while the cursor moves."""
        notes = []
        for lane, place in zip(lanes, places, strict=True):
            self._header(painter, lane, place, ink)
            self._curve(painter, lane, place, ink)
            self._loss(painter, place, ink, step)
            self._band(painter, lane, place, ink)
            notes.append(self._map(painter, lane, place, ink))
        self.note = " · ".join(
            dict.fromkeys(
                [
                    tr("logarithmic scales, colours over {decades} decades at most", decades=DECADES_OF_MAPS),
                    *(note for note in notes if note),
                ]
            )
        )

    def _header(self, painter: QPainter, lane: FlowLane, place: Place, ink: Ink) -> None:
        """The lane, what becomes of its gradient, and the colours of the ways."""
        theme = ink.theme
        small, bold = drawing.sized(ink.font, 11), drawing.sized(ink.font, 12, bold=True)
        name = tr("layer {lane}", lane=lane_sign(lane.layer, lane.direction))
        drawing.text(painter, QRect(8, place.header, LEFT - 12, 18), name, theme.dim, small)
        words = f"{_MARKS[lane.verdict.kind]} ∂L/∂{lane.state} {verdict_words(lane.verdict)}"
        width, needed = int(ink.axis.width), QFontMetrics(bold).horizontalAdvance(words)
        colour = verdict_colour(lane.verdict.kind, theme)
        drawing.text(painter, QRect(LEFT, place.header, width, 18), words, colour, bold)
        self._ways(painter, lane, QRect(LEFT + needed + 12, place.header, width - needed - 12, 18), ink)

    def _ways(self, painter: QPainter, lane: FlowLane, room: QRect, ink: Ink) -> None:
        """The legend of the band, flush right: in words, shorter where the room is small, none where there is none."""
        font = drawing.sized(ink.font, 10)
        metrics = QFontMetrics(font)
        for title, out in ((tr("by way of"), tr("straight out")), ("", tr("out"))):
            entries = [(out if way == "out" else way, way) for way in lane.ways]
            widths = [metrics.horizontalAdvance(words) + 19 for words, _ in entries]
            lead = metrics.horizontalAdvance(title) + 8
            if lead + sum(widths) <= room.width():
                break
        else:
            return
        x = room.right() - sum(widths) + 5
        drawing.text(painter, QRect(x - lead, room.top(), lead, 18), title, ink.theme.dim, font)
        for (words, way), width in zip(entries, widths, strict=True):
            painter.fillRect(x, room.top() + 5, 9, 9, way_colour(way, ink.theme))
            drawing.text(painter, QRect(x + 12, room.top(), width - 10, 18), words, ink.theme.text, font)
            x += width

    def _curve(self, painter: QPainter, lane: FlowLane, place: Place, ink: Ink) -> None:
        plot = QRect(LEFT, place.curve, int(ink.axis.width), place.curve_height)
        high, low = lane.top[0], lane.bottom[0]
        painter.fillRect(plot, QColor(ink.theme.raised))
        every = max(1, round((high - low) * 16 / plot.height()))
        for power in range(int(low), int(high) + 1, every):
            y = round(plot.bottom() - (power - low) / (high - low) * (plot.height() - 1))
            painter.fillRect(plot.left(), y, plot.width(), 1, QColor(ink.theme.grid))
        drawn = [Curve(logs(values, lane), 0, ink.theme.signal(sign)) for sign, values in lane.curves.items()]
        size = (plot.width(), plot.height())
        painter.drawPixmap(plot.topLeft(), draw(drawn, ink.steps, low, high, size, ink.ratio))
        self._limits(painter, plot, decade(high), decade(low), ink, 0)

    def _loss(self, painter: QPainter, place: Place, ink: Ink, step: int) -> None:
        """Where the loss is: a dashed line, and an L at its head."""
        if not ink.steps[0] <= step < ink.steps[1]:
            return
        x = round(ink.axis.centre(step))
        painter.setPen(QPen(QColor(ink.theme.accent), 1, Qt.PenStyle.DashLine))
        painter.drawLine(x, place.curve, x, place.curve + place.curve_height - 1)
        flag = QRect(x - 7, place.curve, 14, 14)
        painter.fillRect(flag, QColor(ink.theme.accent))
        drawing.text(painter, flag, "L", ink.theme.accent_text, drawing.sized(ink.font, 10, bold=True), "middle")

    def _band(self, painter: QPainter, lane: FlowLane, place: Place, ink: Ink) -> None:
        """The shares of the ways, stacked to the whole height."""
        rect = QRect(LEFT, place.band, int(ink.axis.width), BAND)
        painter.fillRect(rect, QColor(ink.theme.raised))
        painter.drawImage(rect, band_image(lane, ink.steps, rect, ink))
        drawing.text(
            painter, QRect(8, place.band, LEFT - 14, BAND), tr("ways"), ink.theme.dim, drawing.sized(ink.font, 11)
        )
        self._limits(painter, rect, "100 %", "", ink, 0)

    def _map(self, painter: QPainter, lane: FlowLane, place: Place, ink: Ink) -> str:
        rect = QRect(LEFT, place.map, int(ink.axis.width), place.map_height)
        start, stop = ink.steps
        top, bottom = lane.top[1], lane.bottom[1]
        shown = lane.map[start:stop]
        pixmap = heat_map.heat_map(shown, rect.width(), rect.height(), bottom, top, "gate", ink.ratio)
        painter.drawPixmap(rect.topLeft(), pixmap)
        bar = QRect(rect.right() + 8, rect.top(), _BAR, rect.height())
        painter.drawImage(bar, heat_map.colour_bar(rect.height(), "gate"))
        painter.setPen(QColor(ink.theme.line))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar.adjusted(0, 0, -1, -1))
        self._limits(painter, rect, decade(top), decade(bottom), ink, _BAR + 4)
        columns, rows = round(rect.width() * ink.ratio), round(rect.height() * ink.ratio)
        return heat_map.reduction_note(stop - start, lane.map.shape[1], columns, rows)

    def _limits(self, painter: QPainter, rect: QRect, high: str, low: str, ink: Ink, indent: int) -> None:
        font = drawing.sized(ink.font, 10)
        room = QRect(rect.right() + 8 + indent, rect.top() - 1, 46 - indent, 12)
        drawing.text(painter, room, high, ink.theme.dim, font)
        room.moveBottom(rect.bottom() + 1)
        drawing.text(painter, room, low, ink.theme.dim, font)

    def values(
        self, painter: QPainter, lanes: tuple[FlowLane, ...], places: tuple[Place, ...], ink: Ink, t: int, unit: int
    ) -> None:
        """In the left gutter the names of the curves, and their values at the cursor."""
        font, small = drawing.sized(ink.font, 11), drawing.sized(ink.font, 10)
        for lane, place in zip(lanes, places, strict=True):
            y = place.curve
            for sign, values in lane.curves.items():
                painter.fillRect(8, y + 6, 11, 3, ink.theme.signal(sign))
                drawing.text(painter, QRect(22, y, LEFT - 24, 15), f"‖∂L/∂{sign}‖", ink.theme.text, font)
                room = QRect(22, y + 14, LEFT - 24, 13)
                drawing.text(painter, room, magnitude(float(values[t])), ink.theme.dim, small)
                y += 28
            drawing.text(painter, QRect(8, place.map, LEFT - 12, 15), f"|∂L/∂{lane.state}|", ink.theme.text, font)
            if unit < lane.map.shape[1] and place.map_height >= 30:
                words = magnitude(lane.value(t, unit))
                drawing.text(painter, QRect(8, place.map + 15, LEFT - 12, 13), words, ink.theme.dim, small)


def band_image(lane: FlowLane, steps: tuple[int, int], rect: QRect, ink: Ink) -> QImage:
    """The stacked shares as an image of the band's pixels, the first way at the bottom; where several steps share a
    column it shows their mean. Clear where there is no gradient."""
    columns, rows = round(rect.width() * ink.ratio), round(rect.height() * ink.ratio)
    shown = lane.shares[:, steps[0] : steps[1]]
    first, _ = cells(shown.shape[1], columns)
    if shown.shape[1] > columns:
        counts = np.diff(np.append(first, shown.shape[1]))
        shown = np.asarray(np.add.reduceat(shown, first, axis=1) / counts)
        first = np.arange(columns)
    parts = shown[:, first]
    edges = np.cumsum(parts, axis=0) * rows
    height = (rows - 0.5 - np.arange(rows))[:, None]
    colours = np.array([*(way_colour(way, ink.theme).rgba() for way in lane.ways), 0], np.uint32)
    place = (edges[:, None, :] <= height[None]).sum(axis=0)
    # rounding may leave the uppermost row above the last edge
    place = np.where((place == len(lane.ways)) & (edges[-1] > 0), len(lane.ways) - 1, place)
    pixels = np.ascontiguousarray(colours[place])
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_ARGB32).copy()
