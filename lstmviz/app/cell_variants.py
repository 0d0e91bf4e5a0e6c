"""What a variant of the LSTM adds to the layout of its diagram: peepholes and layer norms."""

from __future__ import annotations

from dataclasses import replace

from lstmviz.app.cell_geometry import CellGeometry, Dot, Rect, Tag, Wire, lstm_geometry
from lstmviz.app.functions import brief_sign
from lstmviz.cells.activations import PLAIN, Functions

_HEADROOM = 7
"""Pixels above the state's line, along which a peephole leads to the input gate."""
_ASIDE = 0.37
"""Peepholes enter a card this share of its width beside its middle, where its own wire leaves."""


def variant_geometry(
    width: int, height: int, top: int = 0, *, peepholes: bool, norm: bool, functions: Functions = PLAIN
) -> CellGeometry:
    """The LSTM of this variant, below ``top`` pixels that are left free."""
    geometry = lstm_geometry(width, height, top + _HEADROOM if peepholes else top)
    if peepholes:
        geometry = _with_peepholes(geometry)
    if functions != PLAIN:
        geometry = replace(geometry, tags=tuple(_worded(tag, functions) for tag in geometry.tags))
    return _with_norms(geometry) if norm else geometry


def _worded(tag: Tag, functions: Functions) -> Tag:
    """The tag of a layer with its own function."""
    return replace(tag, text=brief_sign(functions.of(tag.key)))


def _with_peepholes(geometry: CellGeometry) -> CellGeometry:
    """Thin wires from c(t−1) to f and i and from c(t) to o; that to i leads over the state's line."""
    f, i, o, tanh_c, c_prev = (geometry.card(key).rect for key in ("f", "i", "o", "tanh_c", "c_prev"))
    state, aside = c_prev.cy, round(_ASIDE * f.w)
    before, over, down = f.cx - aside, c_prev.y - _HEADROOM + 1, i.cx + aside
    after, jog = (down + tanh_c.x) // 2, o.y - round(0.95 * geometry.em)
    wires = (
        Wire("c_prev", ((before, state), (before, f.y)), thin=True),
        Wire(
            "c_prev",
            ((before, state), (before, over), (down, over), (down, i.y)),
            thin=True,
            bridges=((down, state),),
        ),
        Wire("c", ((after, state), (after, jog), (o.cx - aside, jog), (o.cx - aside, o.y)), thin=True),
    )
    dots = (Dot("c_prev", before, state), Dot("c", after, state))
    return replace(geometry, wires=geometry.wires + wires, dots=geometry.dots + dots)


def _with_norms(geometry: CellGeometry) -> CellGeometry:
    """LN between what a layer weighs and its σ or tanh, and between c(t) and tanh."""
    badges = tuple(_badge(geometry, key) for key in ("f", "g", "i", "o", "tanh_c"))
    return replace(geometry, badges=badges)


def _badge(geometry: CellGeometry, key: str) -> Tag:
    card, em = geometry.card(key).rect, geometry.em
    return Tag(key, "LN", Rect(card.cx + round(0.4 * em), card.y - em - 2, round(1.75 * em), em))
