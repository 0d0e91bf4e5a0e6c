"""Docks that hide for a while, as in focus mode, and come back as large as they were."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow


class DockSizes:
    """Shows docks by name; Qt alone would give one that was hidden the least room that it can do with."""

    def __init__(self, window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
        self._window = window
        self._docks = docks
        self._sizes: dict[str, QSize] = {}

    def show_only(self, names: set[str]) -> None:
        """Show these docks and hide the others."""
        for name, dock in self._docks.items():
            if dock.isVisible() and not dock.isFloating():
                self._sizes[name] = dock.size()
        back = [name for name, dock in self._docks.items() if name in names and dock.isHidden() and name in self._sizes]
        for name, dock in self._docks.items():
            dock.setVisible(name in names)
        docks, sizes = [self._docks[name] for name in back], [self._sizes[name] for name in back]
        self._window.resizeDocks(docks, [size.width() for size in sizes], Qt.Orientation.Horizontal)
        self._window.resizeDocks(docks, [size.height() for size in sizes], Qt.Orientation.Vertical)
