"""What a unit of a sample net may turn out to follow: a number for each step, NaN where there is nothing to know."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstmviz.sequences.sequence import Sequence

Truth = npt.NDArray[np.float64]


def column(sequence: Sequence, name: str) -> Truth:
    """A feature as it was read."""
    return sequence.values[:, sequence.names.index(name)].astype(np.float64)


def total(sequence: Sequence) -> Truth:
    """The sum of all features: the ink of a row of a picture."""
    return sequence.values.sum(axis=1, dtype=np.float64)


def target(sequence: Sequence, name: str) -> Truth:
    """One of the sequence's own targets."""
    assert sequence.targets is not None
    return sequence.targets[:, sequence.target_names.index(name)].astype(np.float64)


def symbols(sequence: Sequence) -> list[str]:
    """What is read, step by step."""
    return [sequence.symbol(t) for t in range(len(sequence))]


def is_space(sequence: Sequence) -> Truth:
    """1 at a space or the end of a line, else 0."""
    return np.array([symbol.isspace() for symbol in symbols(sequence)], dtype=np.float64)


def brackets_open(sequence: Sequence) -> Truth:
    """How many brackets are open after each symbol, from the labels ``([``."""
    return np.array([len(label) for label in sequence.labels or ()], dtype=np.float64)


def outer_letter(sequence: Sequence) -> Truth:
    """+1 from an outer T on, −1 from an outer P on, until it has been repeated; NaN at a string's B and E."""
    signs = {"T": 1.0, "P": -1.0}
    labels = sequence.labels or ()
    return np.array([signs.get(label[:1], np.nan) if " " in label else np.nan for label in labels])


def first_letter(sequence: Sequence) -> Truth:
    """+1 from a first X on, −1 from a first Y on; NaN before."""
    return np.array([{"X": 1.0, "Y": -1.0}.get(label[:1], np.nan) for label in sequence.labels or ()])


def owed(sequence: Sequence) -> Truth:
    """How many b are still to come, from the labels ``owes 3``."""
    labels = sequence.labels or ()
    return np.array([float(label.removeprefix("owes ")) if label.startswith("owes") else 0.0 for label in labels])


def marked_sum(sequence: Sequence) -> Truth:
    """The sum of the marked numbers read so far."""
    return np.cumsum(np.where(column(sequence, "marker") == 1, column(sequence, "X"), 0.0))


def loudness(sequence: Sequence, steps: int = 40) -> Truth:
    """The root of the mean square of the last ``steps`` samples, 5 ms at 8 kHz; silence stands before the first."""
    power = np.concatenate([np.zeros(steps), sequence.values[:, 0].astype(np.float64) ** 2])
    return np.sqrt(np.lib.stride_tricks.sliding_window_view(power, steps)[1:].mean(axis=1))


def move(sequence: Sequence) -> Truth:
    """How far the price moved since the day before."""
    return np.diff(column(sequence, "price"), prepend=np.nan)


def score_so_far(sequence: Sequence) -> Truth:
    """The score of what has been read of a review, from the labels; NaN before the first opinion."""
    return np.array([float(label) if label else np.nan for label in sequence.labels or ()])


def letters_left(sequence: Sequence) -> Truth:
    """How many symbols of a name are still to be said after this one."""
    return np.arange(len(sequence) - 1, -1, -1, dtype=np.float64)


def place_in_answer(sequence: Sequence) -> Truth:
    """Which symbol of a decoder's answer is said, from 0; NaN while the question is read."""
    assert sequence.targets is not None
    asked = np.isfinite(sequence.targets[:, 0])
    return np.where(asked, np.cumsum(asked) - 1.0, np.nan)
