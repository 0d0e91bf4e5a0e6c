"""The commands that open, draw, export, list and check."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from lstmviz.cli.command import Parser, print_table, progress_of
from lstmviz.errors import LstmvizError, UsageError
from lstmviz.language import LANGUAGES, mark, tr


def open_options(parser: Parser) -> None:
    parser.add_argument(
        "files", nargs="*", metavar=tr("FILE"), help=tr("a sequence, a model or a trace; several open together")
    )
    parser.add_argument("--sample", default="", metavar=tr("NAME"), help=tr("a sample, with its net where it has one"))


def open_window(arguments: argparse.Namespace) -> int:
    files = _files(arguments)
    from lstmviz.app.display import check_display

    check_display()
    from lstmviz.app.main import run

    return run(files, arguments.sample, arguments.language or "")


def pictures_options(parser: Parser) -> None:
    open_options(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("lstmviz-run"),
        metavar=tr("FOLDER"),
        help=tr("where to; lstmviz-run if not said"),
    )


def draw_pictures(arguments: argparse.Namespace) -> int:
    from lstmviz.app.offscreen import draw

    for line in draw(_files(arguments), arguments.sample, arguments.out, arguments.language or ""):
        print(line, flush=True)
    return 0


def _files(arguments: argparse.Namespace) -> list[str]:
    for file in arguments.files:
        if not Path(file).exists() and not _is_address(file):
            if Path(file).name != file or Path(file).suffix:  # no command looks like that
                raise LstmvizError("There is no file “{file}”.", file=file)
            raise UsageError(
                "“{file}” is neither a file nor a command. `lstmviz --help` lists the commands.", file=file
            )
    if arguments.sample:
        from lstmviz.sequences.samples import sample

        sample(arguments.sample)
    return [file if _is_address(file) else str(Path(file).absolute()) for file in arguments.files]


def _is_address(file: str) -> bool:
    """Whether this names storage elsewhere, such as s3://bucket/a.zarr, which is asked when it is opened."""
    return "://" in file


def export_options(parser: Parser) -> None:
    parser.add_argument("trace", metavar="T.zarr", help=tr("the trace store, or a probe of a run (.npz), to export"))
    parser.add_argument(
        "--out",
        required=True,
        metavar=tr("F"),
        help=tr("the file: .csv .tsv .parquet .npz .h5, or a whole store: .zarr .zarr.zip"),
    )
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


def export_trace(arguments: argparse.Namespace) -> int:
    from lstmviz.runs.folder import is_run
    from lstmviz.runs.probes import read_probe
    from lstmviz.traces.export import export, exporter_for
    from lstmviz.traces.pack import is_packed
    from lstmviz.traces.store import open_trace, save_trace

    selection = {name: getattr(arguments, name) for name in ("signals", "layers", "directions", "units", "steps")}
    whole = is_packed(arguments.out) or Path(arguments.out).suffix.lower() == ".zarr"
    if not whole:
        exporter_for(arguments.out)
    elif any(wish is not None for wish in selection.values()):
        raise UsageError(
            "“{path}” is a store, which holds all of a trace. Leave out what chooses a part, or name another format.",
            path=arguments.out,
        )
    place = Path(arguments.trace)
    if place.suffix == ".npz" and is_run(place.absolute().parent.parent):
        trace = read_probe(place)
    else:
        with progress_of(arguments.trace) as report:
            trace = open_trace(arguments.trace, report, lazy=whole or None)
    with progress_of(arguments.out) as report:
        if whole:
            save_trace(trace, arguments.out, report)
        else:
            export(trace, arguments.out, **selection, form=arguments.form, progress=report)
    print(tr("{out}: {size} bytes", out=arguments.out, size=_bytes_of(Path(arguments.out))))
    return 0


def _bytes_of(place: Path) -> int:
    files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def inspect_options(parser: Parser) -> None:
    parser.add_argument("what", metavar="M", help=tr("a model, a trace store or a sequence, by file or sample name"))


def inspect_anything(arguments: argparse.Namespace) -> int:
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
        print_table([(f"{name}:" if name else "", value) for name, value in lines])
    return 0


def no_options(_parser: Parser) -> None:
    pass


def list_samples(_arguments: argparse.Namespace) -> int:
    from lstmviz.sequences.samples import samples

    rows: list[tuple[str, ...]] = [(tr("sample"), tr("kind"), tr("net"), tr("title"))]
    rows += [(sample.id, sample.kind, sample.net or "–", sample.title) for sample in samples()]
    print_table(rows)
    return 0


def check_installation(_arguments: argparse.Namespace) -> int:
    from lstmviz.engine.doctor import findings

    sound = True
    for finding in findings():
        print(f"{'✓' if finding.ok else '✗'} {finding.what:<20} {finding.found}", flush=True)
        sound &= finding.ok
    return 0 if sound else 1


def engine_options(parser: Parser) -> None:
    parser.add_argument(
        "--heartbeat",
        type=float,
        default=0.0,
        metavar=tr("SECONDS"),
        help=tr("end, with a checkpoint of every training, when nothing is heard for so long; 0: wait for ever"),
    )
    parser.add_argument(
        "--language", choices=sorted(LANGUAGES), default=argparse.SUPPRESS, help=tr("language of every sentence")
    )


def serve_window(arguments: argparse.Namespace) -> int:
    from lstmviz.engine.server import main as serve

    return serve(arguments.heartbeat)
