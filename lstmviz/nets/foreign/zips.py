"""Zip archives of models, checked whole before anything in them is believed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstmviz.errors import ModelError

MOST = 256 << 20
"""A declared size beyond this is believed only of a file that is not much smaller itself."""
TIMES = 100
_PIECE = 1 << 20


@contextmanager
def checked_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, after its sizes, names and every checksum were checked; torch itself checks none of them.

    Whatever else is found damaged while it is used becomes one ModelError too.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive, path)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise ModelError(
            "“{file}” is a damaged zip archive: {reason}. Copy or download it again.",
            file=str(path),
            reason=str(error) or type(error).__name__,
        ) from error


def check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise ModelError or what zipfile raises where an archive, which may lie within the file, is not sound."""
    members = archive.infolist()
    names = {member.filename for member in members}
    size, declared = path.stat().st_size, sum(member.file_size for member in members)
    if declared > MOST and declared > TIMES * size:
        raise ModelError(
            "“{file}” has {size} bytes and promises {declared} when unpacked; expected at most 100 times its size.",
            file=str(path),
            size=size,
            declared=declared,
        )
    if len(names) != len(members):
        raise ModelError("“{file}” holds two files of one name; expected each once.", file=str(path))
    for member in members:
        with archive.open(member) as stream:
            while stream.read(_PIECE):  # to its end, where its checksum is compared
                pass
