"""Writing so that nothing is ever lost: beside the target first, then moved into place in one step."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstmviz.errors import ExportError
from lstmviz.language import mark, tr

_STALE = 3600.0
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""How an address begins, also one of which pathlib has left out a slash; a drive has one letter."""
_REASONS = {
    errno.ENOSPC: mark("“{path}” could not be written: the disk is full. Free some space or choose another disk."),
    errno.EDQUOT: mark("“{path}” could not be written: your disk quota is used up. Free some space."),
    errno.EFBIG: mark("“{path}” could not be written: the file would be larger than the system allows. Export less."),
    errno.EROFS: mark("“{path}” could not be written: the disk is read-only. Choose another folder."),
    errno.EACCES: mark("“{path}” could not be written: you may not write in its folder. Choose another folder."),
    errno.EPERM: mark("“{path}” could not be written: the system forbids it. Choose another folder."),
    errno.ENAMETOOLONG: mark("“{path}” could not be written: the name is too long. Choose a shorter one."),
}


@contextmanager
def replacing(path: str | Path, *, folder: bool = False, lasting: bool = True) -> Iterator[Path]:
    """Yield a new empty file (or folder) beside ``path``, with the same ending, that takes its place at the end.

    Whatever goes wrong inside the ``with``, a cancel included, the new one is removed and the old one is as it was.
    At the end the new one is on the disk before it is moved, so that a crash leaves the old or the new, whole. Not
    ``lasting``: a power cut may tear it, which spares the wait for the disk; for what is checked when it is read.
    A link is followed: what it points to is replaced. Raises ExportError, which names the path and the remedy.
    """
    target = checked_target(path, folder)
    _sweep(target.parent)
    new = target.with_name(f"{_mine()}{os.getpid()}-{uuid.uuid4().hex[:8]}{target.suffix}")
    try:
        if folder:
            new.mkdir()
        else:
            new.touch(exist_ok=False)
        yield new
        if lasting:
            _to_disk(new)
        _move(new, target)
        if lasting:
            _fsync(target.parent)
    except OSError as error:
        raise sentence(error, path) from error
    finally:
        remove(new)


@contextmanager
def scratch_folder(path: str | Path) -> Iterator[Path]:
    """Yield a new empty folder NAME.zarr beside ``path`` that is removed at the end. Raises ExportError."""
    target = checked_target(path, folder=False)
    _sweep(target.parent)
    folder = target.with_name(f"{_mine()}{os.getpid()}-{uuid.uuid4().hex[:8]}.zarr")
    try:
        folder.mkdir()
    except OSError as error:
        raise sentence(error, path) from error
    try:
        yield folder
    finally:
        remove(folder)


def sentence(error: OSError, path: str | Path) -> ExportError:
    """What the system said while ``path`` was written, as a sentence that names the remedy."""
    number = error.errno
    if number is None and "No space left" in str(error):  # libraries in C keep the number in their text
        number = errno.ENOSPC
    if number in _REASONS:
        return ExportError(_REASONS[number], path=str(path))
    reason = error.strerror or str(error) or type(error).__name__
    return ExportError(
        "“{path}” could not be written: {reason}. Choose another folder or name.", path=str(path), reason=reason
    )


def check_room(path: str | Path, need: int, remedy: str) -> None:
    """Refuse what takes more bytes than the disk of ``path`` has; remedy: what else helps. Raises ExportError."""
    try:
        free = shutil.disk_usage(os.path.realpath(Path(path).expanduser().parent)).free
    except (OSError, ValueError):  # a folder that is not there, which ``checked_target`` says
        return
    if need > free:
        raise ExportError(
            "“{path}” would take {need}, and its disk has {free} free. Free some space, take another disk, or {less}.",
            path=str(path),
            need=_amount(need),
            free=_amount(free),
            less=tr(remedy),
        )


def _amount(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there; never fails, since it runs while another error is on its way."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def checked_target(path: str | Path, folder: bool) -> Path:
    """The real target, after everything that can be known to fail before the work is done. Raises ExportError."""
    if _ADDRESS.match(str(path)):
        raise ExportError(
            "“{path}” is an address, and lstmviz writes to disks alone. Name a file or folder, and copy it there.",
            path=str(path),
        )
    try:
        target = Path(os.path.realpath(Path(path).expanduser()))
        exists, is_folder = os.path.lexists(target), target.is_dir()
        parent_exists, parent_is_folder = target.parent.exists(), target.parent.is_dir()
    except OSError as error:
        raise sentence(error, path) from error
    except ValueError as error:  # a zero byte in the name
        raise ExportError("“{path}” is not a file name. Choose another name.", path=repr(str(path))) from error
    if not parent_exists:
        raise ExportError(
            "“{path}” could not be written: the folder “{folder}” does not exist. Make it or choose another one.",
            path=str(path),
            folder=str(target.parent),
        )
    if not parent_is_folder:
        raise ExportError(
            "“{path}” could not be written: “{folder}” is a file, not a folder. Choose another folder.",
            path=str(path),
            folder=str(target.parent),
        )
    if is_folder and not folder:
        raise ExportError("“{path}” is a folder; expected the name of a file. Choose another name.", path=str(path))
    if exists and not is_folder and folder:
        raise ExportError("“{path}” is a file; a folder would be written. Choose another name.", path=str(path))
    if exists and not folder and not target.is_file():
        raise ExportError("“{path}” is not an ordinary file. Choose another name.", path=str(path))
    return target


def is_unfinished(path: Path) -> bool:
    """Whether a file, by its name, is one that was being written beside its target when the writer was killed."""
    return path.name.startswith(".lstmviz-")


def _mine() -> str:
    """How the names of new files begin that were made on this computer."""
    import hashlib  # it takes longer than all else here

    return f".lstmviz-{hashlib.sha256(platform.node().encode()).hexdigest()[:8]}-"


def _sweep(folder: Path) -> None:
    """Remove what a killed process left beside its target more than an hour ago."""
    if os.name == "nt":  # there is no asking there whether a process lives without ending it
        return
    for left in folder.glob(f"{_mine()}*-*"):
        try:
            owner = int(left.name.removeprefix(_mine()).split("-")[0])
            if time.time() - left.stat().st_mtime > _STALE:
                os.kill(owner, 0)
        except ProcessLookupError:
            remove(left)
        except (OSError, ValueError):
            continue


def _to_disk(path: Path) -> None:
    """fsync a file, or a folder with everything in it."""
    if not path.is_dir():
        _fsync(path)
        return
    for parent, _, names in os.walk(path):
        for name in names:
            _fsync(Path(parent) / name)
        _fsync(Path(parent))


def _fsync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    number = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _move(new: Path, target: Path) -> None:
    """Put ``new`` in the place of ``target``."""
    if not target.exists():
        new.rename(target)
    elif not new.is_dir():
        shutil.copymode(target, new)
        new.replace(target)
    elif not _exchanged(new, target):
        # under a name that one finds and no sweep takes: a kill before the next line leaves it as the only whole one
        aside = target.with_name(f"{target.stem}.{uuid.uuid4().hex[:8]}.old{target.suffix}")
        target.rename(aside)
        try:
            new.rename(target)
        except OSError:
            aside.rename(target)
            raise
        remove(aside)


def _exchanged(new: Path, target: Path) -> bool:
    """Swap two folders in one step where the system can (Linux); afterwards ``new`` is the old one, to be removed."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of <linux/fs.h>
    try:
        swap = ctypes.CDLL(None).renameat2
    except AttributeError:  # a C library older than glibc 2.28
        return False
    return bool(swap(here, os.fsencode(new), here, os.fsencode(target), exchange) == 0)
