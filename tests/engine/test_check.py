"""The check of a recording finds a wrong number wherever it stands, and says against what it looked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

import lstmviz
from lstmviz.cells.activations import Functions
from lstmviz.engine.check import Checker
from lstmviz.engine.fused import fused_lane
from lstmviz.engine.looped import looped_lane
from lstmviz.engine.weights import read_stack
from lstmviz.nets.loop import LoopLayers

KINDS = {
    "lstm": lambda: nn.LSTM(3, 5),
    "gru": lambda: nn.GRU(3, 5),
    "rnn": lambda: nn.RNN(3, 5),
    "peepholes": lambda: LoopLayers(3, 5, peepholes=True),
    "other functions": lambda: LoopLayers(3, 5, functions=Functions("hard_sigmoid", "relu", "softsign", 0.5)),
    "layer norm": lambda: LoopLayers(3, 40, layer_norm=True),
    "wide, peepholes": lambda: LoopLayers(3, 40, peepholes=True),
}


def run_of(kind: str):
    torch.manual_seed(5)
    stack = read_stack(KINDS[kind]())
    weights = stack.lanes[0, "forward"]
    units = weights.units
    x, h0, c0 = torch.randn(20, 2, 3), torch.randn(2, units), torch.randn(2, units)
    with torch.no_grad():
        lane = fused_lane if weights.loop is None else looped_lane
        run = lane(weights, x, h0, c0 if stack.cell == "lstm" else None)
    checker = Checker([20, 20], stack)
    return run, checker, lambda found: checker.error(weights, x, h0, c0 if stack.cell == "lstm" else None, found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_true_recording_passes_and_a_wrong_number_anywhere_fails(kind):
    run, checker, error = run_of(kind)
    assert error(run) <= checker.tolerance
    for name in ("h", "gates", "c"):
        signal = getattr(run, name)
        if signal is not None:
            wrong = signal.clone()
            wrong[19, 1, -1] += 0.01
            assert error(replace(run, **{name: wrong})) > checker.tolerance, name


@pytest.mark.parametrize(
    ("kind", "against", "tolerance"),
    [
        ("lstm", ("cells float64", "torch"), 1e-5),
        ("gru", ("cells float64", "torch"), 1e-5),
        ("peepholes", ("cells float64",), 1e-5),
        ("layer norm", ("cells float64",), 1e-4),
    ],
)
def test_it_says_against_what_it_looked_and_how_close_it_must_be(kind, against, tolerance):
    check = lstmviz.record(KINDS[kind](), torch.randn(30, 3)).check
    assert check.against == against
    assert check.tolerance == pytest.approx(tolerance)
    assert check.passed
