"""Files that are nothing but arrays, as the engine answers for them: which arrays, and a mapping that says more."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lstmviz.errors import LstmvizError, ModelError
from lstmviz.wire.mapping_messages import ArrayRow, ArraysListed, KeepMapping, ListArrays, MappingKept

if TYPE_CHECKING:
    from lstmviz.engine.handlers import Workshop

MOST_ARRAYS = 5_000
"""Arrays of a file that are listed: a person chooses among them."""


def list_arrays(path: str) -> ArraysListed:
    """The arrays of a file and the mapping that says which is which; raises ModelError where it is no container."""
    from lstmviz.nets.foreign import npz_file
    from lstmviz.nets.foreign.containers import MODULES, module_of
    from lstmviz.nets.foreign.formats import damaged
    from lstmviz.nets.foreign.kept_mappings import find_mapping
    from lstmviz.nets.foreign.mapping import parts_of

    file = Path(path)
    if module_of(file) is None:
        raise ModelError(
            "“{file}” is no container of arrays; expected one that ends in one of: {known}.",
            file=path,
            known=" ".join(MODULES),
        )
    with damaged(file):
        parts = parts_of(file)
        rows = npz_file.list_arrays(file) if file.suffix.lower() == ".npz" else ()
    rows = rows or tuple(ArrayRow(name, tuple(part.shape), part.dtype) for name, part in parts.items())
    mapping = find_mapping(file, parts)
    text = "" if mapping is None else mapping.read_text(encoding="utf-8", errors="replace")
    return ArraysListed(path, rows[:MOST_ARRAYS], text, "" if mapping is None else str(mapping))


def keep_mapping(path: str, text: str) -> MappingKept:
    """Check a mapping against the numbers of a file and write it; raises ModelError where it does not fit."""
    from lstmviz.nets.foreign import kept_mappings
    from lstmviz.nets.foreign.mapping import apply, parts_of
    from lstmviz.nets.foreign.mapping_form import decode

    file = Path(path)
    try:
        mapping = decode(text)
        parts = parts_of(file)
        apply(mapping, parts, path)
    except LstmvizError:
        raise
    except ValueError as error:
        raise ModelError("“{file}” cannot be read by this mapping: {reason}.", file=path, reason=str(error)) from error
    mapping = msgspec.structs.replace(mapping, layout=kept_mappings.layout_of(parts))
    return MappingKept(path, str(kept_mappings.keep_mapping(file, mapping)))


def _list_arrays(_workshop: Workshop, request: ListArrays, _report: object) -> Generator[ArraysListed, None, None]:
    yield list_arrays(request.path)


def _keep_mapping(workshop: Workshop, request: KeepMapping, _report: object) -> Generator[MappingKept, None, None]:
    kept = keep_mapping(request.path, request.mapping)
    workshop.forget_models()
    yield kept


HANDLERS: dict[type, Callable[[Workshop, Any, Any], Generator[Any, None, None]]] = {
    ListArrays: _list_arrays,
    KeepMapping: _keep_mapping,
}
