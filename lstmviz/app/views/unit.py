"""The unit inspector: one unit's signals over time, its equations in numbers, who pushed its gates, its memory."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lstmviz.analysis.horizon import horizon
from lstmviz.analysis.push import pushes
from lstmviz.app.functions import sign_of
from lstmviz.app.memory_panel import Habits, Memory, MemoryPanel, habits_of
from lstmviz.app.numbers import number
from lstmviz.app.push_panel import TOP, Pushed, PushPanel, name_of
from lstmviz.app.reading import UnitSignal
from lstmviz.app.signal_chips import Chip
from lstmviz.app.signal_names import lane_sign, words
from lstmviz.app.theme import THEMES
from lstmviz.app.unit_equation import equation, plain, projects
from lstmviz.app.unit_panels import PAD, CurvePanel, EquationPanel, Trail
from lstmviz.app.view import View
from lstmviz.cells.weights import GruWeights, LstmWeights, RnnWeights, Weights
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.trace import Lane, Trace

_GATES = ("r", "f", "i", "o")
_STATES = ("g", "c", "h")
_NEW = frozenset({"trace", "compared", "layer", "direction", "unit", "theme", "language"})
_NEW_RANGE = frozenset({"start", "stop"})
"""Fields after which the curves and what is measured over the shown steps are drawn anew, and nothing else."""
_PUSHED = ("r", "f", "i", "o", "g")


class UnitView(View):
    """Everything about the selected unit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._language = ""
        self._gate = "f"
        self._habits: Habits | None = None
        header = self._make_header()  # before the body: the order of making is the order of the tab key
        self._body = QWidget()
        self._gates = CurvePanel(self._body, symmetric=False)
        self._states = CurvePanel(self._body, symmetric=True)
        self._equation = EquationPanel(self._body)
        self._pushes = PushPanel(self._body)
        self._memory = MemoryPanel(self._body)
        self._push_title = QLabel(self._body)
        self._push_title.setWordWrap(True)  # beside its chips, in a narrow dock
        self._compared = QLabel(self)
        self._compared.setWordWrap(True)
        self._compared.setContentsMargins(PAD, 0, PAD, 4)
        self._empty = QLabel(self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._fill_body()
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(self._body)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(header)
        column.addWidget(self._compared)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._empty, 1)
        self._gates.cursor_asked.connect(self._on_panel_cursor_asked)
        self._states.cursor_asked.connect(self._on_panel_cursor_asked)
        self._retranslate()

    def _make_header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(PAD, 4, PAD, 2)
        row.setSpacing(6)
        self._label, self._of = QLabel(self), QLabel(self)
        self._spin = QSpinBox(self)
        self._spin.setMinimumWidth(64)
        self._spin.setKeyboardTracking(False)
        self._spin.valueChanged.connect(self._on_spin_value_changed)
        self._label.setBuddy(self._spin)
        row.addWidget(self._label)
        row.addWidget(self._spin)
        row.addWidget(self._of)
        row.addStretch(1)
        return row

    def _fill_body(self) -> None:
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        choice = QHBoxLayout()
        choice.setContentsMargins(PAD, 2, PAD, 0)
        choice.setSpacing(2)
        choice.addWidget(self._push_title, 1)
        group = QButtonGroup(self)
        self._chips = {name: Chip(name, self._body) for name in _PUSHED}
        for chip in self._chips.values():
            group.addButton(chip)
            choice.addWidget(chip)
        self._chips[self._gate].setChecked(True)
        group.buttonClicked.connect(self._on_chip_clicked)
        for part in (self._gates, self._states, self._equation, choice, self._pushes, self._memory):
            if isinstance(part, QHBoxLayout):
                column.addLayout(part)
            else:
                column.addWidget(part, 1 if isinstance(part, CurvePanel) else 0)
        column.addStretch(0)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        self._snapshot = snapshot
        if "language" in changed or self._language != snapshot.language:
            self._retranslate()
        shown = self._shown()
        if changed & _NEW:
            self._scroll.setVisible(shown is not None)
            self._empty.setVisible(shown is None)
            self._compared.setVisible(False)
            self._show_header()
            self._apply_theme()
        if shown is None:
            return
        if changed & _NEW:
            self._show_curves(*shown)
        if changed & (_NEW | _NEW_RANGE):
            for panel in (self._gates, self._states):
                panel.show_range((snapshot.start, snapshot.stop), snapshot.t)
            self._measure(*shown)
            self._show_memory(shown[1])
        elif "t" in changed:
            self._gates.move_cursor(snapshot.t)
            self._states.move_cursor(snapshot.t)
        if changed & (_NEW | {"t"}):
            self._show_step(*shown)

    def sentence(self) -> str:
        snapshot, shown = self._snapshot, self._shown()
        if shown is None:
            return tr("Unit: no trace is open.")
        lane = shown[1]
        values = ", ".join(
            f"{name} {number(float(lane.signals[name][snapshot.t, snapshot.unit]))}"
            for name in self._own(lane, (*_GATES, *_STATES))
        )
        return tr(
            "Unit {unit} of layer {lane} at step {t}: {values}. {memory} {compared}",
            compared=self._beside(shown[0])[1],
            unit=snapshot.unit,
            lane=lane_sign(snapshot.layer, snapshot.direction),
            t=snapshot.t,
            values=values,
            memory=self._memory.words(),
        ).rstrip()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(THEMES[self._snapshot.theme].base))
        painter.end()

    def _shown(self) -> tuple[Trace, Lane] | None:
        """The trace and its selected lane, None where the selected unit is not there."""
        snapshot = self._snapshot
        if snapshot.trace is None:
            return None
        lane = snapshot.trace.lanes.get((snapshot.layer, snapshot.direction))
        if lane is None or snapshot.unit >= snapshot.trace.layers[snapshot.layer].units:
            return None
        return snapshot.trace, lane

    def _show_header(self) -> None:
        snapshot, shown = self._snapshot, self._shown()
        for widget in (self._label, self._spin, self._of):
            widget.setVisible(shown is not None)
        if shown is None:
            return
        units = shown[0].layers[snapshot.layer].units
        self._spin.blockSignals(True)  # showing a unit is not asking for it
        self._spin.setRange(0, units - 1)
        self._spin.setValue(snapshot.unit)
        self._spin.blockSignals(False)
        lane = lane_sign(snapshot.layer, snapshot.direction)
        self._of.setText(tr("of {units}, layer {lane}", units=units, lane=lane))

    def _apply_theme(self) -> None:
        theme = THEMES[self._snapshot.theme]
        for panel in (self._gates, self._states, self._equation, self._pushes, self._memory):
            panel.theme = theme
            panel.update()
        for chip in self._chips.values():
            chip.theme = theme
            chip.update()
        for label in (self._push_title, self._of, self._empty, self._compared):
            palette = label.palette()
            palette.setColor(label.foregroundRole(), QColor(theme.dim))
            label.setPalette(palette)
        palette = self._body.palette()
        palette.setColor(self._body.backgroundRole(), QColor(theme.base))
        self._body.setPalette(palette)

    def _show_curves(self, trace: Trace, lane: Lane) -> None:
        snapshot = self._snapshot
        gated = trace.layers[snapshot.layer].cell != "rnn"
        other, sentence = self._beside(trace)
        self._compared.setText(sentence)
        self._compared.setVisible(bool(sentence))
        self._gates.show_trails(self._trails(_GATES, lane, other))
        self._states.show_trails(self._trails(_STATES, lane, other))
        for panel in (self._gates, self._memory):
            panel.setVisible(gated)
        if gated and self._gate not in lane.signals:
            self._gate = "f"
            self._chips["f"].setChecked(True)
        for name, chip in self._chips.items():
            chip.setVisible(gated and name in lane.signals)

    def _own(self, lane: Lane, names: tuple[str, ...]) -> list[str]:
        """The signals in which the unit has a column of its own: behind a projection h has none."""
        trace = self._snapshot.trace
        assert trace is not None
        units = trace.layers[self._snapshot.layer].units
        return [name for name in names if name in lane.signals and lane.signals[name].shape[1] == units]

    def _trails(self, names: tuple[str, ...], lane: Lane, other: Lane | None) -> tuple[Trail, ...]:
        """The unit's signals, and those of the same unit in the lane beside."""
        shown, trails = self._snapshot, []
        where = (shown.layer, shown.direction, shown.unit)
        assert shown.trace is not None
        for name in self._own(lane, names):
            there = other is not None and name in other.signals and shown.compared is not None
            beside = UnitSignal(shown.compared, name, *where) if there and shown.compared is not None else None
            trails.append(Trail(name, UnitSignal(shown.trace, name, *where), beside))
        return tuple(trails)

    def _beside(self, trace: Trace) -> tuple[Lane | None, str]:
        """The lane that is drawn beside the trace's own, None where there is none, and a sentence about it."""
        snapshot, other = self._snapshot, self._snapshot.compared
        if other is None:
            return None, ""
        lane = other.lanes.get((snapshot.layer, snapshot.direction))
        own, sign = trace.layers[snapshot.layer], lane_sign(snapshot.layer, snapshot.direction)
        if lane is None:
            return None, tr("“{name}” has no layer {lane}: nothing of it is drawn.", name=other.name, lane=sign)
        theirs = other.layers[snapshot.layer]
        if theirs.units != own.units:
            return None, tr(
                "“{name}” has {theirs} units in layer {lane}, this trace has {units}: nothing of it is drawn.",
                name=other.name,
                theirs=theirs.units,
                lane=sign,
                units=own.units,
            )
        if (theirs.cell, theirs.outputs) != (own.cell, own.outputs):
            return None, tr(
                "“{name}” has other cells in layer {lane}: nothing of it is drawn.", name=other.name, lane=sign
            )
        return lane, tr("Dashed: “{name}”", name=other.name)

    def _measure(self, trace: Trace, lane: Lane) -> None:
        """What is true of the unit at every step, or, in a trace beyond memory, at every step that is shown."""
        shown = self._snapshot
        where = (shown.layer, shown.direction, shown.unit)
        gates = [UnitSignal(trace, gate, *where) for gate in _GATES if gate in lane.signals]
        self._habits = habits_of(gates, (shown.start, shown.stop)) if "f" in lane.signals else None

    def _show_step(self, trace: Trace, lane: Lane) -> None:
        snapshot = self._snapshot
        where = (snapshot.t, snapshot.layer, snapshot.direction, snapshot.unit)
        mixed = projects(trace, snapshot.layer, snapshot.direction)
        note = tr("h(t) mixes all units: a projection follows m") if mixed else ""
        self._equation.show_lines(equation(trace, *where), note)
        self._show_pushes(trace, lane)
        self._show_memory(lane)

    def _show_memory(self, lane: Lane) -> None:
        snapshot = self._snapshot
        if self._habits is None:
            self._memory.show_memory(None)
        else:
            now = float(horizon(np.asarray(lane.signals["f"][snapshot.t, snapshot.unit])))
            self._memory.show_memory(Memory(now, self._habits))

    def _show_pushes(self, trace: Trace, lane: Lane) -> None:
        snapshot = self._snapshot
        t, layer, side, unit = snapshot.t, snapshot.layer, snapshot.direction, snapshot.unit
        title = tr("Who pushed the unit") if trace.layers[layer].cell == "rnn" else tr("Who pushed the gate")
        self._pushes.setAccessibleName(title)
        self._push_title.setText(title)
        weights = trace.weights_at(t, layer, side)
        if weights is None:
            self._pushes.show_pushed(None, tr("This trace was saved without weights."))
            return
        gate = "" if isinstance(weights, RnnWeights) else self._gate
        state = None
        if isinstance(weights, LstmWeights):
            state = lane.signals["c"][t] if gate == "o" else trace.previous_at(t, "c", layer, side)
        entered, before, reset = trace.input_at(t, layer), trace.previous_at(t, "h", layer, side), lane.signals.get("r")
        found = pushes(
            weights, entered, before, gate, unit, TOP, state=state, reset=None if reset is None else reset[t]
        )
        names = tuple(name_of(push, trace, layer, gate, side) for push in found)
        value = float(lane.signals[gate or "h"][t, unit])
        function = sign_of(weights, gate)
        self._pushes.show_pushed(Pushed(gate, names, found, value, function, _reading(weights, gate)))

    def equation_text(self) -> str:
        """The equations as drawn, as text."""
        shown, snapshot = self._shown(), self._snapshot
        if shown is None:
            return ""
        return plain(equation(shown[0], snapshot.t, snapshot.layer, snapshot.direction, snapshot.unit))

    def _retranslate(self) -> None:
        self._language = self._snapshot.language
        self.setAccessibleName(tr("Unit"))
        self._label.setText(tr("Unit"))
        self._spin.setAccessibleName(tr("Unit"))
        self._scroll.setAccessibleName(tr("The unit in curves and numbers"))
        self._empty.setText(tr("Open a trace to look into one of its units."))
        self._gates.set_title(tr("Gates over time"))
        self._states.set_title(tr("Candidate and states over time"))
        self._equation.set_title(tr("This step in numbers"))
        self._memory.set_title(tr("Memory and saturation"))
        font = self._push_title.font()
        font.setPixelSize(11)
        font.setBold(True)
        self._push_title.setFont(font)
        for name, chip in self._chips.items():
            chip.setAccessibleName(words(name))
            chip.setToolTip(words(name))

    def _on_spin_value_changed(self, unit: int) -> None:
        self.asked.emit("unit.select", {"unit": unit})

    def _on_panel_cursor_asked(self, t: int) -> None:
        self.asked.emit("cursor.set", {"t": t})

    def _on_chip_clicked(self, chip: QAbstractButton) -> None:
        assert isinstance(chip, Chip)
        self._gate = chip.name
        shown = self._shown()
        if shown is not None:
            self._show_pushes(*shown)


def _reading(weights: Weights, gate: str) -> str:
    """What the shown weights are where they are not the net's own, "" where they are."""
    if isinstance(weights, LstmWeights) and weights.norm is not None:
        return tr("Weights as the layer norm scales them at this step")
    if isinstance(weights, GruWeights) and gate == "g":
        return tr("Weights of h(t−1) times r(t) of this step")
    return ""
