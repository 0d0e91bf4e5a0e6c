"""Where every wire, node and strip of the cell diagram lies for a given size: numbers only, no painting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

MARGIN = 6
MINIMUM_WIDTH, MINIMUM_HEIGHT = 460, 240
"""The smallest diagram in which nothing overlaps."""

_LSTM_SCALES = (1.3, 1.1, 0.87, 0.87, 0.87)
"""Shares of the legend: the gates' limits are said in words, and the second scale serves three signals."""

Kind = Literal["vector", "layer"]


@dataclass(frozen=True)
class Rect:
    """A rectangle in whole pixels."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first column past the rectangle."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first row past the rectangle."""
        return self.y + self.h

    @property
    def cx(self) -> int:
        """The middle column."""
        return self.x + self.w // 2

    @property
    def cy(self) -> int:
        """The middle row."""
        return self.y + self.h // 2

    def overlaps(self, other: Rect) -> bool:
        """Whether the two share a pixel."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def contains(self, x: float, y: float) -> bool:
        """Whether the point lies inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom


@dataclass(frozen=True)
class Card:
    """The place of one vector on its wire: a header for name and number over a strip of units.

    ``kind`` is ``layer`` where a layer of neurons (or tanh) computes the vector, ``vector`` where it only passes.
    ``words`` is a line under the strip for the name in full, None where there is none.
    """

    key: str
    rect: Rect
    header: Rect
    strip: Rect
    kind: Kind = "vector"
    words: Rect | None = None


@dataclass(frozen=True)
class Node:
    """An operation on the wires, which yields ``key``: ``sign`` is × for ⊗, + for ⊕, or the name of a function."""

    key: str
    sign: str
    x: int
    y: int
    radius: int

    @property
    def rect(self) -> Rect:
        """The square around the circle."""
        return Rect(self.x - self.radius, self.y - self.radius, 2 * self.radius, 2 * self.radius)


@dataclass(frozen=True)
class Wire:
    """A path that carries the vector ``key`` through ``points``, straight from one to the next.

    ``thin`` where each unit goes to itself alone. ``bridges`` are the places where it leads over another wire.
    """

    key: str
    points: tuple[tuple[int, int], ...]
    arrow: bool = True
    thin: bool = False
    bridges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Dot:
    """A place where the wire of ``key`` forks or two wires join."""

    key: str
    x: int
    y: int


@dataclass(frozen=True)
class Tag:
    """The function φ of the layer ``key``, written where its wire leaves it."""

    key: str
    text: str
    rect: Rect


@dataclass(frozen=True)
class CellGeometry:
    """The whole diagram. em: the size of the text in pixels. caption: a line of words. legend: one place per scale.

    badges name what is done to a vector before ``key`` takes it.
    """

    em: int
    cards: tuple[Card, ...]
    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    dots: tuple[Dot, ...]
    caption: Rect
    legend: tuple[Rect, ...]
    tags: tuple[Tag, ...] = ()
    badges: tuple[Tag, ...] = ()

    def card(self, key: str) -> Card:
        """The card of one vector."""
        return next(card for card in self.cards if card.key == key)

    def card_at(self, x: float, y: float) -> Card | None:
        """The card whose strip lies under the point, or None."""
        return next((card for card in self.cards if card.strip.contains(x, y)), None)


@dataclass(frozen=True)
class Grid:
    """Columns and rows that the diagrams share, from the size of the widget."""

    em: int
    left: float
    column: float
    card_w: int
    card_h: int
    header_h: int
    gap: float
    radius: int
    first: int

    def x(self, column: float) -> int:
        return round(self.left + (column + 0.5) * self.column)

    def card(self, key: str, column: float, cy: int, kind: Kind = "vector") -> Card:
        rect = Rect(self.x(column) - self.card_w // 2, cy - self.card_h // 2, self.card_w, self.card_h)
        pad = max(4, self.em // 3)
        header = Rect(rect.x + pad, rect.y + 1, rect.w - 2 * pad, self.header_h)
        strip = Rect(header.x, header.bottom + 2, header.w, rect.bottom - header.bottom - 2 - pad)
        return Card(key, rect, header, strip, kind)


def make_grid(width: int, height: int, top: int, columns: int, rows: int, nodes: int) -> Grid:
    """The grid for so many columns, rows of cards, and rows of nodes between them; what is spare goes to both."""
    em = round(min(max(min(width / 70, (height - top) / 24.5), 9), 18))
    header, pad, radius = round(1.55 * em), max(4, em // 3), max(7, round(0.85 * em))
    column = (width - 2 * MARGIN) / (columns + 0.4)
    strip, gap, gaps = 0.9 * em, 1.2 * em, rows + nodes - 1
    free = height - top - 2 * MARGIN - _foot(em)
    spare = free - rows * (header + pad + strip + 3) - 2 * radius * nodes - gaps * gap
    growth = min(max(0.0, 0.5 * spare / rows), 9.6 * em / rows)
    gap += min(max(0.0, (spare - rows * growth) / gaps), 3.6 * em)
    card_h = int(header + pad + strip + growth + 3)
    used = rows * card_h + 2 * radius * nodes + gaps * gap
    first = top + MARGIN + int(max(0.0, free - used) / 2)
    card_w = int(min(0.89 * column, 26 * em))
    return Grid(em, MARGIN + 0.2 * column, column, card_w, card_h, header, gap, radius, first)


def _foot(em: int) -> int:
    """The height that caption and legend take under the diagram."""
    return round(2.3 * em)


def scale_places(width: int, height: int, em: int, shares: tuple[float, ...]) -> tuple[Rect, ...]:
    """Places for the scales, side by side along the bottom, in these shares of the width."""
    h, y = round(1.5 * em), height - MARGIN // 2 - round(1.5 * em)
    each = (width - 2 * MARGIN) / sum(shares)
    return tuple(
        Rect(round(MARGIN + each * sum(shares[:n])) + 2, y, int(each * share) - 4, h) for n, share in enumerate(shares)
    )


def lstm_geometry(width: int, height: int, top: int = 0) -> CellGeometry:
    """The LSTM of the design's section 4, below ``top`` pixels that are left free.

    The state runs along the top from c(t−1) to c(t); the four layers stand below it in the order f g i o, fed from the
    line of h(t−1) and x(t) under them; h(t) leaves to the right. No wire crosses another.
    """
    width, height = max(width, MINIMUM_WIDTH), max(height, MINIMUM_HEIGHT)
    grid = make_grid(width, height, top, columns=6, rows=4, nodes=1)
    half, step = grid.card_h // 2, grid.card_h + grid.gap
    state = grid.first + half
    middle = round(state + step)
    node = round(middle + half + grid.gap + grid.radius)
    layers = round(node + grid.radius + grid.gap + half)
    bus = round(layers + step)
    cards = (
        grid.card("c_prev", 0, state),
        grid.card("kept", 1.75, state),
        grid.card("c", 5, state),
        grid.card("written", 2.5, middle),
        grid.card("tanh_c", 4, middle, "layer"),
        *(worded(grid.card(key, column, layers, "layer"), grid.em) for column, key in enumerate("fgio", start=1)),
        grid.card("h", 5, node),
        grid.card("h_prev", 0, layers),
        grid.card("x", 0, bus),
    )
    nodes = (
        Node("kept", "×", grid.x(1), state, grid.radius),
        Node("c", "+", grid.x(2.5), state, grid.radius),
        Node("written", "×", grid.x(2.5), node, grid.radius),
        Node("h", "×", grid.x(4), node, grid.radius),
    )
    wires = _lstm_wires({card.key: card for card in cards}, nodes, bus, width, round(grid.x(0.5)))
    dots = (
        Dot("c", grid.x(4), state),
        Dot("combine", round(grid.x(0.5)), bus),
        *(Dot("combine", grid.x(column), bus) for column in (1, 2, 3)),
    )
    caption = Rect(grid.x(0.5), bus + grid.em // 2, width - MARGIN - grid.x(0.5), round(1.4 * grid.em))
    tags = tuple(function_tag(card, grid.em) for card in cards if card.key in "fgio")
    return CellGeometry(
        grid.em, cards, nodes, wires, dots, caption, scale_places(width, height, grid.em, _LSTM_SCALES), tags
    )


def worded(card: Card, em: int) -> Card:
    """The card with a line for its name in full, which takes its room from the wires below."""
    rect, height = card.rect, round(1.3 * em)
    words = Rect(card.strip.x, card.strip.bottom + 2, card.strip.w, height)
    return replace(card, rect=Rect(rect.x, rect.y, rect.w, rect.h + height), words=words)


def function_tag(card: Card, em: int) -> Tag:
    """σ or tanh, left of the wire above a layer."""
    text = "tanh" if card.key == "g" else "σ"
    w = round((2.8 if card.key == "g" else 1.1) * em)
    return Tag(card.key, text, Rect(card.rect.cx - em // 2 - w, card.rect.y - em - 1, w, em))


def _lstm_wires(cards: dict[str, Card], nodes: tuple[Node, ...], bus: int, width: int, join: int) -> tuple[Wire, ...]:
    kept, add, product, out = nodes
    rect = {key: card.rect for key, card in cards.items()}
    state, row = add.y, product.y
    edge = width - MARGIN
    stems = tuple(Wire("combine", ((rect[key].cx, bus), (rect[key].cx, rect[key].bottom)), arrow=True) for key in "fgi")
    o = rect["o"].cx
    return (
        Wire("c_prev", ((MARGIN, state), (rect["c_prev"].x, state)), arrow=False),
        Wire("c_prev", ((rect["c_prev"].right, state), (kept.x - kept.radius, state))),
        Wire("kept", ((kept.x + kept.radius, state), (rect["kept"].x, state)), arrow=False),
        Wire("kept", ((rect["kept"].right, state), (add.x - add.radius, state))),
        Wire("c", ((add.x + add.radius, state), (rect["c"].x, state)), arrow=False),
        Wire("c", ((rect["c"].right, state), (edge, state))),
        Wire("c", ((rect["tanh_c"].cx, state), (rect["tanh_c"].cx, rect["tanh_c"].y))),
        Wire("tanh_c", ((rect["tanh_c"].cx, rect["tanh_c"].bottom), (out.x, out.y - out.radius))),
        Wire("f", ((rect["f"].cx, rect["f"].y), (kept.x, kept.y + kept.radius))),
        Wire("g", ((rect["g"].cx, rect["g"].y), (rect["g"].cx, row), (product.x - product.radius, row))),
        Wire("i", ((rect["i"].cx, rect["i"].y), (rect["i"].cx, row), (product.x + product.radius, row))),
        Wire("o", ((rect["o"].cx, rect["o"].y), (out.x, out.y + out.radius))),
        Wire("written", ((product.x, product.y - product.radius), (product.x, rect["written"].bottom)), arrow=False),
        Wire("written", ((add.x, rect["written"].y), (add.x, add.y + add.radius))),
        Wire("h", ((out.x + out.radius, row), (rect["h"].x, row)), arrow=False),
        Wire("h", ((rect["h"].right, row), (edge, row))),
        Wire("h_prev", ((MARGIN, rect["h_prev"].cy), (rect["h_prev"].x, rect["h_prev"].cy)), arrow=False),
        Wire(
            "h_prev", ((rect["h_prev"].right, rect["h_prev"].cy), (join, rect["h_prev"].cy), (join, bus)), arrow=False
        ),
        Wire("x", ((MARGIN, bus), (rect["x"].x, bus)), arrow=False),
        Wire("x", ((rect["x"].right, bus), (join, bus)), arrow=False),
        Wire("combine", ((join, bus), (o, bus), (o, rect["o"].bottom))),
        *stems,
    )


def rnn_geometry(width: int, height: int, top: int = 0, activation: str = "tanh") -> CellGeometry:
    """The recurrent layer y(t) = φ(Wxᵀx(t) + Wyᵀy(t−1) + b), left to right, below ``top`` pixels left free."""
    width, height = max(width, MINIMUM_WIDTH), max(height, MINIMUM_HEIGHT)
    grid = make_grid(width, height, top, columns=4, rows=2, nodes=1)
    half = grid.card_h // 2
    upper = grid.first + half
    lower = round(upper + grid.card_h + 2 * grid.gap + 2 * grid.radius)
    middle = (upper + lower) // 2
    edge, join = width - MARGIN, grid.x(0.5)
    h_prev, x = grid.card("h_prev", 0, upper), grid.card("x", 0, lower)
    z, h = grid.card("z", 1.2, middle, "layer"), grid.card("h", 3, middle)
    phi = Node("h", activation, grid.x(2.15), middle, round(1.7 * grid.em))
    wires = (
        Wire("h_prev", ((MARGIN, upper), (h_prev.rect.x, upper)), arrow=False),
        Wire("h_prev", ((h_prev.rect.right, upper), (join, upper), (join, middle)), arrow=False),
        Wire("x", ((MARGIN, lower), (x.rect.x, lower)), arrow=False),
        Wire("x", ((x.rect.right, lower), (join, lower), (join, middle)), arrow=False),
        Wire("combine", ((join, middle), (z.rect.x, middle))),
        Wire("z", ((z.rect.right, middle), (phi.x - phi.radius, middle))),
        Wire("h", ((phi.x + phi.radius, middle), (h.rect.x, middle)), arrow=False),
        Wire("h", ((h.rect.right, middle), (edge, middle))),
    )
    caption = Rect(z.rect.x, lower + half - round(1.4 * grid.em), edge - z.rect.x, round(1.4 * grid.em))
    legend = scale_places(width, height, grid.em, (1, 1, 1))
    dots = (Dot("combine", join, middle),)
    return CellGeometry(grid.em, (h_prev, x, z, h), (phi,), wires, dots, caption, legend)
