"""``lstmviz train``: the settings of a run as flags, a line an epoch, and a run's folder out."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lstmviz import paths
from lstmviz.cli.command import Parser, key_value
from lstmviz.errors import UsageError
from lstmviz.language import mark, tr
from lstmviz.runs.config import RunConfig
from lstmviz.runs.settings import GROUPS, SETTINGS, Setting, check_config

if TYPE_CHECKING:
    from lstmviz.engine.trainer import Trainer

_KINDS: dict[str, type] = {"int": int, "float": float, "choice": str}
_ON_THE_FLY = {"learning_rate", "clipping"}
"""What may be changed in a run that goes on."""


def train_options(parser: Parser) -> None:
    """The flags of ``lstmviz train``: one for each setting of a run, from their one description."""
    parser.add_argument(
        "data",
        nargs="?",
        metavar=tr("SAMPLE-or-FILE"),
        help=tr("what to train on; left out, the run of --out or the --recipe goes on or begins"),
    )
    parser.add_argument(
        "--out", metavar=tr("FOLDER"), help=tr("the folder of the run; one that is there already goes on")
    )
    parser.add_argument("--recipe", metavar=tr("NAME"), help=tr("begin with the settings of a recipe; see --recipes"))
    parser.add_argument("--recipes", action="store_true", help=tr("list the recipes"))
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar=tr("KEY=VALUE"),
        help=tr(
            "a parameter of the generator that makes the data, for instance length=100; may be given several times"
        ),
    )
    for group in GROUPS:
        section = parser.add_argument_group(tr(group))
        for setting in SETTINGS:
            if setting.group == group:
                _add_flag(section, setting)


def _add_flag(section: Any, setting: Setting) -> None:
    default = setting.default
    shown = {True: tr("on"), False: tr("off")}.get(default, default) if isinstance(default, bool) else default
    words = tr("{hint}; {default} if not said", hint=tr(setting.hint), default=shown).replace("%", "%%")
    if setting.kind == "bool":
        section.add_argument(setting.flag, action=argparse.BooleanOptionalAction, default=None, help=words)
    elif setting.kind == "choice":
        known = [name for name, _ in setting.choices]
        section.add_argument(setting.flag, choices=known, default=None, help=words)
    else:
        section.add_argument(setting.flag, type=_KINDS[setting.kind], default=None, metavar="N", help=words)


def train_command(arguments: argparse.Namespace) -> int:
    """Train to the end, or until Ctrl+C: then a checkpoint is written and the same command goes on."""
    if arguments.recipes:
        _list_recipes()
        return 0
    if not arguments.out and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("Several processes train one run: say with --out which folder it is.")
    said = _said(arguments)
    for name, config in _configs(arguments, said):
        status = _train(_folder(arguments.out, name), config, said if config is None else {})
        if status:
            return status
    return 0


def _list_recipes() -> None:
    from lstmviz.cli.command import print_table
    from lstmviz.runs.recipes import RECIPES

    print_table([(recipe.id, tr(recipe.title)) for recipe in RECIPES])


def _said(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by the names of RunConfig."""
    said: dict[str, Any] = {
        setting.name: getattr(arguments, setting.name)
        for setting in SETTINGS
        if getattr(arguments, setting.name) is not None
    }
    if arguments.param:
        said["params"] = dict(_param(text) for text in arguments.param)
    if arguments.data:
        said["data"] = str(Path(arguments.data).absolute()) if Path(arguments.data).exists() else arguments.data
    return said


def _configs(arguments: argparse.Namespace, said: dict[str, Any]) -> list[tuple[str, RunConfig | None]]:
    """The runs that are asked for, each with the ending of its folder's name; None goes on with what is there."""
    if arguments.recipe:
        from lstmviz.runs.recipes import recipe

        found = recipe(arguments.recipe)
        names = [f"-{name}" for name in "ab"] if len(found.configs) > 1 else [""]
        return [(name, _with(config, said)) for name, config in zip(names, found.configs, strict=True)]
    if "data" in said:
        return [("", _with(RunConfig(data=said.pop("data")), said))]
    if not arguments.out or not said.keys() <= _ON_THE_FLY:
        raise UsageError("There is nothing to train on. Give a sample or a file, a --recipe, or the --out of a run.")
    return [("", None)]


def _param(text: str) -> tuple[str, float]:
    """One parameter of a generator, which is a number."""
    name, value = key_value("--param", text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError("The parameter {name} is “{value}”; expected a number.", name=name, value=value)
    return name, value


def _with(config: RunConfig, said: dict[str, Any]) -> RunConfig:
    try:
        changed = msgspec.convert(msgspec.to_builtins(msgspec.structs.replace(config, **said)), RunConfig)
    except msgspec.ValidationError as error:
        raise UsageError("The settings make no sense: {reason}.", reason=str(error)) from error
    return check_config(changed)


def _folder(out: str | None, ending: str) -> Path:
    if out:
        return Path(out + ending)
    from lstmviz.runs.folder import new_folder

    return new_folder(paths.runs())


def _train(folder: Path, config: RunConfig | None, rates: dict[str, Any]) -> int:
    from lstmviz.engine.events import Validated
    from lstmviz.engine.trainer import Trainer

    trainer = Trainer(folder, config)
    try:
        if rates and trainer.state == "training":
            trainer.steer(**rates)
        _say_beginning(trainer)
        for event in trainer.events():
            if isinstance(event, Validated):
                _say_epoch(trainer)
    except KeyboardInterrupt:
        trainer.close()
        _say(trainer, mark("Stopped at update {update}. To go on: lstmviz train --out {out}"), out=str(folder))
        raise
    trainer.close()
    if trainer.why is not None:
        template, values = trainer.why
        _say(trainer, template, **values)
        return 1
    _say(trainer, mark("{out}: {updates} updates; the net is {net}"), out=str(folder), updates=trainer.update,
         net=str(folder / "net.safetensors"))  # fmt: skip
    return 0


def _say(trainer: Trainer, template: str, **values: Any) -> None:
    """A line, by the first process of a training alone."""
    if trainer.first:
        print(tr(template, **{"update": trainer.update, **values}), flush=True)


def _say_beginning(trainer: Trainer) -> None:
    _say(
        trainer,
        mark("{title}: {parameters} parameters on {device} ({reason}); update {update} of {updates}; {out}"),
        title=trainer.data.title,
        parameters=sum(each.numel() for each in trainer.net.parameters()),
        device=str(trainer.device.device),
        reason=tr(trainer.device.reason),
        updates=trainer.updates,
        out=str(trainer.folder),
    )


def _say_epoch(trainer: Trainer) -> None:
    from lstmviz.nets.plan import loss_of

    metrics = trainer.metrics
    _, optimum = loss_of(trainer.spec, trainer.data.truth)
    _say(
        trainer,
        mark("epoch {epoch}/{epochs}  loss {loss:.4f}  validation {validation:.4f}{optimum}  gradient {norm:.2g}"
             "  {speed:.0f} examples/s{left}"),
        epoch=trainer.epoch,
        epochs=trainer.config.epochs,
        loss=float(metrics.loss[-1]),
        validation=float(metrics.validation[-1]),
        optimum="" if optimum is None else tr(" (optimum {value:.4f})", value=optimum),
        norm=float(metrics.norm[-1]),
        speed=trainer.speed,
        left="" if trainer.seconds_left is None else tr("  {seconds:.0f} s left", seconds=trainer.seconds_left),
    )  # fmt: skip
    sys.stdout.flush()
