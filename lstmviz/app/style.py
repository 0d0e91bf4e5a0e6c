"""The few rules of style that a palette cannot say."""

from __future__ import annotations

from lstmviz.app.theme import Theme


def style_sheet(theme: Theme) -> str:
    """Rules for the main window and its dialogs, in the colours of a theme."""
    return f"""
QToolBar {{ border: 0; border-bottom: 1px solid {theme.line}; spacing: 2px; padding: 3px 6px; }}
QToolBar#transport {{ border-bottom: 0; border-top: 1px solid {theme.line}; padding: 0; }}
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 3px 6px; }}
QToolButton:hover {{ background: {theme.raised}; border-color: {theme.line}; }}
QToolButton:pressed {{ background: {theme.grid}; }}
QToolButton:checked {{ background: {theme.grid}; border-color: {theme.accent}; }}
QToolButton:focus {{ border-color: {theme.accent}; }}
QToolButton:disabled {{ color: {theme.dim}; }}
QDockWidget {{ font-weight: bold; }}
QTreeView::item {{ padding: 2px 0; }}
QDockWidget::title {{ background: {theme.window}; padding: 5px 8px; text-align: left; }}
QMainWindow::separator {{ background: {theme.window}; width: 5px; height: 5px; }}
QMainWindow::separator:hover, QSplitter::handle:hover {{ background: {theme.accent}; }}
QSplitter::handle {{ background: {theme.window}; }}
QFrame#separator {{ color: {theme.line}; }}
QToolTip {{ color: {theme.text}; background: {theme.raised}; border: 1px solid {theme.line}; padding: 4px; }}
"""
