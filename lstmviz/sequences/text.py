"""Text as a sequence: a character or a word a step."""

from __future__ import annotations

import re
from collections.abc import Sequence as List
from pathlib import Path

import numpy as np

from lstmviz.errors import SequenceError
from lstmviz.sequences.delimited import check_skip, decode
from lstmviz.sequences.sequence import Sequence

_WORD = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]|\n")


def read(
    path: Path,
    *,
    level: str = "characters",
    vocabulary: List[str] | None = None,
    skip: int = 0,
    encoding: str | None = None,
) -> Sequence:
    """Read a text; values (T, 1) are places in the vocabulary, targets the place of the next symbol, the last NaN.

    level: ``characters`` (Unicode code points; a line ends with one newline, whatever the file has) or ``words``
    (words, marks and newlines each a symbol, blanks none). vocabulary: the symbols in order; None takes those of the
    text in order of first appearance. skip: lines at the top to leave out. Raises SequenceError for bytes that are not
    UTF-8 (or the encoding named) and symbols outside the vocabulary, with their place.
    """
    if level not in ("characters", "words"):
        raise SequenceError(
            "“{file}”: level={level} is not known; expected characters or words.", file=path.name, level=level
        )
    check_skip(skip, path)
    text = decode(path.read_bytes(), path, encoding).replace("\r\n", "\n").replace("\r", "\n")
    # not splitlines: it also splits at form feeds and Unicode separators, which are characters of a line
    text = "\n".join(text.split("\n")[skip:])
    symbols = list(text) if level == "characters" else _WORD.findall(text)
    if not symbols:
        raise SequenceError("“{file}” has no {level} to read; expected at least one.", file=path.name, level=level)
    known = tuple(dict.fromkeys(symbols)) if vocabulary is None else tuple(vocabulary)
    if len(set(known)) < len(known):
        twice = next(symbol for place, symbol in enumerate(known) if symbol in known[:place])
        raise SequenceError(
            "The vocabulary has the symbol {symbol} twice; expected each symbol once.", symbol=repr(twice)
        )
    places = _places(symbols, known, path, skip)
    return Sequence(
        places[:, None],
        names=("symbol",),
        kind="text",
        name=path.stem,
        vocabulary=known,
        targets=np.append(places[1:], np.float32(np.nan))[:, None],
        target_names=("next",),
        source=path.name,
    )


def _places(
    symbols: list[str], vocabulary: tuple[str, ...], path: Path, skipped: int
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    table = {symbol: place for place, symbol in enumerate(vocabulary)}
    for step, symbol in enumerate(symbols):
        if symbol not in table:
            raise SequenceError(
                "“{file}” line {line}, step {step}: {symbol} is not in the vocabulary of {count} symbols; take it out "
                "of the text, or add it to the vocabulary.",
                file=path.name,
                line=skipped + symbols[:step].count("\n") + 1,
                step=step,
                symbol=repr(symbol),
                count=len(vocabulary),
            )
    return np.array([table[symbol] for symbol in symbols], dtype=np.float32)
