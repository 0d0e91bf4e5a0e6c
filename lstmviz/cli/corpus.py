"""``lstmviz record`` of a corpus: many sequences into one store, by one process or by several under torchrun."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmviz.cli.command import progress_of
from lstmviz.cli.whole import recorder_of
from lstmviz.errors import SequenceError, TraceError
from lstmviz.language import tr

if TYPE_CHECKING:
    from lstmviz.sequences.sequence import Sequence
    from lstmviz.traces.corpus import Member
    from lstmviz.traces.trace import Trace

SECONDS_TO_WAIT = 120.0
"""How long the other processes of a corpus wait for the first one to lay out the store."""


@dataclass(frozen=True)
class _Item:
    """A sequence file, and its path in the corpus."""

    file: Path
    inside: Path


def record_corpus(arguments: argparse.Namespace, net: str, options: dict[str, Any]) -> int:
    """Record this process's share: every so-many-th file, where torchrun says how many processes there are."""
    from lstmviz.nets.fingerprint import fingerprint
    from lstmviz.nets.reader import load_model
    from lstmviz.sequences.readers import load_sequence

    rank, processes = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    items = _items(arguments.corpus, arguments.labels)
    names = _names(items)
    labels = _labels(items, names, arguments.labels)
    model = load_model(net)
    record = recorder_of(arguments, model)
    members = _members(Path(arguments.out), names, fingerprint(model), labels, first=rank == 0)
    share = list(zip(members, items, strict=True))[rank::processes]
    missing = [(member, item) for member, item in share if not member.recorded]
    with progress_of(arguments.out) as report:
        for done, (member, item) in enumerate(missing, start=len(share) - len(missing) + 1):
            _record(record, member, load_sequence(str(item.file), **options), arguments.dtype)
            report(done, len(share))
    print(
        tr(
            "{out}: {count} of {total} sequences recorded by process {process} of {processes}",
            out=arguments.out,
            count=len(missing),
            total=len(items),
            process=rank + 1,
            processes=processes,
        )
    )
    if any(labels) and rank == 0:
        print(tr("{count} of {total} have a label", count=sum(map(bool, labels)), total=len(items)))
    return 0


def _record(record: Callable[..., Trace], member: Member, sequence: Sequence, dtype: str | None) -> None:
    """Record beside the member's place and move it there, so that a member is whole or not there."""
    from lstmviz.traces.corpus import wrote

    beside = member.path.with_suffix(".part.zarr")
    trace = record(sequence, out=beside, dtype=dtype, overwrite=True)
    steps = len(trace)
    beside.rename(member.path)
    wrote(member, steps)


def _members(out: Path, names: Many[str], model: str, labels: Many[str], *, first: bool) -> tuple[Member, ...]:
    from lstmviz.traces.corpus import begin_corpus, is_corpus_store

    if first:
        return begin_corpus(out, names, model, labels)
    waited = 0.0
    while not is_corpus_store(out):
        if waited > SECONDS_TO_WAIT:
            raise TraceError("“{path}” was not begun by the first process in time; is it still there?", path=str(out))
        time.sleep(0.1)
        waited += 0.1
    return begin_corpus(out, names, model)


def _items(corpus: Many[str], labels: str | None) -> list[_Item]:
    """The files of a corpus, in an order that every process finds: those of a folder by name."""
    from lstmviz.sequences.readers import ENDINGS

    found: list[_Item] = []
    for name in corpus:
        path = Path(name)
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
            found += [_Item(file, file.relative_to(path)) for file in inside if not _same(file, labels)]
            if not found:
                raise SequenceError(
                    "There is no sequence in “{folder}”; expected files that end in one of: {known}.",
                    folder=name,
                    known=" ".join(sorted(ENDINGS)),
                )
        elif path.exists():
            found.append(_Item(path, Path(path.name)))
        else:
            raise SequenceError("There is no file or folder “{file}”.", file=name)
    return found


def _same(file: Path, labels: str | None) -> bool:
    """Whether a file is the list of labels, which may lie among the sequences."""
    return labels is not None and file.resolve() == Path(labels).resolve()


def _names(items: Many[_Item]) -> list[str]:
    """A name for each file: its own, with its folder's where two would be the same."""
    times = Counter(item.file.stem for item in items)
    return [item.file.stem if times[item.file.stem] == 1 else str(item.file) for item in items]


def _labels(items: Many[_Item], names: Many[str], file: str | None) -> tuple[str, ...]:
    """What each sequence is: as the file of labels says, else the folder that it lies in."""
    from lstmviz.sequences.labels import folder_labels, labels_of, read_labels

    inside = [item.inside for item in items]
    return folder_labels(inside) if file is None else labels_of(names, inside, read_labels(file), file)
