"""Reading a sequence from a file: a table from the ending to the reader, and one place where every failure ends."""

from __future__ import annotations

import inspect
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from lstmviz.errors import SequenceError
from lstmviz.language import mark, tr
from lstmviz.sequences.sequence import Sequence

MIB = 1 << 20

FAULTS = (
    OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, MemoryError,
    RecursionError, NotImplementedError, RuntimeError, SyntaxError, struct.error, tokenize.TokenError, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip
"""What the libraries below raise on bad files: a dozen types, made one at this edge."""


@dataclass(frozen=True)
class Format:
    """A file format: its title for a person, the module that reads it, the endings it is known by.

    A file of more than ``largest`` bytes is refused: what is read from it would take some twenty times as much memory
    where it is text, and up to eight times where it is numbers.
    """

    title: str
    module: str
    endings: tuple[str, ...]
    largest: int

    @property
    def read(self) -> Callable[..., Sequence]:
        """The reader, ``read(path, **options)``; its module is loaded when it is first used."""
        function: Callable[..., Sequence] = import_module(self.module).read
        return function

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the reader's options."""
        return tuple(inspect.signature(self.read).parameters)[1:]


FORMATS: dict[str, Format] = {
    "table": Format(mark("table"), "lstmviz.sequences.table", (".csv", ".tsv", ".tab", ".dat"), 128 * MIB),
    "array": Format(mark("NumPy array"), "lstmviz.sequences.arrays", (".npy", ".npz"), 1024 * MIB),
    "text": Format(mark("text"), "lstmviz.sequences.text", (".txt", ".text", ".md"), 16 * MIB),
    "audio": Format(mark("audio"), "lstmviz.sequences.audio", (".wav", ".wave"), 256 * MIB),
    "image": Format(mark("image"), "lstmviz.sequences.image", (".png",), 64 * MIB),
}

ENDINGS: dict[str, str] = {ending: name for name, format in FORMATS.items() for ending in format.endings}
"""Ending → name of the format."""


def load_sequence(path: str | Path, *, format: str | None = None, **options: object) -> Sequence:
    """Read a sequence from a file.

    The ending chooses the reader (ENDINGS), ``format`` (a key of FORMATS) overrules it, and the rest goes to the
    reader: the options of ``read`` in lstmviz.sequences.table (``columns``, ``time``, ``missing``, …), arrays, text,
    audio and image. A ``.txt`` of columns of numbers is read as a table. Raises SequenceError, and nothing else, for a
    file that cannot be read.
    """
    path = Path(path)
    _check_file(path)
    name = format or _format_of(path)
    if name not in FORMATS:
        raise SequenceError(
            "There is no format “{format}” of sequences; expected one of {known}.",
            format=name,
            known=", ".join(FORMATS),
        )
    chosen = FORMATS[name]
    for option in options:
        if option not in chosen.options:
            raise SequenceError(
                "“{file}” is read as {format}, which has no option “{option}”; its options are {known}.",
                file=path.name,
                format=tr(chosen.title),
                option=option,
                known=", ".join(chosen.options),
            )
    _check_size(path, chosen)
    try:
        return chosen.read(path, **options)
    except SequenceError:
        raise
    except FAULTS as error:
        raise SequenceError(
            "“{file}” cannot be read as {format}: {reason}. Expected a whole file of that format.",
            file=path.name,
            format=tr(chosen.title),
            reason=str(error).rstrip(".") or type(error).__name__,
        ) from error


def _check_file(path: Path) -> None:
    """Refuse what cannot be opened, is no file or is empty."""
    if path.is_dir():
        raise SequenceError("“{file}” is a folder; expected a file.", file=str(path))
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise SequenceError("“{file}” is a device or a pipe; expected a file.", file=str(path))
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise SequenceError("There is no file “{file}”.", file=str(path)) from error
    except PermissionError as error:
        raise SequenceError("“{file}” may not be read: permission denied.", file=str(path)) from error
    except (OSError, ValueError) as error:
        raise SequenceError("“{file}” cannot be opened: {reason}.", file=str(path), reason=str(error)) from error
    if size == 0:
        raise SequenceError("“{file}” is empty; expected a sequence.", file=path.name)


def _check_size(path: Path, format: Format) -> None:
    size = path.stat().st_size
    if size > format.largest:
        raise SequenceError(
            "“{file}” has {size} bytes; expected at most {most} for a {format}. Cut it into parts.",
            file=path.name,
            size=size,
            most=format.largest,
            format=tr(format.title),
        )


def _format_of(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise SequenceError(
            "“{file}” has an ending that is not known, “{ending}”; expected one of {known}, or say what it is with "
            "format=….",
            file=path.name,
            ending=ending,
            known=", ".join(ENDINGS),
        )
    name = ENDINGS[ending]
    if name == "text" and _is_columns_of_numbers(path):
        return "table"
    return name


def _is_columns_of_numbers(path: Path) -> bool:
    """Whether a text is a table under the wrong ending: several lines, three words of four of them numbers."""
    with path.open("rb") as file:
        lines = file.read(8192).decode("utf-8", "replace").splitlines()[:-1]
    words = [word for line in lines for word in line.replace(";", " ").replace(",", " ").split()]
    numbers = sum(word[0].isdigit() or (word[0] in "+-." and word[1:2].isdigit()) for word in words)
    return len(lines) >= 2 and len(words) >= 2 * len(lines) and numbers >= 0.75 * len(words)
