"""The members of a corpus as the rows of a table, sorted and filtered: a hundred thousand without delay."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lstmviz.app.dialogs.fuzzy import fold
from lstmviz.app.numbers import grouped
from lstmviz.language import tr
from lstmviz.traces.corpus import Member

Index = QModelIndex | QPersistentModelIndex

NAME, LABEL, STEPS, STATE = range(4)
_DIGITS = re.compile(r"\d+")
_LONGEST = 12
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class CorpusModel(QAbstractTableModel):
    """Which members are shown, and in which order.

    Sorted and filtered here and not in a proxy, which would ask Python for every row and every comparison.
    """

    def __init__(self, members: Many[Member], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.members = tuple(members)
        self.rows: list[int] = list(range(len(self.members)))
        self._order = list(self.rows)
        self._texts = [_folded(f"{member.name}\n{member.label}") for member in self.members]
        self._needle = ""
        self._label: str | None = None
        self._keys: dict[int, list[Any]] = {}

    def labels(self) -> list[tuple[str, int]]:
        """Each label and how many members have it, in the order of names; "" are those without one."""
        return sorted(Counter(member.label for member in self.members).items(), key=lambda each: _natural(each[0]))

    def narrow(self, text: str, label: str | None) -> None:
        """Show the members whose name or label holds the text and, unless it is None, which have this label."""
        self._needle, self._label = _folded(text.strip()), label
        self.beginResetModel()
        self._fill()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the rows by a column, numbers as numbers; by none, −1, as they are in the corpus."""
        self.beginResetModel()
        self._order = list(range(len(self.members)))
        if column >= 0:
            self._order.sort(key=self._key(column).__getitem__, reverse=order == Qt.SortOrder.DescendingOrder)
        self._fill()
        self.endResetModel()

    def row_of(self, place: int) -> int | None:
        """The row of a member, by its place in the corpus; None where it is not shown."""
        try:
            return self.rows.index(place)
        except ValueError:
            return None

    def first_recorded(self) -> int:
        """The first row that can be opened, 0 where there is none."""
        return next((row for row, place in enumerate(self.rows) if self.members[place].recorded), 0)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if index.column() == STEPS else _LEFT
        member = self.members[self.rows[index.row()]]
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == NAME:
            return member.name
        return _text(member, index.column()) if role == Qt.ItemDataRole.DisplayRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """What has no trace yet is grey and cannot be chosen."""
        if index.isValid() and not self.members[self.rows[index.row()]].recorded:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section == STEPS else _LEFT
        return _titles()[section] if role == Qt.ItemDataRole.DisplayRole else None

    def _fill(self) -> None:
        rows = self._order
        if self._label is not None:
            rows = [place for place in rows if self.members[place].label == self._label]
        if self._needle:
            rows = [place for place in rows if self._needle in self._texts[place]]
        self.rows = list(rows)

    def _key(self, column: int) -> list[Any]:
        """What each member is sorted by in a column; made when it is first asked for."""
        if column not in self._keys:
            self._keys[column] = [_KEYS[column](member) for member in self.members]
        return self._keys[column]


def _titles() -> tuple[str, str, str, str]:
    return tr("Name"), tr("Label"), tr("Steps"), tr("State")


def _text(member: Member, column: int) -> str:
    if column == NAME:
        return member.name
    if column == LABEL:
        return member.label
    if column == STEPS:
        return "–" if member.steps is None else grouped(member.steps)
    return tr("recorded") if member.recorded else tr("not recorded yet")


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else fold(text)


def _natural(text: str) -> str:
    """s2 before s10: digits count as one number, here by zeros in front."""
    return _DIGITS.sub(_padded, _folded(text))


def _padded(digits: re.Match[str]) -> str:
    return digits[0].zfill(_LONGEST)


_KEYS: Mapping[int, Callable[[Member], Any]] = {
    NAME: lambda member: _natural(member.name),
    LABEL: lambda member: _natural(member.label),
    STEPS: lambda member: -1 if member.steps is None else member.steps,
    STATE: lambda member: not member.recorded,
}
"""What a member is sorted by in each column."""
