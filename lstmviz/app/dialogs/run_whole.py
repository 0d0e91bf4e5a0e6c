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
        self.text = QLabel(f"{why}\n\n{warning}", self)
        self.text.setWordWrap(True)
        column.addWidget(self.text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Run the model"))
        cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setText(tr("Cancel"))
        cancel.setDefault(True)  # code must not run because Enter was pressed once too often
        cancel.setFocus()
        column.addWidget(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
