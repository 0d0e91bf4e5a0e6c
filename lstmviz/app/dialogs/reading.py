"""How a sequence should be read that cannot be read as it is: one of a few ways, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QDialog, QDialogButtonBox, QLabel, QRadioButton, QVBoxLayout, QWidget

from lstmviz.language import tr

Options = Mapping[str, object]


class ReadingDialog(QDialog):
    """The sentence that says what is wrong, and ways to read the file all the same; one is chosen."""

    chosen = Signal(dict)

    def __init__(self, sentence: str, ways: Many[tuple[str, Options]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("How should it be read?"))
        self.setMinimumWidth(520)
        label = QLabel(sentence, self)
        label.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(label)
        column.addSpacing(4)
        self._ways = [dict(options) for _, options in ways]
        self._group = QButtonGroup(self)
        self.ways = []
        for place, (title, _) in enumerate(ways):
            button = QRadioButton(title, self)
            button.setChecked(place == 0)
            self._group.addButton(button, place)
            self.ways.append(button)
            column.addWidget(button)
        column.addSpacing(6)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(tr("Read it so"))
        self.ok.setDefault(True)
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        column.addWidget(self._buttons)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)

    def _on_accepted(self) -> None:
        self.chosen.emit(self._ways[self._group.checkedId()])


def ways_of(remedy: Mapping[str, object]) -> list[tuple[str, Options]]:
    """The ways that a reader's remedy opens, each with a title and the reader's options."""
    ways: list[tuple[str, Options]] = []
    for option, value in remedy.items():
        if option == "missing":
            ways += _ways_of_missing()
        elif option == "skip":
            ways.append((tr("Leave the first {count} lines out", count=value), {option: value}))
        elif option == "columns" and isinstance(value, list):
            places = ", ".join(map(str, value))
            ways.append((tr("Read the columns of numbers alone: {places}", places=places), {option: value}))
        elif option == "dates":
            ways.append((tr("The day comes before the month"), {option: "dmy"}))
            ways.append((tr("The month comes before the day"), {option: "mdy"}))
            ways.append((tr("Leave the times out"), {"time": False}))
        elif option == "thousands":
            ways.append((tr("The comma parts thousands: 1,234 is more than a thousand"), {option: value}))
        elif option == "index":
            ways.append((tr("Take the first sequence of the batch"), {option: value}))
    return ways


def _ways_of_missing() -> list[tuple[str, Options]]:
    return [
        (tr("Fill what is missing by a straight line between its neighbours"), {"missing": "interpolate"}),
        (tr("Fill it with the value before"), {"missing": "fill"}),
        (tr("Fill it with 0"), {"missing": 0}),
        (tr("Leave such steps out"), {"missing": "drop"}),
    ]
