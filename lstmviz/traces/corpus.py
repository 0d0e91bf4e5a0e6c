"""A corpus store: a folder NAME.zarr with a trace store for each sequence, which several processes may fill at once.

Each trace is moved into place whole, so that whatever is there can be opened, also after a recording that was killed;
zarr sees one group with a group for each sequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from lstmviz.errors import ExportError, TraceError
from lstmviz.traces.safe_write import replacing, sentence

VERSION = 1
MAX_WORDS = 64 << 20
"""The longest list of names that is read: about a million."""


@dataclass(frozen=True)
class Member:
    """One sequence of a corpus: its place, name and trace store; recorded tells whether that is there yet."""

    place: int
    name: str
    path: Path

    @property
    def recorded(self) -> bool:
        """Whether its trace has been written."""
        return (self.path / "zarr.json").exists()


class Words(msgspec.Struct, frozen=True):
    """What a corpus store says of itself: version, SHA-256 of the model's weights, names of the sequences."""

    lstmviz_corpus: int
    model: str
    sequences: tuple[str, ...]


class _Root(msgspec.Struct, frozen=True):
    """The zarr.json of the store."""

    attributes: Words
    zarr_format: int = 3
    node_type: str = "group"


def begin_corpus(path: str | Path, names: tuple[str, ...], model: str) -> tuple[Member, ...]:
    """The members of a new corpus store, or of one that was begun for the same sequences and model before.

    model is the SHA-256 of the weights. One process calls this, the others wait for ``is_corpus_store``. Raises
    ExportError for a name that does not end in .zarr, and where something else is in the way.
    """
    folder, words = Path(path), Words(VERSION, model, names)
    if folder.suffix.lower() != ".zarr":
        raise ExportError(
            "“{path}” does not end in .zarr; a corpus is recorded into a folder NAME.zarr.", path=str(path)
        )
    if is_corpus_store(folder):
        if _read(folder) != words:
            raise ExportError(
                "“{path}” holds a corpus of other sequences or of another model. Choose another name, or remove it.",
                path=str(path),
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(
            "“{path}” is there already and is no corpus; it is not replaced. Choose another name.", path=str(path)
        )
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise sentence(error, folder) from error
        with replacing(folder / "zarr.json") as new:
            new.write_bytes(msgspec.json.encode(_Root(words)))
    return _members(folder, words)


def open_corpus(path: str | Path) -> tuple[Member, ...]:
    """The members of a corpus store in the order of the corpus; raises TraceError where it cannot be read."""
    return _members(Path(path), _read(Path(path)))


def is_corpus_store(path: str | Path) -> bool:
    """Whether a folder calls itself a corpus store."""
    try:
        with (Path(path) / "zarr.json").open("rb") as stream:
            return b'"lstmviz_corpus"' in stream.read(1024)
    except (OSError, ValueError):
        return False


def _members(folder: Path, words: Words) -> tuple[Member, ...]:
    return tuple(Member(place, name, folder / f"{place:08d}.zarr") for place, name in enumerate(words.sequences))


def _read(folder: Path) -> Words:
    try:
        with (folder / "zarr.json").open("rb") as stream:
            words = msgspec.json.decode(stream.read(MAX_WORDS), type=_Root).attributes
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError("“{path}” could not be read: {reason}.", path=str(folder), reason=reason) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TraceError("“{path}” holds no sound corpus: its zarr.json is damaged.", path=str(folder)) from error
    if words.lstmviz_corpus != VERSION:
        raise TraceError(
            "“{path}” is a corpus of version {found}; this lstmviz reads version {expected}.",
            path=str(folder),
            found=words.lstmviz_corpus,
            expected=VERSION,
        )
    return words
