"""NPZ files: zip archives of numpy's arrays, their declared sizes checked, and never a pickle in them read."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy

from lstmviz.errors import ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.torch_names import find_stacks
from lstmviz.nets.foreign.zips import checked_zip
from lstmviz.wire.mapping_messages import ArrayRow

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(path: Path) -> tuple[Found, ...]:
    """The recurrent layers of an NPZ file whose arrays are named as torch names them."""
    return find_stacks(read_parts(path), str(path))


def read_parts(path: Path) -> dict[str, Part]:
    """Every array of floating-point numbers by name; each is read when it is asked for."""
    parts = {}
    for member, shape, kind, left in _members(path):
        if kind.kind != "f":
            continue
        if math.prod(shape) * kind.itemsize != left:
            raise ModelError(
                "“{file}”: “{name}” promises the shape {shape}, but has {left} bytes; the file is damaged.",
                file=str(path),
                name=member,
                shape=shape,
                left=left,
            )
        parts[member.removesuffix(".npy")] = Part(shape, partial(_numbers, path, member), str(kind))
    return parts


def list_arrays(path: Path) -> tuple[ArrayRow, ...]:
    """Every array by its name, shape and type, whatever it holds; none is read."""
    return tuple(ArrayRow(name.removesuffix(".npy"), shape, str(kind)) for name, shape, kind, _ in _members(path))


def _members(path: Path) -> Iterator[tuple[str, tuple[int, ...], np.dtype[np.generic], int]]:
    """Of each array its member of the archive, shape, type and how many bytes of numbers it has."""
    with checked_zip(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                with archive.open(member) as stream:
                    shape, kind = _header(stream)
                    left = member.file_size - stream.tell()
                yield member.filename, shape, kind, left


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    read_header = _HEADERS.get(npy.read_magic(stream))
    if read_header is None:
        raise ValueError(tr("a newer kind of array than lstmviz reads"))
    try:
        shape, _fortran, kind = read_header(stream)
    except (SyntaxError, TokenError) as error:  # numpy's own, of a header that is damaged Python
        raise ValueError(str(error.args[0])) from error
    return shape, kind


def _numbers(path: Path, member: str) -> Array:
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        array: Array = npy.read_array(stream, allow_pickle=False)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
