"""Sounds and pictures are read as what they show, or refused with a reason."""

from __future__ import annotations

import struct
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
from made_files import png_bytes, wav_bytes

from lstmviz.errors import SequenceError
from lstmviz.sequences.readers import load_sequence


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(
    ("coding", "bits", "encode"),
    [
        (1, 8, lambda x: (np.round(x * 128) + 128).astype("u1").tobytes()),
        (1, 16, lambda x: np.round(x * 2**15).astype("<i2").tobytes()),
        (1, 24, lambda x: np.round(x * 2**23).astype("<i4").view("u1").reshape(-1, 4)[:, :3].tobytes()),
        (1, 32, lambda x: np.round(x * 2**31).astype("<i4").tobytes()),
        (3, 32, lambda x: x.astype("<f4").tobytes()),
        (3, 64, lambda x: x.astype("<f8").tobytes()),
    ],
)
def test_every_coding_gives_the_amplitudes(read, coding: int, bits: int, encode: object, extensible: bool) -> None:  # type: ignore[no-untyped-def]
    amplitudes = np.array([0, 0.5, -0.5, -1, 0.9921875])
    sequence = read("a.wav", wav_bytes(encode(amplitudes), coding, bits, extensible=extensible))  # type: ignore[operator]
    np.testing.assert_allclose(sequence.values[:, 0], amplitudes, atol=1e-7)
    assert sequence.kind == "audio"
    assert sequence.times.tolist() == [n / 8000 for n in range(5)]


def test_the_standard_librarys_writer_is_understood(read, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    samples = np.arange(-50, 50, dtype="<i2").reshape(50, 2)
    with wave.open(str(tmp_path / "w.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(100)
        file.writeframes(samples.tobytes())
    data = (tmp_path / "w.wav").read_bytes()
    np.testing.assert_allclose(read("a.wav", data).values[:, 0], samples.mean(axis=1) / 2**15)
    np.testing.assert_allclose(read("a.wav", data, channel=1).values[:, 0], samples[:, 1] / 2**15)
    hopped = read("a.wav", data, channel=0, hop=8)
    np.testing.assert_allclose(hopped.values[:, 0], samples[:48, 0].reshape(6, 8).mean(axis=1) / 2**15)
    np.testing.assert_allclose(hopped.times, np.arange(6) * 0.08)
    assert "mean of 8 samples a step" in hopped.source
    with pytest.raises(SequenceError, match=r"has 2 channels; channel=2 is not one of 0 to 1"):
        read("a.wav", data, channel=2)
    with pytest.raises(SequenceError, match=r"hop=51; expected 1 to 50"):
        read("a.wav", data, hop=51)


def test_sounds_that_cannot_be_read_say_why(read) -> None:  # type: ignore[no-untyped-def]
    good = wav_bytes(bytes(20), 1, 16)
    with pytest.raises(SequenceError, match=r"is cut: its data should have 20 bytes, and 15 are there"):
        read("a.wav", good[:-5])
    with pytest.raises(SequenceError, match=r"has coding 85, 16 bits.*16-bit PCM"):
        read("a.wav", wav_bytes(bytes(20), 85, 16))
    with pytest.raises(SequenceError, match=r"has no data"):
        read("a.wav", good[: good.index(b"data")])
    with pytest.raises(SequenceError, match=r"has no samples"):
        read("a.wav", wav_bytes(b"", 1, 16))
    with pytest.raises(SequenceError, match=r"step 1, “amplitude”: the value is nan"):
        read("a.wav", wav_bytes(np.array([0, np.nan], "<f4").tobytes(), 3, 32))
    piped = good.replace(struct.pack("<I", 20), b"\xff" * 4)
    assert len(read("a.wav", piped[:4] + b"\xff" * 4 + piped[8:])) == 10


@pytest.mark.real
def test_five_seconds_of_real_speech_are_eighty_thousand_steps(real: Path) -> None:
    sequence = load_sequence(real / "seq_inputs" / "speech_silero_5s_16k.wav")
    assert sequence.values.shape == (80000, 1)
    with wave.open(str(real / "seq_inputs" / "speech_silero_5s_16k.wav"), "rb") as file:
        expected = np.frombuffer(file.readframes(80000), "<i2") / 2**15
    np.testing.assert_array_equal(sequence.values[:, 0], expected.astype(np.float32))


def test_the_rows_of_a_picture_are_steps_between_black_and_white(read) -> None:  # type: ignore[no-untyped-def]
    pixels = np.array([[0, 51, 255], [102, 153, 204]], dtype=np.uint8)
    sequence = read("p.png", png_bytes(pixels))
    np.testing.assert_allclose(sequence.values, pixels / 255, atol=1e-7)
    assert (sequence.kind, sequence.names) == ("image", ("x0", "x1", "x2"))
    np.testing.assert_allclose(read("p.png", png_bytes(pixels), invert=True).values, 1 - pixels / 255, atol=1e-7)


def test_colours_transparency_one_bit_and_sixteen_bits_become_greys(read) -> None:  # type: ignore[no-untyped-def]
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)
    np.testing.assert_allclose(read("p.png", png_bytes(colours)).values[0], [0.299, 0.587, 0.114], atol=0.003)
    clear = np.zeros((1, 2, 4), dtype=np.uint8)
    clear[0, 1, 3] = 255
    assert read("p.png", png_bytes(clear)).values.tolist() == [[1, 0]]
    assert read("p.png", png_bytes(np.array([[True, False]]))).values.tolist() == [[1, 0]]
    deep = np.array([[0, 1, 65535]], dtype=np.uint16)
    np.testing.assert_allclose(read("p.png", png_bytes(deep)).values, deep / 65535, rtol=1e-6)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_a_picture_too_large_is_refused_before_it_is_unpacked(read) -> None:  # type: ignore[no-untyped-def]
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10**6, 10**6, 8, 0, 0, 0, 0))
    with pytest.raises(SequenceError, match=r"has 1000000 × 1000000 pixels; expected at most 8192"):
        read("p.png", head)
    good = png_bytes(np.zeros((4, 4), np.uint8))
    second = chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0))
    with pytest.raises(SequenceError, match=r"declares its size twice"):
        read("p.png", good[:33] + second + good[33:])


def test_a_sound_cut_in_its_format_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.wav"
    path.write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00")
    with pytest.raises(SequenceError, match=r"“t.wav” cannot be read as audio: its fmt chunk, .* is cut"):
        load_sequence(path)


def test_a_picture_that_is_none_or_is_cut_says_so(read) -> None:  # type: ignore[no-untyped-def]
    good = png_bytes(np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8))
    with pytest.raises(SequenceError, match=r"“p.png” is no PNG"):
        read("p.png", b"GIF89a" + good)
    with pytest.raises(SequenceError, match=r"“p.png” cannot be read as image"):
        read("p.png", good[: len(good) // 2])
