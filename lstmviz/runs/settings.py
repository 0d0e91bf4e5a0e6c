"""The one description of every setting of a run: the form, the flags, the checks and their help are made from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lstmviz.errors import RunError
from lstmviz.language import mark, tr
from lstmviz.runs.config import RunConfig

NET, DATA, LEARNING, MACHINE, KEPT = (
    mark("Net"),
    mark("Data"),
    mark("Learning"),
    mark("Machine"),
    mark("What is kept"),
)
GROUPS = (NET, DATA, LEARNING, MACHINE, KEPT)
"""The groups of settings, in the order of the form."""

Kind = Literal["choice", "int", "float", "bool"]
Applies = Callable[[RunConfig], bool]


@dataclass(frozen=True)
class Setting:
    """One field of RunConfig: its title and hint (English, translated where shown), kind, and what it may be.

    choices: pairs of a value and its title. least, most: inclusive. applies: whether it means anything for a config;
    one that does not is hidden in the form and refused as a flag where it is not at its default.
    """

    name: str
    title: str
    group: str
    kind: Kind
    hint: str
    choices: tuple[tuple[str, str], ...] = ()
    least: float = 0
    most: float = math.inf
    applies: Applies = lambda config: True

    @property
    def flag(self) -> str:
        """The flag of the command line, ``--learning-rate``."""
        return "--" + self.name.replace("_", "-")

    @property
    def default(self) -> Any:
        """The field's default."""
        return getattr(DEFAULTS, self.name)


DEFAULTS = RunConfig(data="")
"""Every setting at its default."""

_DEVICES = (("auto", mark("best there is")), ("cpu", "CPU"), ("cuda", "CUDA"), ("mps", "Apple MPS"))


def _lstm(config: RunConfig) -> bool:
    return config.cell == "lstm"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "topology",
        mark("Topology"),
        NET,
        "choice",
        mark("What the net reads and what it is asked"),
        (
            ("seq2seq", mark("sequence → sequence")),
            ("seq2vec", mark("sequence → vector")),
            ("vec2seq", mark("vector → sequence")),
            ("enc2dec", mark("encoder → decoder")),
        ),
    ),
    Setting(
        "cell",
        mark("Cell"),
        NET,
        "choice",
        mark("Which equations every unit follows"),
        (("rnn", mark("recurrent layer")), ("lstm", "LSTM"), ("gru", "GRU")),
    ),
    Setting(
        "activation",
        mark("Activation φ"),
        NET,
        "choice",
        mark("φ of the recurrent layer"),
        (("tanh", "tanh"), ("relu", "ReLU")),
        applies=lambda c: c.cell == "rnn",
    ),
    Setting("hidden", mark("Units"), NET, "int", mark("H, units of each layer"), least=1, most=8192),
    Setting("layers", mark("Layers"), NET, "int", mark("Layers above one another"), least=1, most=64),
    Setting(
        "bidirectional",
        mark("Bidirectional"),
        NET,
        "bool",
        mark("A second direction reads backwards"),
        applies=lambda c: c.topology in ("seq2seq", "seq2vec"),
    ),
    Setting(
        "projection",
        mark("Projection"),
        NET,
        "int",
        mark("P, the width of h after Sak et al. 2014; 0 for none"),
        least=0,
        most=8191,
        applies=_lstm,
    ),
    Setting("peepholes", mark("Peepholes"), NET, "bool", mark("The gates see c as well (Graves 2013)"), applies=_lstm),
    Setting(
        "layer_norm",
        mark("Layer normalisation"),
        NET,
        "bool",
        mark("Pre-activations and c are normalised (Ba et al. 2016)"),
        applies=_lstm,
    ),
    Setting(
        "dropout",
        mark("Dropout"),
        NET,
        "float",
        mark("Between layers and to the read-out, never on recurrent connections (Zaremba et al. 2014)"),
        least=0,
        most=0.95,
    ),
    Setting(
        "initialisation",
        mark("Initialisation"),
        NET,
        "choice",
        mark("How the weights begin"),
        (
            ("uniform", mark("uniform, ±1/√H")),
            ("xavier", "Xavier"),
            ("orthogonal", mark("orthogonal recurrent weights")),
        ),
    ),
    Setting(
        "forget_bias",
        mark("Forget bias"),
        NET,
        "float",
        mark("b of the forget gate at the start; from 100 on the gate never closes: no forget gate, as in 1997"),
        least=-10,
        most=1000,
        applies=_lstm,
    ),
    Setting(
        "examples",
        mark("Examples per epoch"),
        DATA,
        "int",
        mark("Sequences of an epoch; a generator makes new ones"),
        least=1,
        most=100_000_000,
    ),
    Setting(
        "steps",
        mark("Steps per example"),
        DATA,
        "int",
        mark("How a long file is cut into examples: the last so many values in, the same moved one step ahead out"),
        least=2,
        most=1_000_000,
    ),
    Setting(
        "missing",
        mark("Missing values"),
        DATA,
        "choice",
        mark("What becomes of values that a file leaves out"),
        (
            ("refuse", mark("refused")),
            ("fill", mark("the value before")),
            ("interpolate", mark("interpolated")),
            ("drop", mark("steps left out")),
        ),
    ),
    Setting(
        "validation",
        mark("Validation share"),
        DATA,
        "float",
        mark("The share of the data, its end, that judges the net"),
        least=0.01,
        most=0.9,
    ),
    Setting(
        "standardise",
        mark("Standardise values"),
        DATA,
        "bool",
        mark("(value − mean) / scale, both of the training part"),
    ),
    Setting(
        "epochs",
        mark("Epochs"),
        LEARNING,
        "int",
        mark("How often the examples are gone through"),
        least=1,
        most=1_000_000,
    ),
    Setting("batch", mark("Mini-batch"), LEARNING, "int", mark("Sequences per update"), least=1, most=1_000_000),
    Setting(
        "bptt",
        mark("Truncated BPTT"),
        LEARNING,
        "int",
        mark("Steps after which the gradient is cut and the weights are updated; 0 for the whole sequence"),
        least=0,
        most=1_000_000,
        applies=lambda c: c.topology == "seq2seq" and not c.bidirectional,
    ),
    Setting(
        "optimiser",
        mark("Optimiser"),
        LEARNING,
        "choice",
        mark("How gradients become updates"),
        (
            ("sgd", "SGD"),
            ("momentum", mark("SGD with momentum")),
            ("adam", "Adam"),
            ("adamw", "AdamW"),
            ("rmsprop", "RMSprop"),
        ),
    ),
    Setting(
        "learning_rate",
        mark("Learning rate"),
        LEARNING,
        "float",
        mark("May be changed while it trains"),
        least=1e-9,
        most=100,
    ),
    Setting(
        "momentum",
        mark("Momentum"),
        LEARNING,
        "float",
        mark("Of SGD with momentum"),
        least=0,
        most=0.9999,
        applies=lambda c: c.optimiser == "momentum",
    ),
    Setting(
        "weight_decay", mark("Weight decay"), LEARNING, "float", mark("Pulls the weights towards 0"), least=0, most=1
    ),
    Setting(
        "schedule",
        mark("Schedule"),
        LEARNING,
        "choice",
        mark("How the learning rate falls over the epochs"),
        (
            ("constant", mark("constant")),
            ("step", mark("a tenth after each third")),
            ("exponential", mark("exponential, to 1 %")),
            ("cosine", mark("cosine, to 0")),
            ("plateau", mark("halved on a plateau")),
        ),
    ),
    Setting(
        "clipping",
        mark("Gradient clipping"),
        LEARNING,
        "float",
        mark("The largest norm of the gradient; 0 for none; may be changed while it trains"),
        least=0,
        most=1e9,
    ),
    Setting("seed", mark("Seed"), LEARNING, "int", mark("The same seed gives the same run"), least=0, most=2**31 - 1),
    Setting(
        "device",
        mark("Device"),
        MACHINE,
        "choice",
        mark("Where to compute; the reason of the choice is shown"),
        _DEVICES,
    ),
    Setting("mixed", mark("Mixed precision"), MACHINE, "bool", mark("Half precision where it is safe; for GPUs")),
    Setting(
        "threads",
        mark("Threads"),
        MACHINE,
        "int",
        mark("Of the CPU; small nets are fastest on one"),
        least=1,
        most=1024,
    ),
    Setting(
        "probe_every",
        mark("Probe every … updates"),
        KEPT,
        "int",
        mark("How often the probe's trace is refreshed; 0 for as often as costs at most a fiftieth of the time"),
        least=0,
        most=1_000_000_000,
    ),
    Setting(
        "checkpoint_every",
        mark("Checkpoint every … updates"),
        KEPT,
        "int",
        mark("0 for the end of an epoch where that takes no time to speak of, and at least every minute"),
        least=0,
        most=1_000_000_000,
    ),
)

BY_NAME = {setting.name: setting for setting in SETTINGS}
"""The settings by the name of their field."""


def check_config(config: RunConfig, *, titles: bool = False) -> RunConfig:
    """The config itself; raises RunError that names the setting, what it is and what was expected.

    titles: whether settings are named by their titles, as a form shows them, and not by their flags.
    """
    if not config.data:
        raise RunError("The run has no data; expected the name of a sample or a sequence file.")
    for setting in SETTINGS:
        value, named = getattr(config, setting.name), tr(setting.title) if titles else setting.flag
        most = config.hidden - 1 if setting.name == "projection" else setting.most
        if setting.kind == "choice" and value not in dict(setting.choices):
            raise RunError(
                "{flag} is “{value}”; expected one of: {known}.",
                flag=named, value=value, known=" ".join(name for name, _ in setting.choices),
            )  # fmt: skip
        if setting.kind in ("int", "float") and not setting.least <= value <= most:
            raise RunError(
                "{flag} is {value}; expected {least:g} to {most:g}.",
                flag=named, value=value, least=setting.least, most=most,
            )  # fmt: skip
        if value != setting.default and not setting.applies(config):
            raise RunError(
                "{flag} means nothing here: {hint}. Leave it out, or change the cell or the topology.",
                flag=named, hint=tr(setting.hint),
            )  # fmt: skip
    return config


def differing(one: RunConfig, other: RunConfig) -> tuple[str, ...]:
    """The names of the settings in which two runs differ."""
    return tuple(name for name in ("data", "params", *BY_NAME) if getattr(one, name) != getattr(other, name))
