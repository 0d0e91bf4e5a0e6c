"""The command line that trains as a configuration says: what is at its default is left out."""

from __future__ import annotations

import shlex

from lstmviz.runs.config import RunConfig
from lstmviz.runs.settings import SETTINGS, Setting


def command_line(config: RunConfig) -> str:
    """``lstmviz train …`` for a shell, one line."""
    words = ["lstmviz", "train", config.data]
    for name, value in config.params.items():
        words += ["--param", f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"]
    for setting in SETTINGS:
        value = getattr(config, setting.name)
        if value != setting.default:
            words += _flag(setting, value)
    return shlex.join(words)


def _flag(setting: Setting, value: object) -> list[str]:
    if setting.kind == "bool":
        return [setting.flag if value else setting.flag.replace("--", "--no-", 1)]
    return [setting.flag, repr(value) if isinstance(value, float) else str(value)]
