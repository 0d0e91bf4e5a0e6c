"""The trace store: a trace on disk as a zarr 3 folder, which zarr and xarray open too. ``layout`` says what is where.

xarray.open_zarr("a.zarr", group="layer0/forward", consolidated=False)
zarr.open_group("a.zarr", mode="r")["layer0/forward/f"]
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.errors import LstmvizError, TraceError
from lstmviz.language import tr
from lstmviz.traces import journal, layout
from lstmviz.traces.checksum import LENGTH
from lstmviz.traces.copying import copy_trace, refuse_itself
from lstmviz.traces.journal import Span
from lstmviz.traces.layout import ArrayMeta, RootMeta
from lstmviz.traces.lazy import as_array
from lstmviz.traces.overview import Overview
from lstmviz.traces.pack import is_packed, pack_store
from lstmviz.traces.places import FolderPlace, Place, place_at
from lstmviz.traces.safe_write import replacing, scratch_folder
from lstmviz.traces.store_folder import check_target, make_root, refuse_type, write_array
from lstmviz.traces.store_root import MAX_WORDS, check_arrays, check_chunks, damaged, read_root
from lstmviz.traces.stored import StoredArray
from lstmviz.traces.trace import Recorded, Trace

Progress = Callable[[int, int], None]

WHOLE = 256 << 20
"""Signals that take more bytes together stay on the disk when their trace is opened."""


def save_trace(trace: Trace, path: str | Path, progress: Progress | None = None) -> None:
    """Write a trace as a folder ``NAME.zarr``, or as a file ``NAME.zarr.zip``, beside its target and then moved there.

    ``progress(done, total)`` counts bytes and may raise to cancel: an old store of that name stays as it was. Only a
    trace store or an empty folder is replaced. A lazy trace is copied stretch by stretch. Raises ExportError.
    """
    if is_packed(path):
        _save_packed(trace, path, progress)
        return
    check_target(path)
    if trace.lazy:
        refuse_itself(trace, path)
        with replacing(path, folder=True) as new:
            copy_trace(trace, new, progress, path)
        return
    arrays = list(layout.arrays_of(trace))
    for name, _, array in arrays:
        refuse_type(path, name, array)
    done, total = 0, sum(array.nbytes for _, _, array in arrays)
    with replacing(path, folder=True) as new:
        root = make_root(new)
        table: dict[str, ArrayMeta] = {}
        for name, dimensions, array in arrays:
            native = array.astype(array.dtype.newbyteorder("="), copy=False)
            table[name] = write_array(root, name, dimensions, native)
            done += array.nbytes
            if progress is not None:
                progress(done, total)
        # the last thing written: a store without it was cut short
        root.attrs.put(
            {"lstmviz_trace": layout.WHOLE_VERSION, "frames_written": len(trace)}
            | layout.signed(layout.words_of(trace), msgspec.to_builtins(table))
        )


def _save_packed(trace: Trace, path: str | Path, progress: Progress | None) -> None:
    """A store in a folder is packed as it is; any other is written beside its zip first."""
    place = None if trace.overview is None else trace.overview.place
    if isinstance(place, FolderPlace):
        pack_store(place.folder, path, progress)
        return
    refuse_itself(trace, path)
    with scratch_folder(path) as folder:
        if trace.lazy:
            copy_trace(trace, folder, progress, path)
        else:
            save_trace(trace, folder, progress)
        pack_store(folder, path, progress)


def open_trace(path: str | Path | Place, progress: Progress | None = None, lazy: bool | None = None) -> Trace:
    """Read a trace store, whole or ``lazy``: unless told, lazily where its signals take more than 256 MiB.

    Read whole, the trace is identical to the one that was saved, and its arrays are read-only and checked against their
    SHA-256 or CRC-32C. Lazily, signals and outputs are StoredArrays, checked when they are touched; ``Trace.overview``
    draws them. Sizes are checked before memory is taken, and nothing outside the store is read. One that was cut short
    while it was recorded gives what is complete, and ``recorded.note`` says so. Raises TraceError: missing, no trace
    store, without one complete step, damaged, or of a later version.
    """
    place = place_at(path) if isinstance(path, str | Path) else path
    try:
        root = read_root(place)
        check_arrays(place, root)
        return _read(place, root, progress, lazy)
    except TraceError:
        raise
    except LstmvizError as error:
        raise TraceError("“{path}” holds no sound trace: {reason}", path=place.name, reason=str(error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError("“{path}” could not be read: {reason}.", path=place.name, reason=reason) from error
    except KeyError as error:  # an array that the words promise
        raise damaged(place, str(error.args[0])) from error


def is_trace_store(path: str | Path) -> bool:
    """Whether a place calls itself a trace store; whether it is sound, only ``open_trace`` says."""
    try:
        return b'"lstmviz_trace"' in (place_at(path).read("zarr.json", 0, MAX_WORDS) or b"")
    except (OSError, ValueError, TraceError):
        return False


def _read(place: Place, root: RootMeta, progress: Progress | None, lazy: bool | None) -> Trace:
    """The trace of a root that has been checked."""
    groups = {name: _group(name) for name in root.arrays}
    total = sum(math.prod(meta.shape) * np.dtype(meta.dtype).itemsize for meta in root.arrays.values())
    signals = sum(
        math.prod(root.arrays[name].shape) * np.dtype(root.arrays[name].dtype).itemsize
        for name, group in groups.items()
        if group
    )
    if lazy is None:
        lazy = signals > WHOLE
    spans = {group: (0, root.frames_written) for group in groups.values() if group}
    if not root.finished:
        spans = journal.read_journal(place, spans, root.frames_written)
    steps = _steps(place, root, spans)
    arrays: dict[str, npt.NDArray[Any]] = {}
    stored: dict[str, StoredArray] = {}
    done = 0
    for name, meta in root.arrays.items():
        group = groups[name]
        if group:
            stored[name] = _stored(place, root, name, steps, spans[group])
            arrays[name] = as_array(stored[name]) if lazy else _whole(place, root, name, stored[name])
        else:
            arrays[name] = _known(place, name, meta, root.checksums)
        done += math.prod(meta.shape) * np.dtype(meta.dtype).itemsize
        if progress is not None:
            progress(done, total)
    trace = layout.trace_of(root.meta, arrays, steps)
    if lazy:
        trace = replace(trace, overview=_overview(place, trace, stored, root.frames_written))
    return trace if root.finished else replace(trace, recorded=_cut_short(trace.recorded, spans, root.frames_written))


def _overview(place: Place, trace: Trace, stored: dict[str, StoredArray], meant: int) -> Overview:
    signals = {
        (layer, side, name): stored[f"layer{layer}/{side}/{name}"]
        for (layer, side), lane in trace.lanes.items()
        for name in lane.signals
    }
    return Overview(place, signals, len(trace), meant)


def _group(name: str) -> str:
    """The lane of a signal, or the outputs themselves; "" for what is always read whole."""
    parts = name.split("/")
    if name == journal.OUTPUTS:
        return name
    return "/".join(parts[:2]) if len(parts) == 3 and parts[2] not in ("h0", "c0") else ""


def _steps(place: Place, root: RootMeta, spans: dict[str, Span]) -> int:
    """How long the trace is: as far as every lane goes; all of it where one is written from its end."""
    lanes = {group: span for group, span in spans.items() if group != journal.OUTPUTS}
    if any(first < last for first, last in lanes.values()) and any(group.endswith("/reverse") for group in lanes):
        return root.frames_written
    steps = min((last for first, last in lanes.values() if first == 0), default=0)
    if steps < 1:
        raise TraceError(
            "The recording “{path}” was ended before its first stretch was complete; there is nothing to show. "
            "Record it again.",
            path=place.name,
        )
    return steps


def _cut_short(recorded: Recorded, spans: dict[str, Span], steps: int) -> Recorded:
    """How it was recorded, with a note of what is missing."""
    there = min(last - first for group, (first, last) in spans.items() if group != journal.OUTPUTS)
    if there == steps:
        note = tr("This recording has all of its steps, but was ended before it was checked.")
    elif any(group.endswith("/reverse") for group in spans):
        note = tr(
            "This recording was cut short or is still being made: {there} of {steps} steps are complete in every "
            "direction. The rest is missing: NaN, and hatched where it is drawn.",
            there=there,
            steps=steps,
        )
    else:
        note = tr(
            "This recording was cut short or is still being made: it has {there} of {steps} steps.",
            there=there,
            steps=steps,
        )
    return replace(recorded, note=note)


def _stored(place: Place, root: RootMeta, name: str, steps: int, span: Span) -> StoredArray:
    meta = root.arrays[name]
    written = (min(span[0], steps), min(span[1], steps))
    shape = (steps, meta.shape[1])
    return StoredArray(place, name, shape, meta.dtype, meta.rows, checksums=root.checksums, written=written)


def _whole(place: Place, root: RootMeta, name: str, stored: StoredArray) -> npt.NDArray[Any]:
    """A signal in memory, once every chunk is known to be there, and to have the right size."""
    meta = root.arrays[name]
    if root.finished:
        check_chunks(place, name, meta, root.checksums)
    array = stored.block(0, len(stored)) if root.checksums else _known(place, name, meta, checksums=False)
    if meta.sha256 and root.checksums and layout.array_hash(array) != meta.sha256:
        raise damaged(place, name)
    array.flags.writeable = False
    return array


def _known(place: Place, name: str, meta: ArrayMeta, checksums: bool) -> npt.NDArray[Any]:
    """An array that is read whole, and has the SHA-256 that the root says."""
    check_chunks(place, name, meta, checksums)
    dtype = np.dtype(meta.dtype)
    length = meta.chunk_bytes + LENGTH * checksums
    parts = [np.empty((0, *meta.shape[1:]), dtype)]
    for number in range(meta.chunks):  # memory is taken for what has come, not for what is declared
        data = place.read(layout.chunk_file(name, number, len(meta.shape), checksums), 0, length + 1)
        if data is None or len(data) != length:
            raise damaged(place, name)
        rows = np.frombuffer(data, dtype.newbyteorder("<"), math.prod(meta.chunk)).reshape(meta.chunk)
        inside = tuple(slice(wide) for wide in meta.shape[1:])
        parts.append(rows[(slice(meta.shape[0] - number * meta.rows), *inside)])
    array = np.concatenate(parts).astype(dtype, copy=False)
    if layout.array_hash(array) != meta.sha256:
        raise damaged(place, name)
    array.flags.writeable = False
    return array
