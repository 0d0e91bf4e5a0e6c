"""Where resources, samples, settings and logs live: in a checkout, an editable install and a wheel alike."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_WHEEL_DATA = _PACKAGE / "_data"
_ROOT = _WHEEL_DATA if _WHEEL_DATA.is_dir() else _PACKAGE.parent


def resources() -> Path:
    """Folder of icons, translations, the guide and the desktop entry."""
    return _ROOT / "resources"


def samples() -> Path:
    """Folder of the sequences and nets that ship with the app."""
    return _ROOT / "samples"


def settings_folder() -> Path:
    """Folder of the user's settings; ``LSTMVIZ_HOME`` moves settings and logs together."""
    home = os.environ.get("LSTMVIZ_HOME")
    folder = Path(home) if home else Path(platformdirs.user_config_dir("lstmviz", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def settings_file() -> Path:
    """The file of the user's settings."""
    return settings_folder() / "settings.json"


def log_file(process: str) -> Path:
    """The log of one process (``window`` or ``engine``)."""
    home = os.environ.get("LSTMVIZ_HOME")
    folder = Path(home) if home else Path(platformdirs.user_log_dir("lstmviz", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{process}.log"
