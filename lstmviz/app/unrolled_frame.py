"""The unrolled net's living part: the strips of every cell and gap, and what is read and said at each step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter

from lstmviz.app import drawing, heat_map, strip
from lstmviz.app.cell_geometry import Rect
from lstmviz.app.curve_map import limits
from lstmviz.app.frame_values import Scale
from lstmviz.app.numbers import grouped
from lstmviz.app.pixels import draw_part
from lstmviz.app.strip_data import whole_picture
from lstmviz.app.unrolled_geometry import Row, X
from lstmviz.app.unrolled_painter import FAINT, Paper, read_rect, said_rects, step_rect
from lstmviz.app.unrolled_values import read_at, said_at
from lstmviz.traces.trace import Trace

_Pixels = npt.NDArray[np.uint32]


def paint_frame(painter: QPainter, paper: Paper, trace: Trace, inputs: Scale, ratio: float) -> None:
    """Everything that changes with the cursor; inputs: the scale of x, where it is drawn as a strip."""
    for row in paper.figure.rows:
        _insides(painter, paper, row, ratio)
        _bars(painter, paper, row, ratio)
    for column in range(paper.figure.count):
        _words(painter, paper, trace, column)
    _read(painter, paper, trace, inputs, ratio)


def _insides(painter: QPainter, paper: Paper, row: Row, ratio: float) -> None:
    """The strips inside the cells: those of one signal lie side by side in one image."""
    figure, lane = paper.figure, paper.lanes[row.layer, row.direction]
    names, steps = lane.inside, slice(figure.first, figure.first + figure.count)
    vectors = np.concatenate([lane.signals[name][steps] for name in names])
    scales = [lane.scales[name] for name in names for _ in range(figure.count)]
    first = figure.strips(row, 0, len(names))
    pixels = strip.pixels(vectors, scales, max(1, round(first[0].w * ratio)))
    apart = pixels.reshape(len(names), figure.count, -1)
    lefts = [first[0].x + column * figure.pitch for column in range(figure.count)]
    image, across = _spread(apart, lefts, ratio), lefts[-1] - lefts[0] + first[0].w
    strip.paint(painter, [Rect(rect.x, rect.y, across, rect.h) for rect in first], image)


def _bars(painter: QPainter, paper: Paper, row: Row, ratio: float) -> None:
    """The states between the cells, upright, the first unit on top."""
    figure, lane = paper.figure, paper.lanes[row.layer, row.direction]
    for state in lane.between:
        vectors = lane.states(state, figure.first, figure.count)
        first = figure.bar(row, state, len(lane.between) > 1, 0)
        lefts = [first.x + place * figure.pitch for place in range(figure.count + 1)]
        pixels = strip.pixels(vectors, [lane.scales[state]] * len(lefts), max(1, round(first.h * ratio)))
        upright = np.repeat(pixels.T[:, :, None], max(1, round(first.w * ratio)), axis=2)
        image = _spread(upright, lefts, ratio)
        height, width = image.shape
        whole = QRect(first.x, first.y, lefts[-1] - lefts[0] + first.w, first.h)
        drawn = QImage(image.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
        draw_part(painter, whole, drawn, QRect(0, 0, width, height))


def _spread(apart: _Pixels, lefts: list[int], ratio: float) -> _Pixels:
    """Pieces (k, n, w) side by side as they lie from the pixels ``lefts`` on, clear between them: (k, …)."""
    lines, _, wide = apart.shape
    offsets = [round((left - lefts[0]) * ratio) for left in lefts]
    image = np.zeros((lines, offsets[-1] + wide), np.uint32)
    for n, offset in enumerate(offsets):
        image[:, offset : offset + wide] = apart[:, n]
    return image


def _words(painter: QPainter, paper: Paper, trace: Trace, column: int) -> None:
    """The step's number, and what is said there against what should be."""
    figure, look, theme = paper.figure, paper.look, paper.theme
    t, at_cursor = figure.first + column, column == look.cursor
    small = drawing.sized(paper.font, 11, bold=at_cursor)
    room = step_rect(figure, column)
    if at_cursor:
        words = f"t = {grouped(t)}"
        wide = min(max(52, QFontMetrics(small).horizontalAdvance(words) + 12), room.width())
        flag = QRect(room.center().x() - wide // 2, room.top(), wide, room.height())
        painter.fillRect(flag, QColor(theme.cursor))
        drawing.text(painter, flag, words, theme.base, small, "middle")
    else:
        drawing.text(painter, room, grouped(t), theme.dim, small, "middle")
    said = said_at(trace, t)
    if not said.words:
        return
    first, second = said_rects(figure, column)
    painter.setOpacity(1 if said.asked else FAINT + 0.2)
    drawing.text(painter, first, said.words, theme.text, drawing.sized(paper.font, 12, bold=at_cursor), "middle")
    if said.wanted:
        mark = "" if said.right is None else ("✓ " if said.right else "≠ ")
        colour = theme.dim if said.right is None else theme.good if said.right else theme.error
        words = f"{mark}{said.wanted}" if mark else f"→ {said.wanted}"
        drawing.text(painter, second, words, colour, drawing.sized(paper.font, 11), "middle")
    painter.setOpacity(1)


def _read(painter: QPainter, paper: Paper, trace: Trace, inputs: Scale, ratio: float) -> None:
    """What is read at each step, in words, or as a strip where no words tell it; once where all read the same."""
    figure, theme = paper.figure, paper.theme
    once = paper.look.topology == "vec2seq" and not figure.loop
    columns = [figure.count // 2] if once else list(range(figure.count))
    for column in columns:
        words = read_at(trace, figure.first + column)
        if words:
            font = drawing.sized(paper.font, 12, bold=column == paper.look.cursor)
            drawing.text(painter, read_rect(figure, column), words, theme.text, font, "middle")
    if read_at(trace, figure.first):
        return
    rects = [x_strip(paper, column) for column in columns]
    vectors = trace.inputs[[figure.first + column for column in columns]]
    strip.paint(painter, rects, strip.pixels(vectors, [inputs] * len(rects), max(1, round(rects[0].w * ratio))))
    if once and trace.sequence.kind == "image":
        _picture(painter, paper, trace, ratio)


def _picture(painter: QPainter, paper: Paper, trace: Trace, ratio: float) -> None:
    """The picture that every step reads whole, left of the strip of its values."""
    values, figure = trace.sequence.values, paper.figure
    picture = whole_picture(values)
    if picture is None or len(picture) > X - 6:
        return
    side = (X - 6) // len(picture) * len(picture)
    grey = heat_map.heat_map(picture.T, side, side, *limits([values]), "grey", ratio)
    painter.drawPixmap(max(0, figure.cell(figure.rows[-1], 0).x - 8 - side), figure.x + 6, grey)


def x_strip(paper: Paper, column: int) -> Rect:
    """Where x stands as a strip: under its cell, or across all where they read the same."""
    figure = paper.figure
    left, right = figure.cell(figure.rows[-1], 0).x, figure.cell(figure.rows[-1], figure.count - 1).right
    if paper.look.topology == "vec2seq" and not figure.loop:
        return Rect(left + 5, figure.x + 19, right - left - 10, 10)
    box = figure.cell(figure.rows[-1], column)
    return Rect(figure.middle(column) - box.w // 2, figure.x + 18, box.w, 10)
