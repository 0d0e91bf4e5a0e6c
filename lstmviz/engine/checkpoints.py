"""Checkpoints: all that a training needs to go on to the same numbers, in one safetensors file with its SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from lstmviz.engine.learner import Learner
from lstmviz.engine.optimisers import KEPT_BY, Plateau
from lstmviz.errors import RunError
from lstmviz.language import tr
from lstmviz.nets.net import Net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import NetSpec
from lstmviz.runs.folder import checkpoint_file, checkpoints, net_file
from lstmviz.runs.metrics import Count
from lstmviz.traces.safe_write import remove, replacing

FORMAT = 1
KEPT = 4
"""So many checkpoints are kept: the newest, and those to fall back on."""
_MAX_HEADER = 16 << 20


class Place(msgspec.Struct, frozen=True):
    """Where a training stands: before a mini-batch of an epoch, or inside it, at a segment of truncated BPTT.

    Every random choice is made from the run's seed and this place, so it stands for all random states: the order of
    the data from seed and epoch, the data from seed and number, dropout from seed, update and process.
    batch equal to the number of mini-batches: the epoch is read, and not validated yet.
    """

    update: Count = 0
    epoch: Count = 0
    batch: Count = 0
    step: Count = 0


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a training that is no tensor. rows, validations: how many of them the metrics had.

    rate: the learning rate before its schedule. scaler: of mixed precision. spec: the net, without its weights' hash.
    """

    format: int = FORMAT
    spec: NetSpec
    place: Place
    rows: Count
    validations: Count
    rate: float
    clipping: float
    plateau: Plateau
    scaler: dict[str, float | int] = {}


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A state, and tensors by name: ``net.…``, ``optimiser.WHAT.…`` and ``carried.…``, the state between segments."""

    state: State
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names begin with ``name.``, without it."""
        return {key.removeprefix(f"{name}."): each for key, each in self.tensors.items() if key.startswith(f"{name}.")}


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """A checkpoint as a safetensors file."""
    words = msgspec.json.encode(checkpoint.state).decode()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    return bytes(save(tensors, {"lstmviz_checkpoint": words, "sha256": _hash(words, tensors)}))


def from_bytes(data: bytes, file: str) -> Checkpoint:
    """The checkpoint again; raises RunError where it is damaged."""
    try:
        length = int.from_bytes(data[:8], "little")
        if not 0 < length <= min(_MAX_HEADER, len(data) - 8):
            raise ValueError(tr("it is cut short"))
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        words = str(metadata["lstmviz_checkpoint"])
        tensors = load(data)
        if _hash(words, tensors) != metadata["sha256"]:
            raise ValueError(tr("its SHA-256 does not fit"))
        return Checkpoint(msgspec.json.decode(words, type=State), tensors)
    except (ValueError, KeyError, TypeError, RecursionError, msgspec.MsgspecError, SafetensorError) as error:
        raise RunError(
            "The checkpoint “{file}” is damaged: {reason}.", file=file, reason=str(error) or type(error).__name__
        ) from error


def write_checkpoint(folder: Path, checkpoint: Checkpoint, net: Net) -> None:
    """Write a checkpoint and then the net itself, and drop the checkpoints that are no longer needed.

    Raises ExportError, and everything is as it was.
    """
    target = checkpoint_file(folder, checkpoint.state.place.update)
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as new:
        new.write_bytes(to_bytes(checkpoint))
    save_net(net, net_file(folder))
    for update in checkpoints(folder)[:-KEPT]:
        remove(checkpoint_file(folder, update))


def newest(folder: Path, good: Callable[[int], bool] = lambda update: True) -> tuple[bytes, list[str]]:
    """The bytes of the newest sound checkpoint of a run, none where it has none, and what is wrong with newer ones.

    good: whether to take that of an update; the oldest is taken where none is. Raises RunError where there are
    checkpoints and all of them are damaged.
    """
    complaints: list[str] = []
    found = sorted(checkpoints(folder), reverse=True)
    for update in [each for each in found if good(each)] or found[-1:]:
        file = checkpoint_file(folder, update)
        try:
            data = file.read_bytes()
            from_bytes(data, file.name)
        except RunError as error:
            complaints.append(str(error))
        except OSError as error:
            complaints.append(f"“{file.name}”: {error.strerror or error}")
        else:
            return data, complaints
    if complaints:
        raise RunError(
            "No checkpoint of the run “{folder}” can be read: {complaint} Begin it again in another folder.",
            folder=str(folder),
            complaint=complaints[0],
        )
    return b"", []


def forget_checkpoints(folder: Path, update: int) -> None:
    """Drop the checkpoints of later updates: the run goes on from this one, and not to the same numbers."""
    for later in checkpoints(folder):
        if later > update:
            remove(checkpoint_file(folder, later))


def tensors_of(learner: Learner) -> dict[str, Tensor]:
    """Every tensor that the learner needs to go on."""
    tensors = {f"net.{name}": tensor for name, tensor in learner.net.state_dict().items()}
    for name, parameter in learner.net.named_parameters():
        for what, tensor in learner.optimiser.state.get(parameter, {}).items():
            if isinstance(tensor, Tensor):
                tensors[f"optimiser.{what}.{name}"] = tensor
    state = learner.carried
    if state is not None:
        tensors |= {f"carried.{n}": part for n, part in enumerate((state,) if isinstance(state, Tensor) else state)}
    return tensors


def restore(learner: Learner, checkpoint: Checkpoint) -> None:
    """Put all of it back; raises RunError, and nothing changed, where its tensors are not those of such a training."""
    _check_fits(learner, checkpoint)
    learner.net.load_state_dict(checkpoint.part("net"))
    parameters = dict(learner.net.named_parameters())
    learner.optimiser.state.clear()
    for key, tensor in checkpoint.part("optimiser").items():
        what, name = key.split(".", 1)
        # torch counts Adam's steps beside the weights only where its fused kernel is on a GPU
        fused = bool(learner.optimiser.defaults.get("fused"))
        device = learner.device if what != "step" or fused else torch.device("cpu")
        # a copy: what lies in the file's bytes is not aligned as torch's own memory is
        learner.optimiser.state[parameters[name]][what] = tensor.to(device, copy=True)
    peers = learner.peers
    carried = tuple(
        # one process wrote that of a whole mini-batch; whoever has no share of it reads along with the first example
        tensor[:, min(peers.rank, tensor.shape[1] - 1) :: peers.world].to(learner.device, copy=True).contiguous()
        for _, tensor in sorted(checkpoint.part("carried").items())
    )
    learner.carried = carried[0] if len(carried) == 1 else (carried[0], carried[1]) if carried else None
    if learner.scaler is not None and checkpoint.state.scaler:
        learner.scaler.load_state_dict(checkpoint.state.scaler)


def _check_fits(learner: Learner, checkpoint: Checkpoint) -> None:
    """The net is there whole, of the optimiser everything or nothing, of a state its parts; and nothing else."""
    # only a state may be in half precision, and only of a training in mixed precision
    of_states = (torch.float32, torch.bfloat16, torch.float16) if learner.config.mixed else (torch.float32,)
    found = {
        name: tuple(each.shape)
        for name, each in checkpoint.tensors.items()
        if each.dtype == torch.float32 or (name.startswith("carried.") and each.dtype in of_states)
    }
    parameters = {name: tuple(tensor.shape) for name, tensor in learner.net.named_parameters()}
    expected = {f"net.{name}": shape for name, shape in parameters.items()}
    if any(name.startswith("optimiser.") for name in found):
        for what in KEPT_BY[learner.config.optimiser]:
            expected |= {
                f"optimiser.{what}.{name}": () if what == "step" else shape for name, shape in parameters.items()
            }
    if "carried.0" in found:
        spec = learner.net.spec
        batch = found["carried.0"][1:2]
        widths = (spec.layer_outputs, spec.hidden)[: 2 if spec.cell == "lstm" else 1]
        expected |= {f"carried.{n}": (spec.layers, *batch, width) for n, width in enumerate(widths)}
    names = {*checkpoint.tensors, *expected}
    wrong = sorted(name for name in names if name not in found or found[name] != expected.get(name))
    if wrong:
        raise RunError("The checkpoint is of another training: its “{name}” does not fit.", name=wrong[0])


def _hash(words: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(words.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}\n".encode())
        # as bytes: numpy has no bfloat16, in which mixed precision hands states over
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
