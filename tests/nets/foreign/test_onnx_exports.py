"""Layers of a stack as torch's newer exporter joins them: with sizes fixed in a Reshape, or taken from a Shape."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx import helper
from onnx_by_hand import drawn, model_of, write

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.onnx_file import read

FIXED = [
    helper.make_node("Transpose", ["Y0"], ["turned"], perm=[0, 2, 1, 3]),
    helper.make_node("Reshape", ["turned", "shape"], ["joined"]),
]
TAKEN = [
    helper.make_node("Transpose", ["Y0"], ["turned"], perm=[0, 2, 1, 3]),
    helper.make_node("Shape", ["turned"], ["sizes"]),
    helper.make_node("Slice", ["sizes", "zero", "two"], ["outer"]),
    helper.make_node("Slice", ["sizes", "two", "three"], ["sides"]),
    helper.make_node("Slice", ["sizes", "three", "four"], ["units"]),
    helper.make_node("Mul", ["sides", "units"], ["width"]),
    helper.make_node("Concat", ["outer", "width"], ["shape"], axis=0),
    helper.make_node("Reshape", ["turned", "shape"], ["joined"]),
]


def _model(between, constants, sides=2):
    lower, upper = drawn("GRU", sides=sides), drawn("GRU", inputs=4 * sides, sides=sides)
    direction = "bidirectional" if sides == 2 else "forward"
    nodes = [
        helper.make_node(
            "GRU", [x, f"W{n}", f"R{n}", f"B{n}"], [f"Y{n}"], name=f"g{n}", hidden_size=4, direction=direction
        )
        for n, x in enumerate(("X", "joined"))
    ]
    weights = {f"{name}{n}": array for n, parts in enumerate((lower, upper)) for name, array in parts.items()}
    return model_of([nodes[0], *between, nodes[1]], weights | constants)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize(("steps", "batch"), [(7, 2), (20, 8), (4, 4)])
def test_layers_of_an_export_for_one_size_alone_are_a_stack(tmp_path, steps, batch, sides):
    shape = np.array([steps, batch, 4 * sides])
    stack, *alone = read(write(_model(FIXED, {"shape": shape}, sides), tmp_path))
    assert (stack.spec.layers, stack.path, len(alone)) == (2, "g0+g1", 2)


def test_layers_whose_sizes_are_asked_for_while_it_runs_are_a_stack(tmp_path):
    ends = {name: np.array([n]) for n, name in [(0, "zero"), (2, "two"), (3, "three"), (4, "four")]}
    stack, *_ = read(write(_model(TAKEN, ends), tmp_path))
    assert (stack.spec.layers, stack.path) == (2, "g0+g1")


def test_layers_between_which_numbers_change_place_are_no_stack(tmp_path):
    turned = helper.make_node("Transpose", ["Y0"], ["turned"], perm=[0, 2, 3, 1])
    found = read(write(_model([turned, FIXED[1]], {"shape": np.array([7, 2, 8])}), tmp_path))
    assert [each.path for each in found] == ["g0", "g1"]


def test_a_layer_whose_first_state_has_another_width_is_refused(tmp_path):
    parts = drawn("LSTM") | {"initial_h": np.zeros((1, 2, 4), "f4"), "initial_c": np.zeros((1, 2, 6), "f4")}
    places = ("X", "W", "R", "B", "", "initial_h", "initial_c")
    node = helper.make_node("LSTM", list(places), ["Y"], name="cell", hidden_size=4)
    with pytest.raises(ModelError, match=r"a first state of shape \(1, 2, 6\)"):
        read(write(model_of([node], parts), tmp_path))
