"""What a unit of the nets of the topologies follows on fresh sequences, in another way than the scripts tell it."""

from __future__ import annotations

import numpy as np
from shipped_nets import FRESH, Numbers, net_of

import lstmviz
from lstmviz.sequences.generators.reviews import EXTREME, GRADED
from lstmviz.sequences.tasks import TASKS
from lstmviz.traces.trace import Trace


def fresh_of(id: str, **params: int) -> list[Trace]:
    """What a net of one of the topologies says of sequences that were not trained on."""
    make, count = TASKS[id].maker(params), 50 if id == "prices" else len(FRESH)
    return list(lstmviz.record(net_of(id), [make(seed) for seed in FRESH[:count]]))


def last_move(trace: Trace) -> Numbers:
    prices = trace.sequence.values[:, 0].astype(np.float64)
    return np.concatenate([[np.nan], prices[1:] - prices[:-1]])


def score_read(trace: Trace) -> Numbers:
    """The score after each word, from the words themselves: the generator's own grammar, read again."""
    words = [trace.sequence.symbol(t) for t in range(len(trace))]
    size = {
        form: sign * most
        for most, table in ((0.6, GRADED), (1.0, EXTREME))
        for sign, side in zip((1, -1), table, strict=True)
        for forms in side
        for form in forms
    }
    scores: list[float] = []
    heard: list[float] = []
    joint = ""
    denied = raised = False
    for word in words:
        if word in size:
            score = size[word] * (1.5 if raised else 1) * (-1 if denied else 1)
            scores.append(score)
        joint = word if word in ("e", "mas") else joint
        denied = word == "não" or (denied and word not in size)
        raised = word == "muito"
        weight = 2 if joint == "mas" else 1
        heard.append(
            np.nan if not scores else scores[0] if len(scores) == 1 else (scores[0] + weight * scores[1]) / (1 + weight)
        )
    return np.array(heard)


def still_to_say(trace: Trace) -> Numbers:
    return np.array([len(trace) - 1 - t for t in range(len(trace))], float)


def place_in_date(trace: Trace) -> Numbers:
    return np.array([np.nan] * trace.handover + list(range(len(trace) - trace.handover)), float)
