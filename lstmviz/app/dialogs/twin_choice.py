"""“Also train with … = …”: the setting in which a twin differs, and its second value."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QWidget

from lstmviz.app.dialogs.setting_field import SettingField, Value
from lstmviz.app.training_words import setting_value
from lstmviz.errors import RunError
from lstmviz.language import tr
from lstmviz.runs.config import RunConfig
from lstmviz.runs.settings import BY_NAME, DATA, LEARNING, NET, SETTINGS, Setting, check_config

_SECOND: dict[str, Value] = {
    "cell": "rnn",
    "activation": "relu",
    "optimiser": "sgd",
    "forget_bias": 0.0,
    "clipping": 0.0,
    "dropout": 0.5,
    "layers": 2,
    "seed": 1,
}
"""The second value that teaches something, where the opposite or twice as much would not."""


class TwinChoice(QWidget):
    """A switch, a list of settings, and a control for the second value."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        settings = [s for s in SETTINGS if s.group in (NET, DATA, LEARNING) and s.name != "topology"]
        self.wanted, self._equals = QCheckBox(self), QLabel("=", self)
        self.setting = QComboBox(self)
        self._values = QStackedWidget(self)
        self._values.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._values.setFixedWidth(220)
        self._fields: dict[str, SettingField] = {}
        for setting in settings:
            self.setting.addItem("", setting.name)
            field = SettingField(setting, self)
            field.label.hide()
            field.put(_second(setting))
            field.changed.connect(self.changed)
            self._values.addWidget(field.control)
            self._fields[setting.name] = field
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for part in (self.wanted, self.setting, self._equals, self._values):
            row.addWidget(part)
        row.addStretch(1)
        self.wanted.toggled.connect(self._on_wanted_toggled)
        self.setting.currentIndexChanged.connect(self._on_setting_changed)
        self._on_wanted_toggled(False)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self.wanted.setText(tr("A twin beside it, with the same seed, but with"))
        self.setting.setAccessibleName(tr("The setting in which the twin differs"))
        for place, (name, field) in enumerate(self._fields.items()):
            self.setting.setItemText(place, tr(BY_NAME[name].title))
            field.retranslate()
            field.control.setAccessibleName(tr("Its value in the twin"))

    def allow(self, name: str, meaningful: bool) -> None:
        """Offer a setting, or not, as it means something for the run."""
        place = self.setting.findData(name)
        if place >= 0:
            item = self.setting.model().item(place)  # type: ignore[attr-defined]
            item.setEnabled(meaningful)

    def choose(self, name: str, value: Value) -> None:
        """Want a twin that differs so."""
        self.wanted.setChecked(True)
        self.setting.setCurrentIndex(self.setting.findData(name))
        self._fields[name].put(value)

    def of(self, config: RunConfig) -> RunConfig | None:
        """The twin of a run, None where none is wanted; raises RunError where it would be the same or none at all.

        What means nothing for the twin, the forget bias of a recurrent layer for instance, is at its default there.
        """
        if not self.wanted.isChecked():
            return None
        name = str(self.setting.currentData())
        value = self._fields[name].value()
        if value == getattr(config, name):
            raise RunError(
                "The twin has the same {title}, {value}; expected another value.",
                title=tr(BY_NAME[name].title),
                value=setting_value(name, value),
            )
        twin = msgspec.structs.replace(config, **{name: value})
        idle = {s.name: s.default for s in SETTINGS if s.name != name and not s.applies(twin)}
        return check_config(msgspec.structs.replace(twin, **idle), titles=True)

    def _on_wanted_toggled(self, wanted: bool) -> None:
        for part in (self.setting, self._equals, self._values):
            part.setEnabled(wanted)
        self.changed.emit()

    def _on_setting_changed(self) -> None:
        self._values.setCurrentWidget(self._fields[str(self.setting.currentData())].control)
        self.changed.emit()


def _second(setting: Setting) -> Value:
    """A second value to begin with."""
    if setting.name in _SECOND:
        return _SECOND[setting.name]
    default: Value = setting.default
    if isinstance(default, bool):
        return not default
    if isinstance(default, str):
        return setting.choices[-1][0] if setting.choices[-1][0] != default else setting.choices[0][0]
    if isinstance(default, int):
        return int(min(2 * default or 1, setting.most))
    return float(min(2 * default or 0.1, setting.most))
