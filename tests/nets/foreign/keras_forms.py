"""Files as each age of Keras lays them out, written with h5py and zipfile, and Keras' documented equations in numpy."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

GATES = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "hard_sigmoid": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
    "hard_sigmoid_keras3": lambda z: np.minimum(np.maximum(z + 3, 0), 6) / 6,
}
STATES = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * (np.exp(np.minimum(z, 0)) - 1)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "exponential": np.exp,
    "softsign": lambda z: z / (1 + np.abs(z)),
}
BLOCKS = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


@dataclass
class Layer:
    """A recurrent layer with random weights; both is Bidirectional, options are settings as Keras names them."""

    name: str
    kind: str = "LSTM"
    inputs: int = 3
    units: int = 4
    both: bool = False
    bias: bool = True
    options: dict[str, object] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed + len(self.name))
        columns = BLOCKS[self.kind] * self.units
        shapes = [(self.inputs, columns), (self.units, columns)]
        if self.bias:
            after = self.kind == "GRU" and self.options.get("reset_after", True)
            shapes.append((2, columns) if after else (columns,))
        self.sides = [[rng.normal(size=shape).astype("f4") for shape in shapes] for _ in range(1 + self.both)]

    @property
    def _law(self) -> str:
        before = self.kind == "GRU" and not self.options.get("reset_after", True)
        return "GRU before" if before else self.kind

    def config(self) -> dict[str, object]:
        """As Keras 2 and 3 write it."""
        own = {"name": self.name, "units": self.units, "activation": "tanh", "use_bias": self.bias}
        own |= {"return_sequences": True, "go_backwards": False}
        if self.kind != "SimpleRNN":
            own["recurrent_activation"] = "sigmoid"
        if self.kind == "GRU":
            own["reset_after"] = True
        own |= self.options
        if not self.both:
            return {"class_name": self.kind, "config": own}
        inner = {"class_name": self.kind, "config": {**own, "name": "forward_lstm"}}
        return {"class_name": "Bidirectional", "config": {"name": self.name, "merge_mode": "concat", "layer": inner}}

    def states(self, x, gate="sigmoid", state="tanh"):
        """h (T, H·D) and c (T, H·D) of x (T, F) in float64, both directions in the order of time."""
        runs = [_run(self._law, side, x, gate, state) for side in self.sides[:1]]
        if self.both:
            h, c = _run(self._law, self.sides[1], x[::-1], gate, state)
            runs.append((h[::-1], c[::-1]))
        return np.concatenate([h for h, _ in runs], axis=1), np.concatenate([c for _, c in runs], axis=1)


def _run(kind, weights, x, gate, state):
    kernel, recurrent, *rest = (each.astype("f8") for each in weights)
    bias = rest[0] if rest else np.zeros((2, kernel.shape[1]) if kind == "GRU" else kernel.shape[1])
    sigma, phi = GATES[gate], STATES[state]
    h = c = np.zeros(recurrent.shape[0])
    hs, cs = [], []
    for x_t in x.astype("f8"):
        if kind == "LSTM":
            i, f, g, o = np.split(x_t @ kernel + h @ recurrent + bias, 4)
            c = sigma(f) * c + sigma(i) * phi(g)
            h = sigma(o) * phi(c)
        elif kind == "GRU before":
            (xz, xr, xh), (hz, hr, hh) = np.split(x_t @ kernel + bias, 3), np.split(recurrent, 3, axis=1)
            z, r = sigma(xz + h @ hz), sigma(xr + h @ hr)
            h = z * h + (1 - z) * phi(xh + (r * h) @ hh)
        elif kind == "GRU":
            (xz, xr, xh), (hz, hr, hh) = np.split(x_t @ kernel + bias[0], 3), np.split(h @ recurrent + bias[1], 3)
            z = sigma(xz + hz)
            h = z * h + (1 - z) * phi(xh + sigma(xr + hr) * hh)
        else:
            h = phi(x_t @ kernel + h @ recurrent + bias)
        hs.append(h)
        cs.append(c)
    return np.array(hs), np.array(cs)


NAMES = ("kernel", "recurrent_kernel", "bias")


def keras_1(path: Path, layers: list[Layer], whole: bool = False) -> None:
    """LSTM_1_W_i and so on, gates in the order of that Keras: i c f o."""
    with h5py.File(path, "w") as file:
        weights = _top(file, layers, "1.2.2" if whole else "", "inner_activation" if whole else "")
        for layer in layers:
            group = weights.create_group(layer.name)
            for side, prefix in zip(layer.sides, ("forward_", "backward_") if layer.both else ("",), strict=True):
                for part, array in zip("WUb", side, strict=True):
                    blocks = dict(zip("ifco", np.split(array, 4, axis=-1), strict=True))
                    for gate in "icfo":
                        group[f"{prefix}{layer.name}_{part}_{gate}"] = blocks[gate]


def keras_2(path: Path, layers: list[Layer], whole: bool = False, version: str = "2.2.4") -> None:
    """layer/layer/kernel:0."""
    _named(path, layers, version, whole, "{layer}/{side}{part}:0")


def tf_keras(path: Path, layers: list[Layer], whole: bool = False) -> None:
    """layer/layer/lstm_cell_3/kernel:0."""
    _named(path, layers, "2.9.0", whole, "{layer}/{side}lstm_cell_3/{part}:0")


def keras_3_h5(path: Path, layers: list[Layer], whole: bool = False) -> None:
    """layer/sequential/layer/lstm_cell/kernel."""
    _named(path, layers, "3.5.0", whole, "sequential/{layer}/{side}lstm_cell/{part}")


def keras_3(path: Path, layers: list[Layer], whole: bool = False, named: bool = True) -> None:
    """layers/lstm/cell/vars/0, alone as .weights.h5 or in a .keras archive. named: whether names lie beside them."""
    target = path.with_suffix(".tmp") if whole else path
    with h5py.File(target, "w") as file:
        counts: dict[str, int] = {}
        for layer in layers:
            kind = (
                "bidirectional" if layer.both else {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn"}[layer.kind]
            )
            counts[kind] = counts.get(kind, -1) + 1
            group = file.create_group(f"layers/{kind}" + (f"_{counts[kind]}" if counts[kind] else ""))
            if named:
                group.create_group("vars").attrs["name"] = layer.name
            for side, below in zip(
                layer.sides, ("forward_layer/", "backward_layer/") if layer.both else ("",), strict=True
            ):
                for number, array in enumerate(side):
                    group[f"{below}cell/vars/{number}"] = array
    if whole:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
            archive.writestr("config.json", json.dumps(sequential(layers)))
            archive.write(target, "model.weights.h5")
        target.unlink()


def sequential(layers: list[Layer]) -> dict[str, object]:
    """A Sequential model of these layers, with dropout between."""
    listed: list[object] = [{"class_name": "InputLayer", "config": {"name": "input"}}]
    for place, layer in enumerate(layers):
        listed += [layer.config(), {"class_name": "Dropout", "config": {"name": f"dropout_{place}"}}]
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": listed}}


def _top(file: h5py.File, layers: list[Layer], version: str, settings: str = "") -> h5py.Group:
    """The group of the weights; with version also the attributes of a whole model."""
    described = json.dumps(sequential(layers))
    if settings:
        described = described.replace("recurrent_activation", settings).replace('"units"', '"output_dim"')
    if version:
        file.attrs["model_config"] = described
        file.attrs["keras_version"] = version
    weights = file.create_group("model_weights") if version else file
    names = [name for place, layer in enumerate(layers) for name in (layer.name, f"dropout_{place}")]
    weights.attrs["layer_names"] = [name.encode() for name in names]
    return weights


def _named(path: Path, layers: list[Layer], version: str, whole: bool, form: str) -> None:
    with h5py.File(path, "w") as file:
        weights = _top(file, layers, version if whole else "")
        if not whole:
            file.attrs["keras_version"] = version.encode()
        for layer in layers:
            group = weights.create_group(layer.name)
            for side, name in zip(
                layer.sides, ("forward_lstm/", "backward_lstm/") if layer.both else ("",), strict=True
            ):
                for part, array in zip(NAMES, side, strict=False):
                    group[form.format(layer=layer.name, side=name, part=part)] = array


def packed(weights: list[np.ndarray], blocks: int = 4) -> list[np.ndarray]:
    """Weights as CuDNNLSTM keeps them: each gate's block transposed where it lies, and two biases end to end."""
    kernel, recurrent, bias = weights
    kernels = [part.T.reshape(part.shape) for part in np.split(kernel, blocks, axis=1)]
    recurrents = [part.T for part in np.split(recurrent, blocks, axis=1)]
    half = (bias * 0.25).reshape(-1)
    return [np.concatenate(kernels, axis=1), np.concatenate(recurrents, axis=1), np.concatenate([half, bias - half])]
