"""The benchmark of the literature's numbers: what it measures with, quickly, and each row on one seed, slowly."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import lstmviz
from lstmviz import paths
from lstmviz.sequences.generators.reber import EMBEDDED_GRAPH, VOCABULARY

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("literature", "classics")]:
        del sys.modules[name]


@pytest.mark.parametrize(("bias", "steps"), [(0, 1.44), (1, 3.19), (2, 7.88), (5, 149)])
def test_a_fresh_net_remembers_as_long_as_its_forget_bias_says(bias: float, steps: float) -> None:
    from literature.horizon import expected, measured

    assert expected(bias) == pytest.approx(steps, rel=2e-3)
    assert measured(bias, seed=11) == pytest.approx(steps, rel=0.1)


@pytest.mark.parametrize("bias", [0, 1, 2])
def test_what_is_put_into_c_fades_as_the_recorded_gates_say(bias: float) -> None:
    """Another road than the product of f: c of each unit is moved, and the net reads on with all its paths open."""
    import torch
    from literature.horizon import expected

    from lstmviz.nets.build import build_net
    from lstmviz.nets.spec import NetSpec, OneHotInput
    from lstmviz.sequences.generators.reber import continual_reber

    units, steps = 128, round(expected(bias))
    net = build_net(NetSpec(name="fresh", input=OneHotInput(VOCABULARY), hidden=units), 11, forget_bias=bias).double()
    x = torch.from_numpy(net.encode(continual_reber(11, steps=50 + steps).sequence)).double()[None]
    with torch.no_grad():
        _, (h, c) = net.recurrent(x[:, :50])
        moved = c.repeat(1, units + 1, 1)
        moved[0, :units] += 0.1 * torch.eye(units, dtype=torch.float64)
        again = x[:, 50:].repeat(units + 1, 1, 1)
        _, (_, after) = net.recurrent(again, (h.repeat(1, units + 1, 1), moved))
    left = float((after[0, :units] - after[0, units:]).diagonal().mean()) / 0.1
    assert -steps / np.log(left) == pytest.approx(expected(bias), rel=0.1)


def test_the_judge_of_reber_knows_right_from_wrong() -> None:
    from literature.reber import OPTIMUM, _legal, _strings, judge

    assert pytest.approx(7 * np.log(2) / 11, abs=1e-4) == OPTIMUM
    string = _strings()[0]
    state = "start"
    for t, symbol in enumerate(string[:-1]):
        state = EMBEDDED_GRAPH[state][symbol]
        assert _legal()[string[: t + 1]] == set(EMBEDDED_GRAPH[state])
    # the net of the samples learnt this grammar from streams; the one that counts aⁿbⁿ has other symbols
    wrong, outer, loss = judge(lstmviz.load_model(paths.samples() / "nets" / "reber.safetensors"), 300)
    assert outer <= wrong < 300
    assert OPTIMUM - 0.05 < loss < OPTIMUM + 0.1


def test_adding_counts_to_the_first_error_and_a_net_that_says_the_mean_errs_by_the_variance() -> None:
    from literature.adding import LENGTH, RIGHT, VARIANCE, in_a_row
    from literature.answers import answers

    net = lstmviz.load_model(paths.samples() / "nets" / "adding.safetensors")
    said, wanted = answers(net, "adding", LENGTH, 0, 300)
    assert np.mean((wanted - 0.5) ** 2) == pytest.approx(VARIANCE, rel=0.15)
    wrong = np.flatnonzero(np.abs(said[:, 0] - wanted) >= RIGHT)
    assert in_a_row(net, 0) == wrong[0]


def test_the_net_written_by_hand_counts_and_the_trained_one_stops_somewhere() -> None:
    from literature.counting import is_right, reach

    exact, learnt = (lstmviz.load_model(paths.samples() / "nets" / f"{name}.safetensors")
                     for name in ("anbn-exact", "anbn"))  # fmt: skip
    assert is_right(exact, 1_000)
    assert reach(exact, 30) == 30
    assert 10 <= reach(learnt, 200) < 200


def test_the_command_prints_the_row_with_every_seed_and_what_was_published(capsys: pytest.CaptureFixture[str]) -> None:
    import classics

    assert classics.main(["horizon", "--seeds", "2"]) == 0
    printed = capsys.readouterr().out
    assert "seed 0" in printed
    assert "seed 1" in printed
    assert "2 of 2 seeds" in printed
    with pytest.raises(SystemExit):
        classics.main(["nothing of the kind"])


@pytest.mark.slow
@pytest.mark.parametrize("row", ["reber", "adding", "order", "anbn", "continual"])
def test_each_row_reaches_its_bar_on_a_seed(row: str) -> None:
    import classics

    outcome = classics.ROWS[row].measure(0)
    assert outcome.passed, outcome.said
