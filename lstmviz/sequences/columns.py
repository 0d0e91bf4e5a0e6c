"""Table: rows of one width under names, and finding a column among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lstmviz.errors import SequenceError
from lstmviz.sequences import entries
from lstmviz.sequences.delimited import Row

Place = str | int
"""A column: its name, or its number counted from 1 as a spreadsheet does."""


@dataclass(frozen=True)
class Table:
    """Rows of one width under names that differ; numbers are written with ``decimal`` and ``thousands``."""

    path: Path
    names: tuple[str, ...]
    rows: list[Row]
    decimal: str
    thousands: str = ""

    def number(self, entry: str) -> float | None:
        """The number in an entry, as this table writes numbers; None if it is none."""
        return entries.number(entry, self.decimal, self.thousands)

    def column(self, place: int) -> list[str]:
        """The entries of a column, counted from 0."""
        return [row.entries[place] for row in self.rows]

    def where(self, row: Row, place: int) -> dict[str, object]:
        """What a sentence says of one entry: file, line, place counted from 1, column and the entry itself."""
        return {
            "file": self.path.name,
            "line": row.line,
            "place": place + 1,
            "column": self.names[place],
            "entry": row.entries[place][:60],
        }

    def find(self, place: Place) -> int:
        """The column's number counted from 0; raises SequenceError where there is none."""
        if isinstance(place, int) and not isinstance(place, bool) and 1 <= place <= len(self.names):
            return place - 1
        if place in self.names:
            return self.names.index(str(place))
        raise SequenceError(
            "“{file}” has no column “{place}”; expected one of {names}, or 1 to {count}.",
            file=self.path.name,
            place=place,
            names=few(self.names),
            count=len(self.names),
        )


def few(names: Iterable[str]) -> str:
    """The names for a sentence: the first twelve, and a sign that there are more."""
    known = tuple(names)
    return ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
