"""The functions between what a cell weighs and its gates, candidate and output: σ and tanh, and what others took.

A function is told by its name, with its own numbers in brackets where it has any: ``tanh``, ``elu(0.5)``,
``hard_sigmoid(0.3, 0.5)``. Each has a slope that its value alone tells. Source: ONNX's operators RNN, GRU and LSTM,
and keras.activations, as documented.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
GateActivation = str
"""What makes a gate of z, in 0..1 for those of GATE_LIKE. Keras 1 and 2 and ONNX mean another hard_sigmoid than
Keras 3."""
StateActivation = str
"""What makes the candidate of z, and of c(t) what the output gate lets through."""
BOUNDED = ("tanh", "sigmoid", "softsign", "hard_sigmoid", "hard_sigmoid_keras3")
"""Those that stay within −1..1."""
GATE_LIKE = ("sigmoid", "hard_sigmoid", "hard_sigmoid_keras3")
"""Those that stay within 0..1, whatever their numbers are: what opens and shuts."""
SELU = (1.0507009873554805, 1.6732632423543772)
"""λ and α of Klambauer et al. (2017)."""


def sigmoid(z: Array) -> Array:
    """The logistic function 1/(1 + e⁻ᶻ), through tanh so that no z overflows; dtype kept."""
    return 0.5 * (1 + np.tanh(0.5 * z))  # type: ignore[no-any-return]


def _elu(z: Array, alpha: float) -> Array:
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


@dataclass(frozen=True)
class _Kind:
    """A function of z and its own numbers, its slope of the value and those, and what they are unless told.

    fits: which numbers it may have; for others the value would not tell the slope.
    """

    value: Callable[..., Array]
    slope: Callable[..., Array]
    own: tuple[float, ...] = ()
    fits: Callable[..., bool] = lambda *_: True


_KINDS: Mapping[str, _Kind] = {
    "sigmoid": _Kind(sigmoid, lambda y: y * (1 - y)),
    "hard_sigmoid": _Kind(
        lambda z, a, b: np.clip(a * z + b, 0, 1), lambda y, a, b: np.where((y > 0) & (y < 1), a, 0.0), (0.2, 0.5)
    ),
    "hard_sigmoid_keras3": _Kind(lambda z: np.clip(z + 3, 0, 6) / 6, lambda y: np.where((y > 0) & (y < 1), 1 / 6, 0.0)),
    "tanh": _Kind(np.tanh, lambda y: 1 - y * y),
    "relu": _Kind(lambda z: np.maximum(z, 0), lambda y: (y > 0).astype(y.dtype)),
    "softsign": _Kind(lambda z: z / (1 + np.abs(z)), lambda y: (1 - np.abs(y)) ** 2),
    "softplus": _Kind(lambda z: np.logaddexp(z, z.dtype.type(0)), lambda y: -np.expm1(-y)),
    "exponential": _Kind(np.exp, lambda y: y),
    "linear": _Kind(lambda z: z, np.ones_like),
    "affine": _Kind(lambda z, a, b: a * z + b, lambda y, a, b: np.full_like(y, a), (1.0, 0.0)),
    "scaled_tanh": _Kind(
        lambda z, a, b: a * np.tanh(b * z), lambda y, a, b: a * b * (1 - (y / a) ** 2), (1.0, 1.0), lambda a, b: a != 0
    ),
    "leaky_relu": _Kind(
        lambda z, a: np.where(z > 0, z, a * z), lambda y, a: np.where(y > 0, 1.0, a), (0.01,), lambda a: a >= 0
    ),
    "thresholded_relu": _Kind(
        lambda z, a: np.where(z > a, z, 0), lambda y, a: (y != 0).astype(y.dtype), (1.0,), lambda a: a >= 0
    ),
    "elu": _Kind(_elu, lambda y, a: np.where(y > 0, 1.0, y + a), (1.0,), lambda a: a >= 0),
    "selu": _Kind(lambda z: SELU[0] * _elu(z, SELU[1]), lambda y: np.where(y > 0, SELU[0], y + SELU[0] * SELU[1])),
}


def named(kind: str, *numbers: float) -> str:
    """The name of a function with its own numbers; without brackets where they are those it has by itself."""
    usual = _KINDS[kind].own if kind in _KINDS else ()
    if all(math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9) for one, other in zip(numbers, usual, strict=True)):
        return kind
    return f"{kind}({', '.join(map(repr, numbers))})"


def bare(name: str) -> str:
    """The name of a function without its numbers."""
    return name.partition("(")[0]


@lru_cache(maxsize=256)
def parsed(name: str) -> tuple[str, tuple[float, ...]]:
    """The kind of a function and its numbers; raises ValueError where there is no such function."""
    kind, bracket, inside = name.partition("(")
    known = _KINDS.get(kind)
    if known is None or len(name) > 80 or (bracket and not inside.endswith(")")):
        raise ValueError(f"unknown function {name[:80]!r}; expected one of {' '.join(_KINDS)}")
    numbers = tuple(float(part) for part in inside[:-1].split(",")) if bracket else known.own
    if len(numbers) != len(known.own) or not all(map(math.isfinite, numbers)) or not known.fits(*numbers):
        raise ValueError(f"the function {name!r} has other numbers than {kind} may have")
    return kind, numbers


def is_known(name: str) -> bool:
    """Whether there is a function of this name."""
    try:
        parsed(name)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Functions:
    """The functions of one layer: h = o ⊗ output(c) with i, f, o = gate(z) and g = candidate(z).

    Of a GRU gate makes r and f. clip: each z is first brought into −clip..clip, as onnxruntime reads ONNX; 0 for no
    such bound. cell_clip: c(t) is brought into −cell_clip..cell_clip, as TensorFlow Lite does; 0 for no such bound.
    Raises ValueError for a function that there is not.
    """

    gate: GateActivation = "sigmoid"
    candidate: StateActivation = "tanh"
    output: StateActivation = "tanh"
    clip: float = 0.0
    cell_clip: float = 0.0

    def __post_init__(self) -> None:
        for name in (self.gate, self.candidate, self.output):
            parsed(name)

    def of(self, gate: str) -> str:
        """The name of the function that makes ``g``, the candidate, or one of the gates."""
        return self.candidate if gate == "g" else self.gate


PLAIN = Functions()
"""Those of Hochreiter and Schmidhuber (1997) as everybody has them today."""


def activate(name: str, z: Array, clip: float = 0.0) -> Array:
    """The function's value at z, brought into −clip..clip before; dtype kept."""
    kind, numbers = parsed(name)
    value: Array = _KINDS[kind].value(np.clip(z, -clip, clip) if clip else z, *numbers)
    return value.astype(z.dtype, copy=False)


def slope(name: str, value: Array) -> Array:
    """The function's derivative where it has this value; dtype kept. What lies beyond a clip has none."""
    kind, numbers = parsed(name)
    found: Array = _KINDS[kind].slope(value, *numbers)
    return found.astype(value.dtype, copy=False)
