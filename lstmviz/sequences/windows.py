"""A long sequence cut into windows: those to learn from, and those that judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import Topology

MOST = 500
"""Of more windows than this so many judge, evenly: more would take longer than the training that they judge."""


def foretells(sequence: Sequence) -> bool:
    """Whether the targets are what is read next, as a text's are, and those that ``with_targets`` makes."""
    names = ("next",) if sequence.vocabulary else sequence.names
    return sequence.targets is not None and sequence.target_names == names


def with_targets(whole: Sequence) -> tuple[Sequence, int]:
    """The sequence with targets, its own or the values moved one ahead; and how far ahead a target lies."""
    if whole.targets is not None:
        return whole, int(foretells(whole))
    ahead = np.full_like(whole.values, np.nan)
    ahead[:-1] = whole.values[1:]
    names = ("next",) if whole.vocabulary else whole.names
    return replace(whole, targets=ahead, target_names=names), 1


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of a part at the given places, each asked for targets that lie within the part."""

    part: Sequence
    steps: int
    topology: Topology
    places: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.places)

    def at(self, n: int) -> Sequence:
        """The n-th window; as sequence → vector it is asked at its last step alone."""
        place = int(self.places[n])
        window = self.part[place : place + self.steps]
        if self.topology == "seq2seq":
            return window
        assert window.targets is not None
        last = np.full_like(window.targets, np.nan)
        last[-1] = window.targets[-1]
        return replace(window, targets=last)


def windows(part: Sequence, steps: int, topology: Topology) -> Windows:
    """All windows that are asked for something."""
    return _useful(part, steps, topology, np.arange(len(part) - steps + 1))


def judges(part: Sequence, steps: int, topology: Topology) -> Windows:
    """The windows that judge: end to end, the last one shorter, or all of them where only their last step is asked."""
    steps = min(steps, len(part))
    starts = np.arange(0, len(part), steps) if topology == "seq2seq" else np.arange(len(part) - steps + 1)
    found = _useful(part, steps, topology, starts)
    count = len(found)
    return replace(found, places=found.places[np.linspace(0, count - 1, min(count, MOST)).astype(np.intp)])


def _useful(part: Sequence, steps: int, topology: Topology, starts: npt.NDArray[np.intp]) -> Windows:
    assert part.targets is not None
    answered = np.asarray(np.isfinite(part.targets).any(axis=1))
    ends = np.minimum(starts + steps, len(part))
    before = np.append(0, np.cumsum(answered))
    return Windows(
        part, steps, topology, starts[answered[ends - 1] if topology == "seq2vec" else before[ends] > before[starts]]
    )
