"""What leaves the window: tables whose numbers are the trace's, stores that open again, pictures, an animation."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from desk import CONTROL, SHIFT, Desk, wait
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from lstmviz.app.dialogs.export import ExportDialog


def fill(desk: Desk, dialog: ExportDialog, path: Path, units: str = "", steps: str = "") -> None:
    for field, text in ((dialog._path, str(path)), (dialog._units, units), (dialog._steps, steps)):
        desk.click(field)
        desk.press(Qt.Key.Key_A, CONTROL)
        desk.press(Qt.Key.Key_Delete)
        desk.type(text)


def preview_of(dialog: ExportDialog) -> list[list[str]]:
    model = dialog._preview.table.model()
    return [
        [model.data(model.index(row, column)) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_chosen_signals_units_and_steps_are_previewed_written_and_read_back_exactly(desk, tmp_path):
    desk.press(Qt.Key.Key_E, CONTROL)
    dialog = desk.dialog(ExportDialog)
    for name, box in dialog._signals._boxes.items():
        if box.isVisible() and box.isChecked() != (name in ("f", "c")):
            desk.click(box)
    fill(desk, dialog, tmp_path / "part.csv", units="0:3", steps="2:9")
    wait(dialog._ok.isEnabled, "the preview")
    shown = preview_of(dialog)
    assert "42 rows" in dialog._preview.sentence.text()
    desk.click(dialog._ok)
    desk.settled()
    assert desk.notice == f"Exported: {tmp_path / 'part.csv'}"

    with (tmp_path / "part.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert len(rows) == 7 * 3 * 2
    assert shown == rows[: len(shown)]
    lane = desk.session.trace.lanes[0, "forward"]
    seen = set()
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        t, unit, signal = int(cells["t"]), int(cells["unit"]), cells["signal"]
        assert np.float32(cells["value"]) == lane.signals[signal][t, unit]
        seen.add((t, unit, signal))
    assert seen == {(t, unit, signal) for t in range(2, 9) for unit in range(3) for signal in ("f", "c")}


def test_a_choice_that_means_nothing_is_a_sentence_and_cannot_be_exported(desk, tmp_path):
    desk.press(Qt.Key.Key_E, CONTROL)
    dialog = desk.dialog(ExportDialog)
    fill(desk, dialog, tmp_path / "part.csv", units="90:99")
    assert not dialog._ok.isEnabled()
    assert dialog._preview.sentence.text().startswith("There is no unit 90 ")
    desk.press(Qt.Key.Key_Return)
    assert dialog.isVisible()
    desk.press(Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_sentence(desk, tmp_path):
    desk.press(Qt.Key.Key_E, CONTROL)
    dialog = desk.dialog(ExportDialog)
    fill(desk, dialog, tmp_path / "no" / "such" / "part.csv")
    wait(dialog._ok.isEnabled, "the preview")
    desk.click(dialog._ok)
    desk.settled()
    assert "such" in desk.notice
    assert "Traceback" not in desk.notice
    assert "Errno" not in desk.notice


@pytest.mark.parametrize("view", ["cell", "timeline", "unit", "step"])
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_every_view_is_saved_as_a_picture_that_opens(desk, tmp_path, view, ending):
    title = {"cell": "cell diagram", "timeline": "timeline", "unit": "unit inspector", "step": "step in pseudocode"}
    desk.run_by_name(f"{title[view]} picture")
    path, shown = tmp_path / f"a {view}.{ending}", desk.window.views[view].size()
    desk.choose_file(path)
    assert desk.notice == f"Saved: {path}"
    if ending == "png":
        image = QImage(str(path))
        assert image.width() % shown.width() == 0
        assert image.height() >= shown.height()
        assert len({image.pixel(x, y) for x in range(0, shown.width(), 7) for y in range(0, shown.height(), 7)}) > 8
    else:
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        width, height = (round(float(part)) for part in root.get("viewBox").split()[2:])
        assert (width, height >= shown.height()) == (shown.width(), True)
        assert len(list(root.iter())) > 30


def test_the_stepping_is_saved_as_a_gif_with_a_frame_a_step_and_the_cursor_stays(desk, tmp_path):
    desk.press(Qt.Key.Key_Right, times=5)
    for _ in range(5):
        desk.press(Qt.Key.Key_Plus, CONTROL)
    place = desk.session.place
    assert place.stop - place.start < desk.session.steps
    desk.press(Qt.Key.Key_E, CONTROL | SHIFT)
    desk.choose_file(tmp_path / "steps.gif")
    desk.settled()
    assert desk.notice == f"Saved: {tmp_path / 'steps.gif'}"
    with Image.open(tmp_path / "steps.gif") as gif:
        assert gif.n_frames == place.stop - place.start
        frames = []
        for n in range(gif.n_frames):
            gif.seek(n)
            frames.append(np.asarray(gif.convert("RGB"), dtype=np.int16))
    assert all((one != other).any() for one, other in pairwise(frames))
    assert desk.session.place == place


def test_a_cancelled_animation_leaves_no_file_and_the_cursor_where_it_was(desk, tmp_path):
    desk.press(Qt.Key.Key_Right, times=5)
    place = desk.session.place
    desk.press(Qt.Key.Key_E, CONTROL | SHIFT)
    desk.choose_file(tmp_path / "steps.gif")
    wait(lambda: desk.session.task is not None and desk.session.task.done > 1, "the second frame")
    desk.press(Qt.Key.Key_Escape)
    desk.settled()
    assert list(tmp_path.iterdir()) == []
    assert desk.session.place == place


def test_a_trace_is_saved_as_a_store_that_opens_again_with_the_same_numbers(desk, tmp_path):
    before = desk.session.trace
    desk.press(Qt.Key.Key_S, CONTROL)
    desk.choose_file(tmp_path / "kept.zarr")
    desk.settled()
    assert desk.notice == f"Saved: {tmp_path / 'kept.zarr'}"
    desk.press(Qt.Key.Key_O, CONTROL)
    desk.choose_file(tmp_path / "kept.zarr" / "zarr.json")
    desk.settled()
    after = desk.session.trace
    assert after is not before
    assert len(desk.session.opened) == 2
    for name, values in before.lanes[0, "forward"].signals.items():
        assert after.lanes[0, "forward"].signals[name].tobytes() == values.tobytes()
    assert after.model.sha256 == before.model.sha256
