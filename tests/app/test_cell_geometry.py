"""The diagram's layout: nothing overlaps and no wire crosses another, at any size."""

from __future__ import annotations

from functools import partial
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.app.cell_geometry import (
    MINIMUM_HEIGHT,
    MINIMUM_WIDTH,
    CellGeometry,
    Rect,
    Wire,
    lstm_geometry,
    rnn_geometry,
)
from lstmviz.app.cell_gru_geometry import gru_geometry
from lstmviz.app.cell_variants import variant_geometry
from lstmviz.cells.activations import Functions

SIZES = {
    "width": st.integers(MINIMUM_WIDTH, 2600),
    "height": st.integers(MINIMUM_HEIGHT, 1400),
    "top": st.sampled_from([0, 24, 32]),
}
VARIANTS = [
    partial(variant_geometry, peepholes=True, norm=False),
    partial(variant_geometry, peepholes=False, norm=True),
    partial(variant_geometry, peepholes=True, norm=True),
    partial(variant_geometry, peepholes=True, norm=True, functions=Functions("hard_sigmoid", "softsign", "relu")),
]
LAYOUTS = pytest.mark.parametrize("layout", [lstm_geometry, rnn_geometry, gru_geometry, *VARIANTS])


def boxes(geometry: CellGeometry) -> list[Rect]:
    return [
        *(card.rect for card in geometry.cards),
        *(node.rect for node in geometry.nodes),
        *(tag.rect for tag in (*geometry.tags, *geometry.badges)),
        geometry.caption,
        *geometry.legend,
    ]


def segments(wire: Wire) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(pairwise(wire.points))


def cross(a: tuple[tuple[int, int], tuple[int, int]], b: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    """Whether two axis-parallel segments cross with both their inner parts."""
    if (a[0][0] == a[1][0]) == (b[0][0] == b[1][0]):
        return False
    upright, level = (a, b) if a[0][0] == a[1][0] else (b, a)
    x, y = upright[0][0], level[0][1]
    left, right = sorted((level[0][0], level[1][0]))
    top, bottom = sorted((upright[0][1], upright[1][1]))
    return left < x < right and top < y < bottom


def meeting(a: tuple[tuple[int, int], tuple[int, int]], b: tuple[tuple[int, int], tuple[int, int]]) -> tuple[int, int]:
    upright, level = (a, b) if a[0][0] == a[1][0] else (b, a)
    return upright[0][0], level[0][1]


@LAYOUTS
@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_cards_nodes_caption_and_legend_never_overlap(layout, width, height, top):
    for one, other in combinations(boxes(layout(width, height, top)), 2):
        assert not one.overlaps(other), (one, other)


@LAYOUTS
@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_everything_stands_inside_the_view_and_below_the_chooser(layout, width, height, top):
    geometry = layout(width, height, top)
    for box in boxes(geometry):
        assert box.x >= 0
        assert box.right <= width
        assert box.y >= top
        assert box.bottom <= height
    for wire in geometry.wires:
        for x, y in wire.points:
            assert 0 <= x <= width
            assert top <= y <= height


@LAYOUTS
@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_every_strip_lies_under_its_header_inside_its_card_and_can_be_seen(layout, width, height, top):
    for card in layout(width, height, top).cards:
        assert card.strip.y >= card.header.bottom
        assert card.rect.x < card.strip.x
        assert card.strip.right < card.rect.right
        assert card.strip.bottom < card.rect.bottom
        assert card.strip.w >= 40
        assert card.strip.h >= 6


@LAYOUTS
@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_wires_run_level_or_upright_and_never_cross_but_on_bridges(layout, width, height, top):
    geometry = layout(width, height, top)
    parts = [part for wire in geometry.wires for part in segments(wire)]
    assert all(start[0] == end[0] or start[1] == end[1] for start, end in parts)
    bridges = [bridge for wire in geometry.wires for bridge in wire.bridges]
    assert len(bridges) == (len(geometry.wires) - len(lstm_geometry(width, height).wires) == 3)
    for one, other in combinations(parts, 2):
        assert not cross(one, other) or meeting(one, other) in bridges, (one, other)


@LAYOUTS
@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_no_wire_runs_through_a_card_or_the_caption(layout, width, height, top):
    geometry = layout(width, height, top)
    for wire in geometry.wires:
        for (x0, y0), (x1, y1) in segments(wire):
            box = Rect(min(x0, x1), min(y0, y1), abs(x1 - x0) or 1, abs(y1 - y0) or 1)
            places = (*geometry.cards, *geometry.tags, *geometry.badges)
            for other in (*(place.rect for place in places), geometry.caption):
                assert not box.overlaps(other), (wire.key, other)


def test_the_lstm_has_a_card_for_every_vector_of_the_equations():
    keys = {card.key for card in lstm_geometry(900, 420).cards}
    assert keys == {"c_prev", "h_prev", "x", "f", "g", "i", "o", "kept", "written", "c", "tanh_c", "h"}


def test_the_gru_has_a_card_for_every_vector_of_its_equations():
    keys = {card.key for card in gru_geometry(900, 420).cards}
    assert keys == {"h_prev", "x", "r", "f", "g", "i", "kept", "written", "h"}


@pytest.mark.parametrize(("width", "height"), [(MINIMUM_WIDTH, MINIMUM_HEIGHT), (900, 420), (1900, 700)])
def test_peepholes_lead_from_the_old_state_to_f_and_i_and_from_the_new_one_to_o(width, height):
    geometry = VARIANTS[0](width, height)
    state = geometry.card("c").rect.cy
    thin = [wire for wire in geometry.wires if wire.thin]
    assert [(wire.key, target) for wire, target in zip(thin, "fio", strict=True)] == [
        ("c_prev", "f"),
        ("c_prev", "i"),
        ("c", "o"),
    ]
    for wire, target in zip(thin, "fio", strict=True):
        card = geometry.card(target).rect
        assert wire.points[0][1] == state
        assert wire.points[-1][1] == card.y
        assert card.x < wire.points[-1][0] < card.right
        assert any((dot.x, dot.y) == wire.points[0] for dot in geometry.dots)


def test_a_point_on_a_strip_finds_its_card_and_a_point_beside_it_none():
    geometry = lstm_geometry(900, 420)
    place = geometry.card("o").strip
    assert geometry.card_at(place.x, place.y).key == "o"
    assert geometry.card_at(place.right - 1, place.bottom - 1).key == "o"
    assert geometry.card_at(place.x, place.y - 1) is None
