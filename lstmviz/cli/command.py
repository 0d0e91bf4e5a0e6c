"""What every command of the command line is, and what several of them need."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lstmviz.errors import UsageError

Parser = argparse.ArgumentParser


@dataclass(frozen=True)
class Command:
    """One word of the command line: its help, its own options and what it does."""

    name: str
    help: str
    options: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]


@contextmanager
def progress_of(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing in a pipe."""
    from tqdm import tqdm

    with tqdm(desc=what, leave=False, disable=not sys.stderr.isatty(), unit_scale=True) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report


def key_value(flag: str, text: str) -> tuple[str, Any]:
    """One ``KEY=VALUE`` of a flag; a value that is JSON (a number, true, a list) is that, any other is text."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError("{flag} “{text}” means nothing; expected KEY=VALUE.", flag=flag, text=text)
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Columns side by side; the last may run over several lines."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    for row in rows:
        start = "".join(f"{cell:<{width + 2}}" for cell, width in zip(row, widths, strict=False))
        print((start + row[-1].replace("\n", "\n" + " " * len(start))).rstrip())
