"""Where mappings lie: beside their file, beside another one of the same layout, or among the settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from lstmviz import paths
from lstmviz.errors import ExportError, ModelError
from lstmviz.nets.foreign.containers import MAPPING_ENDING
from lstmviz.nets.foreign.found import Part
from lstmviz.nets.foreign.mapping_form import ModelMapping, decode, encode
from lstmviz.traces.safe_write import replacing

MAX_MAPPING = 1 << 20
MOST_LOOKED_AT = 256
"""Mappings of other files in a folder that are compared with the layout of one."""


def mapping_file(path: Path) -> Path:
    """Where the mapping of a container lies: beside it, under its whole name."""
    return path.with_name(path.name + MAPPING_ENDING)


def read_mapping(file: Path) -> ModelMapping:
    """A mapping; raises ModelError where it is none."""
    with file.open("rb") as stream:
        text = stream.read(MAX_MAPPING + 1)
    try:
        if len(text) > MAX_MAPPING:
            raise ValueError("> 1 MiB")
        return decode(text)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ModelError(
            "“{file}” is not a mapping of arrays: {reason}. Mend it, or remove it.", file=str(file), reason=str(error)
        ) from error


def layout_of(parts: Mapping[str, Part]) -> str:
    """A fingerprint of the names and shapes of the arrays of a file, the same for every epoch of one training."""
    lines = sorted(f"{name}\0{tuple(map(int, part.shape))}" for name, part in parts.items())
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def find_mapping(path: Path, parts: Mapping[str, Part]) -> Path | None:
    """The mapping of a file: its own, else that of a file of the same layout, here or anywhere; None for none."""
    own = mapping_file(path)
    if own.is_file():
        return own
    layout = layout_of(parts)
    beside = sorted(path.parent.glob(f"*{MAPPING_ENDING}"))[:MOST_LOOKED_AT]
    for file in (*beside, _among_settings(layout)):
        if file.is_file() and _layout_said(file) == layout:
            return file
    return None


def keep_mapping(path: Path, mapping: ModelMapping) -> Path:
    """Write a mapping beside its file or, where that cannot be, among the settings; tells where."""
    text = encode(mapping)
    try:
        return _written(mapping_file(path), text)
    except ExportError:  # a disk that is read-only, a folder of somebody else's
        place = _among_settings(mapping.layout)
        place.parent.mkdir(exist_ok=True)
        return _written(place, text)


def _written(place: Path, text: str) -> Path:
    with replacing(place) as new:
        new.write_text(text, encoding="utf-8")
    return place


def _among_settings(layout: str) -> Path:
    return paths.settings_folder() / "mappings" / f"{layout}.json"


def _layout_said(file: Path) -> str:
    """The layout that a mapping is for; "" where it says none, or is no mapping at all: another's is not our fault."""
    try:
        return read_mapping(file).layout
    except (ModelError, OSError):
        return ""
