"""Makes Keras' own files beside it, and the outputs that Keras itself computes of them.

Run it twice, each in an environment of its own: pip install keras "jax[cpu]" h5py, and pip install
"tensorflow-cpu==2.15.1"; the Keras that is found says which files are made. Keras 1 no longer installs: its file is
laid out by hand, and so is one of CuDNNLSTM; Keras 2.15 reads both by its own converter and computes the outputs.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py
import numpy as np

try:
    from tensorflow import keras
except ImportError:
    import keras

HERE = Path(__file__).parent
X = np.random.default_rng(2).normal(size=(1, 7, 3)).astype("f4")
LSTM, GRU, RNN, BOTH = keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN, keras.layers.Bidirectional


def layers() -> list[object]:
    """One of each kind, all of which read the same input."""
    every = {"return_sequences": True}
    return [
        LSTM(4, name="plain", **every),
        LSTM(4, name="hard", activation="relu", recurrent_activation="hard_sigmoid", **every),
        LSTM(4, name="bare", use_bias=False, activation="elu", **every),
        LSTM(4, name="backwards", go_backwards=True, **every),
        BOTH(LSTM(4, **every), name="both"),
        GRU(4, name="after", reset_after=True, **every),
        GRU(4, name="before", reset_after=False, **every),
        RNN(4, name="simple", **every),
    ]


def model_of(made: list[object]) -> object:
    given = keras.Input((7, 3))
    model = keras.Model(given, [layer(given) for layer in made])
    rng = np.random.default_rng(1)
    model.set_weights([0.6 * rng.normal(size=each.shape).astype("f4") for each in model.get_weights()])
    return model


def outputs(model: object) -> dict[str, np.ndarray]:
    said = model.predict(X, verbose=0)
    said = said if isinstance(said, list) else [said]
    names = [layer.name for layer in model.layers if layer.name[:5] != "input"]
    return dict(zip(names, said, strict=True))


def by_hand(path: Path, weights: dict[str, np.ndarray], version: str, name: str) -> None:
    """A file of weights alone, as old Keras laid it out."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode()]
        if version:  # of what has none, Keras says that it is from before its version 2
            file.attrs["keras_version"], file.attrs["backend"] = version.encode(), b"tensorflow"
        group = file.create_group(name)
        group.attrs["weight_names"] = [each.encode() for each in weights]
        for each, array in weights.items():
            group[each] = array


def keras_1() -> np.ndarray:
    """lstm_1_W_i and so on, gates i c f o; its own default gate was hard_sigmoid."""
    rng = np.random.default_rng(5)
    shapes = {"W": (3, 4), "U": (4, 4), "b": (4,)}
    names = {f"old_{part}_{gate}": shape for gate in "icfo" for part, shape in shapes.items()}
    weights = {name: 0.6 * rng.normal(size=shape).astype("f4") for name, shape in names.items()}
    by_hand(HERE / "keras_1.h5", weights, "", "old")
    return loaded(HERE / "keras_1.h5", LSTM(4, name="old", recurrent_activation="hard_sigmoid", return_sequences=True))


def cudnn() -> np.ndarray:
    rng = np.random.default_rng(6)
    shapes = {"kernel": (3, 16), "recurrent_kernel": (4, 16), "bias": (32,)}
    weights = {f"packed/{name}:0": 0.6 * rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    by_hand(HERE / "keras_2_cudnn.h5", weights, "2.2.4", "packed")
    return loaded(HERE / "keras_2_cudnn.h5", LSTM(4, name="packed", return_sequences=True))


def loaded(path: Path, layer: object) -> np.ndarray:
    model = keras.Sequential([keras.Input((7, 3)), layer])
    model.load_weights(str(path))
    return model.predict(X, verbose=0)


def main() -> None:
    model = model_of(layers())
    found = {"x": X, **outputs(model)}
    if keras.__name__ == "keras" and hasattr(keras, "version"):
        model.save(HERE / "keras_3.keras")
        np.savez_compressed(HERE / "keras_3.npz", **found)
    else:
        model.save(str(HERE / "keras_2.h5"), include_optimizer=False)
        np.savez_compressed(HERE / "keras_2.npz", **found, keras_1=keras_1(), cudnn=cudnn())


if __name__ == "__main__":
    main()
