"""The matrix form of a layer, [X(t) Y(t−1)]·W + b, with the numbers of the mini-batch."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QPushButton, QToolTip, QWidget

from lstmviz.app.lane_chooser import LaneChooser
from lstmviz.app.layer_form import Form, Ranges, form_of, ranges_of, rows_of, why_not
from lstmviz.app.layer_geometry import Sheet, sheet
from lstmviz.app.layer_painter import FormPaper, paint_frame, paint_weights
from lstmviz.app.numbers import number
from lstmviz.app.pixels import is_vector, pixel_ratio
from lstmviz.app.signal_chips import Chip
from lstmviz.app.signal_names import lane_sign, words
from lstmviz.app.theme import THEMES
from lstmviz.app.view import View
from lstmviz.cells.weights import LstmWeights, Weights
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Trace

_NEW = frozenset({"trace", "batch", "layer", "direction", "unit", "theme", "language", "engine"})
_GATES = ("f", "i", "o", "g")


class LayerView(View):
    """A whole layer and a whole mini-batch in one product of matrices."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._traces: tuple[Trace, ...] = ()
        self._active = self._row = 0
        self._gate = "f"
        self._ranges: tuple[Weights, Ranges] | None = None
        self._form: Form | None = None
        self._sheet: Sheet | None = None
        self._reason = ""
        self._picture: tuple[Weights | None, QPixmap] | None = None
        self._bar = self._make_bar()
        self.setObjectName("layer")
        self.setMinimumSize(360, 220)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._retranslate()

    def _make_bar(self) -> QWidget:
        bar = QWidget(self)
        row = QHBoxLayout(bar)
        row.setContentsMargins(6, 2, 6, 2)
        row.setSpacing(2)
        self._chooser = LaneChooser(bar)
        self._chooser.chosen.connect(self._on_chooser_chosen)
        row.addWidget(self._chooser)
        group = QButtonGroup(self)
        self._chips = {name: Chip(name, bar) for name in _GATES}
        for chip in self._chips.values():
            group.addButton(chip)
            row.addWidget(chip)
        self._chips[self._gate].setChecked(True)
        group.buttonClicked.connect(self._on_chip_clicked)
        row.addStretch(1)
        self._ask = QPushButton(bar)
        self._ask.clicked.connect(self._on_ask_clicked)
        row.addWidget(self._ask)
        return bar

    def sizeHint(self) -> QSize:
        """A size for matrices of a few rows and columns."""
        return QSize(860, 400)

    # -- what is shown

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        self._snapshot = snapshot
        trace = snapshot.trace
        if changed & {"trace", "batch"}:
            self._traces, self._active = ((), 0) if trace is None else rows_of(trace, snapshot.batch)
            self._row = self._active
        if changed & _NEW:
            self._ranges = self._picture = None
            self._retranslate()
            self._show_bar()
        elif "t" not in changed:
            return
        before = self._form
        self._compute()
        # a step on, the layout stays; the weights' picture only where they are others, as at a handover
        if changed & _NEW or before is None or self._form is None or self._form.x.shape != before.x.shape:
            self._arrange()
        self.update()

    def _compute(self) -> None:
        """The numbers of the cursor's step."""
        shown, trace = self._snapshot, self._snapshot.trace
        self._form = None
        if trace is None:
            self._reason = tr("Open a trace of a recurrent layer to see its product of matrices.")
            return
        where = (shown.t, shown.layer, shown.direction)
        self._reason = why_not(trace, *where)
        weights = trace.weights_at(*where)
        if self._reason or weights is None:
            return
        if self._ranges is None or self._ranges[0] is not weights:
            self._ranges = weights, ranges_of(self._traces, shown.layer, shown.direction, weights)
        self._form = form_of(self._traces, *where, weights, self._gate, self._ranges[1])

    def _arrange(self) -> None:
        self._bar.setGeometry(0, 0, self.width(), self._bar.sizeHint().height())
        self._chooser.fit(max(0, self.width() - 320))
        form = self._form
        self._sheet = None
        if form is None:
            return
        (rows, inputs), outputs, units = form.x.shape, form.before.shape[1], form.w.shape[1]
        top = self._bar.height() + 2
        size = (self.width(), self.height(), top)
        self._sheet = sheet(*size, (rows, inputs, outputs, units), self._row, self._snapshot.unit)

    def _show_bar(self) -> None:
        shown, trace = self._snapshot, self._snapshot.trace
        self._bar.setVisible(trace is not None)
        self._chooser.present(trace, shown.layer, shown.direction)
        weights = None if trace is None else trace.lanes[shown.layer, shown.direction].weights
        plain = trace is not None and not why_not(trace, 0, shown.layer, shown.direction)
        for chip in self._chips.values():
            chip.setVisible(plain and isinstance(weights, LstmWeights))
            chip.theme = THEMES[shown.theme]
            chip.update()
        self._ask.setVisible(plain)
        known = trace is not None and bool(trace.model.path) and not trace.lazy
        self._ask.setEnabled(known and shown.engine == "ready")

    def _paper(self) -> FormPaper | None:
        if self._form is None or self._sheet is None:
            return None
        unit = min(self._snapshot.unit, self._form.w.shape[1] - 1)
        names = tuple(str(place) for place in range(len(self._traces)))
        theme = THEMES[self._snapshot.theme]
        return FormPaper(self._sheet, self._form, theme, self.font(), self._row, unit, names, self._active)

    def sentence(self) -> str:
        form, shown = self._form, self._snapshot
        if form is None:
            return tr("Matrix form: {reason}", reason=self._reason)
        x, before, result, function = form.signs
        rows, units = form.result.shape
        return tr(
            "Matrix form of layer {lane} at step {t}: {result} = {function}([{x} {before}]·W + b), {rows}×{columns}"
            " times {columns}×{units}; entry {row}, {unit} is {value}.",
            lane=lane_sign(shown.layer, shown.direction),
            t=shown.t,
            result=result,
            function=function,
            x=x,
            before=before,
            rows=rows,
            columns=form.w.shape[0],
            units=units,
            row=self._row,
            unit=shown.unit,
            value=number(float(form.result[self._row, min(shown.unit, units - 1)]), 4),
        )

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("Matrix form"))
        self._ask.setText(tr("Record a mini-batch"))
        label = tr("Record further sequences, so that each is a row of the matrices")
        self._ask.setToolTip(label)
        self._ask.setAccessibleName(label)
        for name, chip in self._chips.items():
            chip.setAccessibleName(words(name))
            chip.setToolTip(words(name))

    # -- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, paper = THEMES[self._snapshot.theme], self._paper()
        if paper is None:
            painter.fillRect(self.rect(), QColor(theme.base))
            painter.setPen(QColor(theme.dim))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(40, 40, -40, -24), int(flags), self._reason)
            return
        if is_vector():
            painter.fillRect(self.rect(), QColor(theme.base))
            paint_weights(painter, paper)
        else:
            painter.drawPixmap(0, 0, self._kept(paper))
        paint_frame(painter, paper)
        painter.end()

    def _kept(self, paper: FormPaper) -> QPixmap:
        """What stays from step to step, drawn anew where the weights change, as at the handover to a decoder."""
        weights = None if self._ranges is None else self._ranges[0]
        if self._picture is None or self._picture[0] is not weights:
            ratio = pixel_ratio(self)
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(QColor(paper.theme.base))
            painter = QPainter(pixmap)
            paint_weights(painter, paper)
            painter.end()
            self._picture = weights, pixmap
        return self._picture[1]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._picture = None
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.DevicePixelRatioChange):
            self._picture = None
            self.update()

    # -- the user

    def _under(self, x: float, y: float) -> tuple[str, int | None, int | None] | None:
        """The matrix under a point, and the row and column there."""
        if self._sheet is None:
            return None
        for block in self._sheet.blocks:
            found = block.at(x, y)
            if found is not None:
                return block.name, *found
        return None

    def readout(self, x: float, y: float) -> str:
        """The number under a point with its place, "" where there is none."""
        under, form = self._under(x, y), self._form
        if under is None or form is None:
            return ""
        name, row, column = under
        if row is None or column is None:
            return ""
        inputs = form.x.shape[1]
        sign, matrix = {
            "x": (form.signs[0], form.x),
            "before": (form.signs[1], form.before),
            "wx": ("Wx", form.w[:inputs]),
            "wh": ("Wy" if form.signs[2] == "Y(t)" else "Wh", form.w[inputs:]),
            "b": ("b", form.b[None]),
            "result": (form.signs[2], form.result),
        }[name]
        place = f"[{column}]" if name == "b" else f"[{row}, {column}]"
        text = f"{sign}{place} = {number(float(matrix[row, column]), 4)}"
        feature = {"x": column, "wx": row}.get(name)
        known = "" if feature is None else self._input_name(feature)
        return f"{text} · {known}" if known else text

    def _input_name(self, feature: int) -> str:
        trace, layer = self._snapshot.trace, self._snapshot.layer
        names = () if trace is None or layer else trace.input_names
        return names[feature] if feature < len(names) else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        under = self._under(point.x(), point.y())
        self.setCursor(Qt.CursorShape.PointingHandCursor if under else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(event.globalPosition().toPoint(), self.readout(point.x(), point.y()), self)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            # the pointer's own moves keep the readout up; Qt's would replace it
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        under = self._under(event.position().x(), event.position().y())
        if event.button() != Qt.MouseButton.LeftButton or under is None:
            super().mousePressEvent(event)
            return
        name, row, column = under
        if name in ("x", "before", "result") and row is not None and row != self._row:
            self._row = row
            self._arrange()
            self.update()
        if name in ("wx", "wh", "b", "result") and column is not None and column != self._snapshot.unit:
            self.asked.emit("unit.select", {"unit": column})

    def _on_chip_clicked(self, chip: QAbstractButton) -> None:
        assert isinstance(chip, Chip)
        self._gate, self._picture = chip.name, None
        self._compute()
        self._arrange()
        self.update()

    def _on_chooser_chosen(self, layer: int, direction: str) -> None:
        self.asked.emit("layer.select", {"layer": layer, "direction": direction})

    def _on_ask_clicked(self) -> None:
        self.asked.emit("batch.ask", {})
