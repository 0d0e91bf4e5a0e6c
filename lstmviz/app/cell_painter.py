"""The cell diagram on paper: what stands still for a size and a trace, and what changes with every frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from lstmviz.app import strip
from lstmviz.app.cell_geometry import Card, CellGeometry, Node, Rect, Tag, Wire
from lstmviz.app.cell_labels import number
from lstmviz.app.cell_picture import WORDS, CellPicture, has_unit, limits_in_words, limits_text
from lstmviz.app.frame_values import Array, Scale, when
from lstmviz.app.theme import lookup_table

_FAINT = 0.22
"""Opacity of what the step has not computed yet."""
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignCenter


def paint_still(painter: QPainter, picture: CellPicture) -> None:
    """Wires, nodes, cards, names, caption and legend."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    lit_last = sorted(picture.geometry.wires, key=lambda wire: (bool(wire.bridges), when(wire.key, picture.phase) == 0))
    for wire in lit_last:
        _paint_wire(painter, picture, wire)
    for dot in picture.geometry.dots:
        painter.setOpacity(_FAINT if when(dot.key, picture.phase) > 0 else 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_wire_colour(picture, dot.key))
        radius = max(3.0, 0.24 * picture.geometry.em)
        painter.drawEllipse(QPointF(dot.x, dot.y), radius, radius)
    painter.setFont(picture.text_font(0.95))
    painter.setPen(QColor(picture.theme.text))
    for tag in picture.geometry.tags:
        painter.setOpacity(_FAINT if when(tag.key, picture.phase) > 0 else 1)
        painter.drawText(_qrect(tag.rect), _RIGHT | Qt.TextFlag.TextDontClip, tag.text)
    for badge in picture.geometry.badges:
        _paint_badge(painter, picture, badge)
    for node in picture.geometry.nodes:
        _paint_node(painter, picture, node)
    for card in picture.geometry.cards:
        _paint_card(painter, picture, card)
    painter.setOpacity(1)
    _paint_caption(painter, picture)
    for place, (name, scale) in zip(picture.geometry.legend, picture.legend, strict=False):
        _paint_scale(painter, picture, place, name, scale)


def paint_frame(
    painter: QPainter, picture: CellPicture, values: Mapping[str, Array], symbol: str = "", ratio: float = 1.0
) -> None:
    """The strips and numbers of one frame, over what stands still; ``ratio`` pixels a point."""
    painter.setFont(picture.text_font())
    painter.setPen(QColor(picture.theme.text))
    by_length: dict[tuple[int, int, bool], list[Card]] = {}
    for card in picture.geometry.cards:
        if card.key in values:
            later = when(card.key, picture.phase) > 0
            by_length.setdefault((len(values[card.key]), card.strip.w, later), []).append(card)
    for (_, _, later), cards in by_length.items():
        painter.setOpacity(_FAINT if later else 1)
        vectors = np.stack([values[card.key] for card in cards])
        _paint_strips(painter, picture, cards, vectors, ratio)
        if not later:
            _paint_numbers(painter, picture, cards, vectors, symbol)
    painter.setOpacity(1)


def _paint_strips(painter: QPainter, picture: CellPicture, cards: list[Card], vectors: Array, ratio: float) -> None:
    """The strips of cards whose vectors have one length, (k, n)."""
    width = round(cards[0].strip.w * ratio)
    scales = [picture.scales[card.key] for card in cards]
    strip.paint(painter, [card.strip for card in cards], strip.pixels(vectors, scales, width))


def _paint_numbers(painter: QPainter, picture: CellPicture, cards: list[Card], vectors: Array, symbol: str) -> None:
    """The number of the selected unit over each strip, and its frame in the strip."""
    ink, paper = QColor(picture.theme.text), QColor(picture.theme.base)
    units, unit = vectors.shape[1], picture.unit
    if units == picture.units:
        chosen = vectors[:, unit : unit + 1]
        inks = strip.colours(chosen, [picture.scales[card.key] for card in cards])[:, 0].tolist()
        for card, colour in zip(cards, inks, strict=True):
            if has_unit(card.key, units, picture.units):
                strip.mark(painter, card.strip, unit, units, colour, ink, paper)
    for card, vector in zip(cards, vectors, strict=True):
        painter.drawText(_qrect(card.header), _RIGHT, _number_text(picture, card, vector, symbol))


def living_rects(geometry: CellGeometry) -> list[QRect]:
    """The parts of the diagram that change with the frame."""
    return [QRect(card.header.x - 4, card.rect.y, card.header.w + 8, card.rect.h) for card in geometry.cards]


def _number_text(picture: CellPicture, card: Card, vector: Array, symbol: str) -> str:
    if has_unit(card.key, len(vector), picture.units):
        return number(float(vector[picture.unit]), picture.digits(card))
    if card.key == "x" and symbol:
        return symbol
    if len(vector) == 1:
        return number(float(vector[0]), picture.digits(card))
    return f"({len(vector)})"


def _wire_colour(picture: CellPicture, key: str) -> QColor:
    return picture.theme.signal({"combine": "x", "z": "h"}.get(key, key))


def _blend(over: QColor, under: QColor, share: float) -> QColor:
    """``share`` of one colour, the rest of the other."""
    pairs = ((over.red(), under.red()), (over.green(), under.green()), (over.blue(), under.blue()))
    return QColor(*(round(share * a + (1 - share) * b) for a, b in pairs))


def _qrect(rect: Rect) -> QRectF:
    return QRectF(rect.x, rect.y, rect.w, rect.h)


def _paint_wire(painter: QPainter, picture: CellPicture, wire: Wire) -> None:
    stage, em = when(wire.key, picture.phase), picture.geometry.em
    colour = _wire_colour(picture, wire.key)
    painter.setOpacity(_FAINT if stage > 0 else 1)
    thickness = round(max(2.0, (0.11 if wire.thin else 0.19) * em)) + (2 if stage == 0 else 0)
    for x, y in wire.bridges:
        gap = thickness / 2 + max(3.0, 0.3 * em)
        painter.setOpacity(1)
        painter.fillRect(QRectF(x - gap, y - gap, 2 * gap, 2 * gap), QColor(picture.theme.base))
        painter.setOpacity(_FAINT if stage > 0 else 1)
    pen = QPen(colour, thickness, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.RoundJoin)
    points = [QPointF(x, y) for x, y in wire.points]
    head = (0.5 if wire.thin else 0.62) * em + (1 if stage == 0 else 0)
    tip, before = points[-1], points[-2]
    length = max(1e-6, abs(tip.x() - before.x()) + abs(tip.y() - before.y()))
    along = (tip - before) / length
    if wire.arrow:
        points[-1] = tip - along * min(0.8 * head, length)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_rounded_path(points, 0.9 * em))
    if wire.arrow:
        across = QPointF(-along.y(), along.x()) * (0.52 * head)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([tip, tip - along * head + across, tip - along * head - across]))


def _paint_badge(painter: QPainter, picture: CellPicture, badge: Tag) -> None:
    """What is done to a vector before it enters, as a pill beside its wire."""
    box, theme = _qrect(badge.rect), picture.theme
    painter.setOpacity(_FAINT if when(badge.key, picture.phase) > 0 else 1)
    painter.setPen(QPen(QColor(theme.edge), 1))
    painter.setBrush(QColor(theme.raised))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), box.height() / 2, box.height() / 2)
    painter.setFont(picture.text_font(0.75, bold=True))
    painter.setPen(QColor(theme.text))
    painter.drawText(box, _CENTRE | Qt.TextFlag.TextDontClip, badge.text)


def _rounded_path(points: list[QPointF], radius: float) -> QPainterPath:
    """The polyline with each elbow rounded."""
    path = QPainterPath(points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = corner - before, after - corner
        long_in, long_out = (abs(leg.x()) + abs(leg.y()) for leg in (into, out))
        bend = min(radius, long_in / 2, long_out / 2)
        path.lineTo(corner - into * (bend / max(long_in, 1e-6)))
        path.quadTo(corner, corner + out * (bend / max(long_out, 1e-6)))
    path.lineTo(points[-1])
    return path


def _paint_node(painter: QPainter, picture: CellPicture, node: Node) -> None:
    stage, theme = when(node.key, picture.phase), picture.theme
    painter.setOpacity(1)
    # an opaque disc first, so that a faint node hides the wires under it
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.base))
    painter.drawEllipse(_qrect(node.rect))
    painter.setOpacity(_FAINT if stage > 0 else 1)
    edge = _wire_colour(picture, node.key)
    painter.setPen(QPen(edge if stage == 0 else QColor(theme.text), 2))
    painter.setBrush(_blend(edge, QColor(theme.base), 0.45) if stage == 0 else QColor(theme.base))
    painter.drawEllipse(_qrect(node.rect).adjusted(1, 1, -1, -1))
    painter.setPen(QPen(QColor(theme.text), 2))
    if node.sign == "+" or node.sign == "×":
        arm = 0.5 * node.radius * (1 if node.sign == "+" else 0.8)
        ends = ((arm, 0.0), (0.0, arm)) if node.sign == "+" else ((arm, arm), (arm, -arm))
        for dx, dy in ends:
            painter.drawLine(QPointF(node.x - dx, node.y - dy), QPointF(node.x + dx, node.y + dy))
    else:
        painter.setFont(picture.text_font(0.9, bold=True))
        painter.drawText(_qrect(node.rect), _CENTRE, node.sign)


def _paint_card(painter: QPainter, picture: CellPicture, card: Card) -> None:
    stage, theme = when(card.key, picture.phase), picture.theme
    colour, base = _wire_colour(picture, card.key), QColor(theme.base)
    box = _qrect(card.rect)
    radius = 0.45 * picture.geometry.em if card.kind == "layer" else 0.3 * picture.geometry.em
    painter.setOpacity(1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(base)
    painter.drawRoundedRect(box, radius, radius)
    painter.setOpacity(_FAINT if stage > 0 else 1)
    if stage == 0:
        painter.setBrush(_blend(colour, base, 0.30))
    else:
        painter.setBrush(_blend(colour, base, 0.16) if card.kind == "layer" else QColor(theme.raised))
    strong = card.kind == "layer" or stage == 0
    edge = colour if strong else _blend(colour, QColor(theme.line), 0.45)
    width = 3 if stage == 0 else (2 if strong else 1)
    painter.setPen(QPen(edge, width))
    inset = width / 2
    painter.drawRoundedRect(box.adjusted(inset, inset, -inset, -inset), radius, radius)
    painter.setFont(picture.text_font(bold=True))
    painter.setPen(QColor(theme.text))
    painter.drawText(_qrect(card.header), _LEFT, picture.label(card))
    if card.words is not None:
        painter.setFont(picture.text_font(WORDS))
        painter.drawText(_qrect(card.words), _CENTRE, picture.full_name(card))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if card.key in picture.without_values:
        painter.setFont(picture.text_font(0.85))
        painter.setPen(QColor(theme.dim))
        painter.drawText(_qrect(card.strip), _CENTRE, picture.without_values[card.key])
    else:
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(card.strip.x - 1, card.strip.y - 1, card.strip.w + 1, card.strip.h + 1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _paint_caption(painter: QPainter, picture: CellPicture) -> None:
    place = picture.geometry.caption
    font = picture.text_font(0.9)
    painter.setFont(font)
    painter.setPen(QColor(picture.theme.dim))
    text = QFontMetricsF(font).elidedText(picture.caption, Qt.TextElideMode.ElideRight, place.w)
    painter.drawText(_qrect(place), _RIGHT, text)


def _paint_scale(painter: QPainter, picture: CellPicture, place: Rect, name: str, scale: Scale) -> None:
    """One entry of the legend: name, colours from low to high, limits."""
    em, font = picture.geometry.em, picture.text_font(0.9)
    metrics, gap = QFontMetricsF(font), 0.45 * em
    name_w = metrics.horizontalAdvance(name)
    for text in (limits_in_words(scale), limits_text(scale)):
        text_w = metrics.horizontalAdvance(text)
        bar_w = min(7.0 * em, place.w - name_w - text_w - 2 * gap - em)
        if bar_w >= 2.5 * em:
            break
    painter.setFont(font)
    painter.setPen(QColor(picture.theme.text))
    box = _qrect(place)
    painter.drawText(box, _LEFT, name)
    bar_h = max(6, round(0.6 * em))
    bar = QRect(round(place.x + name_w + gap), place.cy - bar_h // 2, round(bar_w), bar_h)
    table = lookup_table(scale.signed)
    image = QImage(table.data, len(table), 1, 4 * len(table), QImage.Format.Format_RGBA8888)
    if bar_w >= em:
        painter.drawImage(bar, image)
        painter.setPen(QPen(QColor(picture.theme.line), 1))
        painter.setBrush(QBrush())
        painter.drawRect(bar)
    painter.setPen(QColor(picture.theme.dim))
    painter.drawText(QRectF(bar.right() + 1 + gap, box.y(), text_w + 2, box.height()), _LEFT, text)
