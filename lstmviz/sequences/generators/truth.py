"""Truth: what a perfect model scores; and streams, several short sequences read one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.language import mark
from lstmviz.sequences.sequence import Sequence

Unit = Literal["nats per predicted symbol", "nats per class", "mean squared error"]
UNITS = (mark("nats per predicted symbol"), mark("nats per class"), mark("mean squared error"))
"""The units as sentences to translate."""


@dataclass(frozen=True)
class Truth:
    """The exact optimum of a task: what a perfect model pays on average, and what lesser models pay.

    optimal_loss is in ``unit``; baselines are the losses of models that miss one thing, by what they miss.
    guessable is the largest share of next symbols that any model names right, None where the task is not that.
    explanation is an English sentence to translate with ``tr``; source is the paper.
    """

    optimal_loss: float
    unit: Unit
    explanation: str
    source: str
    baselines: Mapping[str, float] = field(default_factory=dict)
    guessable: float | None = None


@dataclass(frozen=True, eq=False)
class Generated:
    """A sequence, the truth about its task, and what a perfect model pays at each of its steps.

    optimum: (T,) float64 in the truth's unit, NaN where nothing is asked: the mean over all that may come next.
    paid: the same for what did come next, None where that is no different.
    """

    sequence: Sequence
    truth: Truth
    optimum: npt.NDArray[np.float64]
    paid: npt.NDArray[np.float64] | None = None

    @property
    def bill(self) -> tuple[float, int]:
        """What a perfect model pays for this very sequence in all, and for how many answers."""
        paid = self.optimum if self.paid is None else self.paid
        return float(np.nansum(paid)), int(np.isfinite(paid).sum())


def symbol_sequence(
    symbols: Iterable[str],
    vocabulary: tuple[str, ...],
    *,
    name: str,
    labels: tuple[str, ...],
    targets: npt.NDArray[np.floating] | None = None,
    target_names: tuple[str, ...] = ("next",),
    kind: Literal["symbols", "text"] = "symbols",
    source: str = "",
) -> Sequence:
    """A sequence of symbols; without ``targets`` (T,) each step is asked for the next symbol, the last for nothing."""
    places = {symbol: place for place, symbol in enumerate(vocabulary)}
    values = np.array([places[symbol] for symbol in symbols], dtype=np.float32)
    if targets is None:
        targets = np.append(values[1:], np.nan)
    return Sequence(
        values=values[:, None],
        names=("symbol",),
        kind=kind,
        name=name,
        labels=labels,
        vocabulary=vocabulary,
        targets=targets.astype(np.float32)[:, None],
        target_names=target_names,
        source=source,
    )


def stream(parts: Iterable[Sequence], name: str = "") -> Sequence:
    """The parts one after the other as one long sequence; targets stay as they are, so none asks across a border.

    Labels and targets are kept only where every part has them; times are dropped, since each part counts its own.
    Raises SequenceError for no parts, or parts of different features or vocabularies.
    """
    pieces = tuple(parts)
    if not pieces:
        raise SequenceError("A stream of no sequences was asked for; expected at least one sequence.")
    first = pieces[0]
    for place, piece in enumerate(pieces):
        if (piece.names, piece.vocabulary, piece.kind) != (first.names, first.vocabulary, first.kind):
            raise SequenceError(
                "Sequence {place} of the stream, “{name}”, has other features or another vocabulary than the first, "
                "“{first}”; expected the same in all.",
                place=place + 1,
                name=piece.name,
                first=first.name,
            )
    labels = [piece.labels for piece in pieces if piece.labels is not None]
    targets = [piece.targets for piece in pieces if piece.targets is not None]
    return replace(
        first,
        values=np.concatenate([piece.values for piece in pieces]),
        name=name or first.name,
        labels=tuple(label for part in labels for label in part) if len(labels) == len(pieces) else None,
        targets=np.concatenate(targets) if len(targets) == len(pieces) else None,
        times=None,
    )


def require(name: str, value: float, least: float, most: float) -> None:
    """Refuse a parameter of a generator that lies outside its range."""
    if not least <= value <= most:
        raise SequenceError(
            "The parameter {name} is {value}; expected {least} to {most}.",
            name=name,
            value=value,
            least=least,
            most=most,
        )


def seeded(seed: int) -> np.random.Generator:
    """The random numbers of a seed; the same seed gives the same sequence on every machine."""
    require("seed", seed, 0, 2**63 - 1)
    return np.random.default_rng(seed)
