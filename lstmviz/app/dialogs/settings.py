"""Settings: theme, language, size and playing. There is nothing to confirm; only the size waits for the next start."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QWidget

from lstmviz.language import LANGUAGES, mark, tr
from lstmviz.session.snapshot import Snapshot
from lstmviz.session.state import SCALES, SPEEDS

_THEMES = {"system": mark("The system's"), "light": mark("Light"), "dark": mark("Dark")}


class SettingsDialog(QDialog):
    """Asks for the same commands as the menus."""

    asked = Signal(str, dict)

    def __init__(self, snapshot: Snapshot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = _combo({name: tr(title) for name, title in _THEMES.items()}, snapshot.theme_choice)
        self.language = _combo({"system": tr("The system's language"), **LANGUAGES}, snapshot.language_choice)
        self.scale = _combo({scale: f"{scale:.0%}" for scale in SCALES}, snapshot.scale)
        self.speed = _combo({speed: f"{speed:g}×" for speed in SPEEDS}, snapshot.speed)
        self._form = QFormLayout(self)
        self._labels = {control: QLabel(self) for control in (self.theme, self.language, self.scale, self.speed)}
        for control, label in self._labels.items():
            self._form.addRow(label, control)
            label.setBuddy(control)
        self.loop = QCheckBox(self)  # made here: the order of making is the order of the tab key
        self.loop.setChecked(snapshot.loop)
        self._form.addRow(self.loop)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._next = QLabel(self)
        self._next.setVisible(False)
        self._form.addRow(self._next)
        self._form.addRow(self._buttons)
        self.setMinimumWidth(380)
        self._retranslate()
        self._buttons.rejected.connect(self.reject)
        self.theme.activated.connect(self._on_theme_activated)
        self.language.activated.connect(self._on_language_activated)
        self.scale.activated.connect(self._on_scale_activated)
        self.speed.activated.connect(self._on_speed_activated)
        self.loop.clicked.connect(self._on_loop_clicked)

    def present(self, _snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Follow a switch of the language."""
        if "language" in changed:
            self._retranslate()

    def _retranslate(self) -> None:
        self.setWindowTitle(tr("Settings"))
        names = {
            self.theme: tr("Theme"),
            self.language: tr("Language"),
            self.scale: tr("Size of everything"),
            self.speed: tr("Speed"),
        }
        for control, name in names.items():
            control.setAccessibleName(name)
            self._labels[control].setText(name)
        for n, title in enumerate(_THEMES.values()):
            self.theme.setItemText(n, tr(title))
        self.language.setItemText(0, tr("The system's language"))
        self.loop.setText(tr("Begin again at the end while playing"))
        self.scale.setToolTip(tr("For a projector or tired eyes; from the next start on"))
        self._next.setText(tr("The size changes at the next start."))
        self._buttons.button(QDialogButtonBox.StandardButton.Close).setText(tr("Close"))

    def _on_theme_activated(self) -> None:
        self.asked.emit("theme.set", {"theme": self.theme.currentData()})

    def _on_language_activated(self) -> None:
        self.asked.emit("language.set", {"language": self.language.currentData()})

    def _on_scale_activated(self) -> None:
        self._next.setVisible(True)
        self.asked.emit("view.scale", {"scale": self.scale.currentData()})

    def _on_speed_activated(self) -> None:
        self.asked.emit("play.speed", {"speed": self.speed.currentData()})

    def _on_loop_clicked(self) -> None:
        self.asked.emit("play.loop", {})


def _combo(choices: Mapping[object, str] | Mapping[str, str] | Mapping[float, str], current: object) -> QComboBox:
    combo = QComboBox()
    for value, text in choices.items():
        combo.addItem(text, value)
    combo.setCurrentIndex(max(combo.findData(current), 0))
    return combo
