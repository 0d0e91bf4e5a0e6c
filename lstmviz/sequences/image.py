"""A picture as a sequence: PNG, a row a step."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np

from lstmviz.errors import SequenceError
from lstmviz.sequences.sequence import Floats, Sequence

LARGEST_SIDE = 8192
LARGEST_PIXELS = 1 << 24
"""Sizes above these are refused before a pixel is unpacked."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WHITE = (255, 255, 255, 255)


def read(path: Path, *, invert: bool = False) -> Sequence:
    """Read a PNG; values (rows, columns) are greys, 0 black to 1 white, what is transparent laid on white.

    invert: 1 for black, as nets trained on drawings expect. Colours become greys by ITU-R BT.601, 16-bit greys keep
    their steps. Raises SequenceError for other formats, a file that is cut and a size above LARGEST_PIXELS.
    """
    greys = _greys(path, _checked_size(path))
    values = 1 - greys if invert else greys
    return Sequence(
        values,
        names=tuple(f"x{n}" for n in range(values.shape[1])),
        kind="image",
        name=path.stem,
        source=f"{path.name} (inverted)" if invert else path.name,
    )


def _checked_size(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        head = file.read(24)
    if head[:8] != _SIGNATURE or head[12:16] != b"IHDR" or len(head) < 24:
        raise SequenceError("“{file}” is no PNG: it does not begin as one.", file=path.name)
    width, height = struct.unpack(">II", head[16:24])
    if max(width, height) > LARGEST_SIDE or width * height > LARGEST_PIXELS:
        raise SequenceError(
            "“{file}” has {width} × {height} pixels; expected at most {side} a side and {pixels} in all. Make it "
            "smaller.",
            file=path.name,
            width=width,
            height=height,
            side=LARGEST_SIDE,
            pixels=LARGEST_PIXELS,
        )
    return width, height


def _greys(path: Path, size: tuple[int, int]) -> Floats:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=("PNG",))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _two_sizes(path) from error
    with picture:
        if picture.size != size:
            raise _two_sizes(path)
        picture.load()
        if picture.mode.startswith("I"):
            return (np.asarray(picture).astype(np.float64) / 65535).astype(np.float32)
        if "A" in picture.mode or "transparency" in picture.info:
            opaque = Image.new("RGBA", picture.size, _WHITE)
            opaque.alpha_composite(picture.convert("RGBA"))
            return np.asarray(opaque.convert("L")).astype(np.float32) / np.float32(255)
        return np.asarray(picture.convert("L")).astype(np.float32) / np.float32(255)


def _two_sizes(path: Path) -> SequenceError:
    return SequenceError("“{file}” declares its size twice, and not the same; expected one header.", file=path.name)
