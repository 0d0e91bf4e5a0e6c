"""Temporal order with two relevant symbols, T 100–110: Hochreiter and Schmidhuber 1997, experiment 6a."""

from __future__ import annotations

import numpy as np

from literature.answers import answers
from literature.row import Outcome, Row, all_pass_after, config_of, examples_read, train
from lstmviz.engine.trainer import Trainer
from lstmviz.nets.net import Net

LENGTH = 100
RIGHT, FRESH = 0.3, 2_560
"""The test set of 1997 had 2,560 sequences."""


def largest_error(net: Net, count: int = FRESH) -> tuple[int, float]:
    """How many of some fresh sequences have an output 0.3 or more off its target 0 or 1; and the largest error."""
    net.eval()
    said, wanted = answers(net, "temporal-order", LENGTH, 0, count)
    net.train()
    errors = np.abs(said - np.eye(said.shape[1])[wanted.astype(int)]).max(axis=1)
    return int((errors >= RIGHT).sum()), float(errors.max())


def measure(seed: int) -> Outcome:
    """Train until every output is within 0.3 on all test sequences."""

    def until(trainer: Trainer) -> bool:
        return bool(trainer.metrics.validation[-1] < 0.05) and largest_error(trainer.net)[0] == 0

    trainer = train(config_of("temporal-order", seed), until)
    wrong, worst = largest_error(trainer.net)
    needed = examples_read(trainer)
    return Outcome(
        seed, wrong == 0, f"{wrong} of {FRESH} wrong, worst output {worst:.3f} off; {needed:,} sequences", needed
    )


ROW = Row(
    id="order",
    task="temporal order, T 100–110",
    bar="every seed: all four outputs within 0.3 of their targets on 2,560 fresh sequences",
    published="31,390 sequences",
    source="Hochreiter and Schmidhuber 1997, experiment 6a",
    measure=measure,
    verdict=all_pass_after,
)
