"""Safetensors files of others, read by their header: it is bounded and checked before a number is read."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import torch

from lstmviz.errors import ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.torch_names import find_stacks
from lstmviz.nets.foreign.torch_tensors import to_array

MAX_HEADER = 16 << 20
"""A header of this size names some 100,000 tensors."""
_FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One tensor of the header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def read(path: Path) -> tuple[Found, ...]:
    """The recurrent layers of a safetensors file whose tensors are named as torch names them."""
    return find_stacks(read_parts(path), str(path))


def read_parts(path: Path) -> dict[str, Part]:
    """Every tensor of floating-point numbers by name; each is read when it is asked for."""
    file, size = str(path), path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(MAX_HEADER, size - 8):
            raise ModelError(
                "“{file}” is not a safetensors file, or it was cut short: its header would take {length} of {size}"
                " bytes.",
                file=file,
                length=length,
                size=size,
            )
        entries = _entries(stream.read(length), file)
    data = 8 + length
    end = max((entry.data_offsets[1] for entry in entries.values()), default=0)
    if size != data + end:
        raise ModelError(
            "“{file}” has {found} bytes; its header promises {expected}. It was cut short or damaged.",
            file=file,
            found=size,
            expected=data + end,
        )
    return {
        name: Part(entry.shape, partial(_numbers, path, data, entry), str(_FLOATS[entry.dtype]).removeprefix("torch."))
        for name, entry in entries.items()
        if entry.dtype in _FLOATS
    }


def _entries(header: bytes, file: str) -> dict[str, _Entry]:
    """The tensors of a header, without gaps or overlaps, each name once."""
    try:
        found = json.loads(header, object_pairs_hook=_once)
        found.pop("__metadata__", None)
        entries = {name: msgspec.convert(entry, _Entry) for name, entry in found.items()}
    except (ValueError, TypeError, AttributeError, msgspec.ValidationError, RecursionError) as error:
        raise ModelError(
            "“{file}” has a damaged header: {reason}. Expected a safetensors file.", file=file, reason=str(error)
        ) from error
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        kind = _FLOATS.get(entry.dtype)
        length = entry.data_offsets[1] - entry.data_offsets[0]
        count = math.prod(entry.shape)
        fits = length >= 0 if kind is None else length == count * kind.itemsize
        if entry.data_offsets[0] != end or not fits or any(size < 0 for size in entry.shape):
            raise ModelError(
                "“{file}”: “{name}” of shape {shape} lies at bytes {found}; expected its numbers there, without gaps.",
                file=file,
                name=name,
                shape=entry.shape[:8],
                found=entry.data_offsets,
            )
        end = entry.data_offsets[1]
    return entries


def _numbers(path: Path, data: int, entry: _Entry) -> Array:
    start, end = entry.data_offsets
    with path.open("rb") as stream:
        stream.seek(data + start)
        read = bytearray(stream.read(end - start))
    return to_array(torch.frombuffer(read, dtype=_FLOATS[entry.dtype]).reshape(entry.shape))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are each there once; other readers would take the last silently."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError(tr("a name is there twice"))
    return result
