"""A run as the views see it: frozen, drawn as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstmviz.runs.config import RunConfig

Floats = npt.NDArray[np.float64]
RunState = Literal["starting", "training", "paused", "ended", "read", "failed"]
PHASES_OF_TRAINING = ("forward", "loss", "gradients", "update")
"""The four steps of BPTT, in their order."""
Face = Literal["cell", "unrolled", "layer", "training", "flow"]
FACES: tuple[Face, ...] = ("cell", "unrolled", "layer", "training", "flow")
"""What the upper half of the centre can show: the cell diagram, the unrolled net, the matrix form of the recurrent
layer with its mini-batch, the training, the gradient flow."""


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Curves:
    """Metrics over the updates, (N,) each, and the validations, (V,) each; ``epoch`` counts from 0, with a fraction."""

    update: Floats = field(default_factory=_none)
    epoch: Floats = field(default_factory=_none)
    loss: Floats = field(default_factory=_none)
    norm: Floats = field(default_factory=_none)
    rate: Floats = field(default_factory=_none)
    validation_update: Floats = field(default_factory=_none)
    validation: Floats = field(default_factory=_none)


@dataclass(frozen=True, eq=False)
class RunView:
    """One run: what it was told, how it stands, and its metrics.

    state: ``read`` for a run of which only the folder was read. sentence: why it stands still, "" where it does not.
    device, reason: where it computes and why there (English). updates: planned. optimum: None where nobody knows it.
    phase, took, loss, norm, clipped, change: the last update's, as RunReport has them. probes: the updates whose probe
    trace is kept. log: changes on the fly and events, by update. trace_id: the open trace that shows its probe, 0 for
    none. twin: the run beside it, 0 for none.
    """

    id: int
    folder: str
    title: str
    config: RunConfig
    state: RunState = "starting"
    sentence: str = ""
    device: str = ""
    reason: str = ""
    parameters: int = 0
    update: int = 0
    updates: int = 0
    epoch: int = 0
    unit: str = ""
    optimum: float | None = None
    phase: str = ""
    took: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    loss: float = float("nan")
    norm: float = float("nan")
    clipped: float = float("nan")
    change: float = float("nan")
    speed: float = 0.0
    seconds_left: float | None = None
    learning_rate: float = 0.0
    clipping: float = 0.0
    curves: Curves = Curves()
    probes: tuple[int, ...] = ()
    log: tuple[tuple[int, str], ...] = ()
    trace_id: int = 0
    twin: int = 0


@dataclass(frozen=True)
class Replay:
    """The axis of training of the active trace: which update its probe is shown at.

    updates: those that are kept. position: a place among them. live: whether the newest is followed while it trains.
    playing: whether the training axis is being played.
    """

    run: int
    updates: tuple[int, ...]
    position: int
    live: bool = False
    playing: bool = False


@dataclass(frozen=True, eq=False)
class FlowView:
    """The gradient of a loss of the active trace: step is the step whose loss is meant, −1 for all.

    arrays: as `analysis.gradient_flow` names them. pending: whether a newer one was asked for.
    """

    trace_id: int
    step: int
    loss: float
    arrays: dict[str, npt.NDArray[np.floating]]
    pending: bool = False
