"""Sequence: values over time, with names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError

Kind = Literal["series", "text", "audio", "image", "symbols"]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sequence:
    """What goes in: T steps of F features.

    values: (T, F) float32, read-only. For ``text`` and ``symbols`` F is 1 and a value is a place in ``vocabulary``.
    names: F feature names. labels: T words, one a step, or None. times: (T,) float64 or datetime64, or None.
    targets: (T, K) float32, what a perfect model says at each step, NaN where nothing is asked; for symbols the place
    of the next symbol. source: where it comes from, a line.
    """

    values: Floats
    names: tuple[str, ...] = ()
    kind: Kind = "series"
    name: str = "sequence"
    labels: tuple[str, ...] | None = None
    times: npt.NDArray[np.generic] | None = None
    vocabulary: tuple[str, ...] = ()
    targets: Floats | None = None
    target_names: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32, ndmin=1)
        if values.ndim == 1:
            values = values[:, None]
        if values.ndim != 2 or 0 in values.shape:
            raise SequenceError(
                "The sequence “{name}” has shape {shape}; expected (steps, features) with at least one of each.",
                name=self.name,
                shape=tuple(values.shape),
            )
        _set_read_only(self, "values", values)
        steps, features = values.shape
        if not self.names:
            names = ("symbol",) if self.vocabulary else tuple(f"x{n}" for n in range(features))
            object.__setattr__(self, "names", names)
        for what, found, expected in (
            ("names", len(self.names), features),
            ("labels", steps if self.labels is None else len(self.labels), steps),
            ("times", steps if self.times is None else len(self.times), steps),
            ("targets", steps if self.targets is None else len(self.targets), steps),
        ):
            if found != expected:
                raise SequenceError(
                    "The sequence “{name}” has {found} {what}; expected {expected}.",
                    name=self.name,
                    found=found,
                    what=what,
                    expected=expected,
                )
        if self.vocabulary:
            self._check_places()
        if self.targets is not None:
            targets = np.array(self.targets, dtype=np.float32, ndmin=2)
            _set_read_only(self, "targets", targets if len(targets) == steps else targets.T)
        if self.times is not None:
            _set_read_only(self, "times", np.array(self.times))

    def _check_places(self) -> None:
        # NaN is left to who reads the symbols, and names its step
        outside = np.flatnonzero((self.values < 0) | (self.values >= len(self.vocabulary)))
        if len(outside):
            raise SequenceError(
                "Step {t} of “{name}” is the symbol {place}; its vocabulary has the symbols 0 to {last}.",
                t=int(outside[0]) // self.features,
                name=self.name,
                place=float(self.values.flat[outside[0]]),
                last=len(self.vocabulary) - 1,
            )

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def __repr__(self) -> str:
        """A line, not every number of it: this is what a notebook shows."""
        names = ", ".join(self.names[:6]) + (", …" if self.features > 6 else "")
        return f"<Sequence “{self.name}”: {len(self)} steps of {self.features} ({names}), {self.kind}>"

    @property
    def features(self) -> int:
        """F, the width of the values."""
        return int(self.values.shape[1])

    def symbol(self, t: int) -> str:
        """The symbol read at step t, or "" where the sequence has no vocabulary."""
        return self.vocabulary[int(self.values[t, 0])] if self.vocabulary else ""

    def one_hot(self) -> Floats:
        """The symbols as (T, V) ones and zeros, V the size of the vocabulary."""
        table = np.eye(len(self.vocabulary), dtype=np.float32)
        return table[self.values[:, 0].astype(np.intp)]

    def __getitem__(self, steps: slice) -> Sequence:
        """The sequence over some of its steps."""
        return replace(
            self,
            values=self.values[steps],
            labels=None if self.labels is None else self.labels[steps],
            times=None if self.times is None else self.times[steps],
            targets=None if self.targets is None else self.targets[steps],
        )


def _set_read_only(sequence: Sequence, field: str, array: npt.NDArray[np.generic]) -> None:
    array.flags.writeable = False
    object.__setattr__(sequence, field, array)
