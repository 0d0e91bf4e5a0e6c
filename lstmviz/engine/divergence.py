"""What to say of a training that cannot go on: its loss is no number any more, or memory ran out."""

from __future__ import annotations

import math

import numpy as np
import torch

from lstmviz.engine.events import LastUpdate
from lstmviz.language import mark
from lstmviz.nets.net import Net
from lstmviz.runs.metrics import Floats

Why = tuple[str, dict[str, str | int | float]]
"""A sentence: its template and values."""
_SPIKE = 10.0
"""A loss so many times the usual one comes from weights that have run away already."""


def divergence(net: Net, last: LastUpdate, update: int, rate: float, back: int) -> Why:
    """Why the training stands still: the update, the gradient at fault, and what to do.

    The gradient is the first that is not finite, else the largest. back: the update that it goes back to.
    """
    values: dict[str, str | int | float] = {"update": update, "back": back, "rate": rate}
    if not math.isfinite(last.loss):
        name, norm = _worst(net, weights=True)
        return mark(
            "The training diverged: the loss of update {update} is {loss}, and the largest weights are those of"
            " “{name}” (norm {norm}). It is back at update {back}. The learning rate was {rate:g}: go on with a lower"
            " one, or clip the gradient harder."
        ), {**values, "loss": str(last.loss), "name": name, "norm": norm}
    name, norm = _worst(net, weights=False)
    return mark(
        "The training diverged: in update {update} the gradient of “{name}” has the norm {norm}. It is back at update"
        " {back}. The learning rate was {rate:g}: go on with a lower one, or clip the gradient harder."
    ), {**values, "name": name, "norm": norm}


def sound(losses: Floats, update: int) -> bool:
    """Whether the weights after an update were sound: the next loss, which they gave, is like those before.

    losses: (N,), one number an update. The weights that a run begins with are sound, those that gave no loss are not.
    """
    if not 0 < update < len(losses):
        return update == 0
    return bool(losses[update] <= _SPIKE * np.median(losses[:update]))


def out_of_memory(device: torch.device, update: int) -> Why:
    """Why the training stands still before this update."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return mark(
        "There is not enough memory for update {update} on {device}. Use a smaller --batch, fewer --steps or --hidden"
        " units, or truncated BPTT (--bptt), in a new run; this one stands where it was."
    ), {"update": update, "device": str(device)}


def _worst(net: Net, *, weights: bool) -> tuple[str, str]:
    """The weights, or the gradient, that are not finite or the largest: their name and norm."""
    norms = {
        name: float(torch.linalg.vector_norm(each.detach() if weights else each.grad))
        for name, each in net.named_parameters()
        if weights or each.grad is not None
    }
    if not norms:
        return "", "nan"
    name = max(norms, key=lambda key: norms[key] if math.isfinite(norms[key]) else math.inf)
    return name, f"{norms[name]:.3g}"
