"""Metrics in memory and on the disk: what was written is read again, whatever cut it off."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.errors import ExportError, RunError
from lstmviz.runs.metrics import (
    COLUMNS,
    VALIDATION,
    Change,
    Column,
    Journal,
    Metrics,
    Note,
    Row,
    Validation,
    read_metrics,
)

NUMBERS = st.floats(allow_nan=True, allow_infinity=False)


def some(path: Path, rows: int) -> Journal:
    journal = Journal(path, Metrics())
    for update in range(1, rows + 1):
        journal.put(Row(update, update / 7, 1 / update, update**0.5, 0.01))
        if update % 3 == 0:
            journal.put(Validation(update, 2 / update))
    journal.put(Change(2, "learning_rate", 0.5, 0.25))
    journal.put(Note(rows, "it happened"))
    return journal


def columns(metrics: Metrics) -> dict[str, bytes]:
    return {name: getattr(metrics, name).tobytes() for name in (*COLUMNS, *VALIDATION)}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=400))
def test_every_number_is_read_again_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, numbers: list) -> None:
    path = tmp_path_factory.mktemp("metrics") / "metrics.jsonl"
    journal = Journal(path, Metrics())
    for update, (epoch, loss, norm) in enumerate(numbers):
        journal.put(Row(update, 0.0 if math.isnan(epoch) else epoch, loss, norm, 0.1))
    journal.flush()
    found = read_metrics(path)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(journal.metrics, name))


def test_the_log_tells_changes_and_notes_by_update(tmp_path: Path) -> None:
    journal = some(tmp_path / "metrics.jsonl", 9)
    journal.flush()
    found = read_metrics(tmp_path / "metrics.jsonl")
    assert found.log == ((2, "learning rate set to 0.5"), (9, "it happened"))
    assert found.changes == [Change(2, "learning_rate", 0.5, 0.25)]
    assert columns(found) == columns(journal.metrics)


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_last_line_that_is_cut_short_is_left_out(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    journal = Journal(path, Metrics())
    for update in range(1, 6):
        journal.put(Row(update, 0.0, 1.0, 1.0, 0.1))
    journal.flush()
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_metrics(path).update.tolist() == [1, 2, 3, 4]


def test_nothing_is_read_behind_a_line_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    some(path, 5).flush()
    good = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*good[:2], b"\0\0\xff", *good[2:]]))
    assert read_metrics(path).rows == 2


def test_an_endless_line_is_not_read_into_memory(tmp_path: Path) -> None:
    journal = some(tmp_path / "a.jsonl", 3)
    journal.flush()
    with (tmp_path / "a.jsonl").open("r+b") as file:
        try:
            file.truncate(1 << 40)  # a terabyte of nothing, which takes no room on the disk
        except OSError:
            pytest.skip("files have no holes here")
    assert read_metrics(tmp_path / "a.jsonl").rows == 3


def test_a_file_that_is_not_there_has_no_metrics_and_a_folder_is_refused(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl").rows == 0
    with pytest.raises(RunError, match="cannot be read"):
        read_metrics(tmp_path)


def test_a_truncation_is_written_and_leaves_what_was_read_before_alone(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    journal = some(path, 9)
    journal.flush()
    before = journal.metrics.loss
    told = before.tolist()
    journal.metrics.truncate(4, 1)
    journal.rewrite()
    journal.put(Row(5, 0.0, 99.0, 1.0, 0.1))
    journal.flush()
    assert before.tolist() == told
    found = read_metrics(path)
    assert found.update.tolist() == [1, 2, 3, 4, 5]
    assert found.validation_update.tolist() == [3]
    assert found.loss[-1] == 99
    assert len(found.log) == 2


def test_fresh_metrics_are_those_from_a_row_on(tmp_path: Path) -> None:
    metrics = some(tmp_path / "metrics.jsonl", 9).metrics
    fresh = metrics.since(7, 2)
    assert fresh["update"].tolist() == [8, 9]
    assert fresh["validation_update"].tolist() == [9]
    assert not fresh["loss"].flags.writeable


def test_the_same_note_is_told_once(tmp_path: Path) -> None:
    journal = some(tmp_path / "metrics.jsonl", 3)
    journal.put(Note(3, "it happened"))
    journal.flush()
    assert len(read_metrics(tmp_path / "metrics.jsonl").log) == 2


def test_what_could_not_be_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    journal = some(path, 4)
    path.mkdir()
    with pytest.raises(ExportError, match="could not be written"):
        journal.flush()
    journal.put(Row(5, 1.0, 1.0, 1.0, 0.1))
    journal.flush_in_time()  # the last try was just now
    path.rmdir()
    journal.flush()
    assert read_metrics(path).rows == 5


def test_a_column_grows_and_its_views_stay() -> None:
    column = Column()
    views = []
    for n in range(1000):
        column.append(n)
        if n in (10, 255, 256, 700):
            views.append((n, column.read()))
    assert column.read().tolist() == list(range(1000))
    assert all(view.tolist() == list(range(n + 1)) for n, view in views)
    assert column.read(998).tolist() == [998, 999]
