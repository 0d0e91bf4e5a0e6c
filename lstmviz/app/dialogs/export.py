"""Choosing what to export, in which form and where, with the first rows of the file before it is written."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app.dialogs.export_preview import ExportPreview, Rows
from lstmviz.app.dialogs.export_signals import SignalBoxes
from lstmviz.app.numbers import data_size, grouped
from lstmviz.app.theme import LIGHT, Theme
from lstmviz.errors import LstmvizError
from lstmviz.language import tr
from lstmviz.traces.export import EXPORTERS, exporter_for
from lstmviz.traces.selection import Selection, select
from lstmviz.traces.trace import Trace

PREVIEW_ROWS = 20
_ENDINGS = (".csv", ".tsv", ".parquet", ".npz", ".h5")
_SIDES = ("forward", "reverse")
_WAIT_MS = 120


class ExportDialog(QDialog):
    """Asks what to export. It computes nothing: it asks for a preview and is shown one.

    ``preview_asked`` carries ``selection()``; the file's format is in ``path()``. When it is accepted, both say what
    to write.
    """

    preview_asked = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trace: Trace | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self._make_fields()
        self._lay_out()
        self._connect()
        self.retranslate()

    def offer(
        self, trace: Trace, path: str, *, signals: tuple[str, ...] = (), layers: str = "", units: str = "",
        steps: str = "", theme: Theme = LIGHT,
    ) -> None:  # fmt: skip
        """Start anew with a trace and a file; the texts are as ``lstmviz export`` takes them, empty for all."""
        self._trace = trace
        self._signals.offer(trace, signals)
        sides = {side for info in trace.layers for side in info.directions}
        for side, box in self._sides.items():
            box.setChecked(side in sides)
            box.setEnabled(len(sides) > 1)
        for field, text in ((self._layers, layers), (self._units, units), (self._steps, steps), (self._path, path)):
            field.setText(text)
        self.set_theme(theme)
        self.retranslate()
        self._path.setFocus()
        self._check()

    def path(self) -> str:
        """The file to write."""
        return self._path.text().strip()

    def selection(self) -> dict[str, object]:
        """What to write, as ``export`` takes it, in plain data."""
        return {
            "signals": self._signals.chosen(),
            "layers": self._layers.text().strip() or None,
            "directions": [side for side, box in self._sides.items() if box.isChecked()],
            "units": self._units.text().strip() or None,
            "steps": self._steps.text().strip() or None,
            "form": "wide" if self._wide.isChecked() else "long",
        }

    def show_preview(self, header: tuple[str, ...], rows: Rows, total: int) -> None:
        """Show the first rows and say how many there will be, and about how large the file."""
        chosen = self._chosen()
        if chosen is None:
            return
        values = len(chosen.steps) * chosen.columns()
        size = values * chosen.trace.inputs.dtype.itemsize
        if Path(self.path()).suffix.lower() in (".csv", ".tsv") and rows:
            size = total * sum(len(cell) + 1 for row in rows for cell in row) // len(rows)
        counts = {"rows": grouped(total), "values": grouped(values)}
        if exporter_for(self.path()).table:
            sentence = tr("{rows} rows, {values} values, about {size}.", **counts, size=data_size(size))
        else:
            sentence = tr("{rows} arrays, {values} values, about {size}.", **counts, size=data_size(size))
        if Path(self.path()).expanduser().exists():
            sentence += " " + tr("The file exists and will be replaced.")
        self._preview.show_rows(header, rows, sentence)
        self._ok.setEnabled(True)

    def show_error(self, text: str) -> None:
        """Say why this cannot be exported."""
        self._preview.show_error(text)
        self._ok.setEnabled(False)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._signals.set_theme(theme)
        self._preview.set_theme(theme)

    def retranslate(self) -> None:
        """Write every text anew in the current language."""
        self.setWindowTitle(tr("Export"))
        names = (
            tr("File"), tr("Format"), tr("Signals"), tr("Layers"), tr("Directions"), tr("Units"), tr("Steps"),
            tr("Table"),
        )  # fmt: skip
        for label, text, field in zip(self._labels, names, self._fields, strict=True):
            label.setText(text)
            if isinstance(field, QLineEdit | QComboBox):
                field.setAccessibleName(text)
        self._path.setAccessibleName(tr("File"))
        self._browse.setText(tr("Choose…"))
        self._browse.setAccessibleName(tr("Choose the file to write"))
        for box, text in zip(self._sides.values(), (tr("forward"), tr("reverse")), strict=True):
            box.setText(text)
        self._long.setText(tr("Long: one row a value"))
        self._wide.setText(tr("Wide: one row a step"))
        for field, example in ((self._layers, "0,1"), (self._units, "0:16"), (self._steps, "100:200")):
            field.setPlaceholderText(tr("All, or for instance {example}", example=example))
        self._units.setToolTip(tr("0:16 is the units 0 to 15; 1,3,5 is three of them"))
        self._steps.setToolTip(tr("100:200 is the steps 100 to 199; -50: is the last 50"))
        self._ok.setText(tr("Export"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self._preview.retranslate()
        self._signals.retranslate()
        if self._trace is not None:
            self._check()

    def _make_fields(self) -> None:
        self._path, self._browse = QLineEdit(self), QPushButton(self)
        self._format = QComboBox(self)
        for ending in _ENDINGS:
            self._format.addItem(f"{EXPORTERS[ending].title}  ({ending})", ending)
        self._signals = SignalBoxes(self)
        self._layers, self._units, self._steps = QLineEdit(self), QLineEdit(self), QLineEdit(self)
        self._sides = {side: QCheckBox(self) for side in _SIDES}
        self._long, self._wide = QRadioButton(self), QRadioButton(self)
        self._long.setChecked(True)
        self._preview = ExportPreview(self)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)

    def _lay_out(self) -> None:
        self._fields = (
            _together(QHBoxLayout(), self._path, self._browse), self._format, self._signals, self._layers,
            _together(QHBoxLayout(), *self._sides.values()), self._units, self._steps,
            _together(QVBoxLayout(), self._long, self._wide),
        )  # fmt: skip
        self._labels = [QLabel(self) for _ in self._fields]
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in zip(self._labels, self._fields, strict=True):
            form.addRow(label, field)
            label.setBuddy(field)
        self._labels[0].setBuddy(self._path)
        halves = QHBoxLayout()
        halves.setSpacing(18)
        halves.addLayout(form)
        halves.addWidget(self._preview, 1)
        whole = QVBoxLayout(self)
        whole.addLayout(halves, 1)
        whole.addWidget(self._buttons)
        self.resize(980, 560)

    def _connect(self) -> None:
        for field in (self._path, self._layers, self._units, self._steps):
            field.textChanged.connect(self._check)
        for box in (*self._sides.values(), self._long):
            box.toggled.connect(self._check)
        self._signals.changed.connect(self._check)
        self._format.activated.connect(self._on_format_activated)
        self._browse.clicked.connect(self._on_browse_clicked)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def _chosen(self) -> Selection | None:
        """The choice, or None where it means nothing, which is then said."""
        if self._trace is None:
            return None
        try:
            if not self.path():
                self.show_error(tr("Name the file to write."))
                return None
            exporter_for(self.path())
            return select(self._trace, **{key: value for key, value in self.selection().items() if key != "form"})  # type: ignore[arg-type]
        except LstmvizError as error:
            self.show_error(str(error))
            return None

    def _check(self) -> None:
        """After every change: say what is wrong, or ask for a preview once the typing pauses."""
        ending = Path(self.path()).suffix.lower()
        place = self._format.findData(".h5" if ending == ".hdf5" else ending)
        self._format.setCurrentIndex(place)
        for button in (self._long, self._wide):
            button.setEnabled(ending in EXPORTERS and EXPORTERS[ending].table)
        self._ok.setEnabled(False)
        if self._chosen() is None:
            self._timer.stop()
        else:
            self._timer.start()

    def _on_timer_timeout(self) -> None:
        self.preview_asked.emit(self.selection())

    def _on_format_activated(self, place: int) -> None:
        path = Path(self.path() or "trace")
        known = path.suffix.lower() in EXPORTERS
        ending = str(self._format.itemData(place))
        self._path.setText(str(path.with_suffix(ending) if known else path.with_name(path.name + ending)))

    def _on_browse_clicked(self) -> None:
        kinds = ";;".join(f"{EXPORTERS[ending].title} (*{ending})" for ending in _ENDINGS)
        here = next((kind for kind in kinds.split(";;") if Path(self.path()).suffix in kind), "")
        # the dialog itself says when a file will be replaced
        quietly = QFileDialog.Option.DontConfirmOverwrite
        path, _ = QFileDialog.getSaveFileName(self, tr("Export"), self.path(), kinds, here, quietly)
        if path:
            self._path.setText(path)


def _together(layout: QBoxLayout, *widgets: QWidget) -> QWidget:
    """Some widgets as one field of the form."""
    field = QWidget(widgets[0].parentWidget())
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget)
    field.setLayout(layout)
    return field
