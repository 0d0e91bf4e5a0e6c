"""What every view is: it shows a snapshot, says what the user asked for, and can tell its state in a sentence."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QScrollArea, QWidget

from lstmviz.session.snapshot import Snapshot


class View(QWidget):
    """A part of the window with two verbs: present this, and the user asked for that.

    ``asked`` carries the id of a command and its arguments, for instance ``("unit.select", {"unit": 17})``.
    """

    asked = Signal(str, dict)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Draw what differs; ``changed`` holds names of Snapshot's fields. ``theme`` or ``language`` changed: all."""
        raise NotImplementedError

    def tell(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Present; a screen reader, where one listens, is given the sentence that says the new state."""
        self.present(snapshot, changed)
        if QAccessible.isActive():
            self.setAccessibleDescription(self.sentence())

    def sentence(self) -> str:
        """The view's state in one sentence, in the current language: for a screen reader and for the tests."""
        raise NotImplementedError

    def full_size(self) -> QSize:
        """The size at which nothing is scrolled away, at the width that the view has."""
        hidden = sum(area.verticalScrollBar().maximum() for area in self.findChildren(QScrollArea) if area.isVisible())
        return QSize(self.width(), self.height() + hidden)
