"""The command line: ``lstmviz [FILE…]`` opens the window, the other commands do without one.

Exit status: 0, 1 for a failure that the user can mend (one sentence on stderr), 2 for wrong usage, 130 after Ctrl+C.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lstmviz import __version__, language, paths
from lstmviz.errors import LstmvizError, UsageError
from lstmviz.language import mark, tr

INTERRUPTED = 130
PIPE_CLOSED = 141
"""As a shell says it of a program that a signal ended: 128 and the signal's number."""

Parser = argparse.ArgumentParser


@dataclass(frozen=True)
class Command:
    """One word of the command line: its help, its own options and what it does."""

    name: str
    help: str
    options: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: list[str] | None = None) -> int:
    """Run one command line, ``sys.argv`` unless given; the exit status."""
    words = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without “✓” or “ã” is no reason to fail
    language.use(_wished_language(words) or language.of_the_system())
    try:
        arguments = build_parser().parse_args(_with_command(words))
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except SystemExit as leaving:  # how argparse ends, after --help and after wrong usage
        return leaving.code if isinstance(leaving.code, int) else 1
    except KeyboardInterrupt:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # zarr's loop would tell of every task it drops
        return INTERRUPTED
    except BrokenPipeError:  # whoever read us has seen enough; nothing more may be flushed into the closed pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 — the edge: whatever went wrong becomes a sentence
        return _fail(error)
    return status


def build_parser() -> Parser:
    """The parser of every command, in the language in use."""
    _translate_argparse()
    parser = Parser(
        prog="lstmviz",
        description=tr("An oscilloscope for LSTMs: watch every gate of a recurrent net, one frame at a time."),
        epilog=tr("Without a command, `lstmviz [FILE…]` opens the window. `lstmviz COMMAND --help` says more."),
    )
    parser.add_argument("--version", action="version", version=f"lstmviz {__version__}")
    parser.add_argument("--language", choices=sorted(language.LANGUAGES), help=tr("language of every sentence"))
    commands = parser.add_subparsers(metavar=tr("COMMAND"), dest="command", required=True)
    for command in COMMANDS:
        help_text = tr(command.help)
        one = commands.add_parser(command.name, help=help_text, description=help_text)
        command.options(one)
        one.set_defaults(run=command.run)
    return parser


def _with_command(words: list[str]) -> list[str]:
    """The words with ``open`` put in where no command is named: `lstmviz FILE…` opens the window."""
    place = 0
    while place < len(words) and words[place].startswith("--language"):
        place += 2 if words[place] == "--language" else 1
    known = ("-h", "--help", "--version", *(command.name for command in COMMANDS))
    return words if place < len(words) and words[place] in known else [*words[:place], "open", *words[place:]]


def _wished_language(words: list[str]) -> str:
    """The value of ``--language``, needed before the help can be written; "" where there is none."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        if word == "--language":
            return following
        if word.startswith("--language="):
            return word.partition("=")[2]
    return ""


def _fail(error: Exception) -> int:
    from lstmviz.engine.failures import as_sentence

    log = "" if isinstance(error, LstmvizError) else _log(error)
    print(f"lstmviz: {as_sentence(error, log)}", file=sys.stderr)
    return 2 if isinstance(error, UsageError) else 1


def _log(error: Exception) -> str:
    """Write the traceback to the log of the command line, and say where that is."""
    try:
        path = paths.log_file("cli")
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} lstmviz {shlex.join(sys.argv[1:])}\n")
            file.writelines(traceback.format_exception(error))
    except OSError as unwritable:
        return str(unwritable)
    return str(path)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing in a pipe."""
    from tqdm import tqdm

    with tqdm(desc=what, leave=False, disable=not sys.stderr.isatty(), unit_scale=True) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report


# ── open and pictures ──


def _open_options(parser: Parser) -> None:
    parser.add_argument(
        "files", nargs="*", metavar=tr("FILE"), help=tr("a sequence, a model or a trace; several open together")
    )
    parser.add_argument("--sample", default="", metavar=tr("NAME"), help=tr("a sample, with its net where it has one"))


def _open(arguments: argparse.Namespace) -> int:
    files = _files(arguments)
    from lstmviz.app.display import check_display

    check_display()
    from lstmviz.app.main import run

    return run(files, arguments.sample, arguments.language or "")


def _pictures_options(parser: Parser) -> None:
    _open_options(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("lstmviz-run"),
        metavar=tr("FOLDER"),
        help=tr("where to; lstmviz-run if not said"),
    )


def _pictures(arguments: argparse.Namespace) -> int:
    from lstmviz.app.offscreen import draw

    for line in draw(_files(arguments), arguments.sample, arguments.out, arguments.language or ""):
        print(line, flush=True)
    return 0


def _files(arguments: argparse.Namespace) -> list[str]:
    for file in arguments.files:
        if not Path(file).exists():
            if Path(file).name != file or Path(file).suffix:  # no command looks like that
                raise LstmvizError("There is no file “{file}”.", file=file)
            raise UsageError(
                "“{file}” is neither a file nor a command. `lstmviz --help` lists the commands.", file=file
            )
    if arguments.sample:
        from lstmviz.sequences.samples import sample

        sample(arguments.sample)
    return [str(Path(file).absolute()) for file in arguments.files]


# ── record ──


def _record_options(parser: Parser) -> None:
    parser.add_argument(
        "--model", required=True, metavar="M", help=tr("a model file, or the name of a net that comes with lstmviz")
    )
    parser.add_argument("--sequence", required=True, metavar="S", help=tr("a sequence file, or the name of a sample"))
    parser.add_argument("--out", required=True, metavar="T.zarr", help=tr("the trace store to write"))
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar=tr("KEY=VALUE"),
        help=tr("how to read the sequence, for instance missing=interpolate; may be given several times"),
    )


def _record(arguments: argparse.Namespace) -> int:
    if Path(arguments.out).suffix.lower() != ".zarr":
        raise UsageError("--out “{path}” is no trace store; expected a name that ends in .zarr.", path=arguments.out)
    from lstmviz.sequences.samples import check_known, net_named, net_names, sequence_named, sequence_names

    options = dict(_key_value(text) for text in arguments.option)
    net, sequence = net_named(arguments.model), sequence_named(arguments.sequence)
    if net is None:
        check_known(arguments.model, net_names())
    if sequence is not None and options:
        raise UsageError(
            "--option says how to read a file; “{name}” is a sample, which is read in its own way.",
            name=arguments.sequence,
        )
    if sequence is None:
        check_known(arguments.sequence, sequence_names())
        from lstmviz.sequences.readers import load_sequence

        sequence = load_sequence(arguments.sequence, **options)
    from lstmviz.engine.recorder import record
    from lstmviz.nets.reader import load_model
    from lstmviz.traces.store import save_trace

    model = load_model(net or arguments.model)
    with _progress(arguments.out) as report:
        trace = record(model, sequence, progress=report)
    with _progress(arguments.out) as report:
        save_trace(trace, arguments.out, report)
    worst = tr("unchecked") if trace.check is None else f"max |Δ| = {trace.check.max_error:.1e}"
    print(
        tr(
            "{out}: {steps} steps; layers: {layers}; units: {units}; checked: {check}",
            out=arguments.out,
            steps=len(trace),
            layers=len(trace.layers),
            units=trace.units,
            check=worst,
        )
    )
    return 0


def _key_value(text: str) -> tuple[str, Any]:
    """One ``KEY=VALUE``; a value that is JSON (a number, true, a list) is that, any other is text."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError("--option “{text}” means nothing; expected KEY=VALUE.", text=text)
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


# ── export ──


def _export_options(parser: Parser) -> None:
    parser.add_argument("trace", metavar="T.zarr", help=tr("the trace store to export"))
    parser.add_argument("--out", required=True, metavar=tr("F"), help=tr("the file: .csv .tsv .parquet .npz .h5"))
    for name, example, meaning in (
        ("signals", "f,i,o", mark("signals, “all” for the derived ones too; without it, all that are stored")),
        ("layers", "0,1", mark("layers, counted from 0; without it, all")),
        ("directions", "forward", mark("forward, reverse or both; without it, all")),
        ("units", "0:16", mark("units, the last not included, or 1,3,5; without it, all")),
        ("steps", "100:200", mark("steps, the last not included, or 1,3,5; without it, all")),
    ):
        parser.add_argument(f"--{name}", metavar=example, help=tr(meaning))
    parser.add_argument(
        "--form", choices=("long", "wide"), default="long", help=tr("of a table: a row a value, or a row a step")
    )


def _export(arguments: argparse.Namespace) -> int:
    from lstmviz.traces.export import export, exporter_for
    from lstmviz.traces.store import open_trace

    exporter_for(arguments.out)
    with _progress(arguments.trace) as report:
        trace = open_trace(arguments.trace, report)
    selection = {name: getattr(arguments, name) for name in ("signals", "layers", "directions", "units", "steps")}
    with _progress(arguments.out) as report:
        export(trace, arguments.out, **selection, form=arguments.form, progress=report)
    print(tr("{out}: {size} bytes", out=arguments.out, size=Path(arguments.out).stat().st_size))
    return 0


# ── inspect ──


def _inspect_options(parser: Parser) -> None:
    parser.add_argument("what", metavar="M", help=tr("a model, a trace store or a sequence, by file or sample name"))


def _inspect(arguments: argparse.Namespace) -> int:
    from lstmviz.engine.inspection import inspect_file, inspect_sequence, inspect_truth
    from lstmviz.sequences.samples import net_named, sample, sequence_named

    what: str = arguments.what
    net, sequence = net_named(what), sequence_named(what)
    tables: list[Iterable[tuple[str, str]]] = [inspect_file(net)] if net else []
    if sequence is not None:
        truth = sample(what).truth
        tables.append([*inspect_sequence(sequence), *(inspect_truth(truth) if truth else ())])
    for n, lines in enumerate(tables or [inspect_file(what)]):
        if n:
            print()
        _print_table([(f"{name}:" if name else "", value) for name, value in lines])
    return 0


# ── samples ──


def _no_options(_parser: Parser) -> None:
    pass


def _samples(_arguments: argparse.Namespace) -> int:
    from lstmviz.sequences.samples import samples

    rows: list[tuple[str, ...]] = [(tr("sample"), tr("kind"), tr("net"), tr("title"))]
    rows += [(sample.id, sample.kind, sample.net or "–", sample.title) for sample in samples()]
    _print_table(rows)
    return 0


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Columns side by side; the last may run over several lines."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    for row in rows:
        start = "".join(f"{cell:<{width + 2}}" for cell, width in zip(row, widths, strict=False))
        print((start + row[-1].replace("\n", "\n" + " " * len(start))).rstrip())


# ── doctor and engine ──


def _doctor(_arguments: argparse.Namespace) -> int:
    from lstmviz.engine.doctor import findings

    sound = True
    for finding in findings():
        print(f"{'✓' if finding.ok else '✗'} {finding.what:<20} {finding.found}", flush=True)
        sound &= finding.ok
    return 0 if sound else 1


def _engine(_arguments: argparse.Namespace) -> int:
    from lstmviz.engine.server import main as serve

    return serve()


COMMANDS = (
    Command("open", mark("open the window; the word may be left out"), _open_options, _open),
    Command("pictures", mark("draw the window at ten frames, without a screen"), _pictures_options, _pictures),
    Command("record", mark("record a model on a sequence, into a trace store"), _record_options, _record),
    Command("export", mark("export a part of a trace as CSV, TSV, Parquet, NPZ or HDF5"), _export_options, _export),
    Command("inspect", mark("say what is inside a model, a trace store or a sequence"), _inspect_options, _inspect),
    Command("samples", mark("list the sequences and nets that come with lstmviz"), _no_options, _samples),
    Command("doctor", mark("check the installation: versions, display, processor and GPU"), _no_options, _doctor),
    Command("engine", mark("serve the window over standard input and output"), _no_options, _engine),
)

_ARGPARSE = (
    mark("usage: "),
    mark("options"),
    mark("positional arguments"),
    mark("show this help message and exit"),
    mark("show program's version number and exit"),
    mark("the following arguments are required: %s"),
    mark("unrecognized arguments: %s"),
    mark("expected one argument"),
    mark("argument %(argument_name)s: %(message)s"),
    mark("invalid choice: %(value)r (choose from %(choices)s)"),
    mark("%(prog)s: error: %(message)s\n"),
)
"""The sentences of argparse that a user of ours can meet."""


def _translate_argparse() -> None:
    """WORKAROUND (Python 3.11 to 3.14): argparse looks its sentences up in gettext's global catalogue, not in ours."""
    translation: dict[str, Any] = vars(argparse)
    translation["_"] = tr
