"""Make the sample nets in samples/nets again, each from fixed seeds, on one thread, in about five minutes in all.

    python samples/make_nets.py [NAME …] [--out FOLDER]

Of a few seeds those are kept that learnt the task as well as the best one did, and of these the one whose clearest
unit is the clearest; the note says which unit that is and what it does, with the numbers measured here.
tests/test_sample_nets.py measures them again, in its own way. The nets of the four topologies are trained by the app's
own trainer with the recipes of the app, and one net is written by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from hand_built import anbn_exact
from msgspec.structs import replace
from recipes import Recipe, recipes
from telling import Telling
from topologies import topologies, trained
from training import train

from lstmviz import paths
from lstmviz.engine.recorder import record
from lstmviz.nets.net import Net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import Look
from lstmviz.traces.trace import Trace

SWING = 0.3
"""How far a signal moves at least between its 2nd and 98th percentile, to be worth looking at."""


def clearest(traces: list[Trace], told: Telling) -> tuple[int, float]:
    """The unit whose signal has the largest correlation by size with the truth, over the steps where it is known.

    Units whose signal hardly moves do not count: nobody would see them follow anything.
    """
    truth = np.concatenate([told.truth(trace.sequence) for trace in traces])
    signal = np.concatenate([trace.signal(told.signal, told.layer) for trace in traces]).astype(np.float64)
    known = np.isfinite(truth)
    centred, wanted = signal[known] - signal[known].mean(axis=0), truth[known] - truth[known].mean()
    swing = np.diff(np.percentile(signal[known], [2, 98], axis=0), axis=0)[0]
    spread = np.sqrt((centred**2).sum(axis=0) * (wanted**2).sum())
    r = centred.T @ wanted / np.where(swing > SWING, spread, np.inf)
    unit = int(np.argmax(told.sign * r if told.sign else np.abs(r)))
    return unit, float(r[unit])


def words(unit: int, r: float, facts: dict[str, str], language: str) -> dict[str, str]:
    """What fills the gaps of a note: numbers as the language writes them, and words that go with the sign of r."""
    precise = f"{r:.3f}" if abs(r) > 0.99 else f"{r:.2f}"
    numbers = {key: text.replace("-", "−") for key, text in {"unit": str(unit), "r": precise, **facts}.items()}
    if language == "pt_BR":
        numbers = {key: text.replace(".", ",") for key, text in numbers.items()}
    rises, falls, above, below, high, low = {
        "en": ("rises", "falls", "above", "below", "high", "low"),
        "pt_BR": ("sobe", "desce", "acima", "abaixo", "alto", "baixo"),
    }[language]
    if r < 0:
        rises, above, below, high, low = falls, below, above, low, high
    return {**numbers, "rises": rises, "above": above, "below": below, "high": high, "low": low}


def make(name: str, recipe: Recipe, folder: Path) -> None:
    """Train from each seed, choose, and save the net with its note."""
    probes = recipe.probe()
    tried: list[tuple[float, int, float, Net]] = []
    for seed in range(recipe.seeds):
        net, loss = train(recipe.spec, recipe.study(seed), seed, recipe.pace)
        unit, r = clearest(record(net, probes), recipe)
        print(f"{name}: seed {seed}, loss {loss:.4f}, unit {unit}, r = {r:+.3f}", flush=True)
        tried.append((loss, unit, r, net))
    bound = 1.1 * min(loss for loss, *_ in tried) + 0.01
    _, unit, r, net = max((one for one in tried if one[0] <= bound), key=lambda one: abs(one[2]))
    save(net, name, recipe, unit, r, folder)


def make_by_trainer(name: str, told: Telling, folder: Path) -> None:
    """Train as the recipe of the app says, and save the net with its note."""
    net = trained(name)
    unit, r = clearest(record(net, told.probe()), told)
    print(f"{name}: unit {unit}, r = {r:+.3f}", flush=True)
    save(net, name, told, unit, r, folder)


def save(net: Net, name: str, told: Telling, unit: int, r: float, folder: Path) -> None:
    """Write a net with its note and the unit to look at."""
    facts = told.facts(record(net, told.probe()), unit)
    note = {language: text.format(**words(unit, r, facts, language)) for language, text in told.note.items()}
    look = Look(layer=told.layer, unit=unit, signal=told.signal)
    net.spec = replace(net.spec, name=name, note=note, look=look)
    save_net(net, folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample nets again.")
    parser.add_argument("names", nargs="*", help="which; all unless given")
    parser.add_argument("--out", type=Path, default=paths.samples() / "nets", help="folder to write to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    makers: dict[str, Callable[[Path], None]] = {
        **{name: partial(make, name, recipe) for name, recipe in recipes().items()},
        **{name: partial(make_by_trainer, name, told) for name, told in topologies().items()},
        "anbn-exact": lambda folder: save_net(anbn_exact(), folder / "anbn-exact"),
    }
    for name, maker in makers.items():
        if not arguments.names or name in arguments.names:
            maker(arguments.out)


if __name__ == "__main__":
    main()
