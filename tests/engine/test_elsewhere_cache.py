"""Files that a window brings: whole, checked, in their own folder, and nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lstmviz.engine import elsewhere_cache
from lstmviz.engine.elsewhere_cache import Uploads
from lstmviz.errors import EngineError
from lstmviz.wire.elsewhere_messages import FileSaid, HaveFiles, PutFile, bundle_of

A, B = b"first file", b""


def said(name: str, data: bytes) -> FileSaid:
    return FileSaid(name, len(data), hashlib.sha256(data).hexdigest())


FILES = (said("net.json", A), said("parts/net.bin", B))


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "cache", tmp_path / "lasting")


def put(uploads: Uploads, place: int, start: int, data: bytes, *, lasting: bool = False) -> None:
    uploads.put(PutFile(0, bundle_of(FILES), place, start, data, lasting))


def test_a_bundle_is_there_when_every_file_is_and_goes_on_where_it_was_cut(uploads: Uploads, tmp_path: Path) -> None:
    assert uploads.have(HaveFiles(0, FILES)).folder == ""
    put(uploads, 0, 0, A[:4])
    again = Uploads(tmp_path / "cache", tmp_path / "lasting")
    assert again.have(HaveFiles(0, FILES)).held == (4, 0)
    put(again, 0, 4, A[4:])
    put(again, 1, 0, B)
    folder = Path(again.have(HaveFiles(0, FILES)).folder)
    assert folder.parent == tmp_path / "cache"
    assert (folder / "net.json").read_bytes() == A
    assert (folder / "parts" / "net.bin").read_bytes() == B
    assert [one.name for one in folder.parent.iterdir()] == [folder.name]


def test_data_of_a_run_lies_apart(uploads: Uploads, tmp_path: Path) -> None:
    uploads.have(HaveFiles(0, FILES, lasting=True))
    assert uploads.have(HaveFiles(0, FILES)).folder == "", "one looks at the data that a run is being given"
    put(uploads, 0, 0, A, lasting=True)
    put(uploads, 1, 0, B, lasting=True)
    assert uploads.have(HaveFiles(0, FILES)).held == (0, 0)
    assert Path(uploads.have(HaveFiles(0, FILES, lasting=True)).folder).parent == tmp_path / "lasting"


def test_two_windows_bring_the_same_files_at_the_same_time(uploads: Uploads, tmp_path: Path) -> None:
    other = Uploads(tmp_path / "cache", tmp_path / "lasting")
    for one in (uploads, other):
        one.have(HaveFiles(0, FILES))
        put(one, 0, 0, A[:4])
    put(uploads, 0, 4, A[4:])
    put(uploads, 1, 0, B)
    folder = uploads.have(HaveFiles(0, FILES)).folder
    put(other, 0, 4, A[4:])
    put(other, 1, 0, B)
    assert other.have(HaveFiles(0, FILES)).folder == folder != ""
    assert [one.name for one in (tmp_path / "cache").iterdir()] == [Path(folder).name]


def test_a_file_that_is_not_what_was_said_is_refused_and_removed(uploads: Uploads, tmp_path: Path) -> None:
    uploads.have(HaveFiles(0, FILES))
    put(uploads, 0, 0, b"x" * len(A))
    put(uploads, 1, 0, B)
    with pytest.raises(EngineError, match="damaged on the way"):
        uploads.have(HaveFiles(0, FILES))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a\\x", "C:x", "a//x", "./x", "a\0"])
def test_names_that_lead_elsewhere_are_refused(uploads: Uploads, name: str) -> None:
    with pytest.raises(EngineError):
        uploads.have(HaveFiles(0, (said(name, A),)))


@pytest.mark.parametrize(
    ("bundle", "place", "start", "data"),
    [("0" * 32, 0, 0, A), ("", 2, 0, A), ("", -1, 0, A), ("", 0, -1, A), ("", 0, 1, A), ("", 0, 0, A + A)],
)
def test_bytes_that_were_not_announced_are_refused(
    uploads: Uploads, bundle: str, place: int, start: int, data: bytes
) -> None:
    uploads.have(HaveFiles(0, FILES))
    with pytest.raises(EngineError):
        uploads.put(PutFile(0, bundle or bundle_of(FILES), place, start, data))


def test_a_link_in_the_place_of_a_file_is_not_followed(uploads: Uploads, tmp_path: Path) -> None:
    uploads.have(HaveFiles(0, FILES))
    put(uploads, 0, 0, A[:1])
    (file,) = (tmp_path / "cache").rglob("net.json")
    (tmp_path / "mine").write_bytes(b"mine")
    file.unlink()
    file.symlink_to(tmp_path / "mine")
    with pytest.raises(Exception, match=r"net\.json"):
        put(uploads, 0, 0, A)
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_the_bundle_asked_for_longest_ago_is_given_up(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setattr(elsewhere_cache, "MOST_BYTES", 25)
    for number in range(3):
        files = (said("a", bytes([number]) * 10),)
        uploads.have(HaveFiles(0, files))
        uploads.put(PutFile(0, bundle_of(files), 0, 0, bytes([number]) * 10))
        os.utime(uploads.have(HaveFiles(0, files)).folder, (number, number))
    left = sorted(file.read_bytes()[0] for file in (tmp_path / "cache").rglob("a"))
    assert left == [1, 2]
