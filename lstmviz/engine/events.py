"""What happens in a training, as `Trainer.advance` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lstmviz.traces.trace import Trace

PhaseName = Literal["forward", "loss", "gradients", "update"]
PHASES: tuple[PhaseName, ...] = ("forward", "loss", "gradients", "update")
"""The four steps of backpropagation through time."""


@dataclass(frozen=True)
class Phase:
    """One of the first three phases of an update is done."""

    name: PhaseName


@dataclass(frozen=True)
class Updated:
    """The weights were updated."""

    update: int


@dataclass(frozen=True)
class Validated:
    """An epoch ended, and the net was judged."""

    update: int
    loss: float


@dataclass(frozen=True, eq=False)
class Probed:
    """The probe's trace after an update; kept tells whether it is part of the replay."""

    update: int
    trace: Trace
    kept: bool


@dataclass(frozen=True)
class Saved:
    """A checkpoint of an update lies in the folder."""

    update: int


@dataclass(frozen=True)
class Paused:
    """The training stands still, because it cannot go on: the trainer's ``why`` says the reason."""

    update: int


@dataclass(frozen=True)
class Ended:
    """The training was stopped, or every epoch is done; a checkpoint lies in the folder."""

    update: int


Action = Literal["", "go", "pause", "phase", "batch", "epoch", "stop", "probe"]
"""What a training can be told to do."""
Event = Phase | Updated | Validated | Probed | Saved | Paused | Ended
WISHED: dict[str, tuple[type[Event], ...]] = {
    "phase": (Phase, Updated),
    "batch": (Updated,),
    "epoch": (Validated,),
    "probe": (Probed,),
}
"""What must have happened before the training pauses again."""


@dataclass(frozen=True)
class LastUpdate:
    """The last update: loss of its mini-batch, norm of its gradient before and after clipping, ‖Δw‖/‖w‖.

    took: the seconds of its four phases. phase: which of them was done last.
    """

    loss: float = float("nan")
    norm: float = float("nan")
    clipped: float = float("nan")
    change: float = float("nan")
    took: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    phase: PhaseName = "update"
