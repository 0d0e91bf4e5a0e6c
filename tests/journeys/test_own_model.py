"""Someone with an nn.LSTM checkpoint and a CSV: three lines of Python, or four clicks, to every gate."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from desk import CONTROL, LEFT, Desk, wait
from PySide6.QtCore import QDir, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QDialogButtonBox, QFileDialog
from torch import nn

from lstmviz.app.dialogs.reading import ReadingDialog

THREE_LINES = """\
import lstmviz
trace = lstmviz.record(lstmviz.load_model("model.pt"), lstmviz.load_sequence("data.csv"))
forget = trace["f"]  # (T, H), and so i, o, g, c and h
"""


class Forecaster(nn.Module):
    """What a newcomer trains: an LSTM and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 32, batch_first=True)
        self.head = nn.Linear(32, 1)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the checkpoint and a table of a date and three features."""
    torch.manual_seed(0)
    torch.save(Forecaster().state_dict(), tmp_path / "model.pt")
    write_table(tmp_path / "data.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_table(path: Path, hole: int = -1) -> None:
    rows = np.random.default_rng(0).normal(size=(60, 3))
    lines = ["date,temperature,pressure,wind"]
    for day, row in enumerate(rows):
        cells = [f"{value:.4f}" for value in row]
        if day == hole:
            cells[1] = "NaN"
        lines.append(f"2024-{1 + day // 30:02}-{1 + day % 28:02}T{day % 24:02}:00,{','.join(cells)}")
    path.write_text("\n".join(lines) + "\n")


def forget_gate(folder: Path) -> np.ndarray:
    """The forget gate of every step by torch's own cell, one step at a time."""
    state = torch.load(folder / "model.pt", weights_only=True)
    cell = nn.LSTMCell(3, 32)
    cell.load_state_dict({name[5:-3]: value for name, value in state.items() if name.startswith("lstm.")})
    table = np.genfromtxt(folder / "data.csv", delimiter=",", skip_header=1)[:, 1:].astype(np.float32)
    h = c = torch.zeros(1, 32)
    rows = []
    with torch.no_grad():
        for x in torch.from_numpy(table):
            z = cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ h[0] + cell.bias_hh
            rows.append(torch.sigmoid(z[32:64]).numpy())
            h, c = cell(x[None], (h, c))
    return np.array(rows)


def test_three_lines_of_python_give_every_gate(work: Path):
    assert len(THREE_LINES.strip().splitlines()) == 3
    (work / "three.py").write_text(THREE_LINES)
    said = runpy.run_path(str(work / "three.py"))
    assert said["forget"].shape == (60, 32)
    assert np.allclose(said["forget"], forget_gate(work), atol=1e-5)
    assert said["trace"].sequence.names == ("temperature", "pressure", "wind")


class Counted:
    """A desk whose clicks are counted."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.clicks = 0

    def click(self, widget, at=None) -> None:
        self.clicks += 1
        self.desk.click(widget, at)

    def click_file(self, dialog: QFileDialog, path: Path, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
        """Click a file of a file dialog; its list is filled and sorted while we wait."""
        views = [dialog.findChild(QAbstractItemView, name) for name in ("listView", "treeView")]
        view = next(one for one in views if one.isVisible())
        model = view.model()

        def row():
            found = (model.index(n, 0, view.rootIndex()) for n in range(model.rowCount(view.rootIndex())))
            return next((index for index in found if index.data() == path.name), None)

        wait(row, f"{path.name} in the file dialog")
        self.clicks += 1
        at = view.viewport().mapTo(view.window(), view.visualRect(row()).center())
        QTest.mouseClick(view.window().windowHandle(), LEFT, modifiers, at)
        wait(lambda: str(path) in dialog.selectedFiles(), f"{path.name} to be selected")


def test_four_clicks_lead_to_every_gate(desk: Desk, work: Path):
    hand = Counted(desk)
    before = QDir.currentPath()
    QDir.setCurrent(str(work))
    try:
        hand.click(desk.window.toolbar.buttons["file.open"])
        dialog = desk.dialog(QFileDialog)
        dialog.setDirectory(str(work))  # where a newcomer's dialog opens
        QTest.qWait(300)  # what it lists is sorted once more a moment later
        hand.click_file(dialog, work / "model.pt")
        hand.click_file(dialog, work / "data.csv", CONTROL)
        hand.click(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Open))
        wait(lambda: desk.session.trace is not None and desk.session.trace.name.startswith("model"), "the recording")
    finally:
        QDir.setCurrent(before)
    assert hand.clicks == 4
    trace = desk.session.trace
    assert trace.sequence.names == ("temperature", "pressure", "wind")
    assert np.allclose(trace["f"], forget_gate(work), atol=1e-5)
    assert trace.check.passed
    assert desk.notice == ""


@pytest.mark.parametrize("order", [("model.pt", "data.csv"), ("data.csv", "model.pt")])
def test_both_dropped_at_once_in_either_order_need_no_click(desk: Desk, work: Path, order: tuple[str, str]):
    desk.drop(*(work / name for name in order))
    wait(lambda: desk.session.trace.name.startswith("model"), "the recording")
    assert np.allclose(desk.session.trace["f"], forget_gate(work), atol=1e-5)


def test_one_missing_value_is_one_click_more(desk: Desk, work: Path):
    write_table(work / "data.csv", hole=7)
    desk.drop(work / "model.pt", work / "data.csv")
    dialog = desk.dialog(ReadingDialog)
    assert dialog.ways[0].isChecked()
    desk.click(dialog.ok)
    wait(lambda: desk.session.trace.name.startswith("model"), "the recording")
    trace = desk.session.trace
    assert trace.inputs[7, 1] == pytest.approx((trace.inputs[6, 1] + trace.inputs[8, 1]) / 2)
    assert trace.sequence.source == "data.csv (1 missing: interpolate)"


def test_dropped_one_after_the_other_they_find_each_other(desk: Desk, work: Path):
    desk.drop(work / "data.csv")
    desk.settled()
    wait(lambda: desk.program.offers.dialog is not None, "the question which model")
    desk.press(Qt.Key.Key_Escape)
    desk.drop(work / "model.pt")
    wait(lambda: desk.session.trace.name.startswith("model"), "the recording")
    assert len(desk.session.trace) == 60
