"""The dialog that asks which array is which: prefilled by shapes, and never ready before everything fits."""

from __future__ import annotations

import numpy as np
import pytest

from lstmviz.app.dialogs.mapping import MappingDialog
from lstmviz.app.theme import LIGHT
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Part
from lstmviz.nets.foreign.mapping import apply
from lstmviz.nets.foreign.mapping_form import decode
from lstmviz.wire.mapping_messages import ArrayRow, ArraysListed

PEEPHOLES = {"W": (3, 16), "U": (4, 16), "b": (16,), "p": (3, 4), "pi": (4,), "pf": (4,), "po": (4,)}
PROJECTED = {"W": (16, 3), "U": (16, 2), "b": (32,), "P": (2, 4)}
SIDES = {f"{side}{n}.{what}": shape for side in ("fw_", "bw_") for n in range(2) for what, shape in (
    ("W", ((3, 8)[n], 16)), ("U", (4, 16)), ("b", (16,)))}  # fmt: skip
GATED = {f"{kind}_{place}": shape for place in range(4) for kind, shape in (("W", (3, 4)), ("U", (4, 4)), ("b", (4,)))}


@pytest.fixture
def make(qtbot):
    def made(shapes, mapping=""):
        rows = tuple(ArrayRow(name, shape, "float32") for name, shape in shapes.items())
        dialog = MappingDialog("w.npz", ArraysListed("/w.npz", rows, mapping), LIGHT)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    return made


def pick(combo, value):
    place = combo.findData(value)
    assert place >= 0, f"{value} is not offered"
    combo.setCurrentIndex(place)
    combo.activated.emit(place)


def read(dialog, shapes, qtbot):
    """What is told, read from arrays of these shapes."""
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.ok.click()
    parts = {name: Part(shape, lambda shape=shape: np.zeros(shape, np.float32)) for name, shape in shapes.items()}
    (found,) = apply(decode(chosen.args[0]), parts, "a file")
    return found.spec


def lines(dialog):
    return {role: label.text() for role, label in dialog.roles.lines.items() if not label.isHidden()}


def test_the_order_of_the_gates_has_no_default_and_names_the_frameworks(make, qtbot):
    dialog = make(PEEPHOLES)
    order = dialog.conventions.order
    assert (order.currentText(), dialog.ok.isEnabled()) == ("Choose…", False)
    titles = [order.itemText(place) for place in range(1, 4)]
    assert titles == ["i f g o   PyTorch, Keras, Flax", "i o f g   ONNX", "i g f o   TensorFlow 1, ELMo"]
    assert order.count() == 25, "every order there can be"
    pick(order, "igfo")
    assert dialog.verdict.text() == "Everything fits: LSTM 3 → 4"
    assert read(dialog, PEEPHOLES, qtbot).hidden == 4


def test_every_line_says_at_once_whether_it_fits(make):
    dialog = make(PEEPHOLES)
    assert lines(dialog) == {
        "w_ih": "✓ fits: F × 4·H = 3 × 16",
        "w_hh": "✓ fits: H × 4·H = 4 × 16",
        "b": "✓ fits: 4·H = 16",
    }
    pick(dialog.roles.choosers["b"][0], "pi")
    assert lines(dialog)["b"] == "✗ does not fit: 4; expected 4·H = 16"
    assert dialog.verdict.text() == "Not yet: 1 of 3 arrays still missing or not fitting."
    pick(dialog.roles.choosers["w_hh"][0], "W")
    assert lines(dialog)["w_hh"].startswith("✗ ")


def test_rows_or_columns_are_found_where_only_one_of_them_fits(make):
    dialog = make({"W": (3, 16), "U": (4, 16), "V": (16, 3), "X": (16, 4)})
    dialog.conventions.transposed.setCurrentIndex(1)
    pick(dialog.roles.choosers["w_ih"][0], "V")
    pick(dialog.roles.choosers["w_hh"][0], "X")
    assert dialog.stack.transposed is False
    assert all(line.startswith("✓") for role, line in lines(dialog).items() if role != "b")


def test_peepholes_in_one_array_or_in_three(make, qtbot):
    dialog = make(PEEPHOLES)
    pick(dialog.conventions.order, "igfo")
    dialog.conventions.peepholes.click()
    assert dialog.stack.layers[0].peephole == "p", "the array that fits"
    pick(dialog.conventions.peephole_order, "each")
    assert not dialog.ok.isEnabled()
    for place, name in enumerate(("pi", "pf", "po")):
        pick(dialog.roles.choosers["peephole"][place], name)
    assert read(dialog, PEEPHOLES, qtbot).peepholes


def test_a_projection_is_one_more_array(make, qtbot):
    dialog = make(PROJECTED)
    dialog.conventions.projection.click()
    pick(dialog.roles.choosers["w_ih"][0], "W")
    pick(dialog.roles.choosers["w_hh"][0], "U")
    pick(dialog.roles.choosers["w_hr"][0], "P")
    pick(dialog.conventions.transposed, False)
    pick(dialog.conventions.bias, "halves")
    pick(dialog.roles.choosers["b"][0], "b")
    pick(dialog.conventions.order, "iofg")
    assert dialog.verdict.text() == "Everything fits: LSTM 3 → 4 → 2"
    assert read(dialog, PROJECTED, qtbot).projection == 2


def test_layers_and_directions_follow_the_pattern_of_names(make, qtbot):
    dialog = make(SIDES)
    pick(dialog.conventions.order, "ifgo")
    assert dialog.verdict.text() == "Everything fits: LSTM 3 → 4, 2 layers, both directions"
    lanes = [dialog.roles.lane.itemText(place) for place in range(dialog.roles.lane.count())]
    assert lanes == ["Layer 0 →", "Layer 1 →", "Layer 0 ←", "Layer 1 ←"]
    dialog.roles.lane.setCurrentIndex(3)
    dialog.roles.lane.activated.emit(3)
    assert dialog.roles.choosers["w_ih"][0].currentData() == "bw_1.W"
    assert read(dialog, SIDES, qtbot).bidirectional
    dialog.conventions.both.click()
    dialog.conventions.layers.setValue(1)
    assert "2 layers" not in dialog.verdict.text()


def test_an_array_for_each_gate_is_chosen_gate_by_gate(make, qtbot):
    dialog = make(GATED)
    pick(dialog.conventions.cell, "lstm")
    pick(dialog.conventions.apart, True)
    assert not dialog.conventions.order.isEnabled(), "who chooses gate by gate tells no order"
    for role, kind in (("w_ih", "W"), ("w_hh", "U"), ("b", "b")):
        for place in range(4):
            pick(dialog.roles.choosers[role][place], f"{kind}_{place}")
    pick(dialog.conventions.bias, "one")
    pick(dialog.conventions.transposed, True)
    assert dialog.verdict.text() == "Everything fits: LSTM 3 → 4"
    assert read(dialog, GATED, qtbot).input.width == 3


def test_a_gru_and_a_recurrent_layer_have_their_own_conventions(make, qtbot):
    gru = {"k": (3, 12), "r": (4, 12), "b": (2, 12)}
    dialog = make(gru)
    assert (dialog.stack.cell, dialog.stack.bias) == ("gru", "halves")
    assert not dialog.conventions.reset_before.isHidden()
    dialog.conventions.reset_before.click()
    pick(dialog.conventions.order, "zrn")
    spec = read(dialog, gru, qtbot)
    assert (spec.cell, spec.reset_before) == ("gru", True)
    rnn = {"a": (4, 3), "hh": (4, 4)}
    plain = make(rnn)
    assert plain.ok.isEnabled(), "a recurrent layer has no gates to order"
    pick(plain.conventions.candidate, "relu")
    assert read(plain, rnn, qtbot).activation == "relu"


def test_the_list_is_searched_by_name_and_shape(make):
    dialog = make(SIDES)
    dialog.arrays.search.setText("bw_1")
    rows = [dialog.arrays.rows.topLevelItem(n) for n in range(len(SIDES))]
    assert [row.text(0) for row in rows if not row.isHidden()] == ["bw_1.W", "bw_1.U", "bw_1.b"]
    dialog.arrays.search.setText("8 × 16")
    assert [row.text(0) for row in rows if not row.isHidden()] == ["fw_1.W", "bw_1.W"]


def test_a_kept_mapping_by_hand_that_is_wrong_begins_anew(make):
    assert make(PEEPHOLES, "{nonsense").stack == make(PEEPHOLES).stack


def test_what_the_dialog_calls_ready_cannot_be_refused(make, qtbot):
    dialog = make(PEEPHOLES)
    pick(dialog.conventions.order, "iofg")
    for activation in ("hard_sigmoid", "hard_sigmoid_keras3"):
        pick(dialog.conventions.gates, activation)
    try:
        spec = read(dialog, PEEPHOLES, qtbot)
    except ModelError as error:
        pytest.fail(str(error))
    assert spec.gate_activation == "hard_sigmoid_keras3"
