"""The recurrent stack that is meant, of all that a foreign model holds."""

from __future__ import annotations

from collections.abc import Sequence as Many

import msgspec

from lstmviz.errors import ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.found import Found
from lstmviz.nets.spec import NetSpec


def choose(found: Many[Found], layer: str | int | None, file: str) -> Found:
    """The stack by its path or its number, counted from 0, or one layer of a stack by its own path.

    Where none is named: the only one that is not aside, or the one ``a+b`` that all the others are parts of.

    Raises ModelError where several are there and none is named, or where none is as named; both list them all.
    """
    if layer is None or layer == "":
        meant = [each for each in found if not each.aside] or found
        whole = [
            each for each in meant if set(each.path.split("+")) >= {other.path for other in meant if other is not each}
        ]
        if len(whole) == 1:
            return whole[0]
        raise ModelError(
            "“{file}” holds {count} recurrent stacks: {list}. Choose one by its path or number: load_model(path,"
            " layer=…), or FILE#PATH on the command line.",
            file=file,
            count=len(found),
            list=_listed(found),
        )
    for place, each in enumerate(found):
        if layer in (each.path, place):
            return each
    for part in (part for each in found for part in each.parts):
        if layer == part.path:
            return part
    if isinstance(layer, str) and layer.isdecimal() and int(layer) < len(found):
        return found[int(layer)]
    raise ModelError(
        "“{file}” has no recurrent stack “{layer}”; expected one of: {list}.",
        file=file,
        layer=layer,
        list=_listed(found),
    )


def _listed(found: Many[Found]) -> str:
    return "; ".join(f"{place} “{each.path}” ({each.origin}, {sizes(each.spec)})" for place, each in enumerate(found))


def sizes(spec: NetSpec) -> str:
    """Inputs, units and what is more than one layer in one direction: ``3 → 8, 2 layers, both directions``."""
    text = f"{spec.input.width} → {spec.hidden}"
    if spec.projection:
        text += f" → {spec.projection}"
    if spec.layers > 1:
        text += ", " + tr("{count} layers", count=spec.layers)
    if spec.bidirectional:
        text += ", " + tr("both directions")
    return text


def named(found: Found, stem: str, alone: bool) -> NetSpec:
    """The stack's description under the name that people see: the file's, and its own where others are beside it."""
    return msgspec.structs.replace(found.spec, name=stem if alone else f"{stem} {found.path}")
