"""Sound as a sequence: WAV files of whole or floating point samples.

The standard library's ``wave`` reads neither floating point nor, before Python 3.12, the extensible form that 24-bit
files have; the format is small enough to read here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.language import tr
from lstmviz.sequences.missing import Missing, settle, way_of
from lstmviz.sequences.sequence import Sequence

Samples = npt.NDArray[np.float64]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZES = ((0, 0), (0xFFFFFFFF, 0xFFFFFFFF))
"""What a program that wrote to a pipe leaves as the sizes of the file and of its data."""


@dataclass(frozen=True)
class Form:
    """The ``fmt`` chunk: coding (1 whole numbers, 3 floating point), channels, samples a second, bits a sample."""

    coding: int
    channels: int
    rate: int
    bits: int


def read(path: Path, *, channel: int | None = None, hop: int = 1, missing: Missing = None) -> Sequence:
    """Read a WAV file; values (T, 1) are amplitudes, −1 to 1 for whole numbers, times the seconds since the start.

    channel: which one, from 0; None takes the mean of all. hop: every step is the mean of so many samples, and the
    last ones that do not fill a step are left out; the source line says so. missing: see ``missing.settle``.
    Raises SequenceError for compressed codings, a file that is cut, a channel that is not there.
    """
    way_of(missing, path)
    form, data = _chunks(path)
    _check_form(form, path)
    frame_bytes = form.channels * form.bits // 8
    frames = len(data) // frame_bytes
    if not isinstance(hop, int) or not 1 <= hop <= max(frames, 1):
        raise SequenceError(
            "“{file}”: hop={hop}; expected 1 to {frames}, the samples of the file.",
            file=path.name,
            hop=hop,
            frames=frames,
        )
    if not frames:
        raise SequenceError("“{file}” has no samples; expected at least one.", file=path.name)
    samples = _decode(data[: frames * frame_bytes], form).reshape(frames, form.channels)
    mono = _one_channel(samples, channel, path)
    steps = frames // hop
    values = mono[: steps * hop].reshape(steps, hop).mean(axis=1)
    settled, kept, note = settle(values[:, None], ("amplitude",), missing, path)
    notes = [path.name, f"{form.rate} Hz", f"mean of {hop} samples a step" if hop > 1 else "", note]
    return Sequence(
        settled,
        names=("amplitude",),
        kind="audio",
        name=path.stem,
        times=(np.arange(steps) * (hop / form.rate))[kept],
        source=", ".join(filter(None, notes)),
    )


def _chunks(path: Path) -> tuple[Form, bytes]:
    """The ``fmt`` and ``data`` chunks of a RIFF file, every size held against the bytes there are."""
    content = path.read_bytes()
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise SequenceError("“{file}” is no WAV file: it does not begin with RIFF … WAVE.", file=path.name)
    place, form = 12, None
    while place + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        place += 8
        held = len(content) - place
        if name == b"data" and form is not None:
            if (struct.unpack_from("<I", content, 4)[0], size) in _UNKNOWN_SIZES:
                size = held
            if size > held:
                raise SequenceError(
                    "“{file}” is cut: its data should have {size} bytes, and {held} are there.",
                    file=path.name,
                    size=size,
                    held=held,
                )
            return form, content[place : place + size]
        if name == b"fmt ":
            form = _form(content[place : place + size])
        place += size + size % 2
    raise SequenceError(
        "“{file}” has no {chunk}; expected a WAV file with a fmt and then a data chunk.",
        file=path.name,
        chunk="fmt" if form is None else "data",
    )


def _form(chunk: bytes) -> Form:
    if len(chunk) < 16 or (chunk[:2] == _EXTENSIBLE.to_bytes(2, "little") and len(chunk) < 26):
        raise ValueError(tr("its fmt chunk, which says how the samples are written, is cut"))
    coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if coding == _EXTENSIBLE:
        (coding,) = struct.unpack_from("<H", chunk, 24)
    return Form(coding, channels, rate, bits)


def _check_form(form: Form, path: Path) -> None:
    known = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
    if form.bits not in known.get(form.coding, ()) or not form.channels or not form.rate:
        raise SequenceError(
            "“{file}” has coding {coding}, {bits} bits, {channels} channels, {rate} Hz; expected whole numbers (coding "
            "1) of 8, 16, 24 or 32 bits or floating point (coding 3) of 32 or 64. Convert it to WAV, 16-bit PCM.",
            file=path.name,
            coding=form.coding,
            bits=form.bits,
            channels=form.channels,
            rate=form.rate,
        )


def _decode(data: bytes, form: Form) -> Samples:
    if form.coding == _FLOAT:
        # a signalling NaN warns here; it is refused by its place with the others
        with np.errstate(invalid="ignore"):
            return np.frombuffer(data, dtype=f"<f{form.bits // 8}").astype(np.float64)
    if form.bits == 8:
        return (np.frombuffer(data, dtype=np.uint8).astype(np.float64) - 128) / 128
    if form.bits == 24:
        # three bytes become the high ones of four, so that the sign is in its place
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0] / 2.0**31
    return np.frombuffer(data, dtype=f"<i{form.bits // 8}") / 2.0 ** (form.bits - 1)


def _one_channel(samples: Samples, channel: int | None, path: Path) -> Samples:
    if channel is None:
        mean: Samples = samples.mean(axis=1)
        return mean
    if not isinstance(channel, int) or not 0 <= channel < samples.shape[1]:
        raise SequenceError(
            "“{file}” has {count} channels; channel={channel} is not one of 0 to {last}. Leave it out for the mean.",
            file=path.name,
            count=samples.shape[1],
            channel=channel,
            last=samples.shape[1] - 1,
        )
    return samples[:, channel]
