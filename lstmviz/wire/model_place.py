"""Where a model is: a file, or one recurrent stack of a file that holds several, written FILE#STACK."""

from __future__ import annotations

from pathlib import Path

MARK = "#"


def join(path: str, stack: str) -> str:
    """The place of a stack within a file; the file's own where the stack has no name."""
    return f"{path}{MARK}{stack}" if stack else path


def split(place: str) -> tuple[str, str]:
    """The file and the stack of a place, "" for none; a file whose own name has the mark in it stays whole."""
    path, mark, stack = place.rpartition(MARK)
    if not mark or not path or Path(place).exists():
        return place, ""
    return path, stack
