"""Where to write a recording that is too large for memory, and with how many digits."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app.ask_where import StoreFileDialog
from lstmviz.app.numbers import data_size
from lstmviz.app.stores import FLOATS
from lstmviz.language import tr
from lstmviz.wire.host import far_path

_PYRAMID = 1.5
"""The overview takes up to half as much again as the signals."""


class RecordStoreDialog(QDialog):
    """Says how large the recording will be, and asks for a folder and a float type; ``chosen`` carries both."""

    chosen = Signal(str, str)

    def __init__(self, name: str, size: int, path: str, parent: QWidget | None = None) -> None:
        """size: bytes of the signals in float32."""
        super().__init__(parent)
        self.setWindowTitle(tr("Record into a store"))
        self.setMinimumWidth(560)
        self._size = size
        about = QLabel(
            tr(
                "The recording of “{name}” takes about {size}: too much for memory. It is written to the disk while it"
                " is made, and shown from there.",
                name=name,
                size=self._bytes("float32"),
            ),
            self,
        )
        about.setWordWrap(True)
        self._path, browse = QLineEdit(path, self), QPushButton(tr("Choose…"), self)
        self._path.setAccessibleName(tr("Store"))
        self._path.textChanged.connect(self._on_path_changed)
        browse.setAccessibleName(tr("Choose where the recording is written"))
        browse.clicked.connect(self._on_browse_clicked)
        self._whole = QRadioButton(tr("as computed, float32: {size}", size=self._bytes("float32")), self)
        self._half = QRadioButton(tr("three digits, float16: {size}", size=self._bytes("float16")), self)
        self._whole.setChecked(True)
        self._half.toggled.connect(self._on_path_changed)
        self._room = QLabel(self)
        self._room.setWordWrap(True)
        self._room.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(tr("Record"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self._lay_out(about, browse)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)
        self._on_path_changed()

    def _lay_out(self, about: QLabel, browse: QPushButton) -> None:
        where = QHBoxLayout()
        where.setSpacing(6)
        where.addWidget(self._path, 1)
        where.addWidget(browse)
        digits = QVBoxLayout()
        digits.setSpacing(6)
        digits.setContentsMargins(0, 4, 0, 0)  # the first stands level with its label
        digits.addWidget(self._whole)
        digits.addWidget(self._half)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = QLabel(tr("Store"), self)
        label.setBuddy(self._path)
        browse.setVisible(not far_path(self._path.text()))
        form.addRow(label, where)
        form.addRow(QLabel(tr("Numbers"), self), digits)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addWidget(about)
        column.addLayout(form)
        column.addWidget(self._room)
        column.addWidget(self._buttons)

    def path(self) -> str:
        """The folder to write, which ends in .zarr."""
        text = self._path.text().strip()
        if far_path(text):
            return text if text.lower().endswith(".zarr") else f"{text}.zarr"
        path = Path(text).expanduser()
        return str(path if path.suffix.lower() == ".zarr" else path.with_name(f"{path.name}.zarr"))

    def dtype(self) -> str:
        """The float type that is chosen."""
        return "float16" if self._half.isChecked() else "float32"

    def sentence(self) -> str:
        """What is said of the disk."""
        return self._room.text()

    def _bytes(self, dtype: str) -> str:
        size = self._size * FLOATS[dtype] // FLOATS["float32"]
        return data_size(size)

    def _on_path_changed(self) -> None:
        """Say how much room there is, and that something there would be replaced."""
        if not self._path.text().strip():
            self._say(tr("Name the store to write."), possible=False)
            return
        if far_path(self._path.text().strip()):  # the engine over there checks its own disk
            self._say(tr("It is written on the engine's computer, which checks its disk first."), possible=True)
            return
        folder = Path(self.path()).parent
        if not folder.is_dir():
            self._say(
                tr("The folder “{folder}” does not exist. Make it or choose another one.", folder=str(folder)),
                possible=False,
            )
            return
        free = shutil.disk_usage(folder).free
        need = int(self._size * FLOATS[self.dtype()] / FLOATS["float32"] * _PYRAMID)
        values = {"free": data_size(free), "need": data_size(need)}
        if need > free:
            self._say(
                tr(
                    "With the overview that it is drawn from, it takes up to {need}, and the disk has {free} free."
                    " Choose another disk or fewer digits.",
                    **values,
                ),
                possible=False,
            )
            return
        said = tr("With the overview that it is drawn from, it takes up to {need}; the disk has {free} free.", **values)
        if Path(self.path()).exists():
            said += " " + tr("The store that is there will be replaced.")
        self._say(said, possible=True)

    def _say(self, sentence: str, *, possible: bool) -> None:
        self._room.setText(sentence)
        self._ok.setEnabled(possible)

    def _on_browse_clicked(self) -> None:
        # that a store is replaced is said in this dialog
        dialog = StoreFileDialog(self, tr("Record into a store"), self.path(), confirm=False)
        dialog.fileSelected.connect(self._path.setText)
        dialog.open()

    def _on_accepted(self) -> None:
        self.chosen.emit(self.path(), self.dtype())
