"""Markdown in the window's own colours: Qt reads it but gives code, tables and quotes no look of their own."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QPalette,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)

HEADING_SIZES = {1: 1.75, 2: 1.3, 3: 1.1}
"""Size of a heading by its level, in body text sizes."""
PADDING = 10
"""Pixels between the edge of a box and its text."""
PARAGRAPH_LINES = 125
"""Percent of the height of the text from one line to the next."""


def plain_tip(text: str) -> str:
    """A tip that shows a text as it is: Qt would take what another computer says for markup, and look up its pictures.

    "" for none.
    """
    return f"<qt>{escape(text)}</qt>" if text else ""


def set_markdown(document: QTextDocument, text: str, palette: QPalette) -> None:
    """Fill a document from Markdown and dress it in the palette's colours; code and quotes stand in boxes."""
    document.setMarkdown(text)
    _dress_tables(document, palette)
    body = document.defaultFont()
    for block in _blocks(document):
        if level := block.blockFormat().headingLevel():
            _dress_heading(block, body.pointSizeF() * HEADING_SIZES.get(level, 1.0), palette)
        elif _box(block) == "code":
            _selected(block).mergeCharFormat(_code_look(palette, body.pointSizeF()))
            _selected(block).mergeBlockFormat(_spaced(0, 0))
        else:
            cursor = _selected(block)
            if cursor.currentTable() is None:
                cursor.mergeBlockFormat(_lines(PARAGRAPH_LINES, QTextBlockFormat.LineHeightTypes.ProportionalHeight))
            _dress_inline_code(block, body.pointSizeF(), palette)
    _draw_boxes(document, palette)


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _box(block: QTextBlock) -> str:
    """The kind of box that a block stands in: code, quote or none, ""."""
    shape = block.blockFormat()
    if shape.hasProperty(QTextFormat.Property.BlockCodeFence):
        return "code"
    return "quote" if shape.hasProperty(QTextFormat.Property.BlockQuoteLevel) else ""


def _selected(block: QTextBlock) -> QTextCursor:
    """A cursor that holds a block's text. Qt's own selection of a block begins in the one before."""
    cursor = QTextCursor(block)
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    return cursor


def _spaced(above: float, below: float) -> QTextBlockFormat:
    space = QTextBlockFormat()
    space.setTopMargin(above)
    space.setBottomMargin(below)
    return space


def _lines(height: float, kind: QTextBlockFormat.LineHeightTypes) -> QTextBlockFormat:
    shape = QTextBlockFormat()
    shape.setLineHeight(height, kind.value)
    return shape


def _dress_heading(block: QTextBlock, size: float, palette: QPalette) -> None:
    look = QTextCharFormat()
    look.setFontPointSize(size)
    look.setFontWeight(QFont.Weight.DemiBold)
    look.setForeground(palette.color(QPalette.ColorRole.Text))
    cursor = _selected(block)
    # not merged: Qt's own enlargement of headings would stay and override the size
    cursor.setCharFormat(look)
    cursor.mergeBlockFormat(_spaced(size * 1.4 if block.blockNumber() else 0, size * 0.5))


def _dress_inline_code(block: QTextBlock, size: float, palette: QPalette) -> None:
    look = _code_look(palette, size)
    look.setBackground(palette.color(QPalette.ColorRole.Midlight))
    spans: list[tuple[int, int]] = []
    place = block.begin()
    while not place.atEnd():
        fragment = place.fragment()
        if fragment.charFormat().fontFixedPitch():
            spans.append((fragment.position(), fragment.position() + fragment.length()))
        place += 1
    for start, end in spans:
        cursor = QTextCursor(block)
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(look)


def _code_look(palette: QPalette, size: float) -> QTextCharFormat:
    look = QTextCharFormat()
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(size)
    look.setFont(font, QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesSpecifiedOnly)
    look.setForeground(palette.color(QPalette.ColorRole.Text))
    return look


def _dress_tables(document: QTextDocument, palette: QPalette) -> None:
    for frame in document.rootFrame().childFrames():
        if not isinstance(frame, QTextTable):
            continue
        shape = frame.format().toTableFormat()
        shape.setBorder(1)
        shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        shape.setBorderBrush(palette.color(QPalette.ColorRole.Mid))
        shape.setBorderCollapse(True)
        shape.setCellPadding(PADDING * 0.6)
        shape.setCellSpacing(0)
        shape.setTopMargin(PADDING)
        shape.setBottomMargin(PADDING)
        shape.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        frame.setFormat(shape)
        for column in range(frame.columns()):
            cell = frame.cellAt(0, column)
            header = cell.format()
            header.setBackground(palette.color(QPalette.ColorRole.AlternateBase))
            cell.setFormat(header)


def _draw_boxes(document: QTextDocument, palette: QPalette) -> None:
    """Move each run of blocks of one kind into a frame, the last run first, so that the places of the others stay."""
    runs = [(kind, list(run)) for kind, run in groupby(_blocks(document), _box)]
    places = [(kind, run[0].position(), run[-1].position() + run[-1].length() - 1) for kind, run in runs if kind]
    shape = QTextFrameFormat()
    shape.setBackground(palette.color(QPalette.ColorRole.AlternateBase))
    shape.setBorder(1)
    shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    shape.setPadding(PADDING)
    for kind, start, end in reversed(places):
        edge = QPalette.ColorRole.Mid if kind == "code" else QPalette.ColorRole.Highlight
        shape.setBorderBrush(palette.color(edge))
        cursor = QTextCursor(document)
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        if kind == "quote":
            plain = _spaced(0, 0)
            plain.setLeftMargin(0)
            plain.setRightMargin(0)
            cursor.mergeBlockFormat(plain)
        frame = cursor.insertFrame(shape)
        _flatten(document, frame.firstPosition() - 1, frame.lastPosition() + 1)


def _flatten(document: QTextDocument, *positions: int) -> None:
    """Qt leaves an empty line before and after a new frame: make a gap of each.

    The document is handed in: PySide6 6.11 takes QTextFrame.document() for its own and deletes it.
    """
    gap = _lines(PADDING, QTextBlockFormat.LineHeightTypes.FixedHeight)
    gap.setTopMargin(0)
    gap.setBottomMargin(0)
    for position in positions:
        block = document.findBlock(position)
        if not block.text():
            _selected(block).mergeBlockFormat(gap)
