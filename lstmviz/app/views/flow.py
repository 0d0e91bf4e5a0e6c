"""The gradient flow: how much of a loss's gradient reaches each step of each layer, and by which way."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from lstmviz.app import drawing
from lstmviz.app.comparing import titles
from lstmviz.app.flow_canvas import FlowCanvas
from lstmviz.app.flow_rows import FlowLane, lanes_of, magnitude, verdict_words
from lstmviz.app.signal_names import lane_sign
from lstmviz.app.theme import THEMES
from lstmviz.app.training_chart import run_colour
from lstmviz.app.view import View
from lstmviz.language import tr
from lstmviz.session.run_view import FlowView
from lstmviz.session.snapshot import Snapshot

_TWINS = frozenset({"trace_id", "compared_id", "runs", "theme", "language"})
_DRAWN = frozenset({"trace", "trace_id", "flow", "start", "stop", "layer", "direction", "unit", "theme", "language"})


class FlowPlotView(View):
    """The gradient of a loss on its way back: curves, the ways it took, a heat map, and the verdict in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._lanes: tuple[FlowLane, ...] = ()
        self._flow: FlowView | None = None
        self._hover = ""
        self._header = self._make_header()
        self._canvas = FlowCanvas()
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(self._canvas)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().installEventFilter(self)
        self._empty = self._make_empty()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._empty, 1)
        self.setObjectName("flow")
        self._canvas.cursor_asked.connect(self._on_canvas_cursor_asked)
        self._canvas.unit_asked.connect(self._on_canvas_unit_asked)
        self._canvas.hovered.connect(self._on_canvas_hovered)
        self._canvas.composed.connect(self._show_choice)
        self._retranslate()

    def _make_header(self) -> QWidget:
        header = QWidget(self)
        row = QHBoxLayout(header)
        row.setContentsMargins(8, 3, 8, 3)
        row.setSpacing(4)
        self._at = QLabel(header)
        self._one, self._all = QToolButton(header), QToolButton(header)
        self._twins = QToolButton(header), QToolButton(header)
        for button in (self._one, self._all, *self._twins):
            button.setCheckable(True)
            button.setAutoRaise(True)
        self._twins[0].clicked.connect(self._on_first_clicked)
        self._twins[1].clicked.connect(self._on_second_clicked)
        self._one.clicked.connect(self._on_one_clicked)
        self._all.clicked.connect(self._on_all_clicked)
        self._line = _Line(header)
        for widget in (*self._twins, self._at, self._one, self._all):
            row.addWidget(widget)
        row.addWidget(self._line, 1)
        return header

    def _make_empty(self) -> QWidget:
        page = QWidget(self)
        self._why = QLabel(page)
        self._why.setWordWrap(True)
        self._why.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._why.setMaximumWidth(560)
        self._begin = QPushButton(page)
        self._begin.clicked.connect(self._on_begin_clicked)
        column = QVBoxLayout(page)
        column.setSpacing(14)
        column.addStretch(1)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(self._why, 100)
        across.addStretch(1)
        column.addLayout(across)
        column.addWidget(self._begin, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    # -- what is shown

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        self._snapshot = snapshot
        if "language" in changed:
            self._retranslate()
        if changed & _TWINS:
            self._show_twins()
        if changed & {"trace", "trace_id", "flow"}:
            self._take(snapshot)
        if changed & _DRAWN:
            self._show_parts()
            if self._lanes and self._flow is not None:
                self._canvas.show_flow(snapshot, self._lanes, self._flow.step)
        elif "t" in changed:
            if self._lanes:
                self._canvas.move_cursor(snapshot)
        else:
            return
        self._show_choice()

    def _take(self, snapshot: Snapshot) -> None:
        """The flow, where it is of the trace that is shown."""
        flow, trace = snapshot.flow, snapshot.trace
        self._flow = flow if flow is not None and trace is not None and flow.trace_id == snapshot.trace_id else None
        self._lanes = lanes_of(trace, self._flow) if trace is not None and self._flow is not None else ()

    def _show_parts(self) -> None:
        theme = THEMES[self._snapshot.theme]
        for label, colour in ((self._why, theme.dim), (self._at, theme.dim)):
            palette = label.palette()
            palette.setColor(label.foregroundRole(), QColor(colour))
            label.setPalette(palette)
        shown = bool(self._lanes)
        self._scroll.setVisible(shown)
        self._header.setVisible(shown)
        self._empty.setVisible(not shown)
        pending = self._flow is not None and self._flow.pending
        self._begin.setVisible(self._snapshot.trace is not None and not self._snapshot.trace.lazy)
        self._begin.setEnabled(not pending)
        self._why.setText(self._reason(pending=pending))
        self._begin.setText(self._offer())

    def _reason(self, *, pending: bool) -> str:
        if self._snapshot.trace is None:
            return tr("Open a trace to follow the gradient of its loss back through time.")
        if self._snapshot.trace.lazy:
            return tr(
                "The gradient needs every signal in memory, and those of this trace are too large for that. Record a"
                " part of the sequence to follow the gradient there."
            )
        if pending:
            return tr("The gradient is being followed back through every step …")
        return tr(
            "How much does each earlier step still learn from a loss? The gradient is followed back through every step"
            " of every layer: whether it vanishes, keeps its size or explodes, and what of it came through the state"
            " itself and what through the gates."
        )

    def _offer(self) -> str:
        return tr("Follow the loss of step {t} back", t=self._last_asked())

    def _last_asked(self) -> int:
        """The last step at which something is asked: a loss there has the longest way back."""
        trace = self._snapshot.trace
        if trace is None or trace.lazy or trace.targets is None or not np.isfinite(trace.targets).any():
            return max(0, self._snapshot.steps - 1)
        return int(np.flatnonzero(np.isfinite(trace.targets).any(axis=1))[-1])

    def _show_choice(self) -> None:
        """The chooser, and what the line beside it says."""
        shown, flow = self._snapshot, self._flow
        if flow is None or not self._lanes:
            return
        self._one.setText(tr("step {t}", t=shown.t))
        self._one.setChecked(flow.step == shown.t)
        self._all.setChecked(flow.step < 0)
        theme = THEMES[shown.theme]
        self._line.say(self._hover or self._line_words(flow), theme.text if self._hover else theme.dim, theme.base)

    def _show_twins(self) -> None:
        """A and B where the traces are those of twins; the flow is that of the one which is chosen."""
        (place, name), (_, other) = titles(self._snapshot)
        theme = THEMES[self._snapshot.theme]
        for n, button in enumerate(self._twins):
            button.setVisible(place >= 0)
            button.setText("AB"[n])
            button.setChecked(n == place)
            words = f"{'AB'[n]}: {name if n == place else other}"
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.setStyleSheet(f"QToolButton {{ color: {run_colour(theme, n).name()}; font-weight: bold; }}")

    def _told(self, flow: FlowView) -> str:
        if flow.pending:
            return tr("being followed back …")
        loss = magnitude(flow.loss)
        if flow.step < 0:
            return tr("loss of all steps: {loss}", loss=loss)
        return tr("loss of step {t}: {loss}", t=flow.step, loss=loss)

    def _line_words(self, flow: FlowView) -> str:
        """The loss, and what the picture does to the values."""
        return " · ".join(part for part in (self._told(flow), self._canvas.note()) if part)

    def sentence(self) -> str:
        flow = self._flow
        if self._snapshot.trace is None:
            return tr("Gradient flow: no trace is open.")
        if flow is None or not self._lanes:
            return tr("Gradient flow: not asked for yet.")
        told = "; ".join(
            f"{tr('layer {lane}', lane=lane_sign(lane.layer, lane.direction))} {verdict_words(lane.verdict)}"
            for lane in self._lanes
        )
        return tr("Gradient flow, {loss}: {told}.", loss=self._told(flow), told=told)

    def _retranslate(self) -> None:
        self.setAccessibleName(tr("Gradient flow"))
        self._canvas.setAccessibleName(tr("Gradient over time"))
        self._at.setText(tr("Loss at"))
        self._all.setText(tr("all steps"))
        for button, words in (
            (self._one, tr("Follow the loss of the cursor's step back")),
            (self._all, tr("Follow the loss of all steps back")),
        ):
            button.setToolTip(words)
            button.setAccessibleName(words)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(THEMES[self._snapshot.theme].base))
        painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._scroll.viewport():
            self._canvas.lay_out(self._scroll.viewport().height(), self.width())
        return super().eventFilter(watched, event)

    # -- the user

    def _on_one_clicked(self) -> None:
        self._show_choice()  # it is checked when the answer is there
        self.asked.emit("flow.ask", {"step": self._snapshot.t})

    def _on_all_clicked(self) -> None:
        self._show_choice()
        self.asked.emit("flow.ask", {"step": -1})

    def _on_first_clicked(self) -> None:
        self._choose_twin(0)

    def _on_second_clicked(self) -> None:
        self._choose_twin(1)

    def _choose_twin(self, wanted: int) -> None:
        """Make the other twin the active trace, and ask for the same loss of its net."""
        (place, _), _ = titles(self._snapshot)
        self._show_twins()  # it is checked when it is shown
        if wanted != place and self._flow is not None:
            step = self._flow.step
            self.asked.emit("trace.activate", {"id": self._snapshot.compared_id})
            self.asked.emit("flow.ask", {"step": step})

    def _on_begin_clicked(self) -> None:
        self.asked.emit("flow.ask", {"step": self._last_asked()})

    def _on_canvas_cursor_asked(self, t: int) -> None:
        self.asked.emit("cursor.set", {"t": t})

    def _on_canvas_unit_asked(self, unit: int, layer: int, direction: str) -> None:
        if (layer, direction) != (self._snapshot.layer, self._snapshot.direction):
            self.asked.emit("layer.select", {"layer": layer, "direction": direction})
        if unit != self._snapshot.unit:
            self.asked.emit("unit.select", {"unit": unit})

    def _on_canvas_hovered(self, text: str) -> None:
        self._hover = text
        self._show_choice()


class _Line(QWidget):
    """One line of text that is cheap to change: no layout moves when it does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMinimumHeight(20)
        self._said = ("", "#000000", "#FFFFFF")

    def say(self, words: str, colour: str, ground: str) -> None:
        """Show a line."""
        if (words, colour, ground) != self._said:
            self._said = (words, colour, ground)
            self.setToolTip(words)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        words, colour, ground = self._said
        painter.fillRect(self.rect(), QColor(ground))
        room = QRect(8, 0, self.width() - 8, self.height())
        drawing.text(painter, room, words, colour, drawing.sized(self.font(), 12), "right")
        painter.end()
