"""Tensors as pickles of torch describe them, checked against their storage before memory is taken."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from lstmviz.errors import ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.found import Array
from lstmviz.nets.foreign.pickles import Called, Global, Stored

REBUILD = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v3")
ITEM_SIZES = {
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "LongStorage": 8,
    "IntStorage": 4,
    "ShortStorage": 2,
    "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16,
    "QInt32Storage": 4,
}
"""Bytes of an element by the kind of storage; all others have one."""
_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
}


@dataclass(frozen=True)
class Storage:
    """The memory of tensors: its kind, key in the file, and number of elements."""

    kind: str
    key: str
    elements: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.elements * ITEM_SIZES.get(self.kind, 1)


@dataclass(frozen=True)
class Described:
    """A tensor that was described but not read."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def readable(self) -> bool:
        """Whether its numbers are of a floating-point type that layers have."""
        return self.storage.kind in _DTYPES


def described(call: Called, file: str) -> Described:
    """The tensor that a call of REBUILD makes, checked."""
    try:
        stored, offset, shape, strides = call.arguments[:4]
        tensor = Described(storage_of(stored), offset, tuple(shape), tuple(strides))
    except (ValueError, TypeError) as error:
        raise ModelError("“{file}” describes a tensor in no way that torch writes.", file=file) from error
    return checked(tensor, file)


def checked(tensor: Described, file: str) -> Described:
    """The tensor itself; ModelError where it would reach beyond its storage, or make many numbers of few."""
    numbers = (tensor.offset, *tensor.shape, *tensor.strides)
    sound = len(tensor.shape) == len(tensor.strides) <= 64 and all(isinstance(n, int) and n >= 0 for n in numbers)
    count = math.prod(tensor.shape) if sound else 0
    last = tensor.offset
    if count:
        last += sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if not sound or count > tensor.storage.elements or (count and last >= tensor.storage.elements):
        raise ModelError(
            "“{file}”: a tensor of shape {shape} would lie over {elements} stored numbers; the file is damaged or"
            " hostile.",
            file=file,
            shape=tensor.shape[:8],
            elements=tensor.storage.elements,
        )
    return tensor


def storage_of(stored: Any) -> Storage:
    """The storage that a pickle names; raises ValueError where it names something else."""
    if not isinstance(stored, Stored):
        raise ValueError(tr("no storage"))
    word, kind, key, _place, elements = stored.what[:5]
    if word != "storage" or not isinstance(kind, Global) or not isinstance(elements, int) or elements < 0:
        raise ValueError(tr("no storage"))
    return Storage(kind.name.rpartition(".")[2], str(key), elements)


def storages(calls: Iterable[Called], file: str) -> dict[str, Storage]:
    """The storages of all tensors that a pickle makes, by key, each tensor checked."""
    found: dict[str, Storage] = {}
    for call in calls:
        if call.function in REBUILD:
            storage = described(call, file).storage
            found[storage.key] = storage
    return found


def to_array(tensor: torch.Tensor) -> Array:
    """A tensor as numpy has it: halves as float32, all else as it is."""
    plain = tensor.detach()
    if plain.dtype in (torch.float16, torch.bfloat16):
        plain = plain.float()
    array: Array = plain.cpu().numpy()
    return array


def read_tensor(tensor: Described, data: bytes) -> Array:
    """The numbers of a described tensor from the bytes of its storage."""
    flat = torch.frombuffer(bytearray(data), dtype=_DTYPES[tensor.storage.kind])
    return to_array(flat.as_strided(tensor.shape, tensor.strides, tensor.offset).clone())
