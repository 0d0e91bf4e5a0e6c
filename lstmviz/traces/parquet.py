"""A selection as Parquet: the tables of the CSV, with their types, row group by row group."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lstmviz.traces.selection import Block, Selection, Source
from lstmviz.traces.tables import Form, Tick, about, header, plain

BATCH = 1 << 20
"""Values in a row group, where more are not needed to keep the file's own table of contents short."""
CONTENTS_BYTES = 1500
"""What the writer takes for each column of each row group when it writes the contents at the end (pyarrow 26)."""
_WORDS = ("label", "direction", "signal")
"""The columns that repeat themselves; numbers are written as they are."""


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write the long or wide table; t and the layers and units are integers, values keep the trace's dtype.

    Where the trace comes from stands in the metadata of the schema.
    """
    import pyarrow.parquet as pq

    writer = None
    try:
        for table in (_long if form == "long" else _wide)(selection):
            if writer is None:
                words = [name for name in _WORDS if name in table.column_names]
                writer = pq.ParquetWriter(path, table.schema, use_dictionary=words, write_statistics=["t"])
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            tick(table.num_rows if form == "long" else table.num_rows * selection.columns())
            del table  # before the next one is made
    finally:
        if writer is not None:
            writer.close()


def rows_of_a_group(steps: int, columns: int, itemsize: int) -> int:
    """How many steps of a wide table go into a row group.

    The writer holds one group, r · columns · itemsize bytes, and a line of contents for every column of all groups,
    steps / r · columns · CONTENTS_BYTES: together least where both are alike.
    """
    return max(1, BATCH // columns, math.isqrt(steps * CONTENTS_BYTES // itemsize))


def _long(selection: Selection) -> Iterator[Any]:
    sources = [(block, selection.source(block)) for block in selection.blocks]
    dtype = np.result_type(*(source.dtype for _, source in sources))
    for block, source in sources:
        for part in selection.stretches(len(block.units), BATCH):
            yield _long_table(selection, block, source.read(part).astype(dtype, copy=False), part)


def _long_table(selection: Selection, block: Block, values: Any, rows: slice) -> Any:
    import pyarrow as pa

    steps, units = values.shape
    of_step = np.repeat(np.arange(steps, dtype=np.int32), units)
    words = {
        name: pa.DictionaryArray.from_arrays(pa.array(np.zeros(values.size, np.int32)), pa.array([word]))
        for name, word in (("direction", block.direction), ("signal", block.signal))
    }
    columns = {
        **{name: column.take(pa.array(of_step)) for name, column in _steps(selection, rows)},
        "layer": pa.array(np.full(values.size, block.layer, np.int32)),
        "direction": words["direction"],
        "unit": pa.array(np.tile(block.units.astype(np.int32), steps)),
        "signal": words["signal"],
        "value": pa.array(values.ravel()),
    }
    return pa.table(columns).replace_schema_metadata(about(selection.trace))


def _wide(selection: Selection) -> Iterator[Any]:
    import pyarrow as pa

    sources = [selection.source(block) for block in selection.blocks]
    names = header(selection, "wide")
    rows = rows_of_a_group(len(selection.steps), selection.columns(), max(source.dtype.itemsize for source in sources))
    for part in selection.stretches(1, rows):
        columns = [column for _, column in _steps(selection, part)]
        for source in sources:
            columns += map(pa.array, _turned(selection, source, part))
        yield pa.Table.from_arrays(columns, names=list(names)).replace_schema_metadata(about(selection.trace))


def _turned(selection: Selection, source: Source, part: slice) -> Any:
    """The values of some steps unit by unit, (U, S), without ever holding them twice."""
    turned = np.empty((len(source.units), part.stop - part.start), source.dtype)
    for stretch in selection.stretches(source.row_bytes, within=part):
        turned[:, stretch.start - part.start : stretch.stop - part.start] = source.read(stretch).T
    return turned


def _steps(selection: Selection, rows: slice) -> list[tuple[str, Any]]:
    """The columns t, time and label of some rows."""
    import pyarrow as pa

    columns = [("t", pa.array(selection.steps[rows].astype(np.int64)))]
    times: Any = selection.times(rows)
    labels = selection.labels(rows)
    if times is not None:
        if times.dtype.kind == "M" and np.datetime_data(times.dtype)[0] not in ("D", "s", "ms", "us", "ns"):
            times = times.astype("M8[s]")  # Arrow has no months, hours or minutes
        columns.append(("time", pa.array(times)))
    if labels is not None:
        columns.append(("label", pa.array([plain(label) for label in labels], pa.string())))
    return columns
