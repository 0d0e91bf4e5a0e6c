"""PyTorch's files: state dicts and checkpoints with one in them, new and old, TorchScript and torch.export archives.

What a pickle would make is looked at before torch reads it (`lstmviz.nets.foreign.pickles`), and torch reads it with
``weights_only=True`` alone. Of an archive of code only the tensors are read, here and not by torch.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import torch
from numpy._core.multiarray import scalar

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.pickles import Called, PickleError, Read, read_pickle
from lstmviz.nets.foreign.torch_archive import MODULE_PICKLES, exported_parts, scripted_parts
from lstmviz.nets.foreign.torch_names import find_stacks
from lstmviz.nets.foreign.torch_tensors import REBUILD, storages, to_array
from lstmviz.nets.foreign.zips import checked_zip

LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
"""How torch began its files before 1.6: a pickle of its magic number."""
MOST_DEEP = 16
_HARMLESS = frozenset(
    (
        *REBUILD,
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch.Size",
        "torch.device",
        "collections.OrderedDict",
        "collections.Counter",
        "collections.defaultdict",
        "_codecs.encode",
        "builtins.set",
        "__builtin__.set",
    )
)
"""All that a state dict or a checkpoint calls, and no call of which takes memory by itself."""

_NUMPY_NUMBERS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
"""One number of numpy's, before its version 2 and since."""
_NUMPY_TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_PLAIN_STATE = (None, None, None, -1, -1, 0)
"""What numpy.dtype is told after its version and byte order: no fields, no flags. Others can crash numpy."""


def read(path: Path) -> tuple[Found, ...]:
    """The recurrent layers of a file of PyTorch's; raises ModelError where it is none, or an optimiser's."""
    with _opened(path) as parts:
        return find_stacks(parts, str(path))


def read_parts(path: Path) -> dict[str, Part]:
    """Every tensor of a file of PyTorch's by name."""
    with _opened(path) as parts:
        return {name: Part(part.shape, partial(_same, part.read()), part.dtype) for name, part in parts.items()}


def _same(array: Array) -> Array:
    return array


@contextmanager
def _opened(path: Path) -> Iterator[dict[str, Part]]:
    """The tensors of a file, each read when it is asked for, as long as the file is open."""
    file = str(path)
    with path.open("rb") as stream:
        start = stream.read(len(LEGACY_START))
    if start.startswith(b"PK"):
        with checked_zip(path) as archive:
            yield _archived(archive, path)
    elif start == LEGACY_START:
        _survey_legacy(path)
        yield _loaded(path)
    else:
        raise ModelError(
            "“{file}” is no file of torch.save; expected one, made with torch.save(model.state_dict(), …).", file=file
        )


def _archived(archive: zipfile.ZipFile, path: Path) -> dict[str, Part]:
    names = set(archive.namelist())
    root = next((name.rpartition("/")[0] for name in archive.namelist() if name.endswith("/data.pkl")), None)
    if root is None:
        parts = exported_parts(archive, str(path))
        if parts is None:
            raise ModelError(
                "“{file}” is a zip archive without data.pkl; expected one that torch.save made.", file=str(path)
            )
        return parts
    if any(f"{root}/{name}" in names for name in MODULE_PICKLES):
        return scripted_parts(archive, root, str(path))
    survey = _survey(io.BytesIO(archive.read(f"{root}/data.pkl")), str(path))
    for storage in storages(survey.calls, str(path)).values():
        member = f"{root}/data/{storage.key}"
        if member not in names or archive.getinfo(member).file_size < storage.size:
            raise _short(path)
    return _loaded(path)


def _survey(stream: IO[bytes], file: str) -> Read:
    """What the next pickle of the stream would make, none of it harmful."""
    try:
        survey = read_pickle(stream)
    except PickleError as error:
        raise ModelError(
            "“{file}” is damaged: {reason}. Copy or download it again.", file=file, reason=str(error)
        ) from error
    for call in survey.calls:
        if call.function not in _HARMLESS and not _is_number_of_numpy(call):
            raise ModelError(
                "“{file}” would call “{function}” when it is opened, which lstmviz never does. Save the weights alone,"
                " with torch.save(model.state_dict(), …), and open that file.",
                file=file,
                function=call.function,
            )
    return survey


def _is_number_of_numpy(call: Called) -> bool:
    """Whether a call makes one number, as a checkpoint keeps its best loss, or the plain type of one."""
    if call.function == "numpy.dtype":
        plain = call.state is None or (isinstance(call.state, tuple) and call.state[2:] == _PLAIN_STATE)
        return plain and bool(call.arguments) and call.arguments[0] in _NUMPY_TYPES
    return call.function in _NUMPY_NUMBERS


def _survey_legacy(path: Path) -> None:
    """An old file: pickles of a magic number, version, machine, the object and the keys of its storages; then those."""
    file = str(path)
    with path.open("rb") as stream:
        for _ in range(3):
            _survey(stream, file)
        survey = _survey(stream, file)
        keys = _survey(stream, file).value
        left = path.stat().st_size - stream.tell()
    found = storages(survey.calls, file)
    if sum(storage.size for storage in found.values()) > left or not isinstance(keys, list):
        raise _short(path)


def _short(path: Path) -> ModelError:
    return ModelError("“{file}” promises more numbers than it has; it was cut short or damaged.", file=str(path))


def _loaded(path: Path) -> dict[str, Part]:
    """The tensors of the state dict in a file that was looked at, by name."""
    try:
        with path.open("rb") as stream:
            content = _load(stream)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            "“{file}” cannot be read by torch: {reason} Save the weights alone, with"
            " torch.save(model.state_dict(), …).",
            file=str(path),
            reason=reason[:200] or type(error).__name__,
        ) from error
    except (AssertionError, IndexError, OverflowError, UnicodeError, MemoryError) as error:
        raise ModelError("“{file}” is damaged; torch cannot read it.", file=str(path)) from error
    parts = _state_dict(content)
    if not parts and _is_optimiser(content):
        raise ModelError(
            "“{file}” holds the state of an optimiser, not a model; expected the file that holds the model's weights.",
            file=str(path),
        )
    return parts


def _load(stream: BinaryIO) -> Any:
    numbers: list[Any] = [(scalar, name) for name in _NUMPY_NUMBERS]
    types = [type(np.dtype(name)) for name in _NUMPY_TYPES]
    with torch.serialization.safe_globals([*numbers, np.dtype, *types]):
        return torch.load(stream, weights_only=True, map_location="cpu")


Named = dict[str, torch.Tensor]


def _state_dict(content: Any) -> dict[str, Part]:
    """The tensors of all mappings of names to tensors; those of several mappings under the mapping's own name."""
    found = list(_mappings(content, "", 0))
    several = sum(any("weight_hh" in name for name in tensors) for _, tensors in found) > 1
    parts: dict[str, Part] = {}
    for path, tensors in found:
        for name, tensor in tensors.items():
            full = f"{path}.{name}" if path and several else name
            parts[full] = Part(tuple(tensor.shape), partial(to_array, tensor), str(tensor.dtype).removeprefix("torch."))
    return parts


def _mappings(content: Any, path: str, depth: int) -> Iterator[tuple[str, Named]]:
    """Every dictionary in the content, in lists too, with a path to it, and the strided tensors that lie in it by name.

    The state of an optimiser has tensors too, by number; it is left out.
    """
    if isinstance(content, list | tuple):
        content = {str(place): value for place, value in enumerate(content)}
    if not isinstance(content, dict) or depth > MOST_DEEP or _is_state_of_optimiser(content):
        return
    named = {name: value for name, value in content.items() if isinstance(name, str)}
    yield path, {n: v for n, v in named.items() if isinstance(v, torch.Tensor) and v.layout == torch.strided}
    for name, value in named.items():
        yield from _mappings(value, f"{path}.{name}" if path else name, depth + 1)


def _is_optimiser(content: Any, depth: int = 0) -> bool:
    if not isinstance(content, dict) or depth > MOST_DEEP:
        return False
    return _is_state_of_optimiser(content) or any(_is_optimiser(value, depth + 1) for value in content.values())


def _is_state_of_optimiser(content: dict[Any, Any]) -> bool:
    return "param_groups" in content and "state" in content
