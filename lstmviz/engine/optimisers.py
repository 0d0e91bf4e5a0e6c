"""How gradients become updates: the optimisers, and how the learning rate falls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import msgspec
import torch
from torch import Tensor

from lstmviz.runs.config import RunConfig

KEPT_BY: dict[str, tuple[str, ...]] = {
    "sgd": (),
    "momentum": ("momentum_buffer",),
    "adam": ("step", "exp_avg", "exp_avg_sq"),
    "adamw": ("step", "exp_avg", "exp_avg_sq"),
    "rmsprop": ("step", "square_avg"),
}
"""The tensors that each optimiser keeps for a parameter: their names are torch's."""


def make_optimiser(config: RunConfig, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """The optimiser of a run, in the kernel that does all its work at once where torch has one."""
    weights = list(parameters)
    fused = weights[0].device.type in ("cpu", "cuda")
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimiser == "adam":
        return torch.optim.Adam(weights, rate, weight_decay=decay, fused=fused)
    if config.optimiser == "adamw":
        return torch.optim.AdamW(weights, rate, weight_decay=decay, fused=fused)
    if config.optimiser == "rmsprop":
        return torch.optim.RMSprop(weights, rate, weight_decay=decay, foreach=True)
    momentum = config.momentum if config.optimiser == "momentum" else 0.0
    return torch.optim.SGD(weights, rate, momentum=momentum, weight_decay=decay, fused=fused)


def _step(done: float) -> float:
    return float(0.1 ** min(2, int(3 * done)))


def _exponential(done: float) -> float:
    return float(0.01**done)


def _cosine(done: float) -> float:
    return (1 + math.cos(math.pi * min(1.0, done))) / 2


_SCHEDULES: dict[str, Callable[[float], float]] = {"step": _step, "exponential": _exponential, "cosine": _cosine}


def schedule_factor(schedule: str, done: float) -> float:
    """By what the learning rate is multiplied once a share ``done`` of all epochs is done, 0 to 1.

    step: a tenth after each third. exponential: 0.01^done. cosine: (1 + cos π·done)/2. Others: 1.
    """
    known = _SCHEDULES.get(schedule)
    return 1.0 if known is None else known(done)


class Plateau(msgspec.Struct):
    """Halves the learning rate when the validation stands still: torch's ReduceLROnPlateau(factor=0.5, patience=2).

    waited: epochs since the best one, which is beaten by a ten-thousandth at least. factor: the halvings so far.
    """

    best: float = 1e308
    waited: int = 0
    factor: float = 1.0

    def see(self, loss: float) -> bool:
        """Take a validation's loss in; whether the learning rate was halved."""
        if loss < self.best * (1 - 1e-4):
            self.best, self.waited = loss, 0
            return False
        self.waited += 1
        if self.waited <= 2:
            return False
        self.factor, self.waited = self.factor / 2, 0
        return True
