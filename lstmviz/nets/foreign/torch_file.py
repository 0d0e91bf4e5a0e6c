"""PyTorch's files: state dicts and checkpoints with one in them, new and old, TorchScript and torch.export archives.

What a pickle would make is looked at before torch reads it (`lstmviz.nets.foreign.pickles`), and torch reads it with
``weights_only=True`` alone. Of an archive of code, of whole modules and of checkpoints with objects of other programs
only the tensors are read, here and not by torch.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import torch
from numpy._core.multiarray import scalar

from lstmviz.errors import ModelError
from lstmviz.language import mark
from lstmviz.nets.foreign.allennlp_cells import find_cells
from lstmviz.nets.foreign.found import Array, Found, Part
from lstmviz.nets.foreign.pickles import Called, PickleError, Read, read_pickle
from lstmviz.nets.foreign.torch_archive import (
    MODULE_PICKLES,
    OLD_STATES,
    check_order,
    exported_parts,
    part_of,
    scripted_parts,
)
from lstmviz.nets.foreign.torch_names import find_stacks
from lstmviz.nets.foreign.torch_objects import is_hostile, names_in
from lstmviz.nets.foreign.torch_tensors import REBUILD, Described, Storage, described, read_tensor, storages, to_array
from lstmviz.nets.foreign.zips import check_members, checked_zip

LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
"""How torch began its files before 1.6: a pickle of its magic number."""
MOST_DEEP = 16
INERT = mark("The file holds objects of other programs, too; its weights were read, and nothing of it was called.")
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
    with _opened(path) as opened:
        found = (*find_stacks(opened.parts, str(path), opened.functions), *find_cells(opened.parts, str(path)))
    return tuple(replace(each, notes=(*each.notes, INERT)) for each in found) if opened.inert else found


def read_parts(path: Path) -> dict[str, Part]:
    """Every tensor of a file of PyTorch's by name."""
    with _opened(path) as opened:
        parts = opened.parts
        return {name: Part(part.shape, partial(_same, part.read()), part.dtype) for name, part in parts.items()}


def _same(array: Array) -> Array:
    return array


@dataclass(frozen=True, eq=False)
class Opened:
    """The tensors of a file by name; functions: the φ of an RNN by its path, where the file tells it.

    inert: whether the file has objects of other programs, of which nothing was called.
    """

    parts: dict[str, Part]
    functions: Mapping[str, str] = field(default_factory=dict)
    inert: bool = False


@contextmanager
def _opened(path: Path) -> Iterator[Opened]:
    """The tensors of a file, each read when it is asked for, as long as the file is open."""
    file = str(path)
    with path.open("rb") as stream:
        start = stream.read(len(LEGACY_START))
    if start.startswith(b"PK"):
        with checked_zip(path) as archive:
            yield _archived(archive, path)
    elif start == LEGACY_START:
        yield _legacy(path)
    else:
        raise ModelError(
            "“{file}” is no file of torch.save; expected one, made with torch.save(model.state_dict(), …).", file=file
        )


def _archived(archive: zipfile.ZipFile, path: Path) -> Opened:
    names = set(archive.namelist())
    root = next((name.rpartition("/")[0] for name in archive.namelist() if name.endswith("/data.pkl")), None)
    if root is None:
        parts = exported_parts(archive, str(path))
        old = next((name for name in archive.namelist() if name.rpartition("/")[2] in OLD_STATES), None)
        if old is not None:
            return Opened(_old_export(io.BytesIO(archive.read(old)), path))
        if parts is None:
            raise ModelError(
                "“{file}” is a zip archive without data.pkl; expected one that torch.save made.", file=str(path)
            )
        return Opened(parts)
    if any(f"{root}/{name}" in names for name in MODULE_PICKLES):
        return Opened(scripted_parts(archive, root, str(path)))
    survey = _survey(io.BytesIO(archive.read(f"{root}/data.pkl")), str(path))
    for storage in storages(survey.calls, str(path)).values():
        member = f"{root}/data/{storage.key}"
        if member not in names or archive.getinfo(member).file_size < storage.size:
            raise _short(path)
    if _is_plain(survey):
        return Opened(_loaded(path))
    check_order(archive, root, str(path))
    return _inert(survey, lambda call: part_of(archive, root, call, str(path)), path)


def _old_export(state: io.BytesIO, path: Path) -> dict[str, Part]:
    """The tensors of the state dict that torch.export kept as a file of torch.save within its own."""
    inner = zipfile.ZipFile(state)
    check_members(inner, path)
    root = next((name.rpartition("/")[0] for name in inner.namelist() if name.endswith("/data.pkl")), "")
    check_order(inner, root, str(path))
    survey = _survey(io.BytesIO(inner.read(f"{root}/data.pkl")), str(path))
    return dict(_inert(survey, lambda call: part_of(inner, root, call, str(path)), path).parts)


def _survey(stream: IO[bytes], file: str) -> Read:
    """What the next pickle of the stream would make; ModelError where it would do what no model does."""
    try:
        survey = read_pickle(stream)
    except PickleError as error:
        raise ModelError(
            "“{file}” is damaged: {reason}. Copy or download it again.", file=file, reason=str(error)
        ) from error
    for call in survey.calls:
        if is_hostile(call.function):
            raise ModelError(
                "“{file}” would call “{function}” when it is opened, which lstmviz never does. Save the weights alone,"
                " with torch.save(model.state_dict(), …), and open that file.",
                file=file,
                function=call.function,
            )
    return survey


def _is_plain(survey: Read) -> bool:
    """Whether torch may read the file: whether all that it calls is what a state dict calls."""
    return all(call.function in _HARMLESS or _is_number_of_numpy(call) for call in survey.calls)


def _inert(survey: Read, read: Callable[[Called], Part | None], path: Path) -> Opened:
    """The tensors of a file with objects of other programs, of which nothing is called."""
    found = list(names_in(survey.value))
    several = sum(any("weight_hh" in name for name in names.tensors) for names in found) > 1
    parts: dict[str, Part] = {}
    functions: dict[str, str] = {}
    for names in found:
        before = f"{names.path}." if names.path and several else ""
        for name, call in names.tensors.items():
            part = read(call)
            if part is not None:
                parts[before + name] = part
        functions |= {(before + name).rstrip("."): function for name, function in names.functions.items()}
    return Opened(parts, functions, inert=True)


def _is_number_of_numpy(call: Called) -> bool:
    """Whether a call makes one number, as a checkpoint keeps its best loss, or the plain type of one."""
    if call.function == "numpy.dtype":
        plain = call.state is None or (isinstance(call.state, tuple) and call.state[2:] == _PLAIN_STATE)
        return plain and bool(call.arguments) and call.arguments[0] in _NUMPY_TYPES
    return call.function in _NUMPY_NUMBERS


def _legacy(path: Path) -> Opened:
    """An old file: pickles of a magic number, version, machine, the object and the keys of its storages; then those."""
    file = str(path)
    with path.open("rb") as stream:
        for _ in range(3):
            _survey(stream, file)
        survey = _survey(stream, file)
        keys = _survey(stream, file).value
        start = stream.tell()
    found = storages(survey.calls, file)
    left = path.stat().st_size - start
    if sum(storage.size for storage in found.values()) > left or not isinstance(keys, list):
        raise _short(path)
    if _is_plain(survey):
        return Opened(_loaded(path))
    places = _places(keys, found, start, path)
    return _inert(survey, lambda call: _legacy_part(described(call, file), places, path), path)


def _places(keys: list[Any], found: Mapping[str, Storage], start: int, path: Path) -> dict[str, int]:
    """Where the numbers of each storage begin: one after another, each with its count of 8 bytes before it."""
    places: dict[str, int] = {}
    with path.open("rb") as stream:
        for key in keys:
            storage = found.get(str(key))
            stream.seek(start)
            counted = int.from_bytes(stream.read(8), "little")
            if storage is None or storage.elements != counted or str(key) in places:
                raise _short(path)
            places[storage.key] = start + 8
            start += 8 + storage.size
    if start > path.stat().st_size:
        raise _short(path)
    return places


def _legacy_part(tensor: Described, places: Mapping[str, int], path: Path) -> Part | None:
    def read() -> Array:
        if tensor.storage.key not in places:
            raise _short(path)
        with path.open("rb") as stream:
            stream.seek(places[tensor.storage.key])
            return read_tensor(tensor, stream.read(tensor.storage.size))

    return Part(tensor.shape, read) if tensor.readable else None


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
    found = list(_mappings(content, "", 0, set()))
    several = sum(any("weight_hh" in name for name in tensors) for _, tensors in found) > 1
    parts: dict[str, Part] = {}
    for path, tensors in found:
        for name, tensor in tensors.items():
            full = f"{path}.{name}" if path and several else name
            parts[full] = Part(tuple(tensor.shape), partial(to_array, tensor), str(tensor.dtype).removeprefix("torch."))
    return parts


def _mappings(content: Any, path: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Named]]:
    """Every dictionary in the content, in lists too, with a path to it, and the strided tensors that lie in it by name.

    The state of an optimiser has tensors too, by number; it is left out. Each container is entered once.
    """
    if id(content) in seen:
        return
    if isinstance(content, dict | list | tuple):
        seen.add(id(content))
    if isinstance(content, list | tuple):
        content = {str(place): value for place, value in enumerate(content)}
    if not isinstance(content, dict) or depth > MOST_DEEP or _is_state_of_optimiser(content):
        return
    named = {name: value for name, value in content.items() if isinstance(name, str)}
    yield path, {n: v for n, v in named.items() if isinstance(v, torch.Tensor) and v.layout == torch.strided}
    for name, value in named.items():
        yield from _mappings(value, f"{path}.{name}" if path else name, depth + 1, seen)


def _is_optimiser(content: Any, depth: int = 0) -> bool:
    if not isinstance(content, dict) or depth > MOST_DEEP:
        return False
    return _is_state_of_optimiser(content) or any(_is_optimiser(value, depth + 1) for value in content.values())


def _is_state_of_optimiser(content: dict[Any, Any]) -> bool:
    return "param_groups" in content and "state" in content
