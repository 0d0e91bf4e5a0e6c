"""An array on the wire."""

from __future__ import annotations

import msgspec


class ArrayData(msgspec.Struct, frozen=True, array_like=True):
    """An array: numpy dtype string, shape and its bytes in C order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes
