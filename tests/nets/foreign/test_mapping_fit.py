"""What is said of shapes alone is what reading the numbers finds; a mapping to begin with is found by shapes."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Part
from lstmviz.nets.foreign.gate_order import TORCH_ORDER
from lstmviz.nets.foreign.mapping import apply
from lstmviz.nets.foreign.mapping_fit import fit
from lstmviz.nets.foreign.mapping_form import LayerArrays, ModelMapping, StackMapping, decode, encode
from lstmviz.nets.foreign.mapping_guess import alike, guess

POOL = {
    "W": (3, 16), "WT": (16, 3), "U": (4, 16), "UT": (16, 4), "UP": (2, 16), "P": (4, 2), "b": (16,), "b8": (32,),
    "b2": (2, 16), "G": (4, 12), "GT": (12, 4), "g": (12,), "p": (3, 4), "p1": (12,), "R": (4, 4), "RT": (4, 4),
    "r": (4,), "W2": (4, 16), "w0": (), "cube": (2, 2, 2), "e1": (3, 4), "e2": (3, 4), "e3": (3, 4), "e4": (3, 4),
    "k1": (4, 4), "k2": (4, 4), "k3": (4, 4), "k4": (4, 4), "none": (0, 16),
}  # fmt: skip
NAMES = st.sampled_from([*POOL, "", "missing"])
EACH = st.one_of(
    NAMES,
    st.sampled_from([("e1", "e2", "e3", "e4"), ("k1", "k2", "k3", "k4"), ("e1", "e1", "e3", "e4"), ("e1", "k2")]),
)
LAYERS = st.builds(
    LayerArrays, EACH, EACH, NAMES, NAMES, st.sampled_from(["", "", "P"]), st.sampled_from(["", "p", "p1"])
)
STACKS = st.builds(
    StackMapping,
    cell=st.sampled_from(["lstm", "gru", "rnn"]),
    order=st.sampled_from(["ifgo", "ifco", "zrh", "h", ""]),
    transposed=st.booleans(),
    bias=st.sampled_from(["none", "one", "two", "halves"]),
    layers=st.lists(LAYERS, min_size=1, max_size=2).map(tuple),
)
GOOD = (
    (True, "one", LayerArrays("W", "U", "b")),
    (True, "halves", LayerArrays("W", "U", "b8")),
    (False, "one", LayerArrays("WT", "UT", "b2")),
    (False, "halves", LayerArrays("WT", "UT", "b2")),
    (True, "two", LayerArrays("W", "U", "b", "b", peephole="p")),
    (True, "none", LayerArrays("W", "UP", w_hr="P")),
    (True, "none", LayerArrays(("e1", "e2", "e3", "e4"), ("k1", "k2", "k3", "k4"), peephole="p1")),
)


def shapes_only():
    return {name: Part(shape, lambda shape=shape: np.zeros(shape, np.float32)) for name, shape in POOL.items()}


def can_be_read(stack):
    try:
        apply(ModelMapping((stack,)), shapes_only(), "a file")
    except ModelError:
        return False
    return True


@pytest.mark.parametrize("place", range(len(GOOD)))
def test_what_fits_can_be_read_and_what_does_not_cannot(place):
    transposed, bias, layer = GOOD[place]
    for turned, kind, above in itertools.product((False, True), ("none", "one", "two", "halves"), (False, True)):
        layers = (layer, LayerArrays("W2", "U", layer.b, layer.b_hh)) if above else (layer,)
        stack = StackMapping(order="ifgo", transposed=turned, bias=kind, layers=layers)
        found = fit(stack, POOL)
        assert found.ready == can_be_read(stack), (stack, found)
    assert fit(StackMapping(order="ifgo", transposed=transposed, bias=bias, layers=(layer,)), POOL).ready == (
        place != 2
    )


@settings(max_examples=30, deadline=None)
@given(STACKS)
def test_whatever_is_chosen_what_is_said_is_what_reading_finds(stack):
    assert not fit(stack, POOL).ready or can_be_read(stack)


def test_the_line_says_the_sizes_as_they_lie_and_what_was_expected():
    stack = StackMapping(order="ifgo", transposed=True, layers=(LayerArrays("W", "G", ""),))
    lines = fit(stack, POOL).lines
    assert lines["forward", 0, "w_ih"].text == "fits: F × 4·H = 3 × 16" or not lines["forward", 0, "w_ih"].fits
    good = fit(StackMapping(order="ifgo", layers=(LayerArrays("WT", "UT", "g"),)), POOL)
    said = {role: line.text for (_, _, role), line in good.lines.items()}
    assert said["w_ih"] == "fits: 4·H × F = 16 × 3"
    assert said["w_hh"] == "fits: 4·H × H = 16 × 4"
    assert said["b"] == "does not fit: 12; expected 4·H = 16"
    assert (good.inputs, good.hidden, good.ready) == (3, 4, False)


def test_without_an_order_of_the_gates_nothing_is_ready():
    stack = StackMapping(layers=(LayerArrays("WT", "UT", "b"),))
    assert all(line.fits for line in fit(stack, POOL).lines.values())
    assert not fit(stack, POOL).ready


KERAS = {"lstm/kernel": (3, 16), "lstm/rec": (4, 16), "lstm/bias": (16,), "dense/kernel": (4, 1), "dense/bias": (1,)}
TORCH = {"a.weight": (32, 5), "b.weight": (32, 8), "b_i": (32,), "b_h": (32,), "head": (1, 8)}
STACKED = {f"cell_{n}/{what}": (w if n else f, *r) for n in range(3) for what, f, w, r in (
    ("k", 5, 8, (32,)), ("u", 8, 8, (32,)))} | {f"cell_{n}/b": (32,) for n in range(3)}  # fmt: skip
SIDES = {f"{side}/{what}": shape for side in ("fw", "bw") for what, shape in (
    ("W", (5, 32)), ("U", (8, 32)), ("b", (32,)))}  # fmt: skip
EQUAL = {"w_h": (32, 8), "w_x": (32, 8), "bias": (64,)}
EACH_GATE = {f"{kind}_{gate}": shape for gate in "ifco" for kind, shape in (("W", (3, 4)), ("U", (4, 4)), ("b", (4,)))}


@pytest.mark.parametrize(
    ("shapes", "cell", "turned", "bias", "layers", "both"),
    [
        (KERAS, "lstm", True, "one", 1, False),
        (TORCH, "lstm", False, "two", 1, False),
        (STACKED, "lstm", True, "one", 3, False),
        (SIDES, "lstm", True, "one", 1, True),
        (EQUAL, "lstm", False, "halves", 1, False),
        ({"x": (4, 3), "h": (4, 4)}, "rnn", False, "none", 1, False),
        ({"k": (5, 24), "r": (8, 24), "b": (2, 24)}, "gru", True, "halves", 1, False),
    ],
)
def test_shapes_tell_cell_side_bias_layers_and_directions_but_never_the_order(shapes, cell, turned, bias, layers, both):
    found = guess(shapes)
    assert (found.cell, found.transposed, found.bias) == (cell, turned, bias)
    assert (len(found.layers), bool(found.reverse)) == (layers, both)
    assert all(line.fits for line in fit(found, shapes).lines.values())
    assert found.order == ("h" if cell == "rnn" else "")


def test_where_shapes_are_alike_names_tell_which_weighs_h():
    assert (guess(EQUAL).layers[0].w_ih, guess(EQUAL).layers[0].w_hh) == ("w_x", "w_h")


def test_gates_in_arrays_of_their_own_letters_need_no_choice():
    found = guess(EACH_GATE)
    assert found.layers[0].w_ih == ("W_i", "W_f", "W_c", "W_o")
    assert found.layers[0].w_hh == ("U_i", "U_f", "U_c", "U_o")
    assert (found.order, found.transposed) == (TORCH_ORDER["lstm"], True)
    assert fit(found, EACH_GATE).ready


def test_a_file_without_such_arrays_gets_an_empty_mapping():
    assert guess({"a": (3,)}) == StackMapping(layers=(LayerArrays("", ""),))
    assert guess({}, "gru").cell == "gru"


def test_a_layer_more_is_taken_by_pattern_and_a_layer_less_is_dropped():
    one = alike(guess(STACKED), STACKED, 1, 1)
    assert len(one.layers) == 1
    assert alike(one, STACKED, 3, 1) == guess(STACKED)
    lost = alike(one, STACKED, 4, 1).layers[3]
    assert lost.w_ih == "", "what is not there is left to the user"


def test_a_mapping_is_written_as_short_as_a_person_would_and_read_back():
    stack = msgspec.structs.replace(guess(KERAS), order="ifgo")
    text = encode(ModelMapping((stack,), layout="abc"))
    assert decode(text) == ModelMapping((stack,), layout="abc")
    assert "gate_activation" not in text
    assert "w_hr" not in text
