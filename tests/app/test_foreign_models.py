"""Models of other frameworks in the window: one stack is recorded at once, of several the user says which."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PySide6.QtWidgets import QDialogButtonBox
from torch import nn

from lstmviz.app.dialogs.layers import LayersDialog
from lstmviz.wire.messages import StackData

WAIT = 60_000
STACKS = (
    StackData("encoder.lstm", "nn.LSTM", "lstm", 3, 4, 2, ("forward", "reverse"), 2),
    StackData("decoder.cell", "nn.GRUCell", "gru", 3, 5, 1, ("forward",)),
)


@pytest.fixture
def program(engaged):
    return engaged


@pytest.fixture
def files(tmp_path):
    """A state dict of one LSTM, one of an LSTM and a GRU cell, and a sequence for them."""
    torch.manual_seed(0)
    torch.save(nn.ModuleDict({"lstm": nn.LSTM(3, 4)}).state_dict(), tmp_path / "one.pt")
    torch.save(nn.ModuleDict({"lstm": nn.LSTM(3, 4), "cell": nn.GRUCell(3, 5)}).state_dict(), tmp_path / "two.pt")
    rows = np.random.default_rng(0).normal(size=(12, 3))
    np.savetxt(tmp_path / "s.csv", rows, delimiter=",", header="a,b,c", comments="")
    return tmp_path


def traces(program):
    return program.dispatcher.snapshot.open_traces


def dialogs(program):
    return [one for one in program.window.findChildren(LayersDialog) if one.isVisible()]


def choose(dialog, place):
    dialog.stacks.setCurrentItem(dialog.stacks.topLevelItem(place))
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Open).click()


def test_a_model_of_one_stack_and_a_sequence_are_recorded_at_once(program, qtbot, files):
    program.dispatcher.run("file.open_paths", paths=(str(files / "one.pt"), str(files / "s.csv")))
    qtbot.waitUntil(lambda: bool(traces(program)), timeout=WAIT)
    trace = program.dispatcher.snapshot.trace
    assert (trace.units, len(trace), trace.check.passed) == (4, 12, True)
    assert trace.model.path == str(files / "one.pt")


def test_of_several_stacks_the_one_that_is_chosen_is_recorded(program, qtbot, files):
    model = str(files / "two.pt")
    program.dispatcher.run("file.open_paths", paths=(model, str(files / "s.csv")))
    qtbot.waitUntil(lambda: bool(dialogs(program)), timeout=WAIT)
    choose(dialogs(program)[0], 1)
    qtbot.waitUntil(lambda: bool(traces(program)), timeout=WAIT)
    trace = program.dispatcher.snapshot.trace
    assert (trace.layers[0].cell, trace.units, trace.model.path) == ("gru", 5, f"{model}#cell")
    # the model again, alone: it takes the sequence that is open
    program.dispatcher.run("file.open_path", path=model)
    qtbot.waitUntil(lambda: bool(dialogs(program)), timeout=WAIT)
    choose(dialogs(program)[0], 0)
    qtbot.waitUntil(lambda: len(traces(program)) == 2, timeout=WAIT)
    assert program.dispatcher.snapshot.trace.model.path == f"{model}#lstm"
    assert model in program.dispatcher.snapshot.recent


def test_a_choice_that_is_cancelled_changes_nothing(program, qtbot, files):
    program.dispatcher.run("file.open_path", path=str(files / "two.pt"))
    qtbot.waitUntil(lambda: bool(dialogs(program)), timeout=WAIT)
    dialogs(program)[0].reject()
    assert not traces(program)
    assert program.dispatcher.snapshot.task is None


def test_the_dialog_tells_every_size(qtbot):
    dialog = LayersDialog("model", STACKS)
    qtbot.addWidget(dialog)
    rows = [dialog.stacks.topLevelItem(n) for n in range(2)]
    told = [[row.text(column) for column in range(7)] for row in rows]
    assert told[0] == ["encoder.lstm", "nn.LSTM", "3", "4", "2", "both", "2"]
    assert told[1] == ["decoder.cell", "nn.GRUCell", "3", "5", "1", "forward", "–"]
    with qtbot.waitSignal(dialog.chosen) as chosen:
        choose(dialog, 1)
    assert chosen.args == ["decoder.cell"]


def test_the_parts_of_a_stack_can_be_chosen_and_what_a_layer_reads_is_said(qtbot):
    parts = tuple(
        StackData(name, "Keras LSTM", "lstm", width, 4, 1, ("forward",)) for name, width in (("a", 3), ("b", 4))
    )
    whole = StackData("a+b", "Keras LSTM", "lstm", 3, 4, 2, ("forward",), parts=parts)
    dialog = LayersDialog("model", (whole, STACKS[1]))
    qtbot.addWidget(dialog)
    assert "“a+b” reads 3 features a step" in dialog.reads.text()
    dialog.stacks.setCurrentItem(dialog.stacks.topLevelItem(0).child(1))
    assert "“b” reads 4 features a step" in dialog.reads.text()
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.accept()
    assert chosen.args == ["b"]
