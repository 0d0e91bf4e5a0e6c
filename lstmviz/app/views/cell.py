"""The cell diagram, alive: every wire and block carries the true vector of the frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from lstmviz.app import cell_labels, strip, theme
from lstmviz.app.cell_geometry import (
    MINIMUM_HEIGHT,
    MINIMUM_WIDTH,
    Card,
    CellGeometry,
    rnn_geometry,
)
from lstmviz.app.cell_gru_geometry import gru_geometry
from lstmviz.app.cell_painter import living_rects, paint_frame, paint_still
from lstmviz.app.cell_picture import CellPicture, has_unit
from lstmviz.app.cell_variants import variant_geometry
from lstmviz.app.frame_values import Array, Scale, frame_values, scales, when
from lstmviz.app.functions import functions_of, sign
from lstmviz.app.lane_chooser import LaneChooser
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.view import View
from lstmviz.cells.activations import PLAIN
from lstmviz.cells.weights import LstmWeights, RnnWeights
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import LayerInfo

_STILL = frozenset({"trace", "layer", "direction", "unit", "theme", "language"})
"""What the still part of the picture depends on, with the size; the phase has a picture each."""
_SPOKEN = {
    "lstm": (("f", "f"), ("i", "i"), ("o", "o"), ("g", "g"), ("c", "c"), ("h", "h")),
    "rnn": (("y", "h"),),
    "gru": (("r", "r"), ("f", "f"), ("g", "g"), ("h", "h")),
}
_LEGENDS = {
    "lstm": (("f i o", "f"), ("g i⊗g tanh", "g"), ("c", "c"), ("h", "h"), ("x", "x")),
    "rnn": (("y", "h"), ("x", "x"), ("z", "z")),
    "gru": (("r f i", "f"), ("g i⊗g", "g"), ("h f⊗h", "h"), ("x", "x")),
}
"""The scales by the vectors that share them, and one of those."""


class CellView(View):
    """The cell of the chosen layer, with the true vectors of the frame at the cursor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._values: Mapping[str, Array] = {}
        self._scales: Mapping[str, Scale] = {}
        self._geometry: CellGeometry | None = None
        self._region = QRegion()
        self._pictures: dict[int | None, tuple[CellPicture, QPixmap]] = {}
        self._chooser = LaneChooser(self)
        self._chooser.chosen.connect(self._on_chooser_chosen)
        self.setObjectName("cell")
        self.setMinimumSize(MINIMUM_WIDTH, MINIMUM_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Cell"))

    def sizeHint(self) -> QSize:
        """A size at which all names are spelt out."""
        return QSize(860, 400)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Draw what differs: a new frame redraws the strips and numbers alone."""
        before, self._snapshot = self._snapshot, snapshot
        if changed & {"trace", "layer", "direction"}:
            trace = snapshot.trace
            self._scales = {} if trace is None else scales(trace, snapshot.layer, snapshot.direction)
        if changed & {"trace", "layer", "direction", "t"}:
            self._values = self._frame()
        if changed & _STILL:
            self._chooser.present(snapshot.trace, snapshot.layer, snapshot.direction)
            self._arrange()
            self.update()
        elif before.phase != snapshot.phase:
            self.update()
        elif "t" in changed:
            self.update(self._region)
        else:
            return
        self.setAccessibleName(tr("Cell"))

    def sentence(self) -> str:
        """The layer, step, unit and its numbers; inside a step only what is computed by then."""
        shown = self._snapshot
        if shown.trace is None:
            return tr("Cell, no trace is open.")
        info = self._info()
        numbers = [
            f"{name} {cell_labels.number(float(self._values[key][shown.unit]))}"
            for name, key in _SPOKEN[info.cell]
            if len(self._values[key]) == info.units and when(key, shown.phase) <= 0
        ]
        return tr(
            "Cell, layer {layer} {direction}, step {t} of {last}, unit {unit}: {numbers}",
            layer=shown.layer,
            direction=cell_labels.direction_name(shown.direction),
            t=shown.t,
            last=shown.steps - 1,
            unit=shown.unit,
            numbers=", ".join(numbers) or tr("nothing computed yet"),
        )

    def strip_of(self, key: str) -> Card | None:
        """The card of one vector (f, c_prev, written …) where it is drawn, or None without a trace."""
        return None if self._geometry is None else self._geometry.card(key)

    # -- what is shown

    def _theme(self) -> theme.Theme:
        return theme.THEMES[self._snapshot.theme]

    def _info(self) -> LayerInfo:
        assert self._snapshot.trace is not None
        return self._snapshot.trace.layers[self._snapshot.layer]

    def _frame(self) -> Mapping[str, Array]:
        shown = self._snapshot
        return {} if shown.trace is None else frame_values(shown.trace, shown.t, shown.layer, shown.direction)

    def _symbol(self) -> str:
        """The symbol that is read, for the first layer of a net that reads symbols."""
        shown = self._snapshot
        if shown.trace is None or shown.layer or len(shown.trace.inputs) != len(shown.trace.sequence):
            return ""
        symbol = shown.trace.sequence.symbol(shown.t)
        return f"“{symbol}”" if symbol.isprintable() and symbol.strip() else repr(symbol)[1:-1] if symbol else ""

    def _layout(self, width: int, height: int, top: int) -> CellGeometry:
        info, trace = self._info(), self._snapshot.trace
        assert trace is not None
        weights = trace.weights_at(0, info.index, self._snapshot.direction)
        if info.cell == "lstm":
            own = weights if isinstance(weights, LstmWeights) else None
            peepholes, norm = own is not None and own.peephole is not None, own is not None and own.norm is not None
            functions = functions_of(own)
            return variant_geometry(width, height, top, peepholes=peepholes, norm=norm, functions=functions)
        if info.cell == "gru":
            return gru_geometry(width, height, top)
        return rnn_geometry(width, height, top, weights.activation if isinstance(weights, RnnWeights) else "φ")

    def _passes(self) -> str:
        """The name of the function of c(t)."""
        shown = self._snapshot
        assert shown.trace is not None
        return sign(functions_of(shown.trace.weights_at(0, shown.layer, shown.direction)).output)

    def _legend(self) -> tuple[tuple[str, str], ...]:
        """What each scale stands for; other functions of c than tanh share that of g, of c or neither."""
        shown, cell = self._snapshot, self._info().cell
        assert shown.trace is not None
        if functions_of(shown.trace.weights_at(0, shown.layer, shown.direction)) == PLAIN:
            return _LEGENDS[cell]
        f, _, _, *others = _LEGENDS[cell]
        passes, own = self._passes(), self._scales["tanh_c"]
        if own == self._scales["g"]:
            return (f, (f"g i⊗g {passes}", "g"), ("c", "c"), *others)
        if own == self._scales["c"]:
            return (f, ("g i⊗g", "g"), (f"c {passes}", "c"), *others)
        return (f, ("g i⊗g", "g"), (passes, "tanh_c"), ("c", "c"), *others)

    def _picture(self, geometry: CellGeometry) -> CellPicture:
        shown, info = self._snapshot, self._info()
        assert shown.trace is not None
        shared = max(strip.units_per_pixel(card.strip, info.units) for card in geometry.cards)
        missing = {key: tr("needs the weights") for key in ("z",) if info.cell == "rnn" and key not in self._values}
        return CellPicture(
            geometry=geometry,
            theme=self._theme(),
            font=self.font(),
            labels=cell_labels.labels(info, shown.direction, self._passes()),
            scales=self._scales,
            legend=tuple((name, self._scales[key]) for name, key in self._legend() if key in self._values),
            caption=cell_labels.caption(shown.trace, shown.layer, shown.direction, shown.unit, shared),
            units=info.units,
            unit=shown.unit,
            phase=shown.phase,
            without_values=missing,
        )

    # -- painting

    def _arrange(self) -> None:
        """Lay the diagram out for the size the view has; the still pictures are drawn again when they are needed."""
        self._pictures.clear()
        self._geometry = None
        if self._snapshot.trace is None:
            return
        self._chooser.fit(self.width())
        top = 0 if self._chooser.isHidden() else self._chooser.sizeHint().height()
        self._chooser.setGeometry(0, 0, self.width(), top)
        self._geometry = self._layout(self.width(), self.height(), top)
        self._region = QRegion()
        for rect in living_rects(self._geometry):
            self._region += rect

    def _still(self, geometry: CellGeometry) -> tuple[CellPicture, QPixmap]:
        """The still part of the picture for the current phase."""
        phase = self._snapshot.phase
        if phase not in self._pictures:
            ratio = pixel_ratio(self)
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(QColor(self._theme().base))
            picture = self._picture(geometry)
            painter = QPainter(pixmap)
            paint_still(painter, picture)
            painter.end()
            self._pictures[phase] = picture, pixmap
        return self._pictures[phase]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._geometry is None:
            painter.fillRect(self.rect(), QColor(self._theme().base))
            self._paint_empty(painter)
        else:
            picture = self._paint_still(painter, self._geometry)
            paint_frame(painter, picture, self._values, self._symbol(), pixel_ratio(self))
        if self.hasFocus() and not is_vector():
            painter.setPen(QColor(self._theme().accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_still(self, painter: QPainter, geometry: CellGeometry) -> CellPicture:
        """Paint what stands still, from its pixmap; a vector picture gets the lines themselves."""
        if is_vector():
            painter.fillRect(self.rect(), QColor(self._theme().base))
            picture = self._picture(geometry)
            paint_still(painter, picture)
            return picture
        picture, pixmap = self._still(geometry)
        painter.drawPixmap(0, 0, pixmap)
        return picture

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setPen(QColor(self._theme().dim))
        text = tr("Open a sample, or a model and a sequence, to see every vector of each step.")
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(24, 24, -24, -24), int(flags), text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.DevicePixelRatioChange):
            self._arrange()
            self.update()

    # -- the user

    def _under(self, x: float, y: float) -> tuple[Card, int, int] | None:
        """The strip under the pointer, and the first and last unit there."""
        card = self._geometry.card_at(x, y) if self._geometry else None
        if card is None or card.key not in self._values or when(card.key, self._snapshot.phase) > 0:
            return None
        return card, *strip.units_at(x, card.strip, len(self._values[card.key]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        under = self._under(point.x(), point.y())
        selects = under is not None and has_unit(under[0].key, len(self._values[under[0].key]), self._info().units)
        self.setCursor(Qt.CursorShape.PointingHandCursor if selects else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(event.globalPosition().toPoint(), self.readout(point.x(), point.y()), self)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            # the pointer's own moves keep the readout up; Qt's would replace it
            return True
        return super().event(event)

    def readout(self, x: float, y: float) -> str:
        """Signal, unit and number at a point of the view, "" where there is no strip."""
        under = self._under(x, y)
        if under is None:
            return ""
        card, first, last = under
        vector = self._values[card.key]
        name = cell_labels.name(card.key, self._info(), self._snapshot.direction)
        if last > first:
            mean = cell_labels.number(float(np.mean(vector[first : last + 1])), 4)
            return tr("{name}, mean of units {first} to {last}: {value}", name=name, first=first, last=last, value=mean)
        words = self._input_name(first) if card.key == "x" else cell_labels.meaning(card.key, self._info())
        text = f"{name}[{first}] = {cell_labels.number(float(vector[first]), 4)}"
        return f"{text} · {words}" if words else text

    def _input_name(self, feature: int) -> str:
        """The name of a feature of x(t), in the first layer."""
        shown = self._snapshot
        names = shown.trace.input_names if shown.trace is not None and not shown.layer else ()
        return names[feature] if feature < len(names) else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        under = self._under(event.position().x(), event.position().y())
        if event.button() != Qt.MouseButton.LeftButton or under is None:
            super().mousePressEvent(event)
            return
        card, first, last = under
        if has_unit(card.key, len(self._values[card.key]), self._info().units):
            self.asked.emit("unit.select", {"unit": (first + last) // 2})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if self._snapshot.trace is None or not by or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
            return
        unit = min(max(self._snapshot.unit + by, 0), self._info().units - 1)
        if unit != self._snapshot.unit:
            self.asked.emit("unit.select", {"unit": unit})

    def _on_chooser_chosen(self, layer: int, direction: str) -> None:
        self.asked.emit("layer.select", {"layer": layer, "direction": direction})
