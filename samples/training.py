"""How a sample net is trained: batches cut from sequences as the net itself encodes them, Adam, one thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lstmviz.nets.build import build_net
from lstmviz.nets.net import Net
from lstmviz.nets.spec import NetSpec, ProbabilityOutput, ValueOutput
from lstmviz.sequences.sequence import Sequence

NOTHING = -100
"""The class of a step where nothing is asked; torch leaves it out of the loss."""


@dataclass(frozen=True)
class Pace:
    """How long and in what portions to train: ``updates`` of ``size`` windows of at most ``window`` steps.

    quiet: the price of mean |h|, added to the loss, so that a unit speaks only when it has something to say: the same
    task is then solved by fewer units, which can be read. decay: of the weights, so that c does not run away.
    """

    updates: int
    size: int
    window: int
    rate: float = 1e-2
    quiet: float = 0.0
    decay: float = 0.0


def train(spec: NetSpec, sequences: list[Sequence], seed: int, pace: Pace) -> tuple[Net, float]:
    """A net trained from one seed with Adam, a cosine schedule and clipping at norm 1; and its last 50 losses' mean."""
    net = build_net(spec, seed)
    assert net.readout is not None
    optimiser = torch.optim.Adam(net.parameters(), lr=pace.rate, weight_decay=pace.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, pace.updates)
    source = batches(net, sequences, pace, seed)
    losses = []
    for _ in range(pace.updates):
        x, wanted = next(source)
        h, _ = net.recurrent(x)
        loss = price(net.readout(h), wanted)
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        (loss + pace.quiet * h.abs().mean()).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return net, float(np.mean(losses[-50:]))


def price(said: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Cross-entropy for classes (B, T), mean squared error for values (B, T, O), over the steps that are asked."""
    if wanted.dtype == torch.int64:
        return nn.functional.cross_entropy(said.flatten(0, 1), wanted.flatten(), ignore_index=NOTHING)
    asked = torch.isfinite(wanted)
    return nn.functional.mse_loss(said[asked], wanted[asked])


def batches(net: Net, sequences: list[Sequence], pace: Pace, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Without end: windows, each from a place drawn at random in a sequence drawn at random.

    x is (B, T, F); wanted (B, T) classes or (B, T, O) values as the read-out says them, before its units. Windows
    that are shorter than the longest are filled up with zeros, where nothing is asked.
    """
    pairs = [(torch.from_numpy(net.encode(sequence)), wanted_of(net, sequence)) for sequence in sequences]
    rng = np.random.default_rng(seed)
    while True:
        chosen = [pairs[int(rng.integers(len(pairs)))] for _ in range(pace.size)]
        starts = [int(rng.integers(0, max(1, len(x) - pace.window + 1))) for x, _ in chosen]
        xs = [x[start : start + pace.window] for (x, _), start in zip(chosen, starts, strict=True)]
        wanted = [w[start : start + pace.window] for (_, w), start in zip(chosen, starts, strict=True)]
        nothing = NOTHING if wanted[0].dtype == torch.int64 else torch.nan
        yield (
            nn.utils.rnn.pad_sequence(xs, batch_first=True),
            nn.utils.rnn.pad_sequence(wanted, batch_first=True, padding_value=nothing),
        )


def wanted_of(net: Net, sequence: Sequence) -> torch.Tensor:
    """What the read-out should say of a sequence: (T,) int64 classes, or (T, O) values without their units."""
    targets, output = net.targets(sequence), net.spec.output
    assert targets is not None
    if isinstance(output, ProbabilityOutput):
        return torch.from_numpy(np.where(np.isnan(targets[:, 0]), NOTHING, targets[:, 0]).astype(np.int64))
    assert isinstance(output, ValueOutput)
    return torch.from_numpy(((targets - np.array(output.mean)) / np.array(output.scale)).astype(np.float32))
