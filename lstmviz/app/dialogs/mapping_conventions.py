"""The conventions of a file of weights: cell, order of the gates, rows or columns, biases, functions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QSpinBox, QWidget

from lstmviz.language import mark, tr
from lstmviz.nets.foreign.gate_order import TORCH_ORDER, Cell
from lstmviz.nets.foreign.mapping_fit import Shapes, fit, letters_of
from lstmviz.nets.foreign.mapping_form import LayerArrays, StackMapping
from lstmviz.nets.foreign.mapping_guess import alike, guess

CELLS: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU", "rnn": mark("Recurrent layer (RNN)")}
KNOWN: dict[Cell, dict[str, str]] = {
    "lstm": {"ifgo": "PyTorch, Keras, Flax", "iofg": "ONNX", "igfo": "TensorFlow 1, ELMo"},
    "gru": {"rzn": "PyTorch, Flax", "zrn": "Keras, ONNX"},
    "rnn": {"h": ""},
}
"""The orders of the gates that frameworks have."""
BIASES = {
    "none": mark("None"),
    "one": mark("One"),
    "two": mark("Two, added"),
    "halves": mark("One of twice the length"),
}
GATE_FUNCTIONS = {
    "sigmoid": mark("sigmoid"),
    "hard_sigmoid": mark("hard sigmoid: 0.2·z + 0.5 (Keras 1 and 2)"),
    "hard_sigmoid_keras3": mark("hard sigmoid: z/6 + 0.5 (Keras 3)"),
}
STATE_FUNCTIONS = {name: name for name in ("tanh", "relu", "sigmoid", "softsign", "linear")}
EACH = "each"
_MOST_LAYERS = 256


class Conventions(QWidget):
    """What holds for all layers; tells the mapping anew whenever one of them is changed."""

    changed = Signal(object)

    def __init__(self, shapes: Shapes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shapes = shapes
        self._stack = StackMapping(layers=(LayerArrays("", ""),))
        self.cell = _combo(CELLS, tr("Cell"), self)
        self.order = _combo({}, tr("Order of the gates"), self)
        self.apart = _combo({False: tr("All in one array"), True: tr("An array for each gate")}, tr("Gates"), self)
        self.transposed = _combo(
            {False: tr("In rows (PyTorch, ONNX)"), True: tr("In columns (Keras, TensorFlow)")},
            tr("Gates lie"), self,
        )  # fmt: skip
        self.bias = _combo(BIASES, tr("Biases"), self)
        self.forget = QDoubleSpinBox(self)
        self.forget.setRange(-10, 10)
        self.forget.setDecimals(2)
        self.layers = QSpinBox(self)
        self.layers.setRange(1, _MOST_LAYERS)
        self.both = QCheckBox(tr("In both directions"), self)
        self.projection = QCheckBox(tr("Projection"), self)
        self.peepholes = QCheckBox(tr("Peepholes"), self)
        self.reset_before = QCheckBox(tr("Reset gate before the weights (Keras 1, ONNX)"), self)
        self.peephole_order = _combo(
            {"ifo": "i f o", "iof": "i o f (ONNX)", EACH: tr("An array for each gate")},
            tr("Order of the peepholes"),
            self,
        )
        self.gates = _combo(GATE_FUNCTIONS, tr("Function of the gates"), self)
        self.candidate = _combo(STATE_FUNCTIONS, tr("Function of the candidate"), self)
        self.output = _combo(STATE_FUNCTIONS, tr("Function of the output"), self)
        self._form = QFormLayout(self)
        self._lay_out()
        for combo in self.findChildren(QComboBox):
            combo.activated.connect(self._on_changed)
        for box in (self.both, self.projection, self.peepholes, self.reset_before):
            box.clicked.connect(self._on_changed)
        for number in (self.forget, self.layers):
            number.valueChanged.connect(self._on_changed)

    def _lay_out(self) -> None:
        form = self._form
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.forget.setAccessibleName(tr("Forget bias"))
        self.forget.setToolTip(tr("TensorFlow 1 adds 1 to the forget gate's bias when it runs, not in the file"))
        self.layers.setAccessibleName(tr("Layers"))
        for label, controls in (
            (tr("Cell"), (self.cell,)),
            (tr("Gates"), (self.apart,)),
            (tr("Order of the gates"), (self.order,)),
            (tr("Gates lie"), (self.transposed,)),
            (tr("Biases"), (self.bias,)),
            (tr("Added to f when it runs"), (self.forget,)),
            (tr("Layers"), (self.layers, self.both)),
            (tr("Besides"), (self.projection, self.peepholes, self.peephole_order, self.reset_before)),
            (tr("Function of the gates"), (self.gates,)),
            (tr("Candidate, output"), (self.candidate, self.output)),
        ):
            row = QWidget(self)
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            for control in controls:
                line.addWidget(control, 1 if isinstance(control, QComboBox) else 0)
            form.addRow(label, row)

    def label_width(self) -> int:
        """What the labels on the left take."""
        return max(label.sizeHint().width() for label in self.findChildren(QLabel))

    def put(self, stack: StackMapping, wrong: str) -> None:
        """Show a mapping, its order of gates set off in a colour where it is not told; nothing is told."""
        widgets = self.findChildren(QWidget)
        for widget in widgets:
            widget.blockSignals(True)
        self._stack = stack
        first = stack.layers[0]
        lstm = stack.cell == "lstm"
        _choose(self.cell, stack.cell)
        self._offer_orders(stack)
        _choose(self.apart, isinstance(first.w_ih, tuple))
        self.apart.setEnabled(stack.cell != "rnn")
        self.order.setEnabled(stack.cell != "rnn" and not isinstance(first.w_ih, tuple))
        self.order.setStyleSheet("" if letters_of(stack) else f"border: 2px solid {wrong};")
        _choose(self.transposed, stack.transposed)
        _choose(self.bias, stack.bias)
        self.forget.setValue(stack.forget_bias)
        self.layers.setValue(len(stack.layers))
        self.both.setChecked(bool(stack.reverse))
        self.projection.setChecked(bool(first.w_hr))
        self.peepholes.setChecked(bool(first.peephole))
        _choose(self.peephole_order, EACH if isinstance(first.peephole, tuple) else stack.peephole_order)
        self.peephole_order.setVisible(bool(first.peephole))
        _choose(self.gates, stack.gate_activation)
        _choose(self.candidate, stack.candidate_activation if stack.cell != "rnn" else stack.activation)
        _choose(self.output, stack.output_activation)
        self.reset_before.setChecked(stack.reset_before)
        self.reset_before.setVisible(stack.cell == "gru")
        for control in (self.projection, self.peepholes):
            control.setVisible(stack.cell != "gru")
        for of_lstm in (self.forget, self.projection, self.peepholes, self.gates, self.output):
            of_lstm.setEnabled(lstm)
        self.candidate.setEnabled(stack.cell != "gru")
        for widget in widgets:
            widget.blockSignals(False)

    def _offer_orders(self, stack: StackMapping) -> None:
        """The orders of this cell, those of frameworks first and by name; none is taken before it is chosen."""
        if self.order.property("cell") != stack.cell:
            self.order.setProperty("cell", stack.cell)
            self.order.clear()
            self.order.addItem(tr("Choose…"), "")
            known = KNOWN[stack.cell]
            others = ("".join(order) for order in permutations(TORCH_ORDER[stack.cell]))
            for order in (*known, *(each for each in others if each not in known)):
                title = " ".join(order)
                self.order.addItem(f"{title}   {known[order]}" if known.get(order) else title, order)
        _choose(self.order, letters_of(stack))

    def _on_changed(self) -> None:
        sender = self.sender()
        if sender is self.cell:
            self.changed.emit(guess(self._shapes, self.cell.currentData()))
            return
        stack = self._with_sizes(self._stack)
        if sender is self.apart:
            stack = _parted(stack, self.apart.currentData())
        elif sender is self.order:
            stack = msgspec.structs.replace(stack, order=self.order.currentData())
        elif sender is self.peephole_order:
            stack = _with_peepholes(stack, self.peephole_order.currentData(), self._shapes)
        rnn = stack.cell == "rnn"
        stack = msgspec.structs.replace(
            stack,
            transposed=self.transposed.currentData(),
            bias=self.bias.currentData(),
            forget_bias=self.forget.value(),
            gate_activation=self.gates.currentData(),
            reset_before=stack.cell == "gru" and self.reset_before.isChecked(),
            activation=self.candidate.currentData() if rnn else "tanh",
            candidate_activation="tanh" if rnn else self.candidate.currentData(),
            output_activation=self.output.currentData(),
        )
        self.changed.emit(stack)

    def _with_sizes(self, stack: StackMapping) -> StackMapping:
        """The mapping with the layers, directions, projections and peepholes that are asked for."""
        stack = alike(stack, self._shapes, self.layers.value(), 2 if self.both.isChecked() else 1)
        for role, box in (("w_hr", self.projection), ("peephole", self.peepholes)):
            if bool(getattr(stack.layers[0], role)) != box.isChecked():
                name = _likely(role, stack, self._shapes) if box.isChecked() else ""
                stack = each_lane(stack, **{role: name})
        return stack


def each_lane(stack: StackMapping, **names: object) -> StackMapping:
    """The mapping with the same arrays in some roles of every lane."""
    layers, reverse = (
        tuple(msgspec.structs.replace(arrays, **names) for arrays in side) for side in (stack.layers, stack.reverse)
    )
    return msgspec.structs.replace(stack, layers=layers, reverse=reverse)


def _likely(role: str, stack: StackMapping, shapes: Shapes) -> str:
    """An array to begin with: the first whose shape fits the role, else the first that has as many dimensions."""
    wanted = (2,) if role == "w_hr" else (1, 2)
    names = [name for name, shape in shapes.items() if len(shape) in wanted]

    def fits(name: str) -> bool:
        return fit(each_lane(stack, **{role: name}), shapes).lines["forward", 0, role].fits

    return next(filter(fits, names), names[0] if names else "")


def _parted(stack: StackMapping, apart: bool) -> StackMapping:
    """The mapping with an array for each gate, still to be chosen, or with one for all of them."""
    count = len(TORCH_ORDER[stack.cell])
    none: str | tuple[str, ...] = ("",) * count if apart else ""
    parted = each_lane(stack, w_ih=none, w_hh=none, b=none, b_hh=none if stack.bias == "two" else "")
    return msgspec.structs.replace(parted, order=TORCH_ORDER[stack.cell] if apart else "")


def _with_peepholes(stack: StackMapping, order: str, shapes: Shapes) -> StackMapping:
    """The mapping with peepholes in one array of an order, or in an array for each of the gates i f o."""
    each = order == EACH
    stack = msgspec.structs.replace(stack, peephole_order="ifo" if each else order)
    if each != isinstance(stack.layers[0].peephole, tuple):
        stack = each_lane(stack, peephole=("",) * 3 if each else _likely("peephole", stack, shapes))
    return stack


def _combo(choices: Mapping[Any, str], name: str, parent: QWidget) -> QComboBox:
    combo = QComboBox(parent)
    combo.setAccessibleName(name)
    combo.setMinimumContentsLength(10)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for value, title in choices.items():
        combo.addItem(tr(title), value)
    return combo


def _choose(combo: QComboBox, value: object) -> None:
    combo.setCurrentIndex(max(combo.findData(value), 0))
