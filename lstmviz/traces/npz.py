"""A selection as NPZ: one array a signal, named as in the trace store."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lstmviz.traces.selection import Selection
from lstmviz.traces.tables import Form, Tick, about, plain


def write(selection: Selection, path: Path, form: Form, tick: Tick) -> None:
    """Write t (S,), time and label where there are any, ``layer0/forward/f`` (S, U), its units (U,), and ``about``.

    ``about`` is JSON: where the trace comes from. Arrays are not tables, so long and wide mean the same here.
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
            values = selection.values(block)
            _put(archive, block.key, values)
            _put(archive, f"{block.key}.units", block.units.astype(np.int64))
            tick(values.size)


def _put(archive: zipfile.ZipFile, name: str, array: npt.NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array(file, np.asarray(array, order="C"), allow_pickle=False)
