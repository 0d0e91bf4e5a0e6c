"""How long the unit remembers, and how often its gates are closed or open."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lstmviz.analysis.horizon import unit_horizon
from lstmviz.analysis.saturation import gate_saturation
from lstmviz.app import drawing
from lstmviz.app.heat_map import packed_table
from lstmviz.app.numbers import grouped, limit
from lstmviz.app.reading import UnitSignal, is_far
from lstmviz.app.unit_panels import PAD, TITLE, Panel
from lstmviz.language import tr

_LINE = 19
_COLUMNS = 4096
"""Means that are looked at of a unit beyond memory."""


@dataclass(frozen=True)
class Habits:
    """What is true of a unit over many steps: −1/ln f in steps, and how often each gate is closed (< 0.1) and open.

    steps: the first and last that were looked at, None for all; of how many steps each value is the mean.
    """

    mean: float
    gates: tuple[tuple[str, float, float], ...]
    steps: tuple[int, int] | None = None
    means_of: int = 1


@dataclass(frozen=True)
class Memory:
    """−1/ln f in steps now, and the unit's habits."""

    now: float
    habits: Habits


def habits_of(gates: list[UnitSignal], steps: tuple[int, int]) -> Habits:
    """The habits of a unit over all steps; beyond memory over those that are shown, from means where they are many."""
    far = is_far(gates[0].trace)
    shown = steps if far else (0, len(gates[0]))
    found, mean, means_of = [], 0.0, 1
    for gate in gates:
        values, step = gate.measured(*shown, _COLUMNS)
        each = gate_saturation(values)
        found.append((gate.name, float(each.low[0]), float(each.high[0])))
        means_of = max(means_of, step)
        if gate.name == "f":
            mean = float(unit_horizon(values)[0])
    return Habits(mean, tuple(found), (steps[0], steps[1] - 1) if far else None, means_of)


class MemoryPanel(Panel):
    """One line for the horizon, one for each gate's saturation."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(_height(3), parent)
        self._memory: Memory | None = None

    def show_memory(self, memory: Memory | None) -> None:
        """Draw other numbers."""
        before, self._memory = self._memory, memory
        if memory is not None and (before is None or before.habits != memory.habits):
            self.set_height(_height(len(memory.habits.gates)))
        if before is None or memory is None or replace(before, now=memory.now) != memory:
            self.update()
        elif before != memory:
            self.update(self._horizon_rect())

    def _horizon_rect(self) -> QRect:
        return QRect(PAD, TITLE, self.width() - 2 * PAD, _LINE)

    def words(self) -> str:
        """The horizon as a line."""
        if self._memory is None:
            return ""
        now, mean = _steps(self._memory.now), _steps(self._memory.habits.mean)
        return tr("−1/ln f: now {now}, on average {mean} steps", now=now, mean=mean)

    def scope(self) -> str:
        """Which steps the numbers are of, "" for all."""
        habits = None if self._memory is None else self._memory.habits
        if habits is None or habits.steps is None:
            return ""
        first, last = map(grouped, habits.steps)
        if habits.means_of == 1:
            return tr("steps {first} to {last}", first=first, last=last)
        return tr("steps {first} to {last}, means of {count}", first=first, last=last, count=grouped(habits.means_of))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_ground(painter, event.rect())
        self.paint_aside(painter, self.scope())
        if self._memory is not None:
            font = drawing.sized(self.font(), 12)
            drawing.text(painter, self._horizon_rect(), self.words(), self.theme.text, font)
        if self._memory is not None and event.rect().bottom() >= TITLE + _LINE:
            for place, (gate, closed, opened) in enumerate(self._memory.habits.gates):
                self._paint_gate(painter, gate, closed, opened, place)
        painter.end()

    def _paint_gate(self, painter: QPainter, gate: str, closed: float, opened: float, place: int) -> None:
        """Of all steps: how many closed (the dark end of the gates' map), between, open (the bright end)."""
        y = TITLE + (place + 1) * _LINE + 2
        width = drawing.chip(painter, PAD, y, gate, self.theme.signal(gate), self.font())
        words = tr("closed {closed:.0%}, open {opened:.0%}", closed=closed, opened=opened)
        font = drawing.sized(self.font(), 11)
        left = PAD + width + 6
        bar = QRect(left, y + 4, max(20, self.width() - left - PAD - 176), 8)
        table = packed_table("gate")
        painter.fillRect(bar, QColor(self.theme.line))
        painter.fillRect(QRect(bar.left(), bar.top(), round(bar.width() * closed), 8), QColor.fromRgb(int(table[12])))
        wide = round(bar.width() * opened)
        painter.fillRect(QRect(bar.right() + 1 - wide, bar.top(), wide, 8), QColor.fromRgb(int(table[243])))
        room = QRect(bar.right() + 8, y, self.width() - PAD - bar.right() - 8, 16)
        drawing.text(painter, room, words, self.theme.dim, font)


def _height(gates: int) -> int:
    return TITLE + (1 + gates) * _LINE + 8


def _steps(steps: float) -> str:
    return "∞" if steps > 1e6 else limit(steps)
