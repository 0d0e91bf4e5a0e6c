"""How long a net remembers before any training, for forget biases of 0, 1, 2 and 5."""

from __future__ import annotations

import math

import numpy as np

from literature.row import Outcome, Row
from lstmviz.engine.recorder import record
from lstmviz.nets.build import build_net
from lstmviz.nets.spec import NetSpec, OneHotInput
from lstmviz.sequences.generators.reber import VOCABULARY, continual_reber

BIASES = (0, 1, 2, 5)
UNITS, STEPS = 128, 1_000


def measured(bias: float, seed: int) -> float:
    """Steps after which what stood in c is 1/e of what it was, in a fresh net that reads a stream of symbols.

    c(t) hands on f(t) ⊗ c(t−1), so over the steps s it hands on the product of f(s): the number of steps is −1 over
    the mean of ln f(s), over all units and steps of a recording. Nothing is held fixed: the gates move with what they
    read, and with h.
    """
    spec = NetSpec(name="fresh", input=OneHotInput(VOCABULARY), hidden=UNITS)
    net = build_net(spec, seed, forget_bias=bias)
    trace = record(net, continual_reber(seed, steps=STEPS).sequence)
    return float(-1 / np.log(trace.signal("f").astype(np.float64)).mean())


def expected(bias: float) -> float:
    """−1 / ln σ(b)."""
    return 1 / math.log1p(math.exp(-bias))


def measure(seed: int) -> Outcome:
    """All four biases."""
    pairs = [(measured(bias, seed), expected(bias)) for bias in BIASES]
    said = ", ".join(f"{found:.2f} for {wanted:.2f}" for found, wanted in pairs)
    worst = max(abs(found / wanted - 1) for found, wanted in pairs)
    return Outcome(seed, worst < 0.1, f"{said}; at worst {100 * worst:.1f} % off", worst)


ROW = Row(
    id="horizon",
    task="forget bias 0, 1, 2, 5",
    bar="the horizon of a fresh net within 10 % of −1/ln σ(b) = 1.44, 3.19, 7.88, 149 steps",
    published="a closed form, no measurement",
    source="c(t+n) = fⁿ c(t); Gers, Schmidhuber and Cummins 2000 for the bias",
    measure=measure,
)
