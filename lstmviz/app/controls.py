"""Buttons made from the table of commands, and keys that a focused control keeps for itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from lstmviz.app import icons
from lstmviz.app.theme import Theme
from lstmviz.language import tr
from lstmviz.session.commands import COMMANDS


def plain(title: str) -> str:
    """A title as a sentence would have it: no mnemonic, no dots that promise a dialog."""
    return tr(title).replace("&", "").rstrip("…").rstrip()


def shortcut_text(command_id: str) -> str:
    """The command's keys as this system writes them, "" for none."""
    return QKeySequence(COMMANDS[command_id].shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def tooltip(command_id: str) -> str:
    """What the command does, with its keys."""
    command = COMMANDS[command_id]
    keys = shortcut_text(command_id)
    return (
        f"{plain(command.title)} ({keys})\n{tr(command.hint)}"
        if keys
        else f"{plain(command.title)}\n{tr(command.hint)}"
    )


class CommandButton(QToolButton):
    """A button that asks for one command; icon, tooltip and accessible name come from the table."""

    asked = Signal(str, dict)

    def __init__(self, command_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.command = COMMANDS[command_id]
        self.setAutoRaise(True)
        self.setIconSize(QSize(20, 20))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCheckable(self.command.checked is not None)
        self.setObjectName(command_id)
        self.clicked.connect(self._on_clicked)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self.setAccessibleName(plain(self.command.title))
        self.setAccessibleDescription(tr(self.command.hint))
        self.setToolTip(tooltip(self.command.id))
        self.setText(plain(self.command.title))

    def show_icon(self, theme: Theme, name: str = "") -> None:
        """Draw the icon in the colours of the theme; ``name`` stands in for the command's own."""
        self.setIcon(icons.icon(name or self.command.icon, theme))

    def _on_clicked(self) -> None:
        self.asked.emit(self.command.id, {})


class KeptKeys(QObject):
    """Lets a focused control use keys that are also shortcuts of the window: space on a button, arrows in a list."""

    def __init__(self, keys: tuple[Qt.Key, ...], parent: QObject) -> None:
        super().__init__(parent)
        self._keys = keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the keys before the shortcuts see them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain_key = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
            if plain_key and event.key() in self._keys:
                event.accept()
                return True
        return super().eventFilter(watched, event)


BUTTON_KEYS = (Qt.Key.Key_Space,)
LIST_KEYS = (
    Qt.Key.Key_Space,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
)
