"""Patterns found in signals, against a walk over their steps and the textbook's correlation."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmviz.analysis.pattern import correlated, falls, rises


@settings(max_examples=30, deadline=None)
@given(
    signal=arrays(np.float32, st.integers(1, 20), elements=st.sampled_from([-1, -0.5, 0, 0.25, 0.5, 1])),
    threshold=st.sampled_from([-0.5, 0.0, 0.3, 0.5]),
)
def test_rises_and_falls_are_those_of_a_walk_over_the_steps(signal: np.ndarray, threshold: float) -> None:
    values = signal.tolist()
    expected_rises = [t for t in range(1, len(values)) if values[t] > threshold and not values[t - 1] > threshold]
    expected_falls = [t for t in range(1, len(values)) if values[t] < threshold and not values[t - 1] < threshold]
    assert rises(signal, threshold).tolist() == expected_rises
    assert falls(signal, threshold).tolist() == expected_falls


@settings(max_examples=30, deadline=None)
@given(steps=st.integers(3, 30), units=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_the_correlation_is_pearson_s(steps: int, units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    signal, labels = rng.normal(size=(steps, units)).astype(np.float32), rng.normal(size=steps)
    found = correlated(signal, labels)
    assert sorted(unit for unit, _ in found) == list(range(units))
    for unit, r in found:
        assert r == pytest.approx(statistics.correlation(signal[:, unit].tolist(), labels.tolist()), abs=1e-9)
    sizes = [abs(r) for _, r in found]
    assert sizes == sorted(sizes, reverse=True)


def test_the_unit_that_follows_the_labels_comes_first_even_upside_down() -> None:
    rng = np.random.default_rng(0)
    inside = (np.arange(40) % 10 < 4).astype(float)
    signal = rng.normal(size=(40, 5))
    signal[:, 3] = -2 * inside + 0.01 * signal[:, 3]
    (unit, r), *others = correlated(signal, inside, top=2)
    assert unit == 3
    assert r == pytest.approx(-1, abs=1e-3)
    assert len(others) == 1


def test_steps_without_a_label_are_left_out() -> None:
    signal = np.array([[1.0], [2.0], [-100.0], [3.0]])
    labels = np.array([1.0, 2.0, np.nan, 3.0])
    assert correlated(signal, labels) == ((0, pytest.approx(1.0)),)


def test_what_never_changes_goes_with_nothing() -> None:
    changing, constant = np.array([0.0, 1.0, 0.5]), np.full(3, 0.1)
    assert correlated(np.stack([constant, changing], axis=1), changing)[-1] == (0, 0.0)
    assert correlated(changing[:, None], constant) == ((0, 0.0),)
    assert correlated(changing[:, None], np.full(3, np.nan)) == ((0, 0.0),)


def test_very_small_and_very_large_signals_correlate_as_well() -> None:
    labels = np.array([0.0, 1.0, 0.0, 1.0])
    for scale in (1e-200, 1e200):
        (_, r), *_ = correlated(scale * labels[:, None], labels)
        assert math.isclose(r, 1)


def test_labels_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 labels for 3 steps"):
        correlated(np.zeros((3, 1)), np.zeros(2))
