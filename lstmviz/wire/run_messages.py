"""The messages of a training: what it is told, and how it tells of itself."""

from __future__ import annotations

from typing import Literal

import msgspec

from lstmviz.runs.config import RunConfig
from lstmviz.wire.array_data import ArrayData


class Metrics(msgspec.Struct, frozen=True, tag=True):
    """Metrics of consecutive updates, and of the validations among them; float64 arrays of equal length.

    ``epoch`` is counted from 0 with its fraction; ``norm`` is that of the gradient before clipping; ``loss`` is that of
    the mini-batch; ``rate`` is the learning rate.
    """

    update: ArrayData
    epoch: ArrayData
    loss: ArrayData
    norm: ArrayData
    rate: ArrayData
    validation_update: ArrayData
    validation: ArrayData


class RunBegun(msgspec.Struct, frozen=True, tag=True):
    """A run as it stands when its training begins or goes on, or when its folder is read.

    title, spec (a NetSpec as JSON), device and why it was chosen; updates: how many are planned. optimum: the exact
    optimal loss, None where nobody knows it. unit: of the loss. history: metrics so far. probes: the updates whose
    probe trace is kept. log: what was changed on the fly, and what happened, with the update.
    """

    folder: str
    title: str
    config: RunConfig
    spec: bytes
    parameters: int
    device: str
    reason: str
    update: int
    updates: int
    epoch: int
    unit: str
    optimum: float | None
    history: Metrics
    probes: tuple[int, ...]
    log: tuple[tuple[int, str], ...] = ()


class RunReport(msgspec.Struct, frozen=True, tag=True):
    """How a training stands: at most ten a second.

    state: ``paused`` after a pause, one batch, one epoch, one phase or a divergence, which ``why`` tells. phase: which
    of the four steps of BPTT was done last. took: seconds of the four in the last update. loss, norm, clipped: of the
    last update, the norm before and after clipping. change: ‖Δw‖/‖w‖ of the last update. speed: examples a second.
    why: template and values of a sentence, the reason of the pause.
    """

    state: Literal["training", "paused", "ended"]
    update: int
    epoch: int
    phase: Literal["forward", "loss", "gradients", "update"]
    took: tuple[float, float, float, float]
    loss: float
    norm: float
    clipped: float
    change: float
    speed: float
    seconds_left: float | None
    learning_rate: float
    clipping: float
    fresh: Metrics
    log: tuple[tuple[int, str], ...] = ()
    why: tuple[str, dict[str, str | int | float]] | None = None


class ProbeBegins(msgspec.Struct, frozen=True, tag=True):
    """The pieces of the probe's trace follow: TraceHeader and TraceParts, then ProbeEnds. kept: part of the replay."""

    update: int
    epoch: int
    kept: bool


class ProbeEnds(msgspec.Struct, frozen=True, tag=True):
    """The probe's trace is complete; the updates whose probe traces are kept now (old ones are thinned out)."""

    update: int
    probes: tuple[int, ...]


class Train(msgspec.Struct, frozen=True, tag=True):
    """Begin the run of a folder, or go on with it: config is None to go on with what the folder says.

    Answered by RunBegun, and then, for as long as the training lasts, RunReports and probe traces; Done at its end.
    Asked again after a death of the engine it goes on from the last checkpoint. paused: stand still at first. title: of
    a run that begins, "" for that of its data.
    """

    id: int
    folder: str
    config: RunConfig | None = None
    paused: bool = False
    title: str = ""


class Steer(msgspec.Struct, frozen=True, tag=True):
    """Tell a training, and its twin at the same moment, what to do; answered by Done at once.

    folder: the run's. twin: that of its twin, "" for none. action: ``go``, ``pause``, one ``phase``, ``batch`` or
    ``epoch`` and then pause, ``stop`` with a checkpoint, ``probe`` now, or "" for none. learning_rate, clipping: new
    values, None to leave them.
    """

    id: int
    folder: str
    action: Literal["", "go", "pause", "phase", "batch", "epoch", "stop", "probe"] = ""
    learning_rate: float | None = None
    clipping: float | None = None
    twin: str = ""


class ReadRun(msgspec.Struct, frozen=True, tag=True):
    """What a run's folder holds; answered by RunBegun. Nothing is trained."""

    id: int
    folder: str


class ReadProbe(msgspec.Struct, frozen=True, tag=True):
    """The probe's trace of one update of a run; answered by TraceHeader and its TraceParts."""

    id: int
    folder: str
    update: int
