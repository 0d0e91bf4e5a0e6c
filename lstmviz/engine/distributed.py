"""Training on several processes at once: torch's own DistributedDataParallel, started by torchrun.

Each process reads its share of every mini-batch; gradients are averaged over them by torch, so each one's loss is
scaled until the average is what one process would have computed. The first process alone writes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from lstmviz.errors import RunError
from lstmviz.nets.batch import Batch
from lstmviz.nets.net import Net
from lstmviz.nets.recurrent import State

_CPU = torch.device("cpu")


class Reader(nn.Module):
    """A net that reads stretches of a batch when it is called, as DistributedDataParallel wants it."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, batch: Batch, state: State | None, start: int, stop: int | None) -> tuple[Tensor, State | None]:
        """What the net says of steps ``start`` to ``stop``, and its state after them."""
        return self.net.read(batch, state, start, stop)


@dataclass(frozen=True)
class Peers:
    """The processes of one training; ``rank`` is this one's place among ``world``."""

    rank: int = 0
    world: int = 1
    device: torch.device = _CPU

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def share(self, net: Net) -> nn.Module:
        """The net as it is called in training: its gradients are averaged over the processes."""
        reader = Reader(net)
        if self.world == 1:
            return reader
        places = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(reader, device_ids=places)

    def total(self, numbers: Tensor) -> Tensor:
        """The numbers summed over the processes."""
        if self.world > 1:
            dist.all_reduce(numbers)
        return numbers

    def most(self, number: int) -> int:
        """The largest of the processes' numbers."""
        if self.world == 1:
            return number
        numbers = torch.tensor(number, device=self.device)
        dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return int(numbers)

    def told(self, data: bytes) -> bytes:
        """What the first process says, on all of them."""
        if self.world == 1:
            return data
        size = torch.tensor(len(data), device=self.device)
        dist.broadcast(size, 0)
        if not int(size):  # no backend sends nothing
            return b""
        buffer = torch.zeros(int(size), dtype=torch.uint8, device=self.device)
        if self.first:
            buffer.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
        dist.broadcast(buffer, 0)
        return bytes(buffer.cpu().numpy())

    def leave(self) -> None:
        """Take this process out; everything worth keeping is on the disk by then."""
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()


def join_peers(choice: str) -> Peers:
    """The processes that torchrun started, by its environment variables; this one alone without them.

    nccl where the training is on GPUs, one each, else gloo; raises RunError where GPUs were asked for and are too few.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1 or "RANK" not in os.environ:
        return Peers()
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    on_gpus = one_gpu_each(choice, here, torch.cuda.device_count())
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if on_gpus else _CPU
    if on_gpus:
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if on_gpus else "gloo")
    return Peers(dist.get_rank(), world, device)


def one_gpu_each(choice: str, processes: int, gpus: int) -> bool:
    """Whether the processes of this computer compute on its GPUs; all of them or none, or they wait for one another.

    Raises RunError where GPUs were asked for and there are fewer than processes.
    """
    if choice == "cuda" and gpus < processes:
        raise RunError(
            "--device cuda needs a GPU for each of the {processes} processes here; there are {gpus}. Start as many"
            " processes as there are GPUs, or use --device cpu.",
            processes=processes,
            gpus=gpus,
        )
    return choice in ("auto", "cuda") and gpus >= processes
