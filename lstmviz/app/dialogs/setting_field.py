"""One setting of a run in a form: its label and the control that its kind asks for."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QWidget

from lstmviz.app.theme import LIGHT, Theme
from lstmviz.app.training_words import plain_number, setting_value
from lstmviz.errors import RunError
from lstmviz.language import tr
from lstmviz.runs.settings import Setting

Value = bool | int | float | str


class SettingField(QObject):
    """Label and control of a setting; what is typed stays as it was typed, whatever it means."""

    changed = Signal()

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        super().__init__(parent)
        self.setting = setting
        self.label = QLabel(parent)
        self.control: QComboBox | QCheckBox | QLineEdit
        if setting.kind == "choice":
            self.control = QComboBox(parent)
            for name, _ in setting.choices:
                self.control.addItem("", name)
            self.control.currentIndexChanged.connect(self._on_changed)
        elif setting.kind == "bool":
            self.control = QCheckBox(parent)
            self.control.toggled.connect(self._on_changed)
        else:
            self.control = QLineEdit(parent)
            self.control.textChanged.connect(self._on_changed)
        self.control.setMinimumWidth(70)
        self.label.setBuddy(self.control)
        self.put(setting.default)

    def value(self) -> Value:
        """What is chosen or typed; raises RunError for text that is no number."""
        if isinstance(self.control, QComboBox):
            return str(self.control.currentData())
        if isinstance(self.control, QCheckBox):
            return self.control.isChecked()
        text = self.control.text().strip()
        try:
            return int(text) if self.setting.kind == "int" else float(text.replace(",", "."))
        except ValueError:
            kind = tr("a whole number") if self.setting.kind == "int" else tr("a number")
            raise RunError(
                "{title} is “{text}”; expected {kind}.", title=tr(self.setting.title), text=text, kind=kind
            ) from None

    def put(self, value: Value) -> None:
        """Show a value."""
        if isinstance(self.control, QComboBox):
            self.control.setCurrentIndex(max(self.control.findData(value), 0))
        elif isinstance(self.control, QCheckBox):
            self.control.setChecked(bool(value))
        else:
            self.control.setText(plain_number(value) if isinstance(value, float) else str(value))

    @property
    def differs(self) -> bool:
        """Whether it is not at its default."""
        try:
            return bool(self.value() != self.setting.default)
        except RunError:
            return True

    def retranslate(self) -> None:
        """Say everything in the current language."""
        title = tr(self.setting.title)
        hint = tr(
            "{hint}\nDefault: {default}   {flag}",
            hint=tr(self.setting.hint),
            default=setting_value(self.setting.name, self.setting.default),
            flag=self.setting.flag,
        )
        self.label.setText(title)
        self.control.setAccessibleName(title)
        self.control.setAccessibleDescription(tr(self.setting.hint))
        for part in (self.label, self.control):
            part.setToolTip(hint)
        if isinstance(self.control, QComboBox):
            for place, (_, words) in enumerate(self.setting.choices):
                self.control.setItemText(place, tr(words))

    def mark(self, theme: Theme = LIGHT, *, wrong: bool = False) -> None:
        """Set off what differs from its default, and what cannot be."""
        font = self.label.font()
        font.setBold(self.differs)
        self.label.setFont(font)
        self.label.setStyleSheet(f"color: {theme.error if wrong else theme.accent if self.differs else theme.text}")
        self.control.setStyleSheet(f"border-color: {theme.error};" if wrong else "")

    def _on_changed(self) -> None:
        self.changed.emit()
