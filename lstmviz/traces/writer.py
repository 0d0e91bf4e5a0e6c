"""Writing a trace store while its trace is being recorded: nothing of it is ever whole in memory, or lost by a kill.

    with begin_store("big.zarr", head, sequence, inputs, None, steps=1_000_000, dtype="float16") as writer:
        writer.append((0, "forward"), 0, {"i": i, "f": f, …})
        writer.finish(check, recorded)

What is written stands under the store's own name from the beginning; a store that was there before is kept beside it
until ``finish``. A chunk that is full goes to the disk, and then a line of the journal says so.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
import numpy as np

from lstmviz.language import mark
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces import journal, layout
from lstmviz.traces.layout import ArrayMeta
from lstmviz.traces.places import FolderPlace
from lstmviz.traces.safe_write import check_room, checked_target, remove, replacing, sentence
from lstmviz.traces.store_folder import check_target, make_array, make_root, refuse_type, write_array
from lstmviz.traces.store_root import MAX_WORDS, read_json
from lstmviz.traces.stored import StoredArray
from lstmviz.traces.streams import Stream, chunk_rows
from lstmviz.traces.trace import Array, Check, Lane, Recorded, Trace

Key = tuple[int, str]
Dtype = Literal["float16", "float32", "float64"]


class StoreWriter:
    """A trace store that is being filled; ``begin_store`` makes one."""

    def __init__(
        self, path: str | Path, streams: Mapping[str, Stream], steps: int, aside: Path | None, called: str | Path
    ) -> None:
        self.path, self.steps, self._called = Path(path), steps, called
        self._streams, self._aside = streams, aside
        self._open = True

    def append(self, key: Key, start: int, signals: Mapping[str, Array]) -> None:
        """The next steps of one lane: (n, H) for each signal, ``start`` the first of them in the order of time.

        A forward lane goes on where it stopped, a reverse one comes from the end and goes towards step 0. Raises
        ExportError: the disk is full, or a number is too large for the store's float type.
        """
        self._write(f"layer{key[0]}/{key[1]}", start, signals)

    def say(self, start: int, outputs: Array) -> None:
        """The next steps of the model's outputs, (n, O), forward. Raises ExportError like ``append``."""
        self._write(journal.OUTPUTS, start, {"outputs": outputs})

    def array(self, key: Key, name: str) -> StoredArray:
        """One signal of a lane as far as it is on the disk now; steps after that are NaN."""
        return self._streams[f"layer{key[0]}/{key[1]}"].array(FolderPlace(self.path), name)

    def finish(self, check: Check | None = None, recorded: Recorded | None = None) -> None:
        """Everything has been appended: write what is left, how it was checked and recorded, and close."""
        missing = [group for group, stream in self._streams.items() if not stream.complete]
        if missing:
            raise ValueError(f"not every step was given of {', '.join(missing)}")
        self._flush()
        words = read_json(FolderPlace(self.path), "zarr.json", MAX_WORDS)
        meta = msgspec.convert(words["attributes"]["meta"], layout.TraceMeta)
        check_words = meta.check if check is None else layout.check_words(check)
        meta = msgspec.structs.replace(meta, check=check_words, recorded=recorded or meta.recorded)
        words["attributes"] |= layout.signed(meta, words["attributes"]["arrays"]) | {"finished": True}
        with replacing(self.path / "zarr.json") as new:
            new.write_bytes(msgspec.json.encode(words))
        self._open = False
        if self._aside is not None:
            remove(self._aside)

    def close(self) -> None:
        """Write what is left, unless the disk failed; without ``finish`` the store opens as one that was cut short."""
        if self._open:
            self._flush()
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, group: str, start: int, signals: Mapping[str, Array]) -> None:
        with self._said():
            self._streams[group].append(start, signals)

    def _flush(self) -> None:
        with self._said():
            for stream in self._streams.values():
                stream.flush()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What the system says of the disk as a sentence; nothing more is written after it."""
        try:
            yield
        except OSError as error:
            self._open = False
            raise sentence(error, self._called) from error


def begin_store(
    path: str | Path,
    head: Trace,
    sequence: Sequence,
    inputs: Array,
    targets: Array | None,
    steps: int,
    dtype: Dtype = "float32",
    called: str | Path = "",
) -> StoreWriter:
    """Begin a trace store of so many steps, to be filled lane by lane.

    head: the trace of the first stretch, of any length: its layers, lanes with weights, h0 and c0, names of signals
    and outputs and model are those of the whole. sequence, inputs (T, F) and targets (T, K) or None: whole. dtype: that
    of the signals; outputs keep their own. called: the name in what is said of it, where it gets another one later.
    Raises ExportError: the name does not end in .zarr, something else is there, or the disk has not the room for it.
    """
    check_target(path)
    checked_target(path, folder=True)
    _check_room(called or path, head, steps, np.dtype(dtype))
    rows = chunk_rows(max(_widths(head)), np.dtype(dtype), steps)
    whole = replace(head, check=None)
    aside = _put_aside(Path(path))
    try:
        with replacing(path, folder=True) as new:
            streams = _begin(path, new, whole, (sequence, inputs, targets), steps, np.dtype(dtype), rows)
    except BaseException:
        if aside is not None:
            aside.rename(path)
        raise
    for stream in streams.values():
        stream.folder = Path(path)
    return StoreWriter(path, streams, steps, aside, called or path)


def _begin(
    path: str | Path,
    folder: Path,
    head: Trace,
    whole: tuple[Sequence, Array, Array | None],
    steps: int,
    dtype: np.dtype[Any],
    rows: int,
) -> dict[str, Stream]:
    """Words, arrays that are known whole, and the names of the others."""
    root = make_root(folder)
    table: dict[str, ArrayMeta] = {}
    streams: dict[str, Stream] = {}
    sequence, inputs, targets = whole
    known = replace(head, sequence=sequence, inputs=inputs, targets=targets, outputs=None, lanes=_bare(head))
    for name, dimensions, array in layout.arrays_of(known):
        refuse_type(path, name, array)
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        table[name] = write_array(root, name, dimensions, native, checksums=True)
    streamed = [
        (f"layer{layer}/{side}", {name: array.shape[1] for name, array in lane.signals.items()}, dtype)
        for (layer, side), lane in head.lanes.items()
    ]
    if head.outputs is not None:
        streamed.append((journal.OUTPUTS, {"outputs": head.outputs.shape[1]}, head.outputs.dtype))
    for group, widths, kind in streamed:
        own = rows if group != journal.OUTPUTS else chunk_rows(max(widths.values()), kind, steps)
        stream = streams[group] = Stream(folder, group, widths, kind, steps, own)
        for name, width in widths.items():
            meta = table[stream.path(name)] = ArrayMeta(kind.name, (steps, width), own, "")
            make_array(root, stream.path(name), ("time", _dimension(group, width, head)), meta, checksums=True)
    make_array(root, "lstmviz", ("byte",), ArrayMeta("uint8", (0,), 1, ""), checksums=False)
    (folder / journal.FILE).touch()
    words = layout.words_of(replace(known, lanes=head.lanes))
    described = msgspec.to_builtins(table)
    root.attrs.put(
        {"lstmviz_trace": layout.VERSION, "frames_written": steps, "finished": False} | layout.signed(words, described)
    )
    return streams


def _bare(head: Trace) -> dict[Key, Lane]:
    return {key: replace(lane, signals={}) for key, lane in head.lanes.items()}


def _dimension(group: str, width: int, head: Trace) -> str:
    if group == journal.OUTPUTS:
        return "output"
    units = head.layers[int(group.removeprefix("layer").split("/")[0])].units
    return "unit" if width == units else "projection"


def _widths(head: Trace) -> list[int]:
    return [array.shape[1] for lane in head.lanes.values() for array in lane.signals.values()]


def _check_room(path: str | Path, head: Trace, steps: int, dtype: np.dtype[Any]) -> None:
    """Refuse what the disk cannot take: the signals, their pyramid and the outputs."""
    need = sum(_widths(head)) * steps * dtype.itemsize * 8 // 5
    if head.outputs is not None:
        need += steps * head.outputs.shape[1] * head.outputs.dtype.itemsize
    check_room(path, need, mark("record fewer steps or float16"))


def _put_aside(path: Path) -> Path | None:
    """Move a store that is there out of the way, under a name that one finds."""
    target = Path(os.path.realpath(path))
    if not target.is_dir() or not any(target.iterdir()):
        return None
    aside = target.with_name(f"{target.stem}.{uuid.uuid4().hex[:8]}.old{target.suffix}")
    try:
        target.rename(aside)
    except OSError as error:
        raise sentence(error, path) from error
    return aside
