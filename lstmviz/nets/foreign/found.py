"""What a reader of a foreign format found: recurrent layers, in our own words and order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstmviz.nets.spec import NetSpec

Array = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Found:
    """One recurrent stack of a model file.

    path: its name in the model. origin: what the file calls it, ``nn.LSTM`` or ``ONNX LSTM``. spec: a net of these
    layers alone, without a read-out. tensors: its weights as `nets.spec.expected_shapes` names and shapes them, rows in
    torch's order i f g o (r z n of a GRU), float32 or float64. notes: marked sentences, what the file leaves open and
    was assumed. parts: the layers of a stack that its file keeps apart, each as a net of its own. aside: whether it is
    what the model embeds its input with, and not meant where none is named and another is there.
    """

    path: str
    origin: str
    spec: NetSpec
    tensors: Mapping[str, Array]
    notes: tuple[str, ...] = ()
    parts: tuple[Found, ...] = ()
    aside: bool = False


@dataclass(frozen=True, eq=False)
class Part:
    """One array of a file, its shape and type (``float32``, "" where nobody said) known before its numbers are read."""

    shape: tuple[int, ...]
    read: Callable[[], Array]
    dtype: str = ""
