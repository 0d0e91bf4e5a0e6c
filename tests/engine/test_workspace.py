"""The workspace of oneDNN: whose memory it is, and when it is not believed."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch
from torch import nn

import lstmviz
from lstmviz.cells.run import run_lstm
from lstmviz.engine.weights import read_stack


def reference(module: nn.LSTM, x: np.ndarray) -> dict[str, np.ndarray]:
    """Every signal by the plain loop."""
    return run_lstm(read_stack(module).lanes[0, "forward"].cells, x)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("steps", [1, 2, 3, 200])
def test_the_arrays_of_a_trace_hold_the_memory_that_they_lie_in(steps: int) -> None:
    module, x = nn.LSTM(4, 8), noise(steps, 4)
    trace = lstmviz.record(module, x)
    assert trace.recorded.method == "workspace"
    kept = {name: trace[name] for name in "ifogch"}
    expected = {name: trace[name].copy() for name in "ifogch"}
    del trace
    for _ in range(50):  # whatever memory was let go is taken and overwritten
        gc.collect(0)
        lstmviz.record(module, x + 1)
        torch.full((steps, 8 * 16), 7.0)
    for name, array in kept.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_a_c_that_begins_at_zero_is_not_mistaken_for_other_zeros() -> None:
    """Blank rows before the first mark of an image, and no bias: c(1..3) = 0, as h is, and much of the workspace."""
    module, x = nn.LSTM(4, 8, bias=False), np.zeros((1000, 4), np.float32)
    x[3] = 5  # between two steps that are sampled: 29 steps later nothing is left of it
    trace = lstmviz.record(module, x)
    right = reference(module, x)
    for name in "ifogch":
        np.testing.assert_allclose(trace[name], right[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("module", [nn.LSTM(4, 8), nn.LSTM(4, 8).double(), nn.LSTM(4, 8, proj_size=3), nn.RNN(4, 8)])
def test_autocast_around_a_recording_changes_nothing(module: nn.Module) -> None:
    x = noise(50, 4)
    expected = lstmviz.record(module, x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        trace = lstmviz.record(module, x)
    assert trace.recorded.method == expected.recorded.method
    np.testing.assert_array_equal(trace["h"], expected["h"])


def test_a_trace_of_a_watch_may_be_asked_for_under_autocast() -> None:
    module, x = nn.LSTM(4, 8, num_layers=2), torch.from_numpy(noise(50, 1, 4))
    with lstmviz.watch(module) as watch:
        module(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        trace = watch.traces[""]
    assert trace.check.passed
    assert trace.signal("c", layer=1).dtype == np.float32


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_caller_s_mode_of_gradients_changes_nothing(mode: type) -> None:
    module, x = nn.LSTM(4, 8), noise(50, 4)
    with mode():
        trace = lstmviz.record(module, x)
    np.testing.assert_allclose(trace["c"], reference(module, x)["c"], atol=1e-5)
    assert all(parameter.grad is None for parameter in module.parameters())


def test_another_default_float_type_changes_nothing() -> None:
    module, x = nn.LSTM(4, 8, bias=False), noise(50, 4)
    torch.set_default_dtype(torch.float64)
    try:
        trace = lstmviz.record(module, x)
    finally:
        torch.set_default_dtype(torch.float32)
    assert trace.recorded.method == "workspace"
    np.testing.assert_allclose(trace["c"], reference(module, x)["c"], atol=1e-5)
