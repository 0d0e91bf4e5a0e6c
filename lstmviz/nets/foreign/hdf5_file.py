"""HDF5 files as containers of arrays, for a mapping; those of Keras are read by `keras_file`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lstmviz.nets.foreign.found import Array, Part
from lstmviz.nets.foreign.hdf5_safe import SafeHdf5, open_hdf5


def parts_in(file: SafeHdf5) -> dict[str, Part]:
    """Every array of floating-point numbers of an open file by its path, read when it is asked for while it is open."""
    return {
        name: Part(tuple(dataset.shape), partial(file.array, name), str(dataset.dtype))
        for name, dataset in file.datasets.items()
        if dataset.dtype.kind == "f" and dataset.shape is not None
    }


def read_parts(path: Path) -> dict[str, Part]:
    """Every array of floating-point numbers by its path in the file."""
    parts = {}
    with open_hdf5(path, str(path)) as file:
        for name, dataset in file.datasets.items():
            if dataset.dtype.kind == "f" and dataset.shape is not None:
                kind = str(dataset.dtype)
                parts[name] = Part(tuple(dataset.shape), partial(_numbers, path, name), kind)
    return parts


def _numbers(path: Path, name: str) -> Array:
    with open_hdf5(path, str(path)) as file:
        array: Array = file.array(name)
    return array
