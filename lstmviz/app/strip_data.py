"""What the strips of one trace are drawn from, computed when it is first needed and then kept. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lstmviz.app.levels import Levels, Marks, Runs, edges_of
from lstmviz.app.numbers import grouped
from lstmviz.language import tr
from lstmviz.traces.trace import Array, Trace

Places = npt.NDArray[np.intp]

NEAR = 20_000
"""Steps of which may be computed, at once, what is not kept for the whole of a trace beyond memory."""
HELD = 64 << 20
"""Bytes of outputs or targets that are held in memory; wider ones are read for at most NEAR steps."""
_STRETCH = 1 << 16


@dataclass(frozen=True, eq=False)
class Guesses:
    """Over the steps start..stop of a classifier: the most likely symbol, the right one (−1 for none), p of that.

    most: p of the most likely.
    """

    likely: Places
    right: Places
    p: Array
    most: Array

    @property
    def asked(self) -> npt.NDArray[np.bool_]:
        """Where a symbol was asked for."""
        return self.right >= 0

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Where another symbol than the right one was the most likely."""
        wrong: npt.NDArray[np.bool_] = self.asked & (self.likely != self.right)
        return wrong

    def part(self, start: int, stop: int) -> Guesses:
        """Those of some of the steps."""
        part = slice(start, stop)
        return Guesses(self.likely[part], self.right[part], self.p[part], self.most[part])

    def verdicts(self) -> Array:
        """1 where it was right, 1 where it was wrong, p of the right one and p of the most likely, (T, 4)."""
        asked, wrong = self.asked, self.wrong
        found: Array = np.stack([asked & ~wrong, wrong, self.p, self.most], axis=1).astype(np.float32)
        return found


def guesses(trace: Trace, start: int, stop: int) -> Guesses:
    """What a classifier said over the steps start..stop; p is NaN, or p of the most likely without any targets.

    Where an encoder still reads nothing is said, and the most likely symbol is −1.
    """
    assert trace.outputs is not None
    outputs = trace.outputs[start:stop]
    likely = np.where(np.isfinite(outputs[:, 0]), outputs.argmax(axis=1), -1)
    right = np.full(len(outputs), -1, np.intp)
    most = outputs.max(axis=1)
    if trace.targets is None:
        return Guesses(likely, right, most, most)
    target = trace.targets[start:stop, 0]
    asked = np.isfinite(target)
    right[asked] = target[asked].astype(np.intp)
    p = np.full(len(outputs), np.nan, np.float32)
    p[asked] = outputs[np.nonzero(asked)[0], right[asked]]
    return Guesses(likely, right, p, most)


def zoom_in(what: str, steps: int = NEAR) -> str:
    """That a row is empty since its values are computed for few steps at a time only."""
    return tr("zoom in to {steps} steps or fewer to see {what}", steps=grouped(steps), what=what)


class StripData:
    """Levels of detail of what goes in and comes out, runs of labels, and what a classifier said."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    @cached_property
    def inputs(self) -> Levels:
        """The sequence's values."""
        return Levels(self._trace.sequence.values)

    @cached_property
    def outputs(self) -> Levels | None:
        """What the model says, None where it is too much for memory."""
        return _held(self._trace.outputs)

    @cached_property
    def targets(self) -> Levels | None:
        """What it should say, None where there is none or where it is too much for memory."""
        return _held(self._trace.targets)

    @cached_property
    def uneven(self) -> bool:
        """Whether some features are so much smaller than others that on one axis they would be flat lines."""
        return differ_in_size(*self.inputs.ends)

    @cached_property
    def whole_picture(self) -> Array | None:
        """The picture of which every step is the whole."""
        return whole_picture(self._trace.sequence.values)

    @cached_property
    def marks(self) -> Marks:
        """The symbols that are read."""
        sequence = self._trace.sequence
        return Marks(sequence.values[:, 0].astype(np.intp), len(sequence.vocabulary))

    @cached_property
    def labels(self) -> Runs:
        """The labels of the steps."""
        return Runs.of(self._trace.sequence.labels or ())

    @cached_property
    def guesses(self) -> Guesses | None:
        """What a classifier said at every step, None where its outputs are too much for memory."""
        trace = self._trace
        if trace.outputs is None or trace.outputs.nbytes > HELD:
            return None
        parts = [guesses(trace, start, start + _STRETCH) for start in range(0, len(trace), _STRETCH)]
        return Guesses(
            np.concatenate([part.likely for part in parts]),
            np.concatenate([part.right for part in parts]),
            np.concatenate([part.p for part in parts]),
            np.concatenate([part.most for part in parts]),
        )

    @cached_property
    def verdicts(self) -> Levels | None:
        """``Guesses.verdicts`` of every step, None where its outputs are too much for memory."""
        return None if self.guesses is None else Levels(self.guesses.verdicts())

    def shares(self, start: int, stop: int, columns: int) -> Array | None:
        """In how many of each column's steps it was right and wrong, (2, columns); None as for ``guesses``."""
        if self._tallies is None:
            return None
        at = edges_of(start, stop, columns)
        counts: Array = (self._tallies[:, at[1:]] - self._tallies[:, at[:-1]]).astype(np.float64)
        return counts

    @cached_property
    def _tallies(self) -> npt.NDArray[np.int32] | None:
        """How often it was right and wrong before each step, (2, T + 1)."""
        found = self.guesses
        if found is None:
            return None
        told = np.zeros((2, len(found.likely) + 1), np.int32)
        np.cumsum(found.asked & ~found.wrong, out=told[0, 1:])
        np.cumsum(found.wrong, out=told[1, 1:])
        return told

    def said(self, start: int, stop: int) -> Guesses | None:
        """What a classifier said over some steps, None where they are too many to look at."""
        if self.guesses is not None:
            return self.guesses.part(start, stop)
        return guesses(self._trace, start, stop) if stop - start <= NEAR else None


def _held(array: Array | None) -> Levels | None:
    return None if array is None or array.nbytes > HELD else Levels(np.asarray(array))


def differ_in_size(lows: Array, highs: Array) -> bool:
    """Whether the ranges of several features, (F,) each, differ so much that one axis does not serve all."""
    spans = np.nan_to_num(highs - lows)
    return bool(len(spans) > 1 and float(spans.max()) > 8 * max(float(spans.min()), 1e-12))


_SMALLEST_WHOLE = 4
"""A picture of fewer rows shows nothing."""
_FIRST_STEPS = 64


def whole_picture(values: Array) -> Array | None:
    """The square picture of which every step of (T, F) is the whole, row by row; None where none is."""
    side = round(values.shape[1] ** 0.5)
    if side < _SMALLEST_WHOLE or side * side != values.shape[1]:
        return None
    if not (values[:_FIRST_STEPS] == values[0]).all() or not (values == values[0]).all():
        return None
    picture: Array = values[0].reshape(side, side)
    return picture
