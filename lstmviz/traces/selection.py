"""Which signals, layers, directions, units and steps of a trace are meant, from what a person typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstmviz.errors import TraceError
from lstmviz.language import mark
from lstmviz.traces.trace import STORED, Array, LayerInfo, Trace

Wish = str | slice | int | Iterable[int] | None
"""Units or steps: None for all, "0:16" (16 not included), "1,3,5", "-10:", a slice, a number or several."""
Indices = npt.NDArray[np.intp]

WHOLE = slice(None)
STRETCH = 8 << 20
"""Bytes of a trace that an exporter reads at once, when nothing else is asked for."""
ALL = "all"
"""In place of the signals: every one that the trace can give, derived ones included."""

_RANGES = {
    "unit": (
        mark("“{text}” does not name units; expected something like 0:16 or 1,3,5."),
        mark("There is no unit {index} in the chosen layers of “{trace}”; expected {first} to {last}."),
        mark("The units “{text}” hold none; expected at least one of 0 to {last}."),
    ),
    "step": (
        mark("“{text}” does not name steps; expected something like 100:200 or 1,3,5."),
        mark("There is no step {index} in “{trace}”; expected {first} to {last}."),
        mark("The steps “{text}” hold none; expected at least one of 0 to {last}."),
    ),
}


@dataclass(frozen=True, eq=False)
class Block:
    """One chosen signal of one layer and direction: its columns, and what each is called where it has a name."""

    layer: int
    direction: str
    signal: str
    units: Indices
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """The block's place in a file of arrays, ``layer0/forward/f``."""
        return f"layer{self.layer}/{self.direction}/{self.signal}"


@dataclass(frozen=True, eq=False)
class Source:
    """The chosen values of one signal, (S, U) in the trace's own dtype; of a trace on disk read as asked."""

    signal: Array
    steps: Indices
    units: Indices

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The trace's own type of numbers."""
        return self.signal.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """S and U."""
        return len(self.steps), len(self.units)

    @property
    def nbytes(self) -> int:
        """The size of all the chosen values."""
        return len(self.steps) * len(self.units) * self.dtype.itemsize

    @property
    def row_bytes(self) -> int:
        """What is read for one step: every unit of it."""
        return int(self.signal.shape[1]) * self.dtype.itemsize

    def read(self, part: slice = WHOLE) -> Array:
        """The values at all the chosen steps, or at a part of them."""
        rows: Array = self.signal[_narrow(self.steps[part])]
        return rows[:, _narrow(self.units)]


@dataclass(frozen=True, eq=False)
class Selection:
    """A choice from one trace. steps: (S,) ascending, without repetition; so are the units of each block."""

    trace: Trace
    blocks: tuple[Block, ...]
    steps: Indices

    def source(self, block: Block) -> Source:
        """The chosen values of one block, to be read part by part."""
        signal = self.trace.signal(block.signal, block.layer, block.direction)
        return Source(signal, self.steps, block.units)

    def stretches(self, row_bytes: int, size: int = STRETCH, within: slice = WHOLE) -> Iterator[slice]:
        """The chosen steps, or a part of them, stretch by stretch of about ``size`` bytes, ``row_bytes`` a step."""
        start, stop, _ = within.indices(len(self.steps))
        rows = max(1, size // max(1, row_bytes))
        for first in range(start, stop, rows):
            yield slice(first, min(first + rows, stop))

    def columns(self) -> int:
        """How many columns all the blocks have together."""
        return sum(len(block.units) for block in self.blocks)

    def times(self, part: slice = WHOLE) -> npt.NDArray[np.generic] | None:
        """The times of the chosen steps or of a part of them, (S,), or None."""
        times = self.trace.sequence.times
        return None if times is None else times[self.steps[part]]

    def labels(self, part: slice = WHOLE) -> list[str] | None:
        """The labels of the chosen steps or of a part of them, or None; the symbols where only they are known."""
        sequence = self.trace.sequence
        if sequence.labels is not None:
            return [sequence.labels[t] for t in self.steps[part]]
        return [sequence.symbol(int(t)) for t in self.steps[part]] if sequence.vocabulary else None


def select(
    trace: Trace,
    *,
    signals: str | Iterable[str] | None = None,
    layers: str | int | Iterable[int] | None = None,
    directions: str | Iterable[str] | None = None,
    units: Wish = None,
    steps: Wish = None,
) -> Selection:
    """What is chosen of a trace; None means all, for signals all that a recording keeps, and ALL the derived ones too.

    Units count in the signals that have a column a unit; x and y, whose columns are features and outputs, are taken
    whole, as is h under a projection. Raises TraceError for whatever the trace does not have.
    """
    infos = _layers(trace, layers)
    sides = _directions(trace, infos, directions)
    wanted = _signals(trace, infos, signals)
    chosen = indices(units, max(info.units for info in infos), "unit", trace)
    blocks = [
        _block(trace, info, side, name, chosen)
        for info in infos
        for side in info.directions
        if side in sides
        for name in (STORED[info.cell] if wanted is None else wanted)
        if name in trace.names(info.index)
    ]
    full = tuple(block for block in blocks if len(block.units))
    if not full:
        raise TraceError(
            "Nothing of “{trace}” is left: the chosen layers have none of the chosen signals, directions and units. "
            "Choose more of them.",
            trace=trace.name,
        )
    return Selection(trace, full, indices(steps, len(trace), "step", trace))


def indices(wish: Wish, length: int, what: str, trace: Trace) -> Indices:
    """Places in 0 … length − 1, ascending, without repetition; ``what`` is "unit" or "step".

    A negative place counts from the end. Raises TraceError where the text means nothing, a place does not exist or
    none is left.
    """
    nonsense, absent, none = _RANGES[what]
    if wish is None or (isinstance(wish, str) and not wish.strip()):
        return np.arange(length)
    try:
        parts = _parts(wish)
    except (TypeError, ValueError) as error:
        raise TraceError(nonsense, text=str(wish)) from error
    chosen = np.zeros(length, np.bool_)
    for part in parts:
        for place in _named(part):
            if not -length <= place < length:
                raise TraceError(absent, index=place, trace=trace.name, first=0, last=length - 1)
        if isinstance(part, slice):
            chosen[np.arange(*part.indices(length))] = True
        else:
            chosen[part] = True
    places = np.flatnonzero(chosen)
    if not len(places):
        raise TraceError(none, text=str(wish), last=length - 1)
    return places


def _parts(wish: str | slice | int | Iterable[int]) -> list[slice | int]:
    """The parts of a wish; TypeError or ValueError where it means nothing."""
    if isinstance(wish, str):
        return [_parse(part) for part in wish.split(",")]
    if isinstance(wish, slice):
        wish.indices(0)  # refuses a step of 0 and ends that are no numbers
        return [wish]
    return [wish] if isinstance(wish, int | np.integer) else [int(place) for place in wish]


def _parse(part: str) -> slice | int:
    """One part of "0:16,20,30:40:2"; ValueError where it means nothing."""
    pieces = part.split(":")
    if len(pieces) == 1:
        return int(part)
    if len(pieces) > 3:
        raise ValueError(part)
    start, stop, *by = [int(piece) if piece.strip() else None for piece in pieces]
    step = by[0] if by else None
    if step is not None and step < 1:
        raise ValueError(part)
    return slice(start, stop, step)


def _named(part: slice | int) -> list[int]:
    """The places that a part names and that must exist: a stop names the place before it."""
    if not isinstance(part, slice):
        return [int(part)]
    start = [] if part.start is None else [int(part.start)]
    stop = [] if part.stop is None else [int(part.stop) - (part.stop > 0)]
    return start + stop


def _narrow(places: Indices) -> slice | Indices:
    """A slice where the places are one run, so that nothing is copied."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first + 1 == len(places) else places


def _layers(trace: Trace, wish: str | int | Iterable[int] | None) -> list[LayerInfo]:
    if wish is None or (isinstance(wish, str) and not wish.strip()):
        return list(trace.layers)
    try:
        numbers = [int(wish)] if isinstance(wish, int) else [int(n) for n in _words(wish)]
    except ValueError as error:
        raise TraceError("“{text}” does not name layers; expected something like 0 or 0,1.", text=str(wish)) from error
    for number in numbers:
        if not 0 <= number < len(trace.layers):
            raise TraceError(
                "Layer {layer} is not in “{trace}”; expected 0 to {last}.",
                layer=number,
                trace=trace.name,
                last=len(trace.layers) - 1,
            )
    return [trace.layers[number] for number in dict.fromkeys(numbers)]


def _directions(trace: Trace, infos: list[LayerInfo], wish: str | Iterable[str] | None) -> tuple[str, ...]:
    known = tuple(dict.fromkeys(side for info in infos for side in info.directions))
    wanted = known if wish is None else tuple(_words(wish)) or known
    for side in wanted:
        if side not in known:
            raise TraceError(
                "There is no direction “{direction}” in the chosen layers of “{trace}”; expected one of: {directions}.",
                direction=side,
                trace=trace.name,
                directions=" ".join(known),
            )
    return wanted


def _signals(trace: Trace, infos: list[LayerInfo], wish: str | Iterable[str] | None) -> tuple[str, ...] | None:
    known = tuple(dict.fromkeys(name for info in infos for name in trace.names(info.index)))
    if wish is None:
        return None
    wanted = tuple(dict.fromkeys(_words(wish)))
    if wanted == (ALL,):
        return known
    for name in wanted:
        if name not in known:
            raise TraceError(
                "Unknown signal “{name}” in the chosen layers of “{trace}”; expected some of: {names}.",
                name=name,
                trace=trace.name,
                names=" ".join(known),
            )
    if not wanted:
        raise TraceError("No signal is chosen; expected some of: {names}.", names=" ".join(known))
    return wanted


def _words(wish: str | Iterable[object]) -> list[str]:
    pieces = wish.split(",") if isinstance(wish, str) else [str(piece) for piece in wish]
    return [piece.strip() for piece in pieces if piece.strip()]


def _block(trace: Trace, info: LayerInfo, side: str, signal: str, units: Indices) -> Block:
    if signal == "x":
        width, names = info.inputs, trace.input_names if info.index == 0 else ()
    elif signal == "y" and trace.outputs is not None:
        width, names = int(trace.outputs.shape[1]), trace.output_names
    else:
        width, names = info.outputs if signal in ("h", "y") else info.units, ()
    whole = signal in ("x", "y") or width != info.units
    units = np.arange(width) if whole else units[units < width]
    columns = names if len(names) == width else tuple(str(n) for n in range(width))
    return Block(info.index, side, signal, units, tuple(columns[n] for n in units))
