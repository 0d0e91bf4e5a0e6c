"""``lstmviz record``: a model and a sequence in, a trace store out; a corpus in, one store of many traces out."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmviz.cli.command import Parser, key_value, progress_of
from lstmviz.cli.whole import recorder_of, whole_options
from lstmviz.errors import SequenceError, TraceError, UsageError
from lstmviz.language import tr
from lstmviz.wire.model_place import split

if TYPE_CHECKING:
    from lstmviz.sequences.sequence import Sequence
    from lstmviz.traces.corpus import Member
    from lstmviz.traces.trace import Trace

SECONDS_TO_WAIT = 120.0
"""How long the other processes of a corpus wait for the first one to lay out the store."""


def record_options(parser: Parser) -> None:
    """The flags of ``lstmviz record``."""
    parser.add_argument(
        "corpus",
        nargs="*",
        metavar=tr("CORPUS"),
        help=tr("a folder of sequence files, or several of them: all are recorded into one store"),
    )
    parser.add_argument(
        "--model", required=True, metavar="M", help=tr("a model file, or the name of a net that comes with lstmviz")
    )
    parser.add_argument("--sequence", metavar="S", help=tr("one sequence file, or the name of a sample"))
    parser.add_argument("--out", required=True, metavar="T.zarr", help=tr("the trace store to write"))
    parser.add_argument(
        "--dtype",
        choices=("float16", "float32", "float64"),
        help=tr("what the signals are stored as; the model's own type if not said"),
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help=tr("replace a recording that is there; it goes when the new one is complete"),
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar=tr("KEY=VALUE"),
        help=tr("how to read the sequence, for instance missing=interpolate; may be given several times"),
    )
    whole_options(parser)


def record_command(arguments: argparse.Namespace) -> int:
    """Record one sequence, or a corpus: under torchrun each process its share of it."""
    if Path(arguments.out).suffix.lower() != ".zarr":
        raise UsageError("--out “{path}” is no trace store; expected a name that ends in .zarr.", path=arguments.out)
    if bool(arguments.corpus) == (arguments.sequence is not None):
        raise UsageError("Record either --sequence S, or a CORPUS: a folder of sequence files, or several of them.")
    options = dict(key_value("--option", text) for text in arguments.option)
    from lstmviz.sequences.samples import check_known, net_named, net_names

    net = net_named(arguments.model)
    if net is None:
        check_known(split(arguments.model)[0], net_names())
    if arguments.corpus:
        return _record_corpus(arguments, net or arguments.model, options)
    sequence = _sequence(arguments.sequence, options)
    from lstmviz.nets.reader import load_model

    record, out = recorder_of(arguments, load_model(net or arguments.model)), arguments.out
    with progress_of(out) as report:
        trace = record(sequence, out=out, dtype=arguments.dtype, overwrite=arguments.overwrite, progress=report)
    print(
        tr(
            "{out}: {steps} steps; layers: {layers}; units: {units}; checked: {check}",
            out=arguments.out,
            steps=len(trace),
            layers=len(trace.layers),
            units=trace.units,
            check=_worst([trace]),
        )
    )
    return 0


def _sequence(name: str, options: dict[str, Any]) -> Sequence:
    from lstmviz.sequences.readers import load_sequence
    from lstmviz.sequences.samples import check_known, sequence_named, sequence_names

    sequence = sequence_named(name)
    if sequence is not None and options:
        raise UsageError(
            "--option says how to read a file; “{name}” is a sample, which is read in its own way.", name=name
        )
    if sequence is None:
        check_known(name, sequence_names())
        sequence = load_sequence(name, **options)
    return sequence


def _worst(traces: list[Trace]) -> str:
    errors = [trace.check.max_error for trace in traces if trace.check is not None]
    return tr("max |Δ| = {error:.1e}", error=max(errors)) if errors else tr("unchecked")


# ── a corpus ──


def _record_corpus(arguments: argparse.Namespace, net: str, options: dict[str, Any]) -> int:
    """Record this process's share: every so-many-th file, where torchrun says how many processes there are."""
    from lstmviz.nets.fingerprint import fingerprint
    from lstmviz.nets.reader import load_model
    from lstmviz.sequences.readers import load_sequence
    from lstmviz.traces.store import save_trace

    rank, processes = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    files = _files(arguments.corpus)
    model = load_model(net)
    record = recorder_of(arguments, model)
    members = _members(Path(arguments.out), tuple(_names(files)), fingerprint(model), first=rank == 0)
    share = list(zip(members, files, strict=True))[rank::processes]
    traces = 0
    with progress_of(arguments.out) as report:
        for done, (member, file) in enumerate(share):
            if not member.recorded:
                save_trace(record(load_sequence(str(file), **options)), member.path)
                traces += 1
            report(done + 1, len(share))
    print(
        tr(
            "{out}: {count} of {total} sequences recorded by process {process} of {processes}",
            out=arguments.out,
            count=traces,
            total=len(files),
            process=rank + 1,
            processes=processes,
        )
    )
    return 0


def _members(out: Path, names: tuple[str, ...], model: str, *, first: bool) -> tuple[Member, ...]:
    from lstmviz.traces.corpus import begin_corpus, is_corpus_store

    waited = 0.0
    while not first and not is_corpus_store(out):
        if waited > SECONDS_TO_WAIT:
            raise TraceError("“{path}” was not begun by the first process in time; is it still there?", path=str(out))
        time.sleep(0.1)
        waited += 0.1
    return begin_corpus(out, names, model)


def _files(corpus: list[str]) -> list[Path]:
    """The files of a corpus, in an order that every process finds: those of a folder by name."""
    from lstmviz.sequences.readers import ENDINGS

    found: list[Path] = []
    for name in corpus:
        path = Path(name)
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
            if not inside:
                raise SequenceError(
                    "There is no sequence in “{folder}”; expected files that end in one of: {known}.",
                    folder=name,
                    known=" ".join(sorted(ENDINGS)),
                )
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise SequenceError("There is no file or folder “{file}”.", file=name)
    return found


def _names(files: list[Path]) -> list[str]:
    """A name for each file: its own, with its folder's where two would be the same."""
    times = Counter(file.stem for file in files)
    return [file.stem if times[file.stem] == 1 else str(file) for file in files]
