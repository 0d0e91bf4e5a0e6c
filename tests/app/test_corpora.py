"""From a trace of a corpus to its table and to the next of it: the real window and the real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lstmviz.app.dialogs.corpus import CorpusDialog
from lstmviz.app.main import Program
from lstmviz.session.commands import COMMANDS
from lstmviz.session.settings import Settings
from lstmviz.traces.corpus import begin_corpus, wrote
from lstmviz.traces.store import save_trace
from lstmviz.traces.trace import Trace

WAIT = 20_000


@pytest.fixture
def corpus(tmp_path: Path, make_trace: Callable[..., Trace]) -> Path:
    """Four sequences, of which the third is not recorded yet."""
    members = begin_corpus(tmp_path / "c.zarr", ("a", "b", "c", "d"), "", ("x", "", "x", "y"))
    for member in members:
        if member.name != "c":
            save_trace(make_trace(steps=10 + member.place), member.path)
            wrote(member, 10 + member.place)
    return tmp_path / "c.zarr"


@pytest.fixture
def program(qtbot):
    made = Program(Settings(theme="light", language="en"))
    made.window.resize(1280, 800)
    made.window.show()
    made.start_engine()
    qtbot.waitUntil(lambda: made.dispatcher.snapshot.engine == "ready", timeout=WAIT)
    yield made
    made.client.stop()
    made.window.close()
    made.window.deleteLater()


def shown(program: Program) -> list[str]:
    """The open traces, the active one in brackets."""
    snapshot = program.dispatcher.snapshot
    names = [Path(entry.path).stem.lstrip("0") or "0" for entry in snapshot.open_traces]
    return [f"[{n}]" if e.id == snapshot.trace_id else n for n, e in zip(names, snapshot.open_traces, strict=True)]


def dialog_of(program: Program) -> CorpusDialog:
    (dialog,) = (each for each in program.window.findChildren(CorpusDialog) if each.isVisible())
    return dialog


def test_one_goes_through_a_corpus_and_back_to_its_table(program: Program, qtbot, corpus: Path) -> None:
    def wait(*traces: str) -> None:
        qtbot.waitUntil(lambda: shown(program) == list(traces), timeout=WAIT)

    run = program.dispatcher.run
    assert not COMMANDS["corpus.next"].can_run(program.dispatcher.snapshot)
    run("file.open_path", path=str(corpus))
    dialog = dialog_of(program)
    dialog.accept()
    wait("[0]")
    run("corpus.next")
    wait("[1]")  # in the place of the one before
    run("history.undo")
    wait("[0]", "1")  # and what undo goes back to is open beside it
    run("corpus.next")
    wait("0", "[1]")  # which was open already
    run("compare.with", id=program.dispatcher.snapshot.open_traces[0].id)
    run("corpus.next")
    wait("0", "[3]")  # the third is not recorded
    run("corpus.next")
    assert program.dispatcher.snapshot.notice.text == "The corpus has no further recorded sequence on that side."
    run("corpus.table")
    dialog = dialog_of(program)
    assert dialog.paths() == [str(corpus / "00000003.zarr")]
    dialog.table.selectRow(1)
    dialog.accept()
    wait("0", "3", "[1]")
    run("corpus.previous")
    wait("[0]", "3", "1")
