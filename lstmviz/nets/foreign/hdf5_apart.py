"""HDF5 in a process of its own: a damaged file can crash its C library, or keep it busy, and here that is a sentence.

Such a process takes a third of a second, and imports no torch. Where none may be started, LSTMVIZ_HDF5=here reads the
file in this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from lstmviz.errors import ModelError
from lstmviz.nets.foreign import hdf5_file, keras_file
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.hdf5_answer import Answer, array_of, from_data, parts_from

SECONDS = 60
"""So long a file may take on a machine that has little time for it; the process allows itself far less of its own."""
_CHILD = "lstmviz.nets.foreign.hdf5_child"


def read(path: Path) -> tuple[Found, ...]:
    """What `keras_file.read` finds."""
    if _here():
        return keras_file.read(path)
    return tuple(from_data(each, str(path)) for each in _asked("found", path).found)


def read_parts(path: Path) -> dict[str, Part]:
    """What `hdf5_file.read_parts` lists."""
    if _here():
        return hdf5_file.read_parts(path)

    def ask(name: str) -> Array:
        return array_of(_asked("array", path, name).arrays[name])

    return parts_from(_asked("parts", path).arrays, ask)


def _here() -> bool:
    return os.environ.get("LSTMVIZ_HDF5") == "here" or not sys.executable


def _asked(*words: str | Path) -> Answer:
    """The answer of a new process; ModelError where it found the file damaged, died of it or came to no end."""
    file = str(words[1])
    folders = [folder or str(Path.cwd()) for folder in sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", _CHILD, *map(str, words)]
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows opens a console else
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            creationflags=hidden,
            check=False,
        )
        answer = msgspec.msgpack.decode(done.stdout, type=Answer)
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            "“{file}” keeps the library of HDF5 busy for more than {seconds} seconds; it is damaged, or made to do so.",
            file=file,
            seconds=SECONDS,
        ) from error
    except msgspec.MsgspecError as error:
        raise ModelError(
            "“{file}” made the library of HDF5 fail; it is damaged. Copy or download it again.", file=file
        ) from error
    if answer.error:
        raise ModelError(answer.error, **answer.values)
    return answer
