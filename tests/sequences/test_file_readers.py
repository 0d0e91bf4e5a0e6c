"""Arrays, texts, sounds and pictures; and the edge where every bad file becomes one sentence."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lstmviz.errors import SequenceError
from lstmviz.sequences.readers import ENDINGS, FORMATS, load_sequence
from lstmviz.sequences.sequence import Sequence


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


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    """read(name, data, **options) reads the data as a file."""

    def one(name: str, data: bytes, **options: object) -> Sequence:
        path = tmp_path / name
        path.write_bytes(data)
        return load_sequence(path, **options)  # type: ignore[arg-type]

    return one


def test_every_ending_has_a_reader_and_every_reader_its_options() -> None:
    assert {".csv", ".tsv", ".npy", ".npz", ".txt", ".wav", ".png"} <= set(ENDINGS)
    for format in FORMATS.values():
        assert callable(format.read)
        assert format.options


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_a_missing_an_empty_and_an_unreadable_file_and_a_folder_each_get_a_sentence(
    tmp_path: Path, ending: str
) -> None:
    with pytest.raises(SequenceError, match=r"There is no file “.*nix"):
        load_sequence(tmp_path / f"nix{ending}")
    (tmp_path / f"empty{ending}").touch()
    with pytest.raises(SequenceError, match=r"empty.* is empty"):
        load_sequence(tmp_path / f"empty{ending}")
    (tmp_path / f"folder{ending}").mkdir()
    with pytest.raises(SequenceError, match=r"folder.* is a folder"):
        load_sequence(tmp_path / f"folder{ending}")
    (tmp_path / f"noise{ending}").write_bytes(bytes(range(128, 256)) * 3)
    with pytest.raises(SequenceError, match=f"noise{ending}"):
        load_sequence(tmp_path / f"noise{ending}")


def test_a_file_without_permission_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("1,2\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # root reads everything, so the refusal has to be played
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SequenceError, match=r"secret.csv” may not be read: permission denied"):
        load_sequence(path)


def test_a_device_an_unknown_ending_format_and_option_each_get_a_sentence(read, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"is a device or a pipe"):
        load_sequence("/dev/null")
    with pytest.raises(SequenceError, match=r"“a.xyz” has an ending that is not known, “.xyz”; expected one of .csv"):
        read("a.xyz", b"1,2\n")
    with pytest.raises(SequenceError, match=r"no format “magic”"):
        read("a.csv", b"1,2\n", format="magic")
    with pytest.raises(SequenceError, match=r"is read as table, which has no option “hop”; its options are columns"):
        read("a.csv", b"1,2\n", hop=3)
    assert read("a.xyz", b"1,2\n", format="table").features == 2
    with pytest.raises(SequenceError, match=r"cannot be opened|There is no file"):
        load_sequence("nul\0byte.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.npy", "a.txt", "a.wav", "a.png"])
def test_a_file_far_too_large_is_refused_before_it_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(1 << 31)
    with pytest.raises(SequenceError, match=rf"“{name}” has 2147483648 bytes; expected at most \d+ for a"):
        load_sequence(path)


def test_a_text_of_columns_of_numbers_is_read_as_a_table(read) -> None:  # type: ignore[no-untyped-def]
    assert read("t.txt", b"1 2\n3 4\n5 6\n").kind == "series"
    assert read("t.txt", b"1 2\n3 4\n5 6\n", format="text").kind == "text"
    assert read("t.txt", b"In 1984 we\nread 2 books\n").kind == "text"


# arrays


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", "i2", "u1", "?", "f2"])
def test_arrays_of_numbers_are_read(read, dtype: str) -> None:  # type: ignore[no-untyped-def]
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    for data, name in ((npy_bytes(array), "a.npy"), (npz_bytes(whatever=array), "a.npz")):
        sequence = read(name, data)
        np.testing.assert_array_equal(sequence.values, array.astype(np.float32))
        assert sequence.names == ("x0", "x1", "x2")
    assert read("a.npy", npy_bytes(array), transpose=True).values.shape == (3, 2)
    assert read("a.npy", npy_bytes(array[0])).values.shape == (3, 1)
    assert read("a.npy", npy_bytes(np.asfortranarray(array))).values.tolist() == array.astype(np.float32).tolist()


def test_an_npz_gives_what_stands_beside_its_values(read) -> None:  # type: ignore[no-untyped-def]
    values = np.array([[1.0], [np.nan], [3.0]])
    parts = {"names": np.array(["v"]), "labels": np.array(["a", "b", "c"]), "times": np.array([1.0, 2.0, 3.0])}
    sequence = read("a.npz", npz_bytes(values=values, **parts, targets=values, more=values), missing="drop")
    assert sequence.values[:, 0].tolist() == [1, 3]
    assert (sequence.names, sequence.labels) == (("v",), ("a", "c"))
    assert sequence.times.tolist() == [1, 3]
    assert sequence.source == "a.npz (1 missing: drop)"
    with pytest.raises(SequenceError, match=r"holds the arrays a, b; choose one with array="):
        read("b.npz", npz_bytes(a=values, b=values))
    assert read("b.npz", npz_bytes(a=values, b=values + 1), array="b", missing=0).values[:, 0].tolist() == [2, 0, 4]
    with pytest.raises(SequenceError, match=r"“times” has shape \(2,\); expected 3"):
        read("b.npz", npz_bytes(values=values, times=np.arange(2)), missing=0)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((2, 3, 4)), r"has shape \(2, 3, 4\); .*index=0"),
        (np.zeros(()), r"has shape \(\)"),
        (np.zeros((0, 3)), r"has shape \(0, 3\)"),
        (np.zeros(3, complex), r"holds complex128; expected numbers"),
        (np.array(["a"]), r"holds <U1; expected numbers"),
        (np.array([1, None], object), r"holds object; expected numbers"),
        (np.zeros(3, "f4,i4"), r"expected numbers"),
        (np.array([[1, 2], [3, np.inf]]), r"step 1, “x1”: the value is inf, one of 1"),
        (np.array([1, np.nan]), r"step 1, “x0”: the value is nan"),
        (np.array([1e300]), r"beyond the range of float32"),
    ],
)
def test_what_is_no_sequence_is_refused_by_what_it_is(read, array: np.ndarray, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=rf"“a.npy”.*{sentence}"):
        read("a.npy", npy_bytes(array))


def test_a_signalling_nan_is_refused_like_any_other(read) -> None:  # type: ignore[no-untyped-def]
    signalling = np.array([0x3F800000, 0x7F800001], "<u4")
    with pytest.raises(SequenceError, match=r"step 1, “x0”: the value is nan"):
        read("a.npy", npy_bytes(signalling.view("<f4")))
    with pytest.raises(SequenceError, match=r"step 1, “amplitude”: the value is nan"):
        read("a.wav", wav_bytes(signalling.tobytes(), 3, 32))


def test_one_of_a_batch_is_taken_by_its_index(read) -> None:  # type: ignore[no-untyped-def]
    batch = np.arange(24.0).reshape(2, 3, 4)
    assert read("a.npy", npy_bytes(batch), index=1).values.tolist() == batch[1].tolist()
    with pytest.raises(SequenceError, match=r"holds 2 sequences; index=2 is not one of 0 to 1"):
        read("a.npy", npy_bytes(batch), index=2)


def test_an_array_that_declares_more_than_there_is_takes_no_memory(read) -> None:  # type: ignore[no-untyped-def]
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with pytest.raises(
        SequenceError, match=r"declares shape \(1000000000000,\) of float64, 8000000000000 bytes, and 8"
    ):
        read("a.npy", header.getvalue() + b"8 bytes.")


def test_a_bomb_in_an_npz_is_refused(read) -> None:  # type: ignore[no-untyped-def]
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(257):
            member.write(bytes(1 << 20))
    with pytest.raises(SequenceError, match=r"“a.npy” would unpack to 269484032 bytes, \d+ times the file; refused"):
        read("a.npz", data.getvalue())


def test_a_changed_byte_in_an_npz_is_found_by_its_checksum(read) -> None:  # type: ignore[no-untyped-def]
    data = io.BytesIO()
    np.savez(data, values=np.arange(64.0))
    changed = bytearray(data.getvalue())
    changed[changed.index(np.arange(64.0).tobytes()) + 100] ^= 1
    with pytest.raises(SequenceError, match=r"Bad CRC-32"):
        read("a.npz", bytes(changed))


# text


def test_characters_are_places_in_the_vocabulary_in_order_of_appearance(read) -> None:  # type: ignore[no-untyped-def]
    sequence = read("t.txt", "\ufeffnão\r\nnó".encode())
    assert sequence.vocabulary == ("n", "ã", "o", "\n", "ó")
    assert sequence.values[:, 0].tolist() == [0, 1, 2, 3, 0, 4]
    assert sequence.targets[:-1, 0].tolist() == [1, 2, 3, 0, 4]
    assert np.isnan(sequence.targets[-1, 0])
    assert (sequence.kind, sequence.names, sequence.target_names) == ("text", ("symbol",), ("next",))


def test_words_marks_and_newlines_are_symbols(read) -> None:  # type: ignore[no-untyped-def]
    sequence = read("t.txt", "Title\n“It’s d'água,” she-who said.".encode(), level="words", skip=1)
    assert sequence.vocabulary == ("“", "It’s", "d'água", ",", "”", "she-who", "said", ".")


def test_a_vocabulary_that_is_given_is_kept_and_what_it_lacks_is_named(read) -> None:  # type: ignore[no-untyped-def]
    assert read("t.txt", b"ba", vocabulary="abc").values[:, 0].tolist() == [1, 0]
    with pytest.raises(SequenceError, match=r"“t.txt” line 2, step 3: 'x' is not in the vocabulary of 4 symbols"):
        read("t.txt", b"ba\nxa", vocabulary="abc\n")
    with pytest.raises(SequenceError, match=r"has the symbol 'a' twice"):
        read("t.txt", b"ba", vocabulary="aba")


def test_lines_left_out_are_counted_and_end_at_newlines_alone(read) -> None:  # type: ignore[no-untyped-def]
    assert read("t.txt", "a\u2028b\nc\u2028d\n".encode(), skip=1).vocabulary == ("c", "\u2028", "d", "\n")
    with pytest.raises(SequenceError, match=r"“t.txt” line 3, step 1: 'x'"):
        read("t.txt", b"top\ntop\nax", vocabulary="a", skip=2)
    with pytest.raises(SequenceError, match=r"skip=-1; expected a number of lines"):
        read("t.txt", b"ab\ncd", skip=-1)


def test_bytes_that_are_no_utf_8_are_named_by_line_and_place(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SequenceError, match=r"“t.txt” line 2: the byte 0xff at 3 is not UTF-8"):
        read("t.txt", b"ab\n\xff")
    with pytest.raises(SequenceError, match=r"level=letters is not known"):
        read("t.txt", b"ab", level="letters")
    with pytest.raises(SequenceError, match=r"no words to read"):
        read("t.txt", b"  ", level="words")


@pytest.mark.real
def test_a_file_of_titles_is_read_as_text(real: Path) -> None:
    sequence = load_sequence(real / "seq_inputs" / "hacker_news_2000.txt", skip=1)
    text = "".join(sequence.symbol(t) for t in range(60))
    assert text.startswith("A Message to Our Customers\nSteve Jobs has passed away.\n")
    assert "\r" not in sequence.vocabulary


# sound


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


# pictures


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


# every reader against files that were cut or changed

_RNG = np.random.default_rng(0)
WHOLE = {
    "a.csv": b"time,a,b,label\n2024-01-01,1.5,2,up\n2024-01-02,2.5,,down\n# x\n" + b"2024-01-03,1e3,-2,up\n" * 5,
    "b.tsv": "v\tw\n1,5\t2\n2,5\t3\n".encode("utf-16"),
    "a.npy": npy_bytes(_RNG.normal(size=(5, 3))),
    "a.npz": npz_bytes(values=_RNG.normal(size=(5, 3)), names=np.array(["a", "b", "c"]), times=np.arange(5)),
    "a.txt": "água (“dura”) [em]\n".encode() * 3,
    "a.wav": wav_bytes(_RNG.integers(0, 255, 120, dtype=np.uint8).tobytes(), 1, 24, extensible=True),
    "f.wav": wav_bytes(_RNG.normal(size=30).astype("<f4").tobytes(), 3, 32),
    "a.png": png_bytes(_RNG.integers(0, 255, (9, 9, 4), dtype=np.uint8)),
    "p.png": png_bytes(_RNG.integers(0, 255, (9, 9), dtype=np.uint8)),
}


@pytest.mark.parametrize("name", WHOLE)
@given(data=st.data())
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_was_cut_or_changed_gives_a_sentence_or_a_sequence(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    changed = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(1, len(changed) - 1)) :]
    path = tmp_path / name
    path.write_bytes(changed)
    sequence, sentence = None, ""
    try:
        sequence = load_sequence(path)
    except SequenceError as error:
        sentence = str(error)
    if sequence is None:
        assert name in sentence
    else:
        assert sequence.values.size
        assert np.isfinite(sequence.values).all()
