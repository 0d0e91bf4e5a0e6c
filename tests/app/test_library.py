"""The library lists what there is, finds it and opens it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from lstmviz.app.file_kinds import store_of, what_is
from lstmviz.app.views.library import LibraryView
from lstmviz.sequences.samples import samples
from lstmviz.session.snapshot import OpenTrace, Snapshot, changes
from lstmviz.traces.corpus import begin_corpus


@pytest.fixture
def library(qtbot):
    view = LibraryView(samples())
    qtbot.addWidget(view)
    view.resize(240, 600)
    view.show()
    view.present(Snapshot(), changes(None, Snapshot()))
    return view


def group(library, name):
    item = library._groups[name]
    return [item.child(n).text(0) for n in range(item.childCount()) if not item.child(n).isHidden()]


def test_it_lists_samples_models_traces_and_recent_files(library):
    snapshot = Snapshot(open_traces=(OpenTrace(3, "reber · run"),), trace_id=3, recent=("/data/a.csv", "/data/b.zarr"))
    library.present(snapshot, changes(Snapshot(), snapshot))
    assert group(library, "samples") == [sample.title for sample in samples()]
    assert group(library, "traces") == ["reber · run"]
    assert group(library, "recent") == ["a.csv", "b.zarr"]
    assert set(group(library, "models")) == {sample.net for sample in samples() if sample.net}
    assert f"Samples: {len(samples())};" in library.sentence()


def test_enter_opens_what_is_current_and_a_double_click_too(library, qtbot):
    item = library._groups["samples"].child(0)
    library.tree.setCurrentItem(item)
    with qtbot.waitSignal(library.asked) as asked:
        qtbot.keyClick(library.tree, Qt.Key.Key_Return)
    assert asked.args == ["sample.open", {"id": samples()[0].id}]
    told = []
    library.asked.connect(lambda *words: told.append(words))
    at = library.tree.visualItemRect(item).center()
    qtbot.mouseClick(library.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(library.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseRelease(library.tree.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert told == [("sample.open", {"id": samples()[0].id})], "once: a ready training would begin twice"


def test_the_note_of_what_is_current_stands_below(library):
    library.tree.setCurrentItem(library._groups["samples"].child(1))
    assert samples()[1].note in library.note.text()
    assert library.note.isVisible()


def test_searching_hides_what_does_not_fit_and_enter_opens_the_first(library, qtbot):
    library.search.setText("reber")
    assert len(group(library, "samples")) < len(samples())
    with qtbot.waitSignal(library.asked) as asked:
        qtbot.keyClick(library.search, Qt.Key.Key_Return)
    assert asked.args[1] == {"id": "reber"}
    library.search.setText("")
    assert len(group(library, "samples")) == len(samples())


def test_space_and_arrows_are_the_trees_own_while_it_has_the_focus(program, open_trace, qtbot):
    open_trace()
    tree = program.window.views["library"].tree
    tree.setFocus()
    tree.setCurrentItem(tree.topLevelItem(1))
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Home):
        qtbot.keyClick(tree, key)
    assert (program.dispatcher.snapshot.t, program.dispatcher.snapshot.playing) == (0, False)


def test_what_a_path_is_is_seen_from_its_ending_and_neighbours(tmp_path):
    store = tmp_path / "run"
    store.mkdir()
    (store / "zarr.json").write_text("{}")
    (tmp_path / "net.safetensors").write_bytes(b"")
    (tmp_path / "net.json").write_text("{}")
    (tmp_path / "table.json").write_text("{}")
    begin_corpus(tmp_path / "many.zarr", ("one",), "")
    expected = {
        "a.zarr": "trace", "run": "trace", "run/zarr.json": "trace", "net.safetensors": "model", "net.json": "model",
        "table.json": "model", "m.PT": "model", "m.tflite": "model", "a.csv": "sequence",
        "b.wav": "sequence", "c": "sequence",
        "many.zarr": "corpus", "many.zarr/zarr.json": "corpus", "many.zarr/00000000.zarr": "trace",
    }  # fmt: skip
    assert {name: what_is(str(tmp_path / name)) for name in expected} == expected
    assert store_of(str(store / "zarr.json")) == str(store)
