"""What the nets that come with lstmviz say of themselves."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lstmviz.errors import ModelError
from lstmviz.nets.spec import NetSpec


def same_net(one: str, other: str) -> bool:
    """Whether two paths name the two files of one net; what no file can be called names none."""
    try:
        return Path(one).resolve().with_suffix("") == Path(other).resolve().with_suffix("")
    except ValueError:
        return False


def read_spec(path: Path) -> NetSpec:
    """The note of a net of ours, what to look at first, and the rest."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=NetSpec)
    except (OSError, msgspec.MsgspecError) as error:
        raise ModelError(
            "“{file}” cannot be read: {reason}. Install lstmviz again.",
            file=path.name,
            reason=str(error),
        ) from error
