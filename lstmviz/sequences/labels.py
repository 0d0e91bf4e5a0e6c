"""Names of sequences and their labels, from a table of two columns or from the folders that they lie in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence as Many
from pathlib import Path

from lstmviz.errors import SequenceError

_LARGEST = 64 << 20
_HEADERS = {("name", "label"), ("file", "label"), ("filename", "label"), ("sequence", "label")}


def read_labels(path: str | Path) -> dict[str, str]:
    """name → label of a CSV (or, with the ending .tsv, TSV) file: a name and a label a row, a header or none.

    Further columns are not looked at. Raises SequenceError for a file that cannot be read, a row without a label and a
    name with two.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _LARGEST:
            raise SequenceError("“{file}” is too large for a list of labels; expected at most 64 MiB.", file=str(path))
        text = file.read_text(encoding="utf-8-sig")
        delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SequenceError(
            "“{file}” cannot be read as labels: {reason}. Expected a name and a label in each row.",
            file=str(path),
            reason=reason,
        ) from error
    if rows and tuple(cell.strip().lower() for cell in rows[0][:2]) in _HEADERS:
        rows[0] = []
    found: dict[str, str] = {}
    for line, row in enumerate(rows, start=1):
        if any(cell.strip() for cell in row):
            _add(found, row, line, file)
    return found


def labels_of(names: Many[str], files: Many[Path], known: dict[str, str], source: str) -> tuple[str, ...]:
    """The label of each sequence, "" where there is none: by its name, its path in the corpus or its file's name.

    files: the paths in the corpus. Raises SequenceError where not one of the known names is a sequence's.
    """
    labels = tuple(
        next((known[each] for each in _called(name, file) if each in known), "")
        for name, file in zip(names, files, strict=True)
    )
    if not any(labels):
        raise SequenceError(
            "“{file}” labels none of the sequences; expected names such as “{name}” in its first column.",
            file=source,
            name=names[0],
        )
    return labels


def folder_labels(files: Many[Path]) -> tuple[str, ...]:
    """The folder that each file lies in within the corpus, as corpora of classes have it; "" at the top."""
    return tuple("" if file.parent == Path() else file.parent.as_posix() for file in files)


def _called(name: str, file: Path) -> tuple[str, ...]:
    return name, file.as_posix(), file.with_suffix("").as_posix(), file.name, file.stem


def _add(found: dict[str, str], row: list[str], line: int, file: Path) -> None:
    name, label = (cell.strip() for cell in (*row[:2], "")[:2])
    if len(row) < 2 or not name or not label:
        raise SequenceError(
            "“{file}” line {line} has no name and label; expected both, as in “{example}”.",
            file=str(file),
            line=line,
            example="a,1",
        )
    if found.setdefault(name, label) != label:
        raise SequenceError(
            "“{file}” line {line} gives “{name}” a second label, “{label}”; expected one for each name.",
            file=str(file),
            line=line,
            name=name,
            label=label,
        )
