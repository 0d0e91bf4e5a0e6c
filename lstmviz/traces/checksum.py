"""CRC-32C (Castagnoli) after the bytes that it is of, little endian, as zarr's codec ``crc32c`` has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

LENGTH = 4
_RESIDUE = 0x48674BC7
"""The CRC-32C of any bytes together with their own CRC-32C."""


def is_sound(data: bytes) -> bool:
    """Whether bytes end in their own checksum."""
    import google_crc32c

    return len(data) >= LENGTH and int(google_crc32c.value(data)) == _RESIDUE


def write_checked(file: Path, array: npt.NDArray[np.generic]) -> None:
    """Write an array's bytes and their checksum. Raises OSError."""
    import google_crc32c

    data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    with file.open("wb") as stream:
        stream.write(data)
        stream.write(int(google_crc32c.value(data)).to_bytes(LENGTH, "little"))


def write_records(file: Path, array: npt.NDArray[np.generic]) -> None:
    """Write the bytes of each of an array's first places, each with its own checksum. Raises OSError."""
    import google_crc32c

    data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    length = len(data) // len(array)
    parts = []
    for at in range(0, len(data), length):
        record = data[at : at + length]
        parts += [record, int(google_crc32c.value(record)).to_bytes(LENGTH, "little")]
    file.write_bytes(b"".join(parts))
