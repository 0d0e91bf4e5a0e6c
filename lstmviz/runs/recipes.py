"""Recipes: trainings with settings that are known to work; a net for each topology and task, and ready twins.

The numbers in the notes were measured with these very settings and seed 0, on one thread of a CPU. The tasks of the
literature are measured on all seeds by benchmarks/classics.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from msgspec.structs import replace

from lstmviz.errors import RunError
from lstmviz.language import mark
from lstmviz.runs.config import RunConfig

Group = Literal["topology", "task", "twin"]
GROUP_TITLES: dict[Group, str] = {
    "topology": mark("The four topologies"),
    "task": mark("Tasks of the literature"),
    "twin": mark("Twins: two runs that differ in one setting"),
}
"""Titles of the groups, to translate with ``tr``."""


@dataclass(frozen=True)
class Recipe:
    """A ready training, or two as twins. title, note and names are English, to translate with ``tr``.

    configs: one, or the two of a pair of twins, which differ in one setting and have the same seed. names: what each
    of the twins is called; empty for one run.
    """

    id: str
    title: str
    note: str
    group: Group
    configs: tuple[RunConfig, ...]
    names: tuple[str, ...] = ()


def recipe(id: str) -> Recipe:
    """The recipe of a name; raises RunError where there is none."""
    for one in RECIPES:
        if one.id == id:
            return one
    raise RunError(
        "There is no recipe “{id}”; expected one of: {known}.", id=id, known=", ".join(one.id for one in RECIPES)
    )


def _twins(id: str, title: str, note: str, names: tuple[str, str], base: RunConfig, **other: Any) -> Recipe:
    """Twins: the second is the first with one setting changed."""
    return Recipe(id, title, note, "twin", (base, replace(base, **other)), names)


_TOPOLOGIES = (
    Recipe(
        "prices",
        mark("Prices, one day ahead: sequence → sequence"),
        mark(
            "The price of each day goes in, that of the next comes out. Nobody can do better than a mean squared error "
            "of 1.09; after 15 epochs this net is within 0.05 of it, where saying the last price again makes 5.5."
        ),
        "topology",
        (RunConfig(data="prices", params={"steps": 50, "period": 20, "noise": 1.0}, hidden=16, examples=1000,
                   epochs=15, batch=16, learning_rate=0.02, schedule="cosine"),),
    ),
    Recipe(
        "reviews",
        mark("A review's score: sequence → vector"),
        mark(
            "A short review in Portuguese goes in word by word, and its score from −1 to +1 is asked at the full stop. "
            "After 10 epochs the mean error is below 0.02 and the largest below 0.1; look at how c turns at “não”."
        ),
        "topology",
        (RunConfig(data="reviews", topology="seq2vec", hidden=24, examples=2000, epochs=10, batch=16,
                   learning_rate=0.01, schedule="cosine"),),
    ),
    Recipe(
        "digit-names",
        mark("A digit's name: vector → sequence"),
        mark(
            "The same picture of a digit goes in at every step, its name in Portuguese comes out letter by letter. "
            "After 12 epochs 99 of 100 names or more are spelt without a mistake."
        ),
        "topology",
        (RunConfig(data="digit-names", topology="vec2seq", hidden=32, examples=2000, epochs=12, batch=16,
                   learning_rate=0.01, schedule="cosine"),),
    ),
    Recipe(
        "dates",
        mark("Portuguese dates to ISO: encoder → decoder"),
        mark(
            "A date written in Portuguese is read to its end, then a second net says it as ISO 8601 does. After 12 "
            "epochs 97 of 100 dates or more are right in all ten places."
        ),
        "topology",
        (RunConfig(data="dates", topology="enc2dec", params={"ways": 5}, hidden=64, examples=4000, epochs=12, batch=16,
                   learning_rate=0.005, schedule="cosine"),),
    ),
)  # fmt: skip

_TASKS = (
    Recipe(
        "embedded-reber",
        mark("Embedded Reber grammar"),
        mark(
            "The second letter comes back as the last but one, all between is noise. Watch the loss fall to 0.44, the "
            "exact optimum, and one unit begin to hold the letter: the forget gate opens, the input gate lets it in."
        ),
        "task",
        (RunConfig(data="embedded-reber", hidden=32, forget_bias=3.0, examples=1000, epochs=8, batch=8,
                   learning_rate=0.02, clipping=0.3, schedule="cosine"),),
    ),
    Recipe(
        "adding",
        mark("Adding problem, 100 steps"),
        mark(
            "Two of a hundred numbers are marked, their sum is asked at the end. For some thousand sequences the net "
            "only says the mean, a squared error of 1/24; then it finds the marks, and the error falls a hundredfold."
        ),
        "task",
        (RunConfig(data="adding", topology="seq2vec", params={"length": 100}, hidden=32, forget_bias=5.0,
                   examples=1000, epochs=70, batch=8, learning_rate=0.001, schedule="cosine"),),
    ),
    Recipe(
        "temporal-order",
        mark("Temporal order, 100 steps"),
        mark(
            "Two letters among a hundred distractors; the class asked at the end is their order. The loss stays at "
            "ln 4 = 1.39, guessing, for some thousand sequences and then falls to nearly 0."
        ),
        "task",
        (RunConfig(data="temporal-order", topology="seq2vec", params={"length": 100, "relevant": 2}, hidden=32,
                   initialisation="xavier", forget_bias=3.0, examples=1000, epochs=60, batch=8, learning_rate=0.003,
                   clipping=0.3, schedule="cosine"),),
    ),
    Recipe(
        "anbn",
        mark("Counting: aⁿbⁿ"),
        mark(
            "As many b as there were a, n up to 10. Look at c: one unit climbs with each a and comes down with each b. "
            "The loss falls to 0.20, the exact optimum is 0.19, and the net counts on beyond 10."
        ),
        "task",
        (RunConfig(data="anbn", params={"largest": 10}, hidden=8, forget_bias=5.0, examples=1000, epochs=10, batch=8,
                   learning_rate=0.01, schedule="cosine"),),
    ),
    Recipe(
        "continual-reber",
        mark("Continual Reber grammar"),
        mark(
            "Strings of the embedded grammar without borders. The forget gates learn to close at a string's end. Set "
            "the forget bias to 100, no forget gate, and c grows without end while the outer letter becomes a guess."
        ),
        "task",
        (RunConfig(data="continual-reber", params={"steps": 100}, hidden=32, examples=500, epochs=8, batch=8,
                   learning_rate=0.02, clipping=0.3, schedule="cosine"),),
    ),
    Recipe(
        "sunspots",
        mark("Sunspots, one year ahead"),
        mark(
            "Windows of 50 years of 1700–1946 go in, each year's successor is asked; 1947–2008 judge the net. Look at "
            "the forget gates at each maximum, about every 11 years."
        ),
        "task",
        (RunConfig(data="sunspots", hidden=12, steps=50, examples=400, epochs=15, batch=16, learning_rate=0.01,
                   schedule="cosine"),),
    ),
    Recipe(
        "text",
        mark("The next character of a story"),
        mark(
            "Windows of 50 characters of an English story. It is little text: the loss on what is trained falls on and "
            "on, that on the story's last fifth turns and rises after a few epochs. That is overfitting."
        ),
        "task",
        (RunConfig(data="text-en", hidden=48, steps=50, examples=1000, epochs=10, batch=16, learning_rate=0.005),),
    ),
)  # fmt: skip

_ORDER = RunConfig(data="temporal-order", topology="seq2vec", params={"length": 60}, hidden=32,
                   initialisation="xavier", examples=500, epochs=16, batch=8, learning_rate=0.003,
                   schedule="cosine")  # fmt: skip
_STREAM = RunConfig(data="continual-reber", params={"steps": 200}, cell="rnn", initialisation="orthogonal",
                    examples=300, epochs=5, batch=8)  # fmt: skip

_TWINS = (
    _twins(
        "twin-cell",
        mark("LSTM and recurrent layer on a long lag"),
        mark(
            "The order of two letters, asked up to 60 steps later. After 16 epochs the LSTM pays 0.006 nats; the "
            "recurrent layer still guesses, ln 4 = 1.39. Look at the gradient flow: back through h it fades, along c "
            "it arrives."
        ),
        (mark("LSTM"), mark("recurrent layer")),
        _ORDER,
        cell="rnn",
    ),
    _twins(
        "twin-forget-bias",
        mark("Forget bias 1 and 0"),
        mark(
            "The same task, the same seed; the forget gates start at 0.73 or at 0.5, so c fades in 3.2 or in 1.4 "
            "steps. After 16 epochs the first pays 0.006 nats, the second still guesses, ln 4 = 1.39."
        ),
        (mark("forget bias 1"), mark("forget bias 0")),
        _ORDER,
        forget_bias=0.0,
    ),
    _twins(
        "twin-activation",
        mark("tanh and ReLU in a recurrent layer"),
        mark(
            "tanh keeps every |h| below 1. ReLU has no ceiling and the layer feeds itself: within ten updates the "
            "largest h of the probe leaps to some 800, the loss to 94 nats and its gradient's norm to 21,000, and what "
            "was learnt is lost. Look at h, update by update, in the replay."
        ),
        ("tanh", "ReLU"),
        replace(_STREAM, hidden=32, optimiser="rmsprop", learning_rate=0.003, clipping=0.0, probe_every=1),
        activation="relu",
    ),
    _twins(
        "twin-clipping",
        mark("Gradient clipping, with and without"),
        mark(
            "A recurrent layer and large steps of SGD. Clipped at 0.3 the loss falls below 0.5 nats. Without, the norm "
            "of the gradient leaps to a million, the weights are thrown away, and the loss stays at many times the 1.9 "
            "nats that blind guessing pays. Look at the gradient norm."
        ),
        (mark("clipped at 0.3"), mark("not clipped")),
        replace(_STREAM, hidden=64, optimiser="sgd", learning_rate=2.0, clipping=0.3),
        clipping=0.0,
    ),
    _twins(
        "twin-dropout",
        mark("Dropout, with and without"),
        mark(
            "A short story is soon known by heart. Without dropout the loss on the part that was not trained on turns "
            "after two epochs and rises from 2.5 to 3.7 nats; with half of h dropped it gets lower, to 2.4, and rises "
            "later and less."
        ),
        (mark("dropout 0.5"), mark("no dropout")),
        RunConfig(data="text-en", hidden=64, dropout=0.5, steps=50, examples=1000, epochs=10, batch=16,
                  learning_rate=0.005),
        dropout=0.0,
    ),
    _twins(
        "twin-normalisation",
        mark("Layer normalisation, with and without"),
        mark(
            "Embedded Reber with plain SGD. Layer normalisation gives every gate inputs of the same size: after one "
            "epoch it pays 0.54 nats where the other pays 1.55, after four 0.46 against 0.63; 0.44 is the optimum."
        ),
        (mark("layer normalisation"), mark("no normalisation")),
        RunConfig(data="embedded-reber", hidden=32, layer_norm=True, optimiser="sgd", learning_rate=1.0,
                  examples=1000, epochs=4, batch=16),
        layer_norm=False,
    ),
    _twins(
        "twin-optimiser",
        mark("Adam and SGD"),
        mark(
            "Embedded Reber, both with the learning rate 0.03. Adam gives each weight a step of its own and is at 0.46 "
            "nats after eight epochs, near the optimum of 0.44; plain SGD has come from 1.95 to 1.72."
        ),
        ("Adam", "SGD"),
        RunConfig(data="embedded-reber", hidden=32, examples=1000, epochs=8, batch=8, learning_rate=0.03,
                  clipping=0.3),
        optimiser="sgd",
    ),
)  # fmt: skip

RECIPES: tuple[Recipe, ...] = (*_TOPOLOGIES, *_TASKS, *_TWINS)
"""Every recipe, in the order of the library."""
