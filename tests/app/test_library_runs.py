"""The library lists runs and ready trainings without making the start wait, and opens them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from lstmviz import paths
from lstmviz.app.run_list import MOST, RunList
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import RunFile, write_run_file
from lstmviz.runs.recipes import RECIPES


def make_run(name: str, begun: str = "2026-03-04T10:00:00+00:00", checkpoint: int = 0) -> Path:
    folder = paths.runs() / name
    (folder / "checkpoints").mkdir(parents=True)
    write_run_file(
        folder,
        RunFile(
            title=name, config=RunConfig(data="reber"), parameters=10, updates=400, unit="nat", optimum=None,
            device="cpu", reason="no GPU here", begun=begun,
        ),
    )  # fmt: skip
    if checkpoint:
        (folder / "checkpoints" / f"{checkpoint:010}.safetensors").write_bytes(b"")
    return folder


def rows(program, name):
    group = program.window.views["library"]._groups[name]
    return [group.child(n) for n in range(group.childCount())]


@pytest.fixture
def listed(program, qtbot):
    """The window's library once the first paint has come."""

    def after_first_paint():
        qtbot.waitUntil(lambda: program.window.views["library"]._runs is not None)
        return program.window.views["library"]

    return after_first_paint


def test_runs_are_listed_with_their_day_title_and_how_far_they_came(program, listed):
    folders = [make_run("one"), make_run("two", checkpoint=120), make_run("three", checkpoint=400)]
    library = listed()
    library.list_trainings()
    texts = {item.text(0).split()[-1]: item for item in rows(program, "runs")}
    assert set(texts) == {folder.name for folder in folders}
    assert texts["one"].text(0) == "4 Mar  one"
    assert "stands at update 120 of 400" in texts["two"].toolTip(0)
    assert "trained to its end" in texts["three"].toolTip(0)


def test_enter_opens_a_run_by_its_folder(program, listed, qtbot):
    folder = make_run("one")
    library = listed()
    library.list_trainings()
    library.tree.setCurrentItem(rows(program, "runs")[0])
    with qtbot.waitSignal(library.asked) as asked:
        qtbot.keyClick(library.tree, Qt.Key.Key_Return)
    assert asked.args == ["run.open_folder", {"folder": str(folder)}]


def test_ready_trainings_are_listed_with_their_notes_and_enter_begins_one(program, listed, qtbot):
    library = listed()
    items = rows(program, "recipes")
    assert [item.text(0) for item in items] == [recipe.title for recipe in RECIPES]
    library.tree.setCurrentItem(items[0])
    assert RECIPES[0].note in library.note.text()
    with qtbot.waitSignal(library.asked) as asked:
        qtbot.keyClick(library.tree, Qt.Key.Key_Return)
    assert asked.args == ["run.recipe", {"id": RECIPES[0].id}]


def test_the_run_that_is_shown_is_bold_and_says_its_state(program, listed):
    folder = make_run("one")
    make_run("two")
    listed()
    runs = program.dispatcher.session.runs
    runs.add(str(folder), "one", RunConfig(data="reber"), "training")
    program.dispatcher.announce()
    bold = [item for item in rows(program, "runs") if item.font(0).bold()]
    assert [item.text(0).split()[-1] for item in bold] == ["one"]
    assert "training" in bold[0].toolTip(0)


def test_a_run_that_begins_comes_into_the_list_and_a_report_reads_nothing(program, listed, monkeypatch):
    listed()
    assert rows(program, "runs") == []
    folder = make_run("new")
    runs = program.dispatcher.session.runs
    run_id = runs.add(str(folder), "new", RunConfig(data="reber"), "training")
    program.dispatcher.announce()
    assert len(rows(program, "runs")) == 1
    library = program.window.views["library"]
    before = library._runs.reads
    runs.kept(run_id, (0, 10))
    program.dispatcher.announce()
    assert library._runs.reads == before


def test_what_is_no_run_is_passed_over(program, listed):
    (paths.runs() / "empty").mkdir(parents=True)
    broken = make_run("broken")
    (broken / "run.json").write_text("{", encoding="utf-8")
    make_run("good")
    listed().list_trainings()
    assert [item.text(0).split()[-1] for item in rows(program, "runs")] == ["good"]


def test_of_many_runs_the_newest_are_listed_and_it_is_said(program, listed):
    for number in range(MOST + 5):
        make_run(f"run-{number}")
    listed().list_trainings()
    assert len(rows(program, "runs")) == MOST
    assert str(MOST) in program.window.views["library"]._groups["runs"].text(0)


def test_each_run_file_is_read_once(tmp_path, monkeypatch):
    folder = make_run("one")
    runs = RunList()
    [first] = runs.read(paths.runs())
    (folder / "run.json").write_text("{", encoding="utf-8")
    assert runs.read(paths.runs()) == [first]


def test_the_list_is_empty_where_there_is_no_folder(tmp_path):
    assert RunList().read(tmp_path / "nothing") == []
