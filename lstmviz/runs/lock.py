"""One training a folder: who trains a run holds a lock on it, which the system lets go when the process ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from lstmviz.errors import RunError

LOCK = "lock"
"""The name of the file."""
_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class RunLockedError(RunError):
    """Another process trains the run; one that is about to end does so for a moment still."""


class RunLock:
    """Held by this process from its making until ``release``, or until the process ends, however that happens.

    Raises RunLockedError where another process trains the run. Where the disk gives no lock nobody is refused.
    """

    _file = -1

    def __init__(self, folder: Path) -> None:
        try:
            self._file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
            _lock(self._file)
        except OSError as error:
            self.release()
            if error.errno in _HELD:
                raise RunLockedError(
                    "“{folder}” is being trained already, in another window or on a command line. Stop it there first.",
                    folder=str(folder),
                ) from error

    def release(self) -> None:
        """Let go; again is allowed."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def __del__(self) -> None:
        """A training that nobody closed and nobody has any more holds nothing."""
        self.release()


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
