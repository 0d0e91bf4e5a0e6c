"""The page of shortcuts, from the table of commands."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from lstmviz.app.controls import plain, shortcut_text
from lstmviz.language import tr
from lstmviz.session.commands import COMMANDS, MENUS


class ShortcutsDialog(QDialog):
    """Every command that has keys, by menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.list = QTreeWidget(self)
        self.list.setColumnCount(3)
        self.list.setHeaderLabels([tr("Command"), tr("Keys"), tr("What it does")])
        self.list.setAccessibleName(tr("Keyboard shortcuts"))
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(12)
        self.list.setAlternatingRowColors(True)
        for menu in MENUS:
            self._add_group(menu)
        self.list.expandAll()
        for column in range(2):
            self.list.resizeColumnToContents(column)
            self.list.setColumnWidth(column, self.list.columnWidth(column) + 16)
        self.list.setMinimumWidth(min(self._wide(), parent.width() - 80) if parent is not None else 0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.list, 1)
        layout.addWidget(buttons)
        self.resize(max(820, self.sizeHint().width()), 640)

    def _wide(self) -> int:
        """The width of the list in which no line is cut."""
        columns = self.list.columnWidth(0) + self.list.columnWidth(1) + self.list.sizeHintForColumn(2)
        return columns + self.list.verticalScrollBar().sizeHint().width() + 2 * self.list.frameWidth()

    def _add_group(self, menu: str) -> None:
        group = QTreeWidgetItem(self.list, [plain(menu)])
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        group.setFirstColumnSpanned(True)
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        for command in COMMANDS.values():
            if command.shortcut and command.menu and command.menu[0] == menu:
                QTreeWidgetItem(group, [plain(command.title), shortcut_text(command.id), tr(command.hint)])
