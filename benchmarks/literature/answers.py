"""Fresh sequences of a task with one answer at the end, and what a net answers to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from lstmviz.nets.batch import encode_example, make_batch
from lstmviz.nets.net import Net
from lstmviz.sequences.tasks import TASKS

FIRST = 500_000_000
"""Seeds from here on belong to neither the training nor the validation of any run."""


def answers(net: Net, task: str, length: int, start: int, stop: int) -> tuple[npt.NDArray[np.floating], ...]:
    """What the net says at the last step of fresh sequences, (N, O) in units or probabilities, and the targets (N,)."""
    make = TASKS[task].maker({"length": length})
    sequences = [make(FIRST + number) for number in range(start, stop)]
    batch = make_batch([encode_example(net, sequence) for sequence in sequences])
    with torch.no_grad():
        h, _ = net.recurrent(batch.x)
    last = h[torch.arange(len(sequences)), batch.lengths - 1].numpy()
    said = net.decode(last)
    assert said is not None
    wanted = np.array([sequence.targets[-1, 0] for sequence in sequences if sequence.targets is not None])
    return said, wanted
