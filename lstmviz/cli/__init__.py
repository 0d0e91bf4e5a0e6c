"""The command line: ``lstmviz [FILE…]`` opens the window, the other commands do without one.

Exit status: 0, 1 for a failure that the user can mend (one sentence on stderr), 2 for wrong usage, 130 after Ctrl+C.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import shlex
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from lstmviz import __version__, language, paths
from lstmviz.cli.command import Command, Parser
from lstmviz.cli.convert import convert_command, convert_options
from lstmviz.cli.looking import (
    check_installation,
    draw_pictures,
    engine_options,
    export_options,
    export_trace,
    inspect_anything,
    inspect_options,
    list_samples,
    no_options,
    open_options,
    open_window,
    pictures_options,
    serve_window,
)
from lstmviz.cli.record import record_command, record_options
from lstmviz.cli.train import train_command, train_options
from lstmviz.errors import LstmvizError, UsageError
from lstmviz.language import mark, tr

INTERRUPTED = 130
PIPE_CLOSED = 141
"""As a shell says it of a program that a signal ended: 128 and the signal's number."""


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
    shown = tr("show program's version number and exit")
    parser.add_argument("--version", action="version", version=f"lstmviz {__version__}", help=shown)
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


COMMANDS = (
    Command("open", mark("open the window; the word may be left out"), open_options, open_window),
    Command("pictures", mark("draw the window at ten frames, without a screen"), pictures_options, draw_pictures),
    Command("record", mark("record a model on a sequence, into a trace store"), record_options, record_command),
    Command("train", mark("train a net; the same settings as in the window"), train_options, train_command),
    Command("export", mark("export a part of a trace as CSV, TSV, Parquet, NPZ or HDF5"), export_options, export_trace),
    Command(
        "inspect", mark("say what is inside a model, a trace store or a sequence"), inspect_options, inspect_anything
    ),
    Command(
        "convert",
        mark("write a model of another framework as a net that lstmviz and plain PyTorch open"),
        convert_options,
        convert_command,
    ),
    Command("samples", mark("list the sequences and nets that come with lstmviz"), no_options, list_samples),
    Command(
        "doctor", mark("check the installation: versions, display, processor and GPU"), no_options, check_installation
    ),
    Command("engine", mark("serve the window over standard input and output"), engine_options, serve_window),
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
    mark("invalid %(type)s value: %(value)r"),
    mark("%(prog)s: error: %(message)s\n"),
)
"""The sentences of argparse that a user of ours can meet."""


def _translate_argparse() -> None:
    """WORKAROUND (Python 3.11 to 3.14): argparse looks its sentences up in gettext's global catalogue, not in ours."""
    translation: dict[str, Any] = vars(argparse)
    translation["_"] = tr
