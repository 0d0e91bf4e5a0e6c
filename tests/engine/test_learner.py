"""What a learner does is told by where it stands, and can be dropped and done again."""

from __future__ import annotations

import math

import pytest
import torch

from lstmviz.engine.batches import Batches
from lstmviz.engine.beginning import data_of
from lstmviz.engine.distributed import Peers
from lstmviz.engine.learner import Learner
from lstmviz.nets.batch import Batch
from lstmviz.nets.build import build_net
from lstmviz.nets.plan import spec_for
from lstmviz.runs.config import RunConfig

CPU = torch.device("cpu")


def made(**settings: object) -> tuple[Learner, Batch]:
    config = RunConfig(data="embedded-reber", hidden=6, examples=8, batch=8, **settings)
    data = data_of(config)
    net = build_net(spec_for(config, data), config.seed)
    net.set_dropout(config.dropout)
    return Learner(net, config, CPU, Peers()), Batches(data, net, config, CPU, Peers()).at(0, 0)


def test_what_is_only_read_over_drops_the_same_each_time_and_leaves_others_numbers_alone() -> None:
    learner, batch = made(layers=2, dropout=0.5, bptt=4)
    carried = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        learner.carried = None
        learner.skim(batch, 0, 4, 7)
        assert torch.equal(before, torch.get_rng_state())
        carried.append(learner.carried)
    for one, other in zip(*carried, strict=True):
        assert torch.equal(one, other)
    learner.carried = None
    learner.skim(batch, 0, 4, 8)  # another update, other random numbers
    assert not torch.equal(learner.carried[0], carried[0][0])


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop"])
def test_an_update_dropped_after_its_gradients_is_done_again_with_a_scaled_loss(optimiser: str) -> None:
    """As in half precision on a GPU; what GradScaler keeps about an update must go with it."""
    learner, batch = made(optimiser=optimiser)
    learner.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    plain, _ = made(optimiser=optimiser)
    for each, times in ((plain, 1), (learner, 3)):
        for _ in range(times):
            each.forget()
            each.forward(batch, 0, None, 0)
            each.loss(batch.wanted)
            each.gradients(0.1)
        assert not each.diverged()
        each.update(0.01, 0.1, measure=True)
    assert learner.scaler.get_scale() == 1024.0
    for one, other in zip(plain.parameters, learner.parameters, strict=True):
        torch.testing.assert_close(one, other)


def test_a_gradient_too_large_for_half_precision_is_left_out_and_is_no_divergence() -> None:
    learner, batch = made()
    learner.scaler = torch.amp.GradScaler("cpu", init_scale=1e38)  # float32 overflows as float16 would
    before = [each.detach().clone() for each in learner.parameters]
    learner.forward(batch, 0, None, 0)
    learner.loss(batch.wanted)
    learner._loss = learner._loss * 1e3
    assert not math.isfinite(learner.gradients(0.1))
    assert not learner.diverged()
    learner.update(0.01, 0.1, measure=True)
    assert all(torch.equal(one, other) for one, other in zip(before, learner.parameters, strict=True))
    assert learner.scaler.get_scale() == pytest.approx(5e37)
    assert learner.last.change == 0
