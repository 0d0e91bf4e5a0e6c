"""A trace store in one file: a zip whose parts are not compressed, so that it is read where it lies."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from lstmviz.errors import ExportError
from lstmviz.traces import journal
from lstmviz.traces.safe_write import replacing
from lstmviz.traces.store_root import is_trace_folder

ENDING = ".zarr.zip"
_FIRST = ("zarr.json", journal.FILE)
"""What says how much is there goes first, so that nothing is promised of a store that is still being written."""


def is_packed(path: str | Path) -> bool:
    """Whether a path is, by its name, a trace store in one file."""
    return str(path).lower().endswith(ENDING)


def pack_store(path: str | Path, out: str | Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Write the store in folder ``path`` as ``out``, NAME.zarr.zip, which ``open_trace`` and zarr read like a folder.

    ``progress(done, total)`` counts bytes and may raise to cancel. Raises ExportError.
    """
    folder = Path(path)
    if Path(out).suffix.lower() != ".zip":
        raise ExportError("“{path}” does not end in .zip; a store is packed as NAME.zarr.zip.", path=str(out))
    if not is_trace_folder(folder):
        raise ExportError("“{path}” is no folder with a trace store; nothing is packed.", path=str(path))
    done = 0
    with replacing(out) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        first = [folder / name for name in _FIRST if (folder / name).is_file()]
        for file in first:
            archive.write(file, file.relative_to(folder).as_posix())
        files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
        total = sum(file.stat().st_size for file in files)
        for file in files:
            if file not in first:
                archive.write(file, file.relative_to(folder).as_posix())
            done += file.stat().st_size
            if progress is not None:
                progress(done, total)
