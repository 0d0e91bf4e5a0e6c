"""The functions between what an LSTM weighs and its gates, candidate and output: σ and tanh, and what others took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
GateActivation = Literal["sigmoid", "hard_sigmoid", "hard_sigmoid_keras3"]
"""What makes a gate of z, in 0..1. Keras 1 and 2 and ONNX mean another hard_sigmoid than Keras 3."""
StateActivation = Literal["tanh", "relu", "sigmoid", "softsign", "linear"]
"""What makes the candidate of z, and of c(t) what the output gate lets through."""
BOUNDED = ("tanh", "sigmoid", "softsign")
"""Those that stay within −1..1."""


@dataclass(frozen=True)
class Functions:
    """The functions of one LSTM layer: h = o ⊗ output(c) with i, f, o = gate(z) and g = candidate(z).

    clip: each z is first brought into −clip..clip, as onnxruntime reads ONNX; 0 for no such bound. c never is.
    """

    gate: GateActivation = "sigmoid"
    candidate: StateActivation = "tanh"
    output: StateActivation = "tanh"
    clip: float = 0.0

    def of(self, gate: str) -> str:
        """The name of the function that makes ``g``, the candidate, or one of the gates."""
        return self.candidate if gate == "g" else self.gate


PLAIN = Functions()
"""Those of Hochreiter and Schmidhuber (1997) as everybody has them today."""


def sigmoid(z: Array) -> Array:
    """The logistic function 1/(1 + e⁻ᶻ), through tanh so that no z overflows; dtype kept."""
    return 0.5 * (1 + np.tanh(0.5 * z))  # type: ignore[no-any-return]


_VALUES: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
    "hard_sigmoid_keras3": lambda z: np.clip(z + 3, 0, 6) / 6,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "linear": lambda z: z,
}
_SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": lambda y: y * (1 - y),
    "hard_sigmoid": lambda y: np.where((y > 0) & (y < 1), 0.2, 0.0).astype(y.dtype),
    "hard_sigmoid_keras3": lambda y: np.where((y > 0) & (y < 1), 1 / 6, 0.0).astype(y.dtype),
    "tanh": lambda y: 1 - y * y,
    "relu": lambda y: (y > 0).astype(y.dtype),
    "softsign": lambda y: (1 - np.abs(y)) ** 2,
    "linear": np.ones_like,
}


def activate(name: str, z: Array, clip: float = 0.0) -> Array:
    """The function's value at z, brought into −clip..clip before; dtype kept."""
    return _VALUES[name](np.clip(z, -clip, clip) if clip else z)


def slope(name: str, value: Array) -> Array:
    """The function's derivative where it has this value; dtype kept. What lies beyond a clip has none."""
    return _SLOPES[name](value)
