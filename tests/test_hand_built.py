"""The net that was written by hand: right at every step, for every n, and the one that the script writes."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from shipped_nets import Numbers, looked_at, net_of, owed, shown

from lstmviz import paths
from lstmviz.sequences.generators.counting import VOCABULARY, anbn_string

BY_HAND = "anbn-exact"


def legal_in_anbn(n: int) -> list[set[str]]:
    """What may follow each symbol of S aⁿ bⁿ but the last (Gers and Schmidhuber 2001)."""
    return [{"a"}, *[{"a", "b"}] * n, *[{"b"}] * (n - 1), {"T"}]


def said_of_anbn(n: int) -> Numbers:
    """What the hand-written net says while it reads S aⁿ bⁿ T, by torch's own layer and our own softmax."""
    net = net_of(BY_HAND)
    with torch.no_grad():
        logits = net(torch.from_numpy(net.encode(anbn_string(n)))[None])[0].double().numpy()
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("n", [1, 2, 3, 10, 100, 999, 1000])
def test_the_hand_written_net_says_what_may_come_at_every_step(n: int) -> None:
    for legal, said in zip(legal_in_anbn(n), said_of_anbn(n), strict=False):
        for symbol, share in zip(VOCABULARY, said, strict=True):
            assert share == pytest.approx(1 / len(legal) if symbol in legal else 0, abs=2e-5)


@pytest.mark.slow
def test_the_hand_written_net_is_right_for_every_n_up_to_a_thousand() -> None:
    for n in range(1, 1001):
        said = [{VOCABULARY[place] for place in np.flatnonzero(row > 0.25)} for row in said_of_anbn(n)[:-1]]
        assert said == legal_in_anbn(n), n


def test_the_counter_written_by_hand_holds_exactly_what_is_owed() -> None:
    trace, spec = shown(BY_HAND), net_of(BY_HAND).spec
    assert len(trace) == 2002
    assert (looked_at(BY_HAND, [trace])[:-1] == owed(trace)[:-1]).all()
    assert spec.hidden == 3
    assert set(spec.note) == {"en", "pt_BR"}


def test_the_hand_written_net_is_the_one_that_the_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("hand_built", paths.samples() / "hand_built.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written, shipped = script.anbn_exact(), net_of(BY_HAND)
    assert written.spec.note == shipped.spec.note
    for name, tensor in written.state_dict().items():
        assert torch.equal(tensor, shipped.state_dict()[name])
