"""Where resources, samples, settings and logs live: in a checkout, an editable install and a wheel alike."""

from __future__ import annotations

import os
import stat
import tempfile
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
    return _writable(Path(home) if home else Path(platformdirs.user_config_dir("lstmviz", appauthor=False)))


def settings_file() -> Path:
    """The file of the user's settings."""
    return settings_folder() / "settings.json"


def runs() -> Path:
    """Folder of the runs that are started without saying where; ``LSTMVIZ_HOME`` moves it too."""
    home = os.environ.get("LSTMVIZ_HOME")
    return _writable((Path(home) if home else Path(platformdirs.user_data_dir("lstmviz", appauthor=False))) / "runs")


def uploads() -> Path:
    """Folder of the files that windows on other computers brought to this engine; ``LSTMVIZ_HOME`` moves it too."""
    home = os.environ.get("LSTMVIZ_HOME")
    return _writable(Path(home) if home else Path(platformdirs.user_cache_dir("lstmviz", appauthor=False))) / "uploads"


def log_file(process: str) -> Path:
    """The log of one process (``window`` or ``engine``)."""
    home = os.environ.get("LSTMVIZ_HOME")
    folder = Path(home) if home else Path(platformdirs.user_log_dir("lstmviz", appauthor=False))
    return _writable(folder) / f"{process}.log"


def _writable(folder: Path) -> Path:
    """The folder, made if need be; where nothing can be written in it, one of this user's among the temporary files.

    Settings and logs must never be what keeps somebody from working: a home may be read-only, full of somebody
    else's files, or not there at all.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    except OSError:  # fall through: /proc, a file where a folder should be, a disk without room
        pass
    if not hasattr(os, "getuid"):  # Windows has temporary files of each user's own
        other = Path(tempfile.gettempdir()) / "lstmviz"
        other.mkdir(exist_ok=True)
        return other
    other = Path(tempfile.gettempdir()) / f"lstmviz-{os.getuid()}"
    try:
        other.mkdir(mode=0o700)
    except FileExistsError:
        status = other.lstat()
        if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode):  # somebody laid it there for us
            return Path(tempfile.mkdtemp(prefix="lstmviz-"))
    return other
