"""The probe's traces of a run: a Trace as NPZ, without pickles, and which of them are kept."""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.errors import LstmvizError, TraceError
from lstmviz.language import tr
from lstmviz.runs.folder import probe_file, probes
from lstmviz.traces import layout
from lstmviz.traces.safe_write import remove, replacing
from lstmviz.traces.trace import Trace

MOST = 512
"""So many probe traces are kept at most."""
_FEWEST = 16
_BYTES = 1 << 30
_MAX_WORDS = 64 << 20
_HEADER = re.compile(
    rb"\{'descr': '([<|][fiuM]\d{1,2}(?:\[\d{0,6}[a-zA-Z]{1,2}\])?)', 'fortran_order': False,"
    rb" 'shape': \(((?:\d{1,18}(?:, |,)?){0,4})\), \}\s*"
)
"""Floats and integers; dates, of the sequence's times."""
_WORDS = "words.json"


def write_probe(path: Path, trace: Trace) -> None:
    """Write a trace as NPZ, uncompressed, beside its target and moved into place; raises ExportError.

    Its arrays are named as in a trace store, and ``words.json`` holds the rest. numpy.load opens it. It is not waited
    for until it is on the disk, which takes four times as long as all the rest; one that a power cut tore is refused
    when it is read, and the others are there.
    """
    with replacing(path, lasting=False) as new, zipfile.ZipFile(new, "w") as archive:
        archive.writestr(_WORDS, msgspec.json.encode(layout.words_of(trace)))
        for name, _, array in layout.arrays_of(trace):
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.asarray(array, order="C"), allow_pickle=False)


def read_probe(path: str | Path) -> Trace:
    """The trace again; sizes are checked before memory is taken, and every array against the archive's CRC.

    Raises TraceError: missing, damaged, or no probe's trace.
    """
    file = Path(path)
    if not file.is_file():
        raise TraceError("“{path}” is not there; the run keeps no probe of this update.", path=str(file))
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive, file.stat().st_size)
            words = msgspec.json.decode(archive.read(_WORDS), type=layout.TraceMeta)
            names = [info.filename for info in archive.infolist() if info.filename != _WORDS]
            arrays = {name.removesuffix(".npy"): _read_array(archive, name) for name in names}
        _check_shapes(words, arrays)
        return layout.trace_of(words, arrays, len(arrays["sequence/values"]))
    except (
        zipfile.BadZipFile, zlib.error, msgspec.MsgspecError, LstmvizError, OSError, EOFError,
        ValueError, TypeError, KeyError, IndexError, RecursionError, NotImplementedError, RuntimeError,
    ) as error:  # fmt: skip
        raise TraceError(
            "The probe “{path}” is damaged: {reason}. Choose another update of the run.",
            path=str(file),
            reason=str(error) or type(error).__name__,
        ) from error


def keep_probe(folder: Path, update: int, trace: Trace) -> tuple[int, ...]:
    """Write the probe of an update into a run, thin the others out, and say whose are kept."""
    target = probe_file(folder, update)
    target.parent.mkdir(exist_ok=True)
    write_probe(target, trace)
    return thin(folder, _room(target.stat().st_size))


def thin(folder: Path, most: int = MOST) -> tuple[int, ...]:
    """Drop every second probe of a run until at most ``most`` are there; the first and the last stay."""
    kept = probes(folder)
    while len(kept) > max(2, most):
        for update in kept[1:-1:2]:
            remove(probe_file(folder, update))
        kept = probes(folder)
    return kept


def forget_after(folder: Path, update: int) -> None:
    """Drop the probes of later updates: the run goes on from this one."""
    for later in probes(folder):
        if later > update:
            remove(probe_file(folder, later))


def _room(size: int) -> int:
    """How many of this size: at most a gigabyte together, but always a few."""
    return max(_FEWEST, min(MOST, _BYTES // max(1, size)))


def _check_members(archive: zipfile.ZipFile, size: int) -> None:
    """Every member lies in the archive as it is, uncompressed, once; and the words are not longer than words are."""
    infos = archive.infolist()
    if len({info.filename for info in infos}) != len(infos):
        raise ValueError(tr("a name is there twice"))
    if any(info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size for info in infos):
        raise ValueError(tr("an array is compressed"))
    if sum(info.file_size for info in infos) > size or archive.getinfo(_WORDS).file_size > _MAX_WORDS:
        raise ValueError(tr("it declares more than it holds"))


def _read_array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """An array whose header promises exactly the bytes that follow."""
    size = archive.getinfo(name).file_size
    with archive.open(name) as stream:
        shape, dtype = _header(stream)
        promised = math.prod(shape) * dtype.itemsize
        if stream.tell() + promised != size:
            raise ValueError(tr("“{name}” is not what its header says", name=name))
        data = stream.read()  # to the end of the member, so that its CRC is checked
    array = np.frombuffer(data, dtype).reshape(shape)
    array.flags.writeable = False
    return array


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of an array as ``write_probe`` writes it; numpy's own reader evaluates the header as Python."""
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(tr("an array has another version"))
    found = _HEADER.fullmatch(stream.read(int.from_bytes(stream.read(2), "little")))
    if found is None:
        raise ValueError(tr("an array has another header"))
    kind, shape = (part.decode("ascii") for part in found.groups())
    return tuple(int(length) for length in shape.split(",") if length.strip()), np.dtype(kind)


def _check_shapes(words: layout.TraceMeta, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Every array has a place in this trace and the shape that it must have there."""
    expected = layout.shapes(words, len(arrays["model/inputs"]))
    for name, array in arrays.items():
        wanted = expected[name]
        if len(wanted) != array.ndim or any(n not in (None, m) for n, m in zip(wanted, array.shape, strict=True)):
            raise ValueError(tr("“{name}” has shape {shape}", name=name, shape=array.shape))
