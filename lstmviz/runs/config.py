"""RunConfig: everything that decides what a training does; the same for the form, the flags and the run's file."""

from __future__ import annotations

from typing import Literal

import msgspec

from lstmviz.sequences.topology import Topology

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]


class RunConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a run, each with the field's default; `runs.settings` says what each means and may be.

    data: a sample's id, a generator's id, or a sequence file. params: the generator's parameters.
    """

    data: str
    params: dict[str, int | float] = {}
    topology: Topology = "seq2seq"
    # the net
    cell: Literal["rnn", "lstm", "gru"] = "lstm"
    activation: Literal["tanh", "relu"] = "tanh"
    hidden: int = 32
    layers: int = 1
    bidirectional: bool = False
    projection: int = 0
    peepholes: bool = False
    layer_norm: bool = False
    dropout: float = 0.0
    initialisation: Literal["uniform", "xavier", "orthogonal"] = "uniform"
    forget_bias: float = 1.0
    # the data
    examples: int = 1000
    steps: int = 50
    missing: Literal["refuse", "fill", "interpolate", "drop"] = "refuse"
    validation: float = 0.2
    standardise: bool = True
    # the learning
    epochs: int = 20
    batch: int = 32
    bptt: int = 0
    optimiser: Literal["sgd", "momentum", "adam", "adamw", "rmsprop"] = "adam"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: Literal["constant", "step", "exponential", "cosine", "plateau"] = "constant"
    clipping: float = 1.0
    seed: int = 0
    # the machine
    device: DeviceChoice = "auto"
    mixed: bool = False
    threads: int = 1
    # what is kept
    probe_every: int = 0
    checkpoint_every: int = 0
