"""The command palette: type a few letters, press Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from lstmviz.app.controls import plain, shortcut_text
from lstmviz.app.dialogs.fuzzy import score
from lstmviz.app.menus import menu_path
from lstmviz.language import tr
from lstmviz.session.commands import COMMANDS, Command
from lstmviz.session.snapshot import Snapshot

ID = Qt.ItemDataRole.UserRole
_LIST_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class PaletteDialog(QDialog):
    """Every command with its place and its keys; what cannot run now is grey."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self._snapshot = Snapshot()
        self.field = QLineEdit(self)
        self.field.setClearButtonEnabled(True)
        self.field.installEventFilter(self)
        self.list = QTreeWidget(self)
        self.list.setColumnCount(3)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        self._retranslate()
        self.field.textChanged.connect(self._on_field_text_changed)
        self.field.returnPressed.connect(self._on_field_return_pressed)
        self.list.itemClicked.connect(self._on_list_item_clicked)

    def ask(self, snapshot: Snapshot) -> None:
        """Open over the window, empty, in the current language."""
        self._snapshot = snapshot
        self._retranslate()
        self.field.clear()
        self._fill()
        self._place()
        self.show()
        self.field.setFocus()

    def _retranslate(self) -> None:
        self.setWindowTitle(tr("Find any command"))
        self.field.setPlaceholderText(tr("Type a few letters of a command…"))
        self.field.setAccessibleName(tr("Find any command"))
        self.list.setAccessibleName(tr("Commands"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the list while the field keeps the focus."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in _LIST_MOVES:
            self.list.event(event)
            return True
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        window = parent.geometry()
        width, height = min(720, window.width() - 80), min(460, window.height() - 120)
        self.setGeometry(window.x() + (window.width() - width) // 2, window.y() + 70, width, height)
        self.list.setColumnWidth(0, int(width * 0.48))
        self.list.setColumnWidth(1, int(width * 0.27))

    def _fill(self) -> None:
        query = self.field.text().strip()
        found = []
        for command in COMMANDS.values():
            points = None if command.parameters else score(query, f"{plain(command.title)} {menu_path(command)}")
            if points is not None:
                found.append((not command.can_run(self._snapshot), -points if query else 0, command))
        found.sort(key=lambda row: row[:2])
        self.list.clear()
        for disabled, _, command in found:
            self.list.addTopLevelItem(self._row(command, disabled))
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)

    def _row(self, command: Command, disabled: bool) -> QTreeWidgetItem:
        row = QTreeWidgetItem([plain(command.title), menu_path(command), shortcut_text(command.id)])
        row.setData(0, ID, command.id)
        row.setToolTip(0, tr(command.hint))
        row.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.setDisabled(disabled)
        return row

    def _run(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and not item.isDisabled():
            self.hide()
            self.asked.emit(item.data(0, ID), {})

    def _on_field_text_changed(self) -> None:
        self._fill()

    def _on_field_return_pressed(self) -> None:
        self._run(self.list.currentItem())

    def _on_list_item_clicked(self, item: QTreeWidgetItem) -> None:
        self._run(item)
