"""Damage to a file, the same for the same number: cut, flipped, zeroed, filled, repeated and spliced stretches."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np

Damage = Callable[[bytes, np.random.Generator], bytes]


def mutated(data: bytes, number: int) -> bytes:
    """One mutation. Every third of a zip archive damages what is inside and packs it again with its checksum."""
    rng = np.random.default_rng(number)
    if data[:2] == b"PK" and number % 3 == 0:
        return _inside(data, rng)
    return _damaged(data, rng)


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    for _ in range(int(rng.integers(1, 3))):
        data = KINDS[int(rng.integers(len(KINDS)))](data, rng) if data else data
    return data


def _inside(data: bytes, rng: np.random.Generator) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(result, "w") as new:
        members = old.infolist()
        chosen = members[int(rng.integers(len(members)))].filename
        for member in members:
            content = old.read(member)
            new.writestr(member.filename, _damaged(content, rng) if member.filename == chosen else content)
    return result.getvalue()


def _place(data: bytes, rng: np.random.Generator) -> int:
    """Anywhere, but two times in three near an end, where formats keep their sizes and names."""
    near = min(len(data), 2048)
    start = int(rng.integers(near))
    return (start, len(data) - 1 - start, int(rng.integers(len(data))))[int(rng.integers(3))]


def _truncate(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: _place(data, rng)]


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        changed[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _fill(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes as they are in the largest and in odd numbers: where they are a size, it is enormous."""
    place, length = _place(data, rng), int(rng.choice([1, 2, 4, 8]))
    value = (b"\xff", b"\x7f", b"\x80", b"9")[int(rng.integers(4))]
    return data[:place] + (value * length)[: len(data) - place] + data[place + length :]


def _zero(data: bytes, rng: np.random.Generator) -> bytes:
    place = _place(data, rng)
    length = min(int(rng.integers(1, 257)), len(data) - place)
    return data[:place] + bytes(length) + data[place + length :]


def _repeat(data: bytes, rng: np.random.Generator) -> bytes:
    place, length = _place(data, rng), int(rng.integers(1, 257))
    return data[: place + length] + data[place : place + length] * int(rng.integers(1, 20)) + data[place + length :]


def _splice(data: bytes, rng: np.random.Generator) -> bytes:
    source, place, length = _place(data, rng), _place(data, rng), int(rng.integers(1, 513))
    return data[:place] + data[source : source + length] + data[place + (length if rng.integers(2) else 0) :]


KINDS: tuple[Damage, ...] = (_truncate, _flip, _fill, _zero, _repeat, _splice)
