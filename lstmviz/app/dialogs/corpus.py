"""Choosing sequences of a corpus store from a table of them."""

from __future__ import annotations

from collections.abc import Sequence as Many

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app.dialogs.corpus_model import LABEL, NAME, STATE, STEPS, CorpusModel
from lstmviz.app.numbers import grouped
from lstmviz.language import tr
from lstmviz.traces.corpus import Member

MOST = 50
"""How many are opened at once: each stays open, in memory, until it is closed."""
_FEW_LABELS = 100
_ROOM = """
QTableView::item { padding: 0 16px 0 8px }
QHeaderView::section { padding: 8px 19px 4px 11px; border: 0; background: palette(button); color: palette(text) }
QHeaderView::up-arrow, QHeaderView::down-arrow { width: 9px; height: 9px; subcontrol-position: top center }
"""
"""Cells and headers begin and end at the same place; the arrow of the order stands above the word."""
_LIST_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CorpusDialog(QDialog):
    """A table of the sequences with a search field and a choice of labels; the paths of what is chosen are told.

    shown: the place in the corpus of the trace that the window shows, where the table begins.
    """

    chosen = Signal(list)

    def __init__(
        self, name: str, members: Many[Member], parent: QWidget | None = None, *, shown: int | None = None
    ) -> None:
        super().__init__(parent)
        self._shown = shown
        self._total = len(members)
        self.model = CorpusModel(members, self)
        self.setWindowTitle(tr("Open from a corpus"))
        self.setMinimumSize(560, 360)
        self.resize(760, 560)
        self.sentence = QLabel(_sentence(name, sum(member.recorded for member in members), len(members)), self)
        self.sentence.setWordWrap(True)
        self.search = QLineEdit(self)
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText(tr("Search…"))
        self.search.setAccessibleName(tr("Search the corpus"))
        self.search.installEventFilter(self)
        self.labels = self._make_labels()
        self.table = self._make_table()
        self.count = QLabel(self)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._open = self._buttons.button(QDialogButtonBox.StandardButton.Open)
        self._open.setText(tr("Open"))
        self._open.setDefault(True)
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self._lay_out()
        self.search.textChanged.connect(self._on_filter_changed)
        self.labels.currentIndexChanged.connect(self._on_filter_changed)
        self.table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.model.modelReset.connect(self._on_model_reset)
        self.table.activated.connect(self._on_table_activated)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(self._on_accepted)
        self._on_model_reset()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down move in the table while the field keeps the focus; with Shift they choose several."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in _LIST_MOVES:
            self.table.event(event)
            return True
        return super().eventFilter(watched, event)

    def paths(self) -> list[str]:
        """The trace stores of what is chosen, from the top of the table to its end."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        members = (self.model.members[self.model.rows[row]] for row in rows)
        return [str(member.path) for member in members if member.recorded]

    def _make_labels(self) -> QComboBox:
        """A choice among the labels, where there are some and not too many."""
        box, found = QComboBox(self), self.model.labels()
        box.setAccessibleName(tr("Label"))
        box.addItem(tr("All labels"), None)
        if 1 < len(found) <= _FEW_LABELS:
            for label, count in found:
                box.addItem(f"{label or tr('without a label')} · {count}", label)
        box.setVisible(box.count() > 1)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return box

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        table.setAccessibleName(tr("Sequences"))
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setStyleSheet(_ROOM)
        table.setWordWrap(False)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        table.setColumnHidden(LABEL, not any(member.label for member in self.model.members))
        labels = max((label for label, _ in self.model.labels()), key=len, default="")
        states = max(tr("recorded"), tr("not recorded yet"), key=len)
        for column, text in ((LABEL, labels), (STEPS, "1 000 000"), (STATE, states)):
            title = str(self.model.headerData(column, Qt.Orientation.Horizontal))
            wide = max(self.fontMetrics().horizontalAdvance(each) for each in (text, title))
            table.setColumnWidth(column, min(wide + 44, 240))
        return table

    def _lay_out(self) -> None:
        top, bottom, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        top.addWidget(self.search, 1)
        top.addWidget(self.labels)
        bottom.addWidget(self.count, 1)
        bottom.addWidget(self._buttons)
        column.addWidget(self.sentence)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        column.addLayout(bottom)

    def _on_filter_changed(self) -> None:
        current = self.table.currentIndex()
        if current.isValid():
            self._shown = self.model.rows[current.row()]
        self.model.narrow(self.search.text(), self.labels.currentData())

    def _on_model_reset(self) -> None:
        """Choose what was chosen before, where it is still shown, else the first that can be opened."""
        row = None if self._shown is None else self.model.row_of(self._shown)
        self.table.selectRow(self.model.first_recorded() if row is None else row)
        self.table.scrollTo(self.table.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)
        self._on_selection_changed()

    def _on_selection_changed(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        if rows:
            self._shown = self.model.rows[self.table.currentIndex().row()]
        self._open.setEnabled(0 < len(rows) <= MOST)
        self.count.setText(self._words(len(rows)))

    def _words(self, chosen: int) -> str:
        """How many are shown, and how many of these are chosen."""
        if chosen > MOST:
            return tr("{count} chosen; at most {most} are opened at once", count=grouped(chosen), most=MOST)
        if not self.model.rows:
            return tr("None of {total} matches", total=grouped(self._total))
        words = tr("{shown} of {total}", shown=grouped(len(self.model.rows)), total=grouped(self._total))
        return words if chosen < 2 else f"{words} · {tr('{count} chosen', count=chosen)}"

    def _on_table_activated(self) -> None:
        if self._open.isEnabled():
            self.accept()

    def _on_accepted(self) -> None:
        if self.paths():
            self.chosen.emit(self.paths())


def _sentence(name: str, recorded: int, total: int) -> str:
    if recorded < total:
        return tr(
            "“{name}” holds {recorded} of {total} sequences so far. Which one?",
            name=name, recorded=grouped(recorded), total=grouped(total),
        )  # fmt: skip
    return tr("“{name}” holds {total} sequences. Which one?", name=name, total=grouped(total))
