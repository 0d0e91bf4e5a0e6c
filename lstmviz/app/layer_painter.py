"""The matrix form on paper: grids of numbers on their colours, with the entry that is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QStaticText, QTransform

from lstmviz.app import drawing, strip
from lstmviz.app.cell_geometry import Rect
from lstmviz.app.cell_labels import number
from lstmviz.app.frame_values import Scale
from lstmviz.app.layer_form import Array, Form, factor, products
from lstmviz.app.layer_geometry import HEADING, NAMES, Block, Sheet
from lstmviz.app.numbers import limit
from lstmviz.app.theme import Theme
from lstmviz.language import tr

_MOST = 20
"""No line is wide enough for more."""


@dataclass(frozen=True, eq=False)
class FormPaper:
    """What everything is drawn with; row, unit: the entry that is looked at. names: of the sequences. active: the place
    of the trace that the window shows."""

    sheet: Sheet
    form: Form
    theme: Theme
    font: QFont
    row: int
    unit: int
    names: tuple[str, ...]
    active: int


def paint_weights(painter: QPainter, paper: FormPaper) -> None:
    """What stays from step to step: the headings, W over b, and the signs between."""
    sheet, form, theme = paper.sheet, paper.form, paper.theme
    inputs = form.x.shape[1]
    _grid(painter, paper, sheet.wx, form.w[:inputs], form.scales[2])
    _grid(painter, paper, sheet.wh, form.w[inputs:], form.scales[2])
    _grid(painter, paper, sheet.b, form.b[None], form.scales[3])
    _headings(painter, paper)
    large, bold = drawing.sized(paper.font, 18), drawing.sized(paper.font, 12, bold=True)
    middle = sheet.x.y + sheet.x.cell_h // 2 - 14
    dot = QRect(sheet.before.rect.right, middle, sheet.wx.x - sheet.before.rect.right, 28)
    drawing.text(painter, dot, "·", theme.text, large, "middle")
    equals = QRect(sheet.result.x - 22, middle, 20, 28)
    drawing.text(painter, equals, "=", theme.text, large, "middle")
    plus = QRect(sheet.b.x - 22, sheet.b.y, 20, sheet.b.cell_h)
    drawing.text(painter, plus, "+", theme.text, large, "middle")
    below = "Wy" if form.signs[2] == "Y(t)" else "Wh"
    for block, words in ((sheet.wx, "Wx"), (sheet.wh, below), (sheet.b, "b")):
        beside = QRect(block.rect.right + 4, block.y + block.rect.h // 2 - 9, 24, 18)
        drawing.text(painter, beside, words, theme.dim, bold)
    _foot(painter, paper)


def _headings(painter: QPainter, paper: FormPaper) -> None:
    """Each matrix's name, and its shape."""
    sheet, form = paper.sheet, paper.form
    rows, inputs = form.x.shape
    outputs, units = form.before.shape[1], form.w.shape[1]
    x, before, result, function = form.signs
    _heading(painter, paper, sheet.x.rect, x, f"{rows}×{inputs}")
    _heading(painter, paper, sheet.before.rect, before, f"{rows}×{outputs}")
    _heading(painter, paper, sheet.wx.rect, "W", f"({inputs}+{outputs})×{units}")
    _heading(painter, paper, sheet.result.rect, f"{result} = {function}(…)", f"{rows}×{units}")


def _heading(painter: QPainter, paper: FormPaper, rect: Rect, name: str, shape: str) -> None:
    bold, small = drawing.sized(paper.font, 13, bold=True), drawing.sized(paper.font, 11)
    wide = max(rect.w, QFontMetrics(bold).horizontalAdvance(name) + 4, QFontMetrics(small).horizontalAdvance(shape) + 4)
    room = QRect(rect.x + (rect.w - wide) // 2, paper.sheet.heading, wide, 18)
    drawing.text(painter, room, name, paper.theme.text, bold, "middle")
    drawing.text(painter, room.translated(0, HEADING - 21), shape, paper.theme.dim, small, "middle")


def _foot(painter: QPainter, paper: FormPaper) -> None:
    """The limits of the colours."""
    form = paper.form
    x, before, result, _ = form.signs
    named = zip((x, before, "W", "b", result), form.scales, strict=True)
    words = " · ".join(f"{name} {_limits(scale)}" for name, scale in named)
    room = QRect(8, paper.sheet.foot, painter.device().width(), 14)
    room.setRight(paper.sheet.result.rect.right + 40)
    text = tr("colours: {scales}", scales=words)
    drawing.text(painter, room, text, paper.theme.dim, drawing.sized(paper.font, 10))


def _limits(scale: Scale) -> str:
    return f"±{limit(scale.high)}" if scale.signed else f"0…{limit(scale.high)}"


def paint_frame(painter: QPainter, paper: FormPaper) -> None:
    """What changes with the step: what is read, the state before, the result, and the sum of one entry."""
    sheet, form = paper.sheet, paper.form
    _row_names(painter, paper)
    _grid(painter, paper, sheet.x, form.x, form.scales[0])
    _grid(painter, paper, sheet.before, form.before, form.scales[1])
    _grid(painter, paper, sheet.result, form.result, form.scales[4])
    _frames(painter, paper)
    _sum(painter, paper)


def _grid(painter: QPainter, paper: FormPaper, block: Block, matrix: Array, scale: Scale) -> None:
    """A matrix as numbers on their colours; … for rows and columns left out, a dash where a sequence has ended."""
    rows, columns = ([place or 0 for place in places] for places in (block.rows, block.columns))
    shown = matrix[np.ix_(rows, columns)]
    colours, values = strip.colours(shown, [scale] * len(rows)).tolist(), shown.tolist()
    dim, written = paper.theme.dim, dict[str, list[tuple[int, int, str]]]()
    boxes = [block.cell(0, place) for place in range(len(columns))]
    high = block.cell_h - 1
    for r, row in enumerate(block.rows):
        y = block.y + r * block.cell_h
        for c, column in enumerate(block.columns):
            x, wide = boxes[c].x, boxes[c].w - 1
            if row is None or column is None:
                sign = "…" if row is not None else "⋮" if column is not None else "⋱"
                written.setdefault(dim, []).append((x + wide // 2, y, sign))
            elif math.isnan(values[r][c]):
                painter.fillRect(x, y, wide, high, QColor(paper.theme.raised))
                written.setdefault(dim, []).append((x + wide // 2, y, "–"))
            else:
                colour, ink = _inks(colours[r][c])
                painter.fillRect(x, y, wide, high, colour)
                written.setdefault(ink, []).append((x + wide // 2, y, number(values[r][c])))
    font = drawing.sized(paper.font, 11 if block.cell_w < 52 else 12 if block.cell_w < 70 else 14)
    painter.setFont(font)
    family, pixels = font.family(), font.pixelSize()
    for ink, entries in written.items():  # the pen changes three times, not with every number
        painter.setPen(QColor(ink))
        for middle, y, words in entries:
            kept, width, height = _laid_out(words, family, pixels)
            painter.drawStaticText(middle - width // 2, y + (high - height) // 2, kept)


@lru_cache(maxsize=1024)
def _inks(packed: int) -> tuple[QColor, str]:
    """A colour of the map, and the name of the one that reads on it."""
    colour = QColor(packed & 255, packed >> 8 & 255, packed >> 16 & 255)
    return colour, drawing.on(colour).name()


@lru_cache(maxsize=2048)
def _laid_out(words: str, family: str, pixels: int) -> tuple[QStaticText, int, int]:
    """A number that is laid out once, with its width and height: hundreds of them are drawn at every step."""
    font = QFont(family)
    font.setPixelSize(pixels)
    text = QStaticText(words)
    text.setTextFormat(Qt.TextFormat.PlainText)
    text.prepare(QTransform(), font)
    size = text.size().toSize()
    return text, size.width(), size.height()


def _row_names(painter: QPainter, paper: FormPaper) -> None:
    """The sequences at the left; the one that the window shows in bold, the one looked at with an arrow."""
    block, theme = paper.sheet.x, paper.theme
    title = QRect(max(2, block.x - NAMES), paper.sheet.heading + HEADING - 21, NAMES - 8, 18)
    drawing.text(painter, title, tr("sequence"), theme.dim, drawing.sized(paper.font, 10), "right")
    for place, row in enumerate(block.rows):
        if row is None:
            continue
        rect = block.cell(place, 0)
        room = QRect(max(2, block.x - NAMES + 4), rect.y, NAMES - 16, rect.h - 1)
        active = row == paper.active
        font = drawing.sized(paper.font, 11, bold=active)
        drawing.text(painter, room, paper.names[row], theme.text if active else theme.dim, font, "right")
        if row == paper.row:
            drawing.arrow(painter, block.x - 2, rect.y + rect.h / 2, True, QColor(theme.accent))


def _frames(painter: QPainter, paper: FormPaper) -> None:
    """Frames around the row, the column and the entry that are looked at."""
    sheet = paper.sheet
    if paper.row not in sheet.x.rows or paper.unit not in sheet.wx.columns:
        return
    r, c = sheet.x.rows.index(paper.row), sheet.wx.columns.index(paper.unit)
    first, last = sheet.x.cell(r, 0), sheet.before.cell(r, len(sheet.before.columns) - 1)
    top, bottom = sheet.wx.cell(0, c), sheet.b.cell(0, c)
    entry = sheet.result.cell(r, c)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(paper.theme.accent), 2))
    for rect in (
        Rect(first.x, first.y, last.right - first.x, first.h),
        Rect(top.x, top.y, top.w, bottom.bottom - top.y),
        entry,
    ):
        painter.drawRect(rect.x - 1, rect.y - 1, rect.w, rect.h)


def _sum(painter: QPainter, paper: FormPaper) -> None:
    """The entry as the sum of its products, as many as fit, the others as one number."""
    sheet, form, theme = paper.sheet, paper.form, paper.theme
    if np.isnan(form.result[paper.row, paper.unit]):
        return
    font, bold = drawing.sized(paper.font, 12), drawing.sized(paper.font, 12, bold=True)
    head, lines = sum_words(paper, QFontMetrics(font), sheet.result.rect.right)
    painter.fillRect(8, sheet.sum + 1, sheet.result.rect.right - 8, 1, QColor(theme.line))
    room = QRect(8, sheet.sum + 5, sheet.result.rect.right + 30, 18)
    drawing.text(painter, room, head, theme.text, bold)
    drawing.text(painter, room.translated(0, 18), lines, theme.text, font)


def sum_words(paper: FormPaper, metrics: QFontMetrics, width: int) -> tuple[str, str]:
    """The entry with its function and value, and the sum under it, as long as the width allows."""
    form, row, unit = paper.form, paper.row, paper.unit
    terms = form.terms(row, unit)
    z = float(terms.sum() + form.b[unit])
    name = f"{form.signs[2].removesuffix('(t)').lower()}(t)[{paper.names[row]}, {unit}]"
    value = number(float(form.result[row, unit]), 4)
    head = f"{name} = {form.signs[3]}({number(z, 4)}) = {value}"
    left, bias = f"{number(z, 4)} = ", factor(form.b[unit])
    whole = _joined(left, products(form, row, unit, len(terms)), len(terms), z, bias) if len(terms) <= _MOST else ""
    if whole and metrics.horizontalAdvance(whole) <= width:
        return head, whole
    largest = products(form, row, unit, min(_MOST, len(terms) - 1))
    while len(largest) > 1 and metrics.horizontalAdvance(_joined(left, largest, len(terms), z, bias)) > width:
        largest.pop()
    return head, _joined(left, largest, len(terms), z - float(form.b[unit]), bias)


def _joined(left: str, written: list[tuple[str, float]], count: int, total: float, bias: str) -> str:
    """The sum as text; what is not written out is one number: of the whole without the bias, what is left."""
    words, rest = [text for text, _ in written], count - len(written)
    if rest:
        words.append(tr("[{count} more: {sum}]", count=rest, sum=number(total - sum(term for _, term in written))))
    return left + " + ".join([*words, f"b {bias}"])
