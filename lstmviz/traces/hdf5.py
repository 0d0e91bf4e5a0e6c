"""A selection as HDF5: one dataset a signal, grouped as in the trace store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lstmviz.traces.selection import Selection
from lstmviz.traces.tables import Form, Tick, about, plain, time_texts


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write /t (S,), /time and /label where there are any, and /layer0/forward/f (S, U) with its units as attribute.

    Dates are ISO 8601 text, since HDF5 has none. Where the trace comes from stands in the attributes of the file. Long
    and wide mean the same here.
    """
    import h5py

    # made in memory: on a full disk the C library of HDF5 (1.14, 2.0) fails while it closes the file, and the process
    # dies with it; here the disk sees one plain write
    with h5py.File(path.name, "w", driver="core", backing_store=False, block_size=1 << 22) as file:
        file.attrs.update(about(selection.trace))
        file["t"] = selection.steps.astype(np.int64)
        times, labels = selection.times(), selection.labels()
        if times is not None:
            file["time"] = time_texts(times) if times.dtype.kind == "M" else times
        if labels is not None:
            file["label"] = [plain(label) for label in labels]
        for block in selection.blocks:
            values = selection.values(block)
            file[block.key] = values
            file[block.key].attrs["units"] = block.units.astype(np.int64)
            tick(values.size)
        file.flush()
        path.write_bytes(file.id.get_file_image())
