"""The guide: a few pages on the cell, its gates and this window, in the current language."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QUrl
from PySide6.QtGui import QShowEvent, QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QTextBrowser, QWidget

from lstmviz import language, paths
from lstmviz.app.rich_text import set_markdown
from lstmviz.language import tr

PAGES = ("window", "cell", "gates", "networks", "training", "keys", "formats", "large")
"""The pages in their order; each is resources/guide/LANGUAGE/PAGE.md, and its first line is its title."""


def page_file(page: str) -> Path:
    """The file of a page in the current language."""
    return paths.resources() / "guide" / language.current() / f"{page}.md"


class GuideDialog(QDialog):
    """The pages on the left, the chosen one on the right; it stays open beside the window while one works."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.pages = QListWidget()
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.document().setDocumentMargin(28)
        self.text.document().setIndentWidth(24)
        body = self.font()
        body.setPointSizeF(body.pointSizeF() * 1.1)
        self.text.document().setDefaultFont(body)
        # the list is as wide as its titles, in whatever language they are
        self.pages.setSizeAdjustPolicy(QListWidget.SizeAdjustPolicy.AdjustToContents)
        self.pages.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pages.setTextElideMode(Qt.TextElideMode.ElideNone)
        for _ in PAGES:
            self.pages.addItem(QListWidgetItem())
        layout = QHBoxLayout(self)
        layout.addWidget(self.pages)
        layout.addWidget(self.text, 1)
        self.resize(QSize(1000, 720))
        self.pages.setCurrentRow(0)
        self.retranslate()
        self.pages.currentRowChanged.connect(self._on_pages_row_changed)
        self.text.anchorClicked.connect(self._on_text_anchor_clicked)

    @property
    def page(self) -> str:
        """The page shown, one of PAGES."""
        return PAGES[self.pages.currentRow()]

    def show_page(self, page: str) -> None:
        """Turn to a page, one of PAGES."""
        self.pages.setCurrentRow(PAGES.index(page))

    def retranslate(self) -> None:
        """Read every title and the page again in the current language; the place in the page stays."""
        self._language = language.current()
        self.setWindowTitle(tr("Guide"))
        self.pages.setAccessibleName(tr("Pages of the guide"))
        self.text.setAccessibleName(tr("Text of the guide"))
        for row, page in enumerate(PAGES):
            with page_file(page).open(encoding="utf-8") as file:
                title = file.readline().removeprefix("#").strip()
            item = self.pages.item(row)
            item.setText(title)
            width = self.pages.fontMetrics().horizontalAdvance(title)
            item.setSizeHint(QSize(width + 16, 2 * self.pages.fontMetrics().height()))
        self.pages.setFixedWidth(self.pages.sizeHintForColumn(0) + 2 * self.pages.frameWidth())
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """A guide that was closed while the language changed opens in the new one."""
        if self._language != language.current():
            self.retranslate()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """The colours of the page are those of the palette, and change with it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        bar = self.text.verticalScrollBar()
        place = bar.value() / max(1, bar.maximum())
        set_markdown(self.text.document(), page_file(self.page).read_text(encoding="utf-8"), self.palette())
        self.text.moveCursor(QTextCursor.MoveOperation.Start)  # else the view follows it to the end when it is shown
        bar.setValue(round(place * bar.maximum()))

    def _on_pages_row_changed(self, row: int) -> None:
        self.text.verticalScrollBar().setValue(0)
        self._draw()

    def _on_text_anchor_clicked(self, link: QUrl) -> None:
        page = link.toString().removesuffix(".md")
        if page in PAGES:
            self.show_page(page)
