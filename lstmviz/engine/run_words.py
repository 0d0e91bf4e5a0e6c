"""What a run's folder holds, as lines of a name and a value."""

from __future__ import annotations

from collections.abc import Iterator

from lstmviz.language import tr
from lstmviz.runs.command_line import command_line
from lstmviz.runs.folder import checkpoints, net_file, read_run


def inspect_run(folder: str) -> Iterator[tuple[str, str]]:
    """How far a run is, what it measured and how to begin another like it; raises RunError."""
    run = read_run(folder)
    file, metrics = run.file, run.metrics
    yield tr("run"), file.title
    yield tr("training"), tr("update {update} of {updates}", update=run.update, updates=file.updates)
    if metrics.rows:
        yield tr("loss"), f"{metrics.loss[-1]:.4f} {tr(file.unit)}"
    if metrics.validations:
        yield tr("validation"), f"{metrics.validation[-1]:.4f}"
    if file.optimum is not None:
        yield tr("optimum"), f"{file.optimum:.4f}"
    yield tr("net"), f"{net_file(run.folder)} ({tr('{count} parameters', count=file.parameters)})"
    yield tr("device"), file.device
    yield tr("kept"), tr(
        "checkpoints: {checkpoints}; probe traces: {probes}",
        checkpoints=len(checkpoints(run.folder)), probes=len(run.probes),
    )  # fmt: skip
    yield tr("settings"), command_line(file.config)
