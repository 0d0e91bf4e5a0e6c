"""A corpus store: a folder NAME.zarr with a trace store for each sequence, which several processes may fill at once.

    NAME.zarr/zarr.json          the names of the sequences, their labels, the model
    NAME.zarr/00000000.zarr/     the trace of the first sequence, and so on
    NAME.zarr/lstmviz/members    a line for each trace that is there: its place and how many steps it has

Each trace is moved into place whole, so that whatever is there can be opened, also after a recording that was killed;
zarr sees one group with a group for each sequence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lstmviz.errors import ExportError, TraceError
from lstmviz.traces.safe_write import replacing, sentence

VERSION = 1
MAX_WORDS = 64 << 20
"""The longest list of names, or of what is there, that is read: about a million."""
_JOURNAL = Path("lstmviz", "members")
_MEMBER = re.compile(r"(\d{8,})\.zarr")
_LINE = re.compile(rb"(\d{1,12}) (\d{1,12})")


@dataclass(frozen=True)
class Member:
    """One sequence of a corpus: its place, name and label ("" without one), the store's folder, and what is there.

    recorded: whether its trace was written when the corpus was read. steps: how many it has, None where nobody said.
    """

    place: int
    name: str
    folder: Path
    label: str = ""
    recorded: bool = False
    steps: int | None = None

    @property
    def path(self) -> Path:
        """Its trace store, whether it is there yet or not."""
        return self.folder / f"{self.place:08d}.zarr"


class Words(msgspec.Struct, frozen=True):
    """What a corpus store says of itself: version, SHA-256 of the model's weights, names of the sequences, labels.

    There is a label for each name, or none at all, as in stores that are older than labels.
    """

    lstmviz_corpus: int
    model: str
    sequences: tuple[str, ...]
    labels: tuple[str, ...] = ()


class _Root(msgspec.Struct, frozen=True):
    """The zarr.json of the store."""

    attributes: Words
    zarr_format: int = 3
    node_type: str = "group"


def begin_corpus(path: str | Path, names: Many[str], model: str, labels: Many[str] = ()) -> tuple[Member, ...]:
    """The members of a new corpus store, or of one that was begun for the same sequences and model before.

    model is the SHA-256 of the weights; labels, one a name, take the place of those of before. One process calls this,
    the others wait for ``is_corpus_store``. Raises ExportError for a name that does not end in .zarr, and where
    something else is in the way.
    """
    folder, words = Path(path), Words(VERSION, model, tuple(names), tuple(labels) if any(labels) else ())
    if folder.suffix.lower() != ".zarr":
        raise ExportError(
            "“{path}” does not end in .zarr; a corpus is recorded into a folder NAME.zarr.", path=str(path)
        )
    if is_corpus_store(folder):
        old = _read(folder)
        if (old.sequences, old.model) != (words.sequences, words.model):
            raise ExportError(
                "“{path}” holds a corpus of other sequences or of another model. Choose another name, or remove it.",
                path=str(path),
            )
        if words.labels and words != old:
            _write(folder, words)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(
            "“{path}” is there already and is no corpus; it is not replaced. Choose another name.", path=str(path)
        )
    else:
        _write(folder, words)
    return open_corpus(folder)


def open_corpus(path: str | Path) -> tuple[Member, ...]:
    """The members of a corpus store in the order of the corpus; raises TraceError where it cannot be read."""
    folder = Path(path)
    words = _read(folder)
    there, steps = _there(folder), _steps(folder)
    labels = words.labels or [""] * len(words.sequences)
    return tuple(
        Member(place, name, folder, label, place in there, steps.get(place) if place in there else None)
        for place, (name, label) in enumerate(zip(words.sequences, labels, strict=True))
    )


def wrote(member: Member, steps: int) -> None:
    """Say that a member's trace is there, with so many steps; several processes may say so at once."""
    journal = member.folder / _JOURNAL
    try:
        journal.parent.mkdir(exist_ok=True)
        # one write of one line at the end of the file: lines of several processes do not mix
        number = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(number, b"%d %d\n" % (member.place, steps))
        finally:
            os.close(number)
    except OSError as error:
        raise sentence(error, journal) from error


def is_corpus_store(path: str | Path) -> bool:
    """Whether a folder calls itself a corpus store."""
    try:
        with (Path(path) / "zarr.json").open("rb") as stream:
            return b'"lstmviz_corpus"' in stream.read(1024)
    except (OSError, ValueError):
        return False


def place_in_corpus(path: str) -> tuple[str, int] | None:
    """The corpus store and the place that the path of a member's trace names; None for any other path."""
    file = Path(path)
    found = _MEMBER.fullmatch(file.name)
    return (str(file.parent), int(found[1])) if found and file.parent.suffix.lower() == ".zarr" else None


def _there(folder: Path) -> set[int]:
    """The places whose trace is there: one look at the folder, since a corpus may have a hundred thousand."""
    try:
        with os.scandir(folder) as entries:
            return {int(found[1]) for entry in entries if (found := _MEMBER.fullmatch(entry.name))}
    except OSError as error:
        raise _unreadable(folder, error) from error


def _steps(folder: Path) -> dict[int, int]:
    """How many steps the traces have, as far as it was said; what is no line, such as half a one, is left out."""
    try:
        with (folder / _JOURNAL).open("rb") as stream:
            lines = stream.read(MAX_WORDS).split(b"\n")[:-1]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(folder, error) from error
    found = (_LINE.fullmatch(line) for line in lines)
    return {int(line[1]): int(line[2]) for line in found if line}


def _write(folder: Path, words: Words) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise sentence(error, folder) from error
    with replacing(folder / "zarr.json") as new:
        new.write_bytes(msgspec.json.encode(_Root(words)))


def _read(folder: Path) -> Words:
    try:
        with (folder / "zarr.json").open("rb") as stream:
            words = msgspec.json.decode(stream.read(MAX_WORDS), type=_Root).attributes
    except OSError as error:
        raise _unreadable(folder, error) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TraceError("“{path}” holds no sound corpus: its zarr.json is damaged.", path=str(folder)) from error
    if words.lstmviz_corpus != VERSION:
        raise TraceError(
            "“{path}” is a corpus of version {found}; this lstmviz reads version {expected}.",
            path=str(folder),
            found=words.lstmviz_corpus,
            expected=VERSION,
        )
    if words.labels and len(words.labels) != len(words.sequences):
        raise TraceError("“{path}” holds no sound corpus: its zarr.json is damaged.", path=str(folder))
    return words


def _unreadable(folder: Path, error: OSError) -> TraceError:
    reason = error.strerror or str(error)
    return TraceError("“{path}” could not be read: {reason}.", path=str(folder), reason=reason)
