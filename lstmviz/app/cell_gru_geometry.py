"""Where every wire, node and strip of a GRU's diagram lies for a given size: numbers only, no painting."""

from __future__ import annotations

from lstmviz.app.cell_geometry import (
    MARGIN,
    MINIMUM_HEIGHT,
    MINIMUM_WIDTH,
    CellGeometry,
    Dot,
    Node,
    Rect,
    Tag,
    Wire,
    function_tag,
    make_grid,
    scale_places,
    worded,
)

_SCALES = (1.3, 1.1, 0.87, 0.87)
"""Shares of the legend, as in the LSTM's."""
_ADD, _I, _R = 2.8, 1.95, 4.85
"""Columns of the sum, of i and of r."""


def gru_geometry(width: int, height: int, top: int = 0) -> CellGeometry:
    """The GRU as the LSTM is drawn, below ``top`` pixels that are left free.

    The state runs along the top from h(t−1) to h(t); the layers stand below it, fed from the line of h(t−1) and x(t)
    under them. f lets a share of h(t−1) through, i, the rest of 1, a share of g; r acts inside the layer of g. No wire
    crosses another.
    """
    width, height = max(width, MINIMUM_WIDTH), max(height, MINIMUM_HEIGHT)
    grid = make_grid(width, height, top, columns=6, rows=4, nodes=1)
    half, step = grid.card_h // 2, grid.card_h + grid.gap
    state = grid.first + half
    middle = round(state + step)
    row = round(middle + half + grid.gap + grid.radius)
    layers = round(row + grid.radius + grid.gap + half)
    bus = round(layers + step)
    cards = (
        grid.card("h_prev", 0, state),
        grid.card("kept", 1.9, state),
        grid.card("h", 5, state),
        grid.card("written", _ADD, middle),
        grid.card("i", _I, row),
        *(
            worded(grid.card(key, column, layers, "layer"), grid.em)
            for key, column in (("f", 1), ("g", 3.5), ("r", _R))
        ),
        grid.card("x", 0, bus),
    )
    nodes = (
        Node("kept", "×", grid.x(1), state, grid.radius),
        Node("h", "+", grid.x(_ADD), state, grid.radius),
        Node("written", "×", grid.x(_ADD), row, grid.radius),
    )
    rect = {card.key: card.rect for card in cards}
    join = round(grid.x(0.5))
    dots = (
        Dot("h_prev", join, state),
        Dot("f", rect["f"].cx, row),
        Dot("combine", join, bus),
        *(Dot("combine", rect[key].cx, bus) for key in "fg"),
    )
    caption = Rect(join, bus + grid.em // 2, width - MARGIN - join, round(1.4 * grid.em))
    tags = (*(function_tag(card, grid.em) for card in cards if card.key in "fg"), _reset_tag(rect["r"], grid.em))
    legend = scale_places(width, height, grid.em, _SCALES)
    wires = _wires(rect, nodes, join, bus, width - MARGIN)
    return CellGeometry(grid.em, cards, nodes, wires, dots, caption, legend, tags)


def _reset_tag(card: Rect, em: int) -> Tag:
    """σ over the wire that leaves r to the left."""
    return Tag("r", "σ", Rect(card.x - round(1.4 * em), card.cy - round(1.4 * em), round(1.1 * em), em))


def _wires(rect: dict[str, Rect], nodes: tuple[Node, ...], join: int, bus: int, edge: int) -> tuple[Wire, ...]:
    kept, add, product = nodes
    state, row, layers = add.y, product.y, rect["g"].cy
    stems = tuple(Wire("combine", ((rect[key].cx, bus), (rect[key].cx, rect[key].bottom))) for key in "fg")
    return (
        Wire("h_prev", ((MARGIN, state), (rect["h_prev"].x, state)), arrow=False),
        Wire("h_prev", ((rect["h_prev"].right, state), (kept.x - kept.radius, state))),
        Wire("h_prev", ((join, state), (join, bus)), arrow=False),
        Wire("kept", ((kept.x + kept.radius, state), (rect["kept"].x, state)), arrow=False),
        Wire("kept", ((rect["kept"].right, state), (add.x - add.radius, state))),
        Wire("h", ((add.x + add.radius, state), (rect["h"].x, state)), arrow=False),
        Wire("h", ((rect["h"].right, state), (edge, state))),
        Wire("f", ((rect["f"].cx, rect["f"].y), (kept.x, kept.y + kept.radius))),
        Wire("i", ((rect["f"].cx, row), (rect["i"].x, row))),
        Wire("i", ((rect["i"].right, row), (product.x - product.radius, row))),
        Wire("g", ((rect["g"].cx, rect["g"].y), (rect["g"].cx, row), (product.x + product.radius, row))),
        Wire("r", ((rect["r"].x, layers), (rect["g"].right, layers))),
        Wire("written", ((product.x, product.y - product.radius), (product.x, rect["written"].bottom)), arrow=False),
        Wire("written", ((add.x, rect["written"].y), (add.x, add.y + add.radius))),
        Wire("x", ((MARGIN, bus), (rect["x"].x, bus)), arrow=False),
        Wire("x", ((rect["x"].right, bus), (join, bus)), arrow=False),
        Wire("combine", ((join, bus), (rect["r"].cx, bus), (rect["r"].cx, rect["r"].bottom))),
        *stems,
    )
