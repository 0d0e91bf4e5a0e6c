"""Row: one task of the literature; and how a net is trained for it, by the app's own trainer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from lstmviz.engine.events import Validated
from lstmviz.engine.trainer import Trainer
from lstmviz.runs.config import RunConfig
from lstmviz.runs.recipes import recipe

NEVER = 1_000_000_000


@dataclass(frozen=True)
class Outcome:
    """What came of one seed: whether it passed, in words, and the number that the row's bar is about."""

    seed: int
    passed: bool
    said: str
    number: float = 0.0


def all_pass(outcomes: Sequence[Outcome]) -> tuple[bool, str]:
    """Whether every seed passed, and how many did."""
    passed = sum(outcome.passed for outcome in outcomes)
    return passed == len(outcomes), f"{passed} of {len(outcomes)} seeds"


def mean_number(outcomes: Sequence[Outcome]) -> float:
    """The mean of the seeds' numbers."""
    return sum(outcome.number for outcome in outcomes) / len(outcomes)


def all_pass_after(outcomes: Sequence[Outcome]) -> tuple[bool, str]:
    """Whether every seed passed, how many did, and the mean number of sequences that they needed."""
    passed, said = all_pass(outcomes)
    return passed, f"{said}, {mean_number(outcomes):,.0f} sequences on average"


@dataclass(frozen=True)
class Row:
    """One task: what must hold, what was published and where, and what measures one seed.

    verdict: whether the row passes as a whole, and in words.
    """

    id: str
    task: str
    bar: str
    published: str
    source: str
    measure: Callable[[int], Outcome]
    seeds: int = 5
    verdict: Callable[[Sequence[Outcome]], tuple[bool, str]] = all_pass


def config_of(id: str, seed: int, **changes: object) -> RunConfig:
    """The settings of a recipe of the app for a seed, on the CPU, with nothing kept on the way."""
    kept = {"device": "cpu", "threads": 1, "probe_every": NEVER, "checkpoint_every": NEVER}
    return replace(recipe(id).configs[0], seed=seed, **{**kept, **changes})


def train(config: RunConfig, until: Callable[[Trainer], bool] = lambda trainer: False) -> Trainer:
    """The trainer after its last epoch, or after the first one after which ``until`` holds."""
    with tempfile.TemporaryDirectory(prefix="classics-") as folder:
        trainer = Trainer(Path(folder) / "run", config)
        for event in trainer.events():
            if isinstance(event, Validated) and until(trainer):
                break
        trainer.net.eval()
        return trainer


def examples_read(trainer: Trainer) -> int:
    """How many sequences were trained on so far."""
    return trainer.epoch * trainer.config.examples
