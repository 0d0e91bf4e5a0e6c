"""The unrolled net on paper: what stands still while the cursor moves, cells, wires and names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPolygonF

from lstmviz.app import drawing
from lstmviz.app.cell_geometry import Rect
from lstmviz.app.signal_names import lane_sign, short
from lstmviz.app.theme import Theme
from lstmviz.app.unrolled_geometry import NAMES, STEPS, Figure, Row, X
from lstmviz.app.unrolled_values import LaneVectors, Topology
from lstmviz.language import tr

FAINT = 0.28
"""Opacity of what is not asked."""
_HEAD = 5.0
_LOOP = 14


@dataclass(frozen=True)
class Look:
    """What of the steps shown the still picture depends on.

    cursor: the column of the cursor. says, asked: by column, whether something is said and asked there. decoder: the
    first column of the decoder, count where it is none. lane: the selected layer and direction.
    """

    topology: Topology
    cursor: int
    says: tuple[bool, ...]
    asked: tuple[bool, ...]
    decoder: int
    lane: tuple[int, str]


@dataclass(frozen=True, eq=False)
class Paper:
    """What everything is drawn with."""

    figure: Figure
    look: Look
    lanes: dict[tuple[int, str], LaneVectors]
    theme: Theme
    font: QFont


def qrect(rect: Rect) -> QRect:
    """The same for Qt."""
    return QRect(rect.x, rect.y, rect.w, rect.h)


def paint_still(painter: QPainter, paper: Paper) -> None:
    """Bands, wires, boxes and names."""
    figure = paper.figure
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _cursor_band(painter, paper)
    if figure.names is not None:
        _names(painter, paper)
    for row in figure.rows:
        _states(painter, paper, row)
    for column in range(figure.count):
        _upwards(painter, paper, column)
    if paper.look.topology == "vec2seq" and not figure.loop:
        _shared_x(painter, paper)
    for row in figure.rows:
        for column in range(figure.count):
            _box(painter, paper, row, column)
        _row_name(painter, paper, row)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def blend(over: QColor, under: QColor, share: float) -> QColor:
    """``share`` of one colour, the rest of the other."""
    pairs = ((over.red(), under.red()), (over.green(), under.green()), (over.blue(), under.blue()))
    return QColor(*(round(share * a + (1 - share) * b) for a, b in pairs))


def _cursor_band(painter: QPainter, paper: Paper) -> None:
    """The cursor's column stands on a tinted ground."""
    figure, theme = paper.figure, paper.theme
    if figure.loop or not 0 <= paper.look.cursor < figure.count:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(blend(QColor(theme.accent), QColor(theme.base), 0.12))
    painter.drawRoundedRect(QRectF(qrect(figure.band(paper.look.cursor))), 6, 6)


def _names(painter: QPainter, paper: Paper) -> None:
    """Encoder and decoder over their columns, and the line between them."""
    figure, look, theme = paper.figure, paper.look, paper.theme
    assert figure.names is not None
    bold = drawing.sized(paper.font, 11, bold=True)
    parts = ((tr("encoder"), 0, look.decoder, theme.dim), (tr("decoder"), look.decoder, figure.count, theme.accent))
    for name, begin, end, colour in parts:
        if begin >= end:
            continue
        left, right = figure.left + begin * figure.pitch, figure.left + end * figure.pitch
        room = QRect(left + 4, figure.names, right - left - 8, NAMES)
        drawing.text(painter, room, name, colour, bold, "middle")
        painter.fillRect(left + 4, figure.names + NAMES - 1, right - left - 8, 1, QColor(colour))
    if 0 < look.decoder < figure.count:
        x = figure.left + look.decoder * figure.pitch
        painter.setPen(QPen(QColor(theme.accent), 1, Qt.PenStyle.DashLine))
        painter.drawLine(x, figure.names, x, figure.steps)


def _states(painter: QPainter, paper: Paper, row: Row) -> None:
    """The wires along which the states flow from cell to cell; folded, back to the cell itself."""
    figure, lane = paper.figure, paper.lanes[row.layer, row.direction]
    names = lane.between
    for state in names:
        y, colour = figure.lane_y(row, state, len(names) > 1), paper.theme.signal(state)
        if figure.loop:
            _loop(painter, paper, row, state, y)
        for place in range(figure.count + 1):
            bar = figure.bar(row, state, len(names) > 1, place)
            left = figure.cell(row, place - 1).right if place else bar.x - figure.gap // 3
            right = figure.cell(row, place).x if place < figure.count else bar.right + figure.gap // 3
            handed = place == paper.look.decoder and 0 < place < figure.count
            width = 4 if handed else 2
            ends = ((right, y), (left, y)) if lane.reverse else ((left, y), (right, y))
            head = not figure.loop or (place == 0) != lane.reverse
            line(painter, [*ends], QColor(paper.theme.accent) if handed else colour, width, arrow=head)
            painter.fillRect(bar.x - 2, bar.y - 2, bar.w + 4, bar.h + 4, colour)
            painter.fillRect(bar.x - 1, bar.y - 1, bar.w + 2, bar.h + 2, QColor(paper.theme.base))


def _loop(painter: QPainter, paper: Paper, row: Row, state: str, y: int) -> None:
    """From where the state leaves the cell around to where it enters, a step later."""
    figure, lane = paper.figure, paper.lanes[row.layer, row.direction]
    cell, several = figure.cell(row, 0), len(lane.between) > 1
    below = several and state == "h"
    level = row.bottom + _LOOP if below else row.top - _LOOP
    left, right = (figure.bar(row, state, several, place) for place in (0, 1))
    out_left, out_right = left.x - figure.gap // 3, right.right + figure.gap // 3
    path = [(out_right, y), (out_right, level), (out_left, level), (out_left, y)]
    line(painter, path[::-1] if lane.reverse else path, paper.theme.signal(state), 2, arrow=False, round_by=10)
    wide = min(62, cell.w // 2 - 12)
    delay = QRect(cell.x + 6 if below else cell.right - wide - 6, level - 8, wide, 16)
    painter.setPen(QPen(paper.theme.signal(state), 1))
    painter.setBrush(QColor(paper.theme.base))
    painter.drawRoundedRect(QRectF(delay), 4, 4)
    drawing.text(painter, delay, tr("1 step"), paper.theme.text, drawing.sized(paper.font, 10), "middle")


def _upwards(painter: QPainter, paper: Paper, column: int) -> None:
    """From what is read, through every layer, to what is said."""
    figure, look = paper.figure, paper.look
    middle, below = figure.middle(column), figure.x + 14
    colour = paper.theme.signal("x")
    groups = [list(rows) for _, rows in groupby(enumerate(figure.rows), key=lambda entry: entry[1].layer)]
    for group in reversed(groups):
        place, top = group[0]
        if len(group) == 1:
            up(painter, paper, [(middle, below), (middle, top.bottom)], colour)
        else:
            _both_in(painter, paper, column, group[0][1], group[1][1], below, colour)
        colour = paper.theme.signal("h")
        last = place == 0 and not figure.hidden[1]
        faint = last and not look.asked[column]
        if last and not look.says[column] and any(look.says):
            return
        painter.setOpacity(FAINT if faint else 1)
        if last and any(look.says):
            colour = QColor(paper.theme.text)
        end = figure.above(place)
        if len(group) == 1:
            up(painter, paper, [(middle, top.top), (middle, end)], colour, arrow=place == 0)
        else:
            _both_out(painter, paper, column, group[0][1], group[1][1], end, colour, arrow=place == 0)
        painter.setOpacity(1)
        below = top.top


def _both_in(
    painter: QPainter, paper: Paper, column: int, reverse: Row, forward: Row, start: int, colour: QColor
) -> None:
    """What is read goes to both directions, beside the forward cell to the reverse one above it."""
    figure, middle = paper.figure, paper.figure.middle(column)
    fork, rail = forward.bottom + max(3, min(7, (start - forward.bottom) // 3)), figure.cell(forward, column).right + 7
    up(painter, paper, [(middle, fork), (rail, fork), (rail, reverse.bottom)], colour)
    up(painter, paper, [(middle, start), (middle, forward.bottom)], colour)


def _both_out(
    painter: QPainter, paper: Paper, column: int, reverse: Row, forward: Row, end: int, colour: QColor, *, arrow: bool
) -> None:
    """Both h leave upwards together, that of the forward cell beside the reverse one."""
    figure, middle = paper.figure, paper.figure.middle(column)
    join, rail = reverse.top - max(3, min(7, (reverse.top - end) // 3)), figure.cell(reverse, column).x - 7
    up(painter, paper, [(rail, forward.top), (rail, join), (middle, join)], colour, arrow=False)
    up(painter, paper, [(middle, reverse.top), (middle, end)], colour, arrow=arrow)


def up(painter: QPainter, paper: Paper, points: list[tuple[int, int]], colour: QColor, *, arrow: bool = True) -> None:
    """A wire upwards; it bridges the loops that it crosses."""
    if paper.figure.loop:
        line(painter, points, QColor(paper.theme.base), 8, arrow=False)
    line(painter, points, colour, 2, arrow=arrow)


def line(
    painter: QPainter,
    points: list[tuple[int, int]],
    colour: QColor,
    width: int,
    *,
    arrow: bool,
    round_by: float = 4.0,
) -> None:
    """A wire through the points, its elbows rounded, with a head at its end."""
    path = [QPointF(x, y) for x, y in points]
    tip, before = path[-1], path[-2]
    length = max(1e-6, abs(tip.x() - before.x()) + abs(tip.y() - before.y()))
    along = (tip - before) / length
    head = _HEAD + width
    if arrow:
        path[-1] = tip - along * min(0.8 * head, length)
    painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_rounded(path, round_by))
    if arrow:
        across = QPointF(-along.y(), along.x()) * (0.55 * head)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([tip, tip + across - along * head, tip - across - along * head]))


def _rounded(points: list[QPointF], radius: float) -> QPainterPath:
    path = QPainterPath(points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = corner - before, after - corner
        long_in, long_out = (abs(leg.x()) + abs(leg.y()) for leg in (into, out))
        bend = min(radius, long_in / 2, long_out / 2)
        path.lineTo(corner - into * (bend / max(long_in, 1e-6)))
        path.quadTo(corner, corner + out * (bend / max(long_out, 1e-6)))
    path.lineTo(points[-1])
    return path


def _box(painter: QPainter, paper: Paper, row: Row, column: int) -> None:
    """One cell, in the decoder on another ground, at the cursor framed."""
    figure, look, theme = paper.figure, paper.look, paper.theme
    box = QRectF(qrect(figure.cell(row, column)))
    at_cursor = column == look.cursor
    ground = QColor(theme.raised)
    if look.decoder <= column:
        ground = blend(QColor(theme.accent), ground, 0.22)
    width = 2 if at_cursor else 1
    painter.setPen(QPen(QColor(theme.text if at_cursor else theme.edge), width))
    painter.setBrush(ground)
    painter.drawRoundedRect(box.adjusted(width / 2, width / 2, -width / 2, -width / 2), 6, 6)
    lane = paper.lanes[row.layer, row.direction]
    names = lane.inside
    strips = figure.strips(row, column, len(names))
    bold = drawing.sized(paper.font, 10, bold=True)
    for name, rect in zip(names, strips, strict=True):
        if figure.lettered(row, len(names)):
            sign = "y" if (lane.cell, name) == ("rnn", "h") else short(name)
            room = QRect(rect.x - 15, rect.y - 3, 12, rect.h + 6)
            colour = theme.signal(name)
            drawing.text(painter, room, sign, blend(colour, QColor(theme.text), 0.75), bold, "middle")
        else:
            painter.fillRect(rect.x - 3, rect.y, 2, rect.h, theme.signal(name))


def _shared_x(painter: QPainter, paper: Paper) -> None:
    """The one x that every step reads, drawn under all of them."""
    figure, theme = paper.figure, paper.theme
    left, right = figure.cell(figure.rows[-1], 0).x, figure.cell(figure.rows[-1], figure.count - 1).right
    painter.setPen(QPen(theme.signal("x"), 1))
    painter.setBrush(QColor(theme.raised))
    painter.drawRoundedRect(QRectF(left, figure.x + 14, right - left, X - 18), 5, 5)


def _row_name(painter: QPainter, paper: Paper, row: Row) -> None:
    """Layer and direction at the left edge, and what flows where there is room to say it."""
    figure, theme = paper.figure, paper.theme
    chosen = (row.layer, row.direction) == paper.look.lane
    font, bold = drawing.sized(paper.font, 11, bold=chosen), drawing.sized(paper.font, 10, bold=True)
    room = QRect(6, row.top + row.height // 2 - 8, 26, 16)
    colour = theme.text if chosen else theme.dim
    drawing.text(painter, room, lane_sign(row.layer, row.direction), colour, font)
    lane = paper.lanes[row.layer, row.direction]
    names = lane.between
    for state in names:
        tone = blend(theme.signal(state), QColor(theme.text), 0.75)
        for place in (0, 1) if figure.loop else (0,):
            bar = figure.bar(row, state, len(names) > 1, place)
            if bar.h < 20:
                continue
            now = f"{state}(t)"
            sign = state if not figure.loop else now if (place == 1) != lane.reverse else _before(state, lane)
            y = bar.bottom + 2 if state == "h" and len(names) > 1 else bar.y - 15
            drawing.text(painter, QRect(bar.x - 30, y, bar.w + 60, 13), sign, tone, bold, "middle")


def _before(state: str, lane: LaneVectors) -> str:
    return f"{state}(t+1)" if lane.reverse else f"{state}(t−1)"


def step_rect(figure: Figure, column: int) -> QRect:
    """Where a column's step is written."""
    return QRect(figure.left + column * figure.pitch, figure.steps, figure.pitch, STEPS - 2)


def said_rects(figure: Figure, column: int) -> tuple[QRect, QRect]:
    """Where what is said stands, and below it what should be."""
    left = figure.left + column * figure.pitch + 3
    first = QRect(left, figure.y, figure.pitch - 6, 15)
    return first, first.translated(0, 14)


def read_rect(figure: Figure, column: int) -> QRect:
    """Where what is read stands in words."""
    return QRect(figure.left + column * figure.pitch + 3, figure.x + 15, figure.pitch - 6, X - 20)
