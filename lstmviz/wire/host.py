"""A computer that ssh reaches: how its engine is started, and what ssh's failures mean."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import msgspec

from lstmviz import language
from lstmviz.errors import EngineError, UsageError
from lstmviz.language import mark, tr

COMMAND = "lstmviz engine"
"""What is started over there where nobody says otherwise."""
HEARTBEAT = 5.0
"""Seconds between two words of the window."""
SILENCE = 20.0
"""Seconds without a word after which either side takes the other for gone."""
OPTIONS = (
    "BatchMode=yes",  # nobody could answer a question
    "ConnectTimeout=15",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ClearAllForwardings=yes",  # the second connection to a host with forwardings could not have them
)
_USER = r"[A-Za-z0-9_.%+~][A-Za-z0-9_.%+~-]*"
_NAME = re.compile(
    rf"(?:ssh://)?{_USER}(?:@(?:::)?[A-Za-z0-9_.\[][A-Za-z0-9_.:\[\]%-]*|[.:%\w-]*)/?"
    r"|ssh://\[[0-9A-Fa-f:.]+(?:%\w+)?\](?::\d+)?/?|::[0-9A-Fa-f:.]+"
)
_FAR = re.compile(r"([^/\\]{2,}?):(/(?!/).*|~(?:/.*)?)", re.DOTALL)
_TAIL = 4000


class Host(msgspec.Struct, frozen=True):
    """One computer. name: as ssh takes it: an alias, host, user@host, or ssh://user@host:port. command: the program."""

    name: str
    command: str = COMMAND

    @property
    def label(self) -> str:
        """What the screen calls it, and what stands before its paths."""
        return self.name.removeprefix("ssh://").rstrip("/")

    def arguments(self) -> tuple[str, ...]:
        """The command line that starts the engine over there; no shell on this side reads it."""
        options = (word for option in OPTIONS for word in ("-o", option))
        far = f"{self.command} --heartbeat {SILENCE:g} --language {language.current()}"
        return ("ssh", "-T", *options, "--", self.name, far)


@dataclass(frozen=True)
class Ended:
    """How a transport came to its end. code: the exit status, −1 where a signal ended it or nothing was started."""

    code: int
    started: bool
    complaints: str

    @property
    def last_line(self) -> str:
        """The last thing that ssh, or the program over there, said."""
        lines = [line.strip() for line in self.complaints[-_TAIL:].splitlines() if line.strip()]
        told = [line for line in lines if not line.startswith(("Warning: Permanently added", "@"))]
        return told[-1][:300].rstrip(".") if told else ""

    @property
    def of_the_engine(self) -> bool:
        """Whether the engine over there died, and not the connection to it: then ssh has nothing to say."""
        return self.started and (0 <= self.code < _SSH_FAILED or (self.code == _SSH_FAILED and not self.last_line))


def checked_host(name: str, command: str = "") -> Host:
    """A host of what somebody typed; raises UsageError for what ssh would take for an option, or no host."""
    name, command = name.strip(), command.strip() or COMMAND
    if not _NAME.fullmatch(name) or len(name.removeprefix("ssh://")) < 2:
        raise UsageError(
            "“{name}” is no host; expected a name of ~/.ssh/config, host, user@host or ssh://user@host:port.", name=name
        )
    if command.startswith("-") or any(ord(letter) < ord(" ") for letter in command):
        raise UsageError(
            "“{command}” is no program; expected for instance {example}.", command=command, example=COMMAND
        )
    return Host(name, command)


def far_path(text: str) -> tuple[str, str] | None:
    """Host and path of a path over there, ``HOST:/path`` or ``HOST:~/path``; None for any other path."""
    found = _FAR.fullmatch(text.replace("\\", "/") if "\\" in text else text)
    return None if found is None else (found[1], found[2])


def far_name(label: str, path: str) -> str:
    """What a path over there is called here; one that begins nowhere begins in the home."""
    if not path.startswith(("/", "~")):
        return f"{label}:~/{path}"
    return f"{label}:/{path.lstrip('/')}" if path.startswith("/") else f"{label}:{path}"


_SSH_FAILED = 255
_NOT_FOUND, _NOT_RUN = 127, 126
_UNKNOWN = mark("“{host}” is not known: {reason}. Check the name, or ~/.ssh/config on this computer.")
_REFUSED = mark(
    "“{host}” lets nobody in with your keys: {reason}. No password can be typed here; set up a key"
    " (ssh-copy-id {host}), or add yours to ssh-agent."
)
_STRANGER = mark(
    "“{host}” cannot prove who it is: {reason}. Connect once in a terminal with ssh {host}, and compare its"
    " fingerprint."
)
_UNREACHED = mark("“{host}” cannot be reached: {reason}. Is it on, is its ssh server running, is a VPN needed?")
_OF_SSH: tuple[tuple[str, str], ...] = (
    ("could not resolve hostname", _UNKNOWN),
    ("permission denied", _REFUSED),
    ("too many authentication failures", _REFUSED),
    ("no supported authentication methods", _REFUSED),
    ("host key verification failed", _STRANGER),
    ("host key is known", _STRANGER),
)
"""What ssh says in its last lines, and what it means."""


def sentence(host: Host, ended: Ended) -> EngineError:
    """Why there is no connection, in one sentence with what to do."""
    said = ended.complaints.lower()
    reason = ended.last_line or tr("ssh gave no reason")
    if not ended.started:
        return EngineError("ssh was not found on this computer. Install an OpenSSH client.")
    if ended.code == _NOT_FOUND or (ended.code == _NOT_RUN):
        return EngineError(
            "“{command}” cannot be started on {host}: {reason}. Install lstmviz there, or say where it is, as in"
            " {example}.",
            command=shlex.split(host.command)[0] if _splits(host.command) else host.command,
            host=host.label,
            reason=reason,
            example="/opt/venv/bin/lstmviz engine",
        )
    if ended.code != _SSH_FAILED:
        return EngineError(
            "“{command}” ended at once on {host}: {reason}. Install the same version of lstmviz on both computers.",
            command=host.command,
            host=host.label,
            reason=reason,
        )
    for words, template in _OF_SSH:
        if words in said:
            return EngineError(template, host=host.label, reason=reason)
    return EngineError(_UNREACHED, host=host.label, reason=reason)


def garbled(host: Host) -> EngineError:
    """What came is not the engine's: a start-up file over there prints something, or it is another program."""
    return EngineError(
        "On {host} something else than the engine speaks. Is “{command}” right, and does no start-up file there"
        " (.bashrc) print anything?",
        host=host.label,
        command=host.command,
    )


def _splits(command: str) -> bool:
    try:
        return bool(shlex.split(command))
    except ValueError:
        return False


def pause(attempt: int) -> float:
    """Seconds before the next attempt; the first is 1."""
    return (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0)[min(attempt, 7) - 1]
