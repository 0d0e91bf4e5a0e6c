"""Export of a selection to a file of another program, chosen by the file's ending."""

from __future__ import annotations

import csv as standard_csv
import importlib.util
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lstmviz.errors import ExportError
from lstmviz.language import mark
from lstmviz.traces import csv, hdf5, npz, parquet
from lstmviz.traces.early_flush import EarlyFlush
from lstmviz.traces.safe_write import check_room, replacing
from lstmviz.traces.selection import Selection, Wish, select
from lstmviz.traces.tables import Form, Tick
from lstmviz.traces.trace import Trace

Progress = Callable[[int, int], None]
Preview = tuple[tuple[str, ...], tuple[tuple[str, ...], ...], int]


@dataclass(frozen=True)
class Exporter:
    """One format: what writes it, whether it is a table (else named arrays), and the library and extra it needs."""

    title: str
    write: Callable[[Selection, Path, Form, Tick], None]
    table: bool
    library: str = ""
    extra: str = ""


EXPORTERS = {
    ".csv": Exporter("CSV", csv.write, table=True),
    ".tsv": Exporter("TSV", csv.write, table=True),
    ".parquet": Exporter("Parquet", parquet.write, table=True, library="pyarrow", extra="parquet"),
    ".npz": Exporter("NumPy", npz.write, table=False),
    ".h5": Exporter("HDF5", hdf5.write, table=False, library="h5py", extra="hdf5"),
    ".hdf5": Exporter("HDF5", hdf5.write, table=False, library="h5py", extra="hdf5"),
}
"""The formats by the file's ending."""


def export(
    trace: Trace,
    path: str | Path,
    *,
    signals: str | Iterable[str] | None = None,
    layers: str | int | Iterable[int] | None = None,
    directions: str | Iterable[str] | None = None,
    units: Wish = None,
    steps: Wish = None,
    form: str = "long",
    progress: Progress | None = None,
) -> None:
    """Write the chosen part of a trace in the format that the ending of ``path`` names; None chooses all.

    signals: names, a list or "f,i,o"; "all" for the derived ones too. layers: numbers or "0,1". directions: "forward",
    "reverse". units and steps: a number, numbers, a slice or "0:16,20", the last not included. form: of a table,
    ``long``, a row a value, or ``wide``, a row a step.
    ``progress(done, total)`` counts values and may raise to cancel: the file is then as it was before. Every format
    gives the same floats back. Raises TraceError for what the trace does not have, ExportError for what cannot be
    written.
    """
    exporter = exporter_for(path)
    selection = select(trace, signals=signals, layers=layers, directions=directions, units=units, steps=steps)
    checked = _form(form)
    _check_library(path, exporter)
    done, total = 0, len(selection.steps) * selection.columns()

    if progress is not None:
        progress(0, total)
    if not exporter.table:
        _check_room(path, selection)
    with replacing(path) as new:
        early = EarlyFlush(new)

        def tick(values: int) -> None:
            nonlocal done
            done += values
            early.send()
            if progress is not None:
                progress(done, total)

        exporter.write(selection, new, checked, tick)


def preview(trace: Trace, path: str | Path, rows: int, *, form: str = "long", **selection: Any) -> Preview:
    """The header, the first rows as text and the number of all rows that ``export`` would write with the same choice.

    A table shows its own rows; a file of arrays one row for each array: name, shape, dtype, first values.
    """
    exporter = exporter_for(path)
    chosen = select(trace, **selection)
    checked = _form(form)
    if not exporter.table:
        return _preview_arrays(chosen, rows)
    total = len(chosen.steps) * (chosen.columns() if checked == "long" else 1)
    start = replace(chosen, steps=chosen.steps[: max(1, rows)])  # every block is as many rows long, or whole
    text: list[bytes] = []
    found = 0
    for values, piece in csv.lines(start, checked):
        text.append(piece)
        found += values
        if checked == "long" and found >= rows:
            break
    header, *body = standard_csv.reader(io.StringIO(b"".join(text).decode(), newline=""), strict=True)
    return tuple(header), tuple(tuple(row) for row in body[:rows]), total


def exporter_for(path: str | Path) -> Exporter:
    """The format that a path's ending names; ExportError where it names none."""
    ending = Path(path).suffix.lower()
    if not ending:
        raise ExportError(
            "“{path}” has no ending, which says the format; expected one of: {endings}.",
            path=str(path),
            endings=" ".join(EXPORTERS),
        )
    if ending not in EXPORTERS:
        raise ExportError(
            "“{path}” ends in “{ending}”; expected one of: {endings}.",
            path=str(path),
            ending=ending,
            endings=" ".join(EXPORTERS),
        )
    return EXPORTERS[ending]


def _check_library(path: str | Path, exporter: Exporter) -> None:
    """Refuse a format whose library is not there."""
    if exporter.library and importlib.util.find_spec(exporter.library) is None:
        raise ExportError(
            "“{path}” needs the library {library}, which is not installed: pip install 'lstmviz[{extra}]'.",
            path=str(path),
            library=exporter.library,
            extra=exporter.extra,
        )


def _check_room(path: str | Path, selection: Selection) -> None:
    """Refuse arrays that the disk cannot take; how long a table gets is known only when it is written."""
    lane = next(iter(selection.trace.lanes.values()))
    need = len(selection.steps) * selection.columns() * lane.h0.dtype.itemsize
    check_room(path, need, mark("export less"))


def _form(form: str) -> Form:
    if form == "long":
        return "long"
    if form == "wide":
        return "wide"
    raise ExportError("“{form}” is no form of table; expected long or wide.", form=str(form))


def _preview_arrays(selection: Selection, rows: int) -> Preview:
    shown = []
    for block in selection.blocks[:rows]:
        source = selection.source(block)
        steps, units = source.shape
        first = source.read(slice(0, 1))[0, :4]
        values = " ".join(map(str, first)) + (" …" if steps * units > len(first) else "")
        shown.append((block.key, f"{steps} × {units}", str(source.dtype), values))
    return ("name", "shape", "dtype", "first values"), tuple(shown), len(selection.blocks)
