"""Where the engine computes: this computer, or another one that ssh reaches."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app import icons
from lstmviz.app.theme import LIGHT, THEMES, Theme
from lstmviz.errors import UsageError
from lstmviz.language import tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.wire.host import COMMAND, Host, checked_host

KEY = Qt.ItemDataRole.UserRole


class EngineDialog(QDialog):
    """A list of computers, a form for one of them, and how the connection stands."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self._snapshot = Snapshot()
        self._awaited = False
        self.host, self.command = QLineEdit(self), QLineEdit(self)
        self.command.setPlaceholderText(COMMAND)
        self._host_label, self._command_label = QLabel(self), QLabel(self)
        self.message = QLabel(self)
        self.message.setTextFormat(Qt.TextFormat.PlainText)  # what ssh or the other side says is no markup
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(3 * self.message.fontMetrics().lineSpacing() + 4)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.forget, self.use, self.shut = QPushButton(self), QPushButton(self), QPushButton(self)
        self.use.setDefault(True)
        self._lay_out()
        self.list.currentItemChanged.connect(self._on_current_item_changed)
        self.list.itemActivated.connect(self._on_use_clicked)
        self.host.textChanged.connect(self._check)
        self.command.textChanged.connect(self._check)
        self.use.clicked.connect(self._on_use_clicked)
        self.forget.clicked.connect(self._on_forget_clicked)
        self.shut.clicked.connect(self.reject)
        self.retranslate()

    def _lay_out(self) -> None:
        self._about = QLabel(self)
        self._about.setWordWrap(True)
        self.list = QListWidget(self)
        self.list.setIconSize(QSize(20, 20))
        self.list.setSpacing(2)
        self.list.setMinimumHeight(150)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in ((self._host_label, self.host), (self._command_label, self.command)):
            form.addRow(label, field)
            label.setBuddy(field)
        foot = QHBoxLayout()
        foot.addWidget(self.forget)
        foot.addStretch(1)
        foot.addWidget(self.use)
        foot.addWidget(self.shut)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(self._about)
        column.addWidget(self.list, 1)
        column.addLayout(form)
        column.addWidget(self.message)
        column.addLayout(foot)
        self.resize(560, 430)

    def offer(self, snapshot: Snapshot) -> None:
        """Begin with the engine that is in use."""
        self._awaited = False
        self._snapshot = snapshot
        self._theme = THEMES[snapshot.theme]
        self._fill()
        row = next((n for n in range(self.list.count()) if self._in_use(self.list.item(n).data(KEY))), 0)
        self.list.setCurrentRow(row)
        self._check()

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Follow the connection; the dialog closes when the engine that was asked for is there."""
        self._snapshot = snapshot
        self._theme = THEMES[snapshot.theme]
        if "language" in changed:
            self.retranslate()
        if changed & {"hosts", "language", "theme"} or (changed & {"engine"} and snapshot.engine == "ready"):
            self._fill()
        if self._awaited and snapshot.engine == "ready":
            self._awaited = False
            self.accept()
        elif self._awaited and snapshot.engine == "failed":
            self._awaited = False
        self._check()

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self.setWindowTitle(tr("Engine"))
        self._about.setText(
            tr("The engine records and trains: on this computer, or on another one with lstmviz that ssh reaches.")
        )
        self.list.setAccessibleName(tr("Computers"))
        self._host_label.setText(tr("Host"))
        self._command_label.setText(tr("Program there"))
        self.host.setAccessibleName(tr("Host"))
        self.host.setPlaceholderText(tr("user@host, or a name of ~/.ssh/config"))
        self.host.setToolTip(tr("As ssh takes it; for another port ssh://user@host:port"))
        self.command.setAccessibleName(tr("Program there"))
        self.command.setToolTip(tr("What starts the engine there, for instance /opt/venv/bin/lstmviz engine"))
        self.use.setText(tr("Use"))
        self.forget.setText(tr("Forget"))
        self.shut.setText(tr("Close"))
        self._fill()

    def _fill(self) -> None:
        """The rows: this computer, those that are remembered, another one."""
        current = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        self._row(None, tr("This computer"), "series")
        for host in self._snapshot.hosts:
            about = "" if host.command == COMMAND else f"\n{host.command}"
            self._row(host, host.label + about, "device")
        self._row(Host(""), tr("Another computer…"), "search")
        self.list.setCurrentRow(min(max(current, 0), self.list.count() - 1))
        self.list.blockSignals(False)

    def _row(self, host: Host | None, text: str, icon: str) -> None:
        if self._in_use(host) and self._snapshot.engine == "ready":
            first, _, rest = text.partition("\n")
            text = tr("{name} · in use", name=first) + (f"\n{rest}" if rest else "")
        item = QListWidgetItem(icons.icon(icon, self._theme), text, self.list)
        item.setData(KEY, host)

    def _in_use(self, host: Host | None) -> bool:
        return self._snapshot.link.host == ("" if host is None else host.label) and (host is None or bool(host.name))

    def _chosen(self) -> Host | None:
        item = self.list.currentItem()
        found: Host | None = None if item is None else item.data(KEY)
        return found

    def _on_current_item_changed(self) -> None:
        host = self._chosen()
        self.host.setText("" if host is None else host.name)
        self.command.setText("" if host is None or host.command == COMMAND else host.command)
        self._check()
        if host is not None and not host.name:
            self.host.setFocus()

    def _check(self) -> None:
        """Say what is wrong, or how the connection stands."""
        here = self._chosen() is None
        for field in (self.host, self.command):
            field.setEnabled(not here)
        words, colour, sound = "", self._theme.dim, True
        if not here:
            try:
                checked_host(self.host.text(), self.command.text())
            except UsageError as error:
                sound = False
                words, colour = (str(error), self._theme.error) if self.host.text() else ("", colour)
        link, engine = self._snapshot.link, self._snapshot.engine
        if self._awaited:
            words = tr("Connecting to {host}…", host=self.host.text().strip()) if not here else tr("Starting…")
        elif not words and engine == "failed" and link.problem:
            words, colour = link.problem, self._theme.error
        self.message.setText(words)
        self.message.setStyleSheet(f"color: {colour}")
        self.use.setEnabled(sound and not self._awaited)
        chosen = self._chosen()
        self.forget.setEnabled(chosen is not None and bool(chosen.name) and not self._in_use(chosen))

    def _on_use_clicked(self) -> None:
        if not self.use.isEnabled():
            return
        here = self._chosen() is None
        args = {} if here else {"host": self.host.text().strip(), "command": self.command.text().strip()}
        self._awaited = True
        self._check()
        self.asked.emit("engine.use" if not here else "engine.here", args)
        if self._snapshot.engine == "ready" and self._awaited:  # it was in use already
            self._awaited = False
            self.accept()

    def _on_forget_clicked(self) -> None:
        host = self._chosen()
        if host is not None and host.name:
            self.asked.emit("engine.forget", {"host": host.name})
