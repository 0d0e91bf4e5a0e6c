"""Files of arrays, sounds and pictures, as bytes."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image


def png_bytes(pixels: np.ndarray, **options: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", **options)
    return data.getvalue()


def wav_bytes(
    payload: bytes, coding: int, bits: int, channels: int = 1, rate: int = 8000, extensible: bool = False
) -> bytes:
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else coding, channels, rate, rate * align, align, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, coding) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
    note = b"LIST" + struct.pack("<I", 3) + b"odd\x00"
    body = (
        b"WAVEfmt " + struct.pack("<I", len(form)) + form + note + b"data" + struct.pack("<I", len(payload)) + payload
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def npy_bytes(array: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


def npz_bytes(**arrays: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()
