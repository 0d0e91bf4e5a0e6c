"""The trainer learns, does one thing at a time, and can be watched for nothing."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from lstmviz.engine.events import Ended, Paused, Phase, Probed, Saved, Updated, Validated
from lstmviz.engine.optimisers import Plateau, schedule_factor
from lstmviz.engine.trainer import Trainer
from lstmviz.errors import RunError
from lstmviz.nets.build import build_net
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import probes
from lstmviz.runs.probes import read_probe

SMALL = RunConfig(data="embedded-reber", hidden=8, examples=64, batch=8, epochs=2, checkpoint_every=1000)


def changed(**settings: object) -> RunConfig:
    return msgspec.structs.replace(SMALL, **settings)


def weights(trainer: Trainer) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in trainer.net.state_dict().items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


# it learns


@pytest.mark.parametrize(
    ("config", "most"),
    [
        # a net that knows the letter frequencies alone pays over 1.5 nats
        (changed(hidden=16, examples=640, batch=32, epochs=8, learning_rate=0.03), 0.75),
        (changed(data="sunspots", hidden=16, examples=320, batch=32, epochs=8), 0.4),  # the variance is 1
    ],
)
def test_a_net_learns(config: RunConfig, most: float, tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", config)
    trainer.run()
    assert trainer.metrics.validation[-1] < most < trainer.metrics.validation[0] * 1.5
    assert trainer.state == "ended"


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "adam", "adamw", "rmsprop"])
def test_an_update_is_that_of_a_plain_loop(optimiser: str, tmp_path: Path) -> None:
    config = changed(optimiser=optimiser, clipping=0.2, weight_decay=0.01, learning_rate=0.02, layers=2)
    trainer = Trainer(tmp_path / "run", config)
    net = build_net(trainer.spec, config.seed)
    kinds = {
        "sgd": lambda p: torch.optim.SGD(p, 0.02, weight_decay=0.01),
        "momentum": lambda p: torch.optim.SGD(p, 0.02, momentum=0.9, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam(p, 0.02, weight_decay=0.01),
        "adamw": lambda p: torch.optim.AdamW(p, 0.02, weight_decay=0.01),
        "rmsprop": lambda p: torch.optim.RMSprop(p, 0.02, weight_decay=0.01),
    }
    plain = kinds[optimiser](net.parameters())
    for n in range(4):
        batch = trainer.batches.at(0, n)
        said = net.readout(net.recurrent(batch.x)[0])
        loss = torch.nn.functional.cross_entropy(said.flatten(0, 1), batch.wanted.flatten())
        plain.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 0.2)
        plain.step()
        while trainer.update == n:
            trainer.advance()
        assert trainer.last.loss == pytest.approx(loss.item(), rel=1e-5)
        assert trainer.last.norm == pytest.approx(float(norm), rel=1e-4)
        assert trainer.last.clipped == pytest.approx(min(0.2, float(norm)), rel=1e-4)
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(trainer.net.state_dict()[name], tensor, atol=2e-6, rtol=2e-5)


def test_truncated_bptt_carries_the_state_and_cuts_the_gradient(tmp_path: Path) -> None:
    config = changed(data="sunspots", steps=21, bptt=8, batch=4, optimiser="sgd", clipping=0)
    trainer = Trainer(tmp_path / "run", config)
    net, batch = build_net(trainer.spec, 0), trainer.batches.at(0, 0)
    plain, state = torch.optim.SGD(net.parameters(), 0.01), None
    for start in (0, 8, 16):
        h, state = net.recurrent(batch.x[:, start : start + 8], state)
        loss = torch.nn.functional.mse_loss(net.readout(h), batch.wanted[:, start : start + 8])
        plain.zero_grad()
        loss.backward()
        plain.step()
        state = tuple(part.detach() for part in state)
    while trainer.update < 3:
        trainer.advance()
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(trainer.net.state_dict()[name], tensor, atol=1e-6, rtol=1e-5)
    assert trainer.updates == 2 * 16 * 3


def test_the_whole_file_in_a_table_gives_the_batches_of_its_windows(tmp_path: Path) -> None:
    for data in ("sunspots", "text-en"):
        trainer = Trainer(tmp_path / data, changed(data=data, steps=13))
        table = trainer.batches.at(0, 3)
        trainer.batches._whole = None
        plain = trainer.batches.at(0, 3)
        torch.testing.assert_close(table.x, plain.x, rtol=0, atol=0)
        torch.testing.assert_close(table.wanted, plain.wanted, rtol=0, atol=0, equal_nan=True)
        assert table.lengths.tolist() == plain.lengths.tolist()


def test_half_precision_learns_on_the_processor(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", changed(mixed=True, hidden=16, learning_rate=0.03, examples=320))
    trainer.run()
    assert trainer.metrics.validation[-1] < trainer.metrics.loss[0] - 0.2
    assert all(each.dtype == torch.float32 for each in trainer.net.parameters())


@pytest.mark.parametrize(
    "settings",
    [
        {"data": "adding", "topology": "seq2vec", "cell": "gru", "bidirectional": True},
        {"data": "digit-names", "topology": "vec2seq", "projection": 3},
        {"data": "dates", "topology": "enc2dec", "layers": 2, "dropout": 0.2},
        {"data": "continual-reber", "bptt": 20, "peepholes": True, "layer_norm": True},
        {"data": "sunspots", "cell": "rnn", "activation": "relu", "initialisation": "orthogonal"},
        {"data": "sunspots", "mixed": True, "bptt": 6, "checkpoint_every": 1},  # states in bfloat16 between segments
    ],
)
def test_every_kind_of_net_trains_is_watched_and_goes_on(settings: dict[str, object], tmp_path: Path) -> None:
    config = changed(**{"hidden": 6, "examples": 16, "epochs": 2, "checkpoint_every": 2, "steps": 20, **settings})
    trainer = Trainer(tmp_path / "run", config)
    while trainer.update < 3:
        trainer.advance()
    again = Trainer(tmp_path / "run")
    assert again.update == 2
    for each in (trainer, again):
        last = [event for event in each.events() if isinstance(event, Probed)][-1]
    assert last.trace.check.passed
    assert math.isfinite(again.metrics.validation[-1])
    assert same(weights(trainer), weights(again))
    kept = read_probe(tmp_path / "run" / "probes" / f"{again.update:010}.npz")
    for key, lane in last.trace.lanes.items():
        for name, array in lane.signals.items():
            np.testing.assert_array_equal(kept.lanes[key].signals[name], array)
    assert kept.handover == last.trace.handover


# one thing at a time


def test_events_come_in_their_order(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", changed(examples=16, epochs=1, probe_every=1, checkpoint_every=1))
    kinds = [event.name if isinstance(event, Phase) else type(event).__name__ for event in trainer.events()]
    update = ["forward", "loss", "gradients", "Updated"]
    follows = ["Probed", "Saved"]
    assert kinds == ["Probed", *update, *follows, *update, "Validated", *follows, "Ended"]
    assert trainer.metrics.update.tolist() == [1, 2]
    assert trainer.metrics.epoch.tolist() == [0.5, 1.0]
    assert trainer.metrics.validation_update.tolist() == [2]


@pytest.mark.parametrize(("action", "kind"), [("phase", Phase), ("batch", Updated), ("epoch", Validated)])
def test_one_phase_batch_or_epoch_and_then_it_stands_still(action: str, kind: type, tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", SMALL)
    trainer.steer("pause")
    assert isinstance(trainer.advance(), Paused)
    trainer.steer(action)
    events = list(trainer.events())
    assert trainer.state == "paused"
    assert trainer.why is None
    assert sum(isinstance(event, kind) for event in events) == 1
    assert trainer.update == {"phase": 0, "batch": 1, "epoch": 8}[action]
    if action == "batch":  # whoever goes step by step looks at each
        assert isinstance(events[-1], Probed)
        assert events[-1].update == 1
        assert trainer.last.change > 0


def test_four_phases_by_hand_are_an_update(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", SMALL)
    names = []
    for _ in range(4):
        trainer.steer("phase")
        list(trainer.events())
        names.append(trainer.last.phase)
    assert names == ["forward", "loss", "gradients", "update"]
    assert trainer.update == 1
    assert all(seconds > 0 for seconds in trainer.last.took)
    free = Trainer(tmp_path / "free", SMALL)
    while free.update < 1:
        free.advance()
    assert same(weights(trainer), weights(free))


def test_a_stopped_training_is_saved_and_goes_on_later(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", SMALL)
    while trainer.update < 3:
        trainer.advance()
    trainer.steer("stop")
    assert [type(event) for event in trainer.events()] == [Probed, Saved, Ended]
    assert Trainer(tmp_path / "run").update == 3


def test_rates_changed_on_the_fly_work_at_once_and_are_logged(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", changed(schedule="cosine"))
    while trainer.update < 8:
        trainer.advance()
    trainer.steer(learning_rate=0.004, clipping=0.5)
    assert trainer.learning_rate == pytest.approx(0.004)
    assert [update for update, _ in trainer.log] == [8, 8]
    while trainer.update < 9:
        trainer.advance()
    assert trainer.metrics.rate[-1] == pytest.approx(0.004)
    assert trainer.learning_rate < 0.004  # the schedule goes on from there
    with pytest.raises(RunError, match="--learning-rate is -1"):
        trainer.steer(learning_rate=-1)


def test_the_learning_rate_follows_its_schedule() -> None:
    assert [schedule_factor("step", done) for done in (0, 0.32, 0.34, 0.66, 0.67, 1)] == [
        1, 1, 0.1, 0.1, pytest.approx(0.01), pytest.approx(0.01),
    ]  # fmt: skip
    assert schedule_factor("exponential", 1) == pytest.approx(0.01)
    assert [schedule_factor("cosine", done) for done in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])


def test_the_plateau_halves_when_torch_would() -> None:
    losses = [1, 0.9, 0.95, 0.9, 0.9, 0.91, 0.89999, 0.8, 0.9, 0.9, 0.9, 0.9, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    oracle = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=2)
    ours = Plateau()
    for loss in losses:
        oracle.step(loss)
        ours.see(loss)
        assert ours.factor == optimiser.param_groups[0]["lr"]
    assert ours.factor < 1


# looking


def test_looking_never_changes_the_training(tmp_path: Path) -> None:
    found = []
    for name, every in (("never", 10**6), ("always", 1), ("adaptive", 0)):
        trainer = Trainer(tmp_path / name, changed(dropout=0.4, layers=2, probe_every=every))
        for _ in trainer.events():
            if name == "always" and trainer.update % 3 == 0 and trainer.update != trainer.metrics.rows:
                trainer.steer("probe")
                trainer.steer("go")
        found.append(weights(trainer))
    assert same(found[0], found[1])
    assert same(found[0], found[2])


def test_twins_that_take_turns_learn_as_each_alone(tmp_path: Path) -> None:
    config = changed(dropout=0.4)
    one, other = Trainer(tmp_path / "one", config), Trainer(tmp_path / "other", changed(dropout=0.4, seed=1))
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    while one.state == "training":
        one.advance()
        other.advance()
    assert torch.equal(torch.random.get_rng_state(), before)
    alone = Trainer(tmp_path / "alone", config)
    alone.run()
    assert same(weights(one), weights(alone))
    assert not same(weights(one), weights(other))


def test_probes_come_as_often_as_asked_and_hold_what_was_recorded(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", changed(probe_every=5))
    traces = {event.update: event.trace for event in trainer.events() if isinstance(event, Probed)}
    assert tuple(traces) == probes(tmp_path / "run") == (0, 5, 10, 15, 16)
    kept = read_probe(tmp_path / "run" / "probes" / "0000000010.npz")
    for name in "ifogch":
        np.testing.assert_array_equal(kept[name], traces[10][name])
    assert kept.check == traces[10].check
    assert kept.model == traces[10].model
    assert not np.array_equal(traces[0]["f"], traces[16]["f"])


def test_the_change_that_stays_on_screen_is_that_of_the_last_update(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", RunConfig(data="embedded-reber", hidden=4, examples=64, batch=8, epochs=2))
    moved = whole = 0.0
    while trainer.state == "training":
        before = [each.detach().clone() for each in trainer.net.parameters()]
        if isinstance(trainer.advance(), Updated):
            after = [each.detach() for each in trainer.net.parameters()]
            moved = sum(float((a - b).square().sum()) for a, b in zip(after, before, strict=True))
            whole = sum(float(b.square().sum()) for b in before)
    trainer.close()
    assert trainer.last.change == pytest.approx((moved / whole) ** 0.5, rel=1e-3)
