"""The table of tasks: what a net is trained on when a generator makes its sequences, and in which topology."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lstmviz.sequences.generators.registry import GENERATORS
from lstmviz.sequences.generators.truth import Generated, Truth
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import Topology

Params = Mapping[str, object]

_LEGIBLE = 60
_TRIED = 100
"""A probe is the longest of so many sequences that has no more than so many steps."""

_LOTS = 20
_NEAR = 0.002
"""The judges are the first lot whose own optimum is that near, or else the nearest of so many lots."""


@dataclass(frozen=True)
class Task:
    """A generator as something to train on: id of GENERATORS, topology, and the parameters of one training sequence.

    one: parameters that make a single example of what the generator else shows as a long stream.
    """

    id: str
    topology: Topology
    one: Params = field(default_factory=dict)

    def maker(self, params: Params) -> Callable[[int], Sequence]:
        """seed → one training sequence; raises SequenceError for a parameter that the generator does not have."""
        given = self._checked(params)
        function = GENERATORS[self.id].function
        return lambda seed: function(seed=seed, **given).sequence

    def judges(self, params: Params, count: int) -> tuple[Sequence, ...]:
        """So many sequences that judge a net, always the same.

        Of several lots that one is taken for which a perfect model pays what it pays on average, so that its loss on
        them is the optimum, and not a little more or less by chance.
        """
        given, function = self._checked(params), GENERATORS[self.id].function
        optimum = self.truth(params).optimal_loss
        best: tuple[Sequence, ...] = ()
        nearest = math.inf
        for lot in range(_LOTS):
            drawn: list[Generated] = [function(seed=lot * count + n, **given) for n in range(count)]
            bills = [one.bill for one in drawn]
            away = abs(sum(bill for bill, _ in bills) / sum(answers for _, answers in bills) - optimum)
            if away < nearest:
                best, nearest = tuple(one.sequence for one in drawn), away
            if nearest <= _NEAR * optimum:
                break
        return best

    def truth(self, params: Params) -> Truth:
        """What a perfect model scores."""
        return GENERATORS[self.id].make(self._checked(params)).truth

    def _checked(self, params: Params) -> dict[str, object]:
        """The parameters without the seed, which belongs to the draw."""
        given = {**self.one, **{name: value for name, value in params.items() if name != "seed"}}
        GENERATORS[self.id].make(given)
        return given


def telling(make: Callable[[int], Sequence], first: int) -> Sequence:
    """The longest legible of some sequences from a seed on: what is worth watching while a net learns."""
    tried = [make(seed) for seed in range(first, first + _TRIED)]
    return max(tried, key=lambda one: len(one) if len(one) <= _LEGIBLE else -len(one))


TASKS: dict[str, Task] = {
    task.id: task
    for task in (
        Task("plain-reber", "seq2seq", {"strings": 1}),
        Task("embedded-reber", "seq2seq", {"strings": 1}),
        Task("continual-reber", "seq2seq"),
        Task("adding", "seq2vec"),
        Task("temporal-order", "seq2vec"),
        Task("anbn", "seq2seq", {"strings": 1}),
        Task("brackets", "seq2seq", {"steps": 100}),
        Task("flip-flop", "seq2seq", {"steps": 100}),
        Task("prices", "seq2seq", {"steps": 50}),
        Task("reviews", "seq2vec"),
        Task("digit-names", "vec2seq"),
        Task("dates", "enc2dec"),
    )
}
"""Every task by the id of its generator."""
