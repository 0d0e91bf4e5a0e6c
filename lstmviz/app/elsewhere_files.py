"""Which files go together when one of them is brought to an engine elsewhere."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from lstmviz.nets.foreign.containers import MAPPING_ENDING

MOST_NEIGHBOURS = 500
_OWN = (".json", ".safetensors")


def companions(path: Path) -> Mapping[str, Path]:
    """A file and what is read with it, by their names below its folder; raises OSError where it cannot be read.

    The two files of a net of ours, the mapping beside a container, and the external data of an ONNX model: those files
    in its folder, no links, whose name stands in it.
    """
    path.stat()
    found = {path.name: path}
    others = [path.with_name(path.name + MAPPING_ENDING)]
    if path.suffix in _OWN:
        others += [path.with_suffix(ending) for ending in _OWN]
    found |= {other.name: other for other in others if other.is_file()}
    if path.suffix.lower() == ".onnx":
        found |= _external_data(path)
    return found


def _external_data(model: Path) -> Mapping[str, Path]:
    """The files around a model whose names it has in it."""
    if not model.stat().st_size:
        return {}
    status = model.stat()
    return {name: model.with_name(name) for name in _named_in(model, status.st_size, status.st_mtime_ns)}


@lru_cache(maxsize=32)
def _named_in(model: Path, _size: int, _modified: int) -> tuple[str, ...]:
    """The files around a model that it names, looked for once: it may be large, and is asked about with each request.

    A tensor that lies in another file says its ``location``.
    """
    found = []
    with model.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(b"location") < 0:
            return ()
        for number, file in enumerate(sorted(model.parent.iterdir())):
            if number >= MOST_NEIGHBOURS:
                break
            named = file != model and not file.is_symlink() and file.is_file()
            if named and text.find(file.name.encode()) >= 0:
                found.append(file.name)
    return tuple(found)
