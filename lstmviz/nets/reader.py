"""Reading a net: nothing is believed before it is checked, and no memory is taken before its size is known."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import torch
from safetensors.torch import load

from lstmviz.errors import ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.choose import choose, named
from lstmviz.nets.foreign.formats import MAX_DESCRIPTION, is_own, read_found
from lstmviz.nets.net import Net
from lstmviz.nets.spec import FORMAT, NetSpec, check_spec, expected_shapes
from lstmviz.nets.strange import strange_weights
from lstmviz.runs.folder import is_run, net_file
from lstmviz.wire.model_place import join, split

MAX_HEADER = 1 << 20
ITEM = {"F32": 4, "F64": 8}


@dataclass(frozen=True)
class NetFile:
    """The two files of a net, read and checked."""

    path: Path
    spec: NetSpec
    weights: bytes


def load_model(path: str | Path, layer: str | int | None = None) -> Net:
    """The net of a file: NAME.json or NAME.safetensors of lstmviz, a model of another framework, or a run's folder.

    A foreign model gives the recurrent stack it holds, without a read-out; ``layer``, its path or number, says which
    of several, as does FILE#LAYER. Weights that are NaN or infinite are allowed and said in the net's ``warning``.
    Raises ModelError, one sentence with the file, what is wrong and what was expected.
    """
    file, stack = split(str(path))
    layer = stack if layer is None else layer
    if is_run(file):
        file = str(net_file(Path(file)))
    if not is_own(Path(file)):
        return _foreign(Path(file), layer)
    own = read_net_file(file)
    check_only(layer, file)
    with torch.device("meta"):  # shapes without memory and without a random number
        net = Net(own.spec)
    net.load_state_dict(load(own.weights), assign=True)
    net.path = file
    net.warning = _strange_weights(net)
    return net.eval()


def check_only(layer: str | int | None, file: str) -> None:
    """Raise ModelError where a net of ours, which holds one stack alone, is asked for another."""
    if layer not in (None, "", "0", 0, "recurrent"):
        raise ModelError("“{file}” has no layer “{layer}”; it holds one net, “recurrent”.", file=file, layer=layer)


def _foreign(path: Path, layer: str | int | None) -> Net:
    found = read_found(path)
    one = choose(found, layer, str(path))
    alone = len(found) == 1 and one is found[0]
    with torch.device("meta"):
        net = Net(named(one, path.stem, alone))
    net.load_state_dict({name: torch.tensor(array) for name, array in one.tensors.items()}, assign=True)
    net.path = str(path) if alone else join(str(path), one.path)
    net.warning = " ".join(part for part in (*map(tr, one.notes), _strange_weights(net)) if part)
    return net.eval()


def read_net_file(path: str | Path) -> NetFile:
    """Both files of a net, checked but not made into a net."""
    description, weights = pair(Path(path))
    spec = _read_spec(description)
    try:
        with weights.open("rb") as stream:
            data = _read_weights(stream, weights, spec)
    except OSError as error:
        raise _unreadable(weights, error) from error
    found = hashlib.sha256(data).hexdigest()
    if found != spec.sha256:
        raise ModelError(
            "“{file}” has the SHA-256 {found}…; its description expects {expected}…. The file is damaged or another's.",
            file=str(weights),
            found=found[:12],
            expected=spec.sha256[:12],
        )
    return NetFile(description, spec, data)


def pair(path: Path) -> tuple[Path, Path]:
    """The description and the weights that belong to either of them."""
    if path.suffix not in (".json", ".safetensors"):
        raise ModelError(
            "“{file}” is not a model that lstmviz can read; expected NAME.json or NAME.safetensors.", file=str(path)
        )
    return path.with_suffix(".json"), path.with_suffix(".safetensors")


def _unreadable(file: Path, error: OSError) -> ModelError:
    if isinstance(error, FileNotFoundError):
        return ModelError(
            "“{file}” is not there; a model is NAME.json beside NAME.safetensors, and both are needed.", file=str(file)
        )
    return ModelError("“{file}” cannot be read: {reason}.", file=str(file), reason=error.strerror or str(error))


def _read_spec(file: Path) -> NetSpec:
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_DESCRIPTION + 1)
    except OSError as error:
        raise _unreadable(file, error) from error
    if len(text) > MAX_DESCRIPTION:
        raise ModelError("“{file}” is larger than 4 MiB; expected the description of a net.", file=str(file))
    try:
        version = msgspec.json.decode(text, type=_Version).format
        if version != FORMAT:
            raise ModelError(
                "“{file}” has format {found}; this lstmviz reads format {expected}. A newer one may read it.",
                file=str(file),
                found=version,
                expected=FORMAT,
            )
        spec = msgspec.json.decode(text, type=NetSpec)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(
            "“{file}” is not the description of a net: {reason}. Expected a JSON file written by lstmviz.",
            file=str(file),
            reason=str(error) or type(error).__name__,
        ) from error
    return check_spec(spec, str(file))


class _Version(msgspec.Struct):
    format: int


def _read_weights(stream: BinaryIO, file: Path, spec: NetSpec) -> bytes:
    """The bytes of a safetensors file, read only once its header is known to describe exactly this net."""
    size = stream.seek(0, 2)
    stream.seek(0)
    start = stream.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(MAX_HEADER, size - 8):
        raise ModelError(
            "“{file}” is not a safetensors file, or it was cut short: its header would take {length} of {size} bytes.",
            file=str(file),
            length=length,
            size=size,
        )
    header = stream.read(length)
    end = _check_header(header, file, spec)
    if size != 8 + length + end:
        raise ModelError(
            "“{file}” has {found} bytes; its header promises {expected}. It was cut short or damaged.",
            file=str(file),
            found=size,
            expected=8 + length + end,
        )
    return start + header + stream.read(end)


def _check_header(header: bytes, file: Path, spec: NetSpec) -> int:
    """The number of bytes of data that a header promises; ModelError where it is not the header of this net."""
    try:
        entries = json.loads(header, object_pairs_hook=_once)
        entries.pop("__metadata__", None)
        tensors = {name: msgspec.convert(entry, _Entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError, msgspec.ValidationError, RecursionError) as error:
        raise ModelError(
            "“{file}” has a damaged header: {reason}. Expected a safetensors file.", file=str(file), reason=str(error)
        ) from error
    shapes = expected_shapes(spec)
    for name in [*shapes, *tensors]:
        found = tensors[name].shape if name in tensors else None
        expected = shapes.get(name)
        if found != expected:
            raise ModelError(
                "“{file}”: the weights “{name}” have shape {found}; its description expects {expected}.",
                file=str(file),
                name=name,
                found=found,
                expected=expected,
            )
    end = 0
    for name, entry in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        width = ITEM.get(entry.dtype, 0)
        if not width or entry.data_offsets != (end, end + width * math.prod(entry.shape)):
            raise ModelError(
                "“{file}”: the weights “{name}” are {dtype} at bytes {found}; expected F32 or F64, without gaps.",
                file=str(file),
                name=name,
                dtype=entry.dtype,
                found=entry.data_offsets,
            )
        end = entry.data_offsets[1]
    if len({entry.dtype for entry in tensors.values()}) != 1:
        raise ModelError("“{file}” mixes F32 and F64 weights; expected one of them.", file=str(file))
    return end


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One tensor in the header of a safetensors file."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object whose names are each there once; other readers would take the last silently."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError(tr("a name is there twice"))
    return result


def _strange_weights(net: Net) -> str:
    return strange_weights({name: tensor.numpy() for name, tensor in net.state_dict().items()})
