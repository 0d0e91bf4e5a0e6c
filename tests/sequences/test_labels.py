"""Labels of a corpus come from a table or from folders, and what is wrong in a table is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstmviz.errors import SequenceError
from lstmviz.sequences.labels import folder_labels, labels_of, read_labels


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "name,label\na,cat\nb,dog\n"),
        ("l.csv", "\ufeffa,cat\r\n\r\nb,dog,and more\r\n"),
        ("l.csv", '"a","cat"\n b , dog \na,cat'),
        ("l.tsv", "File\tLabel\na\tcat\nb\tdog\n"),
    ],
)
def test_a_table_of_names_and_labels_is_read_with_or_without_a_header(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, newline="")
    assert read_labels(tmp_path / name) == {"a": "cat", "b": "dog"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,cat\nb\n", "line 2 has no name and label"),
        (b"a,cat\n,dog\n", "line 2 has no name and label"),
        (b"a,cat\na,dog\n", "line 2 gives “a” a second label, “dog”"),
        (b"a,\xff\n", "cannot be read as labels"),
        (b'a,"cat', "cannot be read as labels"),
    ],
)
def test_what_is_no_label_is_said_with_its_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "l.csv").write_bytes(content)
    with pytest.raises(SequenceError, match=words):
        read_labels(tmp_path / "l.csv")
    with pytest.raises(SequenceError, match="No such file"):
        read_labels(tmp_path / "none.csv")


def test_a_sequence_is_known_by_its_name_its_path_and_its_file() -> None:
    files = [Path("one/a.csv"), Path("two/b.csv"), Path("two/c.csv"), Path("d.csv")]
    known = {"first": "1", "two/b.csv": "2", "c.csv": "3"}
    assert labels_of(["first", "b", "c", "d"], files, known, "l.csv") == ("1", "2", "3", "")
    assert folder_labels(files) == ("one", "two", "two", "")
    with pytest.raises(SequenceError, match="labels none of the sequences; expected names such as “first”"):
        labels_of(["first", "b", "c", "d"], files, {"x": "1"}, "l.csv")
