"""The form of a new training, made from the one description of its settings."""

from __future__ import annotations

from collections.abc import Sequence as Many

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app import icons
from lstmviz.app.dialogs.run_data import DataChooser
from lstmviz.app.dialogs.setting_field import SettingField
from lstmviz.app.dialogs.twin_choice import TwinChoice
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.errors import LstmvizError
from lstmviz.language import tr
from lstmviz.runs.command_line import command_line
from lstmviz.runs.config import RunConfig
from lstmviz.runs.settings import DATA, GROUPS, KEPT, LEARNING, MACHINE, NET, SETTINGS, check_config
from lstmviz.sequences.samples import Sample

_COLUMNS = (((NET,), 6), ((LEARNING,), 5), ((DATA, MACHINE, KEPT), 4))
"""The groups of each column and its share of the width: everything is seen at once."""
FIRST = "reber"


class NewRunDialog(QDialog):
    """Asks what to train: data, settings, a twin; shows the command line that does the same."""

    asked = Signal(str, dict)

    def __init__(self, samples: Many[Sample], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self.data = DataChooser(samples, self)
        self.fields = {setting.name: SettingField(setting, self) for setting in SETTINGS}
        self._headings = {group: QLabel(self) for group in GROUPS}
        self._forms = {group: QFormLayout() for group in GROUPS}
        self.twin = TwinChoice(self)
        self.command, self.copy = QPlainTextEdit(self), QPushButton(self)
        self.message = QLabel(self)
        self.defaults = QPushButton(self)
        self.proven = QPushButton(self)
        self.paused = QCheckBox(self)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.start = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._lay_out()
        self._connect()
        known = [sample.id for sample in samples]
        self.data.choose(FIRST if FIRST in known or not known else known[0])
        self.retranslate()

    # --- layout ---

    def _lay_out(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(18)
        self.data.setFixedWidth(220)
        columns.addWidget(self.data)
        for groups, share in _COLUMNS:
            column = QVBoxLayout()
            column.setSpacing(6)
            for group in groups:
                column.addWidget(self._headings[group])
                column.addLayout(self._fill(group))
                column.addSpacing(8)
            column.addStretch(1)
            columns.addLayout(column, share)
        self.command.setReadOnly(True)
        self.command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.command.setTabChangesFocus(True)
        self.command.setFixedHeight(2 * self.command.fontMetrics().lineSpacing() + 14)
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(self.message.fontMetrics().lineSpacing() + 2)
        line = QGridLayout()
        line.addWidget(self.command, 0, 0)
        line.addWidget(self.copy, 0, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.defaults)
        foot.addWidget(self.proven)
        foot.addStretch(1)
        foot.addWidget(self.paused)
        foot.addSpacing(12)
        foot.addWidget(self._buttons)
        whole = QVBoxLayout(self)
        whole.setSpacing(8)
        whole.addLayout(columns, 1)
        whole.addWidget(self.twin)
        whole.addLayout(line)
        whole.addWidget(self.message)
        whole.addLayout(foot)
        self.resize(1240, 660)

    def _fill(self, group: str) -> QFormLayout:
        form = self._forms[group]
        form.setVerticalSpacing(5)
        form.setHorizontalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in self.fields.values():
            if field.setting.group == group:
                form.addRow(field.label, field.control)
        heading = self._headings[group]
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        return form

    def _connect(self) -> None:
        self.data.changed.connect(self._on_data_changed)
        for field in self.fields.values():
            field.changed.connect(self._check)
        self.twin.changed.connect(self._check)
        self.copy.clicked.connect(self._on_copy_clicked)
        self.defaults.clicked.connect(self._on_defaults_clicked)
        self.proven.clicked.connect(self._on_proven_clicked)
        self._buttons.accepted.connect(self._on_accepted)
        self._buttons.rejected.connect(self.reject)

    # --- showing ---

    def colour(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.data.colour(theme)
        self.start.setIcon(icons.icon("train", theme))
        self._check()

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self.setWindowTitle(tr("Train"))
        self.data.retranslate()
        for group, heading in self._headings.items():
            heading.setText(tr(group))
        for field in self.fields.values():
            field.retranslate()
        self.twin.retranslate()
        self.command.setAccessibleName(tr("The same on the command line"))
        self.command.setToolTip(tr("The same on the command line"))
        self.copy.setText(tr("Copy"))
        self.copy.setAccessibleName(tr("Copy the command line"))
        self.defaults.setText(tr("All to default"))
        self.proven.setText(tr("Proven settings"))
        self.proven.setToolTip(tr("What the ready training on this data is told: settings that are known to work"))
        self.paused.setText(tr("Begin paused, to go phase by phase"))
        self.start.setText(tr("Train"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self._check()

    def put(self, config: RunConfig) -> None:
        """Show the settings of a run, to train another like it."""
        self.data.choose(config.data, dict(config.params))
        for name, field in self.fields.items():
            field.put(getattr(config, name))

    def config(self) -> RunConfig:
        """The run that is described; what does not apply is at its default. Raises RunError."""
        said = {name: field.value() for name, field in self.fields.items()}
        config = RunConfig(data=self.data.data(), params=self.data.params(), **said)  # type: ignore[arg-type]
        without = self.data.idle()
        idle = {s.name: s.default for s in SETTINGS if s.name in without or not s.applies(config)}
        return check_config(msgspec.structs.replace(config, **idle), titles=True)

    def configs(self) -> tuple[RunConfig, ...]:
        """The run, and its twin where one is wanted. Raises RunError."""
        config = self.config()
        twin = self.twin.of(config)
        return (config,) if twin is None else (config, twin)

    # --- what the user does ---

    def _check(self) -> None:
        """After every change: hide what means nothing, say what is wrong, show the command."""
        self._hide_idle()
        wrong, words = "", ""
        try:
            configs = self.configs()
            self.command.setPlainText("\n".join(command_line(config) for config in configs))
        except LstmvizError as error:
            words = str(error)
            wrong = str(error.values.get("flag", "")) or str(error.values.get("title", ""))
        for field in self.fields.values():
            named = bool(wrong) and wrong in (field.setting.flag, tr(field.setting.title))
            field.mark(self._theme, wrong=named)
        self.message.setText(words)
        self.message.setStyleSheet(f"color: {self._theme.error}")
        self.start.setEnabled(not words)
        self.copy.setEnabled(not words)
        self.command.setEnabled(not words)

    def _hide_idle(self) -> None:
        """A setting is shown where it means something for the choices made above it; its input is kept."""
        said = {name: field.value() for name, field in self.fields.items() if field.setting.kind in ("choice", "bool")}
        config = RunConfig(data="", **said)  # type: ignore[arg-type]
        without = self.data.idle()
        for name, field in self.fields.items():
            meaningful = name not in without and field.setting.applies(config)
            self._forms[field.setting.group].setRowVisible(field.control, meaningful)
            self.twin.allow(name, meaningful)

    def _on_data_changed(self) -> None:
        """Data that fits one topology brings it along."""
        fitting = self.data.topologies()
        if fitting and self.fields["topology"].value() not in fitting:
            self.fields["topology"].put(fitting[0])
        self.proven.setEnabled(self.data.proven() is not None)
        self._check()

    def _on_defaults_clicked(self) -> None:
        for field in self.fields.values():
            field.put(field.setting.default)
        self._on_data_changed()

    def _on_proven_clicked(self) -> None:
        config = self.data.proven()
        if config is not None:
            self.put(msgspec.structs.replace(config, data=self.data.data()))

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.command.toPlainText())

    def _on_accepted(self) -> None:
        try:
            configs = self.configs()
        except LstmvizError:  # it is said already; Enter in a field comes here too
            return
        self.accept()
        title = "" if len(configs) == 1 else self.data.title()  # one alone takes the title of its data
        args: dict[str, object] = {"configs": configs, "title": title}
        if self.paused.isChecked():
            args["paused"] = True
        self.asked.emit("run.start", args)
