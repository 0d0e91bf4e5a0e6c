"""How a sequence enters a model: which of an input's axes is time, which the features, and how many steps at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmviz.nets.whole.ports import Port, Shape, Values
from lstmviz.sequences.sequence import Sequence

_PATTERNS = ("btf", "tbf", "bft", "bt", "tf", "tb", "t", "b1tf", "b1ft", "bf", "b1f", "f")
"""Axes of inputs: b a batch of one, t time, f features, 1 one of size 1; those without t take a step at a time."""
_STEPWISE = ("btf", "tbf", "bft", "bf", "f")
"""In which of them a model that does not say its shapes may want a step at a time, once it takes no whole sequence."""


@dataclass(frozen=True, eq=False)
class Layout:
    """What the model is given, call after call, ``each`` steps at a time: rows (T, F) with their axes in their places.

    The steps of a last call that are too few for it are left out.
    """

    rows: Values
    pattern: str
    each: int

    @property
    def calls(self) -> int:
        """How often the model is run."""
        return len(self.rows) // self.each

    def feed(self, call: int) -> Values:
        """What the sequence's input gets in one call."""
        rows = self.rows[call * self.each : (call + 1) * self.each]  # (t, f)
        if "t" not in self.pattern:
            rows = rows[0]
        elif "f" not in self.pattern:
            rows = rows[:, 0]
        order = self.pattern.replace("b", "").replace("1", "")
        values = rows.T if order == "ft" else rows
        for place, axis in enumerate(self.pattern):
            if axis in "b1":
                values = np.expand_dims(values, place)
        return np.ascontiguousarray(values)


def layouts(sequence: Sequence, port: Port, default: np.dtype[Any], *, stepwise: bool = False) -> Iterator[Layout]:
    """The ways in which a sequence can enter an input, the likeliest first; ``stepwise``: a step at a time alone."""
    ways = [
        (score, Layout(rows, pattern, each))
        for rows in _forms(sequence, port, default)
        for pattern in _PATTERNS
        for score, each in _fits(pattern, port.shape, rows[:1] if stepwise else rows)
    ]
    yield from (layout for _, layout in sorted(ways, key=lambda way: -way[0]))


def _forms(sequence: Sequence, port: Port, default: np.dtype[Any]) -> Iterator[Values]:
    """The values in the types that an input may want: symbols as their places or as ones and zeros."""
    if port.kind not in "fi" or not port.kind:
        return
    values = sequence.values
    whole = bool((values == np.rint(values)).all())
    places = values.astype(port.dtype if port.dtype is not None and port.kind == "i" else np.int64) if whole else None
    numbers = (sequence.one_hot() if sequence.vocabulary else values).astype(
        port.dtype if port.dtype is not None and port.kind == "f" else default
    )
    if port.dtype is None:  # a tensor of whatever type: symbols are looked up in a table more often than not
        forms = [places, numbers] if sequence.vocabulary else [numbers, places if sequence.features == 1 else None]
        yield from (form for form in forms if form is not None)
    elif port.kind == "f":
        yield numbers
    elif places is not None:
        yield places


def _fits(pattern: str, shape: Shape | None, rows: Values) -> Iterator[tuple[int, int]]:
    """How well a pattern fits a shape, and how many steps it takes at once; nothing where it does not fit."""
    steps, features = rows.shape
    if "f" not in pattern and features != 1:
        return
    if shape is None:
        if "t" in pattern:
            yield 1, steps
        if pattern in _STEPWISE:
            yield 0, 1
        return
    if len(shape) != len(pattern):
        return
    sizes = dict(zip(pattern, shape, strict=True))
    if "f" in sizes and sizes["f"] is None and (sizes.get("t") or 1) > 1:
        return  # an input of so many steps whose features are open is one of so many features
    score, each = 0, steps if "t" in pattern else 1
    for axis, size in zip(pattern, shape, strict=True):
        if axis == "t":
            each = steps if size is None else size
            score += 4 if size is None or size == steps else 0
        elif size is not None:
            if size != (features if axis == "f" else 1):
                return
            score += 2 if axis == "f" else 1
    if each <= steps:
        yield score, each
