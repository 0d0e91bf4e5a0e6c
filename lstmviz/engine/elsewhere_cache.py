"""Files that a window elsewhere brought: kept by what they hold, the oldest given up where they grow too large.

FOLDER/<bundle>/NAME…         whole, each file checked against its SHA-256
FOLDER/<bundle>.coming/NAME…  under way; the next connection goes on where this one was cut
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from lstmviz.errors import EngineError
from lstmviz.traces.safe_write import remove, sentence
from lstmviz.wire.elsewhere_messages import PART_BYTES, FileSaid, FilesHeld, HaveFiles, PutFile, bundle_of, is_below

MOST_BYTES = 20 << 30
"""What bundles that no run needs may take together."""
MOST_FILES = 64
COMING = ".coming"
_READ = 1 << 20


class Uploads:
    """Bundles of files in two folders: those that are kept while there is room, and those that runs are trained on."""

    def __init__(self, cache: Path, lasting: Path) -> None:
        self._cache, self._lasting = cache, lasting
        self._coming: dict[tuple[str, bool], tuple[Path, tuple[FileSaid, ...]]] = {}

    def have(self, asked: HaveFiles) -> FilesHeld:
        """What is there of some files; once all of them are, they are checked and lie in their place.

        Raises EngineError for names that would lead elsewhere, and for files that are not what was announced.
        """
        bundle = bundle_of(asked.files)
        _check(asked.files)
        folder = (self._lasting if asked.lasting else self._cache) / bundle
        if all(_size(folder / one.name) == one.size for one in asked.files):
            os.utime(folder)
            return FilesHeld(str(folder), tuple(one.size for one in asked.files))
        coming = folder.with_name(bundle + COMING)
        self._coming[bundle, asked.lasting] = coming, asked.files
        held = tuple(min(max(_size(coming / one.name), 0), one.size) for one in asked.files)
        if any(_size(coming / one.name) != one.size for one in asked.files):
            self._make_room(folder.parent, sum(one.size for one in asked.files) - sum(held))
            return FilesHeld("", held)
        self._settle(coming, folder, asked.files)
        return FilesHeld(str(folder), held)

    def put(self, part: PutFile) -> None:
        """Write some bytes of a file that was announced; raises EngineError for any that were not."""
        coming, files = self._coming.get((part.bundle, part.lasting), (Path(), ()))
        said = files[part.place] if 0 <= part.place < len(files) else None
        stop = part.start + len(part.data)
        if said is None or len(part.data) > PART_BYTES or not 0 <= part.start <= stop <= said.size:
            raise EngineError("A part of a file came that was not announced; expected what HaveFiles named.")
        file = coming / said.name
        if not coming.exists() and _size(coming.with_name(part.bundle) / said.name) == said.size:
            return  # another window brought the same, and was done first
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if part.start > max(_size(file), 0):
                raise EngineError("A part of “{file}” came before the one that it follows.", file=said.name)
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            with open(os.open(file, flags, 0o600), "wb") as stream:  # noqa: PTH123 — with flags
                stream.seek(part.start)
                stream.write(part.data)
        except OSError as error:
            raise sentence(error, file) from error

    def _settle(self, coming: Path, folder: Path, files: tuple[FileSaid, ...]) -> None:
        """Move a bundle whose files are all there into its place, or drop it where one is not what it should be."""
        for one in files:
            if _digest(coming / one.name) != one.sha256:
                remove(coming)
                raise EngineError(
                    "“{file}” changed while it was brought over, or was damaged on the way. Try again.", file=one.name
                )
        remove(folder)  # of which a file was missing
        try:
            coming.replace(folder)
        except OSError as error:
            raise sentence(error, folder) from error

    def _make_room(self, parent: Path, wanted: int) -> None:
        """Give up the bundles not asked for longest; raises EngineError where the disk has no room even so."""
        try:
            parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if parent == self._cache:
                _thin_out(parent, MOST_BYTES - wanted)
            free = shutil.disk_usage(parent).free
        except OSError as error:
            raise sentence(error, parent) from error
        if free < wanted:
            raise EngineError(
                "There is no room for this on the engine's computer: {wanted:.1f} GB are needed, and {free:.1f} GB are"
                " free in “{folder}”. Free some space there.",
                wanted=wanted / 1e9,
                free=free / 1e9,
                folder=str(parent),
            )


def _thin_out(parent: Path, most: int) -> None:
    bundles = [one for one in parent.iterdir() if one.is_dir()]
    sizes = {one: sum(file.stat().st_size for file in one.rglob("*") if file.is_file()) for one in bundles}
    for oldest in sorted(bundles, key=lambda one: one.stat().st_mtime):
        if sum(sizes.values()) <= most:
            return
        remove(oldest)
        del sizes[oldest]


def _check(files: tuple[FileSaid, ...]) -> None:
    """Refuse names that leave the bundle's folder, and what no bundle is."""
    names = {one.name for one in files}
    if not 0 < len(files) <= MOST_FILES or len(names) != len(files) or any(one.size < 0 for one in files):
        raise EngineError(
            "{count} files are to be brought over; expected 1 to {most}.", count=len(files), most=MOST_FILES
        )
    for name in names:
        if not is_below(name):
            raise EngineError("“{name}” cannot be the name of a file that is brought over.", name=name)


def _size(file: Path) -> int:
    """The size of a plain file, −1 for anything else."""
    with contextlib.suppress(OSError):
        if file.is_file() and not file.is_symlink():
            return file.stat().st_size
    return -1


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while data := stream.read(_READ):
            digest.update(data)
    return digest.hexdigest()
