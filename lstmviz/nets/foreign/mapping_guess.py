"""A mapping to begin with, found by shapes; the order of the gates in one array is never guessed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal

import msgspec

from lstmviz.nets.foreign.gate_order import TORCH_ORDER, Cell
from lstmviz.nets.foreign.mapping_fit import Shapes, fit
from lstmviz.nets.foreign.mapping_form import ROLES, LayerArrays, Names, StackMapping

_RECURRENT = re.compile(r"(?i)hh|rec|hid|h2h|(?<![a-z])[ur](?![a-z])|(?<![a-z])wh|_h(?![a-z])")
"""What is in the name of an array that weighs h(t−1); asked only where two arrays have one shape."""
_SIDES = (
    ("forward", "backward"), ("forward", "reverse"), ("fwd", "bwd"), ("fw", "bw"), ("_f_", "_b_"), ("left", "right"),
)  # fmt: skip
_DEEPEST = 64


def guess(shapes: Shapes, cell: Cell | None = None) -> StackMapping:
    """Which array is which where shapes tell; the cell too where none is given, and what fits by pattern above it."""
    kinds: tuple[Cell, ...] = ("lstm", "gru") if cell is None else (cell,)
    found = [each for kind in kinds if (each := _whole(shapes, kind) or _by_gate(shapes, kind)) is not None]
    if not found and cell is None and (layer := _whole(shapes, "rnn")) is not None:
        found = [layer]
    if not found:
        return StackMapping(cell=cell or "lstm", layers=(LayerArrays("", ""),))
    # 12 × 4 and 12 × 3 are both an LSTM of 3 units and a GRU of 4: a name may tell which of the two weighs h(t−1)
    best = min(found, key=lambda stack: not _RECURRENT.search(str(stack.layers[0].w_hh)))
    return _with_bias(_with_layers(best, shapes), shapes)


def like(arrays: LayerArrays, shapes: Shapes, layer: int) -> LayerArrays:
    """The arrays of the layer that is so many above: the same names with a number that is so much higher."""
    return _renamed(arrays, lambda name: _next(name, layer, shapes))


def mirrored(arrays: LayerArrays, shapes: Shapes) -> LayerArrays:
    """The arrays of the other direction: the same names with backward for forward."""
    return _renamed(arrays, lambda name: _mirror(name, shapes))


def alike(stack: StackMapping, shapes: Shapes, layers: int, directions: Literal[1, 2]) -> StackMapping:
    """The stack with so many layers and directions; arrays that are new are taken by pattern from the first layer."""
    kept = stack.layers[:layers]
    whole = (*kept, *(like(stack.layers[0], shapes, place) for place in range(len(kept), layers)))
    reverse = stack.reverse[:layers] if directions == 2 else ()
    if directions == 2:
        reverse = (*reverse, *(mirrored(whole[place], shapes) for place in range(len(reverse), layers)))
    return msgspec.structs.replace(stack, layers=whole, reverse=reverse)


def _renamed(arrays: LayerArrays, rename: Callable[[str], str]) -> LayerArrays:
    def each(names: Names) -> Names:
        return rename(names) if isinstance(names, str) else tuple(rename(name) for name in names)

    renamed = {role: each(getattr(arrays, role)) for role in ROLES}
    return msgspec.convert(renamed, LayerArrays)


def _next(name: str, higher: int, shapes: Shapes) -> str:
    for match in re.finditer(r"\d+", name):
        number = str(int(match[0]) + higher).zfill(len(match[0]) if match[0].startswith("0") else 0)
        other = name[: match.start()] + number + name[match.end() :]
        if other in shapes:
            return other
    return _next_unnumbered(name, higher, shapes)


def _next_unnumbered(name: str, higher: int, shapes: Shapes) -> str:
    """Keras counts lstm, lstm_1, lstm_2: the first has no number."""
    for match in re.finditer(r"[A-Za-z]+", name):
        other = f"{name[: match.end()]}_{higher}{name[match.end() :]}"
        if other in shapes:
            return other
    return ""


def _mirror(name: str, shapes: Shapes) -> str:
    for forward, backward in _SIDES:
        other = name.replace(forward, backward)
        if other != name and other in shapes:
            return other
    return next((other for other in (f"{name}_reverse", f"{name}.reverse") if other in shapes), "")


def _whole(shapes: Shapes, cell: Cell) -> StackMapping | None:
    """One array holds all gates: (G·H, H) or (H, G·H) weighs h(t−1), one of as many rows weighs x."""
    gates = len(TORCH_ORDER[cell])
    order = TORCH_ORDER[cell] if gates == 1 else ""
    place = {name: n for n, name in enumerate(shapes)}
    found: list[tuple[int, bool, int, bool]] = []
    groups: dict[tuple[bool, int], list[str]] = defaultdict(list)
    for name, shape in shapes.items():
        for turned in (False, True) if len(shape) == 2 else ():
            rows, columns = shape[::-1] if turned else shape
            groups[turned, rows].append(name)
            if rows == gates * columns > 0:
                found.append((-columns, not _RECURRENT.search(name), place[name], turned))
    # the most units first: a dense layer of one output has such a shape too
    for units, _, n, turned in sorted(found):
        name, near = list(shapes)[n], groups[turned, -units * gates]
        if len(near) > 1:
            square = shapes[name]
            x = min((one for one in near if one != name), key=partial(_unlike_x, name, square, shapes))
            if shapes[x] == square and not _RECURRENT.search(name):
                x, name = sorted((x, name), key=place.__getitem__)
            return StackMapping(cell=cell, order=order, transposed=turned, layers=(LayerArrays(x, name),))
    return None


def _unlike_x(recurrent: str, square: tuple[int, ...], shapes: Shapes, name: str) -> tuple[bool, int]:
    """Sorts the arrays that may weigh x beside the one that weighs h(t−1): the nearest name that is no other such."""
    return shapes[name] == square and bool(_RECURRENT.search(name)), -_shared(name, recurrent)


def _by_gate(shapes: Shapes, cell: Cell) -> StackMapping | None:
    """Each gate has an array of its own, named by the gate's letter, W_i, W_f, …: so the file says which is which."""
    if cell == "rnn":
        return None
    order = TORCH_ORDER[cell]
    groups: dict[tuple[str, tuple[int, ...]], dict[str, str]] = defaultdict(dict)
    for name, shape in shapes.items():
        for match in re.finditer(r"(?<![a-z])[ifgocjrznhu](?![a-z])", name):
            letter = {"lstm": {"c": "g", "j": "g", "u": "g"}, "gru": {"h": "n", "u": "z", "c": "n"}}[cell].get(
                match[0], match[0]
            )
            groups[f"{name[: match.start()]}\0{name[match.end() :]}", shape][letter] = name
    each = {key: tuple(found[letter] for letter in order) for key, found in groups.items() if {*order} <= {*found}}
    hidden = [(key, names) for key, names in each.items() if len(key[1]) == 2 and key[1][0] == key[1][1]]
    if not hidden:
        return None
    (_, shape), w_hh = max(hidden, key=lambda one: bool(_RECURRENT.search(one[0][0])))
    units = shape[0]
    x = [(key[1], names) for key, names in each.items() if len(key[1]) == 2 and units in key[1] and names != w_hh]
    b = [names for key, names in each.items() if key[1] == (units,)]
    if not x:
        return None
    turned = x[0][0][1] == units and x[0][0][0] != units
    layer = LayerArrays(x[0][1], w_hh, b[0] if b else "")
    return StackMapping(cell=cell, order=order, transposed=turned, bias="one" if b else "none", layers=(layer,))


def _with_bias(stack: StackMapping, shapes: Shapes) -> StackMapping:
    """One array of all gates, two of them, one of twice the length, or none: the lengths tell."""
    sizes = fit(stack, shapes)
    rows = len(TORCH_ORDER[stack.cell]) * sizes.hidden
    first = stack.layers[0]
    if first.b or not rows:
        return stack
    flat = {name: shape[0] * (shape[1] if len(shape) == 2 else 1) for name, shape in shapes.items() if _is_flat(shape)}
    near = sorted((name for name, size in flat.items() if size == rows), key=_nearest(first))
    twice = sorted((name for name, size in flat.items() if size == 2 * rows), key=_nearest(first))
    lanes = len(stack.layers) * (2 if stack.reverse else 1)
    if len(near) >= 2 * lanes:
        x, h = sorted(near[:2], key=lambda name: bool(_RECURRENT.search(name)))
        return _filled(stack, shapes, "two", b=x, b_hh=h)
    if near or twice:
        return _filled(stack, shapes, "one" if near else "halves", b=(near or twice)[0])
    return msgspec.structs.replace(stack, bias="none")


def _is_flat(shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or (len(shape) == 2 and shape[0] == 2)


def _filled(stack: StackMapping, shapes: Shapes, bias: Literal["one", "two", "halves"], **names: str) -> StackMapping:
    """The biases in every lane, after the pattern of the first."""
    first = msgspec.structs.replace(stack.layers[0], **names)
    depth, both = len(stack.layers), 2 if stack.reverse else 1
    return alike(msgspec.structs.replace(stack, bias=bias, layers=(first,), reverse=()), shapes, depth, both)  # type: ignore[arg-type]


def _with_layers(stack: StackMapping, shapes: Shapes) -> StackMapping:
    """As many layers and directions as fit by pattern."""
    bare = msgspec.structs.replace(stack, bias="none", layers=(_weights(stack.layers[0]),))
    best = bare
    for directions in (1, 2):
        for layers in range(1, _DEEPEST + 1):
            tried = alike(bare, shapes, layers, 1 if directions == 1 else 2)
            if not all(line.fits for line in fit(tried, shapes).lines.values()):
                break
            best = tried
    if len(best.layers) == 1 and not best.reverse:
        return stack
    first = stack.layers[0]
    whole = msgspec.structs.replace(stack, layers=(first,))
    return alike(whole, shapes, len(best.layers), 2 if best.reverse else 1)


def _weights(arrays: LayerArrays) -> LayerArrays:
    return LayerArrays(arrays.w_ih, arrays.w_hh)


def _nearest(arrays: LayerArrays) -> Callable[[str], int]:
    """Sorts names by how much of their beginning they share with those of the weights."""
    known = [name for role in (arrays.w_ih, arrays.w_hh) for name in ((role,) if isinstance(role, str) else role)]
    return lambda name: -max((_shared(name, other) for other in known), default=0)


def _shared(one: str, other: str) -> int:
    """How many letters two names have in common at their beginning."""
    same: Iterable[bool] = (a == b for a, b in zip(one, other, strict=False))
    return next((place for place, equal in enumerate(same) if not equal), min(len(one), len(other)))


def settled(stack: StackMapping, shapes: Shapes) -> StackMapping:
    """The mapping after a choice: rows or columns where only one of them fits, and what is empty above by pattern."""
    first = stack.layers[0]
    reverse = tuple(
        _where_empty(arrays, mirrored(stack.layers[place], shapes)) for place, arrays in enumerate(stack.reverse)
    )
    layers = (first, *(_where_empty(arrays, like(first, shapes, n)) for n, arrays in enumerate(stack.layers) if n))
    stack = msgspec.structs.replace(stack, layers=layers, reverse=reverse)
    other = msgspec.structs.replace(stack, transposed=not stack.transposed)
    return other if _first_fits(other, shapes) and not _first_fits(stack, shapes) else stack


def _where_empty(arrays: LayerArrays, pattern: LayerArrays) -> LayerArrays:
    """The arrays, and those of a pattern where none is chosen yet."""
    chosen = {role: getattr(arrays, role) for role in ROLES}
    return msgspec.convert(
        {role: names if any(names) else getattr(pattern, role) for role, names in chosen.items()}, LayerArrays
    )


def _first_fits(stack: StackMapping, shapes: Shapes) -> bool:
    lines = fit(stack, shapes).lines
    return all(lines["forward", 0, role].fits for role in ("w_ih", "w_hh"))
