"""``lstmviz convert``: a foreign model in, a net of ours out, whose weights plain PyTorch loads."""

from __future__ import annotations

import argparse
from pathlib import Path

from lstmviz.cli.command import Parser
from lstmviz.errors import UsageError
from lstmviz.language import tr


def convert_options(parser: Parser) -> None:
    """The arguments of ``lstmviz convert``."""
    parser.add_argument("model", metavar="M", help=tr("a model file of any framework that lstmviz reads"))
    parser.add_argument("out", metavar="OUT.safetensors", help=tr("the weights to write; OUT.json describes them"))
    parser.add_argument(
        "--layer", metavar="L", help=tr("of a model with several recurrent stacks: which one, by path or number")
    )


def convert_command(arguments: argparse.Namespace) -> int:
    """Read a model and write it as NAME.json and NAME.safetensors."""
    out = Path(arguments.out)
    if out.suffix != ".safetensors":
        raise UsageError("“{path}” is no place for weights; expected a name that ends in .safetensors.", path=str(out))
    from lstmviz.nets.reader import load_model
    from lstmviz.nets.save import save_net

    net = load_model(arguments.model, arguments.layer)
    if net.warning:
        print(net.warning)
    save_net(net, out)
    print(
        tr(
            "{out}: {size} bytes; its description: {description}",
            out=out,
            size=out.stat().st_size,
            description=net.path,
        )
    )
    return 0
