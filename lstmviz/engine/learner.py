"""One update of a net, in its four phases: forward, loss, gradients, update."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from lstmviz.engine.distributed import Peers
from lstmviz.engine.events import PHASES, LastUpdate
from lstmviz.engine.optimisers import make_optimiser
from lstmviz.nets.batch import Batch, loss_sum
from lstmviz.nets.net import Net
from lstmviz.nets.recurrent import State, cut
from lstmviz.runs.config import RunConfig

_SKIPPED = 20
"""So many gradients in a row may be too large for half precision before something else is wrong."""


class Learner:
    """A net, its optimiser, and the update that is under way.

    carried: the state that the segments of truncated BPTT hand on, None at the start of a mini-batch.
    """

    def __init__(self, net: Net, config: RunConfig, device: torch.device, peers: Peers) -> None:
        self.net, self.config, self.device, self.peers = net, config, device, peers
        self.parameters = list(net.parameters())
        self.optimiser = make_optimiser(config, self.parameters)
        self.scaler = torch.amp.GradScaler(device.type) if config.mixed and device.type == "cuda" else None
        self.module: nn.Module = peers.share(net)
        self.carried: State | None = None
        self._numbers = [math.nan] * 4
        self._took = [0.0] * 4
        self._phase = 3
        self._said: Tensor | None = None
        self._loss: Tensor | None = None
        self._after: State | None = None
        self._norm: Tensor = torch.zeros(())
        self._skipped = 0

    @property
    def last(self) -> LastUpdate:
        """The last update, or as much of one as is done."""
        loss, norm, clipped, change = self._numbers
        first, second, third, fourth = self._took
        return LastUpdate(loss, norm, clipped, change, (first, second, third, fourth), PHASES[self._phase])

    def forward(self, batch: Batch, start: int, stop: int | None, update: int) -> None:
        """Phase 1: the net reads steps ``start`` to ``stop`` of a mini-batch."""
        began = time.perf_counter()
        with self._precision(), self._drawn(update):
            self._said, self._after = self.module(batch, self.carried, start, stop)
        self._done(0, began)

    @torch.no_grad()
    def skim(self, batch: Batch, start: int, stop: int | None, update: int) -> None:
        """Read a segment in which nothing is asked, for the state alone; dropout between layers falls here too."""
        with self._precision(), self._drawn(update, start):
            _, self.carried = self.net.read(batch, self.carried, start, stop)

    def loss(self, wanted: Tensor) -> float:
        """Phase 2: the mean loss over what is asked, in all processes together."""
        began = time.perf_counter()
        assert self._said is not None
        said = self._said.float() if self.config.mixed else self._said
        total, count = loss_sum(self.net, said, wanted)
        if self.peers.world == 1:
            self._loss = total / count
            value = float(self._loss.detach())
        else:
            everywhere = self.peers.total(torch.stack([total.detach().double(), count.double()]))
            self._loss = total * (self.peers.world / everywhere[1]).to(total.dtype)
            value = float(everywhere[0] / everywhere[1])
        self._said = None
        self._numbers[0] = value
        self._done(1, began)
        return value

    def gradients(self, clipping: float) -> float:
        """Phase 3: every weight's gradient; the norm of them all, before the clipping of the next phase."""
        began = time.perf_counter()
        assert self._loss is not None
        self._no_gradients()
        loss = self._loss if self.scaler is None else self.scaler.scale(self._loss)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.scaler is not None:
            self.scaler.unscale_(self.optimiser)
        self._loss = None
        self._norm = nn.utils.get_total_norm([each.grad for each in self.parameters if each.grad is not None])
        norm = float(self._norm)
        self._numbers[1:3] = norm, min(norm, clipping) if clipping else norm
        self._done(2, began)
        return norm

    def update(self, rate: float, clipping: float, *, measure: bool) -> None:
        """Phase 4: clip the gradients and change the weights; ``measure``: by how much, too."""
        began = time.perf_counter()
        if clipping and not self._numbers[1] <= clipping:
            nn.utils.clip_grads_with_norm_(self.parameters, clipping, self._norm)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        before = [each.detach().clone() for each in self.parameters] if measure else []
        if self.scaler is None:
            self.optimiser.step()
        else:
            self.scaler.step(self.optimiser)
            self.scaler.update()
        if measure:
            self._numbers[3] = self._change(before)
        self.carried = None if self._after is None else cut(self._after)
        self._after = None
        self._done(3, began)

    @torch.no_grad()
    def judge(self, batches: Iterable[Batch]) -> float:
        """The mean loss over what is asked in some batches, in full precision and without dropout."""
        self.net.eval()
        total = count = 0.0
        try:
            for batch in batches:
                part, asked = loss_sum(self.net, self.net.read(batch)[0], batch.wanted)
                total, count = total + float(part), count + float(asked)
        finally:
            self.net.train()
        return total / max(1.0, count)

    def diverged(self) -> bool:
        """Whether the loss or the gradient is no number any more.

        In half precision single gradients that are too large are left out, and the scale of the loss is lowered.
        """
        loss, norm, *_ = self._numbers
        if not math.isfinite(loss):
            return True
        self._skipped = 0 if math.isfinite(norm) else self._skipped + 1
        return self._skipped > (0 if self.scaler is None else _SKIPPED)

    def forget(self) -> None:
        """Drop the update that is under way."""
        self._said = self._loss = self._after = None
        self._skipped = 0
        self._no_gradients()
        if self.scaler is not None:  # one that has unscaled the gradients of an update does so once, and wants its step
            state = self.scaler.state_dict()
            self.scaler = torch.amp.GradScaler(self.device.type)
            self.scaler.load_state_dict(state)

    def _no_gradients(self) -> None:
        for each in self.parameters:
            each.grad = None

    def _done(self, phase: int, began: float) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # so that each phase's work falls into its own seconds
        self._took[phase], self._phase = time.perf_counter() - began, phase

    def _change(self, before: list[Tensor]) -> float:
        moved = torch._foreach_sub([each.detach() for each in self.parameters], before)
        size = float(nn.utils.get_total_norm(before))
        return float(nn.utils.get_total_norm(moved)) / size if size else math.inf

    def _precision(self) -> AbstractContextManager[object]:
        if not self.config.mixed:
            return nullcontext()
        return torch.autocast(self.device.type, torch.float16 if self.device.type == "cuda" else torch.bfloat16)

    @contextmanager
    def _drawn(self, *place: int) -> Iterator[None]:
        """Dropout's random numbers, told by the run's seed, the place (the update, and the step where a segment is only
        skimmed) and the process alone; others' are untouched."""
        if not self.config.dropout:
            yield
            return
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(_mixed(self.config.seed, *place, self.peers.rank))
            yield


def _mixed(*numbers: int) -> int:
    """One seed from several numbers, different for different ones."""
    seed = 0
    for number in numbers:
        seed = (seed * 6364136223846793005 + number + 1442695040888963407) % (1 << 63)
    return seed
