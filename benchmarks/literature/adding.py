"""The adding problem with T = 100: Hochreiter and Schmidhuber 1997, experiment 4."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from literature.answers import answers
from literature.row import Outcome, Row, all_pass_after, config_of, examples_read, train
from lstmviz.engine.trainer import Trainer
from lstmviz.nets.net import Net

LENGTH = 100
RIGHT, IN_A_ROW = 0.04, 2_000
VARIANCE = 1 / 24
"""Of (X1 + X2)/4, X uniform in −1 … 1: what a net pays that always says the mean."""
_PROMISING = 1e-3
_PORTIONS = (0, 100, 300, 600, 1_000, 1_500, IN_A_ROW)


def in_a_row(net: Net, first: int) -> int:
    """How many fresh sequences in a row, from a number on, the net answers with less error than 0.04."""
    net.eval()
    try:
        for start, stop in pairwise(_PORTIONS):
            said, wanted = answers(net, "adding", LENGTH, first + start, first + stop)
            wrong = np.flatnonzero(np.abs(said[:, 0] - wanted) >= RIGHT)
            if len(wrong):
                return start + int(wrong[0])
        return IN_A_ROW
    finally:
        net.train()


def measure(seed: int) -> Outcome:
    """Train until 2,000 fresh sequences in a row are right, other ones after each epoch; and a tanh layer as long."""

    def until(trainer: Trainer) -> bool:
        hopeful = trainer.metrics.validation[-1] < _PROMISING
        return hopeful and in_a_row(trainer.net, IN_A_ROW * trainer.epoch) == IN_A_ROW

    config = config_of("adding", seed)
    trainer = train(config, until)
    needed, solved = examples_read(trainer), trainer.state == "training"
    epochs = trainer.epoch
    tanh = train(config_of("adding", seed, cell="rnn", forget_bias=1.0, epochs=epochs))
    error = float(tanh.metrics.validation[-1])
    short = f"in a row after {needed:,}" if solved else f"never in a row, {needed:,} read"
    return Outcome(
        seed,
        solved and abs(error - VARIANCE) < 0.2 * VARIANCE,
        f"{short} sequences; tanh layer, as many: MSE {error:.4f}",
        needed,
    )


ROW = Row(
    id="adding",
    task="adding, T = 100",
    bar="every seed: |error| < 0.04 on the scaled target for 2,000 fresh sequences in a row; a tanh layer stays near "
    "the variance 1/24 = 0.0417",
    published="74,000 sequences",
    source="Hochreiter and Schmidhuber 1997, experiment 4",
    measure=measure,
    verdict=all_pass_after,
)
