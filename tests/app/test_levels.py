"""A million steps are drawn from blocks of them, and nothing that stands out is lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.app.levels import BLOCK, Levels, Marks, Runs, edges_of
from lstmviz.app.strip_data import StripData, guesses

LONG = 70_000


def noise(steps: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(steps, columns)).astype(np.float32)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, LONG), st.integers(1, 400), st.integers(0, 99))
def test_a_spike_is_in_its_column_or_the_one_beside_it(stop: int, pixels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = int(rng.integers(0, stop))
    columns = min(pixels, stop - start)
    values = np.zeros((LONG, 2), np.float32)
    t = int(rng.integers(start, stop))
    values[t, 1] = -7
    low, high = Levels(values).extremes(start, stop, columns)
    assert low.shape == high.shape == (columns, 2)
    own = int(np.searchsorted(edges_of(start, stop, columns), t, "right")) - 1
    assert low[max(0, own - 1) : own + 2, 1].min() == -7
    assert (low[:, 1] == -7).sum() <= 2
    assert not (high > 0).any()


def test_few_blocks_a_column_are_the_steps_themselves() -> None:
    values = noise(5_000, 3)
    low, high = Levels(values).extremes(10, 1_010, 100)
    np.testing.assert_array_equal(low, values[10:1_010].reshape(100, 10, 3).min(axis=1))
    np.testing.assert_array_equal(high, values[10:1_010].reshape(100, 10, 3).max(axis=1))


def test_nan_is_left_out_and_left_where_nothing_else_is() -> None:
    values = noise(LONG, 1)
    values[:40_000] = np.nan
    levels = Levels(values)
    low, _ = levels.extremes(0, LONG, 70)
    assert np.isnan(low[:39]).all()
    assert np.isfinite(low[41:]).all()
    assert levels.limits() == (values[40_000:].min(), values[40_000:].max())
    assert levels.means[0] == pytest.approx(values[40_000:].mean(), abs=1e-5)
    assert Levels(np.full((5, 1), np.nan, np.float32)).limits() == (0.0, 1.0)
    values[50_000] = np.inf
    assert Levels(values).limits()[1] == values[40_000:][np.isfinite(values[40_000:])].max()


def test_a_trail_is_every_value_near_and_two_a_pixel_far() -> None:
    levels = Levels(noise(LONG, 2))
    times, values = levels.trail(1, 100, 200, 300)
    np.testing.assert_array_equal(times, np.arange(99, 201) + 0.5)
    np.testing.assert_array_equal(values, levels.values[99:201, 1])
    times, values = levels.trail(1, 0, LONG, 300)
    assert len(times) == len(values) == 600
    assert (values[::2] <= values[1::2]).all()


def test_marks_tell_which_symbols_occur() -> None:
    symbols = np.random.default_rng(0).integers(0, 5, LONG)
    symbols[30_000:40_000] = 2
    symbols[40_000:] = -1
    occur = Marks(symbols, 6).occur(0, LONG, 70)
    assert occur.shape == (6, 70)
    assert occur[:5, :29].all()
    assert not occur[5].any()
    assert occur[:, 32:38].sum(axis=1).tolist() == [0, 0, 6, 0, 0, 0]
    assert not occur[:, 41:].any()
    assert Marks(np.arange(1_000), 1_000).occur(0, 1_000, 10).sum() >= 64


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["", "a", "b"]), min_size=1, max_size=60), st.integers(0, 9))
def test_runs_are_those_of_the_labels(labels: list[str], first: int) -> None:
    runs = Runs.of(labels, first)
    expected, at = [], first
    for label, group in groupby(labels):
        count = len(list(group))
        expected.append((label, at, at + count))
        at += count
    seen = [(runs.names[n], begin, end) for n, begin, end in runs.seen(first, first + len(labels), 1_000)]
    assert seen == expected
    narrow = runs.seen(first, first + len(labels), 3)
    assert len(narrow) <= max(3, len(expected))
    assert len(narrow) == len(expected) or len(narrow) <= 3


def test_the_shares_of_right_and_wrong_are_counted(make_trace) -> None:
    trace = make_trace(steps=4 * BLOCK)
    rng = np.random.default_rng(0)
    outputs = rng.dirichlet(np.ones(3), len(trace)).astype(np.float32)
    targets = rng.integers(0, 3, (len(trace), 1)).astype(np.float32)
    targets[:BLOCK] = np.nan
    spoken = replace(trace, outputs=outputs, targets=targets, output_kind="probability", output_names=tuple("abc"))
    right, wrong = StripData(spoken).shares(0, len(trace), 4)
    found = guesses(spoken, 0, len(trace))
    assert right.tolist() == (found.asked & ~found.wrong).reshape(4, BLOCK).sum(axis=1).tolist()
    assert wrong.tolist() == found.wrong.reshape(4, BLOCK).sum(axis=1).tolist()
    assert right[0] == wrong[0] == 0
