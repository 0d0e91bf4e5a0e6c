"""The stepping as an animation, GIF or MP4, written frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from lstmviz.errors import ExportError
from lstmviz.traces.safe_write import replacing

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]
Draw = Callable[[int], QImage]


class Writer(Protocol):
    """Takes one frame after another, (height, width, 3) uint8, all of the same size, and then ends the file."""

    def add(self, pixels: Pixels) -> None:
        """Write a frame."""

    def close(self) -> None:
        """End the file, or give it up."""


def animate(
    draw: Draw, steps: Sequence[int], path: str | Path, *, frames_per_second: float = 10
) -> Iterator[tuple[int, int]]:
    """Write the frame of every step into ``.gif`` or ``.mp4``; each ``yield`` is (done, total) and a place to stop.

    Closing the iterator cancels: what stood at ``path`` is as it was. ``draw(t)`` gives images of one size. Raises
    ExportError for another ending, no steps, a missing library and a full disk.
    """
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise ExportError(
            "“{path}” ends in “{ending}”; expected one of: {endings}.",
            path=str(path),
            ending=ending,
            endings=" ".join(WRITERS),
        )
    if not len(steps):
        raise ExportError("An animation needs at least one step; choose some.")
    with replacing(path) as new:
        writer: Writer | None = None
        try:
            for done, t in enumerate(steps):
                yield done, len(steps)
                pixels = rgb(draw(t))
                if writer is None:
                    writer = WRITERS[ending](new, pixels, frames_per_second)
                writer.add(pixels)
        finally:
            if writer is not None:
                writer.close()
    yield len(steps), len(steps)


def rgb(image: QImage) -> Pixels:
    """An image's pixels, (height, width, 3) uint8."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()


class GifWriter:
    """A GIF that loops: each frame has its own 256 colours and holds only the rectangle that differs from the last."""

    def __init__(self, path: Path, first: Pixels, frames_per_second: float) -> None:
        self._file: BinaryIO = path.open("wb")
        self._milliseconds = max(20, round(1000 / frames_per_second))  # viewers slow anything faster down
        self._last: Pixels | None = None

    def add(self, pixels: Pixels) -> None:
        """Write what differs from the frame before; where nothing does, one pixel, to keep the time."""
        from PIL import GifImagePlugin

        top, bottom, left, right = _difference(self._last, pixels)
        image = _quantised(pixels[top:bottom, left:right])
        if self._last is None:
            self._file.write(_head(image))
        for piece in GifImagePlugin.getdata(
            image, (left, top), duration=self._milliseconds, disposal=1, include_color_table=True
        ):
            self._file.write(piece)
        self._last = pixels

    def close(self) -> None:
        """Write the trailer and close the file."""
        try:
            self._file.write(b";")
        finally:
            self._file.close()


class Mp4Writer:
    """An MP4 in H.264, or MPEG-4 where this build of FFmpeg has no H.264; an odd row or column is left out."""

    def __init__(self, path: Path, first: Pixels, frames_per_second: float) -> None:
        try:
            import av
        except ImportError as error:
            raise ExportError(
                "An MP4 needs the library av, which is not installed: pip install 'lstmviz[video]'. "
                "A GIF needs nothing more."
            ) from error
        from fractions import Fraction

        self._frame = av.VideoFrame
        self._container: Any = av.open(str(path), "w", format="mp4")
        rate = Fraction(frames_per_second).limit_denominator(1000)
        for codec, options in (("libx264", {"crf": "16", "preset": "veryfast"}), ("mpeg4", {"qscale": "2"})):
            if codec in av.codecs_available:
                self._stream = self._container.add_stream(codec, rate=rate, options=options)
                break
        self._height, self._width = first.shape[0] & ~1, first.shape[1] & ~1
        self._stream.width, self._stream.height, self._stream.pix_fmt = self._width, self._height, "yuv420p"

    def add(self, pixels: Pixels) -> None:
        """Encode a frame."""
        frame = self._frame.from_ndarray(np.ascontiguousarray(pixels[: self._height, : self._width]), format="rgb24")
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Encode what is still held back and end the file."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


WRITERS: dict[str, Callable[[Path, Pixels, float], Writer]] = {".gif": GifWriter, ".mp4": Mp4Writer}
"""What writes each kind of animation, by the file's ending."""


def _difference(last: Pixels | None, now: Pixels) -> tuple[int, int, int, int]:
    """The rectangle that differs: top, bottom, left, right."""
    if last is None:
        return 0, now.shape[0], 0, now.shape[1]
    differs = (last != now).any(axis=2)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _quantised(pixels: Pixels) -> Image:
    from PIL import Image

    # octree: within a dozen of 255 levels for what a screen shows, and ten times faster than median cut
    return Image.fromarray(np.ascontiguousarray(pixels)).quantize(
        256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )


def _head(image: Image) -> bytes:
    """The start of a GIF of the image's size that loops for ever."""
    width, height = image.size
    screen = b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x00\x00\x00"
    return screen + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
