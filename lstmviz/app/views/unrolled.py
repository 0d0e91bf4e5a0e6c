"""The unrolled net: the same cell once per step around the cursor, layers above one another, true vectors between."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QToolButton, QToolTip, QWidget

from lstmviz.app import drawing, reading, strip
from lstmviz.app.cell_geometry import Rect
from lstmviz.app.cell_labels import number
from lstmviz.app.frame_values import Scale
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.signal_names import lane_sign, words
from lstmviz.app.theme import THEMES
from lstmviz.app.unrolled_frame import paint_frame, x_strip
from lstmviz.app.unrolled_geometry import HEAD, LEFT, LEGEND, Figure, Row, figure
from lstmviz.app.unrolled_painter import Look, Paper, paint_still
from lstmviz.app.unrolled_values import (
    Array,
    LaneVectors,
    asked_at,
    lane_vectors,
    read_at,
    said_at,
    scale_words,
    topology_of,
    topology_words,
)
from lstmviz.app.view import View
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Trace

_NEW = frozenset({"trace", "layer", "direction", "folded", "theme", "language"})
_PICTURES = 12
"""Still pictures kept: near the ends of a sequence each step has its own."""


class UnrolledView(View):
    """The lecture's figure of a recurrent net in time, with the numbers of this trace in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._lanes: dict[tuple[int, str], LaneVectors] = {}
        self._inputs = Scale(-1.0, 1.0)
        self._figure: Figure | None = None
        self._pictures: dict[Look, QPixmap] = {}
        self._fold = QToolButton(self)
        self._fold.setAutoRaise(True)
        self._fold.clicked.connect(self._on_fold_clicked)
        self.setObjectName("unrolled")
        self.setMinimumSize(320, 220)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._retranslate()

    def sizeHint(self) -> QSize:
        """A size for five steps or so."""
        return QSize(860, 400)

    # -- what is shown

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        before, self._snapshot = self._snapshot, snapshot
        if snapshot.trace is not before.trace or (snapshot.trace is not None and not self._lanes):
            self._take(snapshot.trace)
        if changed & _NEW:
            self._retranslate()
            self._pictures.clear()
        elif "t" not in changed:
            return
        self._arrange()
        self.update()

    def _take(self, trace: Trace | None) -> None:
        self._lanes = {} if trace is None else {key: lane_vectors(trace, *key) for key in trace.lanes}
        if trace is not None:
            self._inputs = Scale(*reading.limits(trace, "x", 0, trace.layers[0].directions[0]))
            self._topology = topology_of(trace)

    def _arrange(self) -> None:
        trace, shown = self._snapshot.trace, self._snapshot
        self._fold.setVisible(trace is not None)
        self._fold.adjustSize()
        self._fold.move(self.width() - self._fold.width() - 6, 2)
        if trace is None:
            self._figure = None
            return
        lanes = tuple((info.index, side) for info in trace.layers[::-1] for side in info.directions[::-1])
        self._figure = figure(
            self.width(),
            self.height(),
            len(trace),
            shown.t,
            lanes,
            shown.layer,
            named=bool(trace.handover) and not shown.folded,
            says=trace.outputs is not None,
            folded=shown.folded,
        )

    def _look(self, trace: Trace, drawn: Figure) -> Look:
        steps = range(drawn.first, drawn.first + drawn.count)
        outputs = trace.outputs
        return Look(
            self._topology,
            self._snapshot.t - drawn.first,
            tuple(outputs is not None and bool(np.isfinite(outputs[t]).any()) for t in steps),
            tuple(asked_at(trace, t) for t in steps),
            min(max(trace.handover - drawn.first, 0), drawn.count) if trace.handover else drawn.count,
            (self._snapshot.layer, self._snapshot.direction),
        )

    def _paper(self) -> Paper | None:
        trace, drawn = self._snapshot.trace, self._figure
        if trace is None or drawn is None:
            return None
        return Paper(drawn, self._look(trace, drawn), self._lanes, THEMES[self._snapshot.theme], self.font())

    def headline(self) -> str:
        """The topology in words, and the layers that there is no room for."""
        trace, drawn = self._snapshot.trace, self._figure
        if trace is None or drawn is None:
            return ""
        text = topology_words(trace, self._topology)
        shown = sorted({row.layer for row in drawn.rows})
        if any(drawn.hidden):
            text += " · " + tr(
                "layers {first} to {last} of {count}", first=shown[0], last=shown[-1], count=len(trace.layers)
            )
        return text

    def legend(self) -> str:
        """The limits of the colours of the selected layer, and what a pixel stands for."""
        trace, drawn, shown = self._snapshot.trace, self._figure, self._snapshot
        lane = self._lanes.get((shown.layer, shown.direction))
        if trace is None or drawn is None or lane is None:
            return ""
        inputs = None if read_at(trace, shown.t) else self._inputs
        text = tr(
            "colours of layer {lane}: {scales}",
            lane=lane_sign(shown.layer, shown.direction),
            scales=scale_words(lane, inputs),
        )
        row, units = drawn.rows[0], trace.layers[shown.layer].units
        places = drawn.strips(row, 0, 1)[0].w, drawn.bar(row, "h", len(lane.between) > 1, 0).h
        shared = max(-(-units // place) for place in places)
        return text if shared < 2 else f"{text} · {tr('a pixel: mean of up to {shared} units', shared=shared)}"

    def sentence(self) -> str:
        trace, t = self._snapshot.trace, self._snapshot.t
        if trace is None:
            return tr("Unrolled net: no trace is open.")
        said = said_at(trace, t)
        drawn = self._figure
        steps = "" if drawn is None else tr("{first} to {last}", first=drawn.first, last=drawn.first + drawn.count - 1)
        return tr(
            "Unrolled net, {topology}; steps {steps}, at step {t} x is {x} and y is {y}.",
            topology=topology_words(trace, self._topology),
            steps=steps,
            t=t,
            x=read_at(trace, t) or "–",
            y=said.words or "–",
        )

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("Unrolled net"))
        folded = self._snapshot.folded
        self._fold.setText(tr("Unroll") if folded else tr("Fold"))
        label = tr("Draw the net once per step") if folded else tr("Draw the net once, with its loop")
        self._fold.setToolTip(label)
        self._fold.setAccessibleName(label)

    # -- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, paper, trace = THEMES[self._snapshot.theme], self._paper(), self._snapshot.trace
        if paper is None or trace is None:
            painter.fillRect(self.rect(), QColor(theme.base))
            painter.setPen(QColor(theme.dim))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            words = tr("Open a sample, or a model and a sequence, to see the net unrolled over its steps.")
            painter.drawText(self.rect().adjusted(24, 24, -24, -24), int(flags), words)
            return
        if is_vector():
            painter.fillRect(self.rect(), QColor(theme.base))
            paint_still(painter, paper)
        else:
            painter.drawPixmap(0, 0, self._still(paper))
        room = self.rect().adjusted(8, 4, -self._fold.width() - 12, 0)
        room.setHeight(HEAD - 8)
        drawing.text(painter, room, self.headline(), theme.dim, drawing.sized(self.font(), 12))
        low = self.rect().adjusted(8, self.height() - LEGEND - 1, -8, -1)
        drawing.text(painter, low, self.legend(), theme.dim, drawing.sized(self.font(), 10), "middle")
        paint_frame(painter, paper, trace, self._inputs, pixel_ratio(self))
        if self.hasFocus() and not is_vector():
            painter.setPen(QColor(theme.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _still(self, paper: Paper) -> QPixmap:
        if paper.look not in self._pictures:
            if len(self._pictures) >= _PICTURES:
                self._pictures.pop(next(iter(self._pictures)))
            ratio = pixel_ratio(self)
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(QColor(paper.theme.base))
            painter = QPainter(pixmap)
            paint_still(painter, paper)
            painter.end()
            self._pictures[paper.look] = pixmap
        return self._pictures[paper.look]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._pictures.clear()
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.DevicePixelRatioChange):
            self._pictures.clear()
            self._arrange()
            self.update()

    # -- the user

    def _row_at(self, y: float) -> Row | None:
        rows = () if self._figure is None else self._figure.rows
        return next((row for row in rows if row.top <= y < row.bottom), None)

    def readout(self, x: float, y: float) -> str:
        """What the strip under a point shows, "" where there is none."""
        trace, paper = self._snapshot.trace, self._paper()
        if trace is None or paper is None:
            return ""
        drawn, row = paper.figure, self._row_at(y)
        if row is not None:
            return self._state_words(drawn, row, x, y) or self._inside_words(drawn, row, x, y)
        column = drawn.column_at(x)
        if column is not None and drawn.x + 12 <= y < drawn.steps and not read_at(trace, drawn.first + column):
            rect = x_strip(paper, column)
            if rect.x <= x < rect.right:
                return _value("x", trace.inputs[drawn.first + column], x - rect.x, rect.w, drawn.first + column)
        return ""

    def _inside_words(self, drawn: Figure, row: Row, x: float, y: float) -> str:
        column = drawn.column_at(x)
        if column is None:
            return ""
        lane = self._lanes[row.layer, row.direction]
        names, t = lane.inside, drawn.first + column
        for name, rect in zip(names, drawn.strips(row, column, len(names)), strict=True):
            if _near(rect, x, y):
                return f"{_value(name, lane.signals[name][t], x - rect.x, rect.w, t)} · {words(name)}"
        return tr("step {t}, layer {lane}", t=t, lane=lane_sign(row.layer, row.direction))

    def _state_words(self, drawn: Figure, row: Row, x: float, y: float) -> str:
        lane = self._lanes[row.layer, row.direction]
        names = lane.between
        for place in range(drawn.count + 1):
            for name in names:
                rect = drawn.bar(row, name, len(names) > 1, place)
                if _near(rect, x, y):
                    t = drawn.first + place - (0 if lane.reverse else 1)
                    vector = lane.states(name, drawn.first, drawn.count)[place]
                    return f"{_value(name, vector, y - rect.y, rect.h, t)} · {words(name)}"
        return ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        over = self._figure is not None and point.x() >= LEFT and self._figure.column_at(point.x()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(event.globalPosition().toPoint(), self.readout(point.x(), point.y()), self)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            # the pointer's own moves keep the readout up; Qt's would replace it
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        drawn, point = self._figure, event.position()
        if event.button() != Qt.MouseButton.LeftButton or drawn is None:
            super().mousePressEvent(event)
            return
        row, column = self._row_at(point.y()), drawn.column_at(point.x())
        if row is not None and (row.layer, row.direction) != (self._snapshot.layer, self._snapshot.direction):
            self.asked.emit("layer.select", {"layer": row.layer, "direction": row.direction})
        if column is not None and drawn.first + column != self._snapshot.t:
            self.asked.emit("cursor.set", {"t": drawn.first + column})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
        trace = self._snapshot.trace
        if trace is None or not by or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        lanes: list[tuple[int, str]] = [(info.index, side) for info in trace.layers for side in info.directions]
        place = lanes.index((self._snapshot.layer, self._snapshot.direction)) + by
        if 0 <= place < len(lanes):
            self.asked.emit("layer.select", {"layer": lanes[place][0], "direction": lanes[place][1]})

    def _on_fold_clicked(self) -> None:
        self.asked.emit("fold.toggle", {})


def _near(rect: Rect, x: float, y: float) -> bool:
    return rect.x - 2 <= x < rect.right + 2 and rect.y - 2 <= y < rect.bottom + 2


def _value(name: str, vector: Array, along: float, length: int, t: int) -> str:
    """Name, unit and number of the value at a place along a strip, the mean where several share it."""
    first, last = strip.units_at(along, Rect(0, 0, length, 1), len(vector))
    value = number(float(np.mean(vector[first : last + 1])), 4)
    if last > first:
        return tr(
            "{name}({t}), mean of units {first} to {last}: {value}", name=name, t=t, first=first, last=last, value=value
        )
    return f"{name}({t})[{first}] = {value}"
