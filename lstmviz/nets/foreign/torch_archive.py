"""Archives of torch that carry code: TorchScript and torch.export. Their tensors are read, their code is not."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

from lstmviz.errors import ModelError
from lstmviz.nets.foreign.found import Array, Part
from lstmviz.nets.foreign.pickles import Called, PickleError, read_pickle
from lstmviz.nets.foreign.torch_tensors import ITEM_SIZES, REBUILD, Described, Storage, checked, described, read_tensor

MODULE_PICKLES = ("constants.pkl",)
"""What a TorchScript archive has beside data.pkl, and a state dict has not."""
MOST_DEEP = 64
_WEIGHTS = "data/weights/"
_CONFIG = _WEIGHTS + "model_weights_config.json"
OLD_STATES = ("serialized_state_dict.pt", "serialized_state_dict.json")
"""Where torch.export kept a state dict before torch 2.8, in an archive of its own; the second is no JSON either."""
_EXPORTED_KINDS = {6: "HalfStorage", 7: "FloatStorage", 8: "DoubleStorage", 13: "BFloat16Storage"}
"""torch.export's numbers of floating-point types (torch/_export/serde/schema.py, ScalarType)."""


def scripted_parts(archive: zipfile.ZipFile, root: str, file: str) -> dict[str, Part]:
    """The tensors of a TorchScript module by the path of their attribute."""
    try:
        with archive.open(f"{root}/data.pkl") as stream:
            module = read_pickle(stream).value
    except PickleError as error:
        raise ModelError(
            "“{file}” is damaged: {reason}. Copy or download it again.", file=file, reason=str(error)
        ) from error
    check_order(archive, root, file)
    parts = {}
    for name, call in _attributes(module, "", 0, set()):
        part = part_of(archive, root, call, file)
        if part is not None:
            parts[name] = part
    return parts


def part_of(archive: zipfile.ZipFile, root: str, call: Called, file: str) -> Part | None:
    """The tensor that a call makes, read from its storage when it is asked for; None for one that is no float."""
    tensor = described(call, file)
    return _part(archive, f"{root}/data/{tensor.storage.key}", tensor, file) if tensor.readable else None


def _attributes(value: Any, path: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Called]]:
    """Every tensor below an object, as the call that makes it, with the path to it; each object is entered once."""
    if isinstance(value, Called) and value.function in REBUILD:
        yield path, value
        return
    inner = value.state if isinstance(value, Called) else value
    if not isinstance(inner, dict) or depth > MOST_DEEP or id(inner) in seen:
        return
    seen.add(id(inner))
    for name, each in inner.items():
        if isinstance(name, str):
            yield from _attributes(each, f"{path}.{name}" if path else name, depth + 1, seen)


def exported_parts(archive: zipfile.ZipFile, file: str) -> dict[str, Part] | None:
    """The tensors of a torch.export archive by name, None where it is no such archive."""
    config = next((name for name in archive.namelist() if name.endswith(_CONFIG)), None)
    if config is None:
        return None
    folder = config.removesuffix("model_weights_config.json")
    check_order(archive, config.removesuffix("/" + _CONFIG), file)
    parts = {}
    try:
        for name, entry in json.loads(archive.read(config))["config"].items():
            meta, weights = entry["tensor_meta"], folder + entry["path_name"]
            kind = _EXPORTED_KINDS.get(meta["dtype"])
            if kind is None or entry.get("use_pickle"):
                continue
            storage = Storage(kind, weights, archive.getinfo(weights).file_size // ITEM_SIZES[kind])
            offset, shape, strides = (_integers(meta[key]) for key in ("storage_offset", "sizes", "strides"))
            parts[name] = _part(archive, weights, checked(Described(storage, offset[0], shape, strides), file), file)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            "“{file}” has a damaged list of weights: {reason}. Export the model again.", file=file, reason=str(error)
        ) from error
    return parts


def _integers(sizes: Any) -> tuple[int, ...]:
    """One size or a list of them, each written as ``{"as_int": n}``."""
    return tuple(int(size["as_int"]) for size in (sizes if isinstance(sizes, list) else [sizes]))


def check_order(archive: zipfile.ZipFile, root: str, file: str) -> None:
    """Raise ModelError where the numbers of an archive lie the other way round."""
    name = f"{root}/byteorder"
    if name in archive.namelist() and archive.read(name) != b"little":
        raise ModelError("“{file}” was written on a big-endian machine; lstmviz reads little-endian files.", file=file)


def _part(archive: zipfile.ZipFile, member: str, tensor: Described, file: str) -> Part:
    def read() -> Array:
        try:
            info = archive.getinfo(member)
        except KeyError as error:
            raise ModelError("“{file}” lacks “{member}”, which it promises.", file=file, member=member) from error
        if info.file_size < tensor.storage.size:
            raise ModelError("“{file}” promises more numbers than it has; it was cut short or damaged.", file=file)
        return read_tensor(tensor, archive.read(member)[: tensor.storage.size])

    return Part(tensor.shape, read)
