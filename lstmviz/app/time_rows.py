"""The rows of the timeline: which strips and heat maps stand where. No painting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lstmviz.app import input_strip, output_strip
from lstmviz.app.signal_names import short
from lstmviz.session.signals import offered
from lstmviz.traces.trace import Trace

GAP = 5
LABELS = 16
SMALLEST_MAP, LOWEST_MAP = 29, 20
"""A heat map lower than the first has no room for its name over the value at the cursor; where names are short the two
stand side by side, down to the second. Maps of many units get that low only where nothing is left to scroll then."""
LARGEST_MAP = 260
_READABLE_MAP = 44

Lanes = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Row:
    """One row: what it shows and its pixels from ``top`` to ``top + height``; ``nets`` names encoder and decoder."""

    kind: Literal["nets", "input", "labels", "signal", "output"]
    top: int
    height: int
    signal: str = ""
    layer: int = 0
    direction: str = "forward"

    @property
    def bottom(self) -> int:
        """The first pixel below."""
        return self.top + self.height

    def unit(self, y: float, units: int) -> int:
        """The unit under pixel y."""
        return min(max(int((y - self.top) * units / self.height), 0), units - 1)

    def unit_middle(self, unit: int, units: int) -> float:
        """The pixel in the middle of a unit's row."""
        return self.top + (unit + 0.5) * self.height / units


def rows_of(trace: Trace, lanes: Lanes, signals: tuple[str, ...], height: int) -> tuple[tuple[Row, ...], int]:
    """The rows in ``height`` pixels, top to bottom, and the pixels they need where that is more.

    Heat maps share what the strips leave; where that is too little they keep their smallest height, pictures among
    the strips give way where that is enough, and else the view scrolls.
    """
    maps = [(layer, side, name) for layer, side in lanes for name in signals if name in offered(trace, layer)]
    count = max(1, len(maps))
    labels = LABELS if trace.sequence.labels is not None else 0
    nets = LABELS + 2 if trace.handover else 0
    strips = input_strip.lowest_of(trace.sequence) + output_strip.lowest_of(trace)
    free = height - nets - (labels + 2 if labels else 0) - 3 * GAP - strips
    lowest = _lowest(trace, lanes, signals, free // count - GAP)
    above, below = _strips(trace, height - count * (lowest + GAP) - nets - (labels + 2 if labels else 0) - 3 * GAP)
    fixed = GAP + nets + above + (labels + 2 if labels else 0) + (below + GAP if below else 0) + GAP
    # once the maps can be read the strips grow too, a third of what is to share
    shared = max(0, height - fixed - count * (_READABLE_MAP + GAP)) // 3
    written = bool(trace.sequence.vocabulary)
    grown = 0 if written else min(shared // (2 if below else 1), above)
    raised = min(shared - grown, below) if below else 0
    room = (height - fixed - grown - raised) // count - GAP
    each = min(max(room, lowest), LARGEST_MAP)
    rows = [Row("nets", GAP, LABELS)] if nets else []
    rows.append(Row("input", GAP + nets, above + grown))
    if labels:
        rows.append(Row("labels", rows[-1].bottom + 2, labels))
    for layer, side, name in maps:
        rows.append(Row("signal", rows[-1].bottom + GAP, each, name, layer, side))
    if below:
        rows.append(Row("output", rows[-1].bottom + GAP, below + raised))
    return tuple(rows), rows[-1].bottom + GAP


def _strips(trace: Trace, room: int) -> tuple[int, int]:
    """The heights of the input and the output strip, as they would be or low enough for ``room`` where they can."""
    above, below = input_strip.height_of(trace.sequence), output_strip.height_of(trace)
    from_above = above - input_strip.lowest_of(trace.sequence)
    yielding = from_above + below - output_strip.lowest_of(trace)
    missing = above + below - room
    if not 0 < missing <= yielding:
        return above, below
    less = missing * from_above // yielding
    return above - less, below - (missing - less)


def _lowest(trace: Trace, lanes: Lanes, signals: tuple[str, ...], room: int) -> int:
    """How low a heat map may be: enough for its name and value, and for a pixel a unit where they are few.

    room: the height of each where all is to be seen without scrolling; that is worth more than a pixel a unit.
    """
    if len(lanes) > 1 or any(len(short(name)) > 1 for name in signals):
        return SMALLEST_MAP
    units = max(trace.layers[layer].units for layer, _ in lanes)
    usual = min(max(LOWEST_MAP, units), SMALLEST_MAP)
    return room if LOWEST_MAP <= room < usual else usual


def row_at(rows: tuple[Row, ...], y: float) -> Row | None:
    """The row under pixel y, None between rows."""
    return next((row for row in rows if row.top <= y < row.bottom), None)
