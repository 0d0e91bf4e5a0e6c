"""The weights of one cell, in the design's own order of gates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstmviz.cells.activations import PLAIN, Functions, StateActivation

Array = npt.NDArray[np.floating]
GATES = ("i", "f", "o", "g")
"""Order of the four blocks of columns: input, forget and output gate, then the candidate."""
PEEPHOLES = ("i", "f", "o")
"""Order of the rows of peephole weights."""
Activation = StateActivation
"""φ of a recurrent layer, tanh or relu mostly."""


@dataclass(frozen=True, eq=False)
class LayerNorm:
    """Gains and bias of a layer-normalised LSTM (Ba, Kiros and Hinton 2016): x, h: (4H,) in the order i f o g.

    x and h scale the normalised x·wx and h(t−1)·wh, each over its 4H columns; c (H,) and b (H,) the normalised c(t)
    that enters h(t) = o ⊗ tanh(LN(c)). eps is added to the variance.
    """

    x: Array
    h: Array
    c: Array
    b: Array
    eps: float = 1e-5


@dataclass(frozen=True, eq=False)
class LstmWeights:
    """Weights of one LSTM layer in one direction.

    wx: (F, 4H), wh: (R, 4H), b: (4H,), blocks of columns in the order i f o g; R is H, or P with a projection.
    whr: (H, P), the recurrent projection of Sak et al. 2014, h(t) = (o ⊗ tanh c)·whr; None for none.
    peephole: (3, H), rows i f o, the weights from c(t−1), c(t−1) and c(t) to the gates (Gers et al. 2002; Graves
    2013); None for none. norm: of a layer-normalised LSTM; None for none. functions: σ, tanh and tanh, or others.
    """

    wx: Array
    wh: Array
    b: Array
    whr: Array | None = None
    peephole: Array | None = None
    norm: LayerNorm | None = None
    functions: Functions = PLAIN

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
    """Weights of one recurrent layer in one direction: wx (F, H), wh (H, H), b (H,), φ, and the bound of z before it.

    clip: z is first brought into −clip..clip; 0 for no such bound.
    """

    wx: Array
    wh: Array
    b: Array
    activation: Activation = "tanh"
    clip: float = 0.0

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


GRU_GATES = ("r", "f", "g")
"""Order of the three blocks of columns of a GRU: reset gate, the share kept, candidate."""


@dataclass(frozen=True, eq=False)
class GruWeights:
    """Weights of one GRU layer (Cho et al. 2014, as cuDNN and torch compute it) in one direction.

    wx: (F, 3H), wh: (H, 3H), bx and bh: (3H,), blocks of columns in the order r f g. f is torch's z: the share of
    h(t−1) that is kept; i = 1 − f is the share that is written, so h(t) = f ⊗ h(t−1) + i ⊗ g. functions: σ and tanh,
    or others. reset_before: r scales h(t−1) before the recurrent weights, as in the paper, Keras 1 and ONNX by itself;
    else it scales what they make of h(t−1).
    """

    wx: Array
    wh: Array
    bx: Array
    bh: Array
    functions: Functions = PLAIN
    reset_before: bool = False

    @property
    def units(self) -> int:
        """H, the number of units."""
        return int(self.wh.shape[0])

    @property
    def inputs(self) -> int:
        """F, the width of x(t)."""
        return int(self.wx.shape[0])

    @property
    def outputs(self) -> int:
        """The width of h(t), H."""
        return self.units

    def block(self, gate: str) -> slice:
        """The columns of ``gate``; raises ValueError where it is not one of r f g."""
        if gate not in GRU_GATES:
            raise ValueError(f"unknown gate {gate!r}; expected one of {' '.join(GRU_GATES)}")
        start = GRU_GATES.index(gate) * self.units
        return slice(start, start + self.units)


Weights = LstmWeights | RnnWeights | GruWeights
