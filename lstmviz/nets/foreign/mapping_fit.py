"""Whether the arrays that a mapping names fit together, found out from their names and shapes alone.

What is said here is what `mapping.apply` would find; no number of the file is needed for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lstmviz.language import tr
from lstmviz.nets.foreign.gate_order import TORCH_ORDER
from lstmviz.nets.foreign.mapping_form import LayerArrays, Names, StackMapping

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
SYNONYMS = {"lstm": ("c", "g"), "gru": ("h", "n"), "rnn": ("h", "h")}
"""By cell, what else the letter of the candidate is, and what it is here."""


@dataclass(frozen=True)
class Line:
    """What is said of one role of one lane: whether it fits, and the sizes, or why not."""

    fits: bool
    text: str


@dataclass(frozen=True)
class Fit:
    """Of every role (side, layer, role) that a mapping must fill a line, and the sizes found so far, 0 for unknown."""

    lines: dict[tuple[str, int, str], Line] = field(default_factory=dict)
    inputs: int = 0
    hidden: int = 0
    projection: int = 0
    ordered: bool = False

    @property
    def ready(self) -> bool:
        """Whether every array is there and fits, and the order of the gates is told."""
        return self.ordered and bool(self.lines) and all(line.fits for line in self.lines.values())


@dataclass(frozen=True)
class _Wanted:
    """The shape that an array must have, as words and as numbers; None where any number is right."""

    words: tuple[str, ...]
    sizes: tuple[int | None, ...]


def letters_of(stack: StackMapping) -> str:
    """The gate order in our letters, "" where it is not told or is none of this cell."""
    order = stack.order.lower().replace(*SYNONYMS[stack.cell])
    return order if sorted(order) == sorted(TORCH_ORDER[stack.cell]) else ""


def fit(stack: StackMapping, shapes: Shapes) -> Fit:
    """What fits and what does not, of every layer in every direction."""
    gates = len(TORCH_ORDER[stack.cell])
    first = stack.layers[0]
    recurrent = _block(first.w_hh, shapes, stack, gates)
    block = recurrent or _block(first.w_ih, shapes, stack, gates)
    hidden = block[0] // gates if block else 0
    turned = _turned(shapes.get(first.w_hr, ()), stack)
    projection = turned[0] if first.w_hr and len(turned) == 2 else 0
    inputs = (_block(first.w_ih, shapes, stack, gates) or (0, 0))[1]
    lines = {}
    for side, layer, arrays in stack.lanes():
        width = inputs if not layer else (projection or hidden) * (2 if stack.reverse else 1)
        free = not layer and side == "forward"
        for role, wanted in _wanted(stack, arrays, gates, hidden, projection, None if free else width).items():
            lines[side, layer, role] = _line(getattr(arrays, role), wanted, shapes, stack, role)
        if lines[side, layer, "w_hh"].fits and arrays.w_hh == arrays.w_ih:
            lines[side, layer, "w_hh"] = Line(False, tr("this array weighs x(t) already"))
    return Fit(lines, inputs, hidden, projection, bool(letters_of(stack)))


def _wanted(
    stack: StackMapping, arrays: LayerArrays, gates: int, hidden: int, projection: int, width: int | None
) -> dict[str, _Wanted]:
    """By role, the shape that is expected, gates in rows."""
    rows, words = gates * hidden, f"{gates}·H" if gates > 1 else "H"
    width_words = "F" if width is None else str(width)
    wanted = {
        "w_ih": _Wanted((words, width_words), (rows, width)),
        "w_hh": _Wanted((words, "P" if projection else "H"), (rows, projection or hidden)),
    }
    if stack.bias == "halves":
        wanted["b"] = _Wanted((f"{2 * gates}·H",), (2 * rows,))
    elif stack.bias != "none":
        wanted["b"] = _Wanted((words,), (rows,))
    if stack.bias == "two":
        wanted["b_hh"] = wanted["b"]
    if stack.layers[0].w_hr or arrays.w_hr:
        wanted["w_hr"] = _Wanted(("P", "H"), (projection, hidden))
    if stack.layers[0].peephole or arrays.peephole:
        wanted["peephole"] = _Wanted(("3·H",), (3 * hidden,))
    return wanted


def _line(names: Names, wanted: _Wanted, shapes: Shapes, stack: StackMapping, role: str) -> Line:
    several = 3 if role == "peephole" else len(TORCH_ORDER[stack.cell])
    given = (names,) if isinstance(names, str) else names
    if not names or not all(given):
        return Line(False, tr("choose an array") if isinstance(names, str) else tr("choose an array for each gate"))
    missing = [name for name in given if name not in shapes]
    if missing:
        return Line(False, tr("the file has no array “{name}”", name=missing[0]))
    flat = len(wanted.sizes) == 1
    found = [_flat(shapes[name]) if flat else _turned(shapes[name], stack) for name in given]
    whole = found[0]
    if not isinstance(names, str):
        if len(given) != several or len(set(given)) != len(given):
            return Line(False, tr("choose a different array for each gate"))
        if len(set(found)) > 1:
            return Line(False, tr("the gates differ in shape: {shapes}", shapes=", ".join(sorted(map(_times, found)))))
        whole = (several * found[0][0], *found[0][1:]) if found[0] else ()
    if not _agrees(whole, wanted) or (role == "w_hr" and len(whole) == 2 and whole[0] >= whole[1]):
        return Line(
            False,
            tr(
                "does not fit: {found}; expected {words} = {sizes}",
                found=_said(whole, stack),
                words=_said(wanted.words, stack),
                sizes=_said([("…" if size is None or not size else size) for size in wanted.sizes], stack),
            ),
        )
    return Line(True, tr("fits: {words} = {sizes}", words=_said(wanted.words, stack), sizes=_said(whole, stack)))


def _agrees(found: Shape, wanted: _Wanted) -> bool:
    if len(found) != len(wanted.sizes) or 0 in found:
        return False
    return all(size is None or size == there for size, there in zip(wanted.sizes, found, strict=True))


def _block(names: Names, shapes: Shapes, stack: StackMapping, gates: int) -> Shape:
    """The shape of all gates together, rows first; () where that is not known yet."""
    given = (names,) if isinstance(names, str) else names
    found = [_turned(shapes[name], stack) for name in given if name in shapes]
    if len(found) != len(given) or any(len(shape) != 2 for shape in found):
        return ()
    rows = found[0][0] * (1 if isinstance(names, str) else len(given))
    return (rows, found[0][1]) if rows and rows % gates == 0 else ()


def _turned(shape: Shape, stack: StackMapping) -> Shape:
    """A shape with the gates in rows."""
    return shape[::-1] if stack.transposed and len(shape) == 2 else shape


def _flat(shape: Shape) -> Shape:
    """A bias of (2, n) counts as one of 2n."""
    return (shape[0] * shape[1],) if len(shape) == 2 else shape


def _said(sizes: tuple[object, ...] | list[object] | Shape, stack: StackMapping) -> str:
    """Sizes in the order in which they lie in the file."""
    return _times(tuple(sizes)[::-1] if stack.transposed else tuple(sizes))


def _times(sizes: tuple[object, ...]) -> str:
    return " × ".join(map(str, sizes)) if sizes else "–"
