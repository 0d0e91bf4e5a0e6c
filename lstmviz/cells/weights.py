"""The weights of one cell, in the design's own order of gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
GATES = ("i", "f", "o", "g")
"""Order of the four blocks of columns: input, forget and output gate, then the candidate."""
Activation = Literal["tanh", "relu"]
"""φ of a recurrent layer."""


@dataclass(frozen=True, eq=False)
class LstmWeights:
    """Weights of one LSTM layer in one direction.

    wx: (F, 4H), wh: (R, 4H), b: (4H,), blocks of columns in the order i f o g; R is H, or P with a projection.
    whr: (H, P), the recurrent projection of Sak et al. 2014, h(t) = (o ⊗ tanh c)·whr; None for none.
    """

    wx: Array
    wh: Array
    b: Array
    whr: Array | None = None

    @property
    def units(self) -> int:
        """H, the number of units."""
        return int(self.b.shape[0]) // 4

    @property
    def inputs(self) -> int:
        """F, the width of x(t)."""
        return int(self.wx.shape[0])

    @property
    def outputs(self) -> int:
        """The width of h(t): P with a projection, else H."""
        return int(self.wh.shape[0])

    def block(self, gate: str) -> slice:
        """The columns of ``gate``; raises ValueError where it is not one of i f o g."""
        if gate not in GATES:
            raise ValueError(f"unknown gate {gate!r}; expected one of {' '.join(GATES)}")
        start = GATES.index(gate) * self.units
        return slice(start, start + self.units)


@dataclass(frozen=True, eq=False)
class RnnWeights:
    """Weights of one recurrent layer in one direction: wx (F, H), wh (H, H), b (H,), φ ``tanh`` or ``relu``."""

    wx: Array
    wh: Array
    b: Array
    activation: Activation = "tanh"

    @property
    def units(self) -> int:
        """H, the number of units."""
        return int(self.b.shape[0])

    @property
    def inputs(self) -> int:
        """F, the width of x(t)."""
        return int(self.wx.shape[0])

    @property
    def outputs(self) -> int:
        """The width of y(t), H."""
        return self.units


Weights = LstmWeights | RnnWeights
