"""Reading what a trace store says of itself, and checking that its files are what it says, at any place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lstmviz.errors import TraceError
from lstmviz.traces import layout
from lstmviz.traces.checksum import LENGTH
from lstmviz.traces.layout import READABLE, VERSION, ArrayMeta, RootMeta, chunk_file
from lstmviz.traces.places import Place

MAX_WORDS = 256 << 20
"""The longest zarr.json that is read: labels for some ten million steps."""
MAX_ARRAY_WORDS = 1 << 16
MAX_CHUNK = 256 << 20
"""The longest chunk of steps; ours are a hundredth of it."""
_DTYPES = ("float16", "float32", "float64")
_TIMES = re.compile(r"float(32|64)|u?int(8|16|32|64)|datetime64\[\d{0,4}[A-Za-z]{1,2}\]")


def is_trace_folder(path: Path) -> bool:
    """Whether a folder calls itself a trace store."""
    try:
        return b'"lstmviz_trace"' in (path / "zarr.json").read_bytes()
    except (OSError, ValueError):
        return False


def read_root(place: Place) -> RootMeta:
    """The words and the table of arrays. Raises TraceError: no store, damaged, of a later version, or a corpus."""
    try:
        place.read("zarr.json", 0, 1)
    except FileNotFoundError as error:
        raise TraceError("“{path}” is no trace store; expected a folder NAME.zarr.", path=place.name) from error
    attributes = read_json(place, "zarr.json", MAX_WORDS).get("attributes")
    if isinstance(attributes, dict) and "lstmviz_corpus" in attributes:
        raise TraceError(
            "“{path}” is a corpus of many traces; name one of them, as in “{member}”. `lstmviz inspect` lists them.",
            path=place.name,
            member=f"{place.name}/00000000.zarr",
        )
    if not isinstance(attributes, dict) or "lstmviz_trace" not in attributes:
        raise TraceError(
            "“{path}” is no finished trace store: its zarr.json does not say so. Save the trace again.",
            path=place.name,
        )
    if attributes["lstmviz_trace"] not in READABLE:
        raise TraceError(
            "“{path}” is a trace store of version {found}; this lstmviz reads version {version}. Update lstmviz.",
            path=place.name,
            found=str(attributes["lstmviz_trace"])[:40],
            version=VERSION,
        )
    try:
        root = msgspec.convert(attributes, RootMeta)
        found = layout.fingerprint(attributes["meta"], attributes["arrays"])
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise damaged(place, "zarr.json") from error
    if found != root.sha256:
        raise damaged(place, "zarr.json")
    return root


def check_arrays(place: Place, root: RootMeta) -> None:
    """Every array has the dtype and shape that these words must have, and says the same of itself."""
    expected = layout.shapes(root.meta, root.frames_written)
    for name, meta in root.arrays.items():
        if name not in expected or not _sane(name, meta, expected[name]):
            raise damaged(place, name[:100])
        if not _declares(read_json(place, f"{name}/zarr.json", MAX_ARRAY_WORDS), meta, root.checksums):
            raise damaged(place, f"{name}/zarr.json")


def check_chunks(place: Place, name: str, meta: ArrayMeta, checksums: bool) -> None:
    """Every chunk of an array is there, of exactly the size that is declared; the first that is not ends the search."""
    for number in range(meta.chunks):
        file = chunk_file(name, number, len(meta.shape), checksums)
        try:
            size = place.size(file)
        except FileNotFoundError as error:
            raise damaged(place, file) from error
        if size not in (None, meta.chunk_bytes + LENGTH * checksums):
            raise damaged(place, file)


def holds(name: str, dtype: str) -> bool:
    """Whether a store can hold an array of this dtype there."""
    return bool(_TIMES.fullmatch(dtype)) if name == "sequence/times" else dtype in _DTYPES


def read_json(place: Place, name: str, limit: int) -> dict[str, Any]:
    """A JSON object of at most so many bytes. Raises TraceError."""
    try:
        data = place.read(name, 0, limit + 1)
        words = None if data is None or len(data) > limit else json.loads(data)
    except (ValueError, RecursionError, FileNotFoundError) as error:
        raise damaged(place, name) from error
    if not isinstance(words, dict):
        raise damaged(place, name)
    return words


def damaged(place: Place, part: str) -> TraceError:
    """The error for a store of which a part is not what it should be."""
    return TraceError(
        "The trace store “{path}” is damaged or was not written to its end, at “{part}”. "
        "Use a copy, or record the trace again.",
        path=place.name,
        part=part,
    )


def _sane(name: str, meta: ArrayMeta, shape: tuple[int | None, ...]) -> bool:
    """Whether an array's dtype and shape are those that this trace must have there."""
    fits = len(meta.shape) == len(shape) and all(
        length >= 0 and length == (length if wanted is None else wanted)
        for length, wanted in zip(meta.shape, shape, strict=True)
    )
    long = meta.rows > 1 and meta.chunk_bytes > MAX_CHUNK and not re.search(r"/(weights|decoder)/", name)
    return holds(name, meta.dtype) and fits and meta.rows >= 1 and not long


def _declares(words: dict[str, Any], meta: ArrayMeta, checksums: bool) -> bool:
    """Whether an array's own zarr.json says what the root says, with plain chunks, and no codec but a checksum."""
    grid, codecs, keys = words.get("chunk_grid"), words.get("codecs"), words.get("chunk_key_encoding")
    between = {"name": "default", "configuration": {"separator": "." if checksums else "/"}}
    return (
        words.get("shape") == list(meta.shape)
        and words.get("data_type") == _zarr_name(meta.dtype)
        and grid == {"name": "regular", "configuration": {"chunk_shape": list(meta.chunk)}}
        and keys == between
        and isinstance(codecs, list)
        and [codec.get("name") if isinstance(codec, dict) else None for codec in codecs]
        == (["bytes", "crc32c"] if checksums else ["bytes"])
        and codecs[0].get("configuration", {}).get("endian", "little") == "little"
        and not words.get("storage_transformers")
    )


def _zarr_name(dtype: str) -> str | dict[str, Any]:
    """zarr's name of a dtype."""
    if not dtype.startswith("datetime64"):
        return dtype
    unit, count = np.datetime_data(np.dtype(dtype))
    return {"name": "numpy.datetime64", "configuration": {"unit": unit, "scale_factor": count}}
