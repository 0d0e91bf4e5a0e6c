"""A selection as Parquet: the tables of the CSV, with their types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lstmviz.traces.selection import Block, Selection
from lstmviz.traces.tables import Form, Tick, about, column_names, plain

BATCH = 1 << 20
"""Values in one row group."""


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write the long or wide table; t and the layers and units are integers, values keep the trace's dtype.

    Where the trace comes from stands in the metadata of the schema.
    """
    import pyarrow.parquet as pq

    writer = None
    try:
        for table in (_long if form == "long" else _wide)(selection):
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            tick(table.num_rows if form == "long" else table.num_rows * selection.columns())
    finally:
        if writer is not None:
            writer.close()


def _long(selection: Selection) -> Iterator[Any]:
    blocks = [(block, selection.values(block)) for block in selection.blocks]
    dtype = np.result_type(*(values.dtype for _, values in blocks))
    for block, values in blocks:
        rows = max(1, BATCH // len(block.units))
        for first in range(0, len(values), rows):
            part = slice(first, first + rows)
            yield _long_table(selection, block, values[part].astype(dtype, copy=False), part)


def _long_table(selection: Selection, block: Block, values: Any, rows: slice) -> Any:
    import pyarrow as pa

    steps, units = values.shape
    repeated = [
        (name, column.take(pa.array(np.repeat(np.arange(steps), units)))) for name, column in _steps(selection, rows)
    ]
    words = {
        name: pa.DictionaryArray.from_arrays(pa.array(np.zeros(values.size, np.int32)), pa.array([word]))
        for name, word in (("direction", block.direction), ("signal", block.signal))
    }
    columns = {
        **dict(repeated),
        "layer": pa.array(np.full(values.size, block.layer, np.int32)),
        "direction": words["direction"],
        "unit": pa.array(np.tile(block.units.astype(np.int32), steps)),
        "signal": words["signal"],
        "value": pa.array(values.ravel()),
    }
    return pa.table(columns).replace_schema_metadata(about(selection.trace))


def _wide(selection: Selection) -> Iterator[Any]:
    import pyarrow as pa

    blocks = [(column_names(selection, block), selection.values(block)) for block in selection.blocks]
    rows = max(1, BATCH // selection.columns())
    for first in range(0, len(selection.steps), rows):
        part = slice(first, first + rows)
        columns = _steps(selection, part)
        for names, values in blocks:
            columns += [(name, pa.array(np.ascontiguousarray(values[part, n]))) for n, name in enumerate(names)]
        table = pa.Table.from_arrays([column for _, column in columns], names=[name for name, _ in columns])
        yield table.replace_schema_metadata(about(selection.trace))


def _steps(selection: Selection, rows: slice) -> list[tuple[str, Any]]:
    """The columns t, time and label of some rows."""
    import pyarrow as pa

    columns = [("t", pa.array(selection.steps[rows].astype(np.int64)))]
    times: Any = selection.times()
    labels = selection.labels()
    if times is not None:
        if times.dtype.kind == "M" and np.datetime_data(times.dtype)[0] not in ("D", "s", "ms", "us", "ns"):
            times = times.astype("M8[s]")  # Arrow has no months, hours or minutes
        columns.append(("time", pa.array(times[rows])))
    if labels is not None:
        columns.append(("label", pa.array([plain(label) for label in labels[rows]], pa.string())))
    return columns
