"""A file and a model that do not fit at once: the user is asked how it is read, which array, which features."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel
from torch import nn

from lstmviz.app.dialogs.choose_array import ChooseArrayDialog, sizes_of
from lstmviz.app.dialogs.columns import ColumnsDialog
from lstmviz.app.dialogs.mapping import MappingDialog
from lstmviz.app.dialogs.reading import ReadingDialog
from lstmviz.app.dialogs.record import RecordDialog
from lstmviz.app.fitting import with_features
from lstmviz.sequences.sequence import Sequence
from lstmviz.wire.mapping_messages import ArrayRow

WAIT = 60_000
ASKING = (ChooseArrayDialog, ColumnsDialog, MappingDialog, ReadingDialog, RecordDialog)


@pytest.fixture
def program(engaged):
    return engaged


@pytest.fixture
def asked(program, qtbot):
    """asked(kind): the dialog of a kind that opens."""

    def wait(kind):
        def shown():
            notice = program.dispatcher.snapshot.notice
            assert notice is None or notice.level != "error", notice
            return [one for one in program.window.findChildren(kind) if one.isVisible()]

        qtbot.waitUntil(lambda: bool(shown()), timeout=WAIT)
        return shown()[0]

    return wait


@pytest.fixture
def recorded(program, qtbot):
    """recorded(name): the trace that comes, of the sequence of that name where one is given."""

    def here(name):
        trace = program.dispatcher.snapshot.trace
        return trace is not None and name in ("", trace.sequence.name)

    def wait(name=""):
        qtbot.waitUntil(lambda: here(name), timeout=WAIT)
        return program.dispatcher.snapshot.trace

    return wait


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    torch.save(nn.ModuleDict({"lstm": nn.LSTM(3, 4), "head": nn.Linear(4, 1)}).state_dict(), tmp_path / "model.pt")
    return str(tmp_path / "model.pt")


def write(path, text):
    path.write_text(text)
    return str(path)


ROWS = "".join(f"2024-01-{n:02},{n},{n % 3},{n % 5},{n % 7}\n" for n in range(1, 21))


def test_of_more_columns_than_the_model_reads_the_user_takes_some(program, asked, recorded, model, tmp_path, qtbot):
    csv = write(tmp_path / "s.csv", "date,a,b,c,d\n" + ROWS)
    program.dispatcher.run("file.open_paths", paths=(csv, model))
    dialog = asked(ColumnsDialog)
    assert dialog.ticked() == [0, 1, 2]
    dialog.features.item(1).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.ok.isEnabled()
    dialog.features.item(3).setCheckState(Qt.CheckState.Checked)
    dialog.activateWindow()
    dialog.features.setFocus()
    qtbot.waitUntil(dialog.features.hasFocus, timeout=WAIT)  # else the keys only move the choice
    dialog.features.setCurrentRow(3)
    for _ in range(4):  # once more than there are places above
        QTest.keyClick(dialog.features, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert dialog.features.currentRow() == 0
    dialog.ok.click()
    trace = recorded()
    assert trace.sequence.names == ("d", "a", "c")
    assert trace.inputs[:2].tolist() == [[1, 1, 1], [2, 2, 2]]
    assert trace.sequence.times is not None


def test_a_wider_table_after_the_first_is_read_by_the_same_model_too(program, asked, recorded, model, tmp_path):
    first = write(tmp_path / "s.csv", "date,a,b,c\n" + "".join(row.rsplit(",", 1)[0] + "\n" for row in ROWS.split()))
    program.dispatcher.run("file.open_paths", paths=(first, model))
    recorded()
    program.dispatcher.run("file.open_path", path=write(tmp_path / "wide.csv", "date,a,b,c,d\n" + ROWS))
    asked(ColumnsDialog).ok.click()
    assert recorded("wide").model.path == model


@pytest.mark.parametrize("name", ["photo.jpg", "thesis.pdf", "table.xlsx", "nothing"])
def test_a_file_of_another_kind_is_refused_with_what_can_be_opened(program, tmp_path, name):
    write(tmp_path / name, "something else")
    program.dispatcher.run("file.open_path", path=str(tmp_path / name))
    said = program.dispatcher.snapshot.notice.text
    assert f"“{name}” is nothing that lstmviz opens" in said
    assert all(kind in said for kind in (".csv", ".pt", ".zarr", "Save a table as CSV"))
    assert "format=" not in said


@pytest.mark.parametrize(("way", "steps", "value"), [(0, 20, 3.0), (1, 20, 2.0), (2, 20, 0.0), (3, 19, 4.0)])
def test_a_missing_value_is_filled_as_the_user_says(program, asked, recorded, model, tmp_path, way, steps, value):
    rows = "".join(f"2024-01-{n:02},{'' if n == 3 else n},1,2\n" for n in range(1, 21))
    csv = write(tmp_path / "s.csv", "date,a,b,c\n" + rows)
    program.dispatcher.run("file.open_paths", paths=(model, csv))
    dialog = asked(ReadingDialog)
    dialog.ways[way].click()
    dialog.ok.click()
    trace = recorded()
    assert len(trace) == steps
    assert trace.inputs[2, 0] == value
    assert "missing" in trace.sequence.source


def test_lines_above_a_table_and_a_column_of_words_are_left_out_one_after_the_other(
    program, asked, recorded, model, tmp_path
):
    rows = "".join(f"{n} {n % 3} {n % 5} A:e\n" for n in range(1, 21))
    csv = write(tmp_path / "s.txt", "44.8\n133\n" + rows)
    program.dispatcher.run("file.open_paths", paths=(model, csv))
    first = asked(ReadingDialog)
    assert [way.text() for way in first.ways] == ["Leave the first 2 lines out"]
    first.ok.click()
    assert not first.isVisible()
    second = asked(ReadingDialog)
    assert [way.text() for way in second.ways] == ["Read the columns of numbers alone: 1, 2, 3"]
    second.ok.click()
    assert len(recorded()) == 20


def test_a_cancelled_question_changes_nothing_and_a_second_refusal_is_a_sentence(program, asked, qtbot, tmp_path):
    csv = write(tmp_path / "s.csv", "a\n1\n\nnan\n3\n")
    program.dispatcher.run("file.open_path", path=csv)
    asked(ReadingDialog).reject()
    assert program.dispatcher.snapshot.trace is None
    assert program.dispatcher.snapshot.task is None


def test_of_an_archive_of_arrays_the_one_that_fits_is_proposed(program, asked, recorded, model, tmp_path):
    np.savez(tmp_path / "r.npz", h=np.zeros((9, 4)), x=np.ones((7, 1, 3), np.float32), ids=np.arange(5))
    program.dispatcher.run("file.open_paths", paths=(model, str(tmp_path / "r.npz")))
    dialog = asked(ChooseArrayDialog)
    assert dialog.arrays.currentItem().text(0) == "x"
    assert not dialog.weights.isVisible()
    dialog.open_button.click()
    assert recorded().inputs.shape == (7, 3)


def test_weights_under_any_names_are_mapped_once_and_then_recorded(program, asked, recorded, qtbot, tmp_path):
    torch.manual_seed(1)
    lstm = nn.LSTM(3, 4)
    state = {name: value.detach().numpy() for name, value in lstm.named_parameters()}
    x = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    np.save(tmp_path / "s.npy", x)
    for name in ("epoch1", "epoch2"):
        np.savez(
            tmp_path / f"{name}.npz",
            kernel=state["weight_ih_l0"].T,
            inner=state["weight_hh_l0"].T,
            b=state["bias_ih_l0"] + state["bias_hh_l0"],
        )
    program.dispatcher.run("file.open_path", path=str(tmp_path / "epoch1.npz"))
    asked(ChooseArrayDialog).weights.click()
    dialog = asked(MappingDialog)
    assert (dialog.stack.layers[0].w_ih, dialog.stack.transposed) == ("kernel", True)
    assert not dialog.ok.isEnabled()
    assert dialog.verdict.text().startswith("The shapes fit. Now choose the order")
    order = dialog.conventions.order
    order.setCurrentIndex(order.findData("ifgo"))
    order.activated.emit(order.currentIndex())
    assert dialog.verdict.text() == "Everything fits: LSTM 3 → 4"
    dialog.ok.click()
    asked(RecordDialog).reject()
    assert (tmp_path / "epoch1.npz.mapping.json").is_file()
    program.opening._model = None
    # another file of the layout needs no question
    program.dispatcher.run("file.open_path", path=str(tmp_path / "s.npy"))
    asked(RecordDialog).reject()
    program.opening.record(str(tmp_path / "epoch2.npz"), Sequence(x))
    expected = lstm(torch.from_numpy(x))[0].detach().numpy()
    assert np.allclose(recorded()["h"], expected, atol=1e-6)


def test_an_archive_with_torch_s_names_is_a_model_without_a_question(program, asked, tmp_path):
    state = nn.LSTM(3, 4).state_dict()
    np.savez(tmp_path / "w.npz", **{name: value.numpy() for name, value in state.items()})
    program.dispatcher.run("file.open_path", path=str(tmp_path / "w.npz"))
    assert "takes 3 features" in asked(RecordDialog).findChild(QLabel).text()


def test_a_mapping_that_was_kept_is_shown_again_and_can_be_changed(program, asked, qtbot, tmp_path, monkeypatch):
    np.savez(tmp_path / "w.npz", U=np.zeros((16, 4)), W=np.zeros((16, 3)), b=np.zeros(16))
    mapping = {"stacks": [{"order": "iofg", "forget_bias": 1, "layers": [{"w_ih": "W", "w_hh": "U", "b": "b"}]}]}
    (tmp_path / "w.npz.mapping.json").write_text(json.dumps(mapping))
    program.dispatcher.run("model.map")
    files = program.window.findChild(QFileDialog)
    files.fileSelected.emit(str(tmp_path / "w.npz"))
    files.reject()
    dialog = asked(MappingDialog)
    assert dialog.conventions.order.currentText() == "i o f g   ONNX"
    assert dialog.conventions.forget.value() == 1
    dialog.conventions.forget.setValue(0)
    dialog.ok.click()
    asked(RecordDialog).reject()
    kept = json.loads((tmp_path / "w.npz.mapping.json").read_text())
    assert kept["stacks"][0] == {"cell": "lstm", "order": "iofg", "layers": [mapping["stacks"][0]["layers"][0]]}
    assert kept["layout"]
    notice = program.dispatcher.snapshot.notice.text
    assert "w.npz.mapping.json" in notice
    assert "Say which array is which" in notice


def test_a_sequence_that_nobody_could_read_waits_for_the_model_that_is_opened_next(
    program, asked, recorded, model, tmp_path
):
    csv = write(tmp_path / "s.csv", "a,b,c\n" + "".join(f"{n},{n % 3},{n % 5}\n" for n in range(20)))
    program.dispatcher.run("file.open_path", path=csv)
    asked(RecordDialog).reject()
    program.dispatcher.run("file.open_path", path=model)
    assert recorded().sequence.name == "s"


def test_what_an_array_gives_as_a_sequence():
    assert sizes_of(ArrayRow("a", (7,), "<f4")) == (7, 1)
    assert sizes_of(ArrayRow("a", (7, 3), "int32")) == (7, 3)
    assert sizes_of(ArrayRow("a", (1, 7, 3), "float32")) == (7, 3)
    assert sizes_of(ArrayRow("a", (2, 7, 3), "float32")) is None
    assert sizes_of(ArrayRow("a", (), "float32")) is None
    assert sizes_of(ArrayRow("a", (7,), "<U4")) is None


def test_features_are_taken_in_the_order_given():
    taken = with_features(Sequence([[1, 2, 3]], names=("a", "b", "c")), [2, 0])
    assert (taken.names, taken.values.tolist()) == (("c", "a"), [[3, 1]])
