"""The one structure of HDF5 that its C library reads round and round when it is damaged: the global heap.

WORKAROUND HDF5 1.8 to 2.0: an object of index 0 and size 0 in a collection of texts is read again and again, without an
end (H5HGcache.c, H5HG__cache_heap_deserialize). Every collection is therefore walked here first.

Source: HDF5 File Format Specification 3.0, II.A (superblock) and III.E (global heap).
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import BinaryIO

from lstmviz.errors import ModelError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
COLLECTION = b"GCOL\x01"
HEADER, OBJECT = 16, 16
"""Bytes before the objects of a collection, and before the content of an object."""


def check_heaps(source: Path | BinaryIO, name: str) -> None:
    """ModelError where the file is not laid out as every file of h5py is, or a collection in it has no end."""
    if not isinstance(source, Path):
        source.seek(0)
        _check(source.read(), name)
    elif source.stat().st_size:
        with source.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _check(data, name)


def _check(data: bytes | mmap.mmap, name: str) -> None:
    widths = data[13:15] if data[8:9] in (b"\0", b"\1") else data[9:11]
    if data[:8] == SIGNATURE and widths != b"\x08\x08":
        raise ModelError("“{file}” is HDF5 with addresses of another width than 8 bytes; it is damaged.", file=name)
    place = data.find(COLLECTION)
    while place >= 0:
        if not _ends(data, place):
            raise ModelError("“{file}” is damaged: the texts at byte {place} have no end.", file=name, place=place)
        place = data.find(COLLECTION, place + 1)


def _ends(data: bytes | mmap.mmap, start: int) -> bool:
    """Whether every object of a collection leads on to the next; True for what is none, which HDF5 refuses itself."""
    header = data[start + 8 : start + HEADER]
    size = struct.unpack("<Q", header)[0] if len(header) == 8 else len(data)
    place, end = start + HEADER, start + size
    if end > len(data):
        return True
    while place + OBJECT <= end:
        index, length = struct.unpack("<H6xQ", data[place : place + OBJECT])
        step = OBJECT + (length + 7) // 8 * 8 if index else length
        if not step:
            return False
        place += step
    return True
