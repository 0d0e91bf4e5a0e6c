"""``lstmviz record``: a model and a sequence in, a trace store out; a corpus in, one store of many traces out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmviz.cli.command import Parser, key_value, progress_of
from lstmviz.cli.corpus import record_corpus
from lstmviz.cli.whole import recorder_of, whole_options
from lstmviz.errors import UsageError
from lstmviz.language import tr
from lstmviz.wire.model_place import split

if TYPE_CHECKING:
    from lstmviz.sequences.sequence import Sequence
    from lstmviz.traces.trace import Trace


def record_options(parser: Parser) -> None:
    """The flags of ``lstmviz record``."""
    parser.add_argument(
        "corpus",
        nargs="*",
        metavar=tr("CORPUS"),
        help=tr("a folder of sequence files, or several of them: all are recorded into one store"),
    )
    parser.add_argument(
        "--labels",
        metavar=tr("FILE"),
        help=tr("labels of a corpus: a CSV or TSV file with a name and a label a row; the folders' names if not given"),
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
    if arguments.labels and not arguments.corpus:
        raise UsageError("--labels says what the sequences of a CORPUS are; one sequence has none.")
    options = dict(key_value("--option", text) for text in arguments.option)
    from lstmviz.sequences.samples import check_known, net_named, net_names

    net = net_named(arguments.model)
    if net is None:
        check_known(split(arguments.model)[0], net_names())
    if arguments.corpus:
        return record_corpus(arguments, net or arguments.model, options)
    sequence = _sequence(arguments.sequence, options)
    from lstmviz.nets.reader import load_model

    trace = _recorded(recorder_of(arguments, load_model(net or arguments.model)), sequence, arguments)
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


def _recorded(record: Callable[..., Trace], sequence: Sequence, arguments: argparse.Namespace) -> Trace:
    """The recording; where Ctrl+C ends it, a sentence says what is left of it."""
    begun = False
    with progress_of(arguments.out) as report:

        def progress(done: int, total: int) -> None:
            nonlocal begun
            begun = True
            report(done, total)

        try:
            return record(
                sequence, out=arguments.out, dtype=arguments.dtype, overwrite=arguments.overwrite, progress=progress
            )
        except KeyboardInterrupt:
            if begun:
                from lstmviz.engine.store_recording import what_is_left

                print(f"lstmviz: {what_is_left(arguments.out)}", file=sys.stderr)
            raise


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
