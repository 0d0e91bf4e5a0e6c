"""Small files that Keras 1, 2 and 3 and Flax wrote, against the outputs that these frameworks computed themselves.

The scripts in ``made`` made both, each in an environment of its own.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

import lstmviz
from lstmviz.nets.reader import load_model

MADE = Path(__file__).with_name("made")
LAYERS = ("plain", "hard", "bare", "backwards", "both", "after", "before", "simple")


def said(file: str | Path, layer: str, x: np.ndarray) -> np.ndarray:
    """h (T, R·D) in the order of time, directions side by side."""
    trace = lstmviz.record(load_model(MADE / file, layer=layer or None), x)
    assert trace.check.passed
    return np.concatenate([trace.signal("h", 0, side) for side in trace.layers[0].directions], axis=1)


def computed(file: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """x, and what the framework gives of it in the order of time: Keras gives what goes backwards as it was read."""
    with np.load(MADE / file) as found:
        x, y = found["x"][0], found[name][0]
    return x, y[::-1] if name == "backwards" else y


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("file", ["keras_2.h5", "keras_3.keras"])
def test_a_layer_of_keras_gives_what_keras_computed(file, name):
    x, y = computed(Path(file).stem + ".npz", name)
    np.testing.assert_allclose(said(file, name, x), y, atol=2e-5)


@pytest.mark.parametrize("name", ["plain", "both", "after", "before", "simple"])
def test_weights_of_keras_alone_give_what_keras_computed(tmp_path, name):
    x, y = computed("keras_3.npz", name)
    with zipfile.ZipFile(MADE / "keras_3.keras") as archive:
        archive.extract("model.weights.h5", tmp_path)
    np.testing.assert_allclose(said(tmp_path / "model.weights.h5", name, x), y, atol=2e-5)


@pytest.mark.parametrize(("file", "name"), [("keras_1.h5", "keras_1"), ("keras_2_cudnn.h5", "cudnn")])
def test_old_files_give_what_keras_makes_of_them(file, name):
    x, y = computed("keras_2.npz", name)
    np.testing.assert_allclose(said(file, "", x), y, atol=2e-5)


@pytest.mark.parametrize("name", ["plain", "optimised", "gated", "simple"])
def test_a_cell_of_flax_gives_what_flax_computed(name):
    x, y = computed("flax.npz", name)
    np.testing.assert_allclose(said("flax.msgpack", f"{name}/cell", x), y, atol=2e-5)
