"""Files on the engine's computer: one folder at a time, to open what lies there."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app import icons
from lstmviz.app.numbers import data_size
from lstmviz.app.theme import LIGHT, THEMES
from lstmviz.errors import LstmvizError
from lstmviz.language import mark, tr
from lstmviz.wire.elsewhere import ElsewhereClient
from lstmviz.wire.elsewhere_messages import MOST_ENTRIES, EntryData, FolderListed, ListFolder
from lstmviz.wire.messages import Payload
from lstmviz.wire.tickets import Ticket

ENTRY = Qt.ItemDataRole.UserRole
_KINDS = {
    "folder": (mark("Folder"), "folder"),
    "trace": (mark("Trace"), "trace"),
    "run": (mark("Run"), "train"),
    "model": (mark("Model"), "model"),
    "sequence": (mark("Sequence"), "series"),
    "file": (mark("File"), "file"),
}


class RemoteFilesDialog(QDialog):
    """A path, the button to its parent, and the entries of the folder with kind and size."""

    chosen = Signal(str, str)

    def __init__(self, client: ElsewhereClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._theme = LIGHT
        self._ticket: Ticket | None = None
        self._listed = FolderListed("", "", ())
        self.up = QToolButton(self)
        self.path = QLineEdit(self)
        self.entries = QTreeWidget(self)
        self.entries.setObjectName("table")
        self.entries.setRootIsDecorated(False)
        self.entries.setUniformRowHeights(True)
        self.entries.setIconSize(QSize(18, 18))
        self.entries.setColumnCount(3)
        header = self.entries.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section in (1, 2):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.ResizeToContents)
        self.message = QLabel(self)
        self.message.setTextFormat(Qt.TextFormat.PlainText)  # what ssh or the other side says is no markup
        self.message.setWordWrap(True)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._open = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        row = QHBoxLayout()
        row.addWidget(self.up)
        row.addWidget(self.path, 1)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.entries, 1)
        column.addWidget(self.message)
        column.addWidget(self._buttons)
        self.resize(640, 460)
        self.up.clicked.connect(self._on_up_clicked)
        self.path.returnPressed.connect(self._on_path_entered)
        self.entries.itemActivated.connect(self._on_item_activated)
        self.entries.currentItemChanged.connect(self._on_current_item_changed)
        self._buttons.accepted.connect(self._on_open_clicked)
        self._buttons.rejected.connect(self.reject)
        self.retranslate()

    def colour(self, theme: str) -> None:
        """Take the colours of a theme."""
        self._theme = THEMES["dark" if theme == "dark" else "light"]
        self.up.setIcon(icons.icon("arrow-up", self._theme))

    def retranslate(self) -> None:
        """Say everything in the current language."""
        host = self._client.host
        self.setWindowTitle(tr("Open on {host}", host="" if host is None else host.label))
        self.up.setToolTip(tr("To the folder above"))
        self.up.setAccessibleName(tr("To the folder above"))
        self.path.setAccessibleName(tr("Path"))
        self.entries.setAccessibleName(tr("Files"))
        self.entries.setHeaderLabels([tr("Name"), tr("Kind"), tr("Size")])
        self._open.setText(tr("Open"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))

    def look(self, path: str = "") -> None:
        """List a folder over there: the home at first, then where one was."""
        self.retranslate()
        if self._ticket is not None:
            self._ticket.cancel()
        self._say(tr("Listing…"))
        self._ticket = self._client.ask(
            ListFolder(0, path or self._listed.path), on_part=self._on_listed, on_failed=self._on_failed
        )

    def _on_listed(self, payload: Payload) -> None:
        if not isinstance(payload, FolderListed):
            return
        self._listed = payload
        self.path.setText(payload.path)
        self.up.setEnabled(bool(payload.parent))
        self.entries.clear()
        entries = payload.entries[:MOST_ENTRIES]
        left_out = payload.left_out + len(payload.entries) - len(entries)
        for entry in entries:
            title, icon = _KINDS[entry.kind]
            size = "" if entry.kind == "folder" or not entry.size else data_size(entry.size)
            item = QTreeWidgetItem(self.entries, [entry.name, tr(title), size])
            item.setIcon(0, icons.icon(icon, self._theme))
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setData(0, ENTRY, entry)
        if payload.entries:
            self.entries.setCurrentIndex(self.entries.model().index(0, 0))
        self._say(
            tr("{count} more are not shown; type the path.", count=left_out)
            if left_out
            else ""
            if payload.entries
            else tr("Nothing is in this folder.")
        )
        self._on_current_item_changed()

    def _on_failed(self, error: LstmvizError) -> None:
        self._say(str(error), wrong=True)

    def _say(self, words: str, wrong: bool = False) -> None:
        self.message.setText(words)
        self.message.setStyleSheet(f"color: {self._theme.error if wrong else self._theme.dim}")

    def _entry(self) -> EntryData | None:
        item = self.entries.currentItem()
        entry: EntryData | None = None if item is None else item.data(0, ENTRY)
        return entry

    def _on_current_item_changed(self) -> None:
        self._open.setEnabled(self._entry() is not None)

    def _on_up_clicked(self) -> None:
        if self._listed.parent:
            self.look(self._listed.parent)

    def _on_path_entered(self) -> None:
        self.look(self.path.text().strip())

    def _on_item_activated(self) -> None:
        self._on_open_clicked()

    def _on_open_clicked(self) -> None:
        """Enter a folder; open anything else."""
        entry = self._entry()
        if entry is None or self.path.hasFocus():
            return
        path = f"{self._listed.path.rstrip('/')}/{entry.name}"
        if entry.kind == "folder":
            self.look(path)
            return
        self.accept()
        self.chosen.emit(path, entry.kind)
