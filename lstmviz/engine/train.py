"""train: data and settings in, a trained net out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch

from lstmviz import paths
from lstmviz.engine.trainer import Trainer
from lstmviz.errors import RunError
from lstmviz.nets.net import Net
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import new_folder
from lstmviz.runs.metrics import Metrics
from lstmviz.runs.settings import BY_NAME, check_config
from lstmviz.sequences.sequence import Sequence


@dataclass(frozen=True, eq=False)
class Training:
    """What a training left: the folder of the run, its configuration, the net, the metrics as columns, and the probe.

    probe: the fixed sequence that was watched while it trained.
    """

    folder: Path
    config: RunConfig
    net: Net
    metrics: Metrics
    probe: Sequence

    def __repr__(self) -> str:
        """A line, not every number of it: this is what a notebook shows."""
        loss = f", validation loss {self.metrics.validation[-1]:.4f}" if self.metrics.validations else ""
        return f"<Training “{self.config.data}”: {self.metrics.rows} updates{loss}; {self.folder}>"


def train(
    data: str | Path,
    out: str | Path | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> Training:
    """Train a net and return it with its metrics; the run's folder holds everything and opens in the app.

        run = lstmviz.train("embedded-reber", hidden=16, epochs=20)
        run.net, run.metrics.loss                    # a torch module; (N,) float64, one number an update
        trace = lstmviz.record(run.net, run.probe)   # or any sequence of yours

    data: a sample's id, a generator's id or a sequence file. out: the folder of the run, a new one unless given; one
    that holds a run of the same settings goes on from its last checkpoint. settings: those of `RunConfig`, the flags of
    ``lstmviz train`` with underscores. ``progress(updates, of)`` is called after every update and may raise to stop: a
    checkpoint is written then. Raises RunError for settings that make no sense and for a training that diverged, and
    what the data and the disk raise.
    """
    config = make_config(data, **settings)
    threads = torch.get_num_threads()
    try:
        trainer = Trainer(Path(out) if out is not None else new_folder(paths.runs(), Path(config.data).stem), config)
        try:
            done = trainer.update
            for _ in trainer.events():
                if progress is not None and trainer.update != done:
                    done = trainer.update
                    progress(done, trainer.updates)
        finally:
            trainer.close()
    finally:
        torch.set_num_threads(threads)  # the caller's own work goes on as before
    if trainer.why is not None:
        raise RunError(trainer.why[0], **trainer.why[1])
    return Training(trainer.folder, trainer.config, trainer.net.eval(), trainer.metrics, trainer.data.probe)


def make_config(data: str | Path, **settings: Any) -> RunConfig:
    """The configuration of some settings, the others at their defaults; raises RunError.

    The path of a file is made absolute, so that the run goes on from anywhere.
    """
    for name in settings:
        if name not in (*BY_NAME, "params"):
            raise RunError(
                "There is no setting “{name}”; expected some of: {known}.",
                name=name,
                known=" ".join((*BY_NAME, "params")),
            )
    file = Path(data)
    place = str(file.absolute()) if file.exists() else str(data)
    try:
        return check_config(msgspec.convert({"data": place, **settings}, RunConfig))
    except msgspec.ValidationError as error:
        raise RunError("The settings make no sense: {reason}.", reason=str(error)) from error
