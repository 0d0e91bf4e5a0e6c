"""The gradient of a loss of a net on one sequence, with respect to every state of every layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lstmviz.analysis import gradient_flow as through_time
from lstmviz.analysis.gradient_flow import Arrays, Verdict, norms
from lstmviz.engine.recorder import record
from lstmviz.errors import SequenceError, TraceError
from lstmviz.nets.batch import NOTHING, encode_example, loss_sum, make_batch
from lstmviz.nets.net import Net
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace


@dataclass(frozen=True, eq=False)
class FlowResult:
    """step: the step whose loss is meant, −1 for all. loss: its mean over what is asked, as in training.

    arrays: ∂loss/∂h(t) and ∂loss/∂c(t) by layer and direction, whole and by the way they came; the keys are those of
    `analysis.gradient_flow.gradient_flow`: ``0/forward/dc`` is (T, H) of the first layer, ``0/forward/dc_through_c``
    its share through c itself.
    """

    def __repr__(self) -> str:
        """A line, not every number of it: this is what a notebook shows."""
        return f"<FlowResult: loss {self.loss:.4f} of {'all steps' if self.step < 0 else f'step {self.step}'}>"

    step: int
    loss: float
    arrays: Arrays

    def drawn(self) -> Arrays:
        """What a picture of it needs, small enough to be sent: see `analysis.gradient_flow.norms`."""
        return norms(self.arrays)

    def verdict(self, lane: str = "0/forward") -> Verdict:
        """Whether the gradient of a lane's state vanishes, keeps its size or explodes, and by which factor a step."""
        if f"{lane}/dh" not in self.arrays:
            lanes = ", ".join(key.removesuffix("/dh") for key in self.arrays if key.endswith("/dh"))
            raise TraceError("There is no lane “{lane}”; expected one of: {known}.", lane=lane, known=lanes)
        return through_time.verdict(self.drawn(), lane, self.step)


def gradient_flow(net: Net, sequence: Sequence, step: int = -1) -> FlowResult:
    """Follow the gradient of a loss back through time, without dropout; nothing of the net changes.

        run = lstmviz.train("embedded-reber")
        found = lstmviz.gradient_flow(run.net, sequence, step=40)
        found.arrays["0/forward/dc"]                 # (T, H) float64, ∂L/∂c(t) of the first layer
        found.verdict().half_life                    # steps until half of it is left

    step: the step whose loss is meant, −1 for the mean over all that are asked. The signals are recorded, torch
    differentiates loss and read-out, and the layers are gone through backwards in float64. Raises SequenceError where
    nothing is asked at the step, or the step is not in the sequence.
    """
    wanted = make_batch([encode_example(net, sequence)], "cpu").wanted
    if not -1 <= step < len(sequence):
        raise SequenceError(
            "Step {t} is outside “{name}”; expected 0 to {last}, or −1 for all steps.",
            t=step,
            name=sequence.name,
            last=len(sequence) - 1,
        )
    asked = _only(wanted, step)
    if not _is_asked(asked).any():
        raise SequenceError(
            "Nothing is asked of the net at step {t} of “{name}”; the nearest step with a target is {nearest}.",
            t=step,
            name=sequence.name,
            nearest=_nearest(wanted, step),
        )
    trace = record(net, sequence)
    loss, dy = _loss_and_gradient(net, trace, asked)
    return FlowResult(step, loss, through_time.gradient_flow(trace, dy))


def _only(wanted: Tensor, step: int) -> Tensor:
    """What is asked at one step alone, or at all."""
    if step < 0:
        return wanted
    nothing = NOTHING if wanted.dtype == torch.int64 else torch.nan
    only = torch.full_like(wanted, nothing)
    only[:, step] = wanted[:, step]
    return only


def _is_asked(wanted: Tensor) -> Tensor:
    """Whether anything is asked at each step, (T,)."""
    if wanted.dtype == torch.int64:
        return wanted[0] != NOTHING
    return torch.isfinite(wanted[0]).any(dim=1)


def _nearest(wanted: Tensor, step: int) -> int:
    places = torch.nonzero(_is_asked(wanted))[:, 0]
    return int(places[(places - step).abs().argmin()])


def _loss_and_gradient(net: Net, trace: Trace, wanted: Tensor) -> tuple[float, np.ndarray]:
    """The loss, and its gradient with respect to the last layer's h, (T, R·D) float64."""
    last = trace.layers[-1]
    top = np.concatenate([trace.lanes[last.index, side].signals["h"] for side in last.directions], axis=1)
    like = next(net.parameters())
    h = torch.tensor(top[None], dtype=like.dtype, device=like.device, requires_grad=True)
    dropping = net.dropout.training
    net.dropout.eval()
    try:
        said = net.say(h)
    finally:
        net.dropout.train(dropping)
    if wanted.is_floating_point():
        wanted = wanted.to(said.dtype)
    total, count = loss_sum(net, said, wanted.to(like.device))
    loss = total / count
    (gradient,) = torch.autograd.grad(loss, h)
    return float(loss.detach()), gradient[0].double().cpu().numpy()
