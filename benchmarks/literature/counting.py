"""aⁿbⁿ, trained with n up to 10: Gers and Schmidhuber 2001; and the net of samples/nets that counts exactly."""

from __future__ import annotations

from collections.abc import Sequence

import torch

import lstmviz
from literature.row import Outcome, Row, config_of, train
from lstmviz import paths
from lstmviz.nets.net import Net
from lstmviz.sequences.generators.counting import VOCABULARY, anbn_string

TRAINED, EXACT = 10, 1_000


def is_right(net: Net, n: int) -> bool:
    """Whether the likeliest symbol is legal at every step of S aⁿ bⁿ T.

    After S an a; after an a another or the first b; after a b another until there are n; then T.
    """
    sequence = anbn_string(n)
    with torch.no_grad():
        said = net(torch.from_numpy(net.encode(sequence))[None])[0].argmax(-1).tolist()
    words = "".join(VOCABULARY[place] for place in said)
    after_a, after_b = words[1 : n + 1], words[n + 1 : 2 * n + 1]
    return words[0] == "a" and set(after_a) <= {"a", "b"} and after_b == "b" * (n - 1) + "T"


def reach(net: Net, most: int = EXACT) -> int:
    """The largest N such that every n from 1 to N is right; ``most`` where there is none that is not."""
    return next((n - 1 for n in range(1, most + 1) if not is_right(net, n)), most)


def measure(seed: int) -> Outcome:
    """Train on n up to 10 and count on."""
    trainer = train(config_of("anbn", seed))
    found = reach(trainer.net)
    return Outcome(seed, found >= TRAINED, f"right for every n up to {found}", found)


def verdict(outcomes: Sequence[Outcome]) -> tuple[bool, str]:
    numbers = [round(outcome.number) for outcome in outcomes]
    exact = lstmviz.load_model(paths.samples() / "nets" / "anbn-exact.safetensors")
    found = reach(exact)
    return (
        all(outcome.passed for outcome in outcomes) and found == EXACT,
        f"largest n of each seed {numbers}; the net written by hand: every n up to {found:,}",
    )


ROW = Row(
    id="anbn",
    task="aⁿbⁿ, n ≤ 10 trained",
    bar="every seed right for all n that were trained, and how far beyond; the hand-written net for every n to 1,000",
    published="trained with n ≤ 10, right up to n = 1,000 at best (with peepholes)",
    source="Gers and Schmidhuber 2001",
    measure=measure,
    verdict=verdict,
)
