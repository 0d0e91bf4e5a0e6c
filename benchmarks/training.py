"""What it costs to watch a net learn: lstmviz's trainer against a plain PyTorch loop for the same net, data and batch.

    python benchmarks/training.py [--rounds 15] [--updates 30] [--threads 1]

The trainer writes metrics, checkpoints and probe traces, and reports ten times a second what the window draws. The
plain loop has the same mini-batches ready in a list, torch's default Adam, and reads the loss, and nothing else; only
the fresh sequences of a generator it makes as the trainer does. Both go in turns, so that whatever else the machine
does falls on both alike; both start from the same weights, so their last losses are alike, but for dropout
and for what rounding makes of different Adams.
The bar is 1.10.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import torch
from torch import nn

import lstmviz
from lstmviz.engine.batches import Batches
from lstmviz.engine.distributed import Peers
from lstmviz.engine.trainer import Trainer
from lstmviz.nets.batch import NOTHING, Batch
from lstmviz.nets.build import build_net
from lstmviz.nets.net import Net
from lstmviz.runs.config import RunConfig

BAR = 1.10
EPOCH = 50
"""Updates in an epoch, at whose end the trainer validates, too."""
REPORTS = 0.1
"""Seconds between two reports to the window."""
CASES = {
    "symbols, LSTM 32, batch 32, T 100": RunConfig(data="text-en", hidden=32, batch=32, steps=100),
    "symbols, LSTM 128, batch 32, T 50": RunConfig(data="text-en", hidden=128, batch=32, steps=50),
    "values, LSTM 32, batch 32, T 50": RunConfig(data="sunspots", hidden=32, batch=32, steps=50),
    "symbols, two layers of 64, dropout": RunConfig(data="text-en", hidden=64, layers=2, dropout=0.2, steps=50),
    "fresh sequences of a generator": RunConfig(data="embedded-reber", hidden=32, batch=32),
}


@dataclass(eq=False)
class PlainLoop:
    """The loop that anybody would write."""

    net: Net
    batch: Callable[[int], Batch]
    clipping: float
    place: int = 0

    def __post_init__(self) -> None:
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=0.01)
        self.loss = nn.CrossEntropyLoss(ignore_index=NOTHING)
        self.classes = self.batch(0).wanted.dtype == torch.int64
        self.net.train()

    def update(self) -> float:
        """One update; its loss."""
        batch = self.batch(self.place)
        self.place += 1
        h, _ = self.net.recurrent(batch.x)
        said = self.net.readout(self.net.dropout(h))
        if self.classes:
            loss = self.loss(said.flatten(0, 1), batch.wanted.flatten())
        else:
            loss = nn.functional.mse_loss(said, batch.wanted)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), self.clipping)
        self.optimiser.step()
        return loss.item()


@dataclass(eq=False)
class Watched:
    """The trainer as the engine's server drives it: a report is made ten times a second."""

    trainer: Trainer
    reported: float = 0.0
    sent: int = 0

    def update(self) -> float:
        """Everything up to the next update."""
        trainer = self.trainer
        target = trainer.update + 1
        while trainer.update < target or trainer.metrics.rows < target:
            trainer.advance()
            now = time.perf_counter()
            if now - self.reported > REPORTS:
                self.report(now)
        return trainer.last.loss

    def report(self, now: float) -> None:
        """What the window is told."""
        trainer, self.reported = self.trainer, now
        arrays = trainer.metrics.since(self.sent)
        self.sent = trainer.metrics.rows
        facts = [trainer.last.loss, trainer.last.norm, trainer.speed, trainer.seconds_left, trainer.learning_rate]
        msgspec.msgpack.encode([facts, [array.tobytes() for array in arrays.values()]])


def measure(name: str, config: RunConfig, rounds: int, updates: int, folder: Path) -> bool:
    """One line of the table; whether the bar is met."""
    config = msgspec.structs.replace(config, examples=config.batch * EPOCH, epochs=10**6 // config.batch)
    trainer = Trainer(folder, config)
    net = build_net(trainer.spec, config.seed, config.initialisation, config.forget_bias)
    net.set_dropout(config.dropout)
    watched = Watched(trainer)
    if trainer.data.size is None:
        fresh = Batches(trainer.data, net, config, torch.device("cpu"), Peers())
        plain = PlainLoop(net, lambda n: fresh.at(*divmod(n, EPOCH)), config.clipping)
    else:
        ready = [trainer.batches.at(*divmod(n, EPOCH)) for n in range(updates * (rounds + 1))]
        plain = PlainLoop(net, ready.__getitem__, config.clipping)
    seconds: dict[str, list[float]] = {"plain": [], "watched": []}
    ends: dict[str, float] = {}
    for turn in range(rounds + 1):
        for which, loop in (("plain", plain), ("watched", watched)):
            began = time.perf_counter()
            for _ in range(updates):
                ends[which] = loop.update()
            if turn:
                seconds[which].append((time.perf_counter() - began) / updates)
    trainer.close()
    best = {which: min(times) for which, times in seconds.items()}
    # of turns that follow one another, so that what the machine does for a minute falls on both
    ratio = median(ours / theirs for ours, theirs in zip(seconds["watched"], seconds["plain"], strict=True))
    probes = len(list((folder / "probes").iterdir()))
    print(
        f"{name:36} │ {1e3 * best['plain']:7.2f} {1e3 * best['watched']:7.2f} │ "
        f"{best['watched'] / best['plain']:5.2f} {ratio:6.2f} │ {probes:6} │ "
        f"{ends['plain']:7.4f} {ends['watched']:7.4f} │ {'met' if ratio <= BAR else 'MISSED'}",
        flush=True,
    )
    return ratio <= BAR


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="turns of each loop")
    parser.add_argument("--updates", type=int, default=30, help="updates in a turn")
    parser.add_argument("--threads", type=int, default=1, help="torch's threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"lstmviz {lstmviz.__version__}, torch {torch.__version__}, Python {platform.python_version()}")
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {options.threads} thread(s)")
    print(f"{os.getloadavg()[0]:.1f} processes busy before the start; milliseconds an update\n")
    print(f"{'':36} │ {'plain':>7} {'watched':>7} │ {'best':>5} {'median':>6} │ {'probes':>6} │ {'last losses':^15} │")
    with tempfile.TemporaryDirectory() as folder:
        for n, (name, config) in enumerate(CASES.items()):
            case = msgspec.structs.replace(config, threads=options.threads)
            measure(name, case, options.rounds, options.updates, Path(folder) / str(n))


if __name__ == "__main__":
    main()
