"""Asking whether the code of a model may run."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from lstmviz.language import tr


class RunWholeDialog(QDialog):
    """Two sentences, and a button that runs; accepted where the user agrees."""

    def __init__(self, name: str, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Run the whole model"))
        self.setMinimumWidth(480)
        why = tr(
            "The layer of “{name}” reads {width} features a step. To record it on this sequence, the whole model is"
            " run, from the sequence to the layer.",
            name=name,
            width=width,
        )
        warning = tr("The file is TorchScript: code that is in it runs then. Run it if you trust where it comes from.")
        column = QVBoxLayout(self)
        column.setSpacing(12)
        for text in (why, warning):
            label = QLabel(text, self)
            label.setWordWrap(True)
            column.addWidget(label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        run = buttons.button(QDialogButtonBox.StandardButton.Ok)
        run.setText(tr("Run the model"))
        run.setDefault(True)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        column.addWidget(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
