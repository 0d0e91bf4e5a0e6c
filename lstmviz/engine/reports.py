"""What the engine tells of a training, as messages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.runs.folder import RunFile, probes, read_run, read_run_file
from lstmviz.wire.codec import array_to_wire
from lstmviz.wire.run_messages import Metrics, RunBegun, RunReport

if TYPE_CHECKING:
    from lstmviz.engine.trainer import Trainer

Columns = Mapping[str, npt.NDArray[np.float64]]


class Reporter:
    """Tells how a training stands, and of its metrics and its log what was not told before."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._rows = self._validations = 0
        self._log: tuple[tuple[int, str], ...] = ()

    def begun(self) -> RunBegun:
        """The training as it stands, with all its metrics."""
        trainer = self._trainer
        spec = msgspec.json.encode(trainer.spec)
        self._rows = self._validations = 0
        history = self._fresh()
        self._log = trainer.log
        file = read_run_file(trainer.folder)
        return _begun(trainer.folder, file, spec, history, trainer.update, trainer.epoch, self._log)

    def report(self) -> RunReport:
        """The last update, and what came since the report before."""
        trainer, last = self._trainer, self._trainer.last
        fresh_log = tuple(entry for entry in trainer.log if entry not in self._log)
        self._log = trainer.log
        return RunReport(
            state=trainer.state,
            update=trainer.update,
            epoch=trainer.epoch,
            phase=last.phase,
            took=last.took,
            loss=last.loss,
            norm=last.norm,
            clipped=last.clipped,
            change=last.change,
            speed=trainer.speed,
            seconds_left=trainer.seconds_left,
            learning_rate=trainer.learning_rate,
            clipping=trainer.clipping,
            fresh=self._fresh(),
            log=fresh_log,
            why=trainer.why,
        )

    def _fresh(self) -> Metrics:
        """Metrics since those told last; fewer than before where the training went back to a checkpoint."""
        metrics = self._trainer.metrics
        columns = metrics.since(min(self._rows, metrics.rows), min(self._validations, metrics.validations))
        self._rows, self._validations = metrics.rows, metrics.validations
        return _to_wire(columns)


def read(folder: str) -> RunBegun:
    """What a run's folder holds; raises RunError."""
    run = read_run(folder)
    history = _to_wire(run.metrics.since(0))
    return _begun(run.folder, run.file, run.spec, history, run.update, run.epoch, run.metrics.log)


def _begun(
    folder: Path,
    file: RunFile,
    spec: bytes,
    history: Metrics,
    update: int,
    epoch: int,
    log: tuple[tuple[int, str], ...],
) -> RunBegun:
    return RunBegun(
        folder=str(folder),
        title=file.title,
        config=file.config,
        spec=spec,
        parameters=file.parameters,
        device=file.device,
        reason=file.reason,
        update=update,
        updates=file.updates,
        epoch=epoch,
        unit=file.unit,
        optimum=file.optimum,
        history=history,
        probes=probes(folder),
        log=log,
    )


def _to_wire(columns: Columns) -> Metrics:
    wired: dict[str, Any] = {name: array_to_wire(column) for name, column in columns.items()}
    return Metrics(**wired)
