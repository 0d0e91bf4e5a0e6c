"""What a run begins with, or goes on with: its configuration, data, net, device and newest checkpoint."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

import lstmviz
from lstmviz.engine.checkpoints import Checkpoint, from_bytes, newest
from lstmviz.engine.devices import Chosen, choose_device, prepared
from lstmviz.engine.distributed import Peers, join_peers
from lstmviz.errors import RunError
from lstmviz.language import mark
from lstmviz.nets.build import build_net
from lstmviz.nets.net import Net
from lstmviz.nets.plan import loss_of, spec_for
from lstmviz.nets.spec import NetSpec
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import RunFile, is_run, read_run_file, run_file
from lstmviz.runs.lock import LOCK
from lstmviz.runs.settings import check_config, differing
from lstmviz.sequences.datasets import DataSet, data_set
from lstmviz.traces.safe_write import is_unfinished


@dataclass(frozen=True, eq=False)
class Beginning:
    """All of it; checkpoint is None where the run begins, and complaints are what is wrong with newer checkpoints."""

    config: RunConfig
    data: DataSet
    spec: NetSpec
    net: Net
    chosen: Chosen
    peers: Peers
    checkpoint: Checkpoint | None
    complaints: tuple[str, ...] = ()


def begin(folder: Path, config: RunConfig | None) -> Beginning:
    """Find out how the run of a folder begins or goes on; nothing is written.

    Raises RunError, and SequenceError and ModelError for data and nets that do not fit.
    """
    config = _config(folder, config)
    torch.set_num_threads(config.threads)
    peers = join_peers(config.device)
    data = data_of(config)
    spec = spec_for(config, data)
    if peers.world == 1:
        chosen = choose_device(config.device, spec, config.batch)
    else:
        chosen = Chosen(prepared(peers.device), mark("one of several processes"))
    complaints: list[str] = []
    found = b""
    if peers.first and is_run(folder):
        found, complaints = newest(folder)
    found = peers.told(found)
    checkpoint = from_bytes(found, str(folder)) if found else None
    if checkpoint is not None and checkpoint.state.spec != spec:
        raise RunError(
            "The checkpoint of “{folder}” is of another net than its data and settings give: “{found}”, expected"
            " “{expected}”. Has the data changed? Begin a new run in another folder.",
            folder=str(folder),
            found=checkpoint.state.spec.name,
            expected=spec.name,
        )
    net = build_net(spec, config.seed, config.initialisation, config.forget_bias).to(chosen.device)
    net.set_dropout(config.dropout)
    return Beginning(config, data, spec, net, chosen, peers, checkpoint, tuple(complaints))


def new_run_file(beginning: Beginning, updates: int) -> RunFile:
    """run.json of a run that begins."""
    data = beginning.data
    unit, optimum = loss_of(beginning.spec, data.truth)
    return RunFile(
        title=data.title,
        config=beginning.config,
        parameters=sum(each.numel() for each in beginning.net.parameters()),
        updates=updates,
        unit=unit,
        optimum=optimum,
        device=str(beginning.chosen.device),
        reason=beginning.chosen.reason,
        begun=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={
            "lstmviz": lstmviz.__version__,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )


def _left_by_a_kill(file: Path) -> bool:
    """Whether a file is what a beginning leaves that was killed before run.json was in its place."""
    return file.name == LOCK or is_unfinished(file)


def _config(folder: Path, config: RunConfig | None) -> RunConfig:
    """The configuration that was given, or the folder's; they must not contradict each other."""
    if not is_run(folder):
        if config is None:
            read_run_file(folder)  # which says that there is none
        if folder.exists() and (not folder.is_dir() or not all(_left_by_a_kill(file) for file in folder.iterdir())):
            raise RunError(
                "“{folder}” has something else than a run in it. Choose a new or an empty folder.", folder=str(folder)
            )
        assert config is not None
        return check_config(config)
    begun = read_run_file(folder).config
    if config is not None and config != begun:
        raise RunError(
            "“{folder}” holds a run with other settings: {names}. Leave them out to go on with it, or begin another run"
            " in a new folder.",
            folder=str(run_file(folder).parent),
            names=", ".join(f"{name} = {getattr(begun, name)}" for name in differing(begun, config)),
        )
    return check_config(begun)


def data_of(config: RunConfig) -> DataSet:
    """The data that a configuration names."""
    return data_set(
        config.data,
        params=config.params,
        topology=config.topology,
        examples=config.examples,
        steps=config.steps,
        missing=config.missing,
        validation=config.validation,
        seed=config.seed,
    )
