"""One hash for weights in memory and on disk: the SHA-256 of the safetensors file that holds them."""

from __future__ import annotations

import hashlib
import json
import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from torch import nn

Array = npt.NDArray[np.generic]
_KINDS = {"float64": "F64", "int64": "I64", "float32": "F32", "int32": "I32", "uint8": "U8", "bool": "BOOL"}


def to_bytes(module: nn.Module) -> bytes:
    """The parameters and buffers of a module as a safetensors file; equal weights and names give equal bytes."""
    return b"".join(_pieces(module))


def fingerprint(module: nn.Module) -> str:
    """The SHA-256 of names, shapes and bytes of all weights: what ``sha256sum`` says of the file they are saved in.

    Computed anew each time: a cache keyed on torch's version counters would miss edits made through ``.data``.
    """
    digest = hashlib.sha256()
    for piece in _pieces(module):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(module: nn.Module) -> list[bytes | memoryview]:
    """The header, then the weights as they lie in memory: the writers of the library would copy them twice."""
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in module.state_dict().items()}
    header, order = _header(tuple((name, array.dtype.name, array.shape) for name, array in arrays.items()))
    return [header, *(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data for name in order)]


@lru_cache(maxsize=64)
def _header(tensors: tuple[tuple[str, str, tuple[int, ...]], ...]) -> tuple[bytes, tuple[str, ...]]:
    """The header of a safetensors file and the order of its tensors: widest numbers first, then by name."""
    ordered = sorted(tensors, key=lambda each: (list(_KINDS).index(each[1]), each[0]))
    entries, start = {}, 0
    for name, kind, shape in ordered:
        end = start + np.dtype(kind).itemsize * math.prod(shape)
        entries[name] = {"dtype": _KINDS[kind], "shape": shape, "data_offsets": (start, end)}
        start = end
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, tuple(entries)
