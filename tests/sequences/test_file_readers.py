"""Arrays, texts, sounds and pictures; and the edge where every bad file becomes one sentence."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import npy_bytes, npz_bytes, png_bytes, wav_bytes

from lstmviz.errors import SequenceError
from lstmviz.sequences.readers import ENDINGS, FORMATS, load_sequence


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


# pictures


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
