"""Draws the timeline's rows into one picture; heat maps are kept by what they show."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap

from lstmviz.app import cell_labels, drawing, heat_map, reading
from lstmviz.app.drawing import Ink
from lstmviz.app.input_strip import Notes, draw_input
from lstmviz.app.levels import Levels, Runs
from lstmviz.app.numbers import limit, number
from lstmviz.app.output_strip import draw_output
from lstmviz.app.signal_names import lane_sign, short
from lstmviz.app.strip_data import StripData, guesses, zoom_in
from lstmviz.app.symbol_row import draw_runs, visible
from lstmviz.app.theme import THEMES, is_gate
from lstmviz.app.time_axis import TimeAxis
from lstmviz.app.time_rows import SMALLEST_MAP, Row
from lstmviz.app.tolerant import in_threads
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Array, Trace

LEFT = 78
RIGHT = 60
"""Gutters: names and values on the left, colour bars and limits on the right."""
_BAR = 7
_APART = " · "
_THREADS, _WORTH_THREADS = 2, 3
"""Threads that read a trace beyond memory, and the pictures from which on they are worth their making."""
_MANY_A_PIXEL = 32
"""Steps a pixel from which on a signal in memory is drawn from levels of detail."""


class TimePainter:
    """Paints rows of one trace; keeps what is dear to make: derived signals, colour limits and heat maps."""

    def __init__(self) -> None:
        self._maps = heat_map.PixmapCache()
        self._signals: dict[tuple[str, int, str], Array] = {}
        self._limits: dict[tuple[str, int, str], tuple[float, float]] = {}
        self._levels: dict[tuple[str, int, str], Levels] = {}
        self._together: dict[Row, Array | None] = {}
        self._data: StripData | None = None
        self.transforms = ""
        """What the picture drawn last does to the values, by name."""

    def forget(self) -> None:
        """Another trace came: nothing kept is true any longer."""
        self._maps.clear()
        self._signals.clear()
        self._limits.clear()
        self._levels.clear()
        self._data = None

    def data(self, trace: Trace) -> StripData:
        """What the strips are drawn from."""
        if self._data is None:
            self._data = StripData(trace)
        return self._data

    def array(self, trace: Trace, row: Row) -> Array:
        """A row's signal, (T, H), computed once, or read where it lies when a trace is beyond memory."""
        key = (row.signal, row.layer, row.direction)
        if key not in self._signals:
            self._signals[key] = trace.signal(*key)
        return self._signals[key]

    def _levels_of(self, trace: Trace, row: Row) -> Levels:
        """A signal in memory by levels of detail, kept for the pans and zooms that follow."""
        key = (row.signal, row.layer, row.direction)
        if key not in self._levels:
            self._levels[key] = Levels(self.array(trace, row))
        return self._levels[key]

    def limits(self, trace: Trace, row: Row) -> tuple[float, float]:
        """A row's colour limits, over the whole trace: zooming changes no colour."""
        key = (row.signal, row.layer, row.direction)
        if key not in self._limits:
            far = reading.is_far(trace)
            self._limits[key] = reading.limits(trace, *key) if far else heat_map.limits(key[0], self.array(trace, row))
        return self._limits[key]

    def paint(
        self,
        snapshot: Snapshot,
        rows: tuple[Row, ...],
        axis: TimeAxis,
        size: tuple[int, int],
        font: QFont,
        ratio: float,
    ) -> QPixmap:
        """All rows over the shown range, without cursor, values and selection."""
        picture = QPixmap(round(size[0] * ratio), round(size[1] * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(THEMES[snapshot.theme].base))
        painter = QPainter(picture)
        self.paint_on(painter, snapshot, rows, axis, font, ratio)
        painter.end()
        return picture

    def paint_on(
        self, painter: QPainter, snapshot: Snapshot, rows: tuple[Row, ...], axis: TimeAxis, font: QFont, ratio: float
    ) -> None:
        """The same on a painter: names and limits stay text where it writes text, maps are as fine as ``ratio``."""
        if snapshot.trace is None:
            return
        ink = Ink(snapshot.trace, axis, THEMES[snapshot.theme], font, ratio)
        several = len({(row.layer, row.direction) for row in rows if row.kind == "signal"}) > 1
        notes = []
        self._read_together(ink, rows)
        for row in rows:
            rect = QRect(LEFT, row.top, int(axis.width), row.height)
            draw = self._heat_map if row.kind == "signal" else self._strip
            notes.append(draw(painter, rect, ink, row))
            if row.kind == "signal" and several:
                self._lane(painter, ink, row)
        if ink.trace.handover and rows:
            self._handover(painter, ink, rows)
        parts = (part for note in notes for part in note.split(_APART))
        self.transforms = _APART.join(dict.fromkeys(part for part in parts if part))

    def _heat_map(self, painter: QPainter, rect: QRect, ink: Ink, row: Row) -> str:
        low, high = self.limits(ink.trace, row)
        start, stop = ink.steps
        kind = "gate" if is_gate(row.signal) else "signed"
        pixmap = self._map(rect, ink, row, kind)
        if pixmap is None:
            painter.fillRect(rect, QColor(ink.theme.raised))
            most = reading.most_steps(ink.trace, row.signal, row.layer, row.direction)
            room, words = rect.adjusted(8, 0, -8, 0), zoom_in(short(row.signal), most)
            drawing.text(painter, room, words, ink.theme.dim, drawing.sized(ink.font, 12))
        else:
            painter.drawPixmap(rect.topLeft(), pixmap)
        sign = short(row.signal, ink.trace.layers[row.layer].cell)
        drawing.chip(painter, 8, row.top, sign, ink.theme.signal(row.signal), ink.font)
        bar = QRect(rect.right() + 8, rect.top(), _BAR, rect.height())
        painter.drawImage(bar, heat_map.colour_bar(rect.height(), kind))
        painter.setPen(QColor(ink.theme.line))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar.adjusted(0, 0, -1, -1))
        self._scale(painter, ink, rect, Notes(limit(high), limit(low)), _BAR + 4)
        if pixmap is None:
            return ""
        size, units = (
            heat_map.device_size((rect.width(), rect.height()), ink.ratio),
            self.array(ink.trace, row).shape[1],
        )
        notes = [heat_map.reduction_note(stop - start, units, *size)]
        if reading.is_sampled(ink.trace, row.signal):
            notes.append(tr("{sign}: limits from some of the steps", sign=sign))
        return _APART.join(notes)

    def _map(self, rect: QRect, ink: Ink, row: Row, kind: str) -> QPixmap | None:
        """The row's heat map, kept as long as the same steps are shown; None where they are too many for it."""
        steps, where = ink.steps, (row.signal, row.layer, row.direction)
        lacking = reading.may_lack(ink.trace)
        key = self._key(rect, ink, row)
        pixmap = self._maps.get(key)
        if pixmap is None:
            size = heat_map.device_size((rect.width(), rect.height()), ink.ratio)
            if row in self._together:
                grid = self._together[row]
            elif reading.is_far(ink.trace):
                grid = reading.picture(ink.trace, *where, steps, size)
            elif steps[1] - steps[0] > _MANY_A_PIXEL * size[0]:
                grid = heat_map.grid_of(self._levels_of(ink.trace, row), steps, size)
            else:
                grid = heat_map.reduced(self.array(ink.trace, row)[slice(*steps)], *size)
            if grid is None:
                return None
            absent = (QColor(ink.theme.base), QColor(ink.theme.line)) if lacking else None
            picture = heat_map.painted(grid, *self.limits(ink.trace, row), kind, absent)
            pixmap = self._maps.put(key, heat_map.pixmap_of(picture, ink.ratio))
        return pixmap

    def _key(self, rect: QRect, ink: Ink, row: Row) -> tuple[object, ...]:
        """What a heat map is kept under."""
        theme = ink.theme.name if reading.may_lack(ink.trace) else ""
        return (row.signal, row.layer, row.direction, *ink.steps, rect.width(), rect.height(), ink.ratio, theme)

    def _read_together(self, ink: Ink, rows: tuple[Row, ...]) -> None:
        """Read the pictures of several signals at the same time, where they lie on this computer's disk."""
        self._together = {}
        if not in_threads(ink.trace):
            return
        rects = {row: QRect(LEFT, row.top, int(ink.axis.width), row.height) for row in rows if row.kind == "signal"}
        missing = [row for row, rect in rects.items() if self._maps.get(self._key(rect, ink, row)) is None]
        if len(missing) < _WORTH_THREADS:
            return

        def read(row: Row) -> Array | None:
            size = heat_map.device_size((rects[row].width(), rects[row].height()), ink.ratio)
            return reading.picture(ink.trace, row.signal, row.layer, row.direction, ink.steps, size)

        from concurrent.futures import ThreadPoolExecutor  # the window paints before it needs this

        with ThreadPoolExecutor(_THREADS) as pool:
            self._together = dict(zip(missing, pool.map(read, missing), strict=True))

    def _strip(self, painter: QPainter, rect: QRect, ink: Ink, row: Row) -> str:
        data = self.data(ink.trace)
        if row.kind == "labels":
            draw_runs(painter, rect, data.labels, ink)
            return ""
        if row.kind == "nets":
            begins = np.array([0, ink.trace.handover])
            sides = Runs(begins, tuple(cell_labels.side_name(ink.trace, int(t)) for t in begins), len(ink.trace))
            draw_runs(painter, rect, sides, ink)
            return ""
        painter.fillRect(rect, QColor(ink.theme.raised))
        painter.save()
        painter.setClipRect(rect)
        notes = (draw_input if row.kind == "input" else draw_output)(painter, rect, ink, data)
        painter.restore()
        sign = "x" if row.kind == "input" else "y"
        drawing.chip(painter, 8, row.top, sign, ink.theme.signal(sign), ink.font)
        self._scale(painter, ink, rect, notes, 0)
        return f"{sign}: {notes.transform}" if notes.transform else ""

    def _handover(self, painter: QPainter, ink: Ink, rows: tuple[Row, ...]) -> None:
        """A line through all rows where the encoder stops and the decoder begins, with a halo as the cursor's."""
        x = round(ink.axis.edge(ink.trace.handover))
        if not LEFT < x < LEFT + int(ink.axis.width):
            return
        top, height = rows[0].top, rows[-1].bottom - rows[0].top
        painter.fillRect(x - 2, top, 4, height, QColor(ink.theme.base))
        painter.fillRect(x - 1, top, 2, height, QColor(ink.theme.accent))

    def _lane(self, painter: QPainter, ink: Ink, row: Row) -> None:
        """The row's layer and direction, right of its name."""
        sign = short(row.signal, ink.trace.layers[row.layer].cell)
        beside = 8 + drawing.chip_width(sign, ink.font) + 3
        room = QRect(beside, row.top, LEFT - beside - 9, drawing.CHIP_HEIGHT)
        drawing.text(painter, room, lane_sign(row.layer, row.direction), ink.theme.dim, drawing.sized(ink.font, 11))

    def _scale(self, painter: QPainter, ink: Ink, rect: QRect, notes: Notes, indent: int) -> None:
        font, x = drawing.sized(ink.font, 10), rect.right() + 8 + indent
        room = QRect(x, rect.top() + notes.top - 1, LEFT + int(ink.axis.width) + RIGHT - x, 12)
        drawing.text(painter, room, notes.high, ink.theme.dim, font)
        room.moveBottom(rect.bottom() + 1)
        drawing.text(painter, room, notes.low, ink.theme.dim, font)

    def values(self, painter: QPainter, snapshot: Snapshot, rows: tuple[Row, ...], font: QFont) -> None:
        """Under each name the value of the selected unit at the cursor."""
        trace, theme = snapshot.trace, THEMES[snapshot.theme]
        if trace is None:
            return
        font = drawing.sized(font, 12)
        for row in rows:
            if row.kind == "signal":
                drawing.text(painter, value_rect(row), self.value(trace, row, snapshot), theme.text, font)

    def value(self, trace: Trace, row: Row, snapshot: Snapshot) -> str:
        """The selected unit's value in a row, "" where the row is of another layer or mixes the units."""
        array = self.array(trace, row)
        own = snapshot.unit < array.shape[1] == trace.layers[row.layer].units
        if not own or (row.layer, row.direction) != (snapshot.layer, snapshot.direction):
            return ""
        return cell_labels.number(float(array[snapshot.t, snapshot.unit]))


def value_rect(row: Row) -> QRect:
    """Where a row's value at the cursor stands: under its name, beside it in a low row."""
    if row.height < SMALLEST_MAP:
        beside = 8 + drawing.CHIP_HEIGHT + 6
        return QRect(beside, row.top, LEFT - beside - 7, drawing.CHIP_HEIGHT)
    return QRect(8, row.top + drawing.CHIP_HEIGHT, LEFT - 16, drawing.CHIP_HEIGHT)


def said(trace: Trace, t: int) -> str:
    """What the model says at step t against what it should say, "" for a bare layer and while an encoder reads."""
    if trace.outputs is None or trace.output_kind == "none" or np.isnan(trace.outputs[t]).all():
        return ""
    if trace.output_kind == "probability":
        found = guesses(trace, t, t + 1)
        names = trace.output_names
        likely = visible(names[found.likely[0]]) if names else str(found.likely[0])
        if not found.asked[0]:
            return f"y = {likely} {number(float(trace.outputs[t].max()))}"
        right = visible(names[found.right[0]]) if names else str(found.right[0])
        return f"y = {likely} {'≠' if found.wrong[0] else '='} {right}   p({right}) = {number(float(found.p[0]))}"
    text = f"y = {number(float(trace.outputs[t, 0]), 3)}"
    if trace.targets is not None and np.isfinite(trace.targets[t, 0]):
        text += f" → {number(float(trace.targets[t, 0]), 3)}"
    return text


def read(trace: Trace, t: int) -> str:
    """What entered at step t: the symbol, or the first values; a picture's row says nothing as numbers."""
    sequence = trace.sequence
    if sequence.vocabulary:
        return f"“{visible(sequence.symbol(t))}”"
    if sequence.kind == "image":
        return ""
    shown = " ".join(number(float(value)) for value in sequence.values[t, :3])
    return f"x = {shown}{' …' if sequence.features > 3 else ''}"
