"""What a run is trained on: samples, tasks or a file, and the parameters of what a generator makes."""

from __future__ import annotations

from collections.abc import Sequence as Many
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app import icons
from lstmviz.app.file_kinds import SEQUENCE_ENDINGS
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.errors import LstmvizError, RunError
from lstmviz.language import tr
from lstmviz.runs.config import RunConfig
from lstmviz.runs.recipes import RECIPES
from lstmviz.sequences.datasets import fitting_topologies
from lstmviz.sequences.generators.registry import GENERATORS
from lstmviz.sequences.samples import Sample
from lstmviz.sequences.tasks import TASKS
from lstmviz.sequences.topology import Topology

DATA = Qt.ItemDataRole.UserRole
Params = dict[str, int | float]


class DataChooser(QWidget):
    """A list of samples and tasks, a button for a file, the note of what is chosen, and its parameters."""

    changed = Signal()

    def __init__(self, samples: Many[Sample], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples = {sample.id: sample for sample in samples}
        self._theme = LIGHT
        self._kept: dict[tuple[str, str], str] = {}
        self.heading = QLabel(self)
        self.list = QListWidget(self)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        shown = {sample.generator for sample in samples if sample.generator}
        for name in (*self._samples, *(task for task in TASKS if task not in shown)):
            QListWidgetItem(self.list).setData(DATA, name)
        self.file_button = QPushButton(self)
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._form = QFormLayout()
        self._fields = {name: QLineEdit(self) for name in _all_parameters()}
        self._form.setVerticalSpacing(4)
        for name, field in self._fields.items():
            label = QLabel(name, self)
            label.setBuddy(field)
            field.setAccessibleName(name)
            field.textChanged.connect(self._on_text_changed)
            self._form.addRow(label, field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part, stretch in ((self.heading, 0), (self.list, 1), (self.file_button, 0), (self.note, 0)):
            column.addWidget(part, stretch)
        column.addLayout(self._form)
        self.list.currentItemChanged.connect(self._on_current_item_changed)
        self.file_button.clicked.connect(self._on_file_clicked)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self.heading.setText(tr("Train on"))
        self.list.setAccessibleName(tr("Data"))
        self.file_button.setText(tr("A file…"))
        self.note.setAccessibleName(tr("Note"))
        for item in self._items():
            item.setText(self._title(item.data(DATA)))
            item.setToolTip(item.text())
        self._show_chosen()

    def colour(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.note.setStyleSheet(f"color: {theme.dim}")
        self.file_button.setIcon(icons.icon("open", theme))
        for item in self._items():
            item.setIcon(icons.icon(self._kind(item.data(DATA)), theme))

    def data(self) -> str:
        """The sample's or task's id or the file's path; "" where nothing is chosen."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(DATA))

    def title(self) -> str:
        """What the chosen data is called."""
        return self._title(self.data())

    def choose(self, data: str, params: Params | None = None) -> None:
        """Choose some data and its parameters; a file comes into the list."""
        item = next((one for one in self._items() if one.data(DATA) == data), None)
        if item is None:
            item = QListWidgetItem(self.list)
            item.setData(DATA, data)
            item.setText(self._title(data))
            item.setToolTip(data)
            item.setIcon(icons.icon("file", self._theme))
        for name, value in (params or {}).items():
            self._kept[data, name] = f"{value:g}"
        self.list.setCurrentItem(item)
        self._show_chosen()

    def params(self) -> Params:
        """The parameters that are not at their defaults; raises RunError for text that is no number."""
        chosen: Params = {}
        for name, default in _defaults(self._samples.get(self.data()), self.data()).items():
            text = self._fields[name].text().strip()
            try:
                value = int(text) if isinstance(default, int) else float(text.replace(",", "."))
            except ValueError:
                kind = tr("a whole number") if isinstance(default, int) else tr("a number")
                raise RunError("{title} is “{text}”; expected {kind}.", title=name, text=text, kind=kind) from None
            if value != default:
                chosen[name] = value
        return chosen

    def proven(self) -> RunConfig | None:
        """What the ready training of this data is told, None where there is none."""
        sample = self._samples.get(self.data())
        names = (self.data(), sample.generator if sample is not None else "")
        ready = (one.configs[0] for one in RECIPES if len(one.configs) == 1)
        return next((config for config in ready if config.data in names), None)

    def topologies(self) -> tuple[Topology, ...]:
        """The topologies that fit the data, the natural one first; () where only reading a file would tell."""
        data = self.data()
        if data not in self._samples and data not in TASKS:
            return ()
        try:
            return fitting_topologies(data)
        except LstmvizError:  # a sample whose file is gone: the run's own sentence says it
            return ()

    def idle(self) -> frozenset[str]:
        """The settings that mean nothing for the data.

        A generator makes whole examples, symbols have no scale, and only a file of one's own may leave values out.
        """
        data, idle = self.data(), set()
        sample = self._samples.get(data)
        if data in TASKS or (sample is not None and sample.generator):
            idle.add("steps")
        if self._kind(data) in ("symbols", "text"):
            idle.add("standardise")
        if self._kind(data) != "file":
            idle.add("missing")
        return frozenset(idle)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _title(self, data: str) -> str:
        if data in self._samples:
            return self._samples[data].title
        return tr(GENERATORS[data].title) if data in GENERATORS else Path(data).name

    def _kind(self, data: str) -> str:
        sample = self._samples.get(data)
        return sample.kind if sample is not None else "symbols" if data in TASKS else "file"

    def _show_chosen(self) -> None:
        """The note of what is chosen, and the parameters that it has."""
        data = self.data()
        sample = self._samples.get(data)
        if sample is not None:
            self.note.setText(sample.note)
        elif data in TASKS:
            self.note.setText(tr("Fresh sequences of a generator, with a known optimum"))
        else:
            self.note.setText(data)
        defaults = _defaults(sample, data)
        for name, field in self._fields.items():
            self._form.setRowVisible(field, name in defaults)
            if name in defaults:
                field.blockSignals(True)
                field.setText(self._kept.get((data, name), f"{defaults[name]:g}"))
                field.setToolTip(tr("Default: {default}", default=f"{defaults[name]:g}"))
                field.blockSignals(False)

    def _on_current_item_changed(self) -> None:
        self._show_chosen()
        self.changed.emit()

    def _on_text_changed(self) -> None:
        for name in _defaults(self._samples.get(self.data()), self.data()):
            self._kept[self.data(), name] = self._fields[name].text()
        self.changed.emit()

    def _on_file_clicked(self) -> None:
        endings = " ".join(f"*{ending}" for ending in SEQUENCE_ENDINGS)
        path, _ = QFileDialog.getOpenFileName(self, tr("A file to train on"), "", f"{tr('Sequences')} ({endings})")
        if path:
            self.choose(path)


def _all_parameters() -> list[str]:
    """The parameters of all tasks, each once."""
    names = (each.name for task in TASKS for each in GENERATORS[task].parameters)
    return [name for name in dict.fromkeys(names) if name != "seed"]


def _defaults(sample: Sample | None, data: str) -> Params:
    """The parameters of one training sequence as they are where none is given; {} for a file."""
    generator = sample.generator if sample is not None else data
    if generator is None or generator not in TASKS:
        return {}
    task = TASKS[generator]
    defaults: dict[str, object] = {each.name: each.default for each in GENERATORS[generator].parameters}
    if sample is not None:
        defaults.update(sample.params)
    defaults.update(task.one)
    return {name: value for name, value in defaults.items() if name != "seed" and isinstance(value, int | float)}
