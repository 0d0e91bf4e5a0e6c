"""What a picture of the cell diagram shows, but for the frame's own values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF

from lstmviz.app.cell_geometry import Card, CellGeometry
from lstmviz.app.cell_labels import full_names, number
from lstmviz.app.frame_values import Scale
from lstmviz.app.numbers import limit
from lstmviz.app.theme import Theme
from lstmviz.language import tr

WORDS = 0.95
"""The size of the names in full, in ems."""


@dataclass(frozen=True, eq=False)
class CellPicture:
    """Everything about a diagram but the frame's own values.

    labels: wordings by vector, longest first. scales: by vector. legend: name and scale of each entry. units: H.
    phase: a place in PHASES or None. without_values: what stands in a card instead of its strip.
    """

    geometry: CellGeometry
    theme: Theme
    font: QFont
    labels: Mapping[str, tuple[str, ...]]
    scales: Mapping[str, Scale]
    legend: tuple[tuple[str, Scale], ...]
    caption: str
    units: int
    unit: int
    phase: int | None = None
    without_values: Mapping[str, str] = field(default_factory=dict)

    def text_font(self, scale: float = 1.0, bold: bool = False) -> QFont:
        """The view's font at the diagram's size."""
        font = QFont(self.font)
        font.setPixelSize(max(8, round(self.geometry.em * scale)))
        font.setBold(bold)
        return font

    def digits(self, card: Card) -> int:
        """Decimals of the numbers on a card: three where it is wide."""
        return 3 if card.header.w >= 11 * self.geometry.em else 2

    def label_room(self, card: Card) -> float:
        """The width that the number at the right of a card's header leaves to its name."""
        widest = QFontMetricsF(self.text_font()).horizontalAdvance(number(-0.888, self.digits(card)))
        return card.header.w - widest - 0.4 * self.geometry.em

    def label(self, card: Card) -> str:
        """The longest wording that fits beside the number; layers of one size are worded alike."""
        metrics = QFontMetricsF(self.text_font(bold=True))
        alike = [self.labels[key] for key in (self._layers() if card.key in self._layers() else (card.key,))]
        for place, wording in enumerate(self.labels[card.key]):
            if all(metrics.horizontalAdvance(wordings[place]) <= self.label_room(card) for wordings in alike):
                return wording
        return metrics.elidedText(self.labels[card.key][-1], Qt.TextElideMode.ElideRight, self.label_room(card))

    def _layers(self) -> tuple[str, ...]:
        """The layers of neurons, which are all of one size and have their names in full."""
        return tuple(card.key for card in self.geometry.cards if card.words is not None)

    def full_name(self, card: Card) -> str:
        """The name in full for the line under a strip; the layers are worded alike, the longest that fits all."""
        if card.words is None:
            return ""
        metrics = QFontMetricsF(self.text_font(WORDS))
        for place, wording in enumerate(full_names(card.key)):
            if all(metrics.horizontalAdvance(full_names(key)[place]) <= card.words.w for key in self._layers()):
                return wording
        return metrics.elidedText(full_names(card.key)[-1], Qt.TextElideMode.ElideRight, card.words.w)


def has_unit(key: str, length: int, units: int) -> bool:
    """Whether a vector's coordinates are the layer's units; not so for x and for a projected h."""
    return key != "x" and length == units


def limits_text(scale: Scale) -> str:
    """The limits of a scale, and that it clips where it may."""
    if not scale.signed:
        return f"{limit(scale.low)}…{limit(scale.high)}"
    text = f"±{limit(scale.high)}"
    return tr("{limits} clipped", limits=text) if scale.sampled else text


def limits_in_words(scale: Scale) -> str:
    """The limits with what they mean, where a gate's are known to be 0 and 1."""
    if scale.signed or (scale.low, scale.high) != (0, 1):
        return limits_text(scale)
    return tr("0 closed … 1 open")
