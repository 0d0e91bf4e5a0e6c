"""The few rules of style that a palette cannot say."""

from __future__ import annotations

from lstmviz import paths
from lstmviz.app.theme import Theme


def style_sheet(theme: Theme) -> str:
    """Rules for the main window and its dialogs, in the colours of a theme."""
    icons = (paths.resources() / "icons").as_posix()
    return f"""
QToolBar {{ border: 0; border-bottom: 1px solid {theme.line}; spacing: 2px; padding: 3px 6px; }}
QToolBar#transport {{ border-bottom: 0; border-top: 1px solid {theme.line}; padding: 0; }}
QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 3px 6px; }}
QToolButton:hover {{ background: {theme.raised}; border-color: {theme.line}; }}
QToolButton:pressed {{ background: {theme.grid}; }}
QToolButton:checked {{ background: {theme.grid}; border-color: {theme.accent}; }}
QToolButton:focus {{ border-color: {theme.accent}; }}
QToolButton:disabled {{ color: {theme.dim}; }}
QToolButton[popupMode="2"] {{ padding-right: 18px; }}
QToolButton::menu-indicator {{ image: url("{icons}/arrow-down.svg"); width: 12px; subcontrol-origin: padding;
    subcontrol-position: right center; right: 4px; }}
QLineEdit, QAbstractSpinBox, QComboBox {{ background: {theme.base}; border: 1px solid {theme.edge}; border-radius: 4px;
    padding: 2px 6px; min-height: 18px; }}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {{ border-color: {theme.accent}; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{ border-color: {theme.line}; color: {theme.dim}; }}
QComboBox {{ padding-right: 20px; }}
QComboBox::drop-down {{ border: 0; width: 20px; }}
QComboBox::down-arrow {{ image: url("{icons}/arrow-down.svg"); width: 12px; height: 12px; }}
QAbstractSpinBox {{ padding-right: 18px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: 0; width: 18px; background: transparent; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {theme.grid}; }}
QAbstractSpinBox::up-arrow {{ image: url("{icons}/arrow-up.svg"); width: 10px; height: 10px; }}
QAbstractSpinBox::down-arrow {{ image: url("{icons}/arrow-down.svg"); width: 10px; height: 10px; }}
QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {theme.edge}; border-radius: 3px;
    background: {theme.base}; }}
QCheckBox::indicator:checked {{ background: {theme.accent}; border-color: {theme.accent};
    image: url("{icons}/check-{theme.name}.svg"); }}
QCheckBox::indicator:disabled {{ border-color: {theme.line}; background: {theme.window}; }}
QListWidget::indicator {{ width: 13px; height: 13px; border: 1px solid {theme.edge}; border-radius: 3px;
    background: {theme.base}; }}
QListWidget::indicator:checked {{ background: {theme.accent}; border-color: {theme.accent};
    image: url("{icons}/check-{theme.name}.svg"); }}
QRadioButton::indicator {{ width: 13px; height: 13px; border: 1px solid {theme.edge}; border-radius: 7px;
    background: {theme.base}; }}
QRadioButton::indicator:checked {{ border: 4px solid {theme.accent}; width: 7px; height: 7px;
    background: {theme.accent_text}; }}
QRadioButton:focus, QCheckBox:focus {{ color: {theme.accent}; }}
QTreeView, QListWidget {{ border: 1px solid {theme.line}; border-radius: 4px; }}
QTreeView:focus, QListWidget:focus {{ border-color: {theme.accent}; }}
QDockWidget {{ font-weight: bold; titlebar-close-icon: url("{icons}/dock-close.svg");
    titlebar-normal-icon: url("{icons}/dock-float.svg"); }}
QDockWidget::close-button, QDockWidget::float-button {{ border: 0; border-radius: 3px; padding: 1px; }}
QDockWidget::close-button:hover, QDockWidget::float-button:hover {{ background: {theme.grid}; }}
QTreeView::item {{ padding: 2px 0; }}
QTreeView#table::item {{ padding: 3px 10px 3px 6px; }}
QTreeView#table QHeaderView::section {{ background: {theme.raised}; color: {theme.text}; border: 0;
    padding: 5px 12px 5px 9px; }}
QDockWidget::title {{ background: {theme.window}; padding: 5px 8px; text-align: left; }}
QMainWindow::separator {{ background: {theme.window}; width: 5px; height: 5px; }}
QMainWindow::separator:hover, QSplitter::handle:hover {{ background: {theme.accent}; }}
QSplitter::handle {{ background: {theme.window}; }}
QFrame#separator {{ color: {theme.line}; }}
QToolTip {{ color: {theme.text}; background: {theme.raised}; border: 1px solid {theme.line}; padding: 4px; }}
"""
