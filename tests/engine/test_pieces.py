"""A lane recorded in pieces is the lane recorded whole, says how far it is, and stops when told to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import lstmviz
from lstmviz.engine import pieces


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven steps at once."""
    monkeypatch.setattr(pieces, "piece_of", lambda _weights, _x: 7)
    monkeypatch.setattr("lstmviz.engine.layers.piece_of", lambda _weights, _x: 7)


def signals_of(traces) -> list[np.ndarray]:
    return [
        trace.signal(name, info.index, side)
        for trace in traces
        for info in trace.layers
        for side in info.directions
        for name in (("i", "f", "o", "g", "c", "h") if info.cell == "lstm" else ("h",))
    ]


@pytest.mark.parametrize(
    "module",
    [
        nn.LSTM(3, 5, num_layers=2, bidirectional=True),
        nn.LSTM(3, 5, num_layers=2, bias=False, dtype=torch.float64),
        nn.LSTM(3, 5, proj_size=2, bidirectional=True),
        nn.RNN(3, 5, num_layers=2, bidirectional=True),
    ],
)
def test_pieces_make_the_same_trace_as_the_whole(module, request) -> None:
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 3)) for length in (40, 1, 15, 7, 8)]
    width = getattr(module, "proj_size", 0) or 5
    lanes = module.num_layers * (2 if module.bidirectional else 1)
    states = [rng.normal(size=(lanes, len(sequences), size)) for size in (width, 5)][: 1 + isinstance(module, nn.LSTM)]
    whole = lstmviz.record(module, sequences, *states)
    request.getfixturevalue("small_pieces")

    parts = lstmviz.record(module, sequences, *states)

    tolerance = 1e-12 if module.weight_ih_l0.dtype == torch.float64 else 1e-6
    for one, other in zip(signals_of(parts), signals_of(whole), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)
    assert parts[0].check is not None
    assert parts[0].check.passed


def test_what_was_watched_is_computed_in_pieces_too(small_pieces: None) -> None:
    module = nn.LSTM(3, 5, bidirectional=True)
    x = torch.randn(30, 3)
    with lstmviz.watch(module) as watch, torch.no_grad():
        h, _ = module(x)

    trace = watch.traces[""]
    assert trace.check.passed
    seen = np.concatenate([trace.signal("h", 0, side) for side in ("forward", "reverse")], axis=1)
    np.testing.assert_array_equal(seen, h.numpy())


def test_progress_grows_to_the_steps_of_all_lanes(small_pieces: None) -> None:
    told: list[tuple[int, int]] = []
    lstmviz.record(nn.LSTM(1, 4, num_layers=2), np.zeros((20, 1)), progress=lambda *now: told.append(now))

    assert told == [(done, 40) for done in (7, 14, 20, 27, 34, 40)]


def test_what_progress_raises_stops_the_recording(small_pieces: None) -> None:
    def stop(done: int, _total: int) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt, match="7"):
        lstmviz.record(nn.LSTM(1, 4), np.zeros((20, 1)), progress=stop)


def test_long_recordings_are_cut_and_short_ones_are_not() -> None:
    from lstmviz.engine.weights import read_stack

    weights = read_stack(nn.LSTM(1, 128)).lanes[0, "forward"]
    assert pieces.piece_of(weights, torch.zeros(1000, 1, 1)) >= 1000
    assert pieces.piece_of(weights, torch.zeros(100_000, 1, 1)) < 10_000
    assert pieces.piece_of(weights, torch.zeros(10, 100_000, 1)) == 1
