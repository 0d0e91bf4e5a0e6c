"""The export dialog says what to write in plain data, and shows the start of the file or one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialogButtonBox, QLineEdit, QTableView
from pytestqt.qtbot import QtBot

from lstmviz.app.dialogs.export import ExportDialog
from lstmviz.app.theme import DARK
from lstmviz.traces.export import export, preview
from lstmviz.traces.trace import Trace


@pytest.fixture
def trace(make_trace: Callable[..., Trace]) -> Trace:
    return make_trace(layers=2)


@pytest.fixture
def dialog(qtbot: QtBot, trace: Trace) -> ExportDialog:
    dialog = ExportDialog()
    qtbot.addWidget(dialog)
    dialog.preview_asked.connect(lambda selection: dialog.show_preview(*preview(trace, dialog.path(), 20, **selection)))
    return dialog


def field(dialog: ExportDialog, name: str) -> QLineEdit:
    return next(edit for edit in dialog.findChildren(QLineEdit) if edit.accessibleName() == name)


def ok(dialog: ExportDialog) -> QAbstractButton:
    return dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)


def said(dialog: ExportDialog) -> str:
    return dialog._preview.sentence.text()


def test_what_it_says_can_be_exported_as_it_is(
    qtbot: QtBot, dialog: ExportDialog, trace: Trace, tmp_path: Path
) -> None:
    with qtbot.waitSignal(dialog.preview_asked):
        dialog.offer(trace, str(tmp_path / "a.csv"), layers="0", units="0:2", steps="10:20")
    assert dialog.selection() == {
        "signals": ["f", "i", "o", "g", "c", "h"],
        "layers": "0",
        "directions": ["forward"],
        "units": "0:2",
        "steps": "10:20",
        "form": "long",
    }
    assert said(dialog).startswith("120 rows, 120 values, about ")
    assert ok(dialog).isEnabled()
    export(trace, dialog.path(), **dialog.selection())
    *_, guessed, unit = said(dialog).rstrip(".").split()
    assert unit == "kB"
    assert float(guessed) * 1000 == pytest.approx((tmp_path / "a.csv").stat().st_size, rel=0.1)


def test_it_shows_the_first_rows_in_the_form_that_is_asked_for(
    qtbot: QtBot, dialog: ExportDialog, trace: Trace
) -> None:
    with qtbot.waitSignal(dialog.preview_asked):
        dialog.offer(trace, "a.csv", signals=("h",), layers="1")
    model = dialog.findChild(QTableView).model()
    assert (model.rowCount(), model.columnCount()) == (20, 6)
    with qtbot.waitSignal(dialog.preview_asked):
        dialog._wide.click()
    assert (model.rowCount(), model.columnCount()) == (20, 9)
    assert model.headerData(1, Qt.Orientation.Horizontal) == "h[0]"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("Units", "0:99", "There is no unit 98"),
        ("Units", "abc", "does not name units"),
        ("Steps", "7000", "There is no step 7000"),
        ("Layers", "5", "Layer 5 is not in"),
        ("File", "a.doc", "ends in “.doc”; expected one of"),
        ("File", "", "Name the file to write."),
    ],
)
def test_a_wish_that_cannot_be_met_is_said_at_once_and_cannot_be_accepted(
    qtbot: QtBot, dialog: ExportDialog, trace: Trace, name: str, text: str, words: str
) -> None:
    with qtbot.waitSignal(dialog.preview_asked):
        dialog.offer(trace, "a.csv")
    assert ok(dialog).isEnabled()
    field(dialog, name).setText(text)
    assert words in said(dialog)
    assert not ok(dialog).isEnabled()


def test_the_format_sets_the_ending_and_arrays_have_no_form(qtbot: QtBot, dialog: ExportDialog, trace: Trace) -> None:
    dialog.offer(trace, "a.csv")
    formats = dialog.findChild(QComboBox)
    with qtbot.waitSignal(dialog.preview_asked):
        dialog._on_format_activated(formats.findData(".npz"))
    assert dialog.path() == "a.npz"
    assert not dialog._wide.isEnabled()
    assert said(dialog).startswith("12 arrays, 4\u202f800 values, about ")
    field(dialog, "File").setText("b.parquet")
    assert formats.currentData() == ".parquet"
    assert dialog._wide.isEnabled()


def test_a_file_that_will_be_replaced_is_named(
    qtbot: QtBot, dialog: ExportDialog, trace: Trace, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("old")
    with qtbot.waitSignal(dialog.preview_asked):
        dialog.offer(trace, str(tmp_path / "a.csv"))
    assert said(dialog).endswith("The file exists and will be replaced.")


def test_every_control_has_a_name_and_can_be_reached_with_the_tab_key(
    qtbot: QtBot, dialog: ExportDialog, trace: Trace
) -> None:
    dialog.offer(trace, "a.csv", theme=DARK)
    dialog.show()
    seen, widget = [], dialog.focusWidget()
    while widget not in seen:
        seen.append(widget)
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
        widget = dialog.focusWidget()
    kinds = (QLineEdit, QComboBox, QAbstractButton, QTableView)
    controls = [
        w
        for kind in kinds
        for w in dialog.findChildren(kind)
        if w.isVisible() and w.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    for control in controls:
        assert control.accessibleName() or getattr(control, "text", str)(), control
    texts = [w for w in controls if isinstance(w, QLineEdit) and w.isEnabled()]
    assert set(texts) <= set(seen)
