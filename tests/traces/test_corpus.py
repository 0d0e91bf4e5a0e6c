"""A corpus store: many traces in one folder, written by several processes, whole or not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zarr

from lstmviz.errors import ExportError, TraceError
from lstmviz.traces.corpus import begin_corpus, is_corpus_store, open_corpus, place_in_corpus, wrote
from lstmviz.traces.store import open_trace, save_trace
from lstmviz.traces.trace import Trace


def test_each_member_is_there_once_its_trace_is_written(tmp_path: Path, make_trace: Callable[..., Trace]) -> None:
    members = begin_corpus(tmp_path / "all.zarr", ("first", "second"), "abc")
    assert [member.name for member in members] == ["first", "second"]
    save_trace(make_trace(steps=7), members[1].path)
    again = open_corpus(tmp_path / "all.zarr")
    assert [member.recorded for member in again] == [False, True]
    assert len(open_trace(again[1].path)) == 7


def test_zarr_sees_one_group_with_a_group_for_each_trace(tmp_path: Path, make_trace: Callable[..., Trace]) -> None:
    members = begin_corpus(tmp_path / "all.zarr", ("only",), "abc")
    save_trace(make_trace(steps=5, units=3), members[0].path)
    group = zarr.open_group(tmp_path / "all.zarr", mode="r")
    assert group["00000000.zarr/layer0/forward/f"].shape == (5, 3)


def test_a_corpus_that_was_begun_goes_on_for_the_same_sequences_and_model_alone(tmp_path: Path) -> None:
    store = tmp_path / "all.zarr"
    assert begin_corpus(store, ("a", "b"), "abc") == begin_corpus(store, ("a", "b"), "abc")
    for names, model in ((("a", "c"), "abc"), (("a", "b"), "def")):
        with pytest.raises(ExportError, match="another model"):
            begin_corpus(store, names, model)


def test_what_is_in_the_way_is_not_replaced(tmp_path: Path, make_trace: Callable[..., Trace]) -> None:
    save_trace(make_trace(), tmp_path / "trace.zarr")
    with pytest.raises(ExportError, match="no corpus"):
        begin_corpus(tmp_path / "trace.zarr", ("a",), "abc")
    with pytest.raises(ExportError, match=r"\.zarr"):
        begin_corpus(tmp_path / "corpus", ("a",), "abc")
    assert len(open_trace(tmp_path / "trace.zarr")) == 50


@pytest.mark.parametrize("words", [b"", b"{", b'{"attributes": {"lstmviz_corpus": 1, "sequences": 3}}', b"\xff"])
def test_a_damaged_store_is_refused_in_a_sentence(tmp_path: Path, words: bytes) -> None:
    (tmp_path / "zarr.json").write_bytes(words)
    with pytest.raises(TraceError, match="no sound corpus"):
        open_corpus(tmp_path)


def test_a_later_version_and_an_absent_folder_are_named(tmp_path: Path) -> None:
    begin_corpus(tmp_path / "c.zarr", (), "")
    words = (tmp_path / "c.zarr" / "zarr.json").read_text().replace('"lstmviz_corpus":1', '"lstmviz_corpus":9')
    (tmp_path / "c.zarr" / "zarr.json").write_text(words)
    assert is_corpus_store(tmp_path / "c.zarr")
    with pytest.raises(TraceError, match="version 9"):
        open_corpus(tmp_path / "c.zarr")
    with pytest.raises(TraceError, match="could not be read"):
        open_corpus(tmp_path / "none.zarr")


def test_labels_are_kept_and_may_be_given_later(tmp_path: Path) -> None:
    store = tmp_path / "c.zarr"
    begin_corpus(store, ("a", "b"), "abc")
    assert [member.label for member in open_corpus(store)] == ["", ""]
    begin_corpus(store, ("a", "b"), "abc", ("cat", ""))
    begin_corpus(store, ("a", "b"), "abc")  # says nothing of labels, and takes none away
    assert [member.label for member in open_corpus(store)] == ["cat", ""]


def test_a_store_from_before_labels_opens(tmp_path: Path, make_trace: Callable[..., Trace]) -> None:
    (tmp_path / "c.zarr").mkdir()
    words = {"lstmviz_corpus": 1, "model": "abc", "sequences": ["a", "b"]}
    (tmp_path / "c.zarr" / "zarr.json").write_text(
        json.dumps({"attributes": words, "zarr_format": 3, "node_type": "group"})
    )
    save_trace(make_trace(steps=5), tmp_path / "c.zarr" / "00000001.zarr")
    first, second = open_corpus(tmp_path / "c.zarr")
    assert (first.label, first.recorded, first.steps) == ("", False, None)
    assert (second.label, second.recorded, second.steps) == ("", True, None)


def test_the_number_of_steps_is_told_without_opening_a_trace(tmp_path: Path, make_trace: Callable[..., Trace]) -> None:
    store = tmp_path / "c.zarr"
    members = begin_corpus(store, ("a", "b", "c"), "")
    for member in members[:2]:
        save_trace(make_trace(steps=5 + member.place), member.path)
        wrote(member, 5 + member.place)
    wrote(members[2], 9)  # and was removed again
    with (store / "lstmviz" / "members").open("ab") as journal:
        journal.write(b"nonsense\n1 2 3\n1 77")  # the last one is half a line
    assert [member.steps for member in open_corpus(store)] == [5, 6, None]
    assert [member.recorded for member in open_corpus(store)] == [True, True, False]


@pytest.mark.parametrize("labels", [["x"], ["x", "y", "z"]])
def test_labels_that_do_not_fit_the_names_are_damage(tmp_path: Path, labels: list[str]) -> None:
    begin_corpus(tmp_path / "c.zarr", ("a", "b"), "", ("1", "2"))
    file = tmp_path / "c.zarr" / "zarr.json"
    file.write_text(file.read_text().replace('["1","2"]', json.dumps(labels)))
    with pytest.raises(TraceError, match="no sound corpus"):
        open_corpus(tmp_path / "c.zarr")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/a/c.zarr/00000012.zarr", ("/a/c.zarr", 12)),
        ("/a/c.zarr/123456789.zarr", ("/a/c.zarr", 123456789)),
        ("/a/c/00000012.zarr", None),
        ("/a/c.zarr/12.zarr", None),
        ("/a/c.zarr", None),
        ("", None),
    ],
)
def test_a_path_says_which_member_of_which_corpus_it_is(path: str, found: tuple[str, int] | None) -> None:
    assert place_in_corpus(path) == found
