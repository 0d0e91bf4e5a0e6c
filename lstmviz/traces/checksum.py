"""CRC-32C (Castagnoli) after the bytes that it is of, little endian, as zarr's codec ``crc32c`` has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

LENGTH = 4
_RESIDUE = 0x48674BC7
"""The CRC-32C of any bytes together with their own CRC-32C."""


def is_sound(data: bytes | npt.NDArray[np.uint8]) -> bool:
    """Whether bytes end in their own checksum."""
    import google_crc32c

    return len(data) >= LENGTH and int(google_crc32c.value(data)) == _RESIDUE


def write_checked(file: Path, array: npt.NDArray[np.generic]) -> None:
    """Write an array's bytes and their checksum. Raises OSError."""
    import google_crc32c

    data = _bytes_of(array)
    with file.open("wb") as stream:
        stream.write(data.data)
        stream.write(int(google_crc32c.value(data)).to_bytes(LENGTH, "little"))


def write_records(file: Path, array: npt.NDArray[np.generic]) -> None:
    """Write the bytes of each of an array's first places, each with its own checksum. Raises OSError."""
    import google_crc32c

    data = _bytes_of(array).reshape(len(array), -1)
    records = np.empty((len(array), data.shape[1] + LENGTH), np.uint8)
    records[:, :-LENGTH] = data
    sums = np.array([google_crc32c.value(record) for record in data], "<u4")
    records[:, -LENGTH:] = sums[:, None].view(np.uint8)
    file.write_bytes(records.data)


def _bytes_of(array: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """An array's bytes in order, little endian, without a copy where they are so already."""
    ordered = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    found: npt.NDArray[np.uint8] = ordered.reshape(-1).view(np.uint8)
    return found
