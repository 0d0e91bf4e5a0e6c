"""What can be run: a model by its inputs, and what one recurrent layer in it read and gave while it ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lstmviz.traces.trace import Array

Values = npt.NDArray[Any]
Shape = tuple[int | None, ...]
"""Sizes of axes; None for one that is open."""


@dataclass(frozen=True)
class Port:
    """One input of a whole model.

    shape: None where the model does not say. kind: ``f`` numbers, ``i`` whole numbers, ``b`` truth values, "" anything
    that is no tensor and no number. dtype: None where the model does not say. optional: it may be left out.
    """

    name: str
    kind: str
    dtype: np.dtype[Any] | None = None
    shape: Shape | None = None
    optional: bool = False

    def __str__(self) -> str:
        if self.shape is None:
            return self.name
        axes = " × ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name} ({axes or '1'})"


@dataclass(frozen=True, eq=False)
class Call:
    """One run of the recurrent layer: x (T, B, F), h0 (L·D, B, R), c0 (L·D, B, H) and what it gave, y (T, B, D·R).

    h0, c0: None for zeros. The steps are in the original order of time, in whatever direction the layer reads.
    """

    x: Array
    y: Array
    h0: Array | None = None
    c0: Array | None = None


@dataclass(frozen=True, eq=False)
class Ran:
    """One run of the whole model: its outputs by name in their order, and the calls of the layer."""

    outputs: Mapping[str, Values]
    calls: tuple[Call, ...]


class Runner(Protocol):
    """A model that can be run; ``dtype`` is the type of the numbers that it reads where an input does not say."""

    file: str
    inputs: tuple[Port, ...]
    dtype: np.dtype[Any]

    def begin(self) -> None:
        """Forget whatever earlier runs left in the model."""

    def run(self, feed: Mapping[str, Any]) -> Ran:
        """Run the model once on values by input; raises ModelError with its own reason where it fails."""
