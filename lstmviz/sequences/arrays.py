"""NumPy arrays as sequences: NPY and NPZ, with no pickle and no memory taken before the sizes are checked."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.sequences.columns import few
from lstmviz.sequences.missing import Missing, settle, way_of
from lstmviz.sequences.sequence import Sequence

Array = npt.NDArray[np.generic]

BOMB_BYTES = 256 << 20
BOMB_RATIO = 100
"""What would unpack to more than BOMB_BYTES and to BOMB_RATIO times the file's size is refused."""

_COMPANIONS = ("times", "names", "labels", "targets")


def read(
    path: Path,
    *,
    array: str | None = None,
    index: int | None = None,
    transpose: bool = False,
    missing: Missing = None,
) -> Sequence:
    """Read an array (T,), (T, F), a batch of one, (1, T, F) or (T, 1, F), or with ``index`` one of a batch (N, T, F).

    array: which of an NPZ; None takes the only one, or ``values``; beside ``values`` the arrays ``times``, ``names``,
    ``labels`` and ``targets`` of the same file are read too. transpose: the file holds (F, T). missing: see
    ``missing.settle``. Raises SequenceError for other shapes, values that are no numbers, and what is not finite.
    """
    way_of(missing, path)
    companions: dict[str, Array] = {}
    with path.open("rb") as file:
        if path.suffix.lower() == ".npz" or file.peek(4)[:4] == b"PK\x03\x04":
            found, companions = _from_npz(file, path, array)
        else:
            found = _from_npy(file, path, path.name, path.stat().st_size)
    values = _as_table(found, path, index, transpose)
    given = companions.get("names")
    names = tuple(map(str, given.ravel())) if given is not None else tuple(f"x{n}" for n in range(values.shape[1]))
    settled, kept, note = settle(values, names, missing, path)
    labels, times, targets = (_over_steps(companions, name, kept, path) for name in ("labels", "times", "targets"))
    if targets is not None and targets.dtype.kind not in "biuf":
        raise _no_numbers(path, "targets", targets.dtype)
    return Sequence(
        settled,
        names=names,
        name=path.stem,
        labels=None if labels is None else tuple(map(str, labels)),
        times=times,
        targets=None if targets is None else targets.astype(np.float32),
        source=f"{path.name} ({note})" if note else path.name,
    )


def _from_npz(file: BinaryIO, path: Path, array: str | None) -> tuple[Array, dict[str, Array]]:
    with zipfile.ZipFile(file) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        name = array or ("values" if "values" in members else next(iter(members)) if len(members) == 1 else "")
        if name not in members:
            raise SequenceError(
                "“{file}” holds the arrays {names}; choose one with array=….",
                file=path.name,
                names=few(members) or "—",
                remedy='{"array": ""}' if members else "",
            )
        wanted = [name, *(other for other in _COMPANIONS if name == "values" and other in members)]
        arrays = {one: _from_member(archive, members[one], path) for one in wanted}
    return arrays.pop(name), arrays


def _from_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Array:
    if info.file_size > BOMB_BYTES and info.file_size > BOMB_RATIO * path.stat().st_size:
        raise SequenceError(
            "“{file}”: the array “{array}” would unpack to {size} bytes, {ratio} times the file; refused as a bomb.",
            file=path.name,
            array=info.filename,
            size=info.file_size,
            ratio=info.file_size // max(path.stat().st_size, 1),
        )
    with archive.open(info) as member:
        # one byte more than declared tells a member that lies about its size; zipfile checks the CRC at the end
        data = member.read(info.file_size + 1)
    return _from_npy(io.BytesIO(data), path, info.filename, len(data))


def _from_npy(file: BinaryIO, path: Path, array: str, size: int) -> Array:
    """Read one array after its header's shape and type were held against the bytes there are."""
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        # headers of Python 2 are read, and numpy says so
        warnings.simplefilter("ignore", UserWarning)
        shape, _, dtype = header(file)
    if dtype.hasobject or dtype.kind not in "biufMU":
        raise _no_numbers(path, array, dtype)
    declared, held = math.prod(shape) * dtype.itemsize, size - file.tell()
    if declared != held or min(shape, default=0) < 0:
        raise SequenceError(
            "“{file}”: the array “{array}” declares shape {shape} of {dtype}, {declared} bytes, and {held} are there; "
            "the file is cut or changed.",
            file=path.name,
            array=array,
            shape=shape,
            dtype=str(dtype),
            declared=declared,
            held=held,
        )
    file.seek(0)
    loaded: Any = np.lib.format.read_array(file, allow_pickle=False)
    return np.asarray(loaded)


def _as_table(found: Array, path: Path, index: int | None, transpose: bool) -> npt.NDArray[np.float64]:
    if found.dtype.kind not in "biuf":
        raise SequenceError("“{file}” holds {dtype}; expected numbers.", file=path.name, dtype=str(found.dtype))
    if found.ndim == 3 and index is None and 1 in found.shape[:2]:
        found = found[0] if found.shape[0] == 1 else found[:, 0]
    if found.ndim == 3 and index is not None:
        if not 0 <= index < len(found):
            raise SequenceError(
                "“{file}” holds {count} sequences; index={index} is not one of 0 to {last}.",
                file=path.name,
                count=len(found),
                index=index,
                last=len(found) - 1,
            )
        found = found[index]
    if found.ndim not in (1, 2) or not found.size:
        raise SequenceError(
            "“{file}” has shape {shape}; expected (steps,) or (steps, features) with at least one of each. From a "
            "batch (sequences, steps, features) take one with index=0.",
            file=path.name,
            shape=found.shape,
            remedy='{"index": 0}' if found.ndim == 3 and found.size else "",
        )
    # a signalling NaN warns here; it is refused by its place with the others
    with np.errstate(invalid="ignore"):
        table = found.astype(np.float64).reshape(len(found), -1)
    return table.T if transpose else table


def _over_steps(companions: dict[str, Array], name: str, kept: npt.NDArray[np.bool_], path: Path) -> Array | None:
    found = companions.get(name)
    if found is None:
        return None
    if found.ndim == 0 or len(found) != len(kept):
        raise SequenceError(
            "“{file}”: “{name}” has shape {shape}; expected {steps} along its first axis, one for each step.",
            file=path.name,
            name=name,
            shape=found.shape,
            steps=len(kept),
        )
    return found[kept]


def _no_numbers(path: Path, array: str, dtype: np.dtype[Any]) -> SequenceError:
    return SequenceError(
        "“{file}”: the array “{array}” holds {dtype}; expected numbers.",
        file=path.name,
        array=array,
        dtype=str(dtype),
    )
