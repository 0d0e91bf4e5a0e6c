"""The welcome page: what lstmviz is, buttons that open a file and begin a training, and the samples as cards."""

from __future__ import annotations

from collections.abc import Sequence as Many

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lstmviz.app import icons
from lstmviz.app.controls import tooltip
from lstmviz.app.kinds import KIND_TITLES
from lstmviz.app.theme import LIGHT, THEMES, Theme
from lstmviz.app.view import View
from lstmviz.language import tr
from lstmviz.sequences.samples import Sample
from lstmviz.session.snapshot import Snapshot

CARD_WIDTH = 250
PAGE_WIDTH = 1120


class Card(QAbstractButton):
    """One sample: its kind, title and note; a click or Enter opens it."""

    chosen = Signal(str)

    def __init__(self, sample: Sample, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sample = sample
        self._theme = LIGHT
        self._picture, self._kind, self._title, self._note = (QLabel(self) for _ in range(4))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._picture)
        head.addWidget(self._kind, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._title)
        column.addWidget(self._note, 1)
        for label in (self._picture, self._kind, self._title, self._note):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        for label in (self._title, self._note):
            label.setWordWrap(True)
        self._note.setAlignment(Qt.AlignmentFlag.AlignTop)
        bold = self._title.font()
        bold.setBold(True)
        bold.setPointSizeF(bold.pointSizeF() * 1.1)
        self._title.setFont(bold)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.clicked.connect(self._on_clicked)

    def retranslate(self) -> None:
        """Say everything in the current language."""
        self._kind.setText(tr(KIND_TITLES[self.sample.kind]))
        self._title.setText(self.sample.title)
        self._note.setText(self.sample.note)
        self.setAccessibleName(self.sample.title)
        self.setAccessibleDescription(self.sample.note)

    def colour(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self._picture.setPixmap(icons.pixmap(self.sample.kind, theme.accent, 22))
        for label in (self._kind, self._note):
            label.setStyleSheet(f"color: {theme.dim}")
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as a column, as high as its text."""
        return QSize(CARD_WIDTH, self.heightForWidth(CARD_WIDTH))

    def heightForWidth(self, width: int) -> int:
        """The height that the text needs."""
        layout = self.layout()
        return layout.totalHeightForWidth(width) if layout is not None else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded rectangle, its edge in the accent's colour under the pointer or the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.hasFocus() or self.underMouse()
        pen = QPen(self._theme.accent if lit else self._theme.line)
        pen.setWidthF(2.0 if lit else 1.0)
        painter.setPen(pen)
        painter.setBrush(self._theme.base if not self.isDown() else self._theme.raised)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 8, 8)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Light the edge."""
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Dim the edge."""
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Light the edge and come into sight."""
        super().focusInEvent(event)
        area = self.parent()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parent()
        if area is not None:
            area.ensureWidgetVisible(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, as a click does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def _on_clicked(self) -> None:
        self.chosen.emit(self.sample.id)


class WelcomeView(View):
    """Shown while no trace is open, and when one asks for the samples."""

    def __init__(self, samples: Many[Sample], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = 0
        self.open_button = QPushButton(self)
        self.train_button = QPushButton(self)
        self.guide_button = QPushButton(self)
        self._name, self._what, self._drop, self._heading = (QLabel(self) for _ in range(4))
        self.cards = [Card(sample, self) for sample in samples]
        self._grid = QGridLayout()
        self._grid.setSpacing(14)
        self._lay_out()
        for card in self.cards:
            card.chosen.connect(self._on_card_chosen)
        self.open_button.clicked.connect(self._on_open_clicked)
        self.train_button.clicked.connect(self._on_train_clicked)
        self.guide_button.clicked.connect(self._on_guide_clicked)

    def _lay_out(self) -> None:
        mark = QLabel(self)
        mark.setPixmap(icons.pixmap("lstmviz", "#000000", 72))
        for label, factor in ((self._name, 2.4), (self._what, 1.2), (self._heading, 1.25)):
            font = label.font()
            font.setPointSizeF(font.pointSizeF() * factor)
            font.setBold(factor != 1.2)
            label.setFont(font)
        page = QWidget(self)
        page.setMaximumWidth(PAGE_WIDTH)
        column = QVBoxLayout(page)
        column.setContentsMargins(28, 28, 28, 28)
        column.setSpacing(16)
        column.addLayout(self._head(mark))
        column.addLayout(self._actions())
        column.addSpacing(8)
        column.addWidget(self._heading)
        column.addLayout(self._grid)
        column.addStretch(1)
        self._area = self._scrolled(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._area)
        self._place_cards(3)

    def _head(self, mark: QLabel) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._what)
        self._what.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(18)
        head.addWidget(mark)
        head.addLayout(words, 1)
        return head

    def _actions(self) -> QHBoxLayout:
        actions = QHBoxLayout()
        actions.setSpacing(10)
        actions.addWidget(self.open_button)
        actions.addWidget(self.train_button)
        actions.addWidget(self.guide_button)
        actions.addWidget(self._drop, 1)
        self._drop.setWordWrap(True)
        return actions

    def _scrolled(self, page: QWidget) -> QScrollArea:
        """The page in the middle, as far as it is seen."""
        middle = QWidget(self)
        centred = QHBoxLayout(middle)
        centred.setContentsMargins(0, 0, 0, 0)
        centred.addStretch(1)
        centred.addWidget(page, 100)
        centred.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(middle)
        return area

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Take the language and the colours; the samples do not change."""
        if "language" in changed:
            self._retranslate()
        if "theme" in changed:
            theme = THEMES[snapshot.theme]
            for card in self.cards:
                card.colour(theme)
            self._what.setStyleSheet(f"color: {theme.dim}")
            self._drop.setStyleSheet(f"color: {theme.dim}")
            self.open_button.setIcon(icons.icon("open", theme))
            self.train_button.setIcon(icons.icon("train", theme))
            self.guide_button.setIcon(icons.icon("guide", theme))

    def sentence(self) -> str:
        """What can be done here."""
        return tr("Welcome page with {count} samples; open one, or open a file.", count=len(self.cards))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as fit."""
        super().resizeEvent(event)
        width = min(event.size().width(), PAGE_WIDTH) - 56
        self._place_cards(max(1, min(4, width // (CARD_WIDTH + 14))))

    def _place_cards(self, columns: int) -> None:
        if columns == self._columns:
            return
        for column in range(max(columns, self._columns)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._columns = columns
        for n, card in enumerate(self.cards):
            self._grid.addWidget(card, n // columns, n % columns)

    def _retranslate(self) -> None:
        self._name.setText("lstmviz")
        self._what.setText(
            tr(
                "An oscilloscope for LSTMs. Open a model, feed it a sequence, and watch every gate work, "
                "one frame at a time."
            )
        )
        self._drop.setText(tr("… or drop a sequence, a model or a trace on the window."))
        self._heading.setText(tr("Samples"))
        self.open_button.setText(tr("Open…"))
        self.open_button.setToolTip(tooltip("file.open"))
        self.train_button.setText(tr("Train…"))
        self.train_button.setToolTip(tooltip("run.form"))
        self.guide_button.setText(tr("Guide"))
        self.guide_button.setToolTip(tooltip("guide.open"))
        self.setAccessibleName(tr("Welcome"))
        for card in self.cards:
            card.retranslate()

    def _on_card_chosen(self, sample_id: str) -> None:
        self.asked.emit("sample.open", {"id": sample_id})

    def _on_open_clicked(self) -> None:
        self.asked.emit("file.open", {})

    def _on_train_clicked(self) -> None:
        self.asked.emit("run.form", {})

    def _on_guide_clicked(self) -> None:
        self.asked.emit("guide.open", {})
