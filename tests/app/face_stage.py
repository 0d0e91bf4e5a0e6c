"""A view that stands alone, what it asked for, and snapshots put to it as the window does."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lstmviz.app.view import View
from lstmviz.session.snapshot import Snapshot, changes


class Stage:
    """Shows a view and keeps what it asks for."""

    def __init__(self, qtbot: QtBot, view: View, snapshot: Snapshot, size: tuple[int, int] = (900, 420)) -> None:
        self.view = view
        qtbot.addWidget(view)
        self.asked: list[tuple[str, dict]] = []
        view.asked.connect(self._on_asked)
        self.snapshot = snapshot
        view.resize(*size)
        view.show()
        view.present(snapshot, changes(None, snapshot))
        QApplication.processEvents()

    def put(self, snapshot: Snapshot) -> None:
        before, self.snapshot = self.snapshot, snapshot
        self.view.present(snapshot, changes(before, snapshot))
        QApplication.processEvents()

    def _on_asked(self, command: str, args: dict) -> None:
        self.asked.append((command, args))
