"""Saying which array of a file is which, with a word at once on whether their shapes fit."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from lstmviz.app.dialogs.mapping_arrays import ArrayList
from lstmviz.app.dialogs.mapping_conventions import CELLS, Conventions
from lstmviz.app.dialogs.mapping_roles import Roles
from lstmviz.app.theme import Theme
from lstmviz.language import tr
from lstmviz.nets.foreign.mapping_fit import Fit, fit
from lstmviz.nets.foreign.mapping_form import ModelMapping, StackMapping, decode, encode
from lstmviz.nets.foreign.mapping_guess import guess, settled
from lstmviz.wire.mapping_messages import ArraysListed


class MappingDialog(QDialog):
    """The arrays of a file, the conventions of its weights, and which array is which; the mapping is told as JSON."""

    chosen = Signal(str)

    def __init__(self, name: str, listed: ArraysListed, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shapes = {row.name: row.shape for row in listed.arrays if row.dtype.lstrip("<>|b").startswith("f")}
        self._others: tuple[StackMapping, ...] = ()
        self.setWindowTitle(tr("Which array is which?"))
        self._sentence = QLabel(
            tr(
                "Say which arrays of “{name}” are the weights of its layer, and how they are written. The answer is"
                " kept for every file of the same layout.",
                name=name,
            ),
            self,
        )
        self._sentence.setWordWrap(True)
        self.arrays = ArrayList(listed.arrays, self)
        self.conventions = Conventions(self._shapes, self)
        self.roles = Roles(listed.arrays, theme, self)
        self.verdict = QLabel(self)
        self.verdict.setWordWrap(True)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(tr("Keep and open"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self._lay_out()
        self.conventions.changed.connect(self._on_changed)
        self.roles.changed.connect(self._on_changed)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)
        self.stack = self._begin(listed.mapping)
        self._put(self.stack)
        self.conventions.order.setFocus()

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.addWidget(self.conventions)
        line = QFrame(self)
        line.setFrameShape(QFrame.Shape.HLine)
        line.setObjectName("separator")
        right.addWidget(line)
        right.addWidget(self.roles, 1)
        self.roles.line_up(self.conventions.label_width())
        inside = QWidget(self)
        inside.setLayout(right)
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.arrays, 3)
        middle.addWidget(self._scroll, 5)
        foot = QHBoxLayout()
        foot.addWidget(self.verdict, 1)
        foot.addWidget(self._buttons)
        whole = QVBoxLayout(self)
        whole.setSpacing(10)
        whole.addWidget(self._sentence)
        whole.addLayout(middle, 1)
        whole.addLayout(foot)
        self.resize(1080, 680)

    def _begin(self, text: str) -> StackMapping:
        """The first stack of the mapping that was kept, else what the shapes tell."""
        if text:
            try:
                kept = decode(text)
            except ValueError:  # written by hand, and wrong: begin anew
                return guess(self._shapes)
            self._others = kept.stacks[1:]
            return kept.stacks[0]
        return guess(self._shapes)

    def _on_changed(self, stack: StackMapping) -> None:
        if self.sender() is self.roles:
            stack = settled(stack, self._shapes)
        self._put(stack)

    def _put(self, stack: StackMapping) -> None:
        """Show a mapping everywhere, and whether it fits."""
        self.stack = stack
        found = fit(stack, self._shapes)
        self.conventions.put(stack, self._theme.accent)
        self.roles.put(stack, found)
        self.verdict.setText(self._words(found))
        colour = self._theme.good if found.ready else self._theme.text
        self.verdict.setStyleSheet(f"color: {colour}")
        self.ok.setEnabled(found.ready)

    def _words(self, found: Fit) -> str:
        """What was found so far, and what is still missing."""
        wrong = sum(not line.fits for line in found.lines.values())
        if wrong:
            return tr(
                "Not yet: {wrong} of {total} arrays still missing or not fitting.", total=len(found.lines), wrong=wrong
            )
        if not found.ordered:
            return tr("The shapes fit. Now choose the order of the gates: shapes cannot tell it.")
        sizes = f"{tr(CELLS[self.stack.cell])} {found.inputs} → {found.hidden}"
        sizes += f" → {found.projection}" if found.projection else ""
        if len(self.stack.layers) > 1:
            sizes += ", " + tr("{count} layers", count=len(self.stack.layers))
        if self.stack.reverse:
            sizes += ", " + tr("both directions")
        return tr("Everything fits: {sizes}", sizes=sizes)

    def _on_accepted(self) -> None:
        self.chosen.emit(encode(ModelMapping((self.stack, *self._others))))
