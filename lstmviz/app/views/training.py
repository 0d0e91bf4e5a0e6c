"""The training: loss and gradient norm over the updates, the four steps of BPTT, and what steers them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from lstmviz.app import icons
from lstmviz.app.controls import tooltip
from lstmviz.app.theme import THEMES
from lstmviz.app.training_bars import Adjustments, RunHead, SteeringBar
from lstmviz.app.training_plots import TrainingPlots
from lstmviz.app.training_strip import PhaseStrip
from lstmviz.app.training_words import differences, run_sentence
from lstmviz.app.view import View
from lstmviz.language import tr
from lstmviz.session.run_view import RunView
from lstmviz.session.snapshot import Snapshot

_DRAWN = frozenset({"runs", "run_id", "replay", "theme", "language", "engine"})
_NARROW = 560
"""Below so many pixels the settings stand under the four steps instead of beside them."""
_SHORT = 310
"""Below so many pixels of height there is no room for them under the steps."""


class TrainingView(View):
    """The run that is shown and its twin; without one, what to do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot = Snapshot()
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(0, 0, 0, 0)
        self._pages.addWidget(self._make_empty())
        self._pages.addWidget(self._make_page())
        self._connect()

    # --- layout ---

    def _make_empty(self) -> QWidget:
        page = QWidget(self)
        self._nothing, self._what, self.form_button = QLabel(page), QLabel(page), QPushButton(page)
        font = self._nothing.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self._nothing.setFont(font)
        self._what.setWordWrap(True)
        self._what.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._what.setMaximumWidth(460)
        column = QVBoxLayout(page)
        column.setSpacing(10)
        column.addStretch(1)
        for widget in (self._nothing, self._what, self.form_button):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(widget, 4 if widget is self._what else 0)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(1)
        return page

    def _make_page(self) -> QWidget:
        page = QWidget(self)
        self.head, self.steering = RunHead(page), SteeringBar(page)
        self._why = QLabel(page)
        self._why.setObjectName("why")
        self._why.setWordWrap(True)
        self._why.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.plots, self.strip, self.adjustments = TrainingPlots(page), PhaseStrip(page), Adjustments(page)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.head, 1)
        top.addWidget(self.steering, 0, Qt.AlignmentFlag.AlignTop)
        self._foot = QVBoxLayout()
        self._foot.setSpacing(6)
        self._beside = QHBoxLayout()
        self._beside.setSpacing(14)
        self._beside.addWidget(self.strip, 1)
        self._beside.addWidget(self.adjustments)
        self._foot.addLayout(self._beside)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 6, 12, 8)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self._why)
        column.addWidget(self.plots, 1)
        column.addLayout(self._foot)
        return page

    def _connect(self) -> None:
        self.form_button.clicked.connect(self._on_form_clicked)
        self.steering.asked.connect(self.asked)
        self.adjustments.asked.connect(self.asked)
        self.plots.position_asked.connect(self._on_plots_position_asked)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self.adjustments.setVisible(not narrow or self.height() >= _SHORT)
        if narrow == (self._beside.indexOf(self.adjustments) < 0):
            return
        (self._beside if narrow else self._foot).removeWidget(self.adjustments)
        if narrow:
            self._foot.addWidget(self.adjustments, 0, Qt.AlignmentFlag.AlignLeft)
        else:
            self._beside.addWidget(self.adjustments)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(THEMES[self._snapshot.theme].base))
        painter.end()

    # --- showing ---

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Show the run and its twin; only what differs is drawn anew."""
        self._snapshot = snapshot
        if "language" in changed:
            self._retranslate()
        if changed & {"theme"}:
            self._colour()
        if not changed & _DRAWN:
            return
        run, theme = snapshot.run, THEMES[snapshot.theme]
        self._pages.setCurrentIndex(0 if run is None else 1)
        if run is None:
            return
        runs = self._runs()
        self.head.show_runs(runs, theme)
        self.steering.present(snapshot, theme)
        self._show_sentences(runs)
        self.plots.show_runs(runs, snapshot.replay, theme)
        self.strip.show_runs(runs, snapshot.replay, theme)
        self.adjustments.present(run, run.state in ("training", "paused"), theme)

    def sentence(self) -> str:
        """The runs that are shown, each in a sentence."""
        runs = self._runs()
        if not runs:
            return tr("Training: no run is open.")
        words = [run_sentence(run) for run in runs]
        if len(runs) > 1:
            words = [f"{name}: {said}" for name, said in zip(differences(*runs), words, strict=True)]
        return " ".join([tr("Training."), *words])

    def _runs(self) -> tuple[RunView, ...]:
        """The run with the smaller id is A, whichever of the two is shown."""
        found = [run for run in (self._snapshot.run, self._snapshot.twin) if run is not None]
        return tuple(sorted(found, key=_id_of))

    def _show_sentences(self, runs: tuple[RunView, ...]) -> None:
        """Why a run stands still, where it tells."""
        told = [
            f"{'AB'[place]}: {run.sentence}" if len(runs) > 1 else run.sentence
            for place, run in enumerate(runs)
            if run.sentence
        ]
        self._why.setText("\n".join(told))
        self._why.setVisible(bool(told))

    def _colour(self) -> None:
        theme = THEMES[self._snapshot.theme]
        self._what.setStyleSheet(f"color: {theme.dim}")
        self.form_button.setIcon(icons.icon("train", theme))
        self._why.setStyleSheet(
            f"#why {{ background: {theme.raised}; border: 1px solid {theme.line}; "
            f"border-left: 4px solid {theme.error}; border-radius: 4px; padding: 4px 8px; }}"
        )

    def _retranslate(self) -> None:
        self._nothing.setText(tr("No training yet"))
        self._what.setText(
            tr("Train a net and watch its gates while they learn. The library has ready trainings under “Train”.")
        )
        self.form_button.setText(tr("Train…"))
        self.form_button.setToolTip(tooltip("run.form"))
        self.setAccessibleName(tr("Training"))
        self.plots.retranslate()
        self.strip.setAccessibleName(tr("The four steps of BPTT"))
        self.head.setAccessibleName(tr("The run"))
        self.steering.retranslate()
        self.adjustments.retranslate()

    def _on_form_clicked(self) -> None:
        self.asked.emit("run.form", {})

    def _on_plots_position_asked(self, position: int) -> None:
        self.asked.emit("replay.set", {"position": position})


def _id_of(run: RunView) -> int:
    return run.id
