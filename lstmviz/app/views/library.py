"""The library: open traces, samples, ready trainings, runs, models and recent files."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale, Qt, QTimer
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from lstmviz import paths
from lstmviz.app import icons
from lstmviz.app.controls import LIST_KEYS, KeptKeys
from lstmviz.app.file_kinds import what_is
from lstmviz.app.kinds import KIND_TITLES
from lstmviz.app.run_list import MOST, RunEntry, RunList
from lstmviz.app.theme import LIGHT, THEMES
from lstmviz.app.training_words import STATES, count
from lstmviz.app.view import View
from lstmviz.language import mark, tr
from lstmviz.sequences.samples import Sample
from lstmviz.session.snapshot import Snapshot

ROW = Qt.ItemDataRole.UserRole
_GROUPS = {
    "traces": mark("Open traces"),
    "samples": mark("Samples"),
    "recipes": mark("Train"),
    "runs": mark("Runs"),
    "models": mark("Models"),
    "recent": mark("Recent"),
}

_PICTURES = {"training": "play", "starting": "play", "paused": "pause"}
"""The icon of a run in a state of its own."""
_FILE_PICTURES = {"trace": "trace", "corpus": "open", "run": "train", "model": "model", "sequence": "series"}


@dataclass(frozen=True)
class Row:
    """One line of the tree: its text, the icon's name, the command that opens it, and a note."""

    text: str
    picture: str
    command: str
    args: Mapping[str, object]
    note: str


class _Tree(QTreeWidget):
    """A tree in which Enter opens what is current."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter activates on every platform."""
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self.itemActivated.emit(item, 0)
        else:
            super().keyPressEvent(event)


class LibraryView(View):
    """A tree with a search field above and the note of what is current below; a double click or Enter opens."""

    def __init__(self, samples: Many[Sample], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples = tuple(samples)
        self._theme = LIGHT
        self._snapshot = Snapshot()
        self._runs: RunList | None = None
        self._listed: object = None
        self.search = QLineEdit(self)
        self.search.setClearButtonEnabled(True)
        self.tree = _Tree(self)
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(10)
        self.tree.setUniformRowHeights(True)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.setExpandsOnDoubleClick(False)
        self.tree.installEventFilter(KeptKeys(LIST_KEYS, self))
        self.note = QLabel(self)
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.note.hide()
        self._note_later = QTimer(self)
        self._note_later.setSingleShot(True)
        self._note_later.timeout.connect(self._show_note)
        self._groups = {name: self._group() for name in _GROUPS}
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(6)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addWidget(self.note)
        self.search.textChanged.connect(self._on_search_text_changed)
        self.search.returnPressed.connect(self._on_search_return_pressed)
        self.tree.currentItemChanged.connect(self._on_current_item_changed)
        self.tree.itemActivated.connect(self._on_item_activated)
        self.setFocusProxy(self.search)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Fill the groups whose contents differ."""
        self._snapshot = snapshot
        if "theme" in changed:
            self._theme = THEMES[snapshot.theme]
            self.note.setStyleSheet(f"color: {self._theme.dim}")
        if changed & {"language", "theme"}:
            self._retranslate()
            self._fill_samples()
            self._fill_models()
            self._fill_recipes()
        if changed & {"open_traces", "trace_id", "language", "theme"}:
            self._fill_traces(snapshot)
        if changed & {"recent", "language", "theme"}:
            self._fill_recent(snapshot)
        if changed & {"runs", "run_id", "language", "theme"}:
            self._fill_runs(snapshot, anew=bool(changed & {"language", "theme"}))
        if not changed.isdisjoint({"language", "theme", "open_traces", "recent"}):
            self._filter()

    def list_trainings(self) -> None:
        """List ready trainings and runs: after the first paint, which waits for no folder to be read."""
        self._runs = RunList()
        self._fill_recipes()
        self._fill_runs(self._snapshot, anew=True)
        self._filter()

    def sentence(self) -> str:
        """How many of what is listed."""
        counts = {name: group.childCount() for name, group in self._groups.items()}
        return tr(
            "Library. Samples: {samples}; ready trainings: {recipes}; runs: {runs}; models: {models}; "
            "open traces: {traces}; recent files: {recent}.",
            **counts,
        )

    def _group(self) -> QTreeWidgetItem:
        group = QTreeWidgetItem(self.tree)
        font = QFont(self.tree.font())
        font.setBold(True)
        group.setFont(0, font)
        group.setExpanded(True)
        return group

    def _retranslate(self) -> None:
        for name, group in self._groups.items():
            group.setText(0, tr(_GROUPS[name]))
        self.search.setPlaceholderText(tr("Search…"))
        self.search.setAccessibleName(tr("Search the library"))
        self.tree.setAccessibleName(tr("Library"))
        self.note.setAccessibleName(tr("Note"))
        self.setAccessibleName(tr("Library"))

    def _fill_samples(self) -> None:
        self._fill(
            "samples",
            [
                Row(
                    sample.title, sample.kind, "sample.open", {"id": sample.id},
                    f"{tr(KIND_TITLES[sample.kind])}. {sample.note}\n{sample.source}",
                )
                for sample in self._samples
            ],
        )  # fmt: skip

    def _fill_models(self) -> None:
        paths = dict.fromkeys(str(sample.net_path) for sample in self._samples if sample.net)
        self._fill("models", [Row(Path(path).stem, "model", "file.open_path", {"path": path}, path) for path in paths])

    def _fill_traces(self, snapshot: Snapshot) -> None:
        rows = [
            Row(entry.name, "trace", "trace.activate", {"id": entry.id}, entry.path or tr("Not saved yet"))
            for entry in snapshot.open_traces
        ]
        self._fill("traces", rows)
        for item, entry in zip(_children(self._groups["traces"]), snapshot.open_traces, strict=True):
            _embolden(item, entry.id == snapshot.trace_id)

    def _fill_recipes(self) -> None:
        if self._runs is None:
            return
        from lstmviz.runs.recipes import GROUP_TITLES, RECIPES

        self._fill(
            "recipes",
            [
                Row(
                    tr(one.title), "twin" if len(one.configs) > 1 else "train",
                    "run.recipe", {"id": one.id}, f"{tr(GROUP_TITLES[one.group])}\n{tr(one.note)}",
                )
                for one in RECIPES
            ],
        )  # fmt: skip

    def _fill_runs(self, snapshot: Snapshot, *, anew: bool) -> None:
        """The runs on the disk, read anew where one began or ended; those of this session with their state."""
        states = {run.folder: run.state for run in snapshot.runs}
        shown = snapshot.run.folder if snapshot.run is not None else ""
        if self._runs is None or (not anew and self._listed == (states, shown)):
            return
        self._listed = (states, shown)
        entries = self._runs.read(paths.runs())
        rows = [
            Row(
                f"{_date(entry, snapshot.language)}  {entry.title}",
                _PICTURES.get(states.get(entry.folder, ""), "train"),
                "run.open_folder", {"folder": entry.folder}, f"{_stand(entry, states)}\n{entry.folder}",
            )
            for entry in entries
        ]  # fmt: skip
        self._fill("runs", rows)
        for item, entry in zip(_children(self._groups["runs"]), entries, strict=True):
            _embolden(item, entry.folder == shown)
        more = self._runs.total > MOST
        self._groups["runs"].setText(0, tr("Runs: the newest {count}", count=MOST) if more else tr(_GROUPS["runs"]))

    def _fill_recent(self, snapshot: Snapshot) -> None:
        self._fill("recent", [_file_row(Path(path)) for path in snapshot.recent])

    def _fill(self, name: str, rows: list[Row]) -> None:
        group = self._groups[name]
        while group.childCount() < len(rows):
            group.addChild(QTreeWidgetItem())
        while group.childCount() > len(rows):
            group.takeChild(group.childCount() - 1)
        for item, row in zip(_children(group), rows, strict=True):
            item.setText(0, row.text)
            item.setIcon(0, icons.icon(row.picture, self._theme))
            item.setData(0, ROW, row)
            item.setToolTip(0, f"{row.text}\n{row.note}")
        group.setHidden(not rows)

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        for group in self._groups.values():
            shown = 0
            for item in _children(group):
                haystack = f"{item.text(0)} {item.data(0, ROW).note}".casefold()
                fits = all(word in haystack for word in words)
                item.setHidden(not fits)
                shown += fits
            group.setHidden(not shown)

    def _on_search_text_changed(self) -> None:
        self._filter()

    def _on_search_return_pressed(self) -> None:
        """Enter in the search field opens what is found first."""
        for group in self._groups.values():
            for item in _children(group):
                if not item.isHidden():
                    self._on_item_activated(item)
                    return

    def _on_current_item_changed(self) -> None:
        """A click waits for a second one: a note that moved the rows at once would take it from a low one."""
        if QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton:
            self._show_note()
        else:
            self._note_later.start(QApplication.doubleClickInterval())

    def _show_note(self) -> None:
        item = self.tree.currentItem()
        row = item.data(0, ROW) if item is not None else None
        self.note.setText(row.note if row is not None else "")
        self.note.setVisible(row is not None and bool(row.note))

    def _on_item_activated(self, item: QTreeWidgetItem) -> None:
        row = item.data(0, ROW)
        if row is not None:
            self.asked.emit(row.command, dict(row.args))
        else:
            item.setExpanded(not item.isExpanded())


def _children(group: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = (group.child(n) for n in range(group.childCount()))
    return [item for item in found if item is not None]


def _embolden(item: QTreeWidgetItem, bold: bool) -> None:
    font = item.font(0)
    font.setBold(bold)
    item.setFont(0, font)


def _date(entry: RunEntry, language: str) -> str:
    """When a run began: the time of today, else the day."""
    begun = QDateTime.fromSecsSinceEpoch(int(entry.begun.timestamp()))
    today = begun.date() == QDateTime.currentDateTime().date()
    return QLocale(language).toString(begun, "HH:mm" if today else "d MMM")


def _stand(entry: RunEntry, states: Mapping[str, str]) -> str:
    """How a run stands, and how far it came."""
    state = states.get(entry.folder, "")
    if state in STATES and state != "read":
        return tr(STATES[state])
    if entry.done:
        return tr("trained to its end")
    return tr("stands at update {update} of {updates}", update=count(entry.update), updates=count(entry.updates))


def _file_row(path: Path) -> Row:
    return Row(path.name, _FILE_PICTURES[what_is(str(path))], "file.open_path", {"path": str(path)}, str(path))
