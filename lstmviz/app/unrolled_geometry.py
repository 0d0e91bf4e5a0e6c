"""Where every cell, strip and wire of the unrolled net lies for a given size: numbers only, no painting."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from lstmviz.app.cell_geometry import Rect

HEAD, NAMES, Y, X, STEPS, LEGEND = 28, 15, 38, 38, 17, 14
"""Heights: the head with the topology, the names of encoder and decoder, what is said, what is read, the steps, the
scales of the colours."""
LEFT, RIGHT = 50, 24
_PITCH, _MOST = 104, 21
"""Pixels from one step to the next, at least, and the most steps drawn."""
_WIDEST_BOX = 210
_LOWEST_ROW = 34
_HIGHEST_BOX = 240
_SHIFT = 7
"""In a layer that reads both ways, how far a direction's cells stand off the middle, so that wires pass beside them."""

Lanes = tuple[tuple[int, str], ...]
Wire = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Row:
    """One layer in one direction, drawn at ``top`` with boxes ``height`` high; shift: off the column's middle."""

    layer: int
    direction: str
    top: int
    height: int
    shift: int = 0

    @property
    def bottom(self) -> int:
        """The first pixel below the boxes."""
        return self.top + self.height


@dataclass(frozen=True)
class Figure:
    """The drawing: steps first … first + count − 1 in columns ``pitch`` wide from ``left``, and rows from the top down.

    box: the width of a cell. gap: between two cells. y, x: the top of what is said and read; names: of the line with
    encoder and decoder, None where there is none; steps: of the steps' numbers. hidden: layers below and above that are
    not drawn for want of room. loop: how far a folded cell's loop reaches out, 0 where it is not folded.
    """

    first: int
    count: int
    left: int
    pitch: int
    box: int
    rows: tuple[Row, ...]
    names: int | None
    y: int
    x: int
    steps: int
    hidden: tuple[int, int] = (0, 0)
    loop: int = 0

    @property
    def gap(self) -> int:
        """Pixels between two cells of a row."""
        return self.pitch - self.box

    def middle(self, column: int) -> int:
        """The pixel in the middle of a column."""
        return self.left + column * self.pitch + self.pitch // 2

    def cell(self, row: Row, column: int) -> Rect:
        """The box of one cell."""
        width = self.box - 2 * abs(row.shift)
        return Rect(self.middle(column) - width // 2 + row.shift, row.top, width, row.height)

    def band(self, column: int) -> Rect:
        """A whole column."""
        return Rect(self.left + column * self.pitch, self.y - 2, self.pitch, self.steps + STEPS - self.y + 2)

    def lane_y(self, row: Row, state: str, several: bool) -> int:
        """The height at which a state flows: c above, h below; alone in the middle."""
        if not several:
            return row.top + row.height // 2
        return row.top + round(row.height * (0.27 if state == "c" else 0.73))

    def bar(self, row: Row, state: str, several: bool, place: int) -> Rect:
        """The strip of a state in the gap before column ``place``, upright; place = count is after the last."""
        length = max(8, round(row.height * (0.36 if several else 0.66)))
        wide = max(5, min(14, round(0.28 * self.gap)))
        between = self.cell(row, 0).x - self.gap_of(row) // 2 + place * self.pitch
        return Rect(between - wide // 2, self.lane_y(row, state, several) - length // 2, wide, length)

    def gap_of(self, row: Row) -> int:
        """Pixels between two cells of a row; where both directions are drawn, cells are narrower."""
        return self.gap + 2 * abs(row.shift)

    def strips(self, row: Row, column: int, count: int) -> tuple[Rect, ...]:
        """The strips inside a cell, one for each of so many signals, lying; beside them stands a letter if it fits."""
        box = self.cell(row, column)
        letters = self.lettered(row, count)
        pad = 6 if box.h >= 50 else 4
        each = (box.h - 2 * pad) / count
        high = max(3, min(22, round(each * 0.66)))
        x = box.x + (20 if letters else pad + 2)
        return tuple(
            Rect(x, round(box.y + pad + (n + 0.5) * each - high / 2), box.right - pad - x, high) for n in range(count)
        )

    def lettered(self, row: Row, count: int) -> bool:
        """Whether the strips inside the cells have room for their names."""
        return (row.height - 12) / count >= 12 and self.box >= 56

    def above(self, place: int) -> int:
        """The pixel at which the wire that leaves row ``place`` upwards ends: the next row, or what is said."""
        return self.rows[place - 1].bottom if place else self.y + Y - 8

    def column_at(self, px: float) -> int | None:
        """The column under a pixel."""
        column = int((px - self.left) // self.pitch)
        return column if 0 <= column < self.count else None


def figure(
    width: int, height: int, steps: int, t: int, lanes: Lanes, layer: int, *, named: bool, says: bool, folded: bool
) -> Figure:
    """Lay the net out; lanes: from the last layer down, of a layer the reverse direction first.

    layer: the selected one, which is drawn in any case. named: encoder and decoder are. says: there is a read-out.
    """
    room = max(60, width - LEFT - RIGHT)
    count, pitch, box = _columns(room, steps, folded=folded)
    y = HEAD + (NAMES if named else 0)
    top, bottom = y + (Y if says else 16), height - LEGEND - STEPS - X
    shown, hidden = _fitting(lanes, layer, bottom - top, _LOWEST_ROW * (2 if folded else 1))
    return Figure(
        first=min(max(t - count // 2, 0), steps - count),
        count=count,
        left=LEFT + (room - count * pitch) // 2,
        pitch=pitch,
        box=box,
        rows=_rows(shown, top, bottom, 34 if folded else 0),
        names=HEAD if named else None,
        y=y,
        x=bottom,
        steps=bottom + X,
        hidden=hidden,
        loop=min(60, (room - box) // 4) if folded else 0,
    )


def _columns(room: int, steps: int, *, folded: bool) -> tuple[int, int, int]:
    """How many steps are drawn, an odd number where there are more, the width of each and that of its cell."""
    if folded:
        box = min(max(120, room // 3), 260)
        return 1, min(room, 2 * box), box
    count = min(steps, _MOST, max(1, room // _PITCH))
    if 1 < count < steps and count % 2 == 0:
        count -= 1
    pitch = min(room // count, 2 * _PITCH)
    return count, pitch, min(pitch - max(30, round(0.34 * pitch)), _WIDEST_BOX)


def _fitting(lanes: Lanes, layer: int, room: int, lowest: int) -> tuple[Lanes, tuple[int, int]]:
    """As many layers around the selected one as there is room for, and how many are left out below and above."""
    layers = sorted({index for index, _ in lanes})
    sides = max(1, len(lanes) // max(1, len(layers)))
    most = max(1, room // (lowest * sides))
    if len(layers) <= most:
        return lanes, (0, 0)
    begin = min(max(layer - most // 2, 0), len(layers) - most)
    chosen = layers[begin : begin + most]
    return tuple(lane for lane in lanes if lane[0] in chosen), (begin, len(layers) - begin - most)


def _rows(lanes: Lanes, top: int, bottom: int, loop: int) -> tuple[Row, ...]:
    """The rows from the top down; of a layer that reads both ways the two stand closer together."""
    room, count = bottom - top, len(lanes)
    pairs = sum(above[0] == below[0] for above, below in pairwise(lanes))
    between = max(loop, min(30, max(12, round(0.22 * room / count))))
    closer = max(10, between // 2) if not loop else between
    ends = loop // 2
    free = room - (count - 1 - pairs) * between - pairs * closer - 2 * ends
    each = min(max(14, free // count), _HIGHEST_BOX)
    used = count * each + (count - 1 - pairs) * between + pairs * closer
    y = top + max(0, (room - used) // 2)
    rows = []
    for place, (layer, side) in enumerate(lanes):
        both = any(other == layer and way != side for other, way in lanes)
        shift = 0 if not both else (_SHIFT if side == "reverse" else -_SHIFT)
        rows.append(Row(layer, side, y, each, shift))
        after = lanes[place + 1][0] if place + 1 < count else None
        y += each + (closer if after == layer else between)
    return tuple(rows)
