"""What the window remembers from one start to the next."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import msgspec

from lstmviz import paths
from lstmviz.errors import UsageError
from lstmviz.session.state import SIGNALS, Session
from lstmviz.wire.host import Host, checked_host

_log = logging.getLogger(__name__)


class Settings(msgspec.Struct, kw_only=True):
    """The user's settings; geometry and state are Qt's own bytes as base64. Unknown fields are ignored.

    hosts: other computers whose engine was used, the last one first; engine: the name of the one in use, "" for here.
    """

    theme: str = "system"
    language: str = "system"
    recent: tuple[str, ...] = ()
    scale: float = 1.0
    speed: float = 1.0
    loop: bool = False
    signals: tuple[str, ...] = SIGNALS
    window_geometry: str = ""
    window_state: str = ""
    started_before: bool = False
    hosts: tuple[Host, ...] = ()
    engine: str = ""

    def give_to(self, session: Session) -> None:
        """Begin a session with these settings; values that no longer mean anything are left out."""
        session.choose_theme(self.theme)
        session.choose_language(self.language)
        for path in reversed(self.recent):
            session.remember(path)
        session.choose_scale(self.scale)
        session.set_speed(self.speed)
        session.loop = self.loop
        session.show_signals(self.signals)
        session.hosts = _sound(self.hosts)

    def take_from(self, session: Session) -> None:
        """Keep what the session has come to."""
        self.theme, self.language = session.theme_choice, session.language_choice
        self.recent, self.signals = session.recent, session.signals
        self.scale, self.speed, self.loop = session.scale, session.speed, session.loop
        self.hosts = session.hosts


def _sound(hosts: tuple[Host, ...]) -> tuple[Host, ...]:
    """The hosts that are such; ssh would take others for options."""
    kept = []
    for host in hosts:
        with contextlib.suppress(UsageError):
            kept.append(checked_host(host.name, host.command))
    return tuple(kept)


def load_settings(path: Path | None = None) -> Settings:
    """The settings on the disk; a broken file is kept aside as ``.bad`` and the defaults are used."""
    path = path or paths.settings_file()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        _log.warning("settings %s could not be read: %s", path, error)
        return Settings()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("settings %s are broken (%s); kept aside as .bad", path, error)
        with contextlib.suppress(OSError):  # what cannot be moved will be written over
            path.replace(path.with_name(f"{path.name}.bad"))
        return Settings()


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write the settings beside their file and move them into place; a full disk is only logged."""
    path = path or paths.settings_file()
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(settings), indent=2))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        _log.warning("settings %s could not be written: %s", path, error)
        beside.unlink(missing_ok=True)
