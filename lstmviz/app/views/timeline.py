"""The timeline: input, heat maps of the signals, output and time axis under one cursor."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from lstmviz.app import drawing
from lstmviz.app.axis_bar import AxisBar
from lstmviz.app.numbers import grouped
from lstmviz.app.signal_chips import SignalChips
from lstmviz.app.signal_names import lane_sign, short
from lstmviz.app.theme import THEMES
from lstmviz.app.time_axis import time_of
from lstmviz.app.time_canvas import TimeCanvas
from lstmviz.app.time_painter import read, said
from lstmviz.app.time_rows import Lanes
from lstmviz.app.view import View
from lstmviz.language import tr
from lstmviz.session.signals import offered
from lstmviz.session.snapshot import Snapshot

_ALL = "all"
_NARROWEST, _ROOMY = 300, 470
"""Pixels that a layer and the chips need, and from where on there is room for the buttons too."""
_DRAWN = frozenset({"trace", "start", "stop", "layer", "direction", "unit", "signals", "theme", "language"})
"""Fields that need more than the cursor drawn anew; of the others only t shows here."""


class Readout(QWidget):
    """One line of text that is cheap to change: no layout moves when it does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(20)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._text = ""
        self._colour = self._ground = "#000000"

    def say(self, text: str, colour: str, ground: str) -> None:
        """Show a line."""
        if text != self._text or colour != self._colour or ground != self._ground:
            self._text, self._colour, self._ground = text, colour, ground
            self.update()

    def text(self) -> str:
        """The line shown."""
        return self._text

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._ground))
        drawing.text(
            painter, self.rect().adjusted(8, 0, -8, 0), self._text, self._colour, drawing.sized(self.font(), 12)
        )
        painter.end()


class TimelineView(View):
    """What went in, every shown signal as a heat map, what came out, over time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._all_layers = False
        self._language = ""
        header = self._make_header()  # before the canvas: the order of making is the order of the tab key
        self._canvas = TimeCanvas()
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(self._canvas)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().installEventFilter(self)
        self._axis = AxisBar(self)
        self._readout = Readout(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(header)
        column.addWidget(self._readout)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._axis)
        self._canvas.cursor_asked.connect(self._on_canvas_cursor_asked)
        self._canvas.unit_asked.connect(self._on_canvas_unit_asked)
        self._canvas.range_asked.connect(self._on_canvas_range_asked)
        self._canvas.all_asked.connect(self._on_canvas_all_asked)
        self._canvas.hovered.connect(self._on_canvas_hovered)
        self._canvas.composed.connect(self._on_canvas_composed)
        self._retranslate()

    def _make_header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 0)
        row.setSpacing(6)
        self._layers = QComboBox(self)
        self._layers.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._layers.activated.connect(self._on_layers_activated)
        self._chips = SignalChips(self)
        self._chips.chosen.connect(self._on_chips_chosen)
        self._out, self._in, self._all = (QToolButton(self) for _ in range(3))
        for button, sign in ((self._out, "−"), (self._in, "+"), (self._all, "⤢")):
            button.setText(sign)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setFixedSize(26, 24)
        self._out.clicked.connect(self._on_out_clicked)
        self._in.clicked.connect(self._on_in_clicked)
        self._all.clicked.connect(self._on_canvas_all_asked)
        for widget in (self._layers, self._chips):
            row.addWidget(widget)
        row.addStretch(1)
        for button in (self._out, self._in, self._all):
            row.addWidget(button)
        return row

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        before, self._snapshot = self._snapshot, snapshot
        if "language" in changed or self._language != snapshot.language:
            self._retranslate()
        if not changed & (_DRAWN | {"t"}):
            return
        only_cursor = not changed & _DRAWN
        if not only_cursor:
            self._show_header(snapshot)
        new_trace = snapshot.trace is not before.trace
        self._canvas.show_snapshot(snapshot, self._lanes(), only_cursor=only_cursor, new_trace=new_trace)
        self._show_axis(only_cursor=only_cursor)
        theme = THEMES[snapshot.theme]
        self._readout.say(self._line(), theme.text, theme.base)

    def sentence(self) -> str:
        snapshot, trace = self._snapshot, self._snapshot.trace
        if trace is None:
            return tr("Timeline: no trace is open.")
        lane = lane_sign(snapshot.layer, snapshot.direction)
        cell = trace.layers[snapshot.layer].cell
        shown = " ".join(short(name, cell) for name in snapshot.signals if name in offered(trace, snapshot.layer))
        text = tr(
            "Timeline: step {t} of {start} to {last} shown; {lane}, unit {unit}; signals {signals}.",
            t=snapshot.t,
            start=snapshot.start,
            last=snapshot.stop - 1,
            lane=tr("all layers") if self._all_layers else tr("layer {lane}", lane=lane),
            unit=snapshot.unit,
            signals=shown or "–",
        )
        return f"{text} {read(trace, snapshot.t)} {said(trace, snapshot.t)}".rstrip()

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_header()
        super().resizeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._scroll.viewport():
            self._canvas.lay_out(self._scroll.viewport().height())
            self._show_axis(only_cursor=False)
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(THEMES[self._snapshot.theme].base))
        painter.end()

    def _lanes(self) -> Lanes:
        trace = self._snapshot.trace
        if trace is None or not self._all_layers:
            return ((self._snapshot.layer, self._snapshot.direction),)
        return tuple((info.index, side) for info in trace.layers for side in info.directions)

    def _show_header(self, snapshot: Snapshot) -> None:
        trace = snapshot.trace
        lanes = [] if trace is None else [(info.index, side) for info in trace.layers for side in info.directions]
        if len(lanes) < 2:
            self._all_layers = False
        data: list[object] = [*lanes, _ALL] if len(lanes) > 1 else list(lanes)
        if data != [self._layers.itemData(n) for n in range(self._layers.count())]:
            self._layers.clear()
            for lane in lanes:
                self._layers.addItem(tr("layer {lane}", lane=lane_sign(*lane)), lane)
            if len(lanes) > 1:
                self._layers.addItem(tr("all layers"), _ALL)
        wanted: object = _ALL if self._all_layers else (snapshot.layer, snapshot.direction)
        self._layers.setCurrentIndex(data.index(wanted) if wanted in data else -1)
        self._layers.setVisible(trace is not None)
        available = () if trace is None else offered(trace, snapshot.layer)
        cell = "lstm" if trace is None else trace.layers[snapshot.layer].cell
        self._chips.show_signals(snapshot.signals, available, THEMES[snapshot.theme], cell)
        self._chips.setVisible(trace is not None)
        self._fit_header()

    def _fit_header(self) -> None:
        """Beside another timeline there may be no room for all: wheel, keys and menu zoom without the buttons."""
        roomy = self.width() >= _ROOMY
        self._chips.more.setVisible(roomy)
        for button in (self._out, self._in, self._all):
            button.setVisible(roomy and self._snapshot.trace is not None)

    def _show_axis(self, *, only_cursor: bool) -> None:
        self._axis.show_axis(self._snapshot, self._canvas.axis, only_cursor=only_cursor)

    def _line(self) -> str:
        """The state under the cursor, while the mouse is elsewhere."""
        snapshot, trace = self._snapshot, self._snapshot.trace
        if trace is None:
            return ""
        parts = [f"t = {grouped(snapshot.t)}", time_of(snapshot.t, trace.sequence.times), read(trace, snapshot.t)]
        if trace.sequence.labels is not None:
            parts.append(trace.sequence.labels[snapshot.t])
        parts += [said(trace, snapshot.t), tr("unit {unit}", unit=snapshot.unit)]
        return "   ".join(part for part in parts if part)

    def _retranslate(self) -> None:
        self._language = self._snapshot.language
        self._layers.clear()
        self._layers.setAccessibleName(tr("Layer and direction"))
        self._layers.setToolTip(tr("Layer and direction"))
        self._chips.retranslate()
        for button, label in (
            (self._out, tr("Show more steps (−)")),
            (self._in, tr("Show fewer steps (+)")),
            (self._all, tr("Show all steps")),
        ):
            button.setAccessibleName(label)
            button.setToolTip(label)
        self.setAccessibleName(tr("Timeline"))
        self._canvas.setAccessibleName(tr("Heat maps over time"))

    def _on_canvas_composed(self, note: str) -> None:
        """The rows were drawn anew, perhaps at another width, since a scroll bar came or went."""
        self._axis.say(note)
        if self._axis.axis != self._canvas.axis:
            self._show_axis(only_cursor=False)

    def _on_layers_activated(self, index: int) -> None:
        data = self._layers.itemData(index)
        self._all_layers = data == _ALL
        if self._all_layers or tuple(data) == (self._snapshot.layer, self._snapshot.direction):
            self.present(self._snapshot, frozenset({"layer"}))
        else:
            self.asked.emit("layer.select", {"layer": data[0], "direction": data[1]})

    def _on_chips_chosen(self, signals: tuple[str, ...]) -> None:
        self.asked.emit("signals.show", {"signals": signals})

    def _on_out_clicked(self) -> None:
        self._canvas.zoom(2.0)

    def _on_in_clicked(self) -> None:
        self._canvas.zoom(0.5)

    def _on_canvas_cursor_asked(self, t: int) -> None:
        self.asked.emit("cursor.set", {"t": t})

    def _on_canvas_unit_asked(self, unit: int, layer: int, direction: str) -> None:
        if (layer, direction) != (self._snapshot.layer, self._snapshot.direction):
            self.asked.emit("layer.select", {"layer": layer, "direction": direction})
        if unit != self._snapshot.unit:
            self.asked.emit("unit.select", {"unit": unit})

    def _on_canvas_range_asked(self, start: int, stop: int) -> None:
        self.asked.emit("range.set", {"start": start, "stop": stop})

    def _on_canvas_all_asked(self) -> None:
        self.asked.emit("range.all", {})

    def _on_canvas_hovered(self, text: str) -> None:
        theme = THEMES[self._snapshot.theme]
        self._readout.say(text or self._line(), theme.dim if text else theme.text, theme.base)
