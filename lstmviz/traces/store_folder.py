"""Making the folder of a trace store: its groups and arrays, with zarr."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lstmviz.errors import ExportError
from lstmviz.traces.layout import ArrayMeta, array_hash
from lstmviz.traces.store_root import holds, is_trace_folder

CHUNK_BYTES = 4 << 20
"""A chunk of what is written at once is about this long: some 8,000 steps of 128 units in float32."""


def check_target(path: str | Path) -> None:
    """Refuse a name that does not end in .zarr, and a folder with something else in it. Raises ExportError."""
    target = Path(path)
    if target.suffix.lower() != ".zarr":
        raise ExportError("“{path}” does not end in .zarr; a trace is saved as a folder NAME.zarr.", path=str(path))
    if target.is_dir() and any(target.iterdir()) and not is_trace_folder(target):
        raise ExportError(
            "“{path}” is a folder with something else than a trace in it and is not replaced. Choose another name.",
            path=str(path),
        )


def refuse_type(path: str | Path, name: str, array: npt.NDArray[Any]) -> None:
    """Refuse an array of a type that no store can hold there. Raises ExportError."""
    if not holds(name, array.dtype.newbyteorder("=").name):
        raise ExportError(
            "“{path}” could not be written: {name} is of type {dtype}; a trace store holds floats, and dates for the "
            "times.",
            path=str(path),
            name=name,
            dtype=str(array.dtype),
        )


def make_root(folder: Path) -> Any:
    """The root group of a new store."""
    import zarr

    return zarr.open_group(folder, mode="w", zarr_format=3)


def write_array(
    root: Any, name: str, dimensions: tuple[str, ...], array: npt.NDArray[Any], *, checksums: bool = False
) -> ArrayMeta:
    """Write one array in chunks along its first axis, uncompressed, so that a file's size tells whether it is whole."""
    row = max(1, array.nbytes // max(1, len(array)))
    rows = max(1, min(len(array), CHUNK_BYTES // row)) if dimensions[0] == "time" else max(1, len(array))
    meta = ArrayMeta(str(array.dtype), array.shape, rows, array_hash(array))
    make_array(root, name, dimensions, meta, checksums=checksums)[...] = array
    return meta


def make_array(root: Any, name: str, dimensions: tuple[str, ...], meta: ArrayMeta, *, checksums: bool) -> Any:
    """A zarr array without its values; with checksums its chunks are plain files in one folder."""
    from zarr.codecs import Crc32cCodec

    more: dict[str, Any] = {"compressors": None}
    if checksums:
        more = {
            "compressors": (Crc32cCodec(),),
            "chunk_key_encoding": {"name": "default", "separator": "."},
            "fill_value": np.nan if np.dtype(meta.dtype).kind == "f" else None,
        }
    return root.create_array(
        name,
        shape=meta.shape,
        chunks=meta.chunk,
        dtype=meta.dtype,
        filters=None,
        dimension_names=dimensions,
        config={"write_empty_chunks": True},  # a missing chunk is damage, never a row of zeros
        **more,
    )
