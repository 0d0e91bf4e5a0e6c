"""Markdown dressed in a palette: every word stays, headings stand out, code, quotes and tables have boxes."""

from __future__ import annotations

import pytest
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QPalette,
    QTextBlock,
    QTextCursor,
    QTextDocument,
    QTextTable,
)
from PySide6.QtWidgets import QApplication

from lstmviz.app.rich_text import set_markdown

TEXT = """# First

Words with `inline` code.

## Second

```
a = b

c = d
```

> Beware of this
> and that.

| one | two |
|---|---|
| 3 | 4 |

Last.
"""


@pytest.fixture
def palette(qapp: QApplication) -> QPalette:
    colours = QPalette(qapp.palette())
    colours.setColor(QPalette.ColorRole.Text, QColor("#102030"))
    colours.setColor(QPalette.ColorRole.AlternateBase, QColor("#405060"))
    colours.setColor(QPalette.ColorRole.Midlight, QColor("#708090"))
    return colours


@pytest.fixture
def document(palette: QPalette) -> QTextDocument:
    made = QTextDocument()
    set_markdown(made, TEXT, palette)
    return made


def block_of(document: QTextDocument, text: str) -> QTextBlock:
    block = document.begin()
    while block.isValid() and block.text() != text:
        block = block.next()
    assert block.isValid(), text
    return block


def look_of(document: QTextDocument, text: str) -> QTextCursor:
    found = document.find(text)
    assert not found.isNull(), text
    return found


def test_every_line_stays_in_its_place(document: QTextDocument) -> None:
    lines = [line for line in document.toPlainText().split("\n") if line.strip()]
    assert lines == [
        "First",
        "Words with inline code.",
        "Second",
        "a = b",
        "c = d",
        "Beware of this and that.",
        "one",
        "two",
        "3",
        "4",
        "Last.",
    ]


def test_a_heading_is_larger_than_the_next_lower_and_than_the_text(document: QTextDocument) -> None:
    first, second, body = (
        QFontInfo(look_of(document, text).charFormat().font()).pointSizeF() for text in ("First", "Second", "Words")
    )
    assert first > second > body


def test_code_and_quotes_each_stand_in_one_box_of_the_palette_s_colour(
    document: QTextDocument, palette: QPalette
) -> None:
    root = document.rootFrame()
    boxes = [frame for frame in root.childFrames() if not isinstance(frame, QTextTable)]
    assert len(boxes) == 2
    for box in boxes:
        assert box.frameFormat().background().color() == palette.color(QPalette.ColorRole.AlternateBase)
    for box, texts in zip(boxes, (("a = b", "c = d"), ("Beware of this and that.",)), strict=True):
        for text in texts:
            assert box.firstPosition() <= block_of(document, text).position() <= box.lastPosition()
    assert not boxes[0].firstPosition() <= block_of(document, "Second").position() <= boxes[0].lastPosition()


def letters_are_alike(font: QFont) -> bool:
    """Whether a font is a fixed one: measured, since some fixed fonts do not say so of themselves."""
    metrics = QFontMetricsF(font)
    return metrics.horizontalAdvance("iii") == metrics.horizontalAdvance("WWW")


def test_code_has_the_fixed_font_in_the_size_of_the_text(document: QTextDocument) -> None:
    for text in ("inline", "a = b"):
        font = look_of(document, text).charFormat().font()
        assert letters_are_alike(font)
        assert font.pointSizeF() == pytest.approx(document.defaultFont().pointSizeF())
    assert not letters_are_alike(look_of(document, "Words").charFormat().font())


def test_inline_code_is_marked_and_the_words_around_it_are_not(document: QTextDocument, palette: QPalette) -> None:
    marked = look_of(document, "inline").charFormat().background().color()
    assert marked == palette.color(QPalette.ColorRole.Midlight)
    assert look_of(document, "code.").charFormat().background().color() != marked


def test_the_first_row_of_a_table_is_its_header(document: QTextDocument, palette: QPalette) -> None:
    (table,) = [frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable)]
    raised = palette.color(QPalette.ColorRole.AlternateBase)
    assert [table.cellAt(0, column).format().background().color() == raised for column in range(2)] == [True, True]
    assert table.cellAt(1, 0).format().background().color() != raised


def test_a_text_can_be_set_again_and_again(document: QTextDocument, palette: QPalette) -> None:
    before = document.toPlainText()
    for _ in range(3):
        set_markdown(document, TEXT, palette)
    assert document.toPlainText() == before
    assert len(document.rootFrame().childFrames()) == 3
