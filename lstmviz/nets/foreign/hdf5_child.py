"""The process that reads one HDF5 file for another: python -m lstmviz.nets.foreign.hdf5_child WHAT PATH [ARRAY].

It takes no more than MEMORY and SECONDS of the processor beyond the file's own need, writes an `Answer` and ends.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import msgspec

from lstmviz.errors import LstmvizError, ModelError
from lstmviz.nets.foreign import hdf5_file, keras_file
from lstmviz.nets.foreign.formats import damaged
from lstmviz.nets.foreign.hdf5_answer import Answer, ArrayData, array_data, error_data, to_data

MEMORY, SECONDS = 1 << 30, 9
BYTES_A_SECOND = 64 << 20
"""A tenth of what an idle machine reads of a sound file: a large one has the time that it needs."""
TOGETHER = 64 << 20
"""Bytes of all arrays of a file up to which they are sent at once."""


def main() -> None:
    """Answer what the command line asks."""
    what, path, *names = sys.argv[1:]
    _limit(Path(path))
    try:
        with damaged(Path(path)):
            answer = _answer(what, Path(path), names)
    except LstmvizError as error:
        answer = error_data(ModelError(error.template, **error.values))
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))
    sys.stdout.buffer.flush()


def _answer(what: str, path: Path, names: list[str]) -> Answer:
    if what == "found":
        return Answer(found=tuple(map(to_data, keras_file.read(path))))
    parts = hdf5_file.read_parts(path)
    if what == "array":
        return Answer(arrays={name: array_data(parts[name].read()) for name in names})
    small = sum(8 * math.prod(part.shape) for part in parts.values()) <= TOGETHER
    listed = {name: ArrayData(part.dtype, part.shape) for name, part in parts.items()}
    return Answer(arrays={name: array_data(part.read()) for name, part in parts.items()} if small else listed)


def _limit(path: Path) -> None:
    """Bound memory and time, where the system can."""
    if sys.platform == "win32":
        return
    import resource

    import h5py  # noqa: F401  what is mapped for it is no part of what the file may take

    used = 0
    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        most = used + MEMORY + 4 * path.stat().st_size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    seconds = SECONDS + path.stat().st_size // BYTES_A_SECOND
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
