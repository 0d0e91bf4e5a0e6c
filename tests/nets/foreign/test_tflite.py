"""TensorFlow Lite: every recurrent operator against what TensorFlow Lite itself computed of it."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import lstmviz
from lstmviz.errors import ModelError
from lstmviz.nets.foreign.flatbuffer import Buffer
from lstmviz.nets.foreign.tflite_file import read
from lstmviz.nets.foreign.tflite_layers import COUPLED, QUANTISED
from lstmviz.nets.reader import load_model

MADE = Path(__file__).with_name("made")
NAMES = ("plain", "clipped", "peephole", "projected", "coupled", "relu", "both", "rnn")


def said(net, x: np.ndarray) -> np.ndarray:
    """h of the last layer, directions side by side, (T, R·D)."""
    trace = lstmviz.record(net, x)
    assert trace.check.passed
    last = trace.layers[-1]
    return np.concatenate([trace.signal("h", last.index, side) for side in last.directions], axis=1)


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    with np.load(MADE / "tflite.npz") as file:
        return dict(file)


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_computes_what_tensorflow_lite_computes(reference, name):
    net = load_model(MADE / f"{name}.tflite")
    np.testing.assert_allclose(said(net, reference["x"][0]), reference[name][0], atol=2e-5)


def test_what_the_operators_have_is_told(reference):
    specs = {name: load_model(MADE / f"{name}.tflite").spec for name in NAMES}
    assert (specs["clipped"].cell_clip, specs["relu"].output_activation) == (pytest.approx(0.4), "relu")
    assert (specs["projected"].projection, specs["projected"].peepholes) == (4, True)
    assert (specs["both"].directions, specs["rnn"].cell) == (("forward", "reverse"), "rnn")
    (found,) = read(MADE / "coupled.tflite")
    assert found.notes == (COUPLED,)


def test_whole_numbers_are_what_they_stand_for(reference):
    (found,) = read(MADE / "whole.tflite")
    assert found.notes == (QUANTISED,)
    for name in ("weight_ih", "weight_hh"):
        steps = found.tensors[f"recurrent.{name}_l0"] / 0.01
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-4)
    # TensorFlow Lite quantises x and h as it goes, to 8 bits
    np.testing.assert_allclose(
        said(load_model(MADE / "whole.tflite"), reference["x"][0]), reference["whole"][0], atol=0.05
    )


def test_a_stack_that_keras_exported_is_one_model_of_two_layers():
    with np.load(MADE / "keras_lite.npz") as file:
        x, stack, both, apart = (file[name] for name in ("x", "keras_stack", "keras_both", "keras_apart"))
    net = load_model(MADE / "keras_stack.tflite")
    assert (net.spec.layers, net.spec.cell_clip) == (2, 10.0)
    np.testing.assert_allclose(said(net, x[0]), stack[0], atol=2e-5)
    found = read(MADE / "keras_both.tflite")
    assert found[0].spec.directions == ("forward", "reverse")
    assert sorted(each.spec.directions for each in found[1:]) == [("forward",), ("reverse",)]
    np.testing.assert_allclose(said(load_model(MADE / "keras_both.tflite"), x[0]), both[0], atol=2e-5)
    (place,) = (n for n, each in enumerate(found) if each.spec.directions == ("reverse",))
    reverse = load_model(MADE / "keras_both.tflite", layer=place)
    np.testing.assert_allclose(said(reverse, x[0]), both[0][:, 4:], atol=2e-5)
    one = read(MADE / "keras_apart.tflite")
    assert [each.spec.hidden for each in one] == [4, 5]
    first = said(load_model(MADE / "keras_apart.tflite", layer=0), x[0])
    np.testing.assert_allclose(said(load_model(MADE / "keras_apart.tflite", layer=1), first), apart[0], atol=2e-5)


def test_a_layer_that_was_exported_as_a_loop_is_told_the_way_that_works():
    with pytest.raises(ModelError, match=r"loop of single operators \(WHILE\).*open the Keras file"):
        load_model(MADE / "keras_gru.tflite")


@pytest.mark.parametrize("ending", [".tflite", ".bin"])
def test_the_beginning_tells_the_format_whatever_the_ending(tmp_path, ending):
    path = tmp_path / f"m{ending}"
    path.write_bytes((MADE / "plain.tflite").read_bytes())
    assert load_model(path).spec.hidden == 5


@pytest.mark.parametrize("place", [0, 4, 8, 12, 16, 20, 24, 28])
@pytest.mark.parametrize("number", [0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 1])
def test_an_offset_out_of_the_file_gives_a_sentence_or_an_answer(tmp_path, place, number):
    data = bytearray((MADE / "plain.tflite").read_bytes())
    data[place : place + 4] = struct.pack("<I", number)
    (tmp_path / "m.tflite").write_bytes(data)
    with suppress(ModelError):
        load_model(tmp_path / "m.tflite")


def test_tables_that_name_each_other_without_end_come_to_an_end(tmp_path):
    # a vector of a million tables at one place, each of which has it again
    root = struct.pack("<I4sHHHHHHH2xi", 24, b"TFL3", 14, 8, 0, 4, 4, 4, 4, 16) + struct.pack("<I", 4)
    data = root + struct.pack("<I", 1 << 20) + struct.pack("<I", 0) * (1 << 20)
    (tmp_path / "m.tflite").write_bytes(data)
    with pytest.raises(ModelError):
        load_model(tmp_path / "m.tflite")


def test_numbers_that_a_damaged_file_names_over_and_over_come_to_an_end():
    buffer = Buffer((MADE / "plain.tflite").read_bytes(), left=1000)
    operator = next(next(buffer.root().tables(2)).tables(3))
    count = len(operator.integers(1))
    assert count >= 20
    for _ in range(900 // count):
        operator.integers(1)
    buffer.left = count - 1
    with pytest.raises(ValueError, match="four million"):
        operator.integers(1)
