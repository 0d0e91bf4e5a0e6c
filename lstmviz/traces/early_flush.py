"""Sending what is written of a file to the disk while more is being written, so that the end waits for little."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_MUCH = 8 << 20
"""Bytes that are worth being sent before all are there."""
_WRITE = 2
"""SYNC_FILE_RANGE_WRITE of <fcntl.h>: begin, and wait for nothing."""


class EarlyFlush:
    """A file that is growing. On Linux alone, where a system call does just that; elsewhere it does nothing.

    It promises nothing about the disk: who needs that flushes at the end, and hears then of what failed.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._sent = path, 0
        library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
        self._call = getattr(library, "sync_file_range", None)
        if self._call is not None:
            self._call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)

    def send(self) -> None:
        """Begin to write to the disk what came since the last time, where that is much. Raises OSError."""
        if self._call is None:
            return
        size = self._path.stat().st_size
        if size - self._sent < _MUCH:
            return
        number = os.open(self._path, os.O_RDONLY)
        try:
            self._call(number, self._sent, size - self._sent, _WRITE)
        finally:
            os.close(number)
        self._sent = size
