"""Probe traces: what is kept is what was recorded, and a bad file is refused before memory is taken."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstmviz.errors import TraceError
from lstmviz.runs.folder import probe_file, probes
from lstmviz.runs.probes import MOST, _room, forget_after, keep_probe, read_probe, thin, write_probe
from lstmviz.traces.layout import arrays_of, words_of
from lstmviz.traces.trace import Trace

Make = Callable[..., Trace]


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], compression: int = zipfile.ZIP_STORED) -> Path:
    """The archive with other members."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def npy(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("readout", [True, False])
def test_a_probe_is_read_as_it_was_recorded(layers: int, readout: bool, make_trace: Make, tmp_path: Path) -> None:
    trace = make_trace(steps=9, units=4, layers=layers, readout=readout)
    write_probe(tmp_path / "a.npz", trace)
    again = read_probe(tmp_path / "a.npz")
    assert words_of(again) == words_of(trace)
    expected, found = list(arrays_of(trace)), list(arrays_of(again))
    assert [name for name, *_ in found] == [name for name, *_ in expected]
    for (_, _, one), (_, _, other) in zip(expected, found, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    with np.load(tmp_path / "a.npz") as archive:
        np.testing.assert_array_equal(archive["layer0/forward/f"], trace["f"])


def test_a_probe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="keeps no probe of this update"):
        read_probe(tmp_path / "a.npz")


def test_no_flipped_byte_gives_another_trace(make_trace: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_probe(path, make_trace(steps=4, units=3))
    whole, data = list(arrays_of(read_probe(path))), path.read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for place in rng.choice(len(data), 200, replace=False):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            found = list(arrays_of(read_probe(path)))
        except TraceError:
            refused += 1
            continue
        for (_, _, one), (_, _, other) in zip(whole, found, strict=True):  # a date, or how the archive was made
            np.testing.assert_array_equal(one, other)
    assert refused > 100


def promising(members: dict[str, bytes]) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 3)})
    members["layer0/forward/f.npy"] = stream.getvalue()


def pickled(members: dict[str, bytes]) -> None:
    members["layer0/forward/f.npy"] = npy(np.array([{}, None], dtype=object), allow_pickle=True)


def of_another_shape(members: dict[str, bytes]) -> None:
    members["layer0/forward/f.npy"] = npy(np.zeros((4, 7), np.float32))


def unknown(members: dict[str, bytes]) -> None:
    members["../../evil.npy"] = npy(np.zeros(3, np.float32))


def missing(members: dict[str, bytes]) -> None:
    del members["layer0/forward/c.npy"]


def wordless(members: dict[str, bytes]) -> None:
    del members["words.json"]


def lying(members: dict[str, bytes]) -> None:
    words = json.loads(members["words.json"])
    words["layers"][0]["units"] = 10**9
    members["words.json"] = json.dumps(words).encode()


def endless(members: dict[str, bytes]) -> None:
    members["words.json"] = b"[" * 200_000


@pytest.mark.parametrize(
    "change", [promising, pickled, of_another_shape, unknown, missing, wordless, lying, endless]
)  # fmt: skip
def test_a_bad_probe_is_one_sentence(
    change: Callable[[dict[str, bytes]], None], make_trace: Make, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    write_probe(path, make_trace(steps=4, units=3))
    with pytest.raises(TraceError, match=r"^The probe “.*” is damaged: .*Choose another update of the run\.$"):
        read_probe(rewritten(path, change))


def test_a_compressed_archive_is_refused_unread(make_trace: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_probe(path, make_trace(steps=4, units=3))
    with pytest.raises(TraceError, match="compressed"):
        read_probe(rewritten(path, lambda members: None, zipfile.ZIP_DEFLATED))


def test_thinning_drops_every_second_and_keeps_the_first_and_the_last(tmp_path: Path) -> None:
    (tmp_path / "probes").mkdir()
    for update in range(0, 1100, 10):
        probe_file(tmp_path, update).touch()
    kept = thin(tmp_path, 40)
    assert kept == probes(tmp_path)
    assert len(kept) <= 40
    assert (kept[0], kept[-1]) == (0, 1090)
    assert set(np.diff(kept[:-1])) == {40}
    assert thin(tmp_path, 40) == kept
    assert thin(tmp_path, 1) == (0, 1090)


def test_no_more_probes_are_kept_than_there_is_room_for(make_trace: Make, tmp_path: Path) -> None:
    trace = make_trace(steps=2, units=2)
    (tmp_path / "probes").mkdir()
    for update in range(MOST):
        probe_file(tmp_path, update).touch()
    kept = keep_probe(tmp_path, MOST, trace)
    assert len(kept) <= MOST
    assert (kept[0], kept[-1]) == (0, MOST)
    forget_after(tmp_path, 100)
    assert probes(tmp_path)[-1] <= 100


def test_a_few_probes_are_kept_however_large_they_are() -> None:
    assert (_room(1), _room(1 << 22), _room(1 << 33)) == (MOST, 256, 16)
