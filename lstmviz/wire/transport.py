"""What carries the bytes between a client and its engine: a child's pipes, QProcess in the window, ssh."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lstmviz import language, paths

SECONDS_TO_END = 3.0
"""An engine whose input is closed ends within two; one that does not is killed after this."""
_TAIL = 4000


def engine_command() -> tuple[str, ...]:
    """How the engine of this installation is started, to speak the language in use."""
    return (sys.executable, "-m", "lstmviz", "--language", language.current(), "engine")


def stderr_log(command: Sequence[str]) -> Path:
    """Where what a command says on its stderr is kept: ssh's apart from that of an engine here."""
    return paths.log_file("engine-elsewhere" if command[0] == "ssh" else "engine-stderr")


def tail_of(log: Path) -> str:
    """The end of a log; "" where it cannot be read."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(log.stat().st_size - _TAIL, 0))
            return stream.read(_TAIL).decode("utf-8", "replace")
    except OSError:
        return ""


class Transport(Protocol):
    """One engine, from start to exit. A transport is used once; a restart makes a new one."""

    def start(self) -> None:
        """Start the engine; a failure to start is reported as its exit."""

    def write(self, data: bytes) -> bool:
        """Send bytes; False asks to send no more until ``on_drained``. Bytes to a dead engine vanish."""

    def close(self, wait: bool = True) -> None:
        """Close the engine's input, at which it ends by itself; kill it where it does not end soon.

        wait: until it has; otherwise whoever has an event loop lets that see to it.
        """

    def kill(self) -> None:
        """End the engine now."""


@dataclass(frozen=True)
class Listener:
    """What a transport reports, always on the thread of the client: bytes, room for more, and the exit, once."""

    on_bytes: Callable[[bytes], None]
    on_drained: Callable[[], None]
    on_exit: Callable[[], None]


MakeTransport = Callable[[Listener], Transport]
