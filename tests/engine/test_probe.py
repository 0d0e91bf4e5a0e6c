"""The probe is taken most closely where learning begins, and then as often as it is cheap."""

from __future__ import annotations

from pathlib import Path

from lstmviz.engine.beginning import data_of
from lstmviz.engine.probe import SHARE, Probe
from lstmviz.nets.build import build_net
from lstmviz.nets.plan import spec_for
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import probes

CONFIG = RunConfig(data="reber", hidden=4)


def taken(folder: Path | None, every: int, updates: int, *, cost: float, seconds: float) -> list[int]:
    """The updates after which the probe is taken where each probe costs ``cost`` and each update takes ``seconds``."""
    data = data_of(CONFIG)
    net = build_net(spec_for(CONFIG, data))
    probe, found, worked = Probe(data.probe, folder, every), [], 0.0
    for update in range(updates + 1):
        if probe.due(update, worked):
            probe.take(net, update, worked)
            probe._costs[-1] = cost if found else 1000 * cost  # the first one warms everything up
            probe._ended = worked = worked + probe._costs[-1]
            found.append(update)
        worked += seconds
    return found


def test_the_first_updates_are_looked_at_most_closely_however_dear_that_is(tmp_path: Path) -> None:
    assert taken(tmp_path, 0, 300, cost=1e6, seconds=0.001) == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert probes(tmp_path) == (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)


def test_looking_goes_on_as_often_as_its_share_allows_whatever_the_first_look_cost(tmp_path: Path) -> None:
    cost = 0.002
    found = taken(tmp_path, 0, 2000, cost=cost, seconds=0.001)
    late = [update for update in found if update > 512]
    assert SHARE / 2 <= len(late) * cost / ((2000 - 512) * 0.001) <= 1.2 * SHARE
    # twins whose updates take longer or whose probes are cheaper are looked at after many of the same updates
    other = taken(tmp_path, 0, 2000, cost=cost, seconds=0.0013)
    assert len(set(found) & set(other)) >= 0.6 * len(found)


def test_an_interval_that_was_asked_for_is_kept_and_who_does_not_write_never_looks(tmp_path: Path) -> None:
    assert taken(tmp_path, 7, 30, cost=1.0, seconds=0.0) == [0, 7, 14, 21, 28]
    assert taken(None, 1, 30, cost=0.0, seconds=1.0) == []
