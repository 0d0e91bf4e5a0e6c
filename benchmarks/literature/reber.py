"""Embedded Reber: Hochreiter and Schmidhuber 1997, experiment 1."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch

from literature.row import Outcome, Row, all_pass_after, config_of, examples_read, mean_number, train
from lstmviz.engine.trainer import Trainer
from lstmviz.nets.batch import encode_example, loss_sum, make_batch
from lstmviz.nets.net import Net
from lstmviz.sequences.generators.reber import embedded_reber_strings, legal_next, string_sequence

OPTIMUM = 0.4411
MOST_SEQUENCES = 8440
FRESH = 5_000
"""Strings of the test, of a seed that no run trains on."""


@cache
def _strings() -> tuple[str, ...]:
    source = embedded_reber_strings(987_654_321)
    return tuple(next(source) for _ in range(FRESH))


@cache
def _legal() -> dict[str, frozenset[str]]:
    """What may follow each prefix of the test's strings."""
    prefixes = {string[: t + 1] for string in _strings() for t in range(len(string) - 1)}
    return {prefix: legal_next(prefix) for prefix in prefixes}


def judge(net: Net, count: int = FRESH) -> tuple[int, int, float]:
    """Steps where another symbol than the legal ones is among the likeliest, those of the outer letter, and the loss.

    At a step with two legal symbols both must be ahead of all others, at a step with one that one: the criterion of
    1997, on ``count`` fresh strings.
    """
    strings = _strings()[:count]
    batch = make_batch([encode_example(net, string_sequence(string)) for string in strings])
    with torch.no_grad():
        said, _ = net.read(batch)
        total, asked = loss_sum(net, said, batch.wanted)
    names = net.output_names
    ranked = said.argsort(-1, descending=True).numpy()
    wrong = outer = 0
    for string, ranks in zip(strings, ranked, strict=True):
        for t in range(len(string) - 1):
            legal = _legal()[string[: t + 1]]
            if {names[place] for place in ranks[t, : len(legal)]} != legal:
                wrong += 1
                outer += t == len(string) - 3
    return wrong, outer, float(total / asked)


def measure(seed: int) -> Outcome:
    """Train for 8,000 sequences and judge."""
    first: list[int] = []

    def until(trainer: Trainer) -> bool:
        if not first:
            wrong, _, loss = judge(trainer.net, 1_000)
            if not wrong and abs(loss - OPTIMUM) < 0.03:
                first.append(examples_read(trainer))
        return False

    trainer = train(config_of("embedded-reber", seed), until)
    wrong, outer, loss = judge(trainer.net)
    needed = examples_read(trainer)
    said = f"{wrong} illegal, {outer} of them the outer letter, in {FRESH} strings; loss {loss:.4f}; {needed} sequences"
    if first:
        said += f", the first time right after {first[0]}"
    return Outcome(seed, wrong == 0 and abs(loss - OPTIMUM) < 0.01, said, needed)


def verdict(outcomes: Sequence[Outcome]) -> tuple[bool, str]:
    """Every seed, and not more sequences on average than were published."""
    passed, said = all_pass_after(outcomes)
    return passed and mean_number(outcomes) <= MOST_SEQUENCES, said


ROW = Row(
    id="reber",
    task="embedded Reber",
    bar="every seed: every predicted symbol legal, the outer letter right, loss within 0.01 nat of 0.4411; on average "
    "at most 8,440 sequences",
    published="8,440 sequences, the fastest LSTM there; loss 7 ln 2 / 11 = 0.4411 is the exact optimum",
    source="Hochreiter and Schmidhuber 1997, experiment 1",
    measure=measure,
    seeds=10,
    verdict=verdict,
)
