"""The trace store: a trace on disk as a zarr 3 folder, which zarr and xarray open too. ``layout`` says what is where.

xarray.open_zarr("a.zarr", group="layer0/forward", consolidated=False)
zarr.open_group("a.zarr", mode="r")["layer0/forward/f"]
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.errors import ExportError, LstmvizError, TraceError
from lstmviz.traces import layout
from lstmviz.traces.layout import READABLE, VERSION, ArrayMeta, RootMeta
from lstmviz.traces.safe_write import replacing
from lstmviz.traces.trace import Trace

Progress = Callable[[int, int], None]

CHUNK_BYTES = 4 << 20
"""A chunk is about this long: some 8,000 steps of 128 units in float32."""
MAX_WORDS = 256 << 20
"""The longest zarr.json that is read: labels for some ten million steps."""
MAX_ARRAY_WORDS = 1 << 16
_DTYPES = ("float16", "float32", "float64")
_TIMES = re.compile(r"float(32|64)|u?int(8|16|32|64)|datetime64\[\d{0,4}[A-Za-z]{1,2}\]")


def save_trace(trace: Trace, path: str | Path, progress: Progress | None = None) -> None:
    """Write a trace as a folder ``NAME.zarr``, beside its target and then moved into place.

    ``progress(done, total)`` counts bytes and may raise to cancel: an old store of that name stays as it was. Only a
    trace store or an empty folder is replaced. Raises ExportError.
    """
    import zarr

    _check_target(path)
    arrays = list(layout.arrays_of(trace))
    for name, _, array in arrays:
        if not _holds(name, array.dtype.newbyteorder("=").name):
            raise ExportError(
                "“{path}” could not be written: {name} is of type {dtype}; a trace store holds floats, and dates for "
                "the times.",
                path=str(path),
                name=name,
                dtype=str(array.dtype),
            )
    done, total = 0, sum(array.nbytes for _, _, array in arrays)
    with replacing(path, folder=True) as new:
        root = zarr.open_group(new, mode="w", zarr_format=3)
        table: dict[str, ArrayMeta] = {}
        for name, dimensions, array in arrays:
            native = array.astype(array.dtype.newbyteorder("="), copy=False)
            table[name] = _write_array(root, name, dimensions, native)
            done += array.nbytes
            if progress is not None:
                progress(done, total)
        meta, described = msgspec.to_builtins(layout.words_of(trace)), msgspec.to_builtins(table)
        # the last thing written: a store without it was cut short
        root.attrs.put(
            {
                "lstmviz_trace": VERSION,
                "meta": meta,
                "arrays": described,
                "sha256": layout.fingerprint(meta, described),
                "frames_written": len(trace),
            }
        )


def open_trace(path: str | Path, progress: Progress | None = None) -> Trace:
    """Read a trace store; the trace is identical to the one that was saved, and its arrays are read-only.

    Sizes are checked before memory is taken, every array against its SHA-256, and nothing outside the folder is read.
    Raises TraceError: missing, no trace store, cut short, damaged, or of a later version.
    """
    folder = Path(path)
    try:
        root = _read_root(folder)
        _check_files(folder, root)
        arrays = _read_arrays(folder, root, progress)
        return layout.trace_of(root.meta, arrays)
    except TraceError:
        raise
    except LstmvizError as error:
        raise TraceError("“{path}” holds no sound trace: {reason}", path=str(path), reason=str(error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError("“{path}” could not be read: {reason}.", path=str(path), reason=reason) from error
    except KeyError as error:  # an array that the words promise
        raise _damaged(folder, str(error.args[0])) from error


def is_trace_store(path: str | Path) -> bool:
    """Whether a folder calls itself a trace store; whether it is sound, only ``open_trace`` says."""
    try:
        return b'"lstmviz_trace"' in (Path(path) / "zarr.json").read_bytes()
    except (OSError, ValueError):
        return False


def _check_target(path: str | Path) -> None:
    target = Path(path)
    if target.suffix.lower() != ".zarr":
        raise ExportError("“{path}” does not end in .zarr; a trace is saved as a folder NAME.zarr.", path=str(path))
    if target.is_dir() and any(target.iterdir()) and not is_trace_store(target):
        raise ExportError(
            "“{path}” is a folder with something else than a trace in it and is not replaced. Choose another name.",
            path=str(path),
        )


def _write_array(root: Any, name: str, dimensions: tuple[str, ...], array: npt.NDArray[Any]) -> ArrayMeta:
    """Write one array in chunks along its first axis, uncompressed, so that a file's size tells whether it is whole."""
    row = max(1, array.nbytes // max(1, len(array)))
    rows = max(1, min(len(array), CHUNK_BYTES // row)) if dimensions[0] == "time" else max(1, len(array))
    meta = ArrayMeta(str(array.dtype), array.shape, rows, _hash(array))
    stored = root.create_array(
        name,
        shape=array.shape,
        chunks=meta.chunk,
        dtype=array.dtype,
        compressors=None,
        filters=None,
        dimension_names=dimensions,
        config={"write_empty_chunks": True},  # a missing chunk is damage, never a row of zeros
    )
    stored[...] = array
    return meta


def _read_root(folder: Path) -> RootMeta:
    if not folder.exists():
        raise TraceError("“{path}” does not exist. Check the name, or record a trace first.", path=str(folder))
    if not (folder / "zarr.json").is_file():
        raise TraceError("“{path}” is no trace store; expected a folder NAME.zarr.", path=str(folder))
    words = _read_json(folder, "zarr.json", MAX_WORDS)
    attributes = words.get("attributes")
    if isinstance(attributes, dict) and "lstmviz_corpus" in attributes:
        raise TraceError(
            "“{path}” is a corpus of many traces; name one of them, as in “{member}”. `lstmviz inspect` lists them.",
            path=str(folder),
            member=str(folder / "00000000.zarr"),
        )
    if not isinstance(attributes, dict) or "lstmviz_trace" not in attributes:
        raise TraceError(
            "“{path}” is no finished trace store: its zarr.json does not say so. Save the trace again.",
            path=str(folder),
        )
    if attributes["lstmviz_trace"] not in READABLE:
        raise TraceError(
            "“{path}” is a trace store of version {found}; this lstmviz reads version {version}. Update lstmviz.",
            path=str(folder),
            found=str(attributes["lstmviz_trace"])[:40],
            version=VERSION,
        )
    try:
        root = msgspec.convert(attributes, RootMeta)
        found = layout.fingerprint(attributes["meta"], attributes["arrays"])
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise _damaged(folder, "zarr.json") from error
    if found != root.sha256:
        raise _damaged(folder, "zarr.json")
    return root


def _check_files(folder: Path, root: RootMeta) -> None:
    """Every file that will be read is an ordinary one inside the folder, of exactly the size that is declared."""
    expected = layout.shapes(root.meta, root.frames_written)
    for name, meta in root.arrays.items():
        if name not in expected or not _sane(name, meta, expected[name]):
            raise _damaged(folder, name[:100])
        if not _declares(_read_json(folder, f"{name}/zarr.json", MAX_ARRAY_WORDS), meta):
            raise _damaged(folder, f"{name}/zarr.json")
        for number in range(meta.chunks):
            chunk = f"{name}/c/" + "/".join([str(number), *["0"] * (len(meta.shape) - 1)])
            if not _is_chunk(folder, chunk, meta.chunk_bytes):
                raise _damaged(folder, chunk)


def _is_chunk(folder: Path, name: str, size: int) -> bool:
    """Whether a chunk is an ordinary file of the right size, with no link on the way to it."""
    chunk = folder / name
    try:
        facts = chunk.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    way = chunk.parents[: name.count("/")]
    return stat.S_ISREG(facts.st_mode) and facts.st_size == size and not any(part.is_symlink() for part in way)


def _holds(name: str, dtype: str) -> bool:
    """Whether a store can hold an array of this dtype there."""
    return bool(_TIMES.fullmatch(dtype)) if name == "sequence/times" else dtype in _DTYPES


def _sane(name: str, meta: ArrayMeta, shape: tuple[int | None, ...]) -> bool:
    """Whether an array's dtype and shape are those that this trace must have there."""
    fits = len(meta.shape) == len(shape) and all(
        length >= 0 and length == (length if wanted is None else wanted)
        for length, wanted in zip(meta.shape, shape, strict=True)
    )
    return _holds(name, meta.dtype) and fits and meta.rows >= 1


def _declares(words: dict[str, Any], meta: ArrayMeta) -> bool:
    """Whether an array's own zarr.json says what the root says, with plain chunks and no codec but bytes."""
    grid, codecs = words.get("chunk_grid"), words.get("codecs")
    return (
        words.get("shape") == list(meta.shape)
        and grid == {"name": "regular", "configuration": {"chunk_shape": list(meta.chunk)}}
        and isinstance(codecs, list)
        and [codec.get("name") if isinstance(codec, dict) else None for codec in codecs] == ["bytes"]
        and not words.get("storage_transformers")
    )


def _read_arrays(folder: Path, root: RootMeta, progress: Progress | None) -> dict[str, npt.NDArray[Any]]:
    import zarr

    group = zarr.open_group(folder, mode="r", zarr_format=3)
    done, total = 0, sum(meta.chunk_bytes * meta.chunks for meta in root.arrays.values())
    arrays = {}
    for name, meta in root.arrays.items():
        stored = group[name]
        if not isinstance(stored, zarr.Array) or str(stored.dtype) != meta.dtype:
            raise _damaged(folder, name)
        array = np.asarray(stored[...])
        if _hash(array) != meta.sha256:
            raise _damaged(folder, name)
        array.flags.writeable = False
        arrays[name] = array
        done += meta.chunk_bytes * meta.chunks
        if progress is not None:
            progress(done, total)
    return arrays


def _read_json(folder: Path, name: str, limit: int) -> dict[str, Any]:
    file = folder / name
    try:
        facts = file.lstat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > limit:
            raise _damaged(folder, name)
        words = json.loads(file.read_bytes())
    except (ValueError, RecursionError, FileNotFoundError) as error:
        raise _damaged(folder, name) from error
    if not isinstance(words, dict):
        raise _damaged(folder, name)
    return words


def _hash(array: npt.NDArray[Any]) -> str:
    # as plain bytes, since dates are no buffer
    return hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data).hexdigest()


def _damaged(folder: Path, part: str) -> TraceError:
    return TraceError(
        "The trace store “{path}” is damaged or was not written to its end, at “{part}”. "
        "Use a copy, or record the trace again.",
        path=str(folder),
        part=part,
    )
