"""Where the matrices of the matrix form lie for a given size: numbers only, no painting."""

from __future__ import annotations

from dataclasses import dataclass

from lstmviz.app.cell_geometry import Rect
from lstmviz.app.layer_form import elided, span

HEADING, SUM, FOOT = 38, 46, 15
"""Heights over the matrices, of the sum below them, and of the scales."""
NAMES = 66
"""Width of the sequences' names at the left."""
DOT, EQUALS = 26, 48
"""Width of the sign before W, and of W's names and the sign after it."""
_PAD = 34
_CELL = (38, 84, 15, 36)
"""Smallest and largest width and height of a number."""
_MOST_ROWS = 10

Places = tuple[int | None, ...]


@dataclass(frozen=True)
class Block:
    """One matrix: what is drawn of its rows and columns, and where; None stands for those left out."""

    name: str
    rows: Places
    columns: Places
    x: int
    y: int
    cell_w: int
    cell_h: int

    @property
    def rect(self) -> Rect:
        """All of it."""
        return Rect(self.x, self.y, self._left(len(self.columns)), len(self.rows) * self.cell_h)

    def _left(self, column: int) -> int:
        return round(span(self.columns[:column]) * self.cell_w)

    def cell(self, row: int, column: int) -> Rect:
        """The box of a drawn place, by its number among those drawn."""
        left, right = self._left(column), self._left(column + 1)
        return Rect(self.x + left, self.y + row * self.cell_h, right - left, self.cell_h)

    def at(self, x: float, y: float) -> tuple[int | None, int | None] | None:
        """Row and column of the matrix under a point."""
        if not self.rect.contains(x, y):
            return None
        place = next(n for n in range(len(self.columns)) if x - self.x < self._left(n + 1))
        return self.rows[int((y - self.y) // self.cell_h)], self.columns[place]


@dataclass(frozen=True)
class Sheet:
    """The whole form: x and before side by side, times wx over wh over b, is result. sum, foot: lines below."""

    x: Block
    before: Block
    wx: Block
    wh: Block
    b: Block
    result: Block
    heading: int
    sum: int
    foot: int

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All matrices."""
        return self.x, self.before, self.wx, self.wh, self.b, self.result


def sheet(width: int, height: int, top: int, sizes: tuple[int, int, int, int], row: int, unit: int) -> Sheet:
    """Lay the matrices out; sizes: B, F, P and H. row, unit: the entry that must be in sight."""
    batch, inputs, outputs, units = sizes
    small_w, large_w, small_h, large_h = _CELL
    free_h = height - top - HEADING - SUM - FOOT - 8
    most_rows = max(4, (free_h - 10) // small_h)
    room = max(5.0, (width - NAMES - DOT - EQUALS - _PAD) / small_w)
    n = min(units, max(2.0, room / 4))
    k = min(inputs + outputs, max(2.0, room - 2 * n))
    n = min(units, max(1.0, (room - k) / 2))
    columns = elided(units, n, unit)
    rows = elided(batch, min(most_rows, _MOST_ROWS), row, slim=1.0)
    # the rows of W are as many as the height allows: of the columns that they meet some may have none
    of_x, of_h = _shared(inputs, outputs, k)
    xs, hs = elided(inputs, of_x), elided(outputs, of_h)
    of_x, of_h = _shared(inputs, outputs, min(inputs + outputs, most_rows - 1))
    wxs, whs = elided(inputs, int(of_x), slim=1.0), elided(outputs, int(of_h), slim=1.0)
    across, down = span(xs) + span(hs) + 2 * span(columns), max(len(rows), len(wxs) + len(whs) + 1)
    cell_w = int(min(max((width - NAMES - DOT - EQUALS - _PAD) / across, small_w), large_w))
    cell_h = min(max((free_h - 10) // down, small_h), large_h)
    used = NAMES + DOT + EQUALS + _PAD + round(across * cell_w)
    x, y = NAMES + max(0, (width - used) // 2), top + HEADING
    a = Block("x", rows, xs, x, y, cell_w, cell_h)
    h = Block("before", rows, hs, a.rect.right + 4, y, cell_w, cell_h)
    left = h.rect.right + DOT
    wx = Block("wx", wxs, columns, left, y, cell_w, cell_h)
    wh = Block("wh", whs, columns, left, wx.rect.bottom + 4, cell_w, cell_h)
    b = Block("b", (0,), columns, left, wh.rect.bottom + 6, cell_w, cell_h)
    result = Block("result", rows, columns, wx.rect.right + EQUALS, y, cell_w, cell_h)
    return Sheet(a, h, wx, wh, b, result, top, height - SUM - FOOT, height - FOOT)


def _shared(inputs: int, outputs: int, room: float) -> tuple[float, float]:
    """How much room x and the state before get of what there is."""
    if inputs + outputs <= room:
        return inputs, outputs
    half = room / 2
    if inputs <= half:
        return inputs, max(1.0, room - inputs)
    if outputs <= half:
        return max(1.0, room - outputs), outputs
    return max(1.0, half), max(1.0, half)
