"""Is there a display to open a window on? Asked before Qt is, since Qt ends the process where there is none."""

from __future__ import annotations

import ctypes
import os
import socket
import sys

from lstmviz.errors import LstmvizError

_FIRST_PORT = 6000
_PATIENCE_S = 3.0


def check_display() -> None:
    """Raise LstmvizError where a window cannot be opened: no display, one that does not answer, a library missing.

    Only X11 is asked; whoever names a platform of Qt knows better.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise LstmvizError("There is no display to open a window on. `lstmviz pictures` draws the window into files.")
    if not _answers(display):
        raise LstmvizError(
            "The display “{display}” does not answer. Set DISPLAY to one that does; `lstmviz pictures` draws the window"
            " into files.",
            display=display,
        )
    try:
        ctypes.CDLL("libxcb-cursor.so.0")
    except OSError as error:
        raise LstmvizError(
            "Qt needs the library libxcb-cursor, which is not installed. On Debian or Ubuntu: sudo apt-get install"
            " libxcb-cursor0."
        ) from error


def _answers(display: str) -> bool:
    """Whether something listens at an X display, ``[host]:number[.screen]``; true for a form that we do not know."""
    host, _, number = display.rpartition(":")
    number = number.split(".")[0]
    if not number.isdecimal():
        return True
    if host and host != "unix":
        return _connects(socket.AF_INET, (host, _FIRST_PORT + int(number)))
    path = f"/tmp/.X11-unix/X{number}"
    return _connects(socket.AF_UNIX, path) or _connects(socket.AF_UNIX, "\0" + path)


def _connects(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as one:
        one.settimeout(_PATIENCE_S)
        try:
            one.connect(address)
        except OSError:
            return False
    return True
