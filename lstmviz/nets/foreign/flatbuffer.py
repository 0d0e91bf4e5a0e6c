"""FlatBuffers, read with every offset checked: tables of fields, vectors of numbers, tables and bytes, and texts.

Source: FlatBuffers' description of its binary format (flatbuffers.dev, Internals).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lstmviz.language import tr

MOST_READ = 4_000_000
"""Tables and numbers that are gone through in one file; damaged ones may name each other over and over."""


@dataclass(eq=False)
class Buffer:
    """The bytes of a file; left: how many more tables, and numbers in vectors, may be read of it."""

    data: bytes
    left: int = MOST_READ

    def number(self, form: str, place: int) -> int | float:
        """One little-endian number; raises ValueError outside of the file."""
        if place < 0 or place + struct.calcsize(form) > len(self.data):
            raise ValueError(tr("an offset outside of the file"))
        (value,) = struct.unpack_from("<" + form, self.data, place)
        return value  # type: ignore[no-any-return]

    def take(self, count: int) -> None:
        """Count what is gone through; raises ValueError where that is more than any model has."""
        self.left -= count
        if self.left < 0:
            raise ValueError(tr("more than four million parts"))

    def root(self) -> Table:
        """The table that the file begins with."""
        return self.table(int(self.number("I", 0)))

    def table(self, place: int) -> Table:
        """The table at a place, its own table of fields within the file."""
        self.take(1)
        fields = place - int(self.number("i", place))
        size = int(self.number("H", fields))
        if size < 4 or size % 2 or fields + size > len(self.data):
            raise ValueError(tr("an offset outside of the file"))
        return Table(self, place, fields, size)


@dataclass(frozen=True, eq=False)
class Table:
    """One table; its fields by their number in the schema, the defaults where they were left out."""

    buffer: Buffer
    place: int
    fields: int
    size: int

    def _field(self, field: int) -> int:
        """Where a field lies, 0 where it was left out."""
        at = 4 + 2 * field
        offset = int(self.buffer.number("H", self.fields + at)) if at + 2 <= self.size else 0
        return self.place + offset if offset else 0

    def number(self, field: int, form: str, default: float = 0) -> int | float:
        """A number of the struct module's form."""
        place = self._field(field)
        return self.buffer.number(form, place) if place else default

    def integer(self, field: int, form: str, default: int = 0) -> int:
        """A whole number."""
        return int(self.number(field, form, default))

    def table(self, field: int) -> Table | None:
        """A table; None where it was left out."""
        place = self._field(field)
        return self.buffer.table(place + int(self.buffer.number("I", place))) if place else None

    def tables(self, field: int) -> Iterator[Table]:
        """A vector of tables."""
        start, count = self._vector(field, 4)
        for place in range(start, start + 4 * count, 4):
            yield self.buffer.table(place + int(self.buffer.number("I", place)))

    def numbers(self, field: int, form: str) -> tuple[int | float, ...]:
        """A vector of numbers."""
        width = struct.calcsize(form)
        start, count = self._vector(field, width)
        self.buffer.take(count)
        return struct.unpack_from(f"<{count}{form}", self.buffer.data, start) if count else ()

    def integers(self, field: int, form: str = "i") -> tuple[int, ...]:
        """A vector of whole numbers."""
        return tuple(map(int, self.numbers(field, form)))

    def bytes_at(self, field: int) -> tuple[int, int]:
        """Where a vector of bytes begins, and how many they are."""
        return self._vector(field, 1)

    def text(self, field: int) -> str:
        """A text."""
        start, count = self._vector(field, 1)
        return self.buffer.data[start : start + count].decode("utf-8", "replace")

    def _vector(self, field: int, width: int) -> tuple[int, int]:
        place = self._field(field)
        if not place:
            return 0, 0
        place += int(self.buffer.number("I", place))
        count = int(self.buffer.number("I", place))
        if place + 4 + count * width > len(self.buffer.data):
            raise ValueError(tr("an offset outside of the file"))
        return place + 4, count
