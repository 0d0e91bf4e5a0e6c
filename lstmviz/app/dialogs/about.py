"""About lstmviz: version, versions of what it stands on, licence, where the logs are."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lstmviz import __version__, paths
from lstmviz.app import icons
from lstmviz.language import tr

LIBRARIES = ("PySide6-Essentials", "pyqtgraph", "numpy", "torch", "zarr", "safetensors", "msgspec")


def versions() -> Mapping[str, str]:
    """The versions of the libraries, read from their metadata: nothing is imported for it."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "—"
    return found


class AboutDialog(QDialog):
    """A short page; its text can be selected and copied into a report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About lstmviz"))
        picture = QLabel(self)
        picture.setPixmap(icons.pixmap("lstmviz", "#000000", 96))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        libraries = ", ".join(f"{name} {number}" for name, number in versions().items())
        self.text = QLabel(
            "\n\n".join(
                (
                    tr("lstmviz {version}, an oscilloscope for LSTMs.", version=__version__),
                    tr("It stands on {libraries}.", libraries=libraries),
                    tr("Free software under the MIT licence."),
                    tr("Log: {path}", path=str(paths.log_file("window"))),
                )
            ),
            self,
        )
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(420)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addWidget(picture)
        row.addWidget(self.text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 14)
        column.addLayout(row)
        column.addWidget(buttons)
