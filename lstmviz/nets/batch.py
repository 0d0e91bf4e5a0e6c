"""Examples and mini-batches: what a net reads at every step, what it is asked, and the loss between the two."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from lstmviz.errors import SequenceError
from lstmviz.nets.encoding import handover_in
from lstmviz.nets.net import Net
from lstmviz.nets.spec import ProbabilityOutput, ValueOutput
from lstmviz.sequences.sequence import Floats, Sequence

NOTHING = -100
"""The class of a step where nothing is asked; torch leaves it out of the loss."""


@dataclass(frozen=True, eq=False)
class Example:
    """One sequence as a net takes it: x (T, F) float32, and what it should say.

    wanted: (T,) int64, the place of the right output or NOTHING; or (T, O) float32, (target − mean) / scale, as the
    read-out says it, NaN where nothing is asked. handover: the step where the decoder starts, of an encoder→decoder.
    """

    x: Floats
    wanted: npt.NDArray[np.generic]
    handover: int | None = None


@dataclass(frozen=True, eq=False)
class Batch:
    """B examples side by side: x (B, T, F), wanted (B, T) or (B, T, O), T the longest; after an end nothing is asked.

    lengths: (B,) and handover: (B,) or None, both int64 and always on the CPU, where they are read.
    """

    x: Tensor
    wanted: Tensor
    lengths: Tensor
    handover: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device | str) -> Batch:
        """The batch with x and wanted on a device."""
        return replace(self, x=self.x.to(device), wanted=self.wanted.to(device))


def encode_example(net: Net, sequence: Sequence) -> Example:
    """A sequence as an example for a net; raises SequenceError where it does not fit or nothing is asked in it."""
    x, targets, output = net.encode(sequence), net.targets(sequence), net.spec.output
    if targets is None or not np.isfinite(targets).any():
        raise SequenceError(
            "“{name}” asks the net “{net}” nothing; expected a target at one step at least.",
            name=sequence.name,
            net=net.spec.name,
        )
    if isinstance(output, ProbabilityOutput):
        wanted = np.where(np.isfinite(targets[:, 0]), targets[:, 0], NOTHING).astype(np.int64)
    else:
        assert isinstance(output, ValueOutput)  # without an output there are no targets
        wanted = ((targets - np.array(output.mean)) / np.array(output.scale)).astype(np.float32)
    return Example(x, wanted, handover_in(sequence, net.spec) if net.decoder is not None else None)


def make_batch(
    examples: Items[Example], device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Batch:
    """Examples filled up to the longest with zeros, where nothing is asked; x and values are of a float type."""
    lengths = [len(example.x) for example in examples]
    shape = (len(examples), max(lengths))
    first = examples[0]
    x = np.zeros((*shape, first.x.shape[1]), np.float32)
    classes = first.wanted.dtype == np.int64
    wanted = np.full((*shape, *first.wanted.shape[1:]), NOTHING if classes else np.nan, first.wanted.dtype)
    for b, (example, length) in enumerate(zip(examples, lengths, strict=True)):
        x[b, :length] = example.x
        wanted[b, :length] = example.wanted
    handovers = [example.handover for example in examples if example.handover is not None]
    return Batch(
        torch.from_numpy(x).to(device, dtype),
        torch.from_numpy(wanted).to(device) if classes else torch.from_numpy(wanted).to(device, dtype),
        torch.tensor(lengths),
        torch.tensor(handovers) if handovers else None,
    )


def loss_sum(net: Net, said: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of the losses over what is asked, and how much that is; both without a dimension, on said's device.

    Cross-entropy in nats of said (B, t, O) against classes (B, t), or squared errors against values (B, t, O), both
    before the outputs' units.
    """
    if isinstance(net.spec.output, ProbabilityOutput):
        total = functional.cross_entropy(said.flatten(0, 1), wanted.flatten(), ignore_index=NOTHING, reduction="sum")
        return total, (wanted != NOTHING).sum()
    asked = torch.isfinite(wanted)
    count = asked.sum()
    if int(count) == wanted.numel():  # as in a file's windows: one kernel instead of six
        return functional.mse_loss(said, wanted, reduction="sum"), count
    wrong = torch.where(asked, said - torch.where(asked, wanted, 0), 0)
    return wrong.square().sum(), count
