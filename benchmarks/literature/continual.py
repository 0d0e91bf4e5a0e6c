"""Continual embedded Reber, with and without forget gates: Gers, Schmidhuber and Cummins 2000."""

from __future__ import annotations

import numpy as np
import torch

from literature.row import Outcome, Row, config_of, train
from lstmviz.nets.net import Net
from lstmviz.sequences.generators.reber import continual_reber

NO_GATE = 100.0
"""A forget bias that makes every forget gate exactly 1, whatever it sees."""
STEPS = 30_000
_STRETCH = 50


def outer_letters(net: Net, steps: int = STEPS) -> tuple[float, float]:
    """The share of outer letters that are foretold right in one stream, and by how much |c| grows.

    The growth is the mean |c| over the last tenth of the stream through that over the first 200 steps.
    """
    sequence = continual_reber(987_654_321, steps=steps).sequence
    assert sequence.targets is not None
    assert sequence.labels is not None
    x = torch.from_numpy(net.encode(sequence))[None]
    state, said, sizes = None, [], []
    with torch.no_grad():
        for start in range(0, steps, _STRETCH):
            h, state = net.recurrent(x[:, start : start + _STRETCH], state)
            assert net.readout is not None
            said.append(net.readout(h)[0].argmax(-1).numpy())
            sizes.append(float(state[1].abs().mean()))
    asked = np.array([label.endswith("close") for label in sequence.labels])
    right = np.concatenate(said) == sequence.targets[:, 0].astype(int)
    growth = np.mean(sizes[-len(sizes) // 10 :]) / np.mean(sizes[: 200 // _STRETCH])
    return float(right[asked].mean()), float(growth)


def measure(seed: int) -> Outcome:
    """Train the same net twice, with forget gates and without."""
    right, growth = outer_letters(train(config_of("continual-reber", seed)).net)
    without, runaway = outer_letters(train(config_of("continual-reber", seed, forget_bias=NO_GATE)).net)
    return Outcome(
        seed,
        right >= 0.98 and 0.35 <= without <= 0.65 and runaway >= 5,
        f"outer letters {100 * right:.1f} %, |c| × {growth:.1f}; without forget gate {100 * without:.1f} %, "
        f"|c| × {runaway:.0f}",
        right,
    )


ROW = Row(
    id="continual",
    task="continual Reber",
    bar="every seed: forget gates foretell at least 98 % of the outer letters of a stream of 30,000 symbols; without "
    "them near 50 %, and |c| grows at least 5 times",
    published="with forget gates solved; without them not, since the states grow without bound",
    source="Gers, Schmidhuber and Cummins 2000",
    measure=measure,
)
