"""The flags by which ``lstmviz record`` runs a whole model, and what records then."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from lstmviz.cli.command import Parser, key_value
from lstmviz.errors import UsageError
from lstmviz.language import tr

if TYPE_CHECKING:
    from lstmviz.nets.net import Net
    from lstmviz.traces.trace import Trace


def whole_options(parser: Parser) -> None:
    """The flags that say what a whole model is given."""
    parser.add_argument(
        "--whole",
        action="store_true",
        help=tr("run the whole ONNX or TorchScript model on the sequence, and record its layer on what it reads there"),
    )
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar=tr("NAME=VALUE"),
        help=tr("another input of the whole model, for instance sr=16000; may be given several times"),
    )
    parser.add_argument(
        "--frame", type=int, default=0, metavar="N", help=tr("samples that the whole model reads at a time")
    )
    parser.add_argument(
        "--context", type=int, default=0, metavar="N", help=tr("samples from before each frame that it reads again")
    )


def recorder_of(arguments: argparse.Namespace, model: Net) -> Callable[..., Trace]:
    """What records a sequence with a model, alone or within its whole model."""
    if arguments.whole:
        from lstmviz.engine.whole import record_whole

        inputs: dict[str, Any] = dict(key_value("--input", text) for text in arguments.input)
        return partial(record_whole, model, inputs=inputs, frame=arguments.frame, context=arguments.context)
    if arguments.input or arguments.frame or arguments.context:
        raise UsageError("--input, --frame and --context say what a whole model reads; add --whole.")
    from lstmviz.engine.recorder import record

    return partial(record, model)
