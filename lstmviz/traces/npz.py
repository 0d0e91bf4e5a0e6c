"""A selection as NPZ: one array a signal, named as in the trace store, written as a stream."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from lstmviz.traces.selection import Selection, Source
from lstmviz.traces.tables import Form, Tick, about, plain


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write t (S,), time and label where there are any, ``layer0/forward/f`` (S, U), its units (U,), and ``about``.

    ``about`` is JSON: where the trace comes from. Arrays are not tables, so long and wide mean the same here. Members
    and file may be of any size (zip64).
    """
    with zipfile.ZipFile(path, "w") as archive:
        _put(archive, "about", np.array(json.dumps(about(selection.trace))))
        _put(archive, "t", selection.steps.astype(np.int64))
        times, labels = selection.times(), selection.labels()
        if times is not None:
            _put(archive, "time", times)
        if labels is not None:
            _put(archive, "label", np.array([plain(label) for label in labels]))
        for block in selection.blocks:
            _stream(archive, block.key, selection, selection.source(block), tick)
            _put(archive, f"{block.key}.units", block.units.astype(np.int64))


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(f"{name}.npy", "w", force_zip64=True)


def _put(archive: zipfile.ZipFile, name: str, array: npt.NDArray[Any]) -> None:
    with _member(archive, name) as file:
        np.lib.format.write_array(file, np.asarray(array, order="C"), allow_pickle=False)


def _stream(archive: zipfile.ZipFile, name: str, selection: Selection, source: Source, tick: Tick) -> None:
    """One array stretch by stretch, behind a header that already knows its shape."""
    words = {"descr": np.lib.format.dtype_to_descr(source.dtype), "fortran_order": False, "shape": source.shape}
    with _member(archive, name) as file:
        np.lib.format.write_array_header_1_0(file, words)
        for stretch in selection.stretches(source.row_bytes):
            values = source.read(stretch)
            file.write(np.ascontiguousarray(values).data)
            tick(values.size)
