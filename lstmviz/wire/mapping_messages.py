"""What is said on the wire of files that are nothing but arrays: which arrays, and which of them is which."""

from __future__ import annotations

import msgspec


class ArrayRow(msgspec.Struct, frozen=True):
    """One array of a file: its name, shape and type, ``float32``; its numbers stay where they are."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class ArraysListed(msgspec.Struct, frozen=True, tag=True):
    """The arrays of a file.

    mapping: the JSON of the mapping that is used for it now, "" for none; mapping_file: where that lies.
    """

    path: str
    arrays: tuple[ArrayRow, ...]
    mapping: str = ""
    mapping_file: str = ""


class MappingKept(msgspec.Struct, frozen=True, tag=True):
    """A mapping that was checked against the numbers of a file, and where it was written."""

    path: str
    mapping_file: str


class ListArrays(msgspec.Struct, frozen=True, tag=True):
    """Which arrays are in this file? Answered by ArraysListed."""

    id: int
    path: str


class KeepMapping(msgspec.Struct, frozen=True, tag=True):
    """Read a file by this mapping, as JSON, and by it from now on; answered by MappingKept."""

    id: int
    path: str
    mapping: str


MappingPayload = ArraysListed | MappingKept
MappingRequest = ListArrays | KeepMapping
