"""Who pushed the gate: the largest terms of a unit's pre-activation as signed bars, and what they add up to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lstmviz.analysis.push import Push
from lstmviz.app import drawing
from lstmviz.app.numbers import number, signed
from lstmviz.app.symbol_row import visible
from lstmviz.app.unit_panels import PAD, TITLE, Panel
from lstmviz.language import tr
from lstmviz.traces.trace import Trace

TOP = 5
"""Terms named one by one; the others are one bar, the rest."""
_LINE = 18
_WIDE = 400
"""From this width on there is room for weight and value of each term."""


@dataclass(frozen=True)
class Pushed:
    """The terms of one gate of one unit, their names, the value that came of them, and how to read the weights."""

    gate: str
    names: tuple[str, ...]
    pushes: tuple[Push, ...]
    value: float
    function: str
    note: str = ""

    @property
    def sum(self) -> float:
        """z, the pre-activation."""
        return math.fsum(push.term for push in self.pushes)

    @property
    def total(self) -> str:
        """What the terms add up to, and the gate that came of it, or h where there are no gates."""
        z = number(self.sum, 3)
        return f"z{self.gate} = {z}   {self.gate or 'h'} = {self.function}({z}) = {number(self.value, 3)}"


def name_of(push: Push, trace: Trace, layer: int, gate: str = "", direction: str = "forward") -> str:
    """Whose term it is: a feature or symbol, a unit of this layer a step before or of the layer below, bias or rest.

    Of a gate's peephole, the state that it sees: o sees the new one.
    """
    if push.source == "c":
        return "c(t)" if gate == "o" else "c(t+1)" if direction == "reverse" else "c(t−1)"
    if push.source == "b":
        return tr("bias")
    if push.source == "rest":
        return tr("the rest")
    if push.source == "h":
        return f"h{push.index}"
    if layer > 0:
        below = trace.layers[layer - 1]
        side = "reverse" if push.index >= below.outputs else below.directions[0]
        arrow = "←" if side == "reverse" else "→"
        return f"h{push.index % below.outputs} ({layer - 1}{arrow})"
    names = trace.input_names
    if push.index >= len(names):
        return f"x{push.index}"
    symbolic = bool(trace.sequence.vocabulary)
    return f"“{visible(names[push.index])}”" if symbolic else names[push.index]


class PushPanel(Panel):
    """Bars to the right push the gate open, bars to the left push it shut."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(_height(TOP + 2, False), parent)
        self._rows = TOP + 2
        self._pushed: Pushed | None = None
        self._why_not = ""

    def show_pushed(self, pushed: Pushed | None, why_not: str = "") -> None:
        """Draw the terms of one step, or say why there are none."""
        self._pushed, self._why_not = pushed, why_not
        if pushed is not None:
            # a frame with fewer terms changes no height: all but the peephole may come back at the next one
            self._rows = TOP + 2 + any(push.source == "c" for push in pushed.pushes)
            self.set_height(_height(self._rows, bool(pushed.note)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(self.theme.base))
        if self._pushed is None:
            room = QRect(PAD, 0, self.width() - 2 * PAD, TITLE)
            drawing.text(painter, room, self._why_not, self.theme.dim, drawing.sized(self.font(), 11))
        else:
            self._paint_terms(painter, self._pushed)
        painter.end()

    def _paint_terms(self, painter: QPainter, pushed: Pushed) -> None:
        font = drawing.sized(self.font(), 11)
        largest = max((abs(push.term) for push in pushed.pushes), default=1.0) or 1.0
        detail = 130 if self.width() >= _WIDE else 0
        left, right = PAD + 92 + detail, self.width() - PAD - 50
        middle, reach = (left + right) // 2, (right - left) // 2 - 2
        colour = self.theme.signal(pushed.gate if len(pushed.gate) == 1 and pushed.gate != "z" else "h")
        painter.fillRect(middle, 0, 1, len(pushed.pushes) * _LINE, QColor(self.theme.line))
        for place, (name, push) in enumerate(zip(pushed.names, pushed.pushes, strict=True)):
            y = place * _LINE
            named = push.source in ("x", "h", "c")
            drawing.text(painter, QRect(PAD, y, 88, _LINE), name, self.theme.text if named else self.theme.dim, font)
            if detail and named:
                words = f"{number(push.weight)} · {number(push.value)}"
                drawing.text(painter, QRect(PAD + 92, y, detail - 6, _LINE), words, self.theme.dim, font)
            length = round(reach * abs(push.term) / largest)
            bar = QRect(middle + 1 if push.term >= 0 else middle - length, y + 4, length, _LINE - 8)
            painter.fillRect(bar, colour if named else QColor(self.theme.edge))
            value = QRect(right, y, 50, _LINE)
            drawing.text(painter, value, signed(push.term), self.theme.text, font, "right")
        y = self._rows * _LINE + 2
        painter.fillRect(PAD, y, self.width() - 2 * PAD, 1, QColor(self.theme.line))
        room = QRect(PAD, y + 3, self.width() - 2 * PAD, _LINE + 4)
        drawing.text(painter, room, pushed.total, self.theme.text, drawing.sized(self.font(), 12))
        room.translate(0, _LINE)
        drawing.text(painter, room, pushed.note, self.theme.dim, font)


def _height(rows: int, noted: bool) -> int:
    return (rows + 2 + noted) * _LINE
